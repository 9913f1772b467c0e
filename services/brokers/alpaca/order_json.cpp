#include "services/brokers/alpaca/order_json.h"

#include <array>
#include <utility>

#include "models/market/option_contract.h"
#include "services/brokers/unknown_words.h"

namespace qd::brokers::alpaca {

namespace {

tl::unexpected<Error> schema(std::string detail, std::string field)
{
    return fail(ErrorKind::Invalid, "alpaca.schema", std::move(detail), std::move(field));
}

/// A value that must be there, or the schema fault that names it.
template <typename T>
Result<T> required(Result<T> value, const char* field)
{
    if (value) return value;
    return schema(value.error().detail, field);
}

/// A number from −`most` to `most`, or the schema fault that names it.
template <typename Number>
Result<Number> within(Result<Number> value, Number most, const char* field)
{
    if (!value) return schema(value.error().detail, field);
    if (*value > most || *value < -most)
        return schema("expected at most " + most.toString() + ", was " + value->toString(), field);
    return value;
}

Result<std::optional<Price>> optionalPrice(const json::Value& value, const char* field)
{
    if (value.isAbsent()) return std::optional<Price>();
    return readPrice(value, field).map([](Price price) { return std::optional<Price>(price); });
}

Decimal positiveOr(const json::Value& value, Decimal fallback)
{
    const Decimal given = value.decimalOr(fallback);
    return given.isPositive() ? given : fallback;
}

Timestamp timeOr(const json::Value& value)
{
    if (value.isAbsent()) return {};
    return value.timestamp().value_or(Timestamp());
}

/// "frozen" → "unknown: status frozen", for the report's `venueStatus`.
std::string unknownWord(const char* member, std::string_view word)
{
    constexpr std::size_t kWordMax = 40;
    return std::string(kUnknownWord) + member + " " + std::string(word.substr(0, kWordMax));
}

/// "sell_short", "buy_to_cover" and the like are sides with more said.
Result<Side> readSide(const json::Value& value)
{
    const auto word = value.stringOr({});
    if (word.starts_with("sell")) return Side::Sell;
    if (word.starts_with("buy")) return Side::Buy;
    return schema("expected buy or sell, was \"" + std::string(word.substr(0, 40)) + "\"", "side");
}

Result<void> readTimeInForce(const json::Value& value, OrderRequest& request, std::string& unknown)
{
    const auto word = required(value.string(), "time_in_force");
    if (!word) return tl::unexpected(word.error());
    const auto timeInForce = parseTimeInForce(*word);
    if (!timeInForce) unknown = unknownWord("time_in_force", *word);
    request.timeInForce = timeInForce.value_or(TimeInForce::Day);
    return {};
}

/// A type that we do not know is taken for the known one that has the same prices.
Result<void> readType(const json::Value& order, OrderRequest& request, std::string& unknown)
{
    const auto value = order["type"].isAbsent() ? order["order_type"] : order["type"];
    const auto word = required(value.string(), "type");
    if (!word) return tl::unexpected(word.error());
    if (const auto type = parseOrderType(*word)) {
        request.type = *type;
        return {};
    }
    unknown = unknownWord("type", *word);
    if (request.limitPrice) {
        request.type = request.stopPrice ? OrderType::StopLimit : OrderType::Limit;
    } else {
        request.type = request.stopPrice ? OrderType::Stop : OrderType::Market;
    }
    return {};
}

/// Reads the members that repeat the request. Alpaca gives `qty` null for notional orders.
Result<void> readRequest(const json::Value& order, OrderRequest& request, std::string& unknown)
{
    const auto symbol = readSymbol(order["symbol"]);
    if (!symbol) return tl::unexpected(symbol.error());
    request.symbol = *symbol;
    const auto side = readSide(order["side"]);
    if (!side) return tl::unexpected(side.error());
    request.side = *side;
    if (auto read = readTimeInForce(order["time_in_force"], request, unknown); !read) return read;

    if (!order["qty"].isAbsent()) {
        const auto quantity = readQuantity(order["qty"], "qty");
        if (!quantity) return tl::unexpected(quantity.error());
        request.quantity = *quantity;
    }
    const std::pair<const char*, std::optional<Price>*> prices[] = {
        {"limit_price", &request.limitPrice},
        {"stop_price", &request.stopPrice},
        {"trail_price", &request.trailPrice},
    };
    for (const auto& [name, target] : prices) {
        auto price = optionalPrice(order[name], name);
        if (!price) return tl::unexpected(price.error());
        *target = *price;
    }
    if (!order["trail_percent"].isAbsent()) {
        const auto percent = order["trail_percent"].decimal();
        if (!percent) return schema(percent.error().detail, "trail_percent");
        request.trailPercent = *percent;
    }
    request.extendedHours = order["extended_hours"].booleanOr(false);
    const auto orderClass = order["order_class"].stringOr({});
    request.orderClass = parseOrderClass(orderClass).value_or(OrderClass::Simple);
    return readType(order, request, unknown);
}

struct StatusRow {
    std::string_view word;
    OrderState state;
};
/// Trading API v2 statuses. `calculated` and `done_for_day` wait for the venue's last word;
/// `stopped` guarantees a fill that has not happened yet.
constexpr std::array kStatuses = {
    StatusRow{"new", OrderState::Accepted},
    StatusRow{"partially_filled", OrderState::PartiallyFilled},
    StatusRow{"filled", OrderState::Filled},
    StatusRow{"done_for_day", OrderState::Accepted},
    StatusRow{"canceled", OrderState::Canceled},
    StatusRow{"expired", OrderState::Expired},
    StatusRow{"replaced", OrderState::Replaced},
    StatusRow{"pending_cancel", OrderState::PendingCancel},
    StatusRow{"pending_replace", OrderState::PendingUpdate},
    StatusRow{"accepted", OrderState::Accepted},
    StatusRow{"pending_new", OrderState::Accepted},
    StatusRow{"accepted_for_bidding", OrderState::Accepted},
    StatusRow{"stopped", OrderState::Accepted},
    StatusRow{"rejected", OrderState::Rejected},
    StatusRow{"suspended", OrderState::Accepted},
    StatusRow{"calculated", OrderState::Accepted},
    StatusRow{"held", OrderState::Held},
    StatusRow{"pending_review", OrderState::Accepted},
};

} // namespace

std::string writeOrder(const OrderRequest& request)
{
    json::Writer out;
    out.beginObject()
        .member("symbol", request.symbol.text())
        .member("qty", request.quantity)
        .member("side", toString(request.side))
        .member("type", toString(request.type))
        .member("time_in_force", toString(request.timeInForce))
        .member("client_order_id", request.clientOrderId.text());
    if (request.limitPrice) out.member("limit_price", *request.limitPrice);
    if (request.stopPrice) out.member("stop_price", *request.stopPrice);
    if (request.trailPrice) out.member("trail_price", *request.trailPrice);
    if (request.trailPercent) out.member("trail_percent", *request.trailPercent);
    if (request.extendedHours) out.member("extended_hours", true);
    if (request.orderClass != OrderClass::Simple)
        out.member("order_class", toString(request.orderClass));
    if (request.takeProfit) {
        out.key("take_profit").beginObject();
        out.member("limit_price", request.takeProfit->limitPrice).endObject();
    }
    if (request.stopLoss) {
        out.key("stop_loss").beginObject().member("stop_price", request.stopLoss->stopPrice);
        if (request.stopLoss->limitPrice)
            out.member("limit_price", *request.stopLoss->limitPrice);
        out.endObject();
    }
    return out.endObject().take();
}

std::string writeModification(const Modification& change)
{
    json::Writer out;
    out.beginObject();
    if (change.quantity) out.member("qty", *change.quantity);
    if (change.limitPrice) out.member("limit_price", *change.limitPrice);
    if (change.stopPrice) out.member("stop_price", *change.stopPrice);
    if (change.trail) out.member("trail", *change.trail);
    if (change.timeInForce) out.member("time_in_force", toString(*change.timeInForce));
    if (!change.newClientOrderId.empty())
        out.member("client_order_id", change.newClientOrderId.text());
    return out.endObject().take();
}

Result<OrderState> readStatus(std::string_view status)
{
    for (const auto& row : kStatuses)
        if (row.word == status) return row.state;
    return schema("unknown order status \"" + std::string(status.substr(0, 40)) + "\"", "status");
}

Result<OrderReport> readOrder(const json::Value& order, const AccountId& account)
{
    OrderReport report;
    const auto id = required(order["id"].string(), "id");
    if (!id) return tl::unexpected(id.error());
    const auto clientId = required(order["client_order_id"].string(), "client_order_id");
    if (!clientId) return tl::unexpected(clientId.error());
    const auto status = required(order["status"].string(), "status");
    if (!status) return tl::unexpected(status.error());

    report.venueOrderId = VenueOrderId(std::string(*id));
    report.clientOrderId = ClientOrderId(std::string(*clientId));
    report.venueStatus = std::string(*status);
    std::string unknown;
    if (auto read = readRequest(order, report.request, unknown); !read)
        return tl::unexpected(read.error());
    report.request.clientOrderId = report.clientOrderId;
    report.request.account = account;

    const auto state = readStatus(*status);
    if (!state) unknown = unknownWord("status", *status);
    report.state = state.value_or(OrderState::Submitted); // no news
    if (!unknown.empty()) report.venueStatus = std::move(unknown);
    const auto filled = readQuantity(order["filled_qty"], "filled_qty");
    if (!filled) return tl::unexpected(filled.error());
    report.filledQuantity = *filled;
    const auto average = optionalPrice(order["filled_avg_price"], "filled_avg_price");
    if (!average) return tl::unexpected(average.error());
    report.averagePrice = average->value_or(Price());
    // Accepted by status, but some of it has traded: our word for that is PartiallyFilled.
    if (report.state == OrderState::Accepted && report.filledQuantity.isPositive())
        report.state = OrderState::PartiallyFilled;

    report.replaces = VenueOrderId(std::string(order["replaces"].stringOr({})));
    report.replacedBy = VenueOrderId(std::string(order["replaced_by"].stringOr({})));
    report.createdAt = timeOr(order["created_at"]);
    report.updatedAt = timeOr(order["updated_at"]);
    if (order["legs"].isArray()) {
        for (const auto& leg : order["legs"].items()) {
            auto read = readOrder(leg, account);
            if (!read) return tl::unexpected(read.error());
            read->parent = report.clientOrderId;
            report.legs.push_back(std::move(*read));
        }
    }
    return report;
}

Result<AccountSnapshot> readAccount(const json::Value& account, const AccountId& id, Timestamp asOf)
{
    AccountSnapshot snapshot;
    snapshot.account = id;
    snapshot.asOf = asOf;
    snapshot.currency = std::string(account["currency"].stringOr("USD"));
    const std::pair<const char*, Money*> needed[] = {{"cash", &snapshot.cash},
                                                     {"equity", &snapshot.equity},
                                                     {"buying_power", &snapshot.buyingPower}};
    for (const auto& [name, target] : needed) {
        const auto money = within(account[name].money(), kMoneyMax, name);
        if (!money) return tl::unexpected(money.error());
        *target = *money;
    }
    snapshot.lastEquity = account["last_equity"].money().value_or(snapshot.equity);
    snapshot.initialMargin = account["initial_margin"].money().value_or(Money());
    snapshot.maintenanceMargin = account["maintenance_margin"].money().value_or(Money());
    snapshot.tradingBlocked = account["trading_blocked"].booleanOr(false) ||
                              account["account_blocked"].booleanOr(false) ||
                              account["trade_suspended_by_user"].booleanOr(false);
    snapshot.shortingEnabled = account["shorting_enabled"].booleanOr(false);
    return snapshot;
}

Result<Position> readPosition(const json::Value& position, const AccountId& account)
{
    Position result;
    result.account = account;
    const auto symbol = readSymbol(position["symbol"]);
    if (!symbol) return tl::unexpected(symbol.error());
    result.symbol = *symbol;
    const auto quantity = within(position["qty"].quantity(), kQuantityMax, "qty");
    if (!quantity) return tl::unexpected(quantity.error());
    // Some answers give an unsigned quantity and the side beside it.
    const bool flip = position["side"].stringOr({}) == "short" && quantity->isPositive();
    result.quantity = flip ? -*quantity : *quantity;
    const auto price = readPrice(position["avg_entry_price"], "avg_entry_price");
    if (!price) return tl::unexpected(price.error());
    result.averagePrice = *price;
    return result;
}

Result<Instrument> readAsset(const json::Value& asset)
{
    Instrument instrument;
    const auto symbol = readSymbol(asset["symbol"]);
    if (!symbol) return tl::unexpected(symbol.error());
    instrument.symbol = *symbol;
    instrument.name = std::string(asset["name"].stringOr({}).substr(0, 128));
    instrument.exchange = std::string(asset["exchange"].stringOr({}).substr(0, 32));
    const auto assetClass = asset["class"].isAbsent() ? asset["asset_class"] : asset["class"];
    const auto word = assetClass.stringOr("us_equity");
    instrument.assetClass = word == "crypto"      ? AssetClass::Crypto
                            : word == "us_option" ? AssetClass::Option
                                                  : AssetClass::Equity;
    const auto tradable = required(asset["tradable"].boolean(), "tradable");
    if (!tradable) return tl::unexpected(tradable.error());
    instrument.tradable = *tradable;
    instrument.fractionable = asset["fractionable"].booleanOr(false);
    instrument.shortable = asset["shortable"].booleanOr(false);
    instrument.marginable = asset["marginable"].booleanOr(false);

    const bool crypto = instrument.assetClass == AssetClass::Crypto;
    const Decimal smallest = Decimal::fromUnits(crypto || instrument.fractionable ? 1 : Decimal::kOne);
    instrument.minQuantity = Quantity(positiveOr(asset["min_order_size"], smallest));
    instrument.lotSize = Quantity(positiveOr(asset["min_trade_increment"], smallest));
    const Decimal cent = Decimal::fromUnits(Decimal::kOne / 100);
    instrument.tick = Price(positiveOr(asset["price_increment"], cent));
    return instrument;
}

Result<Instrument> readContract(const json::Value& value)
{
    const auto symbol = readSymbol(value["symbol"]);
    if (!symbol) return tl::unexpected(symbol.error());
    const auto contract = optionContractOf(*symbol);
    if (!contract)
        return fail(ErrorKind::Invalid, "alpaca.schema",
                    "expected the symbol of an option contract, was " + symbol->text());
    Instrument instrument;
    instrument.symbol = *symbol;
    instrument.name = toString(*contract);
    instrument.exchange = "OPRA";
    instrument.assetClass = AssetClass::Option;
    const auto tradable = required(value["tradable"].boolean(), "tradable");
    if (!tradable) return tl::unexpected(tradable.error());
    instrument.tradable = *tradable;
    return instrument;
}

Result<Fill> readFillActivity(const json::Value& activity, const AccountId& account,
                              Timestamp receiveTime)
{
    Fill fill;
    fill.account = account;
    fill.receiveTime = receiveTime;
    // "20220202135509981::2d7be4ff-d1f3-43e9-856a-0f5cf5c5088e": the execution is the second half.
    const auto id = required(activity["id"].string(), "id");
    if (!id) return tl::unexpected(id.error());
    const auto separator = id->find("::");
    fill.executionId = ExecutionId(
        std::string(separator == std::string_view::npos ? *id : id->substr(separator + 2)));
    const auto order = required(activity["order_id"].string(), "order_id");
    if (!order) return tl::unexpected(order.error());
    fill.venueOrderId = VenueOrderId(std::string(*order));
    const auto symbol = readSymbol(activity["symbol"]);
    if (!symbol) return tl::unexpected(symbol.error());
    fill.symbol = *symbol;
    const auto side = readSide(activity["side"]); // "sell_short" opens; the position says it too
    if (!side) return tl::unexpected(side.error());
    fill.side = *side;
    const auto quantity = readQuantity(activity["qty"], "qty");
    if (!quantity) return tl::unexpected(quantity.error());
    fill.quantity = *quantity;
    const auto price = readPrice(activity["price"], "price");
    if (!price) return tl::unexpected(price.error());
    fill.price = *price;
    fill.eventTime = timeOr(activity["transaction_time"]);
    return fill;
}

Result<Quantity> readQuantity(const json::Value& value, const char* field)
{
    auto quantity = within(value.quantity(), kQuantityMax, field);
    if (quantity && quantity->isNegative())
        return schema("expected a quantity from 0, was " + quantity->toString(), field);
    return quantity;
}

Result<Price> readPrice(const json::Value& value, const char* field)
{
    return within(value.price(), kPriceMax, field);
}

Result<Symbol> readSymbol(const json::Value& value)
{
    const auto text = required(value.string(), "symbol");
    if (!text) return tl::unexpected(text.error());
    auto symbol = Symbol::parse(*text);
    if (!symbol) return schema(symbol.error().detail, "symbol");
    return symbol;
}

Error readError(int status, std::string_view body)
{
    std::string message;
    std::int64_t code = 0;
    if (const auto parsed = json::Document::parse(body)) {
        code = parsed->root()["code"].integerOr(0);
        message = std::string(parsed->root()["message"].stringOr({}).substr(0, 300));
    }
    if (message.empty()) message = "HTTP " + std::to_string(status) + " without a reason";

    const auto error = [&](ErrorKind kind, const char* name, const char* field = "") {
        return Error{kind, std::string("alpaca.") + name, message, field};
    };
    if (status == 401) return error(ErrorKind::Denied, "unauthorized");
    if (status == 404) return error(ErrorKind::NotFound, "not_found");
    if (status == 429) return error(ErrorKind::Unavailable, "rate_limited");
    if (status >= 500) return error(ErrorKind::OutcomeUnknown, "server_error");
    if (message.find("client_order_id must be unique") != std::string::npos)
        return error(ErrorKind::Conflict, "duplicate_client_order_id", "clientOrderId");
    if (status == 403) {
        if (message.find("buying power") != std::string::npos)
            return error(ErrorKind::Denied, "insufficient_buying_power", "quantity");
        if (message.find("insufficient qty") != std::string::npos)
            return error(ErrorKind::Denied, "insufficient_quantity", "quantity");
        // A forbidden order carries a code; a forbidden key does not.
        return code != 0 ? error(ErrorKind::Denied, "forbidden")
                         : error(ErrorKind::Denied, "unauthorized");
    }
    if (message.find("limit price") != std::string::npos ||
        message.find("limit_price") != std::string::npos)
        return error(ErrorKind::Invalid, "invalid_order", "limitPrice");
    if (message.find("sub-penny") != std::string::npos)
        return error(ErrorKind::Invalid, "sub_penny", "limitPrice");
    return error(ErrorKind::Invalid, "invalid_order");
}

} // namespace qd::brokers::alpaca
