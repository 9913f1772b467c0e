#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "services/sandbox/alpaca/credentials.h"
#include "services/sandbox/alpaca/desk.h"
#include "services/sandbox/alpaca/stream_session.h"

namespace qd::sandbox::alpaca {

struct DataStreamOptions {
    int connectionsPerKeyMax = 1; ///< a feed; more are refused with 406
    int symbolsMax = 0;           ///< of trades and quotes together (405); 0 = no limit
    bool sipAllowed = true;       ///< false: /v2/sip answers 409
};

/// The market-data streams: /v2/{iex,sip,delayed_sip} and /v1beta3/crypto/us from the exchange,
/// /v2/test with the symbol FAKEPACA; /v1beta1/{indicative,opra} with option contracts' quotes and
/// trades, in MessagePack alone: text is refused with 412, "*" for quotes with 413. Control messages are arrays of one, data arrays hold all
/// events of one moment that a client asked for. One thread.
class DataStream {
public:
    static constexpr Duration kAuthenticateWithin = std::chrono::seconds(10);
    /// What a client may leave unread before it is told 407 and closed, if that much stays unread for
    /// so long: after a pause of our own a lot leaves at once, to the fastest client too.
    static constexpr std::size_t kQueueBytesMax = 512 << 10;
    static constexpr Duration kSlowAfter = std::chrono::milliseconds(250);
    static constexpr std::size_t kSessionsMax = 1000;

    DataStream(Desk& desk, const KeyRing& keys, DataStreamOptions options);

    /// Is `path` one of the streams?
    static bool serves(std::string_view path);
    tl::expected<wire::WebSocketEvents, wire::HttpResponse>
    accept(const wire::HttpRequest& request, std::string_view path);
    void publish(const exchange::MarketBatch& batch);
    void disconnect(std::string_view keyId);

private:
    enum class Feed { Stocks, Crypto, Options, Test };
    enum Channel { Trades, Quotes, Bars, UpdatedBars, DailyBars, Statuses, Lulds, OrderBooks,
                   kChannels };
    static constexpr std::array<std::string_view, kChannels> kChannelNames = {
        "trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses", "lulds", "orderbooks"};

    struct Subscription {
        std::set<std::string> symbols; ///< as asked for, "*" among them
        bool all = false;
        std::unordered_set<exchange::InstrumentIndex> instruments;
        bool wants(exchange::InstrumentIndex index) const
        {
            return all || instruments.contains(index);
        }
    };
    struct Session {
        std::shared_ptr<wire::WebSocket> socket;
        Codec codec = Codec::Json;
        Feed feed = Feed::Stocks;
        std::string path, keyId;
        bool authenticated = false;
        std::array<Subscription, kChannels> channels;
        runtime::Timer deadline;
        std::optional<Duration> behindSince; ///< steady; above kQueueBytesMax
    };
    using SessionId = std::int64_t;
    /// The texts of one batch, built when the first session wants them.
    struct Encoded {
        std::string main, daily, book;
    };

    void onOpen(SessionId id, std::shared_ptr<wire::WebSocket> socket,
                const wire::Headers& headers);
    void onMessage(SessionId id, const wire::WebSocketMessage& message);
    void welcome(Session& session, const ApiKey* key);
    void change(Session& session, const json::Value& request, bool subscribe);
    static bool carries(Feed feed, AssetClass assetClass);
    static bool carries(Feed feed, Channel channel);
    bool admits(const Session& session, const std::array<Subscription, kChannels>& wanted) const;
    void sendSubscriptions(Session& session);
    void sendError(Session& session, int code, std::string_view message);
    void send(Session& session, std::string json);
    bool isSlow(Session& session) const;
    std::string collect(const Session& session, const exchange::MarketBatch& batch,
                        std::vector<Encoded>& cache);
    void append(std::string& out, std::string& cached, Channel channel,
                const exchange::MarketEvent& event);
    std::string encode(Channel channel, const exchange::MarketEvent& event) const;
    void tickTestFeed();

    Desk& m_desk;
    const KeyRing& m_keys;
    DataStreamOptions m_options;
    std::map<SessionId, Session> m_sessions;
    SessionId m_nextSession = 1;
    /// Sockets may outlive the venue; their events then find it gone.
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
    runtime::Timer m_testFeed;
    std::int64_t m_testTicks = 0;
};

} // namespace qd::sandbox::alpaca
