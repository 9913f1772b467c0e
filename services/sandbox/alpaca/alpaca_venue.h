#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "services/exchange/exchange.h"
#include "services/sandbox/alpaca/account_api.h"
#include "services/sandbox/alpaca/assets_api.h"
#include "services/sandbox/alpaca/credentials.h"
#include "services/sandbox/alpaca/data_api.h"
#include "services/sandbox/alpaca/data_stream.h"
#include "services/sandbox/alpaca/desk.h"
#include "services/sandbox/alpaca/option_contracts_api.h"
#include "services/sandbox/alpaca/orders_api.h"
#include "services/sandbox/alpaca/positions_api.h"
#include "services/sandbox/alpaca/rate_limit.h"
#include "services/sandbox/alpaca/trade_stream.h"
#include "services/sandbox/http_faults.h"
#include "services/sandbox/other_protocol.h"
#include "services/sandbox/steered_market.h"
#include "services/sandbox/venue_archive.h"
#include "services/wire/http.h"

namespace qd::sandbox::alpaca {

struct AlpacaOptions {
    exchange::ExchangeOptions exchange;
    Money cash = Money::of("100000"); ///< of each account at its opening
    int requestsPerMinute = 200;      ///< for each key, trading and market data apart
    DataStreamOptions data;
};

/// Alpaca over a paper exchange: trading REST, trade updates, market-data REST and streams behind
/// one address. Knows no sockets: whoever hosts it calls `handle` and `upgrade`.
/// Everything on one executor; `executor` and `random` outlive it.
class AlpacaVenue final : public wire::Service, private exchange::ExchangeListener {
public:
    AlpacaVenue(runtime::Executor& executor, runtime::Random& random,
                std::unique_ptr<exchange::MarketSource> market, AlpacaOptions options = {});
    ~AlpacaVenue() override;

    /// Go on where the venue of this archive closed, and keep everything in it from now on: a change
    /// that is asked for by REST is on the disk before its answer leaves, what the market does within
    /// the same turn of the executor. Before `addKey` and `start`; `archive` outlives the venue.
    /// While the disk refuses, the venue goes on in memory, tells `failed` and tries again.
    /// Fails as VenueArchive::load and Exchange::restore do.
    Result<void> keepIn(VenueArchive& archive, std::function<void(const Error&)> failed);
    /// Save what has changed; nothing without an archive.
    void keep();

    /// Let somebody in; opens the key's account if there is none.
    void addKey(ApiKey key);
    /// Start the market. Without it the market moves only by `exchange().moveOn()`.
    void start();

    /// Another protocol that this venue is spoken in: it hears of orders and the market what Alpaca's
    /// streams hear, after them, until it is removed.
    void add(OtherProtocol& other);
    void remove(OtherProtocol& other);

    void handle(wire::HttpRequest request, Respond respond) override;
    tl::expected<wire::WebSocketEvents, wire::HttpResponse>
    upgrade(const wire::HttpRequest& request) override;

    // ── for drills and tests ──────────────────────────────────────────────────────────────────
    exchange::Exchange& exchange() { return m_exchange; }
    SteeredMarket& market() { return m_market; }
    FaultBook& faults() { return m_faults; }
    VenueRecords& records() { return m_records; }
    KeyRing& keys() { return m_keys; }
    OrdersApi& orders() { return m_orders; }
    Desk& desk() { return m_desk; }
    /// Shut or open the session: the clock says so, and shut nothing is quoted or filled.
    void setSessionShut(bool shut);
    /// In every protocol: of one key, or all when `keyId` is empty.
    void disconnectTradeStreams(std::string_view keyId);
    void disconnectDataStreams(std::string_view keyId);
    /// A key that no longer opens anything; its streams are closed.
    void revokeKey(std::string_view keyId);

private:
    AlpacaVenue(runtime::Executor& executor, runtime::Random& random,
                std::unique_ptr<SteeredMarket> market, AlpacaOptions options);

    void orderUpdated(const exchange::OrderUpdate& update) override;
    void marketMoved(const exchange::MarketBatch& batch) override;

    wire::HttpResponse answer(ApiRequest& request);
    wire::HttpResponse authenticateAndAnswer(const wire::HttpRequest& request,
                                             const wire::Target& target, const json::Value& body);
    void finish(const FaultSubject& subject, bool swallow, wire::HttpResponse response,
                Respond respond);
    void tellMarket(const exchange::MarketBatch& batch);
    void keepSoon();
    void keepNowAndThen();

    runtime::Executor& m_executor;
    runtime::Random& m_random;
    AlpacaOptions m_options;
    SteeredMarket& m_market; ///< owned by the exchange
    exchange::Exchange m_exchange;
    FaultBook m_faults;
    VenueRecords m_records;
    Desk m_desk;
    HttpFaults m_httpFaults;
    std::vector<OtherProtocol*> m_others;
    KeyRing m_keys;
    RateLimit m_tradingLimit, m_dataLimit;
    TradeStream m_tradeStream;
    DataStream m_dataStream;
    OrdersApi m_orders;
    PositionsApi m_positions;
    AccountApi m_account;
    AssetsApi m_assets;
    OptionContractsApi m_contracts;
    WatchlistsApi m_watchlists;
    DataApi m_data;
    VenueArchive* m_archive = nullptr; ///< null: nothing is kept
    std::function<void(const Error&)> m_keepingFailed;
    Duration m_keepAgainAt{}; ///< steady; after a failure
    bool m_keepPosted = false;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
    runtime::Timer m_keepTimer;
    /// Halts and resumptions that only serve a shut session and are told to nobody.
    std::multiset<exchange::InstrumentIndex> m_quietStatuses;
};

} // namespace qd::sandbox::alpaca
