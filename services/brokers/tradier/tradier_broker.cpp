#include "services/brokers/tradier/tradier_broker.h"

#include <algorithm>

#include "services/brokers/tradier/tradier_state.h"

namespace qd::brokers {

namespace {

constexpr std::size_t kHeldEventsMax = 1'000;
constexpr std::string_view kTradierConsentWayBack =
    "connect the broker again: quarterdeckctl connection add tradier, or POST "
    "/v1/connections/tradier/begin";
constexpr std::string_view kTradierWayBack =
    "put a valid token into the file that tradier.credentials_file names (or into tradier.token and "
    "start quarterdeckd again); one in the file is taken over within a minute, or at once by "
    "quarterdeckctl vault import";

Capabilities tradierCapabilities()
{
    Capabilities capabilities;
    capabilities.broker = BrokerId("tradier");
    capabilities.orderTypes = {OrderType::Market, OrderType::Limit, OrderType::Stop, OrderType::StopLimit};
    capabilities.timesInForce = {TimeInForce::Day, TimeInForce::Gtc};
    capabilities.orderClasses = {OrderClass::Simple, OrderClass::Bracket, OrderClass::Oco, OrderClass::Oto};
    capabilities.extendedHours = true;
    capabilities.modifyKeepsId = true;
    capabilities.shortSelling = true;
    capabilities.clientOrderIdMax = 255;
    capabilities.ordersPerMinuteMax = 60;
    return capabilities;
}

} // namespace

TradierBroker::State::State(TradierSettings given, wire::HttpClient& http,
                            wire::WebSocketClient& sockets, runtime::Executor& executor,
                            runtime::Random& random, observability::Tracer* tracer)
    : settings(std::move(given)), core(executor), capabilities(tradierCapabilities()),
      gate(tradier::gateTerms(settings, "broker.tradier"), http, executor, random, tracer),
      stream(settings, gate, sockets, executor, random),
      tracker(settings.account, executor.clock().now())
{
}

TradierBroker::TradierBroker(TradierSettings settings, wire::HttpClient& http,
                             wire::WebSocketClient& sockets, runtime::Executor& core,
                             runtime::Random& random, observability::Tracer* tracer)
    : m_state(std::make_unique<State>(std::move(settings), http, sockets, core, random, tracer))
{
}

TradierBroker::~TradierBroker() = default;

const Capabilities& TradierBroker::capabilities() const
{
    return m_state->capabilities;
}

BrokerStatus TradierBroker::status() const
{
    const auto& gate = m_state->gate;
    const auto& stream = m_state->stream;
    const auto breaker = gate.breaker().snapshot();
    BrokerStatus status;
    status.connected = stream.line().isListening();
    status.authenticated =
        gate.isAuthorized() && !stream.isUnauthorized() && !m_state->settings.token.empty();
    if (!status.authenticated)
        status.refusal = {ErrorKind::Denied, "tradier.unauthorized",
                          m_state->settings.token.empty() ? "there is no token for Tradier"
                                                          : "Tradier refused the token",
                          {}};
    status.wayBack = m_state->settings.renew ? kTradierConsentWayBack : kTradierWayBack;
    status.breakerState = std::string(toString(breaker.state));
    status.nextAttempt = breaker.nextAttempt.isSet() ? breaker.nextAttempt : stream.line().nextAttempt();
    status.rateRemaining = gate.rateRemaining();
    status.lastLatency = gate.lastLatency();
    const bool streamIsNewer = stream.line().lastErrorAt() > gate.lastErrorAt();
    status.lastError = streamIsNewer ? stream.line().lastError() : gate.lastError();
    status.lastErrorAt = streamIsNewer ? stream.line().lastErrorAt() : gate.lastErrorAt();
    status.malformedCount = m_state->malformed + stream.line().malformedCount();
    return status;
}

void TradierBroker::start(std::function<void(BrokerEvent)> events)
{
    State& state = *m_state;
    state.events = std::move(events);
    state.breakerListening = state.gate.breaker().onTransition(
        [&state](const resilience::BreakerTransition& transition) { state.onBreaker(transition); });
    state.stream.start({[&state](std::string_view payload) { state.onMessage(payload); },
                        [&state](ConnectionChange change) {
                            if (change.connected) state.askPositions();
                            state.events(std::move(change));
                        }});
}

void TradierBroker::stop()
{
    m_state->breakerListening.reset();
    m_state->probe.cancel();
    m_state->stream.stop();
    m_state->events = nullptr;
}

void TradierBroker::State::quarantine(std::string_view text, Error error)
{
    auto kept = stream.line().malformed(text, std::move(error));
    if (events) events(std::move(kept));
}

void TradierBroker::State::onMessage(std::string_view payload)
{
    const auto document = json::Document::parse(payload);
    if (!document) return quarantine(payload, document.error());
    const auto root = document->root();
    const auto kind = root["event"].stringOr({});
    if (kind.empty())
        return quarantine(payload, Error{ErrorKind::Invalid, "tradier.schema", "is required", "event"});
    if (kind != "order") return; // heartbeats, and what the next version says
    const auto event = tradier::readEvent(root);
    if (!event) return quarantine(payload, event.error());
    onEvent(*event, payload);
}

void TradierBroker::State::onEvent(const tradier::ToldEvent& event, std::string_view payload)
{
    const auto wanted = event.parentId != 0 ? event.parentId : event.id;
    const auto waiting = unknownOrders.find(wanted);
    if (waiting != unknownOrders.end() || !tracker.knows(event.id)) {
        if (++heldEvents > kHeldEventsMax)
            return quarantine(payload, Error{ErrorKind::Unavailable, "tradier.too_many_unknown",
                                             "too many orders have to be asked for", {}});
        unknownOrders[wanted].push_back({event, std::string(payload)});
        // Neither symbol nor side are in an event: its order is asked for.
        if (waiting == unknownOrders.end())
            askOrder(wanted, [this, wanted](const Result<ToldOrder>& order) { onLearnt(wanted, order); });
        return;
    }
    auto updates = tracker.apply(event, core.clock().now());
    if (!updates) return quarantine(payload, updates.error());
    for (auto& update : *updates) {
        if (update.fill) {
            const Quantity step = update.fill->quantity;
            held[update.fill->symbol] += update.fill->side == Side::Buy ? step : -step;
        }
        if (events) events(std::move(update));
    }
}

void TradierBroker::State::onLearnt(std::int64_t id, const Result<ToldOrder>& order)
{
    const auto waiting = unknownOrders.extract(id);
    if (waiting.empty()) return;
    heldEvents -= std::min(heldEvents, waiting.mapped().size());
    for (const auto& kept : waiting.mapped()) {
        if (tracker.knows(kept.event.id))
            onEvent(kept.event, kept.payload);
        else
            quarantine(kept.payload, order ? Error{ErrorKind::NotFound, "tradier.unknown_order",
                                                   "no such leg of the order", "id"}
                                           : order.error());
    }
}

/// An open breaker is probed by a harmless question as soon as it lets one through.
void TradierBroker::State::onBreaker(const resilience::BreakerTransition& transition)
{
    using resilience::BreakerState;
    if (transition.to == BreakerState::Open) {
        events(ConnectionChange{false, "Tradier does not answer: " + transition.reason, transition.nextAttempt});
        probeWhenDue();
    } else if (transition.to == BreakerState::Closed && stream.line().isListening()) {
        events(ConnectionChange{true, "Tradier answers again", {}});
    }
}

void TradierBroker::State::probeWhenDue()
{
    const auto wait = std::max(gate.breaker().retryIn(), Duration(std::chrono::milliseconds(50)));
    probe = core.after(wait, [this] {
        ask("/v1/markets/clock", [this](const Result<json::Value>& root) {
            const bool stillOpen = !root && root.error().code == "resilience.breaker_open";
            if (stillOpen && breakerListening) probeWhenDue();
        });
    });
}

void TradierBroker::useToken(runtime::Secret token)
{
    State& state = *m_state;
    const bool wasRefused = !state.gate.isAuthorized();
    state.settings.token = std::move(token);
    const bool isGone = state.settings.token.empty();
    state.stream.tokenChanged(/*isDead=*/wasRefused || isGone);
    if (!wasRefused || isGone) return;
    // Orders are refused until Tradier has taken the new one: it is shown at once.
    state.ask("/v1/markets/clock", [](const Result<json::Value>&) {});
}

void TradierBroker::renewBy(std::function<void(std::function<void(bool)>)> renew)
{
    m_state->settings.renew = [state = m_state.get(),
                               renew = std::move(renew)](const std::function<void(bool)>& then) {
        renew([state, then](bool isRenewed) {
            if (isRenewed) state->stream.tokenChanged(/*isDead=*/true);
            then(isRenewed);
        });
    };
}

resilience::CircuitBreaker& TradierBroker::breaker()
{
    return m_state->gate.breaker();
}

} // namespace qd::brokers
