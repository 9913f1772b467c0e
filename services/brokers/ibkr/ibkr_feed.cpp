#include "services/brokers/ibkr/ibkr_feed.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "services/brokers/ibkr/order_json.h"
#include "services/brokers/stream_pace.h"

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
    : m_settings(settings), m_gate(gate), m_session(session), m_conids(conids), m_sockets(sockets),
      m_core(core), m_random(random)
{
}

IbkrFeed::~IbkrFeed()
{
    stop();
    *m_alive = false;
}

FeedClass IbkrFeed::feedClass() const
{
    return m_settings.simulated ? FeedClass::Simulated : m_class;
}

void IbkrFeed::start(std::function<void(std::vector<MarketEvent>)> events)
{
    m_events = std::move(events);
    m_running = true;
    connect();
}

void IbkrFeed::stop()
{
    m_running = m_isOpen = false;
    ++*m_generation;
    m_reconnect.cancel();
    m_handshake.cancel();
    m_again.cancel();
    if (m_socket) m_socket->close({1000, "stopping"});
    m_socket.reset();
}

void IbkrFeed::connect()
{
    if (!m_running) return;
    const int generation = ++*m_generation;
    m_session.whenUp([this, shared = m_generation, generation](const Result<void>& up) {
        if (*shared != generation) return;
        if (!up) return onClosed(up.error().detail);
        openSocket();
    });
}

void IbkrFeed::openSocket()
{
    const int generation = *m_generation;
    const auto current = [shared = m_generation, generation] { return *shared == generation; };
    wire::WebSocketOptions options;
    options.url = m_settings.streamUrl;
    options.idleTimeout = m_settings.streamIdleTimeout;
    options.headers.set("Cookie", "api={\"session\":" + json::quote(m_session.sessionId()) + "}");
    options.headers.set("User-Agent", "quarterdeck");
    wire::WebSocketEvents events;
    events.onOpen = [this, current](std::shared_ptr<wire::WebSocket> socket) {
        if (current()) m_socket = std::move(socket);
    };
    events.onMessage = [this, current](const wire::WebSocketMessage& message) {
        if (current()) onMessage(message.payload);
    };
    events.onClosed = [this, current](const wire::CloseReason& reason) {
        if (current())
            onClosed(reason.text.empty() ? "closed with code " + std::to_string(reason.code) : reason.text);
    };
    m_handshake = m_core.after(kHandshakeMax, [this] {
        const auto socket = m_socket;
        onClosed("IBKR's market data did not answer within 10 s");
        if (socket) socket->close({1000, "leaving"});
    });
    m_socket = m_sockets.connect(std::move(options), std::move(events));
}

void IbkrFeed::onMessage(std::string_view payload)
{
    const auto document = json::Document::parse(payload);
    if (!document)
        return hand({Malformed{std::string(payload.substr(0, 4096)), document.error()}});
    const auto root = document->root();
    const auto topic = root["topic"].stringOr({});
    if (topic == "system" && root["success"].isString() && !m_isOpen) {
        m_handshake.cancel();
        m_failures = 0;
        m_isOpen = true;
        hand({ConnectionChange{true, "market data connected", {}}});
        return askAgain();
    }
    if (!topic.starts_with(kMarketTopic)) return;
    std::int64_t conid = 0;
    const auto digits = topic.substr(kMarketTopic.size());
    std::from_chars(digits.data(), digits.data() + digits.size(), conid);
    const auto line = m_lines.find(conid);
    if (line == m_lines.end()) return; // no longer wanted
    if (root["error"].isString())
        return hand({Malformed{line->second.symbol().text(),
                               ibkr::readError(200, root["error"].stringOr({}))}});
    auto events = line->second.read(root, m_core.clock().now());
    noteAvailability(line->second.availability());
    if (!events) return hand({Malformed{std::string(payload.substr(0, 4096)), events.error()}});
    if (!events->empty()) hand(std::move(*events));
}

void IbkrFeed::noteAvailability(char kind)
{
    if (kind == 'R') m_class = FeedClass::RealTime;
    if (kind == 'D') m_class = FeedClass::Delayed;
    if (kind == 'Z' || kind == 'Y') m_class = FeedClass::Frozen;
}

void IbkrFeed::onClosed(const std::string& reason)
{
    ++*m_generation;
    m_handshake.cancel();
    m_again.cancel();
    m_socket.reset();
    m_isOpen = false;
    if (!m_running) return;
    ++m_failures;
    const auto wait = std::max(kReconnectMin, resilience::fullJitter(kReconnect, m_failures, m_random));
    m_reconnect = m_core.after(wait, [this] { connect(); });
    hand({ConnectionChange{false, reason, m_core.clock().now() + wait}});
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
        if (m_isOpen) m_socket->send({false, "umd+" + std::to_string(line->first) + "+{}"});
        line = m_lines.erase(line);
    }
    if (m_isOpen)
        for (const auto& symbol : m_wanted) follow(symbol);
}

void IbkrFeed::follow(const Symbol& symbol)
{
    m_conids.find(symbol, [this, alive = m_alive, symbol](const Result<std::int64_t>& conid) {
        if (!*alive || !m_running || !m_wanted.contains(symbol)) return;
        if (!conid) return hand({Malformed{symbol.text(), conid.error()}});
        if (m_lines.try_emplace(*conid, symbol).second) sendWish(*conid);
    });
}

void IbkrFeed::sendWish(std::int64_t conid)
{
    if (!m_isOpen) return;
    m_socket->send({false, std::string(kMarketTopic) + std::to_string(conid) + R"(+{"fields":)" +
                               ibkr::kMarketFields + "}"});
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
    if (m_running) m_events(std::move(events));
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
    request.path += "&fields=31,84,85,86,88,7059,6509";
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
            if (line.quote() || line.lastTrade())
                snapshots.push_back({*symbol, line.quote(), line.lastTrade(), {}, {}});
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
    m_gate.send(std::move(request), [alive = m_alive, from, to,
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
