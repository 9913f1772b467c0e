#include "ui/charts/chart_panel.h"

#include <algorithm>

#include <QVBoxLayout>

#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

QString shortType(OrderType type)
{
    switch (type) {
    case OrderType::Market: return QStringLiteral("MKT");
    case OrderType::Limit: return QStringLiteral("LMT");
    case OrderType::Stop: return QStringLiteral("STP");
    case OrderType::StopLimit: return QStringLiteral("STP LMT");
    case OrderType::TrailingStop: return QStringLiteral("TRAIL");
    }
    return {};
}

} // namespace

ChartPanel::ChartPanel(Desk& desk, const Theme& theme, QWidget* parent)
    : QWidget(parent), m_desk(desk), m_stack(new QStackedLayout),
      m_chart(new CandleChart(theme, this)), m_plate(new StatePlate(theme, this))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* header = new ChartHeader(desk, theme, this);
    column->addWidget(header);
    column->addLayout(m_stack, 1);
    m_stack->addWidget(m_plate);
    m_stack->addWidget(m_chart);
    setMinimumSize(420, 240);

    connect(header, &ChartHeader::studiesChanged, m_chart, &CandleChart::showStudies);
    connect(m_chart, &CandleChart::pricePicked, this, [this](double price) {
        const Instrument& instrument = m_desk.instrument(m_desk.symbol());
        const Decimal exact = Decimal::fromDouble(price).value_or(Decimal{});
        const Price tick = tickFor(instrument, Price(exact));
        Q_EMIT m_desk.pricePicked(Price(exact.roundTo(tick.value(), Rounding::HalfEven)));
    });
    connect(&desk, &Desk::symbolChanged, this, &ChartPanel::showSeries);
    connect(&desk, &Desk::intervalChanged, this, &ChartPanel::showSeries);
    BarStore& bars = desk.bars();
    connect(&bars, &BarStore::seriesChanged, this, [this](const BarStore::Key& key) {
        if (key == m_desk.chartKey()) showSeries();
    });
    connect(&bars, &BarStore::lastBarChanged, this, [this](const BarStore::Key& key) {
        if (key == m_desk.chartKey()) followBar(false);
    });
    connect(&bars, &BarStore::barAppended, this, [this](const BarStore::Key& key) {
        if (key == m_desk.chartKey()) followBar(true);
    });
    connect(&desk.orders(), &OrderStore::storeReset, this, &ChartPanel::refreshTags);
    connect(&desk.orders(), &OrderStore::orderAdded, this, &ChartPanel::refreshTags);
    connect(&desk.orders(), &OrderStore::orderChanged, this, &ChartPanel::refreshTags);
    connect(&desk.fills(), &FillStore::storeReset, this, &ChartPanel::refreshTags);
    connect(&desk.fills(), &FillStore::fillAdded, this, &ChartPanel::refreshTags);
    connect(&desk.positions(), &PositionStore::storeReset, this, &ChartPanel::refreshTags);
    connect(&desk.positions(), &PositionStore::positionAdded, this, &ChartPanel::refreshTags);
    connect(&desk.positions(), &PositionStore::positionChanged, this, [this](int item) {
        if (m_desk.positions().at(item).position.symbol == m_desk.symbol()) refreshTags();
    });
    connect(&desk.quotes(), &QuoteStore::quotesChanged, this, [this](const std::vector<int>& slots) {
        const int slot = m_desk.quotes().slotOf(m_desk.symbol());
        if (std::find(slots.begin(), slots.end(), slot) != slots.end()) refreshLast();
    });
    connect(&desk, &Desk::heartbeat, this, &ChartPanel::refreshLast);
    connect(&desk.status(), &StatusStore::statusChanged, this, &ChartPanel::refreshLast);
    connect(&desk.status(), &StatusStore::marketChanged, this, [this] {
        // What kind of market this is may be known later than its bars.
        if (m_neverCloses != m_desk.neverCloses(m_desk.symbol())) showSeries();
    });
    connect(&desk.status(), &StatusStore::linkChanged, this, &ChartPanel::showSeries);
    showSeries();
}

