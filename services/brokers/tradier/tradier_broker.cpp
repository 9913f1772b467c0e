#include "services/brokers/tradier/tradier_broker.h"

#include <algorithm>
#include <set>
#include <unordered_set>

#include "models/base/whole_number.h"
#include "services/brokers/tradier/account_stream.h"
#include "services/brokers/tradier/order_tracker.h"

namespace qd::brokers {

namespace {

using tradier::ToldOrder;

constexpr json::Limits kListsMax{.sizeBytesMax = 32 << 20, .depthMax = 16, .valuesMax = 4'000'000};
constexpr std::size_t kTagsMax = 100'000, kHeldEventsMax = 1'000;
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

Refused unsupportedHere(const char* what, std::string detail, const char* field)
{
    return {Error{ErrorKind::Invalid, std::string("broker.unsupported_") + what, std::move(detail), field}};
}

Outcome outcomeOfFailure(const Error& error)
{
    if (error.kind == ErrorKind::OutcomeUnknown) return Unknown{error};
    return Refused{error};
}

Unknown unreadable(Error error)
{
    error.kind = ErrorKind::OutcomeUnknown;
    return {std::move(error)};
}

std::int64_t numberOf(const VenueOrderId& id)
{
    return wholeNumber<std::int64_t>(id.text()).value_or(0);
}

bool isTag(std::string_view text)
{
    return std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    });
}

} // namespace

struct TradierBroker::State {
    State(TradierSettings given, wire::HttpClient& http, wire::WebSocketClient& sockets,
          runtime::Executor& executor, runtime::Random& random, observability::Tracer* tracer)
        : settings(std::move(given)), core(executor), capabilities(tradierCapabilities()),
          gate(tradier::gateTerms(settings, "broker.tradier"), http, executor, random, tracer),
          stream(settings, gate, sockets, executor, random),
          tracker(settings.account, executor.clock().now())
    {
    }

    std::string accountPath(std::string_view subject) const
    {
        return "/v1/accounts/" + wire::percentEncode(settings.accountNumber) + "/" + std::string(subject);
    }

    using Use = std::function<void(Result<json::Value>)>;
    /// A question: `use` gets the answer's root, which ends with the call.
    void ask(std::string path, Use use)
    {
        RequestGate::Request request;
        request.path = std::move(path);
        gate.send(std::move(request), [use = std::move(use)](const Result<wire::HttpResponse>& result) {
            if (!result) return use(tl::unexpected(result.error()));
            if (result->status >= 400)
                return use(tl::unexpected(tradier::readError(result->status, result->body)));
            const auto document = json::Document::parse(result->body, kListsMax);
            if (!document) return use(tl::unexpected(document.error()));
            use(document->root());
        });
    }

    /// All orders, newest first.
    void askOrders(std::function<void(Result<std::vector<ToldOrder>>)> use)
    {
        ask(accountPath("orders?includeTags=true"), [this, use = std::move(use)](Result<json::Value> root) {
            if (!root) return use(tl::unexpected(root.error()));
            if (!root->contains("orders"))
                return use(fail(ErrorKind::Invalid, "tradier.schema", "is required", "orders"));
            std::vector<ToldOrder> orders;
            for (const auto& value : tradier::elementsOf((*root)["orders"], "order")) {
                auto order = tradier::readOrder(value, settings.account);
                order ? orders.push_back(std::move(*order)) : skip(value, order.error());
            }
            std::ranges::stable_sort(orders, [](const ToldOrder& a, const ToldOrder& b) {
                return a.report.createdAt > b.report.createdAt;
            });
            for (const auto& order : orders) tracker.noteTold(order);
            use(std::move(orders));
        });
    }

    /// One that cannot be read must not hide the others: kept for the quarantine, once.
    void skip(const json::Value& item, const Error& error)
    {
        constexpr std::size_t kTextMax = 4'096, kToldMax = 1'000;
        std::string text = item.dump().substr(0, kTextMax);
        if (skipped.size() >= kToldMax || !skipped.insert(text).second) return;
        quarantine(text, error);
    }
    void quarantine(std::string_view text, Error error)
    {
        auto kept = stream.line().malformed(text, std::move(error));
        if (events) events(std::move(kept));
    }

    Quantity heldOf(const Symbol& symbol) const
    {
        const auto found = held.find(symbol);
        return found == held.end() ? Quantity() : found->second;
    }

