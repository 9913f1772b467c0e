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

/// The members of an order, with their names as literals: `name` is what stands before the value,
/// ",\"side\":". An order is written three times on its way; a writer that looks at every letter of
/// every name for what must be escaped was a quarter of the core's work for it.
class Members {
public:
    /// The log leaves out what there is not: a quarter of its bytes, and every commit waits for them.
    explicit Members(std::string& out, Detail detail) : m_out(out), m_hasNulls(detail == Detail::Api)
    {
    }

    /// What may hold anything.
    void text(std::string_view name, std::string_view value)
    {
        m_out += name;
        json::appendQuoted(m_out, value);
    }
    void textOrNull(std::string_view name, std::string_view value)
    {
        value.empty() ? null(name) : text(name, value);
    }
    /// Our own words and numbers, in which nothing must be escaped.
    void word(std::string_view name, std::string_view value)
    {
        m_out += name;
        m_out += '"';
        m_out += value;
        m_out += '"';
    }
    template <typename Number>
    void number(std::string_view name, const Number& value)
    {
        word(name, value.toString());
    }
    template <typename Number>
    void number(std::string_view name, const std::optional<Number>& value)
    {
        value ? number(name, *value) : null(name);
    }
    void flag(std::string_view name, bool value)
    {
        m_out += name;
        m_out += value ? "true" : "false";
    }
    void null(std::string_view name)
    {
        if (!m_hasNulls) return;
        m_out += name;
        m_out += "null";
    }

private:
    std::string& m_out;
    const bool m_hasNulls;
};

void appendExits(std::string& out, const OrderRequest& request, Detail detail)
{
    Members members(out, detail);
    if (request.takeProfit) {
        members.number(R"(,"takeProfit":{"limitPrice":)", request.takeProfit->limitPrice);
        out += '}';
    } else {
        members.null(R"(,"takeProfit":)");
    }
    if (request.stopLoss) {
        members.number(R"(,"stopLoss":{"stopPrice":)", request.stopLoss->stopPrice);
        members.number(R"(,"limitPrice":)", request.stopLoss->limitPrice);
        out += '}';
    } else {
        members.null(R"(,"stopLoss":)");
    }
}

void appendRequest(std::string& out, const OrderRequest& request, Detail detail)
{
    Members members(out, detail);
    members.text(R"("clientOrderId":)", request.clientOrderId.text());
    members.text(R"(,"account":)", request.account.text());
    members.text(R"(,"symbol":)", request.symbol.text());
    members.word(R"(,"side":)", toString(request.side));
    members.word(R"(,"type":)", toString(request.type));
    members.word(R"(,"timeInForce":)", toString(request.timeInForce));
    members.number(R"(,"quantity":)", request.quantity);
    members.number(R"(,"limitPrice":)", request.limitPrice);
    members.number(R"(,"stopPrice":)", request.stopPrice);
    members.number(R"(,"trailPrice":)", request.trailPrice);
    members.number(R"(,"trailPercent":)", request.trailPercent);
    members.flag(R"(,"extendedHours":)", request.extendedHours);
    members.flag(R"(,"reduceOnly":)", request.reduceOnly);
    members.word(R"(,"orderClass":)", toString(request.orderClass));
    appendExits(out, request, detail);
}

void appendProgress(std::string& out, const Order& order, Detail detail)
{
    Members members(out, detail);
    members.word(R"(,"state":)", toString(order.state));
    members.flag(R"(,"outcomeUnknown":)", order.outcomeUnknown);
    members.word(R"(,"origin":)", toString(order.origin));
    members.textOrNull(R"(,"venueOrderId":)", order.venueOrderIds.empty()
                                                  ? std::string_view()
                                                  : order.venueOrderIds.back().text());
    members.number(R"(,"filledQuantity":)", order.filledQuantity);
    members.number(R"(,"leavesQuantity":)",
                   isClosed(order.state) ? Quantity() : order.leavesQuantity());
    if (order.filledQuantity.isZero()) {
        members.null(R"(,"averagePrice":)");
    } else {
        members.number(R"(,"averagePrice":)", order.averagePrice);
    }
    members.textOrNull(R"(,"parent":)", order.parent.text());
    members.textOrNull(R"(,"groupId":)", order.groupId);
    members.textOrNull(R"(,"replaces":)", order.replaces.text());
    members.textOrNull(R"(,"replacedBy":)", order.replacedBy.text());
    members.textOrNull(R"(,"reasonCode":)", order.reasonCode);
    members.textOrNull(R"(,"reasonText":)", order.reasonText);
}

/// `time.toString(digits)`, which for a time after 1970 is mostly the text of its second, and that
/// is mostly the one asked for last: an order has five times, all of the same moment.
void appendText(std::string& out, Timestamp time, int digits)
{
    struct Second {
        std::int64_t number = -1;
        std::string text; ///< "2013-10-07T13:30:00."
    };
    thread_local Second last;
    constexpr std::int64_t kSecond = 1'000'000'000;
    const std::int64_t number = time.nanos() / kSecond;
    if (time.nanos() < 0) {
        out += time.toString(digits);
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
    out.append(text, size);
}

/// Times in the log keep their nanoseconds; the API's have microseconds.
int digitsOf(Detail detail)
{
    return detail == Detail::Log ? 9 : 6;
}

void writeTime(json::Writer& writer, std::string_view name, Timestamp time, Detail detail)
{
    writer.key(name);
    if (!time.isSet()) {
        writer.null();
        return;
    }
    std::string text;
    appendText(text, time, digitsOf(detail));
    writer.value(text);
}

void appendTime(std::string& out, std::string_view name, Timestamp time, Detail detail)
{
    if (!time.isSet()) return Members(out, detail).null(name);
    out += name;
    out += '"';
    appendText(out, time, digitsOf(detail));
    out += '"';
}

void appendLogOnly(std::string& out, const Order& order)
{
    Members members(out, Detail::Log);
    members.word(R"(,"previousState":)", toString(order.previousState));
    members.number(R"(,"overfillQuantity":)", order.overfillQuantity);
    out += R"(,"venueOrderIds":[)";
    for (const VenueOrderId& id : order.venueOrderIds) {
        members.text(&id == &order.venueOrderIds.front() ? "" : ",", id.text());
    }
    out += R"(],"confirmations":[)";
    for (const std::string& code : order.request.confirmations) {
        members.text(&code == &order.request.confirmations.front() ? "" : ",", code);
    }
    out += ']';
}

} // namespace

void writeOrder(json::Writer& writer, const Order& order, Detail detail)
{
    thread_local std::string text;
    text.assign(1, '{');
    appendRequest(text, order.request, detail);
    appendProgress(text, order, detail);
    appendTime(text, R"(,"createdAt":)", order.createdAt, detail);
    appendTime(text, R"(,"submittedAt":)", order.submittedAt, detail);
    appendTime(text, R"(,"acceptedAt":)", order.acceptedAt, detail);
    appendTime(text, R"(,"closedAt":)", order.closedAt, detail);
    appendTime(text, R"(,"updatedAt":)", order.updatedAt, detail);
    if (detail == Detail::Log) {
        appendLogOnly(text, order);
    } else {
        // In the log the version is the event's own sequence, which is not known while it is written.
        text += R"(,"version":)";
        text += std::to_string(order.version);
    }
    text += '}';
    writer.raw(text);
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
