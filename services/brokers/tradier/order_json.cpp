#include "services/brokers/tradier/order_json.h"

#include <algorithm>
#include <array>

#include "models/market/calendar.h"
#include "services/brokers/unknown_words.h"
#include "services/wire/http.h"

namespace qd::brokers::tradier {

namespace {

tl::unexpected<Error> schema(std::string detail, std::string field)
{
    return fail(ErrorKind::Invalid, "tradier.schema", std::move(detail), std::move(field));
}

/// A number from 0 to `most`; places beyond the eighth are rounded half-even (averages have them).
template <typename Number>
Result<Number> readAmount(const json::Value& value, Number most, const char* field)
{
    if (value.isAbsent()) return Number();
    const auto text = value.isString() ? value.stringOr({}) : value.numberText();
    const auto number = Decimal::parse(text, Rounding::HalfEven);
    if (!number) return schema(number.error().detail, field);
    if (number->isNegative() || *number > most.value())
        return schema("expected 0 … " + most.toString() + ", was " + number->toString(), field);
    return Number(*number);
}

Result<std::optional<Price>> readOptionalPrice(const json::Value& value, const char* field)
{
    const auto price = readAmount(value, kPriceMax, field);
    if (!price) return tl::unexpected(price.error());
    return price->isPositive() ? std::optional(*price) : std::nullopt;
}

Timestamp timeOrUnset(const json::Value& value)
{
    return value.timestamp().value_or(Timestamp());
}

struct StateRow {
    std::string_view word;
    OrderState state;
};
/// REST's words and the stream's; `pending` may come after `open`.
constexpr std::array kStates = {
    StateRow{"open", OrderState::Accepted},
    StateRow{"pending", OrderState::Accepted},
    StateRow{"calculated", OrderState::Accepted},
    StateRow{"accepted_for_bidding", OrderState::Accepted},
    StateRow{"held", OrderState::Held},
    StateRow{"partially_filled", OrderState::PartiallyFilled},
    StateRow{"filled", OrderState::Filled},
    StateRow{"canceled", OrderState::Canceled},
    StateRow{"expired", OrderState::Expired},
    StateRow{"rejected", OrderState::Rejected},
    StateRow{"error", OrderState::Rejected},
};

Result<void> readRequest(const json::Value& order, OrderRequest& request)
{
    const auto symbol = readSymbol(order["symbol"]);
    if (!symbol) return tl::unexpected(symbol.error());
    request.symbol = *symbol;
    const auto side = order["side"].stringOr({});
    if (!side.starts_with("buy") && !side.starts_with("sell"))
        return schema("expected one of the sides, was \"" + std::string(side.substr(0, 40)) + "\"", "side");
    request.side = side.starts_with("buy") ? Side::Buy : Side::Sell;
    const auto quantity = readAmount(order["quantity"], kQuantityMax, "quantity");
    if (!quantity) return tl::unexpected(quantity.error());
    request.quantity = *quantity;
    const auto limit = readOptionalPrice(order["price"], "price");
    if (!limit) return tl::unexpected(limit.error());
    const auto stop = readOptionalPrice(order["stop_price"], "stop_price");
    if (!stop) return tl::unexpected(stop.error());
    request.limitPrice = *limit;
    request.stopPrice = *stop;
    const auto byPrices = *limit ? (*stop ? OrderType::StopLimit : OrderType::Limit)
                                 : (*stop ? OrderType::Stop : OrderType::Market);
    request.type = parseOrderType(order["type"].stringOr({})).value_or(byPrices);
    const auto duration = order["duration"].stringOr({});
    request.timeInForce = duration == "gtc" ? TimeInForce::Gtc : TimeInForce::Day;
    request.extendedHours = duration == "pre" || duration == "post";
    return {};
}

/// One order without its legs.
Result<ToldOrder> readAlone(const json::Value& order, const AccountId& account)
{
    ToldOrder told;
    const auto id = order["id"].integer();
    if (!id) return schema(id.error().detail, "id");
    const auto status = order["status"].string();
    if (!status) return schema(status.error().detail, "status");
    told.id = told.fillsId = *id;
    OrderReport& report = told.report;
    report.venueOrderId = VenueOrderId(std::to_string(*id));
    const auto tag = order["tag"].stringOr({});
    report.clientOrderId = ClientOrderId(tag.empty() || tag == "null" ? std::to_string(*id) : std::string(tag));
    if (auto read = readRequest(order, report.request); !read) return tl::unexpected(read.error());
    report.request.clientOrderId = report.clientOrderId;
    report.request.account = account;
    const auto filled = readAmount(order["exec_quantity"], kQuantityMax, "exec_quantity");
    if (!filled) return tl::unexpected(filled.error());
    const auto average = readAmount(order["avg_fill_price"], kPriceMax, "avg_fill_price");
    if (!average) return tl::unexpected(average.error());
    report.filledQuantity = *filled;
    report.averagePrice = *average;
    report.venueStatus = std::string(*status);
    report.state = readState(*status, *filled, report.venueStatus);
    if (report.state == OrderState::Rejected)
        report.reason = std::string(
            order["reason_description"].stringOr("rejected by the venue").substr(0, 200));
    report.createdAt = timeOrUnset(order["create_date"]);
    report.updatedAt = timeOrUnset(order["transaction_date"]);
    return told;
}

/// The container of a group has no prices: those of its entry are the order's.
void takeEntry(ToldOrder& group, const ToldOrder& entry)
{
    OrderReport& report = group.report;
    OrderRequest& request = report.request;
    request.type = entry.report.request.type;
    request.limitPrice = entry.report.request.limitPrice;
    request.stopPrice = entry.report.request.stopPrice;
    request.side = entry.report.request.side;
    report.filledQuantity = entry.report.filledQuantity;
    report.averagePrice = entry.report.averagePrice;
    report.state = entry.report.state;
    group.fillsId = entry.id;
}

Error refusalOf(std::string_view code, std::string message)
{
    if (code == "InitialMargin" || code == "MaintenanceMargin")
        return {ErrorKind::Denied, "tradier.insufficient_buying_power", std::move(message), "quantity"};
    if (code == "SecurityUndefined")
        return {ErrorKind::Invalid, "tradier.unknown_symbol", std::move(message), "symbol"};
    if (code == "IncorrectOrderQuantity")
        return {ErrorKind::Invalid, "tradier.invalid_quantity", std::move(message), "quantity"};
    if (code.starts_with("Unexpected") || code.ends_with("CrossZero"))
        return {ErrorKind::Denied, "tradier.wrong_side", std::move(message), "side"};
    return {ErrorKind::Denied, "tradier.refused", std::move(message), {}};
}

void addField(std::string& form, std::string_view name, std::string_view value)
{
    if (!form.empty()) form += '&';
    form.append(name).append("=").append(wire::percentEncode(value));
}

void addLeg(std::string& form, const std::string& index, const OrderRequest& request, std::string_view side,
            OrderType type, std::optional<Price> limit, std::optional<Price> stop)
{
    addField(form, "symbol" + index, symbolText(request.symbol));
    addField(form, "side" + index, side);
    addField(form, "quantity" + index, request.quantity.toString());
    addField(form, "type" + index, toString(type));
    if (limit) addField(form, "price" + index, limit->toString());
    if (stop) addField(form, "stop" + index, stop->toString());
}

} // namespace

std::vector<json::Value> elementsOf(const json::Value& list, std::string_view name)
{
    const json::Value found = list[name];
    if (found.isArray()) return found.items();
    if (found.isObject() || found.isString()) return {found};
    return {};
}

OrderState readState(std::string_view status, Quantity filled, std::string& venueStatus)
{
    const auto row = std::ranges::find(kStates, status, &StateRow::word);
    if (row == kStates.end()) {
        venueStatus = std::string(kUnknownWord) + "status " + std::string(status.substr(0, 40));
        return OrderState::Submitted;
    }
    // Open by status, but some of it has traded: our word for that is PartiallyFilled.
    const bool traded = row->state == OrderState::Accepted && filled.isPositive();
    return traded ? OrderState::PartiallyFilled : row->state;
}

Result<ToldOrder> readOrder(const json::Value& order, const AccountId& account)
{
    auto told = readAlone(order, account);
    if (!told) return told;
    const auto word = order["class"].stringOr({});
    if (word != "oto" && word != "oco" && word != "otoco") return told;
    const auto legs = elementsOf(order, "leg");
    if (legs.empty()) return schema("expected the legs of a group", "leg");
    told->report.request.orderClass = word == "oto"   ? OrderClass::Oto
                                      : word == "oco" ? OrderClass::Oco
                                                      : OrderClass::Bracket;
    for (const auto& value : legs) {
        auto leg = readAlone(value, account);
        if (!leg) return leg;
        if (&value == &legs.front()) {
            takeEntry(*told, *leg);
            continue;
        }
        leg->report.parent = told->report.clientOrderId;
        // REST calls an exit that waits for its entry "pending".
        if (leg->report.venueStatus == "pending") leg->report.state = OrderState::Held;
        told->report.legs.push_back(leg->report);
        told->exits.push_back(std::move(*leg));
    }
    return told;
}

Result<ToldEvent> readEvent(const json::Value& event)
{
    ToldEvent told;
    const auto id = event["id"].integer();
    if (!id) return schema(id.error().detail, "id");
    const auto status = event["status"].string();
    if (!status) return schema(status.error().detail, "status");
    told.id = *id;
    told.parentId = event["parent_id"].integerOr(0);
    told.status = std::string(*status);
    told.tag = std::string(event["tag"].stringOr({}));
    const auto filled = readAmount(event["exec_quantity"], kQuantityMax, "exec_quantity");
    if (!filled) return tl::unexpected(filled.error());
    const auto average = readAmount(event["avg_fill_price"], kPriceMax, "avg_fill_price");
    if (!average) return tl::unexpected(average.error());
    const auto price = readOptionalPrice(event["price"], "price");
    if (!price) return tl::unexpected(price.error());
    const auto stop = readOptionalPrice(event["stop_price"], "stop_price");
    if (!stop) return tl::unexpected(stop.error());
    told.filled = *filled;
    told.average = *average;
    told.price = *price;
    told.stop = *stop;
    told.at = timeOrUnset(event["transaction_date"]);
    told.reason = std::string(event["reason_description"].stringOr({}).substr(0, 200));
    return told;
}

Result<AccountSnapshot> readBalances(const json::Value& balances, const AccountId& account, Timestamp asOf)
{
    AccountSnapshot snapshot;
    snapshot.account = account;
    snapshot.asOf = asOf;
    const auto cash = balances["total_cash"].money();
    if (!cash) return schema(cash.error().detail, "total_cash");
    const auto equity = balances["total_equity"].money();
    if (!equity) return schema(equity.error().detail, "total_equity");
    snapshot.cash = *cash;
    snapshot.equity = snapshot.lastEquity = *equity;
    const auto margin = balances["margin"], plain = balances["cash"];
    const auto power = margin.isObject() ? margin["stock_buying_power"] : plain["cash_available"];
    snapshot.buyingPower = power.money().value_or(*cash);
    snapshot.maintenanceMargin = balances["current_requirement"].money().value_or(Money());
    snapshot.shortingEnabled = margin.isObject();
    return snapshot;
}

Result<Position> readPosition(const json::Value& position, const AccountId& account)
{
    Position read;
    read.account = account;
    const auto symbol = readSymbol(position["symbol"]);
    if (!symbol) return tl::unexpected(symbol.error());
    read.symbol = *symbol;
    const auto quantity = position["quantity"].quantity();
    if (!quantity || quantity->isZero() || quantity->abs() > kQuantityMax)
        return schema("expected a quantity that is not zero", "quantity");
    read.quantity = *quantity;
    const auto cost = position["cost_basis"].money();
    if (!cost) return schema(cost.error().detail, "cost_basis");
    const auto average = cost->dividedBy(quantity->value(), Rounding::HalfEven);
    if (!average) return schema("expected a cost that goes with the quantity", "cost_basis");
    read.averagePrice = Price(*average);
    return read;
}

Result<Instrument> readSecurity(const json::Value& security)
{
    Instrument instrument;
    const auto symbol = readSymbol(security["symbol"]);
    if (!symbol) return tl::unexpected(symbol.error());
    instrument.symbol = *symbol;
    instrument.name = std::string(security["description"].stringOr({}).substr(0, 128));
    instrument.exchange = std::string(security["exchange"].stringOr({}).substr(0, 32));
    instrument.marginable = true;
    return instrument;
}

Result<Symbol> readSymbol(const json::Value& value)
{
    const auto text = value.string();
    if (!text) return schema(text.error().detail, "symbol");
    std::string ours(*text);
    std::ranges::replace(ours, '/', '.');
    auto symbol = Symbol::parse(ours);
    if (!symbol) return schema(symbol.error().detail, "symbol");
    return symbol;
}

std::string symbolText(const Symbol& symbol)
{
    std::string text = symbol.text();
    std::ranges::replace(text, '.', '/');
    return text;
}

std::string_view sideWord(Side side, Quantity held)
{
    if (side == Side::Buy) return held.isNegative() ? "buy_to_cover" : "buy";
    return held.isPositive() ? "sell" : "sell_short";
}

std::string writeOrder(const OrderRequest& request, Quantity held, Timestamp now)
{
    constexpr Duration kNoon = std::chrono::hours(12);
    const bool morning = toNewYork(now).sinceMidnight < kNoon;
    const auto duration = request.extendedHours                       ? (morning ? "pre" : "post")
                          : request.timeInForce == TimeInForce::Gtc ? "gtc"
                                                                      : "day";
    const auto side = sideWord(request.side, held);
    std::string form;
    const auto finish = [&](const char* orderClass) {
        addField(form, "class", orderClass);
        addField(form, "duration", duration);
        addField(form, "tag", request.clientOrderId.text());
        return form;
    };
    if (request.orderClass == OrderClass::Simple) {
        addLeg(form, {}, request, side, request.type, request.limitPrice, request.stopPrice);
        return finish("equity");
    }
    const bool isOco = request.orderClass == OrderClass::Oco;
    int index = 0;
    const auto next = [&index] { return "[" + std::to_string(index++) + "]"; };
    // What an entry opens, its exits close.
    const auto exitSide = isOco ? side : request.side == Side::Buy ? "sell" : "buy_to_cover";
    if (!isOco) addLeg(form, next(), request, side, request.type, request.limitPrice, request.stopPrice);
    if (request.takeProfit || isOco)
        addLeg(form, next(), request, exitSide, OrderType::Limit,
               request.takeProfit ? request.takeProfit->limitPrice : *request.limitPrice, {});
    if (request.stopLoss)
        addLeg(form, next(), request, exitSide,
               request.stopLoss->limitPrice ? OrderType::StopLimit : OrderType::Stop,
               request.stopLoss->limitPrice, request.stopLoss->stopPrice);
    return finish(isOco ? "oco" : request.orderClass == OrderClass::Oto ? "oto" : "otoco");
}

std::string writeModification(const Modification& change)
{
    std::string form;
    if (change.limitPrice) addField(form, "price", change.limitPrice->toString());
    if (change.stopPrice) addField(form, "stop", change.stopPrice->toString());
    if (change.timeInForce) addField(form, "duration", *change.timeInForce == TimeInForce::Gtc ? "gtc" : "day");
    return form;
}

Error readError(int status, std::string_view body)
{
    std::string message(body.substr(0, 300));
    if (message.empty()) message = "HTTP " + std::to_string(status) + " without a reason";
    const auto error = [&](ErrorKind kind, const char* code) {
        return Error{kind, std::string("tradier.") + code, message, {}};
    };
    if (status == 401 || status == 403) return error(ErrorKind::Denied, "unauthorized");
    if (status == 404) return error(ErrorKind::NotFound, "not_found");
    if (status == 429) return error(ErrorKind::Unavailable, "rate_limited");
    if (status >= 500) return error(ErrorKind::OutcomeUnknown, "server_error");
    return error(ErrorKind::Invalid, "invalid_order");
}

std::optional<Error> readErrors(const json::Value& root)
{
    if (!root.contains("errors")) return std::nullopt;
    std::string message, code;
    for (const auto& word : elementsOf(root["errors"], "error")) {
        const auto text = word.stringOr({}).substr(0, 300);
        const bool isCode = !text.empty() && text.find(' ') == std::string_view::npos;
        if (isCode) code = std::string(text);
        if (!message.empty()) message += ' ';
        message += text;
    }
    if (message.empty()) message = "refused without a reason";
    return refusalOf(code, std::move(message));
}

} // namespace qd::brokers::tradier
