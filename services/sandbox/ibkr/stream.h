#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/sandbox/ibkr/market_fields.h"
#include "services/sandbox/ibkr/order_json.h"
#include "services/sandbox/ibkr/session.h"

namespace qd::sandbox::ibkr {

/// The WebSocket at /v1/api/ws. The session comes as a cookie or as the first message; then commands are
/// texts like `smd+265598+{"fields":["31","84"]}`. Market data, trades and account figures confirm a
/// subscription; orders do not. A subscription to market data ends by itself after ten minutes, silently.
/// One thread.
class Stream {
public:
    static constexpr Duration kHeartbeat = std::chrono::seconds(10);
    static constexpr Duration kMarketDataLasts = std::chrono::minutes(10);
    /// Quotes are told so often at most.
    static constexpr Duration kFlushEvery = std::chrono::milliseconds(250);
    static constexpr std::size_t kSessionsMax = 100;
    static constexpr std::size_t kMarketDataMax = 100; ///< market data lines of a user
    static constexpr std::size_t kQueueBytesMax = 512 << 10;

    struct Parts {
        alpaca::Desk& desk;
        Session& session;
        const Contracts& contracts;
        OrderLedger& ledger;
        std::string accountNumber;
    };
    explicit Stream(Parts parts);

    tl::expected<wire::WebSocketEvents, wire::HttpResponse> accept(const wire::HttpRequest& request);
    /// One message about an order (`sor`) or an execution (`str`) to those who follow them.
    void publish(const std::string& message);
    void marketMoved(const exchange::MarketBatch& batch);
    /// Tell `sts`; a session that is over takes its sockets with it.
    void sessionChanged();
    void disconnect();

private:
    struct MarketLine {
        std::vector<std::string> fields;
        MarketFields told;
        Duration until{}; ///< steady
        bool isDirty = false;
    };
    struct Client {
        std::shared_ptr<wire::WebSocket> socket;
        bool admitted = false, orders = false, executions = false;
        std::map<exchange::InstrumentIndex, MarketLine> lines;
    };
    using ClientId = std::int64_t;

    void onOpen(ClientId id, std::shared_ptr<wire::WebSocket> socket, const std::string& cookie);
    void onMessage(ClientId id, const std::string& text);
    void admit(Client& client, std::string_view sessionId);
    void obey(Client& client, const std::string& text);
    void followMarket(Client& client, std::int64_t conid, const json::Value& wish);
    void followOrders(Client& client);
    void followTrades(Client& client, const json::Value& wish);
    void tellLine(Client& client, exchange::InstrumentIndex instrument, MarketLine& line, bool isFirst);
    void flush();
    void beat();
    void send(Client& client, std::string text);
    std::string statusMessage() const;

    Parts m_parts;
    std::map<ClientId, Client> m_clients;
    ClientId m_nextClient = 1;
    /// Sockets may outlive the venue; their events then find it gone.
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
    runtime::Timer m_heartbeat, m_flush;
};

} // namespace qd::sandbox::ibkr
