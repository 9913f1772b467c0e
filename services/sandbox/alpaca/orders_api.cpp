#include "services/sandbox/alpaca/orders_api.h"

#include <fmt/format.h>

#include "models/base/whole_number.h"
#include "services/sandbox/alpaca/order_form.h"
#include "services/sandbox/alpaca/order_json.h"
#include "services/sandbox/alpaca/text.h"

namespace qd::sandbox::alpaca {

namespace {

constexpr std::size_t kListDefault = 50;
constexpr std::size_t kListMax = 500;

ApiResult<exchange::OrderFilter> readFilter(const ApiRequest& request,
                                            const exchange::Exchange& exchange)
{
    using Which = exchange::OrderFilter::Which;
    exchange::OrderFilter filter;
    const std::string_view status = request.query("status");
    if (status == "closed")
        filter.which = Which::Closed;
    else if (status == "all")
        filter.which = Which::All;
    else if (!status.empty() && status != "open")
        return invalid(fmt::format("invalid status: {}", status));
    filter.limit = kListDefault;
    if (const auto limit = request.query("limit"); !limit.empty()) {
        filter.limit = wholeNumber<std::size_t>(limit).value_or(0);
        if (filter.limit == 0 || filter.limit > kListMax)
            return invalid(fmt::format("limit must be between 1 and {}", kListMax));
    }
    for (const auto name : {"after", "until"}) {
        const std::string_view text = request.query(name);
        if (text.empty())
            continue;
        const auto instant = parseInstant(text);
        if (!instant)
            return invalid(fmt::format("invalid {}: {}", name, text));
        (name == std::string_view("after") ? filter.after : filter.until) = *instant;
    }
    for (const std::string& symbol : splitList(request.query("symbols")))
        if (const auto index = findInstrument(exchange, symbol))
            filter.symbols.push_back(exchange.instruments()[*index].symbol);
    if (const auto side = request.query("side"); !side.empty()) {
        const auto parsed = parseSide(side);
        if (!parsed)
            return invalid(fmt::format("invalid side: {}", side));
        filter.side = *parsed;
    }
    filter.newestFirst = request.query("direction") != "asc";
    filter.topLevelOnly = request.query("nested") == "true";
    return filter;
}

} // namespace

OrdersApi::OrdersApi(Desk& desk, std::function<void(const exchange::OrderUpdate&)> publish)
    : m_desk(desk), m_rejections(desk, std::move(publish))
{
}

wire::HttpResponse OrdersApi::answer(const ApiRequest& request)
{
    const auto& path = request.path();
    const std::string& method = request.method;
    if (path[1] == "orders:by_client_order_id" && method == "GET")
        return byClientId(request);
    if (path[1] == "orders" && path.size() == 2) {
        if (method == "POST")
            return submit(request);
        if (method == "GET")
            return list(request);
        if (method == "DELETE")
            return cancelAll(request);
    }
    if (path[1] == "orders" && path.size() == 3) {
        if (method == "GET")
            return one(request);
        if (method == "PATCH")
            return replace(request);
        if (method == "DELETE")
            return cancel(request);
    }
    return errorAnswer(404, 40410000, "endpoint not found.");
}

wire::HttpResponse OrdersApi::orderAnswer(const exchange::VenueOrder& order, bool nested) const
{
    json::Writer out;
    writeOrder(out, order, m_desk.records, nested ? Legs::Nested : Legs::Hidden);
    return jsonAnswer(out.take());
}

wire::HttpResponse OrdersApi::submit(const ApiRequest& request)
{
    auto form = readNewOrder(request.body, m_desk.exchange);
    if (!form)
        return errorAnswer(form.error());
    if (m_desk.records.orderByClientId(request.account, form->clientOrderId))
        return errorAnswer(422, 40010001, "client_order_id must be unique");
    if (const auto fault = m_desk.strike("reject", faultSubject(*form)))
        return errorAnswer(fault->status ? fault->status : 403,
                           fault->code ? fault->code : 40310000,
                           fault->message.empty() ? "insufficient buying power" : fault->message);
    if (const auto fault = m_desk.strike("reject_later", faultSubject(*form)))
        return orderAnswer(m_rejections.take(request.account, *form, *fault), true);
    const auto order = m_desk.exchange.submit(request.account, *form);
    if (!order)
        return errorAnswer(toApiError(order.error()));
    m_desk.records.noteSubmitted(order->id);
    return orderAnswer(*order, true);
}

wire::HttpResponse OrdersApi::submitForeign(const AccountId& account, const json::Value& body)
{
    const auto form = readNewOrder(body, m_desk.exchange);
    if (!form)
        return errorAnswer(form.error());
    const auto order = m_desk.exchange.submit(account, *form);
    return order ? orderAnswer(*order, true) : errorAnswer(toApiError(order.error()));
}

wire::HttpResponse OrdersApi::list(const ApiRequest& request) const
{
    const auto filter = readFilter(request, m_desk.exchange);
    if (!filter)
        return errorAnswer(filter.error());
    json::Writer out;
    out.beginArray();
    for (const auto& order : m_desk.records.orders(request.account, *filter))
        writeOrder(out, order, m_desk.records, filter->topLevelOnly ? Legs::Nested : Legs::Hidden);
    out.endArray();
    return jsonAnswer(out.take());
}

wire::HttpResponse OrdersApi::byClientId(const ApiRequest& request) const
{
    const std::string id(request.query("client_order_id"));
    const auto order = m_desk.records.orderByClientId(request.account, id);
    if (!order)
        return errorAnswer(404, 40410000, fmt::format("order not found for {}", id));
    return orderAnswer(*order, true);
}

wire::HttpResponse OrdersApi::one(const ApiRequest& request) const
{
    const std::string& id = request.path()[2];
    const auto order = m_desk.records.order(request.account, VenueOrderId(id));
    if (!order)
        return errorAnswer(404, 40410000, fmt::format("order not found for {}", id));
    return orderAnswer(*order, request.query("nested") == "true");
}

wire::HttpResponse OrdersApi::replace(const ApiRequest& request)
{
    const auto change = readOrderChange(request.body);
    if (!change)
        return errorAnswer(change.error());
    const auto order = m_desk.exchange.replace(request.account,
                                               VenueOrderId(request.path()[2]), *change);
    if (!order)
        return errorAnswer(toApiError(order.error()));
    m_desk.records.noteSubmitted(order->id);
    return orderAnswer(*order, true);
}

wire::HttpResponse OrdersApi::cancel(const ApiRequest& request)
{
    const auto canceled =
        m_desk.exchange.cancel(request.account, VenueOrderId(request.path()[2]));
    return canceled ? noContent() : errorAnswer(toApiError(canceled.error()));
}

wire::HttpResponse OrdersApi::cancelAll(const ApiRequest& request)
{
    json::Writer out;
    out.beginArray();
    for (const auto& [id, taken] : m_desk.exchange.cancelAll(request.account))
        out.beginObject()
            .member("id", id.text())
            .member("status", taken ? 200 : 500)
            .endObject();
    out.endArray();
    return jsonAnswer(out.take(), 207);
}

} // namespace qd::sandbox::alpaca
