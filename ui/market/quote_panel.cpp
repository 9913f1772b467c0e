#include "ui/market/quote_panel.h"

#include <algorithm>

#include <QGridLayout>
#include <QPainter>

#include "ui/widgets/format.h"

namespace qd::ui {

QuoteSide::QuoteSide(const Theme& theme, Side side, QWidget* parent)
    : QAbstractButton(parent), m_theme(theme), m_side(side)
{
    const bool bid = side == Side::Buy;
    setObjectName(bid ? QStringLiteral("quoteBid") : QStringLiteral("quoteAsk"));
    setAccessibleName(bid ? tr("Bid price into the ticket") : tr("Ask price into the ticket"));
    setFocusPolicy(Qt::StrongFocus);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void QuoteSide::show(const QString& price, const QString& size, double share, bool stale)
{
    if (price == m_price && size == m_size && share == m_share && stale == m_stale) return;
    m_price = price;
    m_size = size;
    m_share = share;
    m_stale = stale;
    setAccessibleDescription(price + QStringLiteral(" × ") + size);
    update();
}

void QuoteSide::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Palette& colors = m_theme.colors();
    const bool bid = m_side == Side::Buy;
    const QColor tone = m_stale ? colors.text3 : bid ? colors.up : colors.down;
    painter.fillRect(rect(), underMouse() ? colors.bg3 : colors.bg2);
    const int barWidth = int(width() * std::clamp(m_share, 0.0, 1.0));
    const QRect bar(bid ? width() - barWidth : 0, height() - 4, barWidth, 4);
    painter.fillRect(bar, blend(colors.bg2, tone, 0.55));
    const int align = int((bid ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    const QRect inner = rect().adjusted(10, 0, -10, 0);
    painter.setFont(m_theme.font(TypeSize::Small, TypeWeight::Medium));
    painter.setPen(colors.text2);
    painter.drawText(QRect(inner.left(), 4, inner.width(), 16), align,
                     (bid ? tr("BID") : tr("ASK")) + QStringLiteral("  × ") + m_size);
    painter.setFont(m_theme.font(TypeSize::Title, TypeWeight::SemiBold));
    painter.setPen(tone);
    painter.drawText(QRect(inner.left(), 22, inner.width(), 24), align, m_price);
    if (m_stale) paintStaleHatch(painter, rect(), colors, 0.08);
    if (hasFocus()) {
        painter.setPen(colors.accent);
        painter.drawRect(rect().adjusted(0, 0, -1, -1));
    }
}

DayRange::DayRange(const Theme& theme, QWidget* parent) : QWidget(parent), m_theme(theme)
{
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void DayRange::show(const QString& low, const QString& high, double position, double open)
{
    m_low = low;
    m_high = high;
    m_position = position;
    m_open = open;
    setAccessibleName(tr("Day range %1 to %2").arg(low, high));
    update();
}

void DayRange::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Palette& colors = m_theme.colors();
    painter.setFont(m_theme.font(TypeSize::Small));
    painter.setPen(colors.text2);
    const QRect line(0, 0, width(), 16);
    painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter, tr("Low %1").arg(m_low));
    painter.drawText(line, Qt::AlignRight | Qt::AlignVCenter, tr("High %1").arg(m_high));
    const QRect track(0, 21, width(), 4);
    painter.fillRect(track, colors.bg4);
    if (m_position < 0) return;
    const auto at = [&](double share) { return int((width() - 1) * std::clamp(share, 0.0, 1.0)); };
    const int from = std::min(at(m_open), at(m_position));
    const int to = std::max(at(m_open), at(m_position));
    painter.fillRect(QRect(from, track.top(), to - from, 4),
                     blend(colors.bg4, m_position >= m_open ? colors.up : colors.down, 0.6));
    painter.fillRect(QRect(at(m_open), track.top() - 2, 1, 8), colors.text2);
    painter.fillRect(QRect(at(m_position) - 1, track.top() - 3, 3, 10), colors.text);
}

QuotePanel::QuotePanel(Desk& desk, const Theme& theme, QWidget* parent)
    : QWidget(parent), m_desk(desk), m_bid(new QuoteSide(theme, Side::Buy, this)),
      m_ask(new QuoteSide(theme, Side::Sell, this)), m_range(new DayRange(theme, this))
{
    setAutoFillBackground(false);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(metric::kPanelPadding, 8, metric::kPanelPadding, 8);
    column->setSpacing(8);
    auto* sides = new QHBoxLayout;
    sides->setSpacing(4);
    sides->addWidget(m_bid, 1);
    sides->addWidget(m_ask, 1);
    column->addLayout(sides);
    column->addWidget(m_range);
    auto* grid = new QGridLayout;
    grid->setHorizontalSpacing(20);
    grid->setVerticalSpacing(2);
    int cell = 0;
    const auto add = [&](const QString& caption) {
        auto* row = new ValueRow(theme, caption, this);
        grid->addWidget(row, cell / 2, cell % 2);
        ++cell;
        return row;
    };
    m_spread = add(tr("Spread"));
    m_mid = add(tr("Mid"));
    m_open = add(tr("Open"));
    m_previous = add(tr("Prev close"));
    m_volume = add(tr("Volume"));
    m_lastSize = add(tr("Last size"));
    m_age = add(tr("Age"));
    m_source = add(tr("Source"));
    column->addLayout(grid);
    column->addStretch(1);
    connect(m_bid, &QAbstractButton::clicked, this, [this] {
        const int slot = m_desk.quotes().slotOf(m_desk.symbol());
        if (slot >= 0) Q_EMIT m_desk.pricePicked(m_desk.quotes().at(slot).quote.bid);
    });
    connect(m_ask, &QAbstractButton::clicked, this, [this] {
        const int slot = m_desk.quotes().slotOf(m_desk.symbol());
        if (slot >= 0) Q_EMIT m_desk.pricePicked(m_desk.quotes().at(slot).quote.ask);
    });
    connect(&desk, &Desk::symbolChanged, this, &QuotePanel::refresh);
    connect(&desk, &Desk::instrumentLearned, this, &QuotePanel::refresh);
    connect(&desk.status(), &StatusStore::statusChanged, this, &QuotePanel::refresh);
    connect(&desk.status(), &StatusStore::linkChanged, this, &QuotePanel::refresh);
    connect(&desk, &Desk::heartbeat, this, &QuotePanel::refreshAge);
    connect(&desk.quotes(), &QuoteStore::quotesChanged, this, [this](const std::vector<int>& slots) {
        const int slot = m_desk.quotes().slotOf(m_desk.symbol());
        if (std::find(slots.begin(), slots.end(), slot) != slots.end()) refresh();
    });
    refresh();
}

void QuotePanel::refresh()
{
    const QString none = QStringLiteral("–");
    const int slot = m_desk.quotes().slotOf(m_desk.symbol());
    const client::QuoteFacts facts = slot < 0 ? client::QuoteFacts() : m_desk.quotes().at(slot);
    const int places = m_desk.placesOf(m_desk.symbol());
    const bool stale = !m_desk.isUsable(m_desk.symbol());
    const auto price = [&](const Price& value) {
        return value.isZero() ? none : format::number(value.value(), places);
    };
    const double total = facts.quote.bidSize.toDouble() + facts.quote.askSize.toDouble();
    const double share = total > 0 ? facts.quote.bidSize.toDouble() / total : 0.5;
    m_bid->show(price(facts.quote.bid), format::quantity(facts.quote.bidSize), share, stale);
    m_ask->show(price(facts.quote.ask), format::quantity(facts.quote.askSize), 1 - share, stale);
    const double span = (facts.dayHigh - facts.dayLow).toDouble();
    const auto within = [&](const Price& value) {
        return span > 0 ? (value - facts.dayLow).toDouble() / span : -1.0;
    };
    m_range->show(price(facts.dayLow), price(facts.dayHigh), within(facts.last),
                  within(facts.dayOpen));
    const bool twoSided = !facts.quote.bid.isZero() && !facts.quote.ask.isZero();
    const Tone tone = stale ? Tone::Caption : Tone::Normal;
    m_spread->show(twoSided ? price(facts.quote.ask - facts.quote.bid) : none, tone);
    const Decimal sum = facts.quote.ask.value() + facts.quote.bid.value();
    const Decimal mid = sum.checkedDivide(Decimal::fromInt(2), Rounding::HalfEven).value_or(sum);
    m_mid->show(twoSided ? format::number(mid, places + 1) : none, tone);
    m_open->show(price(facts.dayOpen));
    m_previous->show(price(facts.previousClose));
    m_volume->show(facts.volume.isZero() ? none : format::compact(facts.volume.toDouble()));
    m_lastSize->show(facts.lastSize.isZero() ? none : format::quantity(facts.lastSize), tone);
    m_source->show(facts.source.empty() ? none : format::plain(facts.source, 16));
    refreshAge();
    Q_EMIT noteChanged(format::symbol(m_desk.symbol()) + QStringLiteral(" · ") +
                       tr("best bid and offer"));
}

void QuotePanel::refreshAge()
{
    const int slot = m_desk.quotes().slotOf(m_desk.symbol());
    if (slot < 0 || !m_desk.quotes().at(slot).quote.receiveTime.isSet()) {
        m_age->show(tr("no data"), Tone::Caption);
        return;
    }
    const bool stale = m_desk.freshnessOf(m_desk.symbol()) == Freshness::Stale;
    m_age->show(format::age(m_desk.quotes().ageOf(slot)), stale ? Tone::Warn : Tone::Normal);
}

} // namespace qd::ui
