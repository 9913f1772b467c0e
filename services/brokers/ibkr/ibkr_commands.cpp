// What is asked of IBKR: orders, changes, cancels.

#include <algorithm>

#include "services/brokers/ibkr/ibkr_state.h"

namespace qd::brokers {

namespace {

/// Nothing has been sent: whatever went wrong before proves that.
Outcome unsent(Error error)
{
    if (error.kind == ErrorKind::OutcomeUnknown) error.kind = ErrorKind::Unavailable;
    return Refused{std::move(error)};
}

OrderRequest changed(OrderRequest request, const Modification& change)
{
    if (change.quantity) request.quantity = *change.quantity;
    if (change.limitPrice) request.limitPrice = change.limitPrice;
    if (change.stopPrice) request.stopPrice = change.stopPrice;
    if (change.trail && request.trailPercent) request.trailPercent = change.trail;
    else if (change.trail) request.trailPrice = Price(*change.trail);
    if (change.timeInForce) request.timeInForce = *change.timeInForce;
    return request;
}

} // namespace

void IbkrBroker::State::submit(const OrderRequest& request, const std::string& traceParent,
                               OutcomeCallback done)
{
    if (!request.quantity.isPositive())
        return done(Refused{Error{ErrorKind::Invalid, "ibkr.invalid_order",
                                  "expected a quantity above 0", "quantity"}});
    session.whenUp([this, request, traceParent, done = std::move(done)](const Result<void>& up) {
        if (!up) return done(unsent(up.error()));
        conids.find(request.symbol, [this, request, traceParent,
                                     done](const Result<std::int64_t>& conid) {
            if (conid) return place(request, *conid, traceParent, done);
            session.noteRefusal(conid.error());
            done(unsent(conid.error()));
        });
    });
}

void IbkrBroker::State::place(const OrderRequest& request, std::int64_t conid,
                              const std::string& traceParent, OutcomeCallback done)
{
    ibkr::OrderLane::Errand errand{"/iserver/account/" + session.account() + "/orders",
                                   ibkr::writeOrder(request, conid), traceParent,
                                   request.confirmations};
    lane.send(std::move(errand), [this, request, conid, done = std::move(done)](
                                     const tl::expected<ibkr::Taken, Outcome>& result) {
        done(result ? placed(request, conid, *result) : result.error());
    });
}

Outcome IbkrBroker::State::placed(const OrderRequest& request, std::int64_t conid,
                                  const ibkr::Taken& taken)
{
    ibkr::Taken orderFirst = taken;
    const auto ours = std::ranges::find(orderFirst.orders, request.clientOrderId.text(),
                                        &ibkr::TakenOrder::localOrderId);
    const bool saysNothing = orderFirst.orders.size() == 1 && orderFirst.orders[0].localOrderId.empty();
    if (ours == orderFirst.orders.end() && !saysNothing) {
        ++malformed;
        return Unknown{Error{ErrorKind::OutcomeUnknown, "ibkr.wrong_order",
                             "the answer is about order " + orderFirst.orders[0].localOrderId,
                             "local_order_id"}};
    }
    if (!saysNothing) std::iter_swap(orderFirst.orders.begin(), ours);
    orders.noteTaken(request, conid, orderFirst, core.clock().now());
    auto report = orders.find(orderFirst.orders[0].orderId);
    QD_ASSERT(report.has_value());
    return Accepted{std::move(*report)};
}

void IbkrBroker::State::modify(const VenueOrderId& order, const Modification& change,
                               const std::string& traceParent, bool mayAsk, OutcomeCallback done)
{
    session.whenUp([this, order, change, traceParent, mayAsk,
                    done = std::move(done)](const Result<void>& up) {
        if (!up) return done(unsent(up.error()));
        if (const auto known = orders.find(order.text()))
            return sendChange(*known, change, traceParent, done);
        if (!mayAsk)
            return done(Refused{Error{ErrorKind::NotFound, "ibkr.order_not_found",
                                      "IBKR lists no order " + order.text(), {}}});
        // All of its fields have to be repeated, so they have to be known.
        listLive(0, [this, order, change, traceParent,
                     done](const Result<std::vector<std::string>>& listed) {
            if (!listed) return done(unsent(listed.error()));
            modify(order, change, traceParent, /*mayAsk=*/false, done);
        });
    });
}

void IbkrBroker::State::sendChange(const OrderReport& known, const Modification& change,
                                   const std::string& traceParent, OutcomeCallback done)
{
    const OrderRequest request = changed(known.request, change);
    const std::string& id = known.venueOrderId.text();
    const std::int64_t conid = orders.conidOf(id);
    ibkr::OrderLane::Errand errand{"/iserver/account/" + session.account() + "/order/" +
                                       wire::percentEncode(id),
                                   ibkr::writeChange(request, conid), traceParent,
                                   known.request.confirmations};
    lane.send(std::move(errand), [this, request, id, done = std::move(done)](
                                     const tl::expected<ibkr::Taken, Outcome>& result) {
        if (!result) return done(result.error());
        orders.noteChanged(id, request);
        const auto report = orders.find(id);
        done(report ? Accepted{*report} : Accepted{});
    });
}

void IbkrBroker::State::cancel(const VenueOrderId& order, const std::string& traceParent,
                               OutcomeCallback done)
{
    session.whenUp([this, order, traceParent, done = std::move(done)](const Result<void>& up) {
        if (!up) return done(unsent(up.error()));
        RequestGate::Request request{Purpose::Cancel, "DELETE",
                                     "/iserver/account/" + session.account() + "/order/" +
                                         wire::percentEncode(order.text()),
                                     {}, traceParent};
        gate.send(std::move(request), [this, done](const Result<wire::HttpResponse>& result) {
            if (!result) return done(ibkr::outcomeOf(result.error()));
            if (result->status >= 400) {
                const Error error = ibkr::readErrorBody(result->status, result->body);
                session.noteRefusal(error);
                return done(ibkr::outcomeOf(error));
            }
            const auto document = json::Document::parse(result->body);
            auto answer = document ? ibkr::readCancelAnswer(document->root())
                                   : Result<void>(tl::unexpected(document.error()));
            if (answer) return done(Accepted{}); // a request; the end comes as an event
            Error error = answer.error();
            if (error.code == "ibkr.schema" || !document) {
                ++malformed;
                error.kind = ErrorKind::OutcomeUnknown;
            }
            done(ibkr::outcomeOf(std::move(error)));
        });
    });
}

} // namespace qd::brokers
