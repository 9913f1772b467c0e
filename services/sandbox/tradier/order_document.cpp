#include "services/sandbox/tradier/order_document.h"

#include "services/json/json.h"
#include "services/sandbox/tradier/answers.h"
#include "services/sandbox/tradier/order_tags.h"

namespace qd::sandbox::tradier {

namespace {

using exchange::VenueStatus;

bool isContainer(const exchange::VenueOrder& root)
{
    return root.orderClass != OrderClass::Simple && !root.parent;
}

std::string_view classWord(const exchange::VenueOrder& root)
{
    if (!isContainer(root))
        return "equity";
    switch (root.orderClass) {
    case OrderClass::Bracket: return "otoco";
    case OrderClass::Oco: return "oco";
    default: return "oto";
    }
}

std::string_view durationWord(const exchange::VenueOrder& order)
{
    if (order.timeInForce == TimeInForce::Gtc)
        return "gtc";
    return order.extendedHours ? "post" : "day";
}

std::string_view sideWordOf(const OrderChain& order)
{
    const auto tag = OrderTag::read(order.root.clientOrderId);
    return tag ? toString(tag->side) : toString(order.now.side);
}

Price lastFillOf(const OrderChain& order, const alpaca::Desk& desk)
{
    const auto index = desk.exchange.find(order.now.symbol);
    const auto trade = index ? desk.exchange.snapshot(*index).trade : std::nullopt;
    return order.filled.isPositive() ? order.average.value_or(trade ? trade->price : Price()) : Price();
}

/// What every order has, groups too.
void addHead(Node& out, const OrderChain& order, std::int64_t number, std::string_view status)
{
    out.add("id", Node::integer(number));
    out.add("type", Node::text(std::string(toString(order.now.type))));
    out.add("symbol", Node::text(symbolText(order.now.symbol)));
    out.add("side", Node::text(std::string(sideWordOf(order))));
    out.add("quantity", Node::quantity(order.total));
    out.add("status", Node::text(std::string(status)));
    out.add("duration", Node::text(std::string(durationWord(order.now))));
}

void addFigures(Node& out, const OrderChain& order, const alpaca::Desk& desk)
{
    if (order.now.limitPrice)
        out.add("price", Node::price(*order.now.limitPrice));
    if (order.now.stopPrice)
        out.add("stop_price", Node::price(*order.now.stopPrice));
    out.add("avg_fill_price", Node::price(order.average.value_or(Price())));
    out.add("exec_quantity", Node::quantity(order.filled));
    out.add("last_fill_price", Node::price(lastFillOf(order, desk)));
    out.add("last_fill_quantity", Node::quantity(Quantity()));
    const bool ended = exchange::isFinal(order.now.status);
    out.add("remaining_quantity", Node::quantity(ended ? Quantity() : order.total - order.filled));
}

void addTimes(Node& out, const OrderChain& order)
{
    out.add("create_date", Node::text(timeText(order.root.createdAt)));
    out.add("transaction_date", Node::text(timeText(order.now.updatedAt)));
}

Node legDocument(const OrderChain& leg, const alpaca::Desk& desk)
{
    Node out;
    addHead(out, leg, legNumber(leg), statusWord(leg.now.status));
    addFigures(out, leg, desk);
    addTimes(out, leg);
    out.add("class", Node::text("equity"));
    if (!leg.now.reason.empty())
        out.add("reason_description", Node::text(leg.now.reason));
    return out;
}

std::int64_t parentNumber(const OrderChain& order, const OrderChains& chains, const alpaca::Desk& desk)
{
    if (isContainer(order.root))
        return order.number;
    if (!order.now.parent)
        return 0;
    const auto parent = desk.records.order(order.now.account, *order.now.parent);
    return parent ? chains.chainOf(*parent).number : 0;
}

} // namespace

std::int64_t legNumber(const OrderChain& order)
{
    return isContainer(order.root) ? order.number + 1 : order.number;
}

std::string_view statusWord(VenueStatus status)
{
    switch (status) {
    case VenueStatus::PendingNew:
    case VenueStatus::Held: return "pending";
    case VenueStatus::PartiallyFilled: return "partially_filled";
    case VenueStatus::Filled: return "filled";
    case VenueStatus::Canceled:
    case VenueStatus::Replaced: return "canceled";
    case VenueStatus::Expired: return "expired";
    case VenueStatus::Rejected: return "rejected";
    default: return "open";
    }
}

Node orderDocument(const OrderChain& order, const OrderChains& chains, const alpaca::Desk& desk,
                   bool withTag)
{
    if (order.root.parent)
        return legDocument(order, desk);
    Node out;
    addHead(out, order, order.number, statusWord(order.now.status));
    if (!isContainer(order.root))
        addFigures(out, order, desk);
    addTimes(out, order);
    out.add("class", Node::text(std::string(classWord(order.root))));
    const auto tag = OrderTag::read(order.root.clientOrderId);
    if (withTag && tag && !tag->tag.empty())
        out.add("tag", Node::text(tag->tag));
    if (!order.now.reason.empty() && order.now.status == VenueStatus::Rejected)
        out.add("reason_description", Node::text(order.now.reason));
    if (!isContainer(order.root))
        return out;
    out.add("num_legs", Node::integer(static_cast<std::int64_t>(order.now.legs.size()) + 1));
    out.add("leg", legDocument(order, desk));
    for (const VenueOrderId& id : order.now.legs)
        if (const auto leg = desk.records.order(order.now.account, id))
            out.add("leg", legDocument(chains.chainOf(*leg), desk));
    return out;
}

std::string orderEvent(const OrderChain& order, std::string_view status, std::string_view accountNumber,
                       const OrderChains& chains, const alpaca::Desk& desk)
{
    const auto number = [](json::Writer& out, const char* name, const Node& value) {
        const std::string text = value.toJson("v"); // {"v":12.5}
        out.key(name).raw(std::string_view(text).substr(5, text.size() - 6));
    };
    json::Writer out;
    out.beginObject().member("id", legNumber(order)).member("event", "order").member("status", status);
    out.member("type", toString(order.now.type));
    number(out, "price", Node::price(order.now.limitPrice.value_or(Price())));
    number(out, "stop_price", Node::price(order.now.stopPrice.value_or(Price())));
    number(out, "avg_fill_price", Node::price(order.average.value_or(Price())));
    number(out, "exec_quantity", Node::quantity(order.filled));
    number(out, "last_fill_quantity", Node::quantity(Quantity()));
    const bool ended = exchange::isFinal(order.now.status);
    number(out, "remaining_quantity", Node::quantity(ended ? Quantity() : order.total - order.filled));
    out.member("transaction_date", timeText(order.now.updatedAt));
    out.member("create_date", timeText(order.root.createdAt));
    out.member("account", accountNumber);
    if (const auto parent = parentNumber(order, chains, desk))
        out.member("parent_id", parent);
    const auto tag = OrderTag::read(order.root.clientOrderId);
    if (tag && !tag->tag.empty())
        out.member("tag", tag->tag);
    if (!order.now.reason.empty() && order.now.status == VenueStatus::Rejected)
        out.member("reason_description", order.now.reason);
    out.endObject();
    return out.take();
}

} // namespace qd::sandbox::tradier
