#include "services/brokers/ibkr/ibkr_feed.h"

#include <algorithm>
#include <utility>

#include "models/base/whole_number.h"
#include "services/brokers/ibkr/order_json.h"
#include "services/brokers/ibkr/session_socket.h"

namespace qd::brokers {

namespace {

constexpr Duration kGathering = std::chrono::milliseconds(500);
constexpr std::string_view kMarketTopic = "smd+";

std::string_view barWord(BarInterval interval)
{
    switch (interval) {
    case BarInterval::Minute1: return "1min";
    case BarInterval::Minute5: return "5min";
    case BarInterval::Minute15: return "15min";
    case BarInterval::Hour1: return "1h";
    case BarInterval::Hour4: return "4h";
    case BarInterval::Day1: return "1d";
    }
    return "1min";
}

/// At least as long as `wanted`, in IBKR's words: "20min", "5h", "3d", "2y".
std::string periodWord(Duration wanted)
{
    const auto count = [wanted](Duration unit) {
        return std::to_string(std::max<std::int64_t>(1, (wanted + unit - Duration(1)) / unit));
    };
    constexpr Duration kDay = std::chrono::hours(24);
    if (wanted <= std::chrono::minutes(30)) return count(std::chrono::minutes(1)) + "min";
    if (wanted <= std::chrono::hours(8)) return count(std::chrono::hours(1)) + "h";
    if (wanted <= kDay * 1000) return count(kDay) + "d";
    return std::to_string(std::min<std::int64_t>(15, wanted / (kDay * 365) + 1)) + "y";
}

} // namespace

IbkrFeed::IbkrFeed(const IbkrSettings& settings, RequestGate& gate, ibkr::SessionKeeper& session,
                   ibkr::ConidBook& conids, wire::WebSocketClient& sockets, runtime::Executor& core,
                   runtime::Random& random)
    : m_settings(settings), m_gate(gate), m_session(session), m_conids(conids), m_core(core),
      m_history(gate), m_line(terms(), sockets, core, random)
{
    m_session.whenBack([this, alive = m_alive] {
        if (*alive && m_line.isRunning() && m_line.nextAttempt() > m_core.clock().now()) m_line.start();
    });
}

IbkrFeed::~IbkrFeed()
{
    stop();
    *m_alive = false;
}

FeedClass IbkrFeed::feedClass() const
{
    if (m_settings.simulated) return FeedClass::Simulated;
    FeedClass worst = FeedClass::RealTime;
    for (const auto& [conid, line] : m_lines) worst = std::max(worst, line.feedClass());
    return worst;
}

FeedClass IbkrFeed::classOf(const Symbol& symbol) const
{
    if (m_settings.simulated) return FeedClass::Simulated;
    const auto conid = m_conids.known(symbol);
    const auto line = conid ? m_lines.find(*conid) : m_lines.end();
    return line == m_lines.end() ? FeedClass::Delayed : line->second.feedClass();
}

StreamLine::Terms IbkrFeed::terms()
{
    const auto connect = [this](const StreamLine::Attempt& attempt) {
        m_session.whenUp([this, attempt](const Result<void>& up) {
            if (!attempt.isCurrent()) return;
            if (!up) return attempt.fail(up.error().detail);
            attempt.open(ibkr::socketOptions(m_settings, m_session));
        });
    };
    return {
        .connect = connect,
        .message = [this](std::string_view payload) { onMessage(payload); },
        .changed =
            [this](ConnectionChange change) {
                if (!change.connected) m_again.cancel();
                hand({std::move(change)});
            },
        .silent = "IBKR's market data did not answer within 10 s",
        .silentFarewell = "leaving",
    };
}

void IbkrFeed::start(std::function<void(std::vector<MarketEvent>)> events)
{
    m_events = std::move(events);
    m_line.start();
}

void IbkrFeed::stop()
{
    m_again.cancel();
    m_line.stop();
}

void IbkrFeed::onMessage(std::string_view payload)
{
    const auto document = json::Document::parse(payload);
    if (!document) return quarantine(payload, document.error());
    const auto root = document->root();
    const auto topic = root["topic"].stringOr({});
    if (topic == "system" && root["success"].isString() && !m_line.isListening()) return onOpen();
    if (!topic.starts_with(kMarketTopic)) return;
    const auto conid = wholeNumber<std::int64_t>(topic.substr(kMarketTopic.size())).value_or(0);
    const auto line = m_lines.find(conid);
    if (line == m_lines.end()) return; // no longer wanted
    if (root["error"].isString())
        return hand({Malformed{line->second.symbol().text(),
                               ibkr::readError(200, root["error"].stringOr({}))}});
    auto events = line->second.read(root, m_core.clock().now());
    if (!events) return quarantine(payload, events.error());
    if (!events->empty()) hand(std::move(*events));
}

void IbkrFeed::onOpen()
{
    const auto attempt = m_line.attempt();
    m_line.listening("market data connected");
    if (attempt.isCurrent()) askAgain();
}

void IbkrFeed::quarantine(std::string_view payload, Error error)
{
    hand({m_line.malformed(payload, std::move(error))});
}

void IbkrFeed::subscribe(Subscriptions wanted)
{
    std::set<Symbol> all(wanted.quotes.begin(), wanted.quotes.end());
    all.insert(wanted.trades.begin(), wanted.trades.end());
    if (all.size() > kLinesMax && !std::exchange(m_toldLimit, true))
        hand({Malformed{std::to_string(all.size()) + " symbols",
                        Error{ErrorKind::Denied, "ibkr.data_lines",
                              "IBKR has " + std::to_string(kLinesMax) + " lines of market data", {}}}});
    while (all.size() > kLinesMax) all.erase(std::prev(all.end()));
    m_wanted = std::move(all);
    for (auto line = m_lines.begin(); line != m_lines.end();) {
        if (m_wanted.contains(line->second.symbol())) {
            ++line;
            continue;
        }
        if (m_line.isListening()) m_line.sendText("umd+" + std::to_string(line->first) + "+{}");
        line = m_lines.erase(line);
    }
    if (m_line.isListening())
        for (const auto& symbol : m_wanted) follow(symbol);
}

void IbkrFeed::follow(const Symbol& symbol)
{
    m_conids.find(symbol, [this, alive = m_alive, symbol](const Result<std::int64_t>& conid) {
        if (!*alive || !m_line.isRunning() || !m_wanted.contains(symbol)) return;
        if (!conid) return hand({Malformed{symbol.text(), conid.error()}});
        if (m_lines.try_emplace(*conid, symbol).second) sendWish(*conid);
    });
}

void IbkrFeed::sendWish(std::int64_t conid)
{
    if (!m_line.isListening()) return;
    m_line.sendText(std::string(kMarketTopic) + std::to_string(conid) + R"(+{"fields":)" +
                    ibkr::kMarketFields + "}");
}

/// All that is followed, and what is wanted but not known yet.
void IbkrFeed::askAgain()
{
    for (const auto& [conid, line] : m_lines) sendWish(conid);
    for (const auto& symbol : m_wanted) follow(symbol);
    m_again = m_core.after(kAskAgainEvery, [this] { askAgain(); });
}

void IbkrFeed::hand(std::vector<MarketEvent> events)
{
    if (m_line.isRunning()) m_events(std::move(events));
}

void IbkrFeed::snapshots(const std::vector<Symbol>& symbols,
                         std::function<void(std::vector<MarketSnapshot>)> told)
{
    std::vector<std::int64_t> conids;
    for (const auto& symbol : symbols)
        if (const auto conid = m_conids.known(symbol)) conids.push_back(*conid);
    for (std::size_t begin = 0; begin < conids.size(); begin += kSnapshotsAtOnce) {
        const auto end = std::min(begin + kSnapshotsAtOnce, conids.size());
        askSnapshots({conids.begin() + static_cast<std::ptrdiff_t>(begin),
                      conids.begin() + static_cast<std::ptrdiff_t>(end)},
                     /*isFirst=*/true, told);
    }
}

void IbkrFeed::askSnapshots(std::vector<std::int64_t> conids, bool isFirst,
                            std::function<void(std::vector<MarketSnapshot>)> told)
{
    RequestGate::Request request;
    request.path = "/iserver/marketdata/snapshot?conids=";
    for (const auto conid : conids)
        request.path += (conid == conids.front() ? "" : ",") + std::to_string(conid);
    request.path += std::string("&fields=31,84,85,86,88,7059,6509,") + ibkr::kDayFields;
    m_gate.send(std::move(request), [this, alive = m_alive, conids, isFirst,
                                     told](const Result<wire::HttpResponse>& result) {
        if (!*alive || !result || result->status >= 400) return;
        if (isFirst) {
            std::erase_if(m_later, [](const runtime::Timer& timer) { return !timer.isActive(); });
            m_later.push_back(m_core.after(kGathering, [this, conids, told] {
                askSnapshots(conids, /*isFirst=*/false, told);
            }));
            return;
        }
        const auto document = json::Document::parse(result->body);
        if (!document) return;
        std::vector<MarketSnapshot> snapshots;
        for (const auto& item : document->root().items()) {
            const auto symbol = m_conids.symbolOf(item["conid"].integerOr(0));
            if (!symbol) continue;
            ibkr::MarketLine line(*symbol);
            if (!line.read(item, m_core.clock().now())) continue;
            MarketSnapshot snapshot{*symbol, line.quote(), line.lastTrade(), {}, {}};
            ibkr::readDays(item, m_core.clock().now(), m_settings.simulated, snapshot);
            if (snapshot.quote || snapshot.trade || snapshot.previousDay)
                snapshots.push_back(std::move(snapshot));
        }
        told(std::move(snapshots));
    });
}

void IbkrFeed::bars(const Symbol& symbol, BarInterval interval, Timestamp from, Timestamp to,
                    std::function<void(Result<std::vector<Bar>>)> done)
{
    m_session.whenUp([this, alive = m_alive, symbol, interval, from, to,
                      done = std::move(done)](const Result<void>& up) {
        if (!*alive) return;
        if (!up) return done(tl::unexpected(up.error()));
        m_conids.find(symbol, [this, alive, interval, from, to, done](const Result<std::int64_t>& conid) {
            if (!*alive) return;
            if (!conid) return done(tl::unexpected(conid.error()));
            askBars(*conid, interval, from, to, done);
        });
    });
}

void IbkrFeed::askBars(std::int64_t conid, BarInterval interval, Timestamp from, Timestamp to,
                       std::function<void(Result<std::vector<Bar>>)> done)
{
    const Duration most = lengthOf(interval) * static_cast<std::int64_t>(kBarsMax);
    const Duration wanted = std::clamp(m_core.clock().now() - from, lengthOf(interval), most);
    RequestGate::Request request;
    request.path = "/iserver/marketdata/history?conid=" + std::to_string(conid) +
                   "&period=" + periodWord(wanted) + "&bar=" + std::string(barWord(interval)) +
                   "&outsideRth=false";
    m_history.ask(std::move(request), [alive = m_alive, from, to,
                                       done = std::move(done)](const Result<wire::HttpResponse>& result) {
        if (!*alive) return;
        if (!result) return done(tl::unexpected(result.error()));
        if (result->status >= 400)
            return done(tl::unexpected(ibkr::readErrorBody(result->status, result->body)));
        const auto document = json::Document::parse(result->body);
        if (!document) return done(tl::unexpected(document.error()));
        std::vector<Bar> bars;
        for (const auto& item : document->root()["data"].items()) {
            const auto bar = ibkr::readBar(item);
            if (!bar) return done(tl::unexpected(bar.error()));
            if (bar->start >= from && bar->start < to) bars.push_back(*bar);
        }
        done(std::move(bars));
    });
}

} // namespace qd::brokers
