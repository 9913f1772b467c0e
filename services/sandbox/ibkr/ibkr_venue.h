#pragma once

#include <functional>
#include <string>

#include "services/sandbox/alpaca/desk.h"
#include "services/sandbox/http_faults.h"
#include "services/sandbox/ibkr/contracts.h"
#include "services/sandbox/ibkr/market_api.h"
#include "services/sandbox/ibkr/order_teller.h"
#include "services/sandbox/ibkr/orders_api.h"
#include "services/sandbox/ibkr/pacing.h"
#include "services/sandbox/ibkr/portfolio_api.h"
#include "services/sandbox/ibkr/session.h"
#include "services/sandbox/ibkr/stream.h"
#include "services/sandbox/other_protocol.h"

namespace qd::sandbox::ibkr {

struct IbkrOptions {
    AccountId account{"paper"}; ///< of the exchange; open already
    PacingOptions pacing;
    PrecautionOptions precautions;
    std::function<void()> keep = {}; ///< saves what a request has changed, before its answer leaves
};

/// IBKR's Client Portal gateway over a paper exchange that somebody else keeps: REST and the stream
/// behind one address, one user with one account, signed in as in a browser. Knows no sockets: whoever
/// hosts it calls `handle` and `upgrade`, and passes on what the exchange tells.
/// Everything on the desk's executor; the desk outlives it.
class IbkrVenue final : public wire::Service, public OtherProtocol {
public:
    explicit IbkrVenue(alpaca::Desk& desk, IbkrOptions options = {});

    void handle(wire::HttpRequest request, Respond respond) override;
    tl::expected<wire::WebSocketEvents, wire::HttpResponse>
    upgrade(const wire::HttpRequest& request) override;

    void orderUpdated(const exchange::OrderUpdate& update) override;
    void marketMoved(const exchange::MarketBatch& batch) override;
    bool tookOrder(const exchange::VenueOrder& order) const override;
    /// The gateway has one stream for both, and no keys.
    void disconnectTradeStreams(std::string_view keyId) override;
    void disconnectDataStreams(std::string_view keyId) override;

    // ── for drills and tests ──────────────────────────────────────────────────────────────────
    Session& session() { return m_session; }
    const OrderLedger& orders() const { return m_ledger; }
    Contracts& contracts() { return m_contracts; }
    const std::string& accountNumber() const { return m_accountNumber; }
    /// Out of the penalty box.
    void forgive() { m_pacing.forgive(); }

private:
    void loginChanged();
    wire::HttpResponse answer(const ApiRequest& asked);

    alpaca::Desk& m_desk;
    std::function<void()> m_keep;
    HttpFaults m_httpFaults;
    std::string m_accountNumber;
    Contracts m_contracts;
    OrderLedger m_ledger;
    Session m_session;
    Pacing m_pacing;
    Stream m_stream;
    OrderTeller m_teller;
    OrdersApi m_orders;
    PortfolioApi m_portfolio;
    MarketApi m_market;
};

} // namespace qd::sandbox::ibkr
