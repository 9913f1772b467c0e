#include "ui/shell/status_line.h"

#include <QPainter>

#include "ui/widgets/cell_delegate.h"
#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

/// "Feed alpaca": feed and broker may have the same name.
QString named(const QString& kind, const std::string& name, const char* prefix)
{
    QString shown = format::plain(name, 24);
    if (shown.startsWith(QLatin1String(prefix))) shown.remove(0, int(qstrlen(prefix)));
    return kind + QLatin1Char(' ') + shown;
}

} // namespace

StatusLine::StatusLine(Desk& desk, const Theme& theme, QWidget* parent)
    : QWidget(parent), m_desk(desk), m_theme(theme)
{
    setFixedHeight(metric::kStatusBar);
    setObjectName(QStringLiteral("statusLine"));
    connect(&desk, &Desk::heartbeat, this, &StatusLine::refresh);
    connect(&desk.status(), &StatusStore::statusChanged, this, &StatusLine::refresh);
    connect(&desk.status(), &StatusStore::linkChanged, this, &StatusLine::refresh);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
    refresh();
}

QString StatusLine::text() const
{
    QStringList words;
    for (const auto* side : {&m_left, &m_right}) {
        for (const Segment& segment : *side) words.append(segment.name + QLatin1Char(' ') + segment.value);
    }
    return words.join(QStringLiteral(" | "));
}

StatusLine::Segment StatusLine::linkSegment() const
{
    const client::LinkFacts& link = m_desk.status().link();
    Segment segment;
    segment.name = tr("Backend");
    switch (link.state) {
    case client::LinkState::Online:
        segment.value = link.roundTripMs > 0
                            ? tr("connected %1 ms").arg(link.roundTripMs, 0, 'f', 1)
                            : tr("connected");
        if (link.reconnects > 0) segment.value += tr("  ·  reconnects %1").arg(link.reconnects);
        if (link.resynchronisations > 0) {
            segment.value += tr("  ·  resyncs %1").arg(link.resynchronisations);
        }
        break;
    case client::LinkState::Connecting:
        segment.value = tr("CONNECTING");
        segment.tone = Tone::Warn;
        break;
    case client::LinkState::Synchronising:
        segment.value = tr("SYNCHRONISING");
        segment.tone = Tone::Warn;
        break;
    case client::LinkState::Offline: {
        const Duration left = link.nextAttempt - m_desk.clock().now();
        segment.value = link.nextAttempt.isSet() && left > Duration{}
                            ? tr("OFFLINE  retry in %1").arg(format::age(left))
                            : tr("OFFLINE");
        segment.tone = Tone::Crit;
        break;
    }
    }
    return segment;
}

std::vector<StatusLine::Segment> StatusLine::leftSegments() const
{
    std::vector<Segment> segments{linkSegment()};
    const StatusStore& status = m_desk.status();
    for (const client::FeedFacts& feed : status.report().feeds) {
        Segment segment;
        segment.name = named(tr("Feed"), feed.name, "feed.");
        const Duration age = status.ageOf(feed);
        if (!feed.connected) {
            segment.value = tr("DOWN");
            segment.tone = Tone::Crit;
        } else if (feed.freshness == Freshness::Stale || !status.isOnline()) {
            segment.value = tr("STALE %1").arg(format::age(age));
            segment.tone = Tone::Warn;
        } else {
            segment.value = format::age(age);
            if (feed.freshness == Freshness::Slow) segment.tone = Tone::Warn;
            if (feed.freshness == Freshness::Closed) segment.tone = Tone::Muted;
        }
        segments.push_back(std::move(segment));
    }
    for (const client::BrokerFacts& broker : status.report().brokers) {
        Segment segment;
        segment.name = named(tr("Broker"), broker.name, "broker.");
        if (broker.breaker == "open") {
            segment.value = tr("BREAKER OPEN");
            segment.tone = Tone::Crit;
        } else if (broker.breaker == "half_open") {
            segment.value = tr("BREAKER TRYING");
            segment.tone = Tone::Warn;
        } else if (!broker.connected) {
            segment.value = tr("NOT CONNECTED");
            segment.tone = Tone::Warn;
        } else {
            segment.value =
                broker.latencyMs < 1 ? tr("connected") : tr("connected %1 ms").arg(broker.latencyMs, 0, 'f', 0);
        }
        if (!broker.reason.empty() && segment.tone != Tone::Up) {
            segment.value += QStringLiteral("  ") + format::plain(broker.reason, 48);
        }
        segments.push_back(std::move(segment));
    }
    if (m_desk.trading().trading().reconciling) {
        segments.push_back({tr("Reconciling"), tr("with the broker"), Tone::Warn});
    }
    return segments;
}