void ChartPanel::showSeries()
{
    const BarStore::Series& series = m_desk.bars().series(m_desk.chartKey());
    const bool ready = series.phase == BarStore::Phase::Ready && !series.bars.empty();
    m_stack->setCurrentWidget(ready ? static_cast<QWidget*>(m_chart) : m_plate);
    const QString symbol = format::symbol(m_desk.symbol());
    if (!ready) {
        m_chart->setSeries(nullptr, nullptr, 2);
        if (m_desk.symbol().empty()) {
            m_plate->showEmpty(tr("No symbol selected"), tr("Press Ctrl+K and type a symbol."));
        } else if (series.phase == BarStore::Phase::Failed) {
            m_plate->showError(tr("Bars of %1 could not be fetched").arg(symbol),
                               format::plain(series.failure, 160));
        } else if (series.phase == BarStore::Phase::Ready) {
            m_plate->showEmpty(tr("No bars of %1 yet").arg(symbol),
                               tr("The feed has sent no trades for this interval."));
        } else if (!m_desk.status().isOnline()) {
            m_plate->showError(tr("Not connected"),
                               tr("Bars will be fetched as soon as the backend answers."));
        } else {
            m_plate->showLoading(tr("Loading bars of %1").arg(symbol));
        }
        return;
    }
    m_neverCloses = m_desk.neverCloses(m_desk.symbol());
    m_studies.rebuild(series.bars, m_desk.interval() != BarInterval::Day1,
                      m_neverCloses ? Studies::Days::Utc : Studies::Days::NewYork);
    m_chart->setSeries(&series.bars, &m_studies, m_desk.placesOf(m_desk.symbol()));
    refreshTags();
    refreshLast();
}

void ChartPanel::followBar(bool appended)
{
    const BarStore::Series& series = m_desk.bars().series(m_desk.chartKey());
    m_studies.follow(series.bars);
    m_chart->follow(appended);
    refreshLast();
}

void ChartPanel::refreshTags()
{
    const int places = m_desk.placesOf(m_desk.symbol());
    std::vector<ChartTag> tags;
    for (int item = 0; item < m_desk.orders().count(); ++item) {
        const Order& order = m_desk.orders().at(item);
        if (order.request.symbol != m_desk.symbol() || isClosed(order.state)) continue;
        const auto price = order.request.limitPrice ? order.request.limitPrice
                                                    : order.request.stopPrice;
        if (!price) continue;
        ChartTag tag;
        tag.price = price->toDouble();
        tag.axisText = format::number(price->value(), places);
        const bool buy = order.request.side == Side::Buy;
        tag.head = (buy ? tr("BUY") : tr("SELL")) + QLatin1Char(' ') +
                   format::quantity(order.leavesQuantity());
        tag.body = shortType(order.request.type) + QLatin1Char(' ') + tag.axisText +
                   QLatin1Char(' ') +
                   format::plain(toString(order.request.timeInForce), 8).toUpper();
        tag.tone = buy ? Tone::Up : Tone::Down;
        tags.push_back(std::move(tag));
    }
    if (const client::PositionFacts* held = m_desk.positions().find(m_desk.symbol());
        held && !held->position.quantity.isZero()) {
        ChartTag tag;
        tag.price = held->position.averagePrice.toDouble();
        tag.axisText = format::number(held->position.averagePrice.value(), places);
        tag.head = (held->position.quantity.isNegative() ? tr("SHORT") : tr("LONG")) +
                   QLatin1Char(' ') + format::quantity(held->position.quantity.abs());
        tag.body = tr("AVG %1  %2").arg(tag.axisText, format::signedMoney(held->unrealised));
        tag.tone = Tone::Muted;
        tag.dashed = false;
        tags.push_back(std::move(tag));
    }
    m_chart->setTags(std::move(tags));
    std::vector<ChartMark> marks;
    for (int item = 0; item < m_desk.fills().count(); ++item) {
        const Fill& fill = m_desk.fills().at(item);
        if (fill.symbol != m_desk.symbol()) continue;
        marks.push_back({fill.eventTime.millis(), fill.price.toDouble(), fill.side});
    }
    m_chart->setMarks(std::move(marks));
}

QString ChartPanel::noteForLast(bool stale) const
{
    const int slot = m_desk.quotes().slotOf(m_desk.symbol());
    if (stale) return tr("%1 old").arg(format::age(m_desk.quotes().ageOf(slot)));
    const std::int64_t length = lengthOf(m_desk.interval()).count();
    if (m_desk.interval() == BarInterval::Day1) return {};
    const std::int64_t left = length - m_desk.clock().now().nanos() % length;
    const QString text = format::countdown(Duration(left));
    return m_desk.interval() >= BarInterval::Hour1 ? text : text.right(5);
}

void ChartPanel::refreshLast()
{
    const int slot = m_desk.quotes().slotOf(m_desk.symbol());
    if (slot < 0 || m_desk.quotes().at(slot).last.isZero()) {
        m_chart->setLast(std::nullopt, {}, {}, Tone::Muted);
        m_chart->setStale({});
        return;
    }
    const bool stale = m_desk.freshnessOf(m_desk.symbol()) == Freshness::Stale;
    const Price last = m_desk.quotes().at(slot).last;
    const bool up = !m_desk.quotes().changeOf(slot).isNegative();
    m_chart->setLast(last.toDouble(), format::number(last.value(), m_desk.placesOf(m_desk.symbol())),
                     noteForLast(stale), up ? Tone::Up : Tone::Down);
    m_chart->setStale(stale ? tr("STALE  ·  last tick %1 ago  ·  prices not live")
                                  .arg(format::age(m_desk.quotes().ageOf(slot)))
                            : QString());
}

} // namespace qd::ui
