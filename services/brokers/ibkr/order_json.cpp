#include "services/brokers/ibkr/order_json.h"

#include <algorithm>
#include <array>

#include "services/brokers/unknown_words.h"

namespace qd::brokers::ibkr {

namespace {

tl::unexpected<Error> schema(std::string detail, std::string field)
{
    return fail(ErrorKind::Invalid, "ibkr.schema", std::move(detail), std::move(field));
}

template <typename Number>
Result<Number> within(const json::Value& value, Number most, const char* field)
{
    const auto number = readNumber(value, field);
    if (!number) return tl::unexpected(number.error());
    const Number read(*number);
    if (read > most || read < -most)
        return schema("expected at most " + most.toString() + ", was " + read.toString(), field);
    return read;
}

Result<Quantity> readQuantity(const json::Value& value, const char* field)
{
    auto quantity = within(value, kQuantityMax, field);
    if (quantity && quantity->isNegative())
        return schema("expected a quantity from 0, was " + quantity->toString(), field);
    return quantity;
}

/// Absent, or an empty text as IBKR writes a price that an order does not have.
bool isEmpty(const json::Value& value)
{
    return value.isAbsent() || (value.isString() && value.stringOr({}).empty());
}

/// An id that is a text in some answers and a number in others.
Result<std::string> readId(const json::Value& value, const char* field)
{
    std::string text(value.isString() ? value.stringOr({}) : value.numberText());
    const bool isNumber = !text.empty() && text.size() <= 19 &&
                          std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    if (!isNumber) return schema("expected a number, was " + value.dump().substr(0, 40), field);
    return text;
}

template <typename T>
struct WordRow {
    std::string_view word;
    T value;
};

/// Lower case without separators: "Stop Limit", "STOP_LIMIT" and "stop_limit" are one word.
std::string plain(std::string_view word)
{
    std::string text;
    for (const char c : word) {
        if (c == ' ' || c == '_') continue;
        text += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return text;
}

template <typename T, std::size_t N>
std::optional<T> find(const std::array<WordRow<T>, N>& rows, std::string_view word)
{
    const auto row = std::ranges::find(rows, plain(word), &WordRow<T>::word);
    return row == rows.end() ? std::nullopt : std::optional(row->value);
}

constexpr std::array<WordRow<OrderType>, 14> kTypes = {{{"market", OrderType::Market},
                                                        {"mkt", OrderType::Market},
                                                        {"moc", OrderType::Market},
                                                        {"marketonclose", OrderType::Market},
                                                        {"limit", OrderType::Limit},
                                                        {"lmt", OrderType::Limit},
                                                        {"loc", OrderType::Limit},
                                                        {"limitonclose", OrderType::Limit},
                                                        {"stop", OrderType::Stop},
                                                        {"stp", OrderType::Stop},
                                                        {"stoplimit", OrderType::StopLimit},
                                                        {"stplmt", OrderType::StopLimit},
                                                        {"trail", OrderType::TrailingStop},
                                                        {"trailingstop", OrderType::TrailingStop}}};
/// "CLOSE" is how a day order is told; it ends with the session's close.
constexpr std::array<WordRow<TimeInForce>, 6> kForces = {{{"day", TimeInForce::Day},
                                                          {"close", TimeInForce::Day},
                                                          {"gtc", TimeInForce::Gtc},
                                                          {"ioc", TimeInForce::Ioc},
                                                          {"fok", TimeInForce::Fok},
                                                          {"opg", TimeInForce::Opg}}};
constexpr std::array<WordRow<OrderState>, 11> kStatuses = {
    {{"pendingsubmit", OrderState::Submitted},
     {"apipending", OrderState::Submitted},
     {"presubmitted", OrderState::Accepted},
     {"submitted", OrderState::Accepted},
     {"pendingcancel", OrderState::PendingCancel},
     {"cancelled", OrderState::Canceled},
     {"apicancelled", OrderState::Canceled},
     {"filled", OrderState::Filled},
     {"inactive", OrderState::Held},
     {"warnstate", OrderState::AwaitingConfirmation},
     {"expired", OrderState::Expired}}};

std::string_view typeWord(OrderType type, TimeInForce timeInForce)
{
    const bool atClose = timeInForce == TimeInForce::Cls;
    switch (type) {
    case OrderType::Market: return atClose ? "MOC" : "MKT";
    case OrderType::Limit: return atClose ? "LOC" : "LMT";
    case OrderType::Stop: return "STP";
    case OrderType::StopLimit: return "STP_LIMIT";
    case OrderType::TrailingStop: return "TRAIL";
    }
    return {};
}

std::string_view timeWord(TimeInForce timeInForce)
{
    switch (timeInForce) {
    case TimeInForce::Gtc: return "GTC";
    case TimeInForce::Ioc: return "IOC";
    case TimeInForce::Opg: return "OPG";
    case TimeInForce::Fok: return "FOK";
    case TimeInForce::Day:
    case TimeInForce::Cls: break;
    }
    return "DAY";
}

void writeTerms(json::Writer& out, const OrderRequest& request, std::int64_t conid)
{
    out.member("conid", conid)
        .member("orderType", typeWord(request.type, request.timeInForce))
        .member("side", request.side == Side::Buy ? "BUY" : "SELL")
        .member("tif", timeWord(request.timeInForce));
    out.key("quantity").number(request.quantity.value());
    const bool isStop = request.type == OrderType::Stop; // its stop is IBKR's `price`
    if (isStop && request.stopPrice) out.key("price").number(request.stopPrice->value());
    if (!isStop && request.limitPrice) out.key("price").number(request.limitPrice->value());
    if (!isStop && request.stopPrice) out.key("auxPrice").number(request.stopPrice->value());
    if (request.trailPrice) {
        out.key("trailingAmt").number(request.trailPrice->value());
        out.member("trailingType", "amt");
    } else if (request.trailPercent) {
        out.key("trailingAmt").number(*request.trailPercent).member("trailingType", "%");
    }
    if (request.extendedHours) out.member("outsideRTH", true);
}

/// An exit of `entry` as an order of its own.
OrderRequest exitOf(const OrderRequest& entry, std::string_view suffix)
{
    OrderRequest exit;
    exit.clientOrderId = ClientOrderId(entry.clientOrderId.text() + std::string(suffix));
    exit.side = opposite(entry.side);
    exit.quantity = entry.quantity;
    exit.timeInForce = entry.timeInForce;
    if (suffix == kTakeProfitSuffix) {
        exit.type = OrderType::Limit;
        exit.limitPrice = entry.takeProfit->limitPrice;
    } else {
        exit.type = entry.stopLoss->limitPrice ? OrderType::StopLimit : OrderType::Stop;
        exit.stopPrice = entry.stopLoss->stopPrice;
        exit.limitPrice = entry.stopLoss->limitPrice;
    }
    return exit;
}

/// IBKR's texts hold line ends and names of fields; people get one line.
std::string oneLine(std::string_view text)
{
    constexpr std::size_t kTextMax = 300;
    std::string line(text.substr(0, kTextMax));
    std::ranges::replace_if(line, [](char c) { return c == '\n' || c == '\r'; }, ' ');
    return line;
}

template <typename T, typename Read>
Result<void> take(const json::Value& value, std::optional<T>& target, Read read)
{
    if (isEmpty(value)) return {};
    auto given = read(value);
    if (!given) return tl::unexpected(given.error());
    target = std::move(*given);
    return {};
}

std::optional<std::string> textIn(const json::Value& value)
{
    if (!value.isString()) return std::nullopt;
    return std::string(value.stringOr({}).substr(0, 300));
}

Result<void> readWords(const json::Value& order, LiveOrder& read)
{
    if (!order["side"].isAbsent()) {
        const auto side = order["side"].stringOr({});
        if (side != "BUY" && side != "SELL" && side != "B" && side != "S")
            return schema("expected BUY or SELL, was " + order["side"].dump().substr(0, 40), "side");
        read.side = side.starts_with('B') ? Side::Buy : Side::Sell;
    }
    // `orderType` is written for people; `origOrderType` keeps what was sent.
    const auto& typeValue =
        order["origOrderType"].isString() ? order["origOrderType"] : order["orderType"];
    if (typeValue.isString()) {
        read.type = find(kTypes, typeValue.stringOr({}));
        if (!read.type)
            read.unknownWord = std::string(kUnknownWord) + "type " +
                               std::string(typeValue.stringOr({}).substr(0, 40));
    }
    if (order["timeInForce"].isString()) {
        read.timeInForce = find(kForces, order["timeInForce"].stringOr({}));
        if (!read.timeInForce)
            read.unknownWord = std::string(kUnknownWord) + "time in force " +
                               std::string(order["timeInForce"].stringOr({}).substr(0, 40));
    }
    return {};
}

Result<void> readFigures(const json::Value& order, LiveOrder& read)
{
    const auto quantity = [](const char* name) {
        return [name](const json::Value& value) { return readQuantity(value, name); };
    };
    const auto price = [](const char* name) {
        return [name](const json::Value& value) { return within(value, kPriceMax, name); };
    };
    const auto number = [](const json::Value& value) { return readNumber(value, "trailingAmt"); };
    if (auto ok = take(order["totalSize"], read.total, quantity("totalSize")); !ok) return ok;
    if (auto ok = take(order["filledQuantity"], read.filled, quantity("filledQuantity")); !ok) return ok;
    if (auto ok = take(order["price"], read.price, price("price")); !ok) return ok;
    if (auto ok = take(order["auxPrice"], read.auxPrice, price("auxPrice")); !ok) return ok;
    if (auto ok = take(order["avgPrice"], read.averagePrice, price("avgPrice")); !ok) return ok;
    return take(order["trailingAmt"], read.trailingAmount, number);
}

} // namespace

Result<Decimal> readNumber(const json::Value& value, const char* field)
{
    std::string text(value.isString() ? value.stringOr({}) : value.numberText());
    std::erase(text, ',');
    auto number = Decimal::parse(text, Rounding::HalfEven);
    if (!number) return schema("expected a number, was " + value.dump().substr(0, 40), field);
    return number;
}

std::string writeOrder(const OrderRequest& request, std::int64_t conid)
{
    json::Writer out;
    const bool isPair = request.orderClass == OrderClass::Oco;
    out.beginObject().key("orders").beginArray().beginObject();
    out.member("cOID", request.clientOrderId.text());
    OrderRequest lead = request;
    if (isPair && !lead.limitPrice && lead.takeProfit) lead.limitPrice = lead.takeProfit->limitPrice;
    writeTerms(out, lead, conid);
    if (isPair) out.member("isSingleGroup", true);
    out.endObject();
    const auto addExit = [&](std::string_view suffix) {
        const OrderRequest exit = exitOf(request, suffix);
        out.beginObject().member("cOID", exit.clientOrderId.text());
        if (isPair)
            out.member("isSingleGroup", true);
        else
            out.member("parentId", request.clientOrderId.text());
        OrderRequest terms = exit;
        if (isPair) terms.side = request.side; // both close the same position
        writeTerms(out, terms, conid);
        out.endObject();
    };
    if (request.takeProfit && !isPair) addExit(kTakeProfitSuffix);
    if (request.stopLoss) addExit(kStopLossSuffix);
    return out.endArray().endObject().take();
}

std::string writeChange(const OrderRequest& request, std::int64_t conid)
{
    json::Writer out;
    out.beginObject();
    writeTerms(out, request, conid);
    return out.endObject().take();
}

Result<Answer> readAnswer(const json::Value& root)
{
    const auto items = root.isArray() ? root.items() : std::vector<json::Value>{root};
    if (items.empty() || !items[0].isObject()) return schema("expected an order's answer", "");
    const json::Value& first = items[0];
    if (first["error"].isString()) return Answer(Declined{readError(200, first["error"].stringOr({}))});
    if (first["id"].isString() && !first["message"].isAbsent()) {
        Asked asked;
        asked.replyId = std::string(first["id"].stringOr({}));
        for (const auto& id : first["messageIds"].items())
            asked.messageIds.emplace_back(id.stringOr({}).substr(0, 40));
        for (const auto& line : first["message"].items())
            asked.text += (asked.text.empty() ? "" : " ") + oneLine(line.stringOr({}));
        if (first["message"].isString()) asked.text = oneLine(first["message"].stringOr({}));
        return Answer(std::move(asked));
    }
    Taken taken;
    for (const auto& item : items) {
        auto id = readId(item["order_id"], "order_id");
        if (!id) return tl::unexpected(id.error());
        taken.orders.push_back({std::move(*id), std::string(item["local_order_id"].stringOr({})),
                                std::string(item["order_status"].stringOr({}))});
    }
    return Answer(std::move(taken));
}

Result<void> readCancelAnswer(const json::Value& root)
{
    const auto answer = root.isArray() ? root.at(0) : root;
    if (answer["error"].isString())
        return tl::unexpected(readError(200, answer["error"].stringOr({})));
    if (answer["msg"].isString()) return {};
    return schema("expected msg or error", "msg");
}

Error readError(int status, std::string_view text)
{
    std::string words = oneLine(text);
    if (words.empty()) words = "HTTP " + std::to_string(status) + " without a reason";
    const auto error = [&](ErrorKind kind, const char* name, const char* field = "") {
        return Error{kind, std::string("ibkr.") + name, words, field};
    };
    std::string lower = words;
    std::ranges::transform(lower, lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const auto says = [&lower](std::string_view part) { return lower.find(part) != std::string::npos; };
    if (status == 401) return error(ErrorKind::Denied, "unauthorized");
    if (status == 429) return error(ErrorKind::Unavailable, "rate_limited");
    if (status == 410) return error(ErrorKind::Unavailable, "gone");
    // What is said before anything is looked at proves that nothing was done, whatever the status.
    if (says("no bridge") || says("query /accounts") || says("/portfolio/accounts first"))
        return error(ErrorKind::Unavailable, "no_bridge");
    if (status >= 500) return error(ErrorKind::OutcomeUnknown, "server_error");
    if (says("already registered"))
        return error(ErrorKind::Conflict, "duplicate_client_order_id", "clientOrderId");
    if (says("doesn't exist") || says("not found") || status == 404)
        return error(ErrorKind::NotFound, "order_not_found");
    if (says("no such reply")) return error(ErrorKind::Conflict, "question_expired");
    if (says("insufficient funds") || says("margin"))
        return error(ErrorKind::Denied, "insufficient_buying_power", "quantity");
    if (says("insufficient qty")) return error(ErrorKind::Denied, "insufficient_quantity", "quantity");
    if (says("short sale")) return error(ErrorKind::Denied, "not_shortable", "symbol");
    if (says("restricted")) return error(ErrorKind::Denied, "restricted");
    if (says("price") || says("increment")) return error(ErrorKind::Invalid, "invalid_order", "limitPrice");
    return error(ErrorKind::Invalid, "invalid_order");
}

Error readErrorBody(int status, std::string_view body)
{
    const auto document = json::Document::parse(body);
    if (!document) return readError(status, {});
    const auto root = document->root().isArray() ? document->root().at(0) : document->root();
    return readError(status, root["error"].stringOr(root["message"].stringOr({})));
}

std::optional<OrderState> readStatus(std::string_view word)
{
    return find(kStatuses, word);
}

Result<LiveOrder> readLiveOrder(const json::Value& order)
{
    LiveOrder read;
    auto id = readId(order["orderId"].isAbsent() ? order["order_id"] : order["orderId"], "orderId");
    if (!id) return tl::unexpected(id.error());
    read.orderId = std::move(*id);
    if (!order["status"].isAbsent() && !order["status"].isString())
        return schema("expected a word, was " + order["status"].dump().substr(0, 40), "status");
    read.status = textIn(order["status"]);
    read.orderRef = textIn(order["order_ref"]);
    read.ticker = textIn(order["ticker"]);
    read.secType = textIn(order["secType"]);
    read.reason = textIn(order["order_cancellation_by_system_reason"]);
    if (const auto parent = readId(order["parentId"], "parentId"); parent && *parent != "0")
        read.parentId = *parent;
    if (const auto conid = order["conid"].integer(); conid && *conid > 0) read.conid = *conid;
    if (auto ok = readWords(order, read); !ok) return tl::unexpected(ok.error());
    if (auto ok = readFigures(order, read); !ok) return tl::unexpected(ok.error());
    read.trailsByPercent = order["trailingType"].stringOr({}) == "%";
    if (order["outsideRTH"].isBoolean()) read.extendedHours = order["outsideRTH"].booleanOr(false);
    read.cannotBeCanceled = order["cannot_cancel_order"].booleanOr(false);
    constexpr std::int64_t kMillisMax = 9'000'000'000'000;
    const auto changed = order["lastExecutionTime_r"].integerOr(0);
    if (changed > 0 && changed < kMillisMax) read.changedAt = Timestamp::fromMillis(changed);
    return read;
}

Result<Execution> readExecution(const json::Value& value, const AccountId& account,
                                Timestamp receiveTime)
{
    Execution execution;
    Fill& fill = execution.fill;
    fill.account = account;
    fill.receiveTime = receiveTime;
    const auto id = value["execution_id"].string();
    if (!id || id->empty()) return schema("is required", "execution_id");
    fill.executionId = ExecutionId(std::string(id->substr(0, 128)));
    const auto side = value["side"].stringOr({});
    if (side != "B" && side != "S" && side != "BUY" && side != "SELL")
        return schema("expected B or S, was " + value["side"].dump().substr(0, 40), "side");
    fill.side = side.starts_with('B') ? Side::Buy : Side::Sell;
    const auto size = readQuantity(value["size"], "size");
    if (!size) return tl::unexpected(size.error());
    if (!size->isPositive()) return schema("expected more than 0", "size");
    fill.quantity = *size;
    const auto price = within(value["price"], kPriceMax, "price");
    if (!price) return tl::unexpected(price.error());
    fill.price = *price;
    if (!isEmpty(value["commission"])) {
        const auto fee = readNumber(value["commission"], "commission");
        if (!fee) return tl::unexpected(fee.error());
        fill.fee = Money(*fee);
    }
    fill.clientOrderId = ClientOrderId(std::string(value["order_ref"].stringOr({}).substr(0, 128)));
    constexpr std::int64_t kMillisMax = 9'000'000'000'000;
    const auto at = value["trade_time_r"].integerOr(0);
    fill.eventTime = at > 0 && at < kMillisMax ? Timestamp::fromMillis(at) : receiveTime;
    execution.conid = value["conid"].integerOr(0);
    execution.ticker = std::string(value["symbol"].stringOr({}).substr(0, 40));
    execution.secType = std::string(value["sec_type"].stringOr("STK").substr(0, 16));
    return execution;
}

Result<Holding> readHolding(const json::Value& value, const AccountId& account)
{
    Holding holding;
    holding.position.account = account;
    const auto conid = value["conid"].integer();
    if (!conid) return schema(conid.error().detail, "conid");
    holding.conid = *conid;
    holding.ticker = std::string(value["ticker"].stringOr(value["contractDesc"].stringOr({})).substr(0, 40));
    holding.secType = std::string(value["assetClass"].stringOr("STK").substr(0, 16));
    const auto quantity = within(value["position"], kQuantityMax, "position");
    if (!quantity) return tl::unexpected(quantity.error());
    holding.position.quantity = *quantity;
    const bool hasPrice = !isEmpty(value["avgPrice"]);
    const auto price = within(value[hasPrice ? "avgPrice" : "avgCost"], kPriceMax, "avgPrice");
    if (!price) return tl::unexpected(price.error());
    holding.position.averagePrice = *price;
    return holding;
}

Result<AccountSnapshot> readSummary(const json::Value& summary, const AccountId& account, Timestamp asOf)
{
    AccountSnapshot snapshot;
    snapshot.account = account;
    snapshot.asOf = asOf;
    snapshot.currency = std::string(summary["totalcashvalue"]["currency"].stringOr("USD"));
    struct Row {
        const char* name;
        Money* target;
        bool isRequired;
    };
    const Row rows[] = {{"totalcashvalue", &snapshot.cash, true},
                        {"netliquidation", &snapshot.equity, true},
                        {"buyingpower", &snapshot.buyingPower, true},
                        {"previousdayequitywithloanvalue", &snapshot.lastEquity, false},
                        {"initmarginreq", &snapshot.initialMargin, false},
                        {"maintmarginreq", &snapshot.maintenanceMargin, false}};
    for (const auto& row : rows) {
        const auto amount = summary[row.name]["amount"];
        if (!row.isRequired && isEmpty(amount)) continue;
        const auto money = within(amount, kMoneyMax, row.name);
        if (!money) return tl::unexpected(money.error());
        *row.target = *money;
    }
    const auto trading = summary["tradingtype-s"]["value"].stringOr({});
    snapshot.tradingBlocked = trading == "CLOSEONLY";
    snapshot.shortingEnabled = trading.find("MRGN") != std::string_view::npos;
    return snapshot;
}

Result<Symbol> symbolOf(std::string_view ticker, std::string_view secType)
{
    std::string text(ticker);
    if (secType == "CRYPTO")
        text += "/USD";
    else
        std::ranges::replace(text, ' ', '.');
    auto symbol = Symbol::parse(text);
    if (!symbol) return schema(symbol.error().detail, "ticker");
    return symbol;
}

std::string tickerOf(const Symbol& symbol)
{
    std::string text = symbol.text();
    if (assetClassOf(symbol) == AssetClass::Crypto) return text.substr(0, text.find('/'));
    std::ranges::replace(text, '.', ' ');
    return text;
}

} // namespace qd::brokers::ibkr
