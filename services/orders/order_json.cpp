#include "services/orders/order_json.h"

#include "services/orders/differences.h"

namespace qd::orders {

namespace {

void textOrNull(json::Writer& writer, std::string_view name, std::string_view text)
{
    writer.key(name);
    if (text.empty()) {
        writer.null();
    } else {
        writer.value(text);
    }
}

void writeExits(json::Writer& writer, const OrderRequest& request)
{
    writer.key("takeProfit");
    if (request.takeProfit) {
        writer.beginObject().member("limitPrice", request.takeProfit->limitPrice).endObject();
    } else {
        writer.null();
    }
    writer.key("stopLoss");
    if (request.stopLoss) {
        writer.beginObject()
            .member("stopPrice", request.stopLoss->stopPrice)
            .member("limitPrice", request.stopLoss->limitPrice)
            .endObject();
    } else {
        writer.null();
    }
}

void writeRequest(json::Writer& writer, const OrderRequest& request)
{
    writer.member("clientOrderId", request.clientOrderId.text())
        .member("account", request.account.text())
        .member("symbol", request.symbol.text())
        .member("side", toString(request.side))
        .member("type", toString(request.type))
        .member("timeInForce", toString(request.timeInForce))
        .member("quantity", request.quantity)
        .member("limitPrice", request.limitPrice)
        .member("stopPrice", request.stopPrice)
        .member("trailPrice", request.trailPrice)
        .member("trailPercent", request.trailPercent)
        .member("extendedHours", request.extendedHours)
        .member("reduceOnly", request.reduceOnly)
        .member("orderClass", toString(request.orderClass));
    writeExits(writer, request);
}

void writeProgress(json::Writer& writer, const Order& order)
{
    writer.member("state", toString(order.state))
        .member("outcomeUnknown", order.outcomeUnknown)
        .member("origin", toString(order.origin));
    textOrNull(writer, "venueOrderId",
               order.venueOrderIds.empty() ? std::string_view() : order.venueOrderIds.back().text());
    writer.member("filledQuantity", order.filledQuantity)
        .member("leavesQuantity", isClosed(order.state) ? Quantity() : order.leavesQuantity());
    writer.key("averagePrice");
    if (order.filledQuantity.isZero()) {
        writer.null();
    } else {
        writer.value(order.averagePrice);
    }
    textOrNull(writer, "parent", order.parent.text());
    textOrNull(writer, "groupId", order.groupId);
    textOrNull(writer, "replaces", order.replaces.text());
    textOrNull(writer, "replacedBy", order.replacedBy.text());
    textOrNull(writer, "reasonCode", order.reasonCode);
    textOrNull(writer, "reasonText", order.reasonText);
}

/// `time.toString(digits)`, which for a time after 1970 is mostly the text of its second, and that
/// is mostly the one asked for last: an order has five times, all of the same moment.
void writeText(json::Writer& writer, Timestamp time, int digits)
{
    struct Second {
        std::int64_t number = -1;
        std::string text; ///< "2013-10-07T13:30:00."
    };
    thread_local Second last;
    constexpr std::int64_t kSecond = 1'000'000'000;
    const std::int64_t number = time.nanos() / kSecond;
    if (time.nanos() < 0) {
        writer.value(time.toString(digits));
        return;
    }
    if (last.number != number) {
        last.text = Timestamp::fromNanos(number * kSecond).toString(0);
        last.text.back() = '.'; // was Z
        last.number = number;
    }
    char text[48];
    std::size_t size = last.text.copy(text, last.text.size());
    std::int64_t rest = time.nanos() % kSecond;
    for (int i = 8; i >= 0; --i, rest /= 10) {
        text[size + static_cast<std::size_t>(i)] = static_cast<char>('0' + rest % 10);
    }
    size += static_cast<std::size_t>(digits);
    text[size++] = 'Z';
    writer.value(std::string_view(text, size));
}

/// Times in the log keep their nanoseconds; the API's have microseconds.
void writeTime(json::Writer& writer, std::string_view name, Timestamp time, Detail detail)
{
    writer.key(name);
    if (!time.isSet()) {
        writer.null();
    } else {
        writeText(writer, time, detail == Detail::Log ? 9 : 6);
    }
}

void writeLogOnly(json::Writer& writer, const Order& order)
{
    writer.member("previousState", toString(order.previousState))
        .member("overfillQuantity", order.overfillQuantity);
    writer.key("venueOrderIds").beginArray();
    for (const VenueOrderId& id : order.venueOrderIds) writer.value(id.text());
    writer.endArray();
    writer.key("confirmations").beginArray();
    for (const std::string& code : order.request.confirmations) writer.value(code);
    writer.endArray();
}

} // namespace

void writeOrder(json::Writer& writer, const Order& order, Detail detail)
{
    writer.beginObject();
    writeRequest(writer, order.request);
    writeProgress(writer, order);
    writeTime(writer, "createdAt", order.createdAt, detail);
    writeTime(writer, "submittedAt", order.submittedAt, detail);
    writeTime(writer, "acceptedAt", order.acceptedAt, detail);
    writeTime(writer, "closedAt", order.closedAt, detail);
    writeTime(writer, "updatedAt", order.updatedAt, detail);
    if (detail == Detail::Log) writeLogOnly(writer, order);
    // In the log the version is the event's own sequence, which is not known while it is written.
    if (detail == Detail::Api) writer.member("version", order.version);
    writer.endObject();
}

void writeFill(json::Writer& writer, const Fill& fill, Detail detail)
{
    writer.beginObject()
        .member("executionId", fill.executionId.text())
        .member("clientOrderId", fill.clientOrderId.text())
        .member("account", fill.account.text())
        .member("symbol", fill.symbol.text())
        .member("side", toString(fill.side))
        .member("price", fill.price)
        .member("quantity", fill.quantity)
        .member("fee", fill.fee);
    writeTime(writer, "eventTime", fill.eventTime, detail);
    writeTime(writer, "receiveTime", fill.receiveTime, detail);
    writer.member("inferred", fill.inferred);
    if (detail == Detail::Log) writer.member("venueOrderId", fill.venueOrderId.text());
    writer.endObject();
}

void writeAccount(json::Writer& writer, const AccountSnapshot& account, const AccountExtras& extras)
{
    const Money dayProfit = account.equity - account.lastEquity;
    writer.beginObject()
        .member("account", account.account.text())
        .member("currency", account.currency)
        .member("cash", account.cash)
        .member("equity", account.equity)
        .member("lastEquity", account.lastEquity)
        .member("dayProfit", dayProfit);
    std::optional<Decimal> percent;
    const auto base = account.lastEquity.dividedBy(Decimal::fromInt(100), Rounding::HalfEven);
    if (base && base->isPositive()) percent = dayProfit.dividedBy(*base, Rounding::HalfEven);
    if (percent) percent = percent->roundTo(Decimal::of("0.0001"), Rounding::HalfEven);
    writer.member("dayProfitPercent", percent)
        .member("buyingPower", account.buyingPower)
        .member("initialMargin", account.initialMargin)
        .member("maintenanceMargin", account.maintenanceMargin)
        .member("openRisk", extras.openRisk)
        .member("tradingBlocked", account.tradingBlocked)
        .member("shortingEnabled", account.shortingEnabled)
        .member("environment", extras.live ? "live" : "paper")
        .member("asOf", account.asOf)
        .endObject();
}

void writePosition(json::Writer& writer, const Position& position, const PositionValue& value)
{
    writer.beginObject()
        .member("account", position.account.text())
        .member("symbol", position.symbol.text())
        .member("quantity", position.quantity)
        .member("averagePrice", position.averagePrice)
        .member("realised", position.realised)
        .member("lastPrice", value.lastPrice);
    std::optional<Money> marketValue, unrealised, dayChange;
    if (value.lastPrice) {
        marketValue = notional(*value.lastPrice, position.quantity);
        unrealised = notional(*value.lastPrice - position.averagePrice, position.quantity);
        if (value.previousClose) {
            dayChange = notional(*value.lastPrice - *value.previousClose, position.quantity);
        }
    }
    writer.member("marketValue", marketValue)
        .member("unrealised", unrealised)
        .member("dayChange", dayChange)
        .member("reconciled", value.reconciled)
        .endObject();
}

void writeDifference(json::Writer& writer, const Difference& difference)
{
    writer.beginObject()
        .member("id", difference.id)
        .member("code", codeOf(difference))
        .member("kind", difference.kind)
        .member("symbol", difference.symbol)
        .member("key", difference.key)
        .member("ours", difference.ours)
        .member("theirs", difference.theirs);
    textOrNull(writer, "difference", difference.delta);
    writer.member("since", difference.since)
        .member("blocksEntries", blocksEntries(difference))
        .member("acceptable", true)
        .member("whatToDo", whatToDo(difference))
        .endObject();
}

namespace {

void writeDifferences(json::Writer& writer, const std::vector<Difference>& differences)
{
    writer.key("differences").beginArray();
    for (const Difference& difference : differences) writeDifference(writer, difference);
    writer.endArray();
}

} // namespace

void writeTrading(json::Writer& writer, const TradingStatus& trading)
{
    writer.beginObject()
        .member("state", toString(trading.state))
        .member("reason", trading.reason)
        .member("since", trading.since)
        .member("reconciling", trading.reconciling)
        .member("brokerConnected", trading.brokerConnected);
    writeDifferences(writer, trading.differences);
    writer.endObject();
}

void writeReport(json::Writer& writer, const ReconcileReport& report)
{
    writer.beginObject()
        .member("trigger", report.trigger)
        .member("complete", report.complete)
        .member("failure", report.failure)
        .member("ordersCompared", report.ordersCompared)
        .member("ordersCorrected", report.ordersCorrected)
        .member("ordersAdopted", report.ordersAdopted)
        .member("fillsRecovered", report.fillsRecovered)
        .member("fillsInferred", report.fillsInferred)
        .member("positionsCompared", report.positionsCompared)
        .member("openingAdopted", report.openingAdopted);
    writeDifferences(writer, report.differences);
    writer.member("startedAt", report.startedAt)
        .member("finishedAt", report.finishedAt)
        .endObject();
}

void writeNotice(json::Writer& writer, const Notice& notice)
{
    writer.beginObject()
        .member("severity", toString(notice.severity))
        .member("title", notice.title)
        .member("text", notice.text)
        .member("subject", notice.subject)
        .endObject();
}

void writeCheck(json::Writer& writer, const Check& check)
{
    writer.beginObject()
        .member("code", check.code)
        .member("title", check.title)
        .member("passed", check.passed)
        .member("severity", check.severity == Check::Severity::Refuse ? "refuse" : "confirm")
        .member("detail", check.detail)
        .endObject();
}

} // namespace qd::orders
