#include <algorithm>
#include <array>

#include <QHBoxLayout>
#include <QMenu>
#include <QPainter>
#include <QPushButton>

#include "ui/charts/chart_panel.h"
#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

constexpr std::array kIntervals = {BarInterval::Minute1, BarInterval::Minute5,
                                   BarInterval::Minute15, BarInterval::Hour1, BarInterval::Hour4,
                                   BarInterval::Day1};

std::vector<Segment::Option> intervalOptions()
{
    std::vector<Segment::Option> options;
    for (const BarInterval interval : kIntervals) {
        const std::string_view name = toString(interval);
        const QString text = QString::fromLatin1(name.data(), qsizetype(name.size()));
        options.push_back({interval == BarInterval::Day1 ? QStringLiteral("1D") : text,
                           QStringLiteral("interval_") + text,
                           ChartHeader::tr("Bars of %1").arg(text), "interval"});
    }
    return options;
}

} // namespace

ChartHeader::ChartHeader(Desk& desk, const Theme& theme, QWidget* parent)
    : QWidget(parent), m_desk(desk), m_theme(theme),
      m_symbol(new TextLabel(theme, TypeSize::Title, TypeWeight::SemiBold, Tone::Normal, this)),
      m_name(new TextLabel(theme, TypeSize::Small, TypeWeight::Regular, Tone::Muted, this)),
      m_last(new TextLabel(theme, TypeSize::Title, TypeWeight::SemiBold, Tone::Normal, this)),
      m_change(new TextLabel(theme, TypeSize::Body, TypeWeight::Medium, Tone::Muted, this)),
      m_quote(new TextLabel(theme, TypeSize::Body, TypeWeight::Medium, Tone::Normal, this)),
      m_interval(new Segment(theme, intervalOptions(), this)),
      m_studies(makeButton(tr("Indicators"), QStringLiteral("studiesButton"), "quiet", this))
{
    setFixedHeight(metric::kToolbar);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(12, 0, 12, 0);
    row->setSpacing(10);
    for (QWidget* part : std::initializer_list<QWidget*>{m_symbol, m_name, m_last, m_change,
                                                         m_interval, m_studies}) {
        row->addWidget(part);
    }
    row->addStretch(1);
    row->addWidget(m_quote);
    for (TextLabel* label : {m_symbol, m_name, m_last, m_change, m_quote}) {
        label->setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Preferred);
    }
    m_interval->setFixedWidth(222);
    m_interval->select(0);
    auto* menu = new QMenu(this);
    const auto addStudy = [&](const QString& text, bool& shown) {
        QAction* action = menu->addAction(text);
        action->setCheckable(true);
        action->setChecked(shown);
        connect(action, &QAction::toggled, this, [this, &shown](bool on) {
            shown = on;
            Q_EMIT studiesChanged(m_fast, m_slow, m_vwap);
        });
    };
    addStudy(tr("EMA 20"), m_fast);
    addStudy(tr("EMA 50"), m_slow);
    addStudy(tr("VWAP"), m_vwap);
    m_studies->setMenu(menu);
    connect(m_interval, &Segment::picked, this,
            [this](int index) { m_desk.setInterval(kIntervals[std::size_t(index)]); });
    connect(&desk, &Desk::intervalChanged, this, [this] {
        const auto found = std::find(kIntervals.begin(), kIntervals.end(), m_desk.interval());
        m_interval->select(int(found - kIntervals.begin()));
    });
    connect(&desk, &Desk::symbolChanged, this, &ChartHeader::refresh);
    connect(&desk, &Desk::instrumentLearned, this, &ChartHeader::refresh);
    connect(&desk.status(), &StatusStore::statusChanged, this, &ChartHeader::refresh);
    connect(&desk.status(), &StatusStore::linkChanged, this, &ChartHeader::refresh);
    connect(&desk.quotes(), &QuoteStore::quotesChanged, this, [this](const std::vector<int>& slots) {
        const int slot = m_desk.quotes().slotOf(m_desk.symbol());
        if (std::find(slots.begin(), slots.end(), slot) != slots.end()) refresh();
    });
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
    refresh();
}

void ChartHeader::refresh()
{
    const Symbol& symbol = m_desk.symbol();
    const Instrument& instrument = m_desk.instrument(symbol);
    m_symbol->show(symbol.empty() ? tr("No symbol") : format::symbol(symbol));
    QString name = format::plain(instrument.name, 48);
    if (!instrument.exchange.empty()) {
        name += QStringLiteral("  ·  ") + format::plain(instrument.exchange, 12);
    }
    m_name->show(name);
    const int slot = m_desk.quotes().slotOf(symbol);
    if (slot < 0 || m_desk.quotes().at(slot).last.isZero()) {
        m_last->show(QStringLiteral("–"));
        m_change->show({});
        m_quote->show({});
        dropByPriority();
        return;
    }
    const client::QuoteFacts& facts = m_desk.quotes().at(slot);
    const int places = m_desk.placesOf(symbol);
    const Price change = m_desk.quotes().changeOf(slot);
    const bool stale = m_desk.freshnessOf(symbol) == Freshness::Stale;
    const Tone tone = stale                 ? Tone::Caption
                      : change.isNegative() ? Tone::Down
                      : change.isPositive() ? Tone::Up
                                            : Tone::Normal;
    const QString arrow = change.isNegative()   ? QStringLiteral("▼ ")
                          : change.isPositive() ? QStringLiteral("▲ ")
                                                : QString();
    m_last->setTone(tone);
    m_last->show(format::number(facts.last.value(), places));
    m_change->setTone(tone);
    if (facts.previousClose.isZero()) m_change->show({});
    else m_change->show(arrow +
                   format::signedNumber(change.value(), places) + QStringLiteral("  ") +
                   format::percent(m_desk.quotes().changePercentOf(slot)));
    m_quote->setTone(stale ? Tone::Caption : Tone::Normal);
    m_quote->show(tr("Bid %1 × %2    Ask %3 × %4    Spread %5")
                      .arg(format::number(facts.quote.bid.value(), places),
                           format::quantity(facts.quote.bidSize),
                           format::number(facts.quote.ask.value(), places),
                           format::quantity(facts.quote.askSize),
                           format::number((facts.quote.ask - facts.quote.bid).value(), places)));
    dropByPriority();
}

void ChartHeader::dropByPriority()
{
    int room = width() - 24;
    for (const QWidget* part : std::initializer_list<const QWidget*>{m_symbol, m_last, m_interval}) {
        room -= part->sizeHint().width() + 10;
    }
    const auto keep = [&](QWidget* part, int wanted) {
        const bool fits = room >= wanted;
        part->setVisible(fits);
        if (fits) room -= wanted + 10;
    };
    keep(m_change, m_change->sizeHint().width());
    keep(m_studies, m_studies->sizeHint().width());
    keep(m_quote, m_quote->sizeHint().width());
    keep(m_name, m_name->sizeHint().width());
}

void ChartHeader::resizeEvent(QResizeEvent*)
{
    dropByPriority();
}

void ChartHeader::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.fillRect(rect(), m_theme.colors().bg2);
}

} // namespace qd::ui
