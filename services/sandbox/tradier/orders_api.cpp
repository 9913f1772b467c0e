#include "services/sandbox/tradier/orders_api.h"

#include "models/base/whole_number.h"
#include "services/sandbox/tradier/order_document.h"

namespace qd::sandbox::tradier {

namespace {

wire::HttpResponse okAnswer(const ApiRequest& request, std::int64_t number)
{
    Node order;
    order.add("id", Node::integer(number));
    order.add("status", Node::text("ok"));
    order.add("partner_id", Node::text("c4998eb7-06e8-4820-a7ab-55d9760065fb"));
    return documentAnswer(request, "order", order);
}

wire::HttpResponse refusedBy(const ApiRequest& request, const exchange::VenueRefusal& refusal)
{
    return refusalAnswer(request, refusalOf(refusal));
}

} // namespace

OrdersApi::OrdersApi(alpaca::Desk& desk, OrderChains& chains,
                     std::function<void(const exchange::OrderUpdate&)> publish)
    : m_desk(desk), m_chains(chains), m_rejections(desk, std::move(publish))
{
}

wire::HttpResponse OrdersApi::answer(const ApiRequest& request)
{
    const bool all = request.path.size() == 3;
    const std::string& method = request.method;
    if (method == "GET")
        return all ? list(request) : one(request);
    if (all && method == "POST")
        return submit(request);
    if (!all && method == "PUT")
        return change(request);
    if (!all && method == "DELETE")
        return cancel(request);
    return textAnswer(405, "Method Not Allowed");
}

std::optional<OrderChain> OrdersApi::find(const ApiRequest& request) const
{
    const auto number = wholeNumber<std::int64_t>(request.path[3]);
    if (!number)
        return std::nullopt;
    // The entry of a group stands for its container.
    auto found = m_chains.find(request.account, *number & ~std::int64_t{1});
    const bool isEntry = (*number & 1) != 0;
    if (found && isEntry && legNumber(*found) != *number)
        return std::nullopt;
    return found;
}

wire::HttpResponse OrdersApi::submit(const ApiRequest& request)
{
    auto form = readOrderForm(request, m_desk);
    if (!form)
        return refusalAnswer(request, form.error());
    if (form->preview)
        return preview(request, *form);
    FaultSubject subject = faultSubject(form->order);
    subject.clientOrderId = form->tag.tag;
    if (const auto fault = m_desk.strike("reject", subject)) {
        const std::string text = fault->message.empty() ? "Initial margin" : fault->message;
        return fault->status ? textAnswer(fault->status, text)
                             : errorsAnswer(request, text, "InitialMargin");
    }
    form->order.clientOrderId = form->tag.toClientId(m_desk.random.uuidV4().substr(0, 8));
    if (const auto fault = m_desk.strike("reject_later", subject))
        return rejectLater(request, *form, *fault);
    const auto order = m_desk.exchange.submit(request.account, form->order);
    if (!order)
        return refusedBy(request, order.error());
    m_desk.records.noteSubmitted(order->id);
    return okAnswer(request, OrderChains::numberOf(order->id));
}

wire::HttpResponse OrdersApi::preview(const ApiRequest& request, const OrderForm& form) const
{
    const auto index = m_desk.exchange.find(form.order.symbol);
    if (!index)
        return errorsAnswer(request, "The security is undefined.", "SecurityUndefined");
    const auto quote = m_desk.exchange.snapshot(*index).quote;
    const Price market = !quote                             ? Price()
                         : form.order.side == Side::Buy ? quote->ask
                                                        : quote->bid;
    const Money cost = notional(form.order.limitPrice.value_or(market), *form.order.quantity);
    Node out;
    out.add("status", Node::text("ok"));
    out.add("commission", Node::integer(0));
    out.add("cost", Node::money(cost));
    out.add("fees", Node::integer(0));
    out.add("symbol", Node::text(symbolText(form.order.symbol)));
    out.add("quantity", Node::quantity(*form.order.quantity));
    out.add("side", Node::text(std::string(toString(form.tag.side))));
    out.add("type", Node::text(std::string(toString(form.order.type))));
    out.add("duration", Node::text(form.duration));
    out.add("result", Node::flag(true));
    out.add("order_cost", Node::money(cost));
    out.add("margin_change", Node::integer(0));
    out.add("request_date", Node::text(timeText(m_desk.exchange.clock().now)));
    out.add("extended_hours", Node::flag(form.order.extendedHours));
    out.add("class", Node::text(form.orderClass));
    out.add("strategy", Node::text("equity"));
    out.add("day_trades", Node::integer(0));
    return documentAnswer(request, "order", out);
}

wire::HttpResponse OrdersApi::rejectLater(const ApiRequest& request, const OrderForm& form,
                                          const Fault& fault)
{
    exchange::NewOrder entry = form.order;
    entry.orderClass = OrderClass::Simple; // its exits are never made
    const auto order = m_rejections.take(request.account, entry, fault);
    return okAnswer(request, OrderChains::numberOf(order.id));
}

wire::HttpResponse OrdersApi::list(const ApiRequest& request) const
{
    Node orders;
    for (const OrderChain& order : m_chains.all(request.account))
        if (!order.root.parent)
            orders.add("order", orderDocument(order, m_chains, m_desk, wantsTags(request)));
    return documentAnswer(request, "orders", orders);
}

wire::HttpResponse OrdersApi::one(const ApiRequest& request) const
{
    const auto order = find(request);
    if (!order)
        return textAnswer(404, "Order not found.");
    return documentAnswer(request, "order",
                          orderDocument(*order, m_chains, m_desk, wantsTags(request)));
}

wire::HttpResponse OrdersApi::change(const ApiRequest& request)
{
    const auto order = find(request);
    if (!order)
        return textAnswer(404, "Order not found.");
    auto wanted = readChangeForm(request, order->now);
    if (!wanted)
        return refusalAnswer(request, wanted.error());
    if (auto tag = OrderTag::read(order->root.clientOrderId))
        wanted->clientOrderId = tag->toClientId(m_desk.random.uuidV4().substr(0, 8));
    const auto changed = m_desk.exchange.replace(request.account, order->now.id, *wanted);
    if (!changed)
        return refusedBy(request, changed.error());
    return okAnswer(request, order->number);
}

wire::HttpResponse OrdersApi::cancel(const ApiRequest& request)
{
    const auto order = find(request);
    if (!order)
        return textAnswer(404, "Order not found.");
    const auto canceled = m_desk.exchange.cancel(request.account, order->now.id);
    if (!canceled)
        return textAnswer(400, "The order cannot be canceled: it is "
                                   + std::string(statusWord(order->now.status)) + ".");
    return okAnswer(request, order->number);
}

} // namespace qd::sandbox::tradier
