#pragma once

#include <memory>

#include "services/brokers/tradier/tradier_settings.h"
#include "services/observability/spans.h"
#include "services/resilience/circuit_breaker.h"
#include "services/runtime/random.h"
#include "services/wire/http.h"

namespace qd::brokers {

/// Tradier's brokerage API behind the Broker contract. The client id travels as the order's tag, which
/// Tradier does not keep unique: an id is sent once in this adapter's life, and what became of it is
/// found by its tag. The quantity of an order cannot be changed. Whether a sale opens or closes is said
/// by the position last told and the executions since; a wrong word is refused by the venue.
/// Core executor; the HTTP and WebSocket clients it is given must call back there too.
class TradierBroker final : public Broker {
public:
    /// Everything given outlives the broker. `tracer` may be null: calls leave no spans.
    TradierBroker(TradierSettings settings, wire::HttpClient& http, wire::WebSocketClient& sockets,
                  runtime::Executor& core, runtime::Random& random,
                  observability::Tracer* tracer = nullptr);
    ~TradierBroker() override;

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

    /// Whom Tradier takes us for from now on; without one nothing is sent. A stream whose token was
    /// refused is tried again at once; without a token it ends.
    void useToken(runtime::Secret token);
    /// As `TradierSettings::renew`: what a refused token is replaced by.
    void renewBy(std::function<void(std::function<void(bool)>)> renew);

    resilience::CircuitBreaker& breaker();

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace qd::brokers