std::vector<StatusLine::Segment> StatusLine::rightSegments() const
{
    std::vector<Segment> segments;
    const client::StatusReport& report = m_desk.status().report();
    segments.push_back({tr("Queue"), QString::number(report.queuedDb + report.queuedCore),
                        Tone::Muted});
    segments.push_back({tr("ET"), format::clock(m_desk.clock().now(), false), Tone::Muted});
    return segments;
}

void StatusLine::refresh()
{
    m_left = leftSegments();
    m_right = rightSegments();
    setAccessibleName(text());
    update();
}

void StatusLine::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Palette& colors = m_theme.colors();
    painter.fillRect(rect(), colors.bg1);
    painter.fillRect(QRect(0, 0, width(), 1), colors.line);
    const QFont& nameFont = m_theme.font(TypeSize::Small);
    const QFont& valueFont = m_theme.font(TypeSize::Small, TypeWeight::SemiBold);
    const QFontMetrics nameMetrics(nameFont), valueMetrics(valueFont);
    int rightEdge = width() - 10;
    for (auto segment = m_right.rbegin(); segment != m_right.rend(); ++segment) {
        const int value = valueMetrics.horizontalAdvance(segment->value);
        const int name = nameMetrics.horizontalAdvance(segment->name);
        painter.setFont(valueFont);
        painter.setPen(colors.text);
        painter.drawText(QRect(rightEdge - value, 0, value + 2, height()), Qt::AlignVCenter,
                         segment->value);
        painter.setFont(nameFont);
        painter.setPen(colors.text2);
        painter.drawText(QRect(rightEdge - value - 6 - name, 0, name + 2, height()), Qt::AlignVCenter,
                         segment->name);
        rightEdge -= value + name + 24;
    }
    int x = 10;
    for (const Segment& segment : m_left) {
        const bool trouble = segment.tone == Tone::Warn || segment.tone == Tone::Crit;
        const QColor tone = colorOf(segment.tone, colors);
        const int name = nameMetrics.horizontalAdvance(segment.name);
        const int value = valueMetrics.horizontalAdvance(segment.value);
        const int total = 16 + name + 6 + value;
        if (x + total > rightEdge) break;
        if (trouble) {
            painter.fillRect(QRect(x - 5, 3, total + 10, height() - 6),
                             segment.tone == Tone::Crit ? colors.critBack : colors.warnBack);
        }
        painter.setRenderHint(QPainter::Antialiasing, true);
        painter.setPen(Qt::NoPen);
        painter.setBrush(tone);
        const QPointF dot(x + 5, height() / 2.0);
        if (trouble) {
            painter.drawPolygon(QPolygonF({dot + QPointF(-4, 4), dot + QPointF(4, 4), dot + QPointF(0, -4)}));
        } else {
            painter.drawEllipse(dot, 2.6, 2.6);
        }
        painter.setRenderHint(QPainter::Antialiasing, false);
        painter.setFont(nameFont);
        painter.setPen(trouble ? tone : colors.text2);
        painter.drawText(QRect(x + 16, 0, name + 2, height()), Qt::AlignVCenter, segment.name);
        painter.setFont(valueFont);
        painter.setPen(trouble ? tone : colors.text);
        painter.drawText(QRect(x + 22 + name, 0, value + 2, height()), Qt::AlignVCenter, segment.value);
        x += total + 18;
    }
}

} // namespace qd::ui
