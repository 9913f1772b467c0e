#include "services/sandbox/ibkr/orders_api.h"

#include <algorithm>

#include <fmt/format.h>

#include "models/base/whole_number.h"

namespace qd::sandbox::ibkr {

namespace {

using exchange::VenueStatus;

/// The third kind of answer: refused, with status 200.
wire::HttpResponse refusedInSuccess(const std::string& text, std::string_view why)
{
    json::Writer out;
    out.beginArray()
        .beginObject()
        .member("error", fmt::format("\"{}\"\n{}", text, why))
        .key("cqe")
        .beginObject()
        .key("post_payload")
        .beginObject()
        .key("rejections")
        .beginArray()
        .value(why)
        .endArray()
        .member("order_id", "0")
        .endObject()
        .endObject()
        .member("action", "order_submit_issue")
        .endObject()
        .endArray();
    return jsonAnswer(out.take());
}

std::string wordsOf(const exchange::VenueRefusal& refusal)
{
    using exchange::Refusal;
    switch (refusal.reason) {
    case Refusal::InsufficientBuyingPower:
        return "YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR EQUITY WITH "
               "LOAN VALUE MUST EXCEED THE INITIAL MARGIN: insufficient funds";
    case Refusal::NotShortable:
        return "The contract is not available for short sale: " + refusal.message;
    case Refusal::AccountBlocked: return "The account is restricted from trading";
    default: return refusal.message;
    }
}

} // namespace

OrdersApi::OrdersApi(Parts parts, PrecautionOptions precautions,
                     std::function<void(const exchange::OrderUpdate&)> publish)
    : m_parts(std::move(parts)), m_precautions(precautions),
      m_rejections(m_parts.desk, std::move(publish))
{
}

void OrdersApi::forgetQuestions()
{
    m_pending.reset();
    m_precautions.reset();
}

std::optional<wire::HttpResponse> OrdersApi::answer(const ApiRequest& request)
{
    const bool post = request.method == "POST", get = request.method == "GET";
    const bool ours = request.isAt({"iserver", "account", "orders"})
        || request.isAt({"iserver", "account", "trades"})
        || request.isAt({"iserver", "account", "order", "status", "*"})
        || request.isAt({"iserver", "account", "*", "orders"})
        || request.isAt({"iserver", "account", "*", "orders", "whatif"})
        || request.isAt({"iserver", "account", "*", "order", "*"})
        || request.isAt({"iserver", "reply", "*"})
        || (request.path.size() >= 2 && request.path[1] == "questions");
    if (!ours)
        return std::nullopt;
    if (!m_parts.session.accountsAsked)
        return errorAnswer(400, "Please query /accounts first");
    if (get && request.isAt({"iserver", "account", "orders"}))
        return live(request);
    if (get && request.isAt({"iserver", "account", "trades"}))
        return trades(request);
    if (get && request.isAt({"iserver", "account", "order", "status", "*"}))
        return status(request);
    if (post && request.isAt({"iserver", "reply", "*"}))
        return reply(request);
    if (post && request.path[1] == "questions")
        return suppress(request);
    if (request.path.size() > 2 && request.path[1] == "account"
        && request.path[2] != m_parts.accountNumber)
        return errorAnswer(400, "Bad Request: account is not found");
    if (post && request.isAt({"iserver", "account", "*", "orders"}))
        return place(request);
    if (post && request.isAt({"iserver", "account", "*", "orders", "whatif"}))
        return preview(request);
    if (post && request.isAt({"iserver", "account", "*", "order", "*"}))
        return change(request);
    if (request.method == "DELETE" && request.isAt({"iserver", "account", "*", "order", "*"}))
        return cancel(request);
    return errorAnswer(405, "Method not allowed");
}

wire::HttpResponse OrdersApi::place(const ApiRequest& request)
{
    auto placement = readPlacement(request.body, m_parts.contracts);
    if (!placement)
        return errorAnswer(400, placement.error());
    std::vector<std::string> refs = placement->legRefs;
    refs.push_back(placement->order.clientOrderId);
    for (const auto& ref : refs)
        if (!ref.empty() && m_parts.ledger.knowsRef(ref))
            return errorInSuccess(fmt::format(
                "Order couldn't be submitted: Local order ID={} is already registered.", ref));
    Pending pending;
    if (const auto index = m_parts.desk.exchange.find(placement->order.symbol))
        pending.questions =
            m_precautions.questionsOf(*placement, m_parts.desk.exchange.snapshot(*index));
    pending.placement = std::move(*placement);
    return askOrAct(std::move(pending));
}

/// Ask the next question, or do what was asked for when all are answered.
wire::HttpResponse OrdersApi::askOrAct(Pending pending)
{
    m_pending.reset();
    if (pending.questions.empty())
        return pending.changed != 0 ? replace(pending.changed, pending.placement.order)
                                    : submit(pending.placement);
    pending.replyId = m_parts.desk.random.uuidV4();
    const Question& question = pending.questions.front();
    json::Writer out;
    out.beginArray().beginObject().member("id", pending.replyId);
    out.key("message").beginArray().value(question.text).endArray();
    out.member("isSuppressed", false);
    out.key("messageIds").beginArray().value(question.id).endArray();
    out.endObject().endArray();
    m_pending = std::move(pending);
    return jsonAnswer(out.take());
}

wire::HttpResponse OrdersApi::reply(const ApiRequest& request)
{
    if (!m_pending || m_pending->replyId != request.path[2])
        return errorAnswer(400, "Bad Request: no such reply id");
    Pending pending = std::move(*m_pending);
    m_pending.reset();
    if (!request.body["confirmed"].booleanOr(false))
        return errorInSuccess("Order was not confirmed");
    pending.questions.erase(pending.questions.begin());
    return askOrAct(std::move(pending));
}

wire::HttpResponse OrdersApi::suppress(const ApiRequest& request)
{
    if (request.isAt({"iserver", "questions", "suppress", "reset"})) {
        m_precautions.reset();
        return jsonAnswer(R"({"status":"submitted"})");
    }
    const auto ids = request.body["messageIds"].strings();
    if (!request.isAt({"iserver", "questions", "suppress"}) || !ids || !m_precautions.suppress(*ids))
        return errorAnswer(400, "Bad Request: expected up to 51 messageIds");
    return jsonAnswer(R"({"status":"submitted"})");
}

wire::HttpResponse OrdersApi::submit(const Placement& placement)
{
    alpaca::Desk& desk = m_parts.desk;
    if (const auto fault = desk.strike("reject", faultSubject(placement.order))) {
        const std::string why = fault->message.empty() ? "Order rejected" : fault->message;
        return fault->status >= 400 ? errorAnswer(fault->status, why)
                                    : refusedInSuccess(placement.text, why);
    }
    if (const auto fault = desk.strike("reject_later", faultSubject(placement.order)))
        return rejectLater(placement, *fault);
    const auto order = desk.exchange.submit(m_parts.ledger.account(), placement.order);
    if (!order)
        return refusedInSuccess(placement.text, wordsOf(order.error()));
    desk.records.noteSubmitted(order->id);
    m_parts.ledger.noteTaken(order->id);
    std::vector<LiveOrder> legs;
    for (std::size_t i = 0; i < order->legs.size(); ++i) {
        m_parts.ledger.noteTaken(order->legs[i]);
        if (i < placement.legRefs.size())
            m_parts.ledger.nameLeg(order->legs[i], placement.legRefs[i]);
        if (const auto leg = desk.records.order(m_parts.ledger.account(), order->legs[i]))
            legs.push_back(m_parts.ledger.orderOf(*leg));
    }
    return taken(m_parts.ledger.orderOf(*order), legs);
}

wire::HttpResponse OrdersApi::rejectLater(const Placement& placement, const Fault& fault)
{
    const auto order = m_rejections.take(m_parts.ledger.account(), placement.order, fault);
    m_parts.ledger.noteTaken(order.id);
    return taken(m_parts.ledger.orderOf(order), {});
}

wire::HttpResponse OrdersApi::taken(const LiveOrder& chain, const std::vector<LiveOrder>& legs) const
{
    json::Writer out;
    out.beginArray();
    const auto write = [&out](const LiveOrder& one) {
        out.beginObject()
            .member("order_id", std::to_string(one.number)) // a text here, a number elsewhere
            .member("local_order_id", one.orderRef)
            .member("order_status", statusOf(one.now))
            .member("encrypt_message", "1")
            .endObject();
    };
    write(chain);
    for (const auto& leg : legs)
        write(leg);
    return jsonAnswer(out.endArray().take());
}

wire::HttpResponse OrdersApi::change(const ApiRequest& request)
{
    const auto number = wholeNumber<std::int64_t>(request.path[4]);
    const auto chain = number ? m_parts.ledger.find(*number) : std::nullopt;
    if (!chain)
        return errorAnswer(400, fmt::format("OrderID {} doesn't exist", request.path[4]));
    auto form = readChange(request.body, m_parts.contracts);
    if (!form)
        return errorAnswer(400, form.error());
    if (form->symbol != chain->now.symbol || form->side != chain->now.side
        || form->type != chain->now.type)
        return errorAnswer(400, "Contract, side and type of an order cannot be changed");
    Pending pending;
    pending.changed = *number;
    pending.placement.text = fmt::format("{} {}", toString(form->side), form->symbol.text());
    pending.placement.order = std::move(*form);
    return askOrAct(std::move(pending));
}

wire::HttpResponse OrdersApi::replace(std::int64_t number, const exchange::NewOrder& form)
{
    const auto chain = m_parts.ledger.find(number);
    if (!chain)
        return errorAnswer(400, fmt::format("OrderID {} doesn't exist", number));
    exchange::OrderChange change;
    // The exchange counts what the last of the row has filled; earlier ones ended with their part.
    change.quantity =
        form.quantity.value_or(chain->total) - (chain->filled - chain->now.filledQuantity);
    change.timeInForce = form.timeInForce;
    change.limitPrice = form.limitPrice;
    change.stopPrice = form.stopPrice;
    if (form.trailPrice)
        change.trail = form.trailPrice->value();
    if (form.trailPercent)
        change.trail = form.trailPercent;
    const auto order =
        m_parts.desk.exchange.replace(m_parts.ledger.account(), chain->now.id, change);
    if (!order)
        return refusedInSuccess(form.symbol.text(), wordsOf(order.error()));
    m_parts.ledger.noteTaken(order->id);
    return taken(m_parts.ledger.orderOf(*order), {});
}

wire::HttpResponse OrdersApi::cancel(const ApiRequest& request)
{
    const auto number = wholeNumber<std::int64_t>(request.path[4]);
    json::Writer out;
    if (number == -1) {
        m_parts.desk.exchange.cancelAll(m_parts.ledger.account());
        out.beginObject().member("msg", "Request was submitted").member("order_id", -1);
        out.member("conid", -1).member("account", m_parts.accountNumber).endObject();
        return jsonAnswer(out.take());
    }
    const auto chain = number ? m_parts.ledger.find(*number) : std::nullopt;
    if (!chain)
        return errorAnswer(400, fmt::format("OrderID {} doesn't exist", request.path[4]));
    const auto canceled = m_parts.desk.exchange.cancel(m_parts.ledger.account(), chain->now.id);
    if (!canceled)
        return errorInSuccess(fmt::format("OrderID {} cannot be cancelled, state: {}", *number,
                                          statusOf(chain->now)));
    out.beginObject()
        .member("msg", "Request was submitted")
        .member("order_id", *number)
        .member("conid", m_parts.contracts.conidOf(chain->now.symbol))
        .member("account", m_parts.accountNumber)
        .endObject();
    return jsonAnswer(out.take());
}

wire::HttpResponse OrdersApi::preview(const ApiRequest& request) const
{
    const auto placement = readPlacement(request.body, m_parts.contracts);
    if (!placement)
        return errorAnswer(400, placement.error());
    const auto account = m_parts.desk.exchange.account(m_parts.ledger.account());
    const auto index = m_parts.desk.exchange.find(placement->order.symbol);
    if (!account || !index)
        return errorAnswer(400, "Bad Request: account is not found");
    const auto market = m_parts.desk.exchange.snapshot(*index);
    const Price price = placement->order.limitPrice.value_or(market.quote ? market.quote->ask : Price());
    const Money amount = notional(price, placement->order.quantity.value_or(Quantity()));
    const Money margin = amount.times(Decimal::of("0.5"), Rounding::Up);
    const auto usd = [](Money money) { return money.toFixed(2) + " USD"; };
    json::Writer out;
    const auto change = [&](const char* name, Money current, Money by) {
        out.key(name).beginObject();
        out.member("current", current.toFixed(2)).member("change", by.toFixed(2));
        out.member("after", (current + by).toFixed(2)).endObject();
    };
    out.beginObject().key("amount").beginObject();
    out.member("amount", usd(amount)).member("commission", usd(Money())).member("total", usd(amount));
    out.endObject();
    change("equity", account->equity, Money());
    change("initial", account->initialMargin, margin);
    change("maintenance", account->maintenanceMargin, margin);
    out.key("warn");
    if (margin > account->buyingPower)
        out.value("insufficient funds");
    else
        out.null();
    out.key("error").null().endObject();
    return jsonAnswer(out.take());
}

/// Those that are open, and those that ended since the daily reset.
std::vector<LiveOrder> OrdersApi::liveOrders() const
{
    auto chains = m_parts.ledger.all();
    std::erase_if(chains, [start = m_parts.session.startedAt()](const LiveOrder& chain) {
        return exchange::isFinal(chain.now.status) && chain.now.updatedAt < start;
    });
    return chains;
}

wire::HttpResponse OrdersApi::live(const ApiRequest& request)
{
    Session& session = m_parts.session;
    const bool force = request.query("force") == "true";
    const bool filtered = !request.query("filters").empty();
    if (filtered)
        session.liveOrdersFiltered = true;
    if (force)
        session.liveOrdersFiltered = false;
    // The first question starts the gathering, and `force` starts it anew.
    const bool ready = session.liveOrdersPrimed && !force;
    session.liveOrdersPrimed = true;
    json::Writer out;
    out.beginObject().key("orders").beginArray();
    if (ready)
        for (const auto& chain : liveOrders())
            writeLiveOrder(out, chain, m_parts.contracts, m_parts.accountNumber);
    out.endArray().member("snapshot", ready).endObject();
    return jsonAnswer(out.take());
}

wire::HttpResponse OrdersApi::status(const ApiRequest& request) const
{
    const auto number = wholeNumber<std::int64_t>(request.path[4]);
    const auto chain = number ? m_parts.ledger.find(*number) : std::nullopt;
    if (!chain)
        return errorAnswer(404, "Order not found");
    return jsonAnswer(orderStatusJson(*chain, m_parts.contracts, m_parts.accountNumber));
}

wire::HttpResponse OrdersApi::trades(const ApiRequest& request) const
{
    const auto asked = wholeNumber<std::int64_t>(request.query("days"));
    const auto days = std::clamp<std::int64_t>(asked.value_or(1), 1, kTradesDaysMax);
    const Timestamp since = m_parts.desk.exchange.clock().now - std::chrono::hours(24 * days);
    json::Writer out;
    out.beginArray();
    for (const auto& execution : m_parts.desk.records.executions(m_parts.ledger.account())) {
        if (execution.at < since || m_parts.contracts.conidOf(execution.symbol) == 0)
            continue;
        const auto order = m_parts.desk.records.order(m_parts.ledger.account(), execution.order);
        const LiveOrder chain = order ? m_parts.ledger.orderOf(*order) : LiveOrder();
        writeExecution(out, execution, chain, m_parts.contracts, m_parts.accountNumber);
    }
    return jsonAnswer(out.endArray().take());
}

} // namespace qd::sandbox::ibkr
