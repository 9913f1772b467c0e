#pragma once

#include <memory>

#include "services/brokers/broker.h"
#include "services/brokers/ibkr/ibkr_settings.h"
#include "services/brokers/shared_session.h"
#include "services/observability/spans.h"
#include "services/resilience/circuit_breaker.h"
#include "services/runtime/random.h"
#include "services/wire/http.h"

namespace qd::brokers {

/// IBKR's Client Portal Web API behind the Broker contract, through the gateway that the user runs and
/// signs in to. Orders are refused before they are sent while the brokerage session is not healthy.
/// IBKR's questions about an order ("price exceeds the Percentage constraint of 3%") are answered yes
/// only where the order carries the confirmation "ibkr.<message id>"; else it is refused with Denied
/// "broker.confirmation_needed". What IBKR lists is the present session's; executions of seven days.
/// Core executor; the HTTP and WebSocket clients it is given must call back there too.
class IbkrBroker final : public Broker, public SharedSession {
public:
    /// Everything given outlives the broker. `tracer` may be null: calls leave no spans.
    IbkrBroker(IbkrSettings settings, wire::HttpClient& http, wire::WebSocketClient& sockets,
               runtime::Executor& core, runtime::Random& random,
               observability::Tracer* tracer = nullptr);
    ~IbkrBroker() override;

    const Capabilities& capabilities() const override;
    BrokerStatus status() const override;
    void submit(const OrderRequest& request, const std::string& traceParent,
                OutcomeCallback done) override;
    void modify(const VenueOrderId& order, const Modification& change,
                const std::string& traceParent, OutcomeCallback done) override;
    void cancel(const VenueOrderId& order, const std::string& traceParent,
                OutcomeCallback done) override;
    void findByClientId(const ClientOrderId& id, Callback<OrderReport> done) override;
    void listOrders(const OrderQuery& query, Callback<std::vector<OrderReport>> done) override;
    void listExecutions(Timestamp since, Callback<std::vector<Fill>> done) override;
    void listPositions(Callback<std::vector<Position>> done) override;
    void account(Callback<AccountSnapshot> done) override;
    void listInstruments(Callback<std::vector<Instrument>> done) override;
    void start(std::function<void(BrokerEvent)> events) override;
    void stop() override;

    bool isCompeting() const override;
    void takeOver(Taken done) override;

    /// IBKR's number of the account, once a session was up.
    const std::string& accountNumber() const;

    /// Market data by the same session, which a user has only one of. Ends before the broker.
    std::unique_ptr<MarketFeed> makeFeed(wire::WebSocketClient& sockets, runtime::Random& random);

    const resilience::CircuitBreaker& breaker() const;
    /// Close the breaker by hand after a repair.
    resilience::CircuitBreaker& breaker();

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace qd::brokers
