#include "ui/state/desk.h"

#include <algorithm>
#include <set>

#include "models/market/option_contract.h"

namespace qd::ui {

namespace {

constexpr int kChartBars = 5000;
constexpr int kSparkBars = 48;
constexpr int kHeartbeatMs = 250;
constexpr int kAskAgainMs = 4'000; ///< for what a cold backend did not know yet
constexpr int kNotFound = 404;
constexpr int kCatchUpMax = 500;   ///< lines of the log that one absence may cost

QString toText(std::string_view text)
{
    return QString::fromUtf8(text.data(), qsizetype(std::min<std::size_t>(text.size(), 400)));
}

/// A contract by its name, not its code.
QString nameOf(const Symbol& symbol)
{
    const auto contract = optionContractOf(symbol);
    return contract ? toText(toString(*contract)) : toText(symbol.text());
}

/// A comparison with the broker that begins, or ends as it began, is nothing to interrupt for.
bool isNews(const client::TradingFacts& now, const client::TradingFacts& before)
{
    return now.state != before.state || now.stateWord != before.stateWord ||
           now.reason != before.reason || now.differences != before.differences;
}

} // namespace

Desk::Desk(client::Session& session, const runtime::Clock& clock, QObject* parent)
    : QObject(parent), m_session(session), m_clock(clock), m_quotes(clock), m_positions(m_quotes),
      m_status(clock), m_watchlists{{tr("Watchlist"), {}}}
{
    connectSession();
    connect(&m_heartbeat, &QTimer::timeout, this, &Desk::heartbeat);
    connect(&m_heartbeat, &QTimer::timeout, this, [this, beats = 0]() mutable {
        if (++beats % (kAskAgainMs / kHeartbeatMs) == 0 && m_status.isOnline()) fetchMissing();
    });
    m_heartbeat.start(kHeartbeatMs);
    m_renewSoon.setSingleShot(true);
    m_renewSoon.setInterval(0);
    connect(&m_renewSoon, &QTimer::timeout, this, &Desk::renewSubscription);
}

void Desk::connectSession()
{
    using client::Session;
    connect(&m_session, &Session::linkChanged, this, &Desk::takeLink);
    connect(&m_session, &Session::snapshotArrived, this, &Desk::takeSnapshot);
    connect(&m_session, &Session::eventsArrived, this, &Desk::takeEvents);
    connect(&m_session, &Session::marketArrived, this, [this](const client::MarketBatch& batch) {
        m_quotes.apply(batch);
        m_bars.apply(batch);
    });
    connect(&m_session, &Session::statusArrived, this,
            [this](const client::StatusReport& report) { m_status.setReport(report); });
}

void Desk::setMayTrade(bool mayTrade)
{
    if (std::exchange(m_mayTrade, mayTrade) != mayTrade) Q_EMIT rightsChanged();
}

AccountId Desk::accountId() const
{
    return m_account.account() ? m_account.account()->snapshot.account : AccountId();
}

void Desk::takeLink(const client::LinkFacts& link)
{
    const client::LinkState before = m_status.link().state;
    m_status.setLink(link);
    if (link.state == before) return;
    if (link.state == client::LinkState::Online && link.reconnects > 0) {
        tell(client::Severity::Info, tr("Connected again"),
             m_wasReplayed ? tr("What happened meanwhile was replayed; nothing was assumed.")
                           : tr("State was fetched anew; nothing was assumed."));
        if (m_wasReplayed) refetchBars(); // no log replays bars
    } else if (before == client::LinkState::Online && link.state != before) {
        m_wasReplayed = true;
        tell(client::Severity::Warning, tr("Connection to the backend lost"), toText(link.detail));
    }
}

void Desk::takeSnapshot(const client::Snapshot& snapshot)
{
    if (snapshot.account) m_account.set(*snapshot.account);
    if (snapshot.trading) m_trading.set(*snapshot.trading);
    if (snapshot.market) m_status.setMarket(*snapshot.market);
    m_orders.reset(snapshot.orders);
    m_fills.reset(snapshot.fills);
    m_positions.reset(snapshot.positions);
    NoticeStore::Line line;
    line.time = m_clock.now();
    line.sequence = snapshot.sequence;
    line.kind = QStringLiteral("snapshot");
    line.title = m_synchronised ? tr("Resynchronised") : tr("Synchronised");
    line.text = tr("%1 orders, %2 fills, %3 positions at sequence %4")
                    .arg(snapshot.orders.size())
                    .arg(snapshot.fills.size())
                    .arg(snapshot.positions.size())
                    .arg(snapshot.sequence);
    m_notices.add(line);
    if (m_synchronised && m_sequence > 0 && m_sequence < snapshot.sequence) {
        catchUp(m_sequence, snapshot.sequence);
    }
    m_sequence = snapshot.sequence;
    m_wasReplayed = false;
    m_synchronised = true;
    fetchMissing();
    refetchBars();
    m_renewSoon.start();
}

void Desk::takeEvents(const std::vector<client::StreamEvent>& events)
{
    for (const client::StreamEvent& event : events) {
        const client::TradingFacts before = m_trading.trading();
        if (event.order) m_orders.apply(*event.order);
        if (event.fill) m_fills.apply(*event.fill);
        if (event.position) m_positions.apply(*event.position);
        if (event.account) m_account.set(*event.account);
        if (event.trading) m_trading.set(*event.trading);
        logEvent(event, before);
    }
    m_renewSoon.start();
}

/// A snapshot tells what is, not what was said meanwhile: notices are read from the log.
void Desk::catchUp(std::uint64_t after, std::uint64_t until)
{
    m_session.fetchEvents(
        after, kCatchUpMax, this, [this, until](client::Answer<std::vector<client::LogEvent>> answer) {
            if (!answer) return;
            for (const client::LogEvent& event : *answer) {
                if (!event.notice || event.sequence > until) continue;
                NoticeStore::Line line;
                line.time = event.time;
                line.sequence = event.sequence;
                line.kind = toText(event.kind);
                line.traceId = toText(event.traceId);
                line.isNotice = true;
                line.severity = event.notice->severity;
                line.title = toText(event.notice->title);
                line.text = toText(event.notice->text);
                m_notices.add(std::move(line));
            }
        });
}

void Desk::logEvent(const client::StreamEvent& event, const client::TradingFacts& before)
{
    if (event.sequence != 0 && event.sequence <= m_sequence) return; // told before
    m_sequence = std::max(m_sequence, event.sequence);
    NoticeStore::Line line;
    line.time = event.time.isSet() ? event.time : m_clock.now();
    line.sequence = event.sequence;
    line.kind = toText(event.kind);
    line.title = line.kind;
    if (event.notice) {
        line.isNotice = true;
        line.severity = event.notice->severity;
        line.title = toText(event.notice->title);
        line.text = toText(event.notice->text);
    } else if (event.fill) {
        line.isNotice = true;
        line.title = event.fill->side == Side::Buy ? tr("Bought") : tr("Sold");
        line.text = QStringLiteral("%1 %2 @ %3")
                        .arg(toText(event.fill->quantity.toString()),
                             nameOf(event.fill->symbol),
                             toText(event.fill->price.toString()));
    } else if (event.order) {
        const client::OrderFacts& order = *event.order;
        const bool refused = order.state == OrderState::Rejected ||
                             order.state == OrderState::Denied;
        line.isNotice = refused || order.outcomeUnknown;
        line.severity = refused || order.outcomeUnknown ? client::Severity::Critical
                                                        : client::Severity::Info;
        if (refused) line.title = tr("Order rejected");
        if (order.outcomeUnknown) line.title = tr("Order outcome unknown");
        line.text = QStringLiteral("%1 %2 %3 %4")
                        .arg(toText(toString(order.request.side)),
                             toText(order.request.quantity.toString()),
                             nameOf(order.request.symbol), toText(order.reasonText))
                        .trimmed();
    } else if (event.trading) {
        line.isNotice = isNews(*event.trading, before);
        line.severity = client::Severity::Warning;
        line.title = tr("Trading is %1")
                         .arg(toText(event.trading->stateWord.empty()
                                         ? client::toString(event.trading->state)
                                         : event.trading->stateWord));
        line.text = toText(event.trading->reason);
        if (!event.trading->differences.empty()) {
            line.title = tr("Differences with the broker");
            line.text = tr("To decide or to watch: %1").arg(event.trading->differences.size());
        }
    }
    m_notices.add(std::move(line));
}

void Desk::tell(client::Severity severity, const QString& title, const QString& text)
{
    NoticeStore::Line line;
    line.time = m_clock.now();
    line.kind = QStringLiteral("terminal");
    line.title = title;
    line.text = text;
    line.severity = severity;
    line.isNotice = true;
    m_notices.add(std::move(line));
}

void Desk::setWatchlist(std::vector<Symbol> symbols)
{
    m_watchlists[m_shownList].symbols = std::move(symbols);
    for (const Symbol& symbol : watchlist()) m_quotes.slotFor(symbol);
    Q_EMIT watchlistChanged();
    fetchMissing();
    m_renewSoon.start();
}

void Desk::watch(const Symbol& symbol)
{
    std::vector<Symbol> symbols = watchlist();
    if (std::find(symbols.begin(), symbols.end(), symbol) != symbols.end()) return;
    symbols.push_back(symbol);
    setWatchlist(std::move(symbols));
}

void Desk::unwatch(const Symbol& symbol)
{
    std::vector<Symbol> symbols = watchlist();
    std::erase(symbols, symbol);
    setWatchlist(std::move(symbols));
}

void Desk::setWatchlists(std::vector<Watchlist> lists, std::size_t shown)
{
    if (lists.empty()) return;
    if (lists.size() > kWatchlistsMax) lists.resize(kWatchlistsMax);
    m_watchlists = std::move(lists);
    m_shownList = std::min(shown, m_watchlists.size() - 1);
    setWatchlist(watchlist());
}

void Desk::showWatchlist(std::size_t index)
{
    if (index >= m_watchlists.size() || index == m_shownList) return;
    m_shownList = index;
    setWatchlist(watchlist());
}

bool Desk::isNameFree(const QString& name) const
{
    return !name.trimmed().isEmpty() &&
           std::none_of(m_watchlists.begin(), m_watchlists.end(), [&](const Watchlist& list) {
               return list.name.compare(name.trimmed(), Qt::CaseInsensitive) == 0;
           });
}

bool Desk::addWatchlist(const QString& name)
{
    if (m_watchlists.size() >= kWatchlistsMax || !isNameFree(name)) return false;
    m_watchlists.push_back({name.trimmed(), {}});
    showWatchlist(m_watchlists.size() - 1);
    return true;
}

bool Desk::renameWatchlist(const QString& name)
{
    if (!isNameFree(name)) return false;
    m_watchlists[m_shownList].name = name.trimmed();
    Q_EMIT watchlistChanged();
    return true;
}

void Desk::removeWatchlist()
{
    if (m_watchlists.size() < 2) return;
    m_watchlists.erase(m_watchlists.begin() + std::ptrdiff_t(m_shownList));
    m_shownList = std::min(m_shownList, m_watchlists.size() - 1);
    setWatchlist(watchlist());
}

void Desk::select(const Symbol& symbol)
{
    if (symbol.empty() || symbol == m_symbol) return;
    m_symbol = symbol;
    m_quotes.slotFor(symbol);
    Q_EMIT symbolChanged();
    fetchMissing();
    refetchBars();
    m_renewSoon.start();
}

void Desk::setInterval(BarInterval interval)
{
    if (interval == m_interval) return;
    m_interval = interval;
    Q_EMIT intervalChanged();
    refetchBars();
    m_renewSoon.start();
}

void Desk::refetchBars()
{
    if (m_symbol.empty() || !m_synchronised) return;
    const BarStore::Key key = chartKey();
    m_bars.setLoading(key);
    m_session.fetchBars(key.symbol, key.interval, kChartBars, this,
                        [this, key](client::Answer<client::BarSeries> answer) {
                            if (answer) m_bars.setSeries(*answer);
                            else m_bars.setFailed(key, answer.error().detail);
                        });
}

void Desk::renewSubscription()
{
    std::set<Symbol> symbols(watchlist().begin(), watchlist().end());
    if (!m_symbol.empty()) symbols.insert(m_symbol);
    for (int item = 0; item < m_positions.count(); ++item) {
        symbols.insert(m_positions.at(item).position.symbol);
    }
    for (const Symbol& symbol : symbols) m_quotes.slotFor(symbol);
    client::WishList wishes;
    wishes.quotes.assign(symbols.begin(), symbols.end());
    if (!m_symbol.empty()) {
        wishes.trades.push_back(m_symbol);
        wishes.bars.emplace_back(m_symbol, m_interval);
    }
    if (wishes == m_wishes) return;
    m_wishes = wishes;
    m_session.subscribe(wishes);
}

void Desk::fetchMissing()
{
    if (!m_synchronised) return;
    std::vector<Symbol> wanted = watchlist();
    if (!m_symbol.empty()) wanted.push_back(m_symbol);
    for (int item = 0; item < m_positions.count(); ++item) {
        wanted.push_back(m_positions.at(item).position.symbol);
    }
    std::vector<Symbol> missing;
    for (const Symbol& symbol : wanted) {
        const int slot = m_quotes.slotFor(symbol);
        if (m_quotes.at(slot).previousClose.isZero()) missing.push_back(symbol);
        if (m_quotes.sparkOf(slot).empty()) fetchSpark(symbol);
        if (!m_instruments.contains(symbol)) lookUp(symbol);
    }
    const std::set<Symbol> once(missing.begin(), missing.end());
    if (!once.empty()) fetchQuotes({once.begin(), once.end()});
}

/// All at once; halved where something is unknown, so that it costs the others nothing.
void Desk::fetchQuotes(const std::vector<Symbol>& symbols)
{
    m_session.fetchQuotes(
        symbols, this, [this, symbols](client::Answer<std::vector<client::QuoteFacts>> answer) {
            if (answer) return m_quotes.setFacts(*answer);
            if (symbols.size() < 2 || answer.error().status != kNotFound) return;
            const auto middle = symbols.begin() + std::ptrdiff_t(symbols.size() / 2);
            fetchQuotes({symbols.begin(), middle});
            fetchQuotes({middle, symbols.end()});
        });
}

void Desk::fetchSpark(const Symbol& symbol)
{
    m_session.fetchBars(symbol, BarInterval::Minute5, kSparkBars, this,
                        [this, symbol](client::Answer<client::BarSeries> answer) {
                            if (!answer || answer->bars.empty()) return;
                            std::vector<float> points;
                            for (const Bar& bar : answer->bars) {
                                points.push_back(float(bar.close.toDouble()));
                            }
                            m_quotes.setSpark(m_quotes.slotFor(symbol), std::move(points));
                        });
}

void Desk::lookUp(const Symbol& symbol)
{
    m_instruments[symbol].symbol = symbol;
    m_session.findInstruments(symbol.text(), 5, this,
                              [this, symbol](client::Answer<std::vector<Instrument>> answer) {
                                  if (!answer) return;
                                  for (const Instrument& one : *answer) {
                                      if (one.symbol == symbol) learn(one);
                                  }
                              });
}

const Instrument& Desk::instrument(const Symbol& symbol) const
{
    static const Instrument kUnknown;
    const auto found = m_instruments.find(symbol);
    return found == m_instruments.end() ? kUnknown : found->second;
}

void Desk::learn(const Instrument& instrument)
{
    m_instruments[instrument.symbol] = instrument;
    Q_EMIT instrumentLearned(instrument.symbol);
}

int Desk::placesOf(const Symbol& symbol) const
{
    const Instrument& known = instrument(symbol);
    const int slot = m_quotes.slotOf(symbol);
    const Price last = slot < 0 ? Price() : m_quotes.at(slot).last;
    return std::clamp(tickFor(known, last.isZero() ? Price::of("1") : last).value().places(), 2,
                      Decimal::kPlaces);
}

Freshness Desk::freshnessOf(const Symbol& symbol) const
{
    const int slot = m_quotes.slotOf(symbol);
    if (slot < 0) return Freshness::NoData;
    const Freshness told = m_quotes.at(slot).freshness;
    if (told == Freshness::NoData) return told;
    if (m_status.isStale() && told != Freshness::Closed) return Freshness::Stale;
    return told;
}

bool Desk::isUsable(const Symbol& symbol) const
{
    switch (freshnessOf(symbol)) {
    case Freshness::Live:
    case Freshness::Slow:
    case Freshness::Delayed:
    case Freshness::Closed:
        return m_status.isOnline();
    case Freshness::Stale:
    case Freshness::Halted:
    case Freshness::NoData:
        return false;
    }
    return false;
}

bool Desk::neverCloses(const Symbol& symbol) const
{
    return m_status.market().alwaysOpen ||
           (!symbol.empty() && assetClassOf(symbol) == AssetClass::Crypto);
}

} // namespace qd::ui