    std::optional<Outcome> refuseBeforeSending(const OrderRequest& request);
    void onPlaced(const OrderRequest& request, const wire::HttpResponse& response, OutcomeCallback done);
    void findTruth(const ClientOrderId& id, Error refusal, OutcomeCallback done);
    void onMessage(std::string_view payload);
    void onEvent(const tradier::ToldEvent& event, std::string_view payload);
    void learn(std::int64_t id);
    void onLearnt(std::int64_t id, const Result<ToldOrder>& order);
    void askPositions();
    void onBreaker(const resilience::BreakerTransition& transition);
    void probeWhenDue();
    void pageInstruments(char letter, std::set<Symbol> shortable, std::vector<Instrument> sofar,
                         Callback<std::vector<Instrument>> done);

    TradierSettings settings;
    runtime::Executor& core;
    Capabilities capabilities;
    RequestGate gate;
    tradier::AccountStream stream;
    tradier::OrderTracker tracker;
    std::function<void(BrokerEvent)> events;
    std::map<Symbol, Quantity> held; ///< positions as told, and executions since
    std::unordered_set<std::string> sentTags;
    struct HeldEvent {
        tradier::ToldEvent event;
        std::string payload;
    };
    std::map<std::int64_t, std::vector<HeldEvent>> unknownOrders; ///< being asked for
    std::size_t heldEvents = 0;
    resilience::CircuitBreaker::Listening breakerListening;
    runtime::Timer probe;
    std::uint64_t malformed = 0; ///< answers to commands
    std::unordered_set<std::string> skipped; ///< elements of lists that could not be read
};

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
                          m_state->settings.token.empty() ? "no Tradier token is configured"
                                                          : "Tradier refused the token",
                          {}};
    status.wayBack = kTradierWayBack;
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

/// What Tradier certainly refuses, or would take twice.
std::optional<Outcome> TradierBroker::State::refuseBeforeSending(const OrderRequest& request)
{
    const bool isGtc = request.timeInForce == TimeInForce::Gtc;
    const auto word = tradier::sideWord(request.side, heldOf(request.symbol));
    if (isGtc && word == "sell_short" && request.orderClass != OrderClass::Oco)
        return unsupportedHere("time_in_force", "tradier takes no short sales that are good till canceled",
                               "timeInForce");
    if (isGtc && request.type == OrderType::Market)
        return unsupportedHere("time_in_force", "tradier takes no market orders that are good till canceled",
                               "timeInForce");
    if (!isTag(request.clientOrderId.text()))
        return unsupportedHere("client_order_id", "expected letters, digits and dashes", "clientOrderId");
    if (sentTags.size() >= kTagsMax) sentTags.clear();
    if (!sentTags.insert(request.clientOrderId.text()).second)
        return Unknown{Error{ErrorKind::OutcomeUnknown, "tradier.duplicate_client_order_id",
                             "an order of this id was sent already", "clientOrderId"}};
    return std::nullopt;
}

void TradierBroker::submit(const OrderRequest& request, const std::string& traceParent, OutcomeCallback done)
{
    State& state = *m_state;
    if (auto refused = state.refuseBeforeSending(request)) return done(std::move(*refused));
    RequestGate::Request http{Purpose::Order, "POST", state.accountPath("orders"),
                              tradier::writeOrder(request, state.heldOf(request.symbol),
                                                  state.core.clock().now()),
                              traceParent};
    state.gate.send(std::move(http), [&state, request, done](const Result<wire::HttpResponse>& result) {
        if (result) return state.onPlaced(request, *result, done);
        // What was not sent may be sent again.
        if (result.error().kind != ErrorKind::OutcomeUnknown)
            state.sentTags.erase(request.clientOrderId.text());
        done(outcomeOfFailure(result.error()));
    });
}

void TradierBroker::State::onPlaced(const OrderRequest& request, const wire::HttpResponse& response,
                                    OutcomeCallback done)
{
    if (response.status >= 400)
        return done(outcomeOfFailure(tradier::readError(response.status, response.body)));
    const auto document = json::Document::parse(response.body);
    if (!document) {
        ++malformed; // acted on, but we cannot read what became of it
        return done(unreadable(document.error()));
    }
    const auto root = document->root();
    if (auto refusal = tradier::readErrors(root))
        return findTruth(request.clientOrderId, std::move(*refusal), std::move(done));
    const auto id = root["order"]["id"].integer();
    if (!id || root["order"]["status"].stringOr({}) != "ok") {
        ++malformed;
        return done(unreadable(id ? Error{ErrorKind::Invalid, "tradier.schema", "expected \"ok\"", "order.status"}
                                  : id.error()));
    }
    if (request.orderClass == OrderClass::Simple)
        tracker.noteTaken(*id, request, core.clock().now());
    OrderReport report;
    report.clientOrderId = request.clientOrderId;
    report.venueOrderId = VenueOrderId(std::to_string(*id));
    report.request = request;
    report.state = OrderState::Accepted;
    report.venueStatus = "ok";
    report.createdAt = report.updatedAt = core.clock().now();
    done(Accepted{std::move(report)});
}

