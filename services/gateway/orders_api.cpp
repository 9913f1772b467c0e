#include "services/gateway/orders_api.h"

#include <algorithm>

#include "services/gateway/quote_json.h"
#include "services/orders/order_json.h"

namespace qd::gateway {

namespace {

using orders::CommandContext;
using orders::OrderFilter;
using orders::Refusal;

CommandContext contextOf(const Call& call)
{
    return {call.caller().name, call.traceId(), call.traceParent()};
}

std::string orderJson(const Order& order)
{
    constexpr std::size_t kUsualSize = 1'024;
    json::Writer out;
    out.reserve(kUsualSize);
    orders::writeOrder(out, order);
    return out.take();
}

orders::OrderService::OrderDone answerWithOrder(const CallPtr& call)
{
    return [call](const tl::expected<Order, Refusal>& result) {
        if (result)
            call->answer(202, orderJson(*result));
        else
            call->answer(problemOf(result.error()));
    };
}

std::vector<Field> orderFields()
{
    return {
        {.name = "clientOrderId", .required = true, .help = "UUIDv4, made by the caller: the "
         "idempotency key", .example = "61e69015-8549-4bfd-b9c3-01e75843f47d"},
        {.name = "account", .help = "account name; the only one may be left out", .example = "paper"},
        {.name = "symbol", .required = true, .help = "what to trade", .lengthMax = 32, .example = "SPY"},
        {.name = "side", .required = true, .help = "buy or sell", .allowed = {"buy", "sell"}, .example = "buy"},
        {.name = "type", .required = true, .help = "order type",
         .allowed = {"market", "limit", "stop", "stop_limit", "trailing_stop"}, .example = "limit"},
        {.name = "timeInForce", .help = "default day",
         .allowed = {"day", "gtc", "ioc", "fok", "opg", "cls"}, .example = "day"},
        {.name = "quantity", .type = FieldType::Decimal, .required = true, .help = "shares, contracts or coins", .example = "100"},
        {.name = "limitPrice", .type = FieldType::Decimal, .help = "limit and stop_limit", .example = "512.30"},
        {.name = "stopPrice", .type = FieldType::Decimal, .help = "stop and stop_limit", .example = "510.00"},
        {.name = "trailPrice", .type = FieldType::Decimal, .help = "trailing_stop: distance in currency", .example = "1.50"},
        {.name = "trailPercent", .type = FieldType::Decimal, .help = "trailing_stop: distance in percent", .example = "2"},
        {.name = "extendedHours", .type = FieldType::Boolean, .help = "also outside regular hours"},
        {.name = "reduceOnly", .type = FieldType::Boolean, .help = "only towards a flat position"},
        {.name = "orderClass", .help = "default simple", .allowed = {"simple", "bracket", "oco", "oto"}},
        {.name = "takeProfit", .type = FieldType::Object, .help = "{limitPrice}"},
        {.name = "stopLoss", .type = FieldType::Object, .help = "{stopPrice, limitPrice?}"},
        {.name = "confirmations", .type = FieldType::Array, .help = "codes of confirmed precautions", .lengthMax = 32},
    };
}

std::string previewJson(const orders::Preview& preview, const market::SymbolState& state,
                        Timestamp now)
{
    json::Writer out;
    out.beginObject()
        .member("notional", preview.notional)
        .member("estimatedFee", preview.estimatedFee)
        .member("buyingPowerBefore", preview.buyingPowerBefore)
        .member("buyingPowerAfter", preview.buyingPowerAfter)
        .member("positionAfter", preview.positionAfter);
    out.key("checks").beginArray();
    for (const auto& check : preview.checks) orders::writeCheck(out, check);
    out.endArray();
    out.key("quote").raw(quoteJson(state, now));
    out.member("freshness", toString(state.freshness));
    return out.endObject().take();
}

/// Reads the order, waits for a quote of its symbol, and hands it to `then`.
void withOrder(const OrdersApi& self, const CallPtr& call,
               std::function<void(const OrderRequest&)> then)
{
    auto request = orders::readRequest(call->body());
    if (!request) {
        Refusal refusal{Error{ErrorKind::Invalid, "orders.invalid", "the request has no shape", {}},
                        request.error(),
                        {},
                        {}};
        return call->answer(problemOf(refusal));
    }
    if (request->account.empty()) request->account = AccountId("paper");
    const auto key = call->request().headers.find("Idempotency-Key");
    if (!key.empty() && key != request->clientOrderId.text() &&
        key != "\"" + request->clientOrderId.text() + "\"") {
        Refusal refusal{Error{ErrorKind::Invalid, "orders.id_mismatch",
                              "Idempotency-Key and clientOrderId differ", "clientOrderId"},
                        {},
                        {},
                        {}};
        return call->answer(problemOf(refusal));
    }
    if (self.broker != nullptr && self.broker->status().breakerState == "open") return then(*request);
    const Symbol symbol = request->symbol;
    self.quotes.withQuote(symbol, [request = std::move(*request), then = std::move(then)] {
        then(request);
    });
}

Result<orders::ChangeRequest> readChange(const json::Value& body)
{
    orders::ChangeRequest change;
    if (!body["quantity"].isAbsent()) change.quantity = body["quantity"].quantity().value();
    if (!body["limitPrice"].isAbsent()) change.limitPrice = body["limitPrice"].price().value();
    if (!body["stopPrice"].isAbsent()) change.stopPrice = body["stopPrice"].price().value();
    if (!body["trail"].isAbsent()) change.trail = body["trail"].decimal().value();
    if (!body["timeInForce"].isAbsent()) {
        const auto timeInForce = parseTimeInForce(body["timeInForce"].stringOr({}));
        if (!timeInForce) return tl::unexpected(timeInForce.error());
        change.timeInForce = *timeInForce;
    }
    change.newClientOrderId = ClientOrderId(std::string(body["newClientOrderId"].stringOr({})));
    return change;
}

/// Symbol and side of a query; an unreadable one is told at the field.
bool readSymbolQuery(const CallPtr& call, std::optional<Symbol>& symbol)
{
    const auto text = call->target().queryValue("symbol");
    if (text.empty()) return true;
    const auto parsed = Symbol::parse(text);
    if (!parsed) {
        call->answer(problemOf(parsed.error(), "Request refused"));
        return false;
    }
    symbol = *parsed;
    return true;
}

/// A time of the query, whose shape has been checked; unset without one.
Timestamp timeQuery(const Call& call, std::string_view name)
{
    return Timestamp::parse(call.target().queryValue(name)).value_or(Timestamp());
}

std::vector<std::string> stateWords()
{
    std::vector<std::string> words;
    for (int state = 0; state <= static_cast<int>(OrderState::Replaced); ++state)
        words.emplace_back(toString(static_cast<OrderState>(state)));
    return words;
}

/// The cursor of the next page, and the end of the answer.
void endPage(json::Writer& out, const std::string& nextCursor)
{
    out.key("nextCursor");
    nextCursor.empty() ? out.null() : out.value(nextCursor);
    out.endObject();
}

std::string timelineJson(const std::vector<storage::Event>& events)
{
    json::Writer out;
    out.beginObject().key("events").beginArray();
    for (const auto& event : events) {
        out.beginObject()
            .member("sequence", event.sequence)
            .member("time", event.time)
            .member("kind", event.kind)
            .member("actor", event.actor)
            .member("traceId", event.traceId);
        const auto payload = json::Document::parse(event.payload);
        const auto eventTime = payload ? payload->root()["eventTime"] : json::Value();
        out.key("eventTime");
        if (eventTime.isAbsent())
            out.null();
        else
            out.value(eventTime.stringOr({}));
        out.key("detail").raw(payload ? event.payload : "{}");
        out.endObject();
    }
    return out.endArray().endObject().take();
}

void addCommands(const OrdersApi& self, Api& api)
{
    api.add({.method = "POST", .path = "/v1/orders", .role = Role::Trader, .rate = RateClass::Orders,
             .summary = "Submit an order; answered once it is on disk and on its way",
             .query = {}, .body = orderFields(), .errors = {409, 412, 422, 503}},
            [self](CallPtr call) {
                withOrder(self, call, [self, call](const OrderRequest& request) {
                    self.orders.submit(request, contextOf(*call), answerWithOrder(call));
                });
            });
    api.add({.method = "POST", .path = "/v1/orders/preview", .role = Role::Trader,
             .summary = "What an order would cost and which rules it would meet; sends nothing",
             .query = {}, .body = orderFields(), .errors = {422}},
            [self](CallPtr call) {
                withOrder(self, call, [self, call](const OrderRequest& request) {
                    const auto preview = self.orders.preview(request);
                    if (!preview) return call->answer(problemOf(preview.error()));
                    const auto state = self.market.view(request.symbol);
                    call->answer(200, previewJson(*preview, state, self.clock.now()));
                });
            });
    api.add({.method = "PATCH", .path = "/v1/orders/{clientOrderId}", .role = Role::Trader,
             .rate = RateClass::Orders, .summary = "Change price, quantity or time in force",
             .query = {},
             .body = {{.name = "quantity", .type = FieldType::Decimal},
                      {.name = "limitPrice", .type = FieldType::Decimal},
                      {.name = "stopPrice", .type = FieldType::Decimal},
                      {.name = "trail", .type = FieldType::Decimal},
                      {.name = "timeInForce"},
                      {.name = "newClientOrderId"}},
             .errors = {404, 409, 422, 503}},
            [self](CallPtr call) {
                const auto change = readChange(call->body());
                if (!change) return call->answer(problemOf(change.error(), "Change refused"));
                self.orders.modify(ClientOrderId(call->parameter("clientOrderId")), *change,
                                   contextOf(*call), answerWithOrder(call));
            });
    api.add({.method = "DELETE", .path = "/v1/orders/{clientOrderId}", .role = Role::Trader,
             .rate = RateClass::Orders, .summary = "Ask for the cancel of an order",
             .query = {}, .body = {}, .errors = {404, 409}},
            [self](CallPtr call) {
                self.orders.cancel(ClientOrderId(call->parameter("clientOrderId")),
                                   contextOf(*call), answerWithOrder(call));
            });
    api.add({.method = "DELETE", .path = "/v1/orders", .role = Role::Trader,
             .rate = RateClass::Orders, .summary = "Ask for the cancel of all open orders",
             .query = {{.name = "symbol", .lengthMax = 32},
                       {.name = "side", .allowed = {"buy", "sell"}}},
             .body = {}, .errors = {}},
            [self](CallPtr call) {
                std::optional<Symbol> symbol;
                if (!readSymbolQuery(call, symbol)) return;
                std::optional<Side> side;
                if (const auto parsed = parseSide(call->target().queryValue("side"))) side = *parsed;
                self.orders.cancelAll(symbol, side, contextOf(*call),
                                      [call](const std::vector<ClientOrderId>& ids) {
                                          json::Writer out;
                                          out.beginObject().key("requested").beginArray();
                                          for (const auto& id : ids) out.value(id.text());
                                          call->answer(202, out.endArray().endObject().take());
                                      });
            });
}

void addQueries(const OrdersApi& self, Api& api)
{
    api.add({.method = "GET", .path = "/v1/orders", .summary = "Orders, newest first",
             .query = {{.name = "status", .allowed = {"open", "closed", "all"}},
                       {.name = "state", .allowed = stateWords()},
                       {.name = "symbol", .lengthMax = 32},
                       {.name = "side", .allowed = {"buy", "sell"}},
                       {.name = "from", .type = FieldType::Time},
                       {.name = "to", .type = FieldType::Time},
                       {.name = "limit", .type = FieldType::Integer},
                       {.name = "cursor"}},
             .body = {}, .errors = {}},
            [self](CallPtr call) {
                OrderFilter filter;
                const auto status = call->target().queryValue("status");
                if (status == "open") filter.status = OrderFilter::Status::Open;
                if (status == "closed") filter.status = OrderFilter::Status::Closed;
                if (!readSymbolQuery(call, filter.symbol)) return;
                if (const auto state = parseOrderState(call->target().queryValue("state")))
                    filter.state = *state;
                if (const auto side = parseSide(call->target().queryValue("side")))
                    filter.side = *side;
                filter.from = timeQuery(*call, "from");
                filter.to = timeQuery(*call, "to");
                filter.limit = static_cast<std::size_t>(call->queryInteger("limit", 100, 1'000));
                filter.cursor = std::string(call->target().queryValue("cursor"));
                const auto page = self.orders.orders(filter);
                json::Writer out;
                out.beginObject().key("orders").beginArray();
                for (const auto& order : page.orders) orders::writeOrder(out, order);
                out.endArray();
                endPage(out, page.nextCursor);
                call->answer(200, out.take());
            });
    api.add({.method = "GET", .path = "/v1/orders/{clientOrderId}", .summary = "One order",
             .query = {}, .body = {}, .errors = {404}},
            [self](CallPtr call) {
                const auto order = self.orders.order(ClientOrderId(call->parameter("clientOrderId")));
                if (order) return call->answer(200, orderJson(*order));
                call->answer(problemOf(Error{ErrorKind::NotFound, "orders.unknown",
                                             "no order has this client id", {}},
                                       "No such order"));
            });
    api.add({.method = "GET", .path = "/v1/orders/{clientOrderId}/timeline",
             .summary = "Everything that happened to an order, from the log",
             .query = {}, .body = {}, .errors = {404}},
            [self](CallPtr call) {
                self.orders.timeline(
                    ClientOrderId(call->parameter("clientOrderId")),
                    [call](const Result<std::vector<storage::Event>>& events) {
                        if (!events)
                            return call->answer(problemOf(events.error(), "No timeline"));
                        if (events->empty())
                            return call->answer(
                                problemOf(Error{ErrorKind::NotFound, "orders.unknown",
                                                "no order has this client id", {}},
                                          "No such order"));
                        call->answer(200, timelineJson(*events));
                    });
            });
    api.add({.method = "GET", .path = "/v1/fills", .summary = "Executions, newest first",
             .query = {{.name = "symbol", .lengthMax = 32},
                       {.name = "since", .type = FieldType::Time},
                       {.name = "to", .type = FieldType::Time},
                       {.name = "limit", .type = FieldType::Integer},
                       {.name = "cursor"}},
             .body = {}, .errors = {}},
            [self](CallPtr call) {
                orders::FillFilter filter;
                if (!readSymbolQuery(call, filter.symbol)) return;
                filter.since = timeQuery(*call, "since");
                filter.to = timeQuery(*call, "to");
                filter.cursor = std::string(call->target().queryValue("cursor"));
                filter.limit = static_cast<std::size_t>(call->queryInteger("limit", 500, 5'000));
                const auto page = self.orders.fillPage(filter);
                json::Writer out;
                out.beginObject().key("fills").beginArray();
                for (const auto& fill : page.fills) orders::writeFill(out, fill);
                out.endArray();
                endPage(out, page.nextCursor);
                call->answer(200, out.take());
            });
    api.add({.method = "GET", .path = "/v1/positions", .summary = "Holdings with market values",
             .query = {}, .body = {}, .errors = {}},
            [self](CallPtr call) {
                json::Writer out;
                out.beginObject().key("positions").beginArray();
                for (const auto& position : self.orders.positions())
                    out.raw(positionJson(position, self.market,
                                         self.orders.isReconciled(position.symbol)));
                call->answer(200, out.endArray().endObject().take());
            });
    api.add({.method = "GET", .path = "/v1/account", .summary = "The account's figures",
             .query = {}, .body = {}, .errors = {503}},
            [self](CallPtr call) {
                auto text = accountJson(self.orders, self.live);
                if (!text.empty()) return call->answer(200, std::move(text));
                auto missing = problemOf(Error{ErrorKind::Unavailable, "orders.account_unknown",
                                               "the broker has not told the account yet", {}},
                                         "Account not known yet");
                missing.retryAfter = std::chrono::milliseconds(1000);
                call->answer(missing);
            });
}

std::string tradingJson(const orders::TradingStatus& status)
{
    json::Writer out;
    orders::writeTrading(out, status);
    return out.take();
}

void addTradingState(const OrdersApi& self, Api& api)
{
    api.add({.method = "GET", .path = "/v1/trading",
             .summary = "Kill switch, reconciliation and differences",
             .query = {}, .body = {}, .errors = {}},
            [self](CallPtr call) { call->answer(200, tradingJson(self.orders.trading())); });
    api.add({.method = "PUT", .path = "/v1/trading", .role = Role::Trader, .rate = RateClass::Orders,
             .summary = "Halt, reduce or resume trading; cancels always pass",
             .query = {},
             .body = {{.name = "state", .required = true, .help = "",
                       .allowed = {"active", "reducing", "halted"}, .example = "halted"},
                      {.name = "reason", .lengthMax = 200}},
             .errors = {503}},
            [self](CallPtr call) {
                const auto state = orders::parseTradingState(call->body()["state"].stringOr({}));
                if (!state) return call->answer(problemOf(state.error(), "Request refused"));
                // To stop must never ask for anything.
                if (self.live && *state != orders::TradingState::Halted &&
                    !call->caller().isSteppedUp)
                    return call->answer(stepUpRequired());
                self.orders.setTradingState(
                    *state, std::string(call->body()["reason"].stringOr({})), contextOf(*call),
                    [call](const Result<orders::TradingStatus>& status) {
                        if (!status)
                            return call->answer(problemOf(status.error(), "Not changed"));
                        call->answer(200, tradingJson(*status));
                    });
            });
    api.add({.method = "POST", .path = "/v1/trading/reconcile", .role = Role::Trader,
             .summary = "Compare with the broker now; the report comes on the stream",
             .query = {}, .body = {}, .errors = {}},
            [self](CallPtr call) {
                self.orders.reconcileNow(contextOf(*call), [](const orders::ReconcileReport&) {});
                call->answer(202, R"({"requested":true})");
            });
}

std::string acceptedJson(const orders::AcceptedDifference& accepted,
                         const orders::TradingStatus& trading)
{
    json::Writer out;
    out.beginObject()
        .member("differenceId", accepted.id)
        .member("kind", accepted.kind)
        .member("symbol", accepted.symbol)
        .member("before", accepted.before)
        .member("after", accepted.after)
        .member("reason", accepted.reason)
        .member("actor", accepted.actor)
        .member("time", accepted.time)
        .member("sequence", accepted.sequence);
    out.key("trading").raw(tradingJson(trading));
    return out.endObject().take();
}

void addDifferences(const OrdersApi& self, Api& api)
{
    api.add({.method = "POST", .path = "/v1/trading/differences/{id}/accept", .role = Role::Trader,
             .rate = RateClass::Orders,
             .summary = "Take the broker's word in one difference; asking again is harmless",
             .query = {},
             .body = {{.name = "reason", .required = true, .help = "why, for the log",
                       .lengthMax = 500, .example = "transferred in on 2026-03-02"}},
             .errors = {404, 422, 503}},
            [self](CallPtr call) {
                self.orders.acceptDifference(
                    call->parameter("id"), std::string(call->body()["reason"].stringOr({})),
                    contextOf(*call),
                    [self, call](const tl::expected<orders::AcceptedDifference, Refusal>& accepted) {
                        if (accepted)
                            return call->answer(
                                200, acceptedJson(*accepted, self.orders.trading()));
                        auto problem = problemOf(accepted.error());
                        problem.title = "Difference not accepted";
                        call->answer(problem);
                    });
            });
}

} // namespace

Problem problemOf(const Refusal& refusal)
{
    Problem problem = problemOf(refusal.error, "Order refused");
    problem.errors.clear();
    for (const auto& field : refusal.errors)
        problem.errors.push_back({field.field, field.code, field.detail, field.example});
    if (problem.errors.empty() && !refusal.error.field.empty())
        problem.errors.push_back(
            {refusal.error.field, refusal.error.code, refusal.error.detail, {}});
    if (refusal.retryAfter)
        problem.retryAfter = std::chrono::ceil<std::chrono::milliseconds>(*refusal.retryAfter);
    if (refusal.error.kind == ErrorKind::Denied) {
        // A broker that no longer knows us is not a right the caller lacks.
        const auto& code = refusal.error.code;
        const bool credentials = code == "broker.credentials_missing" ||
                                 code.ends_with(".unauthorized") ||
                                 code == "orders.broker_not_authenticated" ||
                                 code == "orders.broker_session_taken";
        problem.status = credentials ? 401 : 422;
        if (credentials) {
            problem.title = "The broker must be connected again";
            problem.extraMembers =
                "\"reauthorizeBy\":" +
                json::quote(refusal.wayBack.empty() ? "connect the broker again" : refusal.wayBack);
        }
    }
    if (refusal.error.kind == ErrorKind::Invalid) problem.status = 422;
    if (refusal.confirmations.empty() || refusal.error.code != "orders.confirmation_needed")
        return problem;
    problem.status = 412;
    problem.title = "Please confirm";
    json::Writer out;
    out.beginArray();
    for (const auto& asked : refusal.confirmations)
        out.beginObject().member("code", asked.code).member("text", asked.text).endObject();
    problem.extraMembers = "\"confirmations\":" + out.endArray().take();
    return problem;
}

std::string positionJson(const Position& position, const market::MarketData& market, bool reconciled)
{
    orders::PositionValue value;
    value.reconciled = reconciled;
    const auto state = market.view(position.symbol);
    if (const auto price = state.reference(); price.isPositive()) value.lastPrice = price;
    if (state.previousClose.isPositive()) value.previousClose = state.previousClose;
    json::Writer out;
    orders::writePosition(out, position, value);
    return out.take();
}

std::string accountJson(const orders::OrderService& orders, bool live)
{
    const auto account = orders.account();
    if (!account) return {};
    json::Writer out;
    orders::writeAccount(out, *account, {orders.openRisk(), live});
    return out.take();
}

void OrdersApi::addTo(Api& api) const
{
    addCommands(*this, api);
    addQueries(*this, api);
    addTradingState(*this, api);
    addDifferences(*this, api);
}

} // namespace qd::gateway
