#include "services/gateway/stream_hub.h"

#include <algorithm>

#include "services/gateway/market_api.h"
#include "services/gateway/orders_api.h"
#include "services/orders/order_json.h"

namespace qd::gateway {

namespace {

constexpr int kPolicyViolation = 1008, kTryAgainLater = 1013; // RFC 6455 §7.4.1, IANA registry
constexpr std::size_t kSnapshotOrders = 500, kSnapshotFills = 500;
constexpr std::size_t kWishMax = 5'000;

/// The facts that one committed change carries, as members.
void writeFacts(json::Writer& out, const orders::Committed& committed,
                const StreamHub::Dependencies& the, bool live)
{
    if (committed.order) {
        out.key("order");
        orders::writeOrder(out, *committed.order);
    }
    if (committed.fill) {
        out.key("fill");
        orders::writeFill(out, *committed.fill);
    }
    if (committed.position)
        out.key("position").raw(
            positionJson(*committed.position, the.market,
                         the.orders.isReconciled(committed.position->symbol)));
    if (committed.account) {
        out.key("account");
        orders::writeAccount(out, *committed.account, {the.orders.openRisk(), live});
    }
    if (committed.trading) {
        out.key("trading");
        orders::writeTrading(out, *committed.trading);
    }
    if (committed.report) {
        out.key("report");
        orders::writeReport(out, *committed.report);
    }
    if (committed.notice) {
        out.key("notice");
        orders::writeNotice(out, *committed.notice);
    }
}

Result<std::vector<Symbol>> readSymbols(const json::Value& array)
{
    std::vector<Symbol> symbols;
    for (const auto& item : array.items()) {
        const auto symbol = Symbol::parse(item.stringOr({}));
        if (!symbol) return tl::unexpected(symbol.error());
        symbols.push_back(*symbol);
    }
    return symbols;
}

Result<market::Interest> readInterest(const json::Value& wish)
{
    market::Interest interest;
    if (wish["quotes"].size() + wish["trades"].size() + wish["bars"].size() > kWishMax)
        return fail(ErrorKind::Invalid, "stream.too_many",
                    "expected at most " + std::to_string(kWishMax) + " subscriptions");
    auto quotes = readSymbols(wish["quotes"]);
    if (!quotes) return tl::unexpected(quotes.error());
    interest.quotes = std::move(*quotes);
    auto trades = readSymbols(wish["trades"]);
    if (!trades) return tl::unexpected(trades.error());
    interest.trades = std::move(*trades);
    for (const auto& item : wish["bars"].items()) {
        const auto symbol = Symbol::parse(item["symbol"].stringOr({}));
        if (!symbol) return tl::unexpected(symbol.error());
        const auto interval = parseBarInterval(item["interval"].stringOr("1m"));
        if (!interval) return tl::unexpected(interval.error());
        interest.bars.emplace_back(*symbol, *interval);
    }
    return interest;
}

} // namespace

struct StreamHub::Session {
    std::shared_ptr<wire::WebSocket> socket;
    std::optional<Caller> caller;
    runtime::Timer helloTimer;
    MarketFanout::Membership market;
    std::list<SessionPtr>::iterator place;
    bool greeted = false; ///< gets events
    bool listed = false;
};

StreamHub::StreamHub(Dependencies dependencies, StreamSettings settings)
    : m_the(std::move(dependencies)), m_settings(std::move(settings)), m_fanout(m_the.market)
{
    m_the.orders.observe([this](const orders::Committed& committed) { onCommitted(committed); });
    m_statusTimer = m_the.core.after(m_settings.statusEvery, [this] { broadcastStatus(); });
}

StreamHub::~StreamHub() = default;

tl::expected<wire::WebSocketEvents, wire::HttpResponse>
StreamHub::open(const wire::HttpRequest&, std::optional<Caller> caller)
{
    if (m_sessions.size() >= m_settings.sessionsMax) {
        ++m_stats.refused;
        auto full = gateway::problemOf(
            Error{ErrorKind::Unavailable, "stream.full",
                  std::to_string(m_sessions.size()) + " sessions are open", {}},
            "Too many sessions");
        full.retryAfter = std::chrono::seconds(5);
        return tl::unexpected(toResponse(full, {}));
    }
    auto session = std::make_shared<Session>();
    session->caller = std::move(caller);
    wire::WebSocketEvents events;
    events.onOpen = [this, session](std::shared_ptr<wire::WebSocket> socket) {
        session->socket = std::move(socket);
        session->place = m_sessions.insert(m_sessions.end(), session);
        session->listed = true;
        m_stats.sessions = m_sessions.size();
        session->helloTimer = m_the.core.after(
            m_settings.helloWithin, [this, weak = std::weak_ptr<Session>(session)] {
                const auto silent = weak.lock();
                if (silent && !silent->greeted)
                    drop(silent, kPolicyViolation, "no hello within the time allowed");
            });
    };
    events.onMessage = [this, session](const wire::WebSocketMessage& message) {
        onMessage(session, message.payload);
    };
    events.onClosed = [this, session](const wire::CloseReason&) {
        if (!session->listed) return;
        session->listed = false;
        session->helloTimer.cancel();
        session->market = {};
        m_sessions.erase(session->place);
        m_stats.sessions = m_sessions.size();
        session->socket.reset();
    };
    return events;
}

void StreamHub::drop(const SessionPtr& session, int code, const std::string& reason,
                     std::string_view name)
{
    if (!session->socket) return;
    session->greeted = false;
    session->market = {};
    json::Writer out;
    out.beginObject().member("type", "error");
    name.empty() ? out.member("code", code) : out.member("code", name);
    out.member("detail", reason);
    session->socket->send({false, out.endObject().take()});
    session->socket->close({code, reason});
}

void StreamHub::onMessage(const SessionPtr& session, const std::string& payload)
{
    if (!session->socket) return;
    const auto document = json::Document::parse(payload, {.sizeBytesMax = 256 << 10, .depthMax = 8});
    if (!document) return drop(session, kPolicyViolation, "expected JSON: " + document.error().detail);
    const auto root = document->root();
    const auto type = root["type"].stringOr({});
    if (type == "hello") return onHello(session, root);
    if (!session->greeted) return drop(session, kPolicyViolation, "expected hello first");
    if (type == "subscribe") return onSubscribe(session, root);
    if (type == "ping") {
        session->socket->send(
            {false, "{\"type\":\"pong\",\"id\":" + std::to_string(root["id"].integerOr(0)) + "}"});
        return;
    }
    drop(session, kPolicyViolation, "unknown message type");
}

void StreamHub::onHello(const SessionPtr& session, const json::Value& hello)
{
    if (const auto token = hello["token"].stringOr({}); !token.empty()) {
        const auto known = m_the.authenticator.authenticate(token);
        if (!known) return drop(session, kPolicyViolation, known.error().detail);
        session->caller = *known;
    }
    if (!session->caller) return drop(session, kPolicyViolation, "hello without a token");
    if (!includes(session->caller->roles, Role::Viewer) || session->caller->isProgram)
        return drop(session, kPolicyViolation, "this needs the role viewer", "auth.role");
    session->helloTimer.cancel();
    // Nothing was committed since the start: the numbers go on from the log's.
    if (m_lastSequence == 0) m_lastSequence = m_the.orders.lastSequence();

    json::Writer out;
    out.beginObject()
        .member("type", "welcome")
        .member("session", m_the.random.uuidV4())
        .member("sequence", m_lastSequence)
        .member("version", m_settings.version)
        .member("environment", m_settings.live ? "live" : "paper")
        .member("caller", session->caller->name)
        .member("now", m_the.core.clock().now());
    session->socket->send({false, out.endObject().take()});
    const auto after = hello["after"];
    if (after.isAbsent() || !replay(session, after.integerOr(-1))) sendSnapshot(session);
    session->greeted = true;
    session->socket->send({false, "{\"type\":\"status\"," + m_the.status() + "}"});
}

/// Sends what the session missed. False if that is no longer known.
bool StreamHub::replay(const SessionPtr& session, std::int64_t after)
{
    const auto first = std::ranges::upper_bound(m_recent, after, {}, &Sent::sequence);
    // The client counts on being at an event it has seen.
    if (after != (first == m_recent.end() ? m_lastSequence : first->previous)) return false;
    for (auto at = first; at != m_recent.end(); ++at)
        if (!session->socket->sendShared(at->text, false)) return false;
    ++m_stats.replays;
    return true;
}

void StreamHub::sendSnapshot(const SessionPtr& session)
{
    json::Writer out;
    out.beginObject().member("type", "snapshot").member("sequence", m_lastSequence);
    out.key("orders").beginArray();
    orders::OrderFilter open;
    open.status = orders::OrderFilter::Status::Open;
    open.limit = kSnapshotOrders;
    for (const auto& order : m_the.orders.orders(open).orders) orders::writeOrder(out, order);
    orders::OrderFilter closed;
    closed.status = orders::OrderFilter::Status::Closed;
    closed.limit = kSnapshotOrders;
    for (const auto& order : m_the.orders.orders(closed).orders) orders::writeOrder(out, order);
    out.endArray().key("fills").beginArray();
    for (const auto& fill : m_the.orders.fills({.symbol = {}, .since = {}, .limit = kSnapshotFills}))
        orders::writeFill(out, fill);
    out.endArray().key("positions").beginArray();
    for (const auto& position : m_the.orders.positions())
        out.raw(positionJson(position, m_the.market, m_the.orders.isReconciled(position.symbol)));
    out.endArray().key("account");
    const auto account = accountJson(m_the.orders, m_settings.live);
    account.empty() ? out.null() : out.raw(account);
    out.key("trading");
    orders::writeTrading(out, m_the.orders.trading());
    out.key("market").raw(marketStatusJson(m_the.market, m_the.core.clock().now()));
    ++m_stats.snapshots;
    if (!session->socket->send({false, out.endObject().take()}))
        drop(session, kTryAgainLater, "the snapshot does not fit the send queue");
}

void StreamHub::onSubscribe(const SessionPtr& session, const json::Value& wish)
{
    auto interest = readInterest(wish);
    if (!interest) return drop(session, kPolicyViolation, describe(interest.error()));
    session->market = {};
    if (interest->quotes.empty() && interest->trades.empty() && interest->bars.empty()) return;
    auto joined = m_fanout.join(std::move(*interest), session->socket);
    if (!joined) return drop(session, kPolicyViolation, describe(joined.error()));
    session->market = std::move(*joined);
}

void StreamHub::onCommitted(const orders::Committed& committed)
{
    json::Writer out;
    out.beginObject()
        .member("type", "event")
        .member("sequence", committed.sequence)
        .member("previous", m_lastSequence)
        .member("kind", committed.kind)
        .member("time", committed.time);
    writeFacts(out, committed, m_the, m_settings.live);
    const auto previous = std::exchange(m_lastSequence, committed.sequence);
    const auto text = std::make_shared<const std::string>(out.endObject().take());
    m_recent.push_back({committed.sequence, previous, text});
    if (m_recent.size() > m_settings.replayMax) m_recent.pop_front();
    ++m_stats.events;
    std::vector<SessionPtr> slow; // closing may end sessions while we walk their list
    for (const auto& session : m_sessions)
        if (session->greeted && !session->socket->sendShared(text, false)) slow.push_back(session);
    m_stats.slowClosed += slow.size();
    for (const auto& session : slow)
        drop(session, kTryAgainLater, "too slow; come back with the last sequence you have");
}

void StreamHub::broadcastStatus()
{
    m_statusTimer = m_the.core.after(m_settings.statusEvery, [this] { broadcastStatus(); });
    m_fanout.catchUp();
    recheck(); // an access token may have expired
    const bool anybody =
        std::ranges::any_of(m_sessions, [](const SessionPtr& session) { return session->greeted; });
    if (!anybody) return;
    const auto text =
        std::make_shared<const std::string>("{\"type\":\"status\"," + m_the.status() + "}");
    for (const auto& session : m_sessions) // replaceable: a full queue just misses one
        if (session->greeted) session->socket->sendShared(text, false);
}

void StreamHub::announce(const orders::Notice& notice, Role role)
{
    json::Writer out;
    out.beginObject()
        .member("type", "event")
        .member("sequence", m_lastSequence)
        .member("previous", m_lastSequence)
        .member("kind", "security.alert")
        .member("time", m_the.core.clock().now())
        .key("notice");
    orders::writeNotice(out, notice);
    const auto text = std::make_shared<const std::string>(out.endObject().take());
    for (const auto& session : m_sessions) // a full queue misses it; the log has what it tells of
        if (session->greeted && includes(session->caller->roles, role))
            session->socket->sendShared(text, false);
}

void StreamHub::recheck()
{
    const auto sessions = m_sessions; // closing may end sessions while we walk their list
    for (const auto& session : sessions) {
        if (!session->greeted || !session->caller->session) continue;
        const auto roles = m_the.authenticator.rolesNow(*session->caller);
        if (roles && includes(*roles, Role::Viewer)) continue;
        ++m_stats.ended;
        if (roles)
            drop(session, kPolicyViolation, "the role viewer was taken away", "auth.role");
        else
            drop(session, kPolicyViolation, "the session is over", "auth.session_ended");
    }
}

void StreamHub::closeAll(const std::string& reason)
{
    const auto sessions = m_sessions;
    for (const auto& session : sessions)
        if (session->socket) session->socket->close({kTryAgainLater, reason});
}

} // namespace qd::gateway
