#include "services/brokers/ibkr/ibkr_broker.h"

#include "services/brokers/ibkr/ibkr_feed.h"
#include "services/brokers/ibkr/ibkr_state.h"

namespace qd::brokers {

namespace {

/// IBKR answers both once in five seconds.
constexpr Duration kListEvery = std::chrono::milliseconds(5100);

constexpr std::string_view kTakenWayBack =
    "close the other program that has IBKR's session, or take the session over: quarterdeckctl broker "
    "take-over";
constexpr std::string_view kSignedOutWayBack =
    "sign in at IBKR's gateway with a browser; its session is then found by itself";
constexpr std::string_view kUntrustedWayBack =
    "name the certificate of IBKR's gateway, or the authority that signed it, with ibkr.ca_file";

std::string_view wayBackFrom(const Error& trouble)
{
    if (trouble.code == "ibkr.competing_session") return kTakenWayBack;
    return trouble.code == "wire.untrusted" ? kUntrustedWayBack : kSignedOutWayBack;
}

Capabilities ibkrCapabilities()
{
    Capabilities capabilities;
    capabilities.broker = BrokerId("ibkr");
    capabilities.orderTypes = {OrderType::Market, OrderType::Limit, OrderType::Stop,
                               OrderType::StopLimit, OrderType::TrailingStop};
    capabilities.timesInForce = {TimeInForce::Day, TimeInForce::Gtc, TimeInForce::Ioc,
                                 TimeInForce::Opg, TimeInForce::Cls};
    capabilities.orderClasses = {OrderClass::Simple, OrderClass::Bracket, OrderClass::Oco,
                                 OrderClass::Oto};
    capabilities.fractionalShares = true;
    capabilities.extendedHours = true;
    capabilities.modifyKeepsId = true;
    capabilities.shortSelling = true;
    capabilities.crossesZero = true;
    capabilities.clientOrderIdMax = 60; // the exits' names are longer by three
    capabilities.ordersPerMinuteMax = 120;
    return capabilities;
}

} // namespace

IbkrBroker::State::State(IbkrSettings given, wire::HttpClient& http, wire::WebSocketClient& sockets,
                         runtime::Executor& executor, runtime::Random& random,
                         observability::Tracer* tracer)
    : settings(std::move(given)), core(executor), capabilities(ibkrCapabilities()),
      gate(ibkr::gateTerms(settings), http, executor, random, tracer),
      session(settings, gate, executor, [this](const std::string& reason) { sessionLost(reason); }),
      conids(settings, gate), orders(conids, settings.account),
      lane(gate, executor, [this](const Error& error) { session.noteRefusal(error); }),
      live(gate, executor, {Purpose::Query, "GET", "/iserver/account/orders", {}, {}}, kListEvery),
      trades(gate, executor, {Purpose::Query, "GET", "/iserver/account/trades?days=7", {}, {}}, kListEvery),
      listing(settings, gate, conids),
      stream(settings, session, orders, sockets, executor, random, [this] { fillGap(); })
{
    session.whenBack([this] { stream.sessionIsBack(); });
}

IbkrBroker::State::~State()
{
    *alive = false;
}

void IbkrBroker::State::sessionLost(const std::string& reason)
{
    stream.restart(reason);
}

/// An open breaker is probed by a harmless question as soon as it lets one through, so that trading
/// resumes without waiting for somebody to order something.
void IbkrBroker::State::onBreaker(const resilience::BreakerTransition& transition)
{
    using resilience::BreakerState;
    if (transition.to == BreakerState::Open) {
        events(ConnectionChange{false, "IBKR does not answer: " + transition.reason,
                                transition.nextAttempt});
        probeWhenDue();
    } else if (transition.to == BreakerState::Closed && stream.line().isListening()) {
        events(ConnectionChange{true, "IBKR answers again", {}});
    }
}

void IbkrBroker::State::probeWhenDue()
{
    const auto wait = std::max(gate.breaker().retryIn(), Duration(std::chrono::milliseconds(50)));
    probe = core.after(wait, [this] {
        session.verify([this, shared = alive](const Result<void>& result) {
            if (!*shared) return;
            const bool stillOpen = !result && result.error().code == "resilience.breaker_open";
            if (stillOpen && breakerListening) probeWhenDue();
        });
    });
}

IbkrBroker::IbkrBroker(IbkrSettings settings, wire::HttpClient& http, wire::WebSocketClient& sockets,
                       runtime::Executor& core, runtime::Random& random, observability::Tracer* tracer)
    : m_state(std::make_unique<State>(std::move(settings), http, sockets, core, random, tracer))
{
}

IbkrBroker::~IbkrBroker() = default;

const Capabilities& IbkrBroker::capabilities() const
{
    return m_state->capabilities;
}

BrokerStatus IbkrBroker::status() const
{
    const auto& gate = m_state->gate;
    const auto& stream = m_state->stream;
    const auto breaker = gate.breaker().snapshot();
    BrokerStatus status;
    status.connected = stream.line().isListening();
    status.authenticated = m_state->session.isUp() && gate.isAuthorized();
    const auto& trouble = m_state->session.trouble();
    status.sessionTaken = trouble.code == "ibkr.competing_session";
    if (!status.authenticated) status.refusal = trouble;
    status.wayBack = wayBackFrom(trouble);
    status.breakerState = std::string(toString(breaker.state));
    status.nextAttempt = breaker.nextAttempt.isSet() ? breaker.nextAttempt : stream.line().nextAttempt();
    status.rateRemaining = gate.rateRemaining();
    status.lastLatency = gate.lastLatency();
    const bool streamIsNewer = stream.line().lastErrorAt() > gate.lastErrorAt();
    status.lastError = streamIsNewer ? stream.line().lastError() : gate.lastError();
    status.lastErrorAt = streamIsNewer ? stream.line().lastErrorAt() : gate.lastErrorAt();
    status.malformedCount =
        m_state->malformed + stream.line().malformedCount() + m_state->lane.malformedCount();
    return status;
}

void IbkrBroker::submit(const OrderRequest& request, const std::string& traceParent,
                        OutcomeCallback done)
{
    m_state->submit(request, traceParent, std::move(done));
}

void IbkrBroker::modify(const VenueOrderId& order, const Modification& change,
                        const std::string& traceParent, OutcomeCallback done)
{
    m_state->modify(order, change, traceParent, /*mayAsk=*/true, std::move(done));
}

void IbkrBroker::cancel(const VenueOrderId& order, const std::string& traceParent, OutcomeCallback done)
{
    m_state->cancel(order, traceParent, std::move(done));
}

void IbkrBroker::listExecutions(Timestamp since, Callback<std::vector<Fill>> done)
{
    m_state->listFills(since, std::move(done));
}

void IbkrBroker::listPositions(Callback<std::vector<Position>> done)
{
    m_state->pagePositions(0, {}, std::move(done));
}

void IbkrBroker::listInstruments(Callback<std::vector<Instrument>> done)
{
    m_state->session.whenUp([state = m_state.get(), done = std::move(done)](const Result<void>& up) {
        if (!up) return done(tl::unexpected(up.error()));
        state->listing.list(done);
    });
}

void IbkrBroker::start(std::function<void(BrokerEvent)> events)
{
    State& state = *m_state;
    state.events = events;
    state.breakerListening = state.gate.breaker().onTransition(
        [&state](const resilience::BreakerTransition& transition) { state.onBreaker(transition); });
    state.stream.start(std::move(events));
}

void IbkrBroker::stop()
{
    m_state->breakerListening.reset();
    m_state->probe.cancel();
    m_state->stream.stop();
    m_state->session.stop();
    m_state->events = nullptr;
}

const std::string& IbkrBroker::accountNumber() const
{
    return m_state->session.account();
}

bool IbkrBroker::isCompeting() const
{
    return m_state->session.isCompeting();
}

void IbkrBroker::takeOver(Taken done)
{
    m_state->session.takeOver(std::move(done)); // the streams come back by themselves
}

std::unique_ptr<MarketFeed> IbkrBroker::makeFeed(wire::WebSocketClient& sockets, runtime::Random& random)
{
    State& state = *m_state;
    return std::make_unique<IbkrFeed>(state.settings, state.gate, state.session, state.conids, sockets,
                                      state.core, random);
}

const resilience::CircuitBreaker& IbkrBroker::breaker() const
{
    return m_state->gate.breaker();
}

resilience::CircuitBreaker& IbkrBroker::breaker()
{
    return m_state->gate.breaker();
}

} // namespace qd::brokers
