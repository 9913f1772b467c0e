#include "services/sandbox/alpaca/positions_api.h"

#include <fmt/format.h>

#include "services/sandbox/alpaca/order_json.h"
#include "services/sandbox/alpaca/text.h"

namespace qd::sandbox::alpaca {

namespace {

/// How much to close, from `qty=` or `percentage=`; nothing = everything.
ApiResult<std::optional<Quantity>> readPart(const ApiRequest& request, Quantity held)
{
    const std::string_view quantity = request.query("qty");
    const std::string_view percentage = request.query("percentage");
    if (!quantity.empty() && !percentage.empty())
        return invalid("only one of qty or percentage is accepted");
    if (quantity.empty() && percentage.empty())
        return std::optional<Quantity>();
    const auto value = Decimal::parse(quantity.empty() ? percentage : quantity);
    if (!value || !value->isPositive())
        return invalid(fmt::format("invalid {}", quantity.empty() ? "percentage" : "qty"));
    if (!quantity.empty())
        return std::optional(Quantity(*value));
    if (*value > Decimal::fromInt(100))
        return invalid("percentage must be > 0 and <= 100");
    const auto scaled = held.abs().value().checkedMultiply(*value, Rounding::Down);
    const auto part =
        scaled ? scaled->checkedDivide(Decimal::fromInt(100), Rounding::Down) : std::nullopt;
    return part ? std::optional(Quantity(*part)) : std::nullopt;
}

} // namespace

Decimal ratioOf(const Money& part, const Money& whole)
{
    const auto divisor = whole.abs().dividedBy(Decimal::fromInt(1), Rounding::HalfEven);
    if (!divisor || divisor->isZero())
        return {};
    return part.dividedBy(*divisor, Rounding::HalfEven).value_or(Decimal());
}

wire::HttpResponse PositionsApi::answer(const ApiRequest& request)
{
    const bool all = request.path().size() == 2;
    if (request.path().size() <= 3 && request.method == "GET")
        return all ? list(request) : one(request);
    if (request.path().size() <= 3 && request.method == "DELETE")
        return all ? closeAll(request) : close(request);
    return errorAnswer(404, 40410000, "endpoint not found.");
}

void PositionsApi::write(json::Writer& out, const exchange::VenuePosition& position) const
{
    const auto index = m_desk.exchange.find(position.symbol);
    const Instrument* instrument = index ? &m_desk.exchange.instruments()[*index] : nullptr;
    const Money dayStart = notional(position.lastDayPrice, position.quantity);
    const Money dayChange = Money(position.currentPrice.value() - position.lastDayPrice.value());
    out.beginObject()
        .member("asset_id", assetId(position.symbol))
        .member("symbol", position.symbol.text())
        .member("exchange", instrument ? std::string_view(instrument->exchange) : "")
        .member("asset_class", assetClassName(position.assetClass))
        .member("asset_marginable", instrument && instrument->marginable)
        .member("qty", position.quantity)
        .member("avg_entry_price", position.averageEntry)
        .member("side", position.quantity.isNegative() ? "short" : "long")
        .member("market_value", position.marketValue)
        .member("cost_basis", position.costBasis)
        .member("unrealized_pl", position.unrealised)
        .member("unrealized_plpc", ratioOf(position.unrealised, position.costBasis))
        .member("unrealized_intraday_pl", position.unrealisedToday)
        .member("unrealized_intraday_plpc", ratioOf(position.unrealisedToday, dayStart))
        .member("current_price", position.currentPrice)
        .member("lastday_price", position.lastDayPrice)
        .member("change_today", ratioOf(dayChange, Money(position.lastDayPrice.value())))
        .member("qty_available", position.quantityAvailable)
        .endObject();
}

wire::HttpResponse PositionsApi::list(const ApiRequest& request) const
{
    json::Writer out;
    out.beginArray();
    for (const auto& position : m_desk.records.positions(request.account))
        write(out, position);
    out.endArray();
    return jsonAnswer(out.take());
}

wire::HttpResponse PositionsApi::one(const ApiRequest& request) const
{
    const auto index = findInstrument(m_desk.exchange, request.path()[2]);
    if (!index)
        return errorAnswer(404, 40410000,
                           fmt::format("symbol not found: {}", request.path()[2]));
    const auto position = m_desk.records.position(
        request.account, m_desk.exchange.instruments()[*index].symbol);
    if (!position)
        return errorAnswer(404, 40410000, "position does not exist");
    json::Writer out;
    write(out, *position);
    return jsonAnswer(out.take());
}

wire::HttpResponse PositionsApi::close(const ApiRequest& request)
{
    const auto index = findInstrument(m_desk.exchange, request.path()[2]);
    if (!index)
        return errorAnswer(404, 40410000,
                           fmt::format("symbol not found: {}", request.path()[2]));
    const Symbol& symbol = m_desk.exchange.instruments()[*index].symbol;
    const auto position = m_desk.exchange.position(request.account, symbol);
    if (!position)
        return errorAnswer(404, 40410000, "position does not exist");
    const auto part = readPart(request, position->quantity);
    if (!part)
        return errorAnswer(part.error());
    const auto order = m_desk.exchange.closePosition(request.account, symbol, *part);
    if (!order)
        return errorAnswer(toApiError(order.error()));
    json::Writer out;
    writeOrder(out, *order, m_desk.records, Legs::Hidden);
    return jsonAnswer(out.take());
}

wire::HttpResponse PositionsApi::closeAll(const ApiRequest& request)
{
    if (request.query("cancel_orders") == "true")
        m_desk.exchange.cancelAll(request.account);
    json::Writer out;
    out.beginArray();
    for (const auto& position : m_desk.exchange.positions(request.account)) {
        const auto order =
            m_desk.exchange.closePosition(request.account, position.symbol, std::nullopt);
        out.beginObject().member("symbol", position.symbol.text());
        if (order) {
            out.member("status", 200).key("body");
            writeOrder(out, *order, m_desk.records, Legs::Hidden);
        } else {
            const ApiError error = toApiError(order.error());
            out.member("status", error.status).key("body");
            writeError(out, error);
        }
        out.endObject();
    }
    out.endArray();
    return jsonAnswer(out.take(), 207);
}

} // namespace qd::sandbox::alpaca