/// Errors with status 200 come from behind the API: whether there is an order is read back.
void TradierBroker::State::findTruth(const ClientOrderId& id, Error refusal, OutcomeCallback done)
{
    if (refusal.code == "tradier.wrong_side") askPositions();
    askOrders([id, refusal = std::move(refusal), done = std::move(done)](
                  const Result<std::vector<ToldOrder>>& orders) {
        if (!orders) return done(unreadable(refusal));
        const auto found = std::ranges::find_if(
            *orders, [&](const ToldOrder& order) { return order.report.clientOrderId == id; });
        if (found != orders->end() && found->report.state != OrderState::Rejected)
            return done(Accepted{found->report});
        done(Refused{refusal});
    });
}

void TradierBroker::modify(const VenueOrderId& order, const Modification& change,
                           const std::string& traceParent, OutcomeCallback done)
{
    State& state = *m_state;
    if (change.quantity)
        return done(unsupportedHere("quantity_change", "tradier cannot change the quantity of an order",
                                    "quantity"));
    if (change.trail)
        return done(unsupportedHere("type", "tradier takes no trailing stops", "trail"));
    RequestGate::Request http{Purpose::Order, "PUT",
                              state.accountPath("orders/") + wire::percentEncode(order.text()),
                              tradier::writeModification(change), traceParent};
    state.gate.send(std::move(http), [&state, order, change, done](const Result<wire::HttpResponse>& result) {
        if (!result) return done(outcomeOfFailure(result.error()));
        if (result->status >= 400)
            return done(outcomeOfFailure(tradier::readError(result->status, result->body)));
        const auto document = json::Document::parse(result->body);
        if (!document) return done(unreadable(document.error()));
        if (auto refusal = tradier::readErrors(document->root())) return done(Refused{std::move(*refusal)});
        state.tracker.noteChanged(numberOf(order), change);
        OrderReport report = state.tracker.find(numberOf(order)).value_or(OrderReport());
        report.venueOrderId = order;
        done(Accepted{std::move(report)});
    });
}

void TradierBroker::cancel(const VenueOrderId& order, const std::string& traceParent, OutcomeCallback done)
{
    State& state = *m_state;
    RequestGate::Request http{Purpose::Cancel, "DELETE",
                              state.accountPath("orders/") + wire::percentEncode(order.text()), {}, traceParent};
    state.gate.send(std::move(http), [done](const Result<wire::HttpResponse>& result) {
        if (!result) return done(outcomeOfFailure(result.error()));
        if (result->status >= 400)
            return done(outcomeOfFailure(tradier::readError(result->status, result->body)));
        const auto document = json::Document::parse(result->body);
        if (!document) return done(unreadable(document.error()));
        if (auto refusal = tradier::readErrors(document->root())) return done(Refused{std::move(*refusal)});
        done(Accepted{});
    });
}

void TradierBroker::findByClientId(const ClientOrderId& id, Callback<OrderReport> done)
{
    m_state->askOrders([id, done = std::move(done)](const Result<std::vector<ToldOrder>>& orders) {
        if (!orders) return done(tl::unexpected(orders.error()));
        // A tag may have been used twice by others: ours came first.
        const auto found = std::find_if(orders->rbegin(), orders->rend(), [&](const ToldOrder& order) {
            return order.report.clientOrderId == id;
        });
        if (found == orders->rend())
            return done(fail(ErrorKind::NotFound, "broker.order_not_found", "Tradier knows no order of this tag"));
        done(found->report);
    });
}

void TradierBroker::listOrders(const OrderQuery& query, Callback<std::vector<OrderReport>> done)
{
    m_state->askOrders([query, done = std::move(done)](Result<std::vector<ToldOrder>> orders) {
        if (!orders) return done(tl::unexpected(orders.error()));
        std::vector<OrderReport> reports;
        for (auto& order : *orders) {
            OrderReport& report = order.report;
            const bool isOld = query.since.isSet() && report.createdAt < query.since;
            const bool anyOpen = !isClosed(report.state)
                || std::ranges::any_of(report.legs, [](const auto& leg) { return !isClosed(leg.state); });
            if (isOld || (query.openOnly && !anyOpen) || reports.size() >= query.limit) continue;
            reports.push_back(std::move(report));
        }
        done(std::move(reports));
    });
}

