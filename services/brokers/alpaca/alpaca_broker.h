#pragma once

#include <memory>

#include "services/brokers/alpaca/alpaca_settings.h"
#include "services/brokers/broker.h"
#include "services/brokers/instrument_source.h"
#include "services/observability/spans.h"
#include "services/resilience/circuit_breaker.h"
#include "services/runtime/random.h"
#include "services/wire/http.h"

namespace qd::brokers {

/// Alpaca's Trading API v2 behind the Broker contract. Core executor; the HTTP and WebSocket clients
/// it is given must call back there too.
class AlpacaBroker final : public Broker, public InstrumentSource {
public:
    /// Everything given outlives the broker. `tracer` may be null: calls leave no spans.
    AlpacaBroker(AlpacaSettings settings, wire::HttpClient& http, wire::WebSocketClient& sockets,
                 runtime::Executor& core, runtime::Random& random,
                 observability::Tracer* tracer = nullptr);
    ~AlpacaBroker() override;

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
    /// Without option contracts, of which Alpaca has a million; a sandbox's are listed.
    void listInstruments(Callback<std::vector<Instrument>> done) override;
    /// Option contracts.
    bool mayLeaveOut(const Symbol& symbol) const override;
    void findInstrument(const Symbol& symbol, Found done) override;
    void start(std::function<void(BrokerEvent)> events) override;
    void stop() override;

    /// Alpaca's number of the account, as `account` was answered last; empty before.
    const std::string& accountNumber() const;

    /// Calls from now on are made with `key`; an empty one makes them fail as without credentials. A
    /// stream that was refused is tried again with it at once; one that is open stays so.
    void useKey(AlpacaSettings::Key key);
    /// As `AlpacaSettings::renew`: what a refused access token is replaced by. The stream is connected
    /// anew when the token that it was let in with was refused, and ends when there is none any more.
    void renewBy(std::function<void(std::function<void(bool)>)> renew);

    const resilience::CircuitBreaker& breaker() const;
    /// Close the breaker by hand after a repair.
    resilience::CircuitBreaker& breaker();

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace qd::brokers
