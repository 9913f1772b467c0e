#pragma once

#include <string>

#include "services/sandbox/alpaca/alpaca_venue.h"
#include "services/sandbox/tradier/account_api.h"
#include "services/sandbox/tradier/account_stream.h"
#include "services/sandbox/tradier/market_api.h"
#include "services/sandbox/tradier/market_stream.h"
#include "services/sandbox/tradier/orders_api.h"

namespace qd::sandbox::tradier {

/// Requests a minute and token, in windows that open with the first request.
struct TradierLimits {
    int trading = 60;   ///< POST, PUT and DELETE of orders
    int standard = 120; ///< accounts, orders read, sessions
    int market = 120;
};

/// Tradier's brokerage API over the exchange and the accounts of a venue that stands already: REST and
/// both event streams behind one address, by the bearer tokens of that venue's keys, under the faults
/// in force there. Knows no sockets: whoever hosts it calls `handle` and `upgrade`. On the venue's
/// executor; the venue outlives it.
class TradierVenue final : public wire::Service, private OtherProtocol {
public:
    explicit TradierVenue(alpaca::AlpacaVenue& venue, TradierLimits limits = {});
    ~TradierVenue() override;

    void handle(wire::HttpRequest request, Respond respond) override;
    tl::expected<wire::WebSocketEvents, wire::HttpResponse>
    upgrade(const wire::HttpRequest& request) override;

    /// As Tradier numbers the account; empty if there is none.
    std::string accountNumber(const AccountId& account) const;
    void disconnectTradeStreams(std::string_view keyId) override;
    void disconnectDataStreams(std::string_view keyId) override;

private:
    void orderUpdated(const exchange::OrderUpdate& update) override;
    void marketMoved(const exchange::MarketBatch& batch) override;
    bool tookOrder(const exchange::VenueOrder& order) const override;

    wire::HttpResponse authenticateAndAnswer(const wire::HttpRequest& request, ApiRequest& taken);
    wire::HttpResponse answer(const wire::HttpRequest& request, const ApiRequest& taken,
                              const std::string& keyId);
    wire::HttpResponse answerAccount(const ApiRequest& taken);
    wire::HttpResponse makeSession(const wire::HttpRequest& request, const ApiRequest& taken,
                                   const std::string& keyId);
    alpaca::RateLimit& limitOf(const ApiRequest& taken);

    alpaca::AlpacaVenue& m_venue;
    alpaca::Desk& m_desk;
    HttpFaults m_httpFaults;
    alpaca::RateLimit m_trading, m_standard, m_market;
    OrderChains m_chains;
    AccountStream m_accountStream;
    MarketStream m_marketStream;
    OrdersApi m_orders;
    AccountApi m_accounts;
    MarketApi m_markets;
};

} // namespace qd::sandbox::tradier
