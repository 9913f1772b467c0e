#pragma once

#include <any>
#include <memory>
#include <string>
#include <unordered_map>

#include <QThread>
#include <QUrl>

#include "services/client/caller.h"
#include "services/client/session.h"
#include "services/runtime/clock.h"
#include "services/runtime/random.h"
#include "services/runtime/secret.h"

namespace qd::json {
class Value;
}

namespace qd::client {

class FieldReader;
struct RestCall;
class RestClient;
class StreamLink;

/// Where a backend is, and what it knows us by.
struct ServerAddress {
    QUrl url;              ///< "http://127.0.0.1:40123"
    runtime::Secret token; ///< of the owner's token file
    QString caFile = {};   ///< PEM: whom to trust over https; empty: the machine's authorities
};

/// Times and limits of a conversation; the defaults are for people, tests give shorter ones.
struct NetSettings {
    std::chrono::milliseconds silenceMax{5'000};   ///< status comes every second
    std::chrono::milliseconds welcomeWithin{5'000};
    std::chrono::milliseconds retryMin{250}, retryMax{10'000};
    /// After a longer absence everything is fetched anew: bars went on, and no log replays them.
    std::chrono::milliseconds replayWithin{10'000};
    std::chrono::milliseconds pingEvery{2'000};
    std::chrono::milliseconds frame{16};           ///< between two batches of market data
    std::chrono::milliseconds questionDeadline{10'000};
    std::chrono::milliseconds commandDeadline{20'000}; ///< the backend's own is shorter
    std::size_t bodyBytesMax = 16u << 20;
    std::size_t frameBytesMax = 16u << 20;
    std::size_t tradesMax = 2'000; ///< of one batch; older ones are dropped and counted
    const runtime::Clock* clock = &runtime::systemClock();
    runtime::Random* random = &runtime::systemRandom();
};

/// A conversation with quarterdeckd: REST for questions and commands, one WebSocket for what
/// happens. Lives on the GUI thread; sockets, JSON and conflation live on its own thread, `net`.
///
/// The stream is kept up by itself: after a loss (closed, silent, unreadable) it comes back with
/// full jitter, asks for what it missed, and subscribes again; every step is told by `linkChanged`.
/// While it is offline, questions and new orders are answered at once with "client.offline"; what
/// takes risk away (cancel, cancel all, halt, reduce) is tried all the same.
///
/// Failures of a call: the server's Problem; or status 0 and "client.offline", "client.deadline",
/// "client.unreadable", with `outcomeUnknown` if a command had left.
class NetSession final : public Session, public Caller {
    Q_OBJECT
public:
    static constexpr std::size_t kQuotesMax = 500; ///< symbols of one call

    /// `server` may be empty: then `start` waits for `setServer`.
    explicit NetSession(ServerAddress server, NetSettings settings = {}, QObject* parent = nullptr);
    ~NetSession() override;

    /// Go to this server from now on, at once: a backend that was started again has another port
    /// and another token.
    void setServer(ServerAddress server);
    /// What to show while there is no server yet: "Starting the market…".
    void announce(LinkState state, const std::string& detail);

    void start() override;
    /// Hang up: nothing comes until `start`. The token is forgotten; the server is not.
    void leave();
    /// Greet anew as whom the token names now.
    void rejoin();
    void setToken(runtime::Secret token) override;
    /// Tried whatever the stream says: one signs in before there is any.
    void call(const ApiCall& call, QObject* owner, TextReply reply) override;
    /// At most 5,000 wishes; quotes beyond that are left out, as the backend refuses more.
    void subscribe(const WishList& wishes) override;
    void submitOrder(const OrderRequest& order, QObject* owner, Reply<Order> reply) override;
    void previewOrder(const OrderRequest& order, QObject* owner,
                      Reply<OrderPreview> reply) override;
    void changeOrder(const OrderChange& change, QObject* owner, Reply<Order> reply) override;
    void cancelOrder(const ClientOrderId& order, QObject* owner, Reply<Order> reply) override;
    void cancelAll(const Symbol& symbolOrEmpty, QObject* owner, Reply<int> reply) override;
    void setTrading(TradingState state, const std::string& reason, QObject* owner,
                    Reply<TradingFacts> reply) override;
    void findInstruments(const std::string& query, int limit, QObject* owner,
                         Reply<std::vector<Instrument>> reply) override;
    /// More than kQuotesMax are asked for in several calls; the answer is one, and a failure if any
    /// of them failed.
    void fetchQuotes(const std::vector<Symbol>& symbols, QObject* owner,
                     Reply<std::vector<QuoteFacts>> reply) override;
    void fetchBars(const Symbol& symbol, BarInterval interval, int limit, QObject* owner,
                   Reply<BarSeries> reply) override;
    void fetchTimeline(const ClientOrderId& order, QObject* owner,
                       Reply<std::vector<TimelineEvent>> reply) override;
    void acceptDifference(const std::string& id, const std::string& reason, QObject* owner,
                          Reply<TradingFacts> reply) override;
    void fetchTrace(const std::string& traceId, QObject* owner,
                    Reply<std::vector<Span>> reply) override;
    void fetchEvents(std::uint64_t after, int limit, QObject* owner,
                     Reply<std::vector<LogEvent>> reply) override;

    void reconcile(QObject* owner, Reply<bool> reply) override;
    /// Any read-only resource as the JSON text it is: "/health/report", "/v1/breakers",
    /// "/v1/events?after=0&limit=200", "/v1/traces?limit=100".
    void fetchText(const std::string& target, QObject* owner, Reply<std::string> reply);

private:
    template <typename T>
    void ask(RestCall call, T (*decode)(FieldReader&, const json::Value&), QObject* owner,
             Reply<T> reply);
    template <typename T>
    void askOnce(RestCall call, T (*decode)(FieldReader&, const json::Value&), QObject* owner,
                 Reply<T> reply);
    void settle(std::uint64_t id, std::any answer);

    NetSettings m_settings;
    QThread m_thread;
    RestClient* m_rest = nullptr;   ///< on m_thread; ends with it
    StreamLink* m_stream = nullptr; ///< on m_thread; ends with it
    LinkFacts m_link; ///< as it was told last
    std::uint64_t m_lastCall = 0;
    /// Replies never leave the GUI thread: only their numbers travel.
    std::unordered_map<std::uint64_t, std::function<void(std::any&)>> m_waiting;
};

} // namespace qd::client
