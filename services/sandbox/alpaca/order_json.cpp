#include "services/sandbox/alpaca/order_json.h"

#include "services/sandbox/alpaca/text.h"

namespace qd::sandbox::alpaca {

namespace {

void writeTime(json::Writer& out, std::string_view name, std::optional<Timestamp> time)
{
    out.key(name);
    if (time && time->isSet())
        out.value(rfc3339(*time));
    else
        out.null();
}

void writeTimes(json::Writer& out, const exchange::VenueOrder& order)
{
    writeTime(out, "created_at", order.createdAt);
    writeTime(out, "updated_at", order.updatedAt);
    writeTime(out, "submitted_at", order.submittedAt);
    writeTime(out, "filled_at", order.filledAt);
    writeTime(out, "expired_at", order.expiredAt);
    writeTime(out, "canceled_at", order.canceledAt);
    writeTime(out, "failed_at", order.failedAt);
    writeTime(out, "replaced_at", order.replacedAt);
}

void writeId(json::Writer& out, std::string_view name, const std::optional<VenueOrderId>& id)
{
    out.key(name);
    if (id)
        out.value(id->text());
    else
        out.null();
}

void writeLegs(json::Writer& out, const exchange::VenueOrder& order, const VenueRecords& records,
               Legs legs)
{
    out.key("legs");
    if (legs == Legs::Hidden || order.legs.empty()) {
        out.null();
        return;
    }
    out.beginArray();
    for (const VenueOrderId& id : order.legs)
        if (const auto leg = records.order(order.account, id))
            writeOrder(out, *leg, records, Legs::Hidden);
    out.endArray();
}

} // namespace

std::string_view positionIntent(const exchange::VenueOrder& order, const VenueRecords& records)
{
    // Before any of its own fills: a buy closes only what was short.
    const Quantity now = records.positionQuantity(order.account, order.symbol);
    const Quantity own =
        order.side == Side::Buy ? order.filledQuantity : -order.filledQuantity;
    const Quantity before = now - own;
    if (order.side == Side::Buy)
        return before.isNegative() ? "buy_to_close" : "buy_to_open";
    return before.isPositive() ? "sell_to_close" : "sell_to_open";
}

void writeOrder(json::Writer& out, const exchange::VenueOrder& order, const VenueRecords& records,
                Legs legs)
{
    out.beginObject()
        .member("id", order.id.text())
        .member("client_order_id", order.clientOrderId);
    writeTimes(out, order);
    writeId(out, "replaced_by", order.replacedBy);
    writeId(out, "replaces", order.replaces);
    out.member("asset_id", assetId(order.symbol))
        .member("symbol", order.symbol.text())
        .member("asset_class", assetClassName(order.assetClass))
        .member("notional", order.notional)
        .key("qty");
    if (order.notional)
        out.null();
    else
        out.value(order.quantity);
    out.member("filled_qty", order.filledQuantity)
        .member("filled_avg_price", order.averagePrice)
        .member("order_class",
                order.orderClass == OrderClass::Simple ? "" : toString(order.orderClass))
        .member("order_type", toString(order.type))
        .member("type", toString(order.type))
        .member("side", toString(order.side))
        .member("position_intent", positionIntent(order, records))
        .member("time_in_force", toString(order.timeInForce))
        .member("limit_price", order.limitPrice)
        .member("stop_price", order.stopPrice)
        .member("status", toString(order.status))
        .member("extended_hours", order.extendedHours);
    writeLegs(out, order, records, legs);
    out.member("trail_percent", order.trailPercent)
        .member("trail_price", order.trailPrice)
        .member("hwm", order.highWaterMark)
        .key("subtag")
        .null()
        .key("source")
        .null()
        .endObject();
}

} // namespace qd::sandbox::alpaca
