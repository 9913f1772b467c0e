#include "services/sandbox/ibkr/order_json.h"

#include <fmt/format.h>

namespace qd::sandbox::ibkr {

namespace {

using exchange::VenueStatus;

/// Separated by the ASCII record separator.
constexpr const char* kEditable = "\x1e" "quantity\x1e" "limit_price\x1e" "tif\x1e";

struct TypeNames {
    std::string_view shown, origin, brief;
};

TypeNames namesOf(OrderType type)
{
    switch (type) {
    case OrderType::Market: return {"Market", "MARKET", "MKT"};
    case OrderType::Limit: return {"Limit", "LIMIT", "LMT"};
    case OrderType::Stop: return {"Stop", "STOP", "STP"};
    case OrderType::StopLimit: return {"Stop Limit", "STOP_LIMIT", "STP LMT"};
    case OrderType::TrailingStop: return {"Trail", "TRAILING_STOP", "TRAIL"};
    }
    return {};
}

std::string_view timeInForceWord(TimeInForce timeInForce)
{
    switch (timeInForce) {
    case TimeInForce::Day: return "CLOSE"; // not "DAY", which is what is sent
    case TimeInForce::Gtc: return "GTC";
    case TimeInForce::Ioc: return "IOC";
    case TimeInForce::Fok: return "FOK";
    case TimeInForce::Opg: return "OPG";
    case TimeInForce::Cls: return "CLOSE";
    }
    return {};
}

std::string_view verbOf(const LiveOrder& chain)
{
    const bool buys = chain.now.side == Side::Buy;
    if (chain.now.status == VenueStatus::Filled)
        return buys ? "Bought" : "Sold";
    return buys ? "Buy" : "Sell";
}

const Instrument* instrumentOf(const Contracts& contracts, std::int64_t conid)
{
    const auto index = contracts.find(conid);
    return index ? &contracts.instrument(*index) : nullptr;
}

void writePrices(json::Writer& out, const exchange::VenueOrder& order)
{
    const bool isStop = order.type == OrderType::Stop;
    const auto shown = isStop ? order.stopPrice : order.limitPrice;
    out.member("price", shown ? formatPrice(*shown) : std::string());
    if (order.stopPrice && !isStop)
        out.member("auxPrice", formatPrice(*order.stopPrice));
    if (order.trailPrice)
        out.member("trailingAmt", formatPrice(*order.trailPrice)).member("trailingType", "amt");
    if (order.trailPercent)
        out.member("trailingAmt", *order.trailPercent).member("trailingType", "%");
}

void writeReason(json::Writer& out, const exchange::VenueOrder& order)
{
    if (order.status == VenueStatus::Rejected)
        out.member("order_cancellation_by_system_reason",
                   order.reason.empty() ? "Order rejected" : order.reason)
            .member("cannot_cancel_order", true);
}

} // namespace

std::string_view statusOf(const exchange::VenueOrder& order)
{
    switch (order.status) {
    case VenueStatus::PendingNew:
    case VenueStatus::Accepted:
    case VenueStatus::Held: return "PreSubmitted";
    case VenueStatus::New:
    case VenueStatus::PartiallyFilled:
    case VenueStatus::DoneForDay:
    case VenueStatus::PendingReplace: {
        const bool waitsForStop = order.stopPrice || order.type == OrderType::TrailingStop;
        return waitsForStop && !order.triggered ? "PreSubmitted" : "Submitted";
    }
    case VenueStatus::Filled: return "Filled";
    case VenueStatus::Canceled:
    case VenueStatus::Expired:
    case VenueStatus::Replaced: return "Cancelled";
    case VenueStatus::PendingCancel: return "PendingCancel";
    case VenueStatus::Rejected: return "Inactive";
    }
    return "Inactive";
}

void writeLiveOrder(json::Writer& out, const LiveOrder& chain, const Contracts& contracts,
                    std::string_view accountNumber, Extent extent)
{
    const exchange::VenueOrder& order = chain.now;
    const std::int64_t conid = contracts.conidOf(order.symbol);
    const Instrument* instrument = instrumentOf(contracts, conid);
    const auto names = namesOf(order.type);
    const Quantity remaining = exchange::isFinal(order.status) ? Quantity() : chain.total - chain.filled;
    out.beginObject().member("acct", accountNumber).member("conid", conid);
    out.member("orderId", chain.number);
    if (extent == Extent::Whole && instrument) {
        out.member("account", accountNumber)
            .member("conidex", std::to_string(conid))
            .member("cashCcy", "USD")
            .member("description1", Contracts::tickerOf(*instrument))
            .member("ticker", Contracts::tickerOf(*instrument))
            .member("secType", Contracts::secTypeOf(*instrument))
            .member("listingExchange", Contracts::listingOf(*instrument))
            .member("companyName", instrument->name)
            .member("origOrderType", names.origin)
            .member("orderType", names.shown)
            .member("side", order.side == Side::Buy ? "BUY" : "SELL")
            .member("timeInForce", timeInForceWord(order.timeInForce))
            .member("outsideRTH", order.extendedHours)
            .member("orderDesc", fmt::format("{} {} {}, {}", verbOf(chain), chain.total.toString(),
                                             names.shown, timeInForceWord(order.timeInForce)));
        if (!chain.orderRef.empty())
            out.member("order_ref", chain.orderRef);
        if (chain.parent != 0)
            out.member("parentId", chain.parent);
    }
    out.member("sizeAndFills", chain.filled.isZero()
                                   ? chain.total.toString()
                                   : fmt::format("{}/{}", chain.filled.toString(), chain.total.toString()));
    out.key("remainingQuantity").number(remaining.value());
    out.key("filledQuantity").number(chain.filled.value());
    out.key("totalSize").number(chain.total.value());
    out.member("status", statusOf(order)).member("order_ccp_status", statusOf(order));
    if (chain.average)
        out.member("avgPrice", formatPrice(*chain.average));
    writePrices(out, order);
    writeReason(out, order);
    out.member("lastExecutionTime", formatCompactTime(order.updatedAt))
        .member("lastExecutionTime_r", order.updatedAt.millis())
        .member("bgColor", "#FFFFFF")
        .member("fgColor", "#000000")
        .endObject();
}

std::string orderStatusJson(const LiveOrder& chain, const Contracts& contracts,
                            std::string_view accountNumber)
{
    const exchange::VenueOrder& order = chain.now;
    const auto names = namesOf(order.type);
    const bool ended = exchange::isFinal(order.status);
    const std::int64_t conid = contracts.conidOf(order.symbol);
    const Instrument* instrument = instrumentOf(contracts, conid);
    json::Writer out;
    out.beginObject()
        .member("sub_type", instrument ? Contracts::secTypeOf(*instrument) : "STK")
        .member("request_id", "209")
        .member("order_id", chain.number)
        .member("conidex", std::to_string(conid))
        .member("conid", conid)
        .member("symbol", instrument ? Contracts::tickerOf(*instrument) : order.symbol.text())
        .member("side", order.side == Side::Buy ? "B" : "S")
        .member("contract_description_1", order.symbol.text())
        .member("listing_exchange", instrument ? Contracts::listingOf(*instrument) : std::string())
        .member("currency", "USD")
        .member("sec_type", instrument ? Contracts::secTypeOf(*instrument) : "STK")
        .member("size", (chain.total - chain.filled).value().toFixed(1))
        .member("total_size", chain.total.value().toFixed(1))
        .member("cum_fill", chain.filled.value().toFixed(1))
        .member("order_status", statusOf(order))
        .member("order_ccp_status", "0")
        .member("order_status_description",
                ended ? statusOf(order) : std::string_view("Order Submitted"))
        .member("order_type", names.origin)
        .member("tif", toString(order.timeInForce))
        .member("order_time", formatCompactTime(chain.root.submittedAt))
        .member("editable_fields", ended ? "" : kEditable)
        .member("order_not_editable", ended)
        .member("cannot_cancel_order", ended)
        .member("account", accountNumber);
    if (order.limitPrice)
        out.member("limit_price", formatPrice(*order.limitPrice));
    if (order.stopPrice)
        out.member("stop_price", formatPrice(*order.stopPrice));
    if (chain.average)
        out.member("average_price", formatPrice(*chain.average));
    if (order.status == VenueStatus::Rejected)
        out.member("order_cancellation_by_system_reason", order.reason);
    return out.endObject().take();
}

void writeExecution(json::Writer& out, const exchange::VenueExecution& execution,
                    const LiveOrder& chain, const Contracts& contracts,
                    std::string_view accountNumber)
{
    const std::int64_t conid = contracts.conidOf(execution.symbol);
    const Instrument* instrument = instrumentOf(contracts, conid);
    const Money worth = notional(execution.price, execution.quantity);
    out.beginObject()
        .member("execution_id", execution.id.text())
        .member("symbol", instrument ? Contracts::tickerOf(*instrument) : execution.symbol.text())
        .member("supports_tax_opt", "1")
        .member("side", execution.side == Side::Buy ? "B" : "S")
        .member("order_description",
                fmt::format("{} {} @ {} on NASDAQ", execution.side == Side::Buy ? "Bot" : "Sold",
                            execution.quantity.toString(), formatPrice(execution.price)))
        .member("trade_time", formatTime(execution.at))
        .member("trade_time_r", execution.at.millis());
    out.key("size").number(execution.quantity.value());
    out.member("price", formatPrice(execution.price));
    if (!chain.orderRef.empty())
        out.member("order_ref", chain.orderRef);
    out.member("submitter", "paper").member("exchange", "NASDAQ");
    out.member("commission", execution.fee.toString());
    out.key("net_amount").raw(worth.toString());
    out.member("account", accountNumber)
        .member("accountCode", accountNumber)
        .member("company_name", instrument ? instrument->name : std::string())
        .member("sec_type", instrument ? Contracts::secTypeOf(*instrument) : "STK")
        .member("listing_exchange", instrument ? Contracts::listingOf(*instrument) : std::string())
        .member("conid", conid)
        .member("conidEx", std::to_string(conid))
        .endObject();
}

} // namespace qd::sandbox::ibkr
