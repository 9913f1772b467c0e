// What is asked of Tradier: orders, changes, cancels.

#include <algorithm>

#include "models/base/whole_number.h"
#include "services/brokers/tradier/tradier_state.h"

namespace qd::brokers {

namespace {

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

bool hasTerms(const OrderReport& report, const Modification& change)
{
    const OrderRequest& now = report.request;
    return (!change.limitPrice || now.limitPrice == change.limitPrice) &&
           (!change.stopPrice || now.stopPrice == change.stopPrice) &&
           (!change.timeInForce || now.timeInForce == *change.timeInForce);
}

} // namespace

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
    if (!tags.send(request.clientOrderId.text()))
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
            state.tags.takeBack(request.clientOrderId.text());
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
    tags.claim(request.clientOrderId.text(), *id);
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
        state.onChanged(numberOf(order), change, *result, done);
    });
}

void TradierBroker::cancel(const VenueOrderId& order, const std::string& traceParent, OutcomeCallback done)
{
    State& state = *m_state;
    RequestGate::Request http{Purpose::Cancel, "DELETE",
                              state.accountPath("orders/") + wire::percentEncode(order.text()), {}, traceParent};
    state.gate.send(std::move(http), [&state, order, done](const Result<wire::HttpResponse>& result) {
        if (!result) return done(outcomeOfFailure(result.error()));
        state.onCanceled(numberOf(order), *result, done);
    });
}

void TradierBroker::State::onChanged(std::int64_t id, const Modification& change,
                                     const wire::HttpResponse& response, OutcomeCallback done)
{
    if (response.status >= 400)
        return done(outcomeOfFailure(tradier::readError(response.status, response.body)));
    const auto document = json::Document::parse(response.body);
    if (!document) return done(unreadable(document.error()));
    if (auto refusal = tradier::readErrors(document->root()))
        return readBack(id, std::move(*refusal),
                        [change](const OrderReport& report) { return hasTerms(report, change); },
                        std::move(done));
    tracker.noteChanged(id, change);
    OrderReport report = tracker.find(id).value_or(OrderReport());
    report.venueOrderId = VenueOrderId(std::to_string(id));
    done(Accepted{std::move(report)});
}

void TradierBroker::State::onCanceled(std::int64_t id, const wire::HttpResponse& response,
                                      const OutcomeCallback& done)
{
    if (response.status >= 400)
        return done(outcomeOfFailure(tradier::readError(response.status, response.body)));
    const auto document = json::Document::parse(response.body);
    if (!document) return done(unreadable(document.error()));
    auto refusal = tradier::readErrors(document->root());
    if (!refusal) return done(Accepted{});
    readBack(id, std::move(*refusal),
             [](const OrderReport& report) { return report.state == OrderState::Canceled; }, done);
}

/// Errors with status 200 come from behind the API: what became of the order is read back.
void TradierBroker::State::readBack(std::int64_t id, Error refusal,
                                    std::function<bool(const OrderReport&)> isDone,
                                    OutcomeCallback done)
{
    askOrder(id, [refusal = std::move(refusal), isDone = std::move(isDone),
                  done = std::move(done)](const Result<ToldOrder>& order) {
        if (!order) return done(unreadable(refusal));
        if (isDone(order->report)) return done(Accepted{order->report});
        done(Refused{refusal});
    });
}

} // namespace qd::brokers