void TradierBroker::listExecutions(Timestamp since, Callback<std::vector<Fill>> done)
{
    State& state = *m_state;
    state.askOrders([&state, since, done = std::move(done)](const Result<std::vector<ToldOrder>>& orders) {
        if (!orders) return done(tl::unexpected(orders.error()));
        for (const auto& order : *orders) state.tracker.settle(order, state.core.clock().now());
        done(state.tracker.fillsSince(since));
    });
}

void TradierBroker::listPositions(Callback<std::vector<Position>> done)
{
    State& state = *m_state;
    state.ask(state.accountPath("positions"), [&state, done = std::move(done)](Result<json::Value> root) {
        if (!root) return done(tl::unexpected(root.error()));
        if (!root->contains("positions"))
            return done(fail(ErrorKind::Invalid, "tradier.schema", "is required", "positions"));
        std::vector<Position> positions;
        for (const auto& value : tradier::elementsOf((*root)["positions"], "position")) {
            auto position = tradier::readPosition(value, state.settings.account);
            if (!position) return done(tl::unexpected(position.error()));
            positions.push_back(std::move(*position));
        }
        state.held.clear();
        for (const auto& position : positions) state.held[position.symbol] = position.quantity;
        done(std::move(positions));
    });
}

void TradierBroker::State::askPositions()
{
    ask(accountPath("positions"), [this](Result<json::Value> root) {
        if (!root || !root->contains("positions")) return; // the next refusal asks again
        std::map<Symbol, Quantity> told;
        for (const auto& value : tradier::elementsOf((*root)["positions"], "position"))
            if (const auto position = tradier::readPosition(value, settings.account))
                told[position->symbol] = position->quantity;
        held = std::move(told);
    });
}

void TradierBroker::account(Callback<AccountSnapshot> done)
{
    State& state = *m_state;
    state.ask(state.accountPath("balances"), [&state, done = std::move(done)](Result<json::Value> root) {
        if (!root) return done(tl::unexpected(root.error()));
        done(tradier::readBalances((*root)["balances"], state.settings.account, state.core.clock().now()));
    });
}

void TradierBroker::listInstruments(Callback<std::vector<Instrument>> done)
{
    State& state = *m_state;
    state.ask("/v1/markets/etb", [&state, done = std::move(done)](Result<json::Value> root) {
        if (!root) return done(tl::unexpected(root.error()));
        std::set<Symbol> shortable;
        for (const auto& value : tradier::elementsOf((*root)["securities"], "security"))
            if (const auto security = tradier::readSecurity(value)) shortable.insert(security->symbol);
        state.pageInstruments('A', std::move(shortable), {}, done);
    });
}

/// Tradier has no list of everything: symbols are looked up by their first letter.
void TradierBroker::State::pageInstruments(char letter, std::set<Symbol> shortable,
                                           std::vector<Instrument> sofar,
                                           Callback<std::vector<Instrument>> done)
{
    if (letter > 'Z') return done(std::move(sofar));
    ask(std::string("/v1/markets/lookup?types=stock,etf&q=") + letter,
        [this, letter, shortable = std::move(shortable), sofar = std::move(sofar),
         done = std::move(done)](Result<json::Value> root) mutable {
            if (!root) return done(tl::unexpected(root.error()));
            for (const auto& value : tradier::elementsOf((*root)["securities"], "security")) {
                auto security = tradier::readSecurity(value);
                if (!security) continue; // one odd one must not hide the others
                security->shortable = shortable.contains(security->symbol);
                sofar.push_back(std::move(*security));
            }
            pageInstruments(static_cast<char>(letter + 1), std::move(shortable), std::move(sofar),
                            std::move(done));
        });
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
        if (waiting == unknownOrders.end()) learn(wanted);
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

/// Neither symbol nor side are in an event: its order is asked for.
void TradierBroker::State::learn(std::int64_t id)
{
    ask(accountPath("orders/" + std::to_string(id) + "?includeTags=true"), [this, id](Result<json::Value> root) {
        if (!root) return onLearnt(id, tl::unexpected(root.error()));
        onLearnt(id, tradier::readOrder((*root)["order"], settings.account));
    });
}

void TradierBroker::State::onLearnt(std::int64_t id, const Result<ToldOrder>& order)
{
    const auto waiting = unknownOrders.extract(id);
    if (waiting.empty()) return;
    heldEvents -= std::min(heldEvents, waiting.mapped().size());
    if (order) tracker.noteTold(*order);
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
    m_state->settings.token = std::move(token);
    m_state->stream.tokenChanged();
}

void TradierBroker::renewBy(std::function<void(std::function<void(bool)>)> renew)
{
    m_state->settings.renew = std::move(renew);
}

resilience::CircuitBreaker& TradierBroker::breaker()
{
    return m_state->gate.breaker();
}

} // namespace qd::brokers
