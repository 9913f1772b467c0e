#pragma once

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "services/gateway/authenticator.h"
#include "services/gateway/market_fanout.h"
#include "services/json/json.h"
#include "services/orders/order_service.h"
#include "services/runtime/executor.h"
#include "services/runtime/random.h"

namespace qd::gateway {

struct StreamSettings {
    std::string version;
    bool live = false;           ///< real money
    std::size_t sessionsMax = 12'000;
    std::size_t replayMax = 10'000; ///< events kept for those who come back
    Duration helloWithin = std::chrono::seconds(10);
    Duration statusEvery = std::chrono::seconds(1);
};

/// `/v1/stream`: snapshot, then every committed change in order, market data conflated, and a status
/// frame a second. Protocol: `resources/api.md`, "Stream". Core executor.
/// Facts (orders, fills, notices) are never skipped: a session whose queue is full is closed with
/// 1013 and comes back with the sequence it has.
class StreamHub {
public:
    struct Dependencies {
        runtime::Executor& core;
        runtime::Random& random;
        const Authenticator& authenticator;
        orders::OrderService& orders;
        market::MarketData& market;
        /// The members of a status frame behind `"type":"status"`, without braces.
        std::function<std::string()> status;
    };
    struct Stats {
        std::size_t sessions = 0;
        std::uint64_t events = 0, snapshots = 0, replays = 0, slowClosed = 0, refused = 0, ended = 0;
    };

    /// Observes the order service; construct before its `start`.
    StreamHub(Dependencies dependencies, StreamSettings settings);
    ~StreamHub();

    tl::expected<wire::WebSocketEvents, wire::HttpResponse>
    open(const wire::HttpRequest& request, std::optional<Caller> caller);
    const Stats& stats() const { return m_stats; }
    const MarketFanout::Stats& marketStats() const { return m_fanout.stats(); }
    /// Tell everybody who listens and has `role`: an event of kind "security.alert" that is in no
    /// log, so it has no number of its own and nobody gets it later.
    void announce(const orders::Notice& notice, Role role);
    /// Close the streams of those who may not listen any more.
    void recheck();
    /// Tell every session to come back later, and close.
    void closeAll(const std::string& reason);

private:
    struct Session;
    using SessionPtr = std::shared_ptr<Session>;
    struct Sent {
        std::int64_t sequence, previous;
        std::shared_ptr<const std::string> text;
    };

    void onMessage(const SessionPtr& session, const std::string& payload);
    void onHello(const SessionPtr& session, const json::Value& hello);
    void onSubscribe(const SessionPtr& session, const json::Value& wish);
    void onCommitted(const orders::Committed& committed);
    void sendSnapshot(const SessionPtr& session);
    bool replay(const SessionPtr& session, std::int64_t after);
    void broadcastStatus();
    void drop(const SessionPtr& session, int code, const std::string& reason,
              std::string_view name = {});

    Dependencies m_the;
    StreamSettings m_settings;
    MarketFanout m_fanout;
    std::list<SessionPtr> m_sessions;
    std::deque<Sent> m_recent;
    std::int64_t m_lastSequence = 0;
    runtime::Timer m_statusTimer;
    Stats m_stats;
};

} // namespace qd::gateway
