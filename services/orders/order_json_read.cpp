#include "services/orders/order_json.h"

namespace qd::orders {

namespace {

/// Reads members one after the other and remembers everything that was wrong.
class MemberReader {
public:
    explicit MemberReader(json::Value value) : m_value(value) {}

    template <typename T>
    void required(const char* name, T& target, Result<T> (json::Value::*read)() const)
    {
        take(name, target, (m_value[name].*read)());
    }
    template <typename T>
    void optional(const char* name, T& target, Result<T> (json::Value::*read)() const)
    {
        if (!m_value[name].isAbsent()) required(name, target, read);
    }
    template <typename T>
    void optional(const char* name, std::optional<T>& target, Result<T> (json::Value::*read)() const)
    {
        if (m_value[name].isAbsent()) return;
        T value{};
        if (take(name, value, (m_value[name].*read)())) target = value;
    }
    template <typename Tag>
    void id(const char* name, Id<Tag>& target, bool needed = false)
    {
        std::string text;
        string(name, text, needed);
        target = Id<Tag>(std::move(text));
    }
    void string(const char* name, std::string& target, bool needed = false)
    {
        if (m_value[name].isAbsent() && !needed) return;
        const auto text = m_value[name].string();
        if (text) {
            target = std::string(*text);
        } else {
            problem(name, text.error());
        }
    }
    template <typename T>
    void word(const char* name, T& target, Result<T> (*parse)(std::string_view), bool needed = true)
    {
        if (m_value[name].isAbsent() && !needed) return;
        const auto text = m_value[name].string();
        if (!text) return problem(name, text.error());
        take(name, target, parse(*text));
    }
    void strings(const char* name, std::vector<std::string>& target)
    {
        for (const json::Value& item : m_value[name].items()) {
            const auto text = item.string();
            if (!text) return problem(name, text.error());
            target.emplace_back(*text);
        }
    }
    template <typename T>
    bool take(const char* name, T& target, const Result<T>& read)
    {
        if (read) {
            target = *read;
        } else {
            problem(name, read.error());
        }
        return read.has_value();
    }
    void problem(const std::string& name, const Error& error)
    {
        m_errors.push_back({name, error.code, error.detail, {}});
    }
    json::Value value() const { return m_value; }
    std::vector<FieldError>& errors() { return m_errors; }

private:
    json::Value m_value;
    std::vector<FieldError> m_errors;
};

using V = json::Value;

void readExits(MemberReader& reader, OrderRequest& request)
{
    const V profit = reader.value()["takeProfit"];
    if (!profit.isAbsent()) {
        if (const auto price = profit["limitPrice"].price()) {
            request.takeProfit = TakeProfit{*price};
        } else {
            reader.problem("takeProfit.limitPrice", price.error());
        }
    }
    const V loss = reader.value()["stopLoss"];
    if (loss.isAbsent()) return;
    StopLoss exit;
    const auto stop = loss["stopPrice"].price();
    if (!stop) return reader.problem("stopLoss.stopPrice", stop.error());
    exit.stopPrice = *stop;
    if (!loss["limitPrice"].isAbsent()) {
        const auto limit = loss["limitPrice"].price();
        if (!limit) return reader.problem("stopLoss.limitPrice", limit.error());
        exit.limitPrice = *limit;
    }
    request.stopLoss = exit;
}

void readRequestMembers(MemberReader& reader, OrderRequest& request)
{
    reader.id("clientOrderId", request.clientOrderId);
    reader.id("account", request.account);
    std::string symbol;
    reader.string("symbol", symbol);
    if (!symbol.empty()) reader.take("symbol", request.symbol, Symbol::parse(symbol));
    reader.word("side", request.side, parseSide);
    reader.word("type", request.type, parseOrderType);
    reader.word("timeInForce", request.timeInForce, parseTimeInForce, /*needed=*/false);
    reader.required("quantity", request.quantity, &V::quantity);
    reader.optional("limitPrice", request.limitPrice, &V::price);
    reader.optional("stopPrice", request.stopPrice, &V::price);
    reader.optional("trailPrice", request.trailPrice, &V::price);
    reader.optional("trailPercent", request.trailPercent, &V::decimal);
    reader.optional("extendedHours", request.extendedHours, &V::boolean);
    reader.optional("reduceOnly", request.reduceOnly, &V::boolean);
    reader.word("orderClass", request.orderClass, parseOrderClass, /*needed=*/false);
    readExits(reader, request);
    reader.strings("confirmations", request.confirmations);
}

Result<OrderOrigin> parseOrigin(std::string_view text)
{
    if (text == toString(OrderOrigin::Ours)) return OrderOrigin::Ours;
    if (text == toString(OrderOrigin::External)) return OrderOrigin::External;
    return fail(ErrorKind::Invalid, "order.unknown_value",
                "expected one of ours, external, was \"" + std::string(text) + "\"", "origin");
}

tl::unexpected<Error> firstProblem(const std::vector<FieldError>& errors)
{
    return fail(ErrorKind::Invalid, errors.front().code, errors.front().detail,
                errors.front().field);
}

void readProgress(MemberReader& reader, Order& order)
{
    reader.word("state", order.state, parseOrderState);
    reader.word("previousState", order.previousState, parseOrderState);
    reader.required("outcomeUnknown", order.outcomeUnknown, &V::boolean);
    reader.word("origin", order.origin, parseOrigin);
    std::vector<std::string> ids;
    reader.strings("venueOrderIds", ids);
    for (std::string& id : ids) order.venueOrderIds.emplace_back(std::move(id));
    reader.required("filledQuantity", order.filledQuantity, &V::quantity);
    reader.required("overfillQuantity", order.overfillQuantity, &V::quantity);
    reader.optional("averagePrice", order.averagePrice, &V::price);
    reader.id("parent", order.parent);
    reader.string("groupId", order.groupId);
    reader.id("replaces", order.replaces);
    reader.id("replacedBy", order.replacedBy);
    reader.string("reasonCode", order.reasonCode);
    reader.string("reasonText", order.reasonText);
    reader.optional("createdAt", order.createdAt, &V::timestamp);
    reader.optional("submittedAt", order.submittedAt, &V::timestamp);
    reader.optional("acceptedAt", order.acceptedAt, &V::timestamp);
    reader.optional("closedAt", order.closedAt, &V::timestamp);
    reader.optional("updatedAt", order.updatedAt, &V::timestamp);
}

/// Values that parse but that no order can have.
Result<void> checkOrder(const Order& order)
{
    if (order.request.clientOrderId.empty()) {
        return fail(ErrorKind::Invalid, "orders.row_malformed", "expected an id", "clientOrderId");
    }
    if (order.request.symbol.empty()) {
        return fail(ErrorKind::Invalid, "orders.row_malformed", "expected a symbol", "symbol");
    }
    if (!order.request.quantity.isPositive() || order.filledQuantity.isNegative() ||
        order.overfillQuantity.isNegative()) {
        return fail(ErrorKind::Invalid, "orders.row_malformed",
                    "expected quantity > 0 and filled ≥ 0", "quantity");
    }
    if (order.state == OrderState::Filled && !order.leavesQuantity().isZero()) {
        return fail(ErrorKind::Invalid, "orders.row_malformed",
                    "expected nothing left of a filled order", "state");
    }
    return {};
}

} // namespace

tl::expected<OrderRequest, std::vector<FieldError>> readRequest(json::Value value)
{
    if (!value.isObject()) {
        return tl::unexpected(std::vector<FieldError>{
            {"", "orders.body_not_object", "expected a JSON object", {}}});
    }
    MemberReader reader(value);
    OrderRequest request;
    readRequestMembers(reader, request);
    if (!reader.errors().empty()) return tl::unexpected(std::move(reader.errors()));
    return request;
}

Result<Order> readOrder(json::Value value)
{
    MemberReader reader(value);
    Order order;
    readRequestMembers(reader, order.request);
    readProgress(reader, order);
    if (!reader.errors().empty()) return firstProblem(reader.errors());
    const auto sound = checkOrder(order);
    if (!sound) return tl::unexpected(sound.error());
    return order;
}

Result<Fill> readFill(json::Value value)
{
    MemberReader reader(value);
    Fill fill;
    reader.id("executionId", fill.executionId, /*needed=*/true);
    reader.id("clientOrderId", fill.clientOrderId, /*needed=*/true);
    reader.id("account", fill.account, /*needed=*/true);
    std::string symbol;
    reader.string("symbol", symbol, /*needed=*/true);
    reader.take("symbol", fill.symbol, Symbol::parse(symbol));
    reader.word("side", fill.side, parseSide);
    reader.required("price", fill.price, &V::price);
    reader.required("quantity", fill.quantity, &V::quantity);
    reader.optional("fee", fill.fee, &V::money);
    reader.optional("eventTime", fill.eventTime, &V::timestamp);
    reader.optional("receiveTime", fill.receiveTime, &V::timestamp);
    reader.optional("inferred", fill.inferred, &V::boolean);
    reader.id("venueOrderId", fill.venueOrderId);
    if (!reader.errors().empty()) return firstProblem(reader.errors());
    if (!fill.quantity.isPositive()) {
        return fail(ErrorKind::Invalid, "orders.row_malformed", "expected more than 0", "quantity");
    }
    return fill;
}

Result<AccountSnapshot> readAccount(json::Value value)
{
    MemberReader reader(value);
    AccountSnapshot account;
    reader.id("account", account.account, /*needed=*/true);
    reader.string("currency", account.currency);
    reader.required("cash", account.cash, &V::money);
    reader.required("equity", account.equity, &V::money);
    reader.required("lastEquity", account.lastEquity, &V::money);
    reader.required("buyingPower", account.buyingPower, &V::money);
    reader.optional("initialMargin", account.initialMargin, &V::money);
    reader.optional("maintenanceMargin", account.maintenanceMargin, &V::money);
    reader.optional("tradingBlocked", account.tradingBlocked, &V::boolean);
    reader.optional("shortingEnabled", account.shortingEnabled, &V::boolean);
    reader.optional("asOf", account.asOf, &V::timestamp);
    if (!reader.errors().empty()) return firstProblem(reader.errors());
    return account;
}

} // namespace qd::orders
