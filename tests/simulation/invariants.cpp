#include "tests/simulation/invariants.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "services/orders/order_json.h"

namespace qd::simulation {

namespace {

using test::OrderProcess;
using Violations = std::vector<std::string>;

std::vector<Order> allOrders(OrderProcess& backend)
{
    orders::OrderFilter filter;
    filter.limit = 1'000'000;
    return backend.service().orders(filter).orders;
}

/// May our state stand beside the venue's once everything has settled?
bool agree(OrderState ours, OrderState theirs)
{
    if (theirs == OrderState::Accepted || theirs == OrderState::PartiallyFilled) {
        return ours == OrderState::Accepted || ours == OrderState::PartiallyFilled;
    }
    return ours == theirs;
}

/// The opening balances, from their table.
std::map<Symbol, Quantity> openings(OrderProcess& backend)
{
    std::map<Symbol, Quantity> found;
    auto database = backend.openDatabase();
    auto rows = database.prepare("SELECT symbol, quantity FROM position_openings");
    QD_ASSERT(rows.has_value());
    while (rows->step().value()) {
        found[Symbol::of(rows->text(0))] = Quantity::of(rows->text(1));
    }
    return found;
}

/// When opening balances were taken: what had ended by then is in them, and in nothing else. From
/// the log, since whoever dies in time never hears of it.
Timestamp adoptedAt(OrderProcess& backend)
{
    auto database = backend.openDatabase();
    auto rows = database.prepare(
        "SELECT max(time) FROM events WHERE kind='position.opening_adopted'");
    QD_ASSERT(rows.has_value());
    const bool found = rows->step().value() && !rows->isNull(0);
    return found ? Timestamp::fromNanos(rows->integer(0)) : Timestamp();
}

void checkPositions(OrderProcess& backend, const VenueTruth& truth, Violations& violations)
{
    std::map<Symbol, Quantity> fromFills = openings(backend);
    orders::FillFilter all;
    all.limit = 1'000'000;
    for (const Fill& fill : backend.service().fills(all)) {
        fromFills[fill.symbol] += fill.side == Side::Buy ? fill.quantity : -fill.quantity;
    }
    std::map<Symbol, Quantity> held = truth.positions;
    for (const Position& position : backend.service().positions()) held.try_emplace(position.symbol);
    for (const auto& [symbol, theirs] : held) {
        const Quantity ours = backend.position(symbol.text());
        if (ours != theirs) {
            violations.push_back(fmt::format("position of {}: ours {}, the venue's {}", symbol.text(),
                                             ours.toString(), theirs.toString()));
        }
        if (ours != fromFills[symbol]) {
            violations.push_back(fmt::format("position of {} is {}, opening and fills sum to {}",
                                             symbol.text(), ours.toString(),
                                             fromFills[symbol].toString()));
        }
    }
}

void checkVenueOrders(OrderProcess& backend, const VenueTruth& truth, const Facts& facts,
                      Violations& violations)
{
    const Timestamp adopted = adoptedAt(backend);
    for (const VenueTruth::Placed& told : truth.orders) {
        const std::string& client = told.clientOrderId.text();
        if (told.timesAsked > 1) {
            violations.push_back(
                fmt::format("order {} was sent {} times", client, told.timesAsked));
        }
        if (!told.isLeg && !facts.issued.contains(told.clientOrderId)) {
            violations.push_back(fmt::format("nobody asked for order {}", client));
        }
        const auto ours = backend.service().order(told.clientOrderId);
        if (!ours) {
            // Others' orders that ended without a fill while we were not looking are not ours to know.
            const bool isForeign = facts.foreign.contains(told.clientOrderId);
            const bool isHistory = isClosed(told.state) && told.updatedAt <= adopted;
            const bool matters = !isForeign || (!isHistory && (!isClosed(told.state) ||
                                                               !told.filledQuantity.isZero()));
            if (matters) {
                violations.push_back(fmt::format("{}order {} ({}, {} filled) is not known to us",
                                                 isForeign ? "foreign " : "", client,
                                                 toString(told.state),
                                                 told.filledQuantity.toString()));
            }
            continue;
        }
        if (ours->filledQuantity != told.filledQuantity) {
            violations.push_back(fmt::format("order {}: we say {} filled, the venue {}", client,
                                             ours->filledQuantity.toString(),
                                             told.filledQuantity.toString()));
        } else if (!told.isOverfilled && !told.filledQuantity.isZero() &&
                   (ours->averagePrice - told.averagePrice).abs() > Price::of("0.00001")) {
            violations.push_back(fmt::format("order {}: our average {}, the venue's {}", client,
                                             ours->averagePrice.toString(),
                                             told.averagePrice.toString()));
        }
        if (!told.isOverfilled && !agree(ours->state, told.state)) {
            violations.push_back(fmt::format("order {}: we say {}, the venue {}", client,
                                             toString(ours->state), toString(told.state)));
        }
        if (!told.isOverfilled && ours->request.quantity != told.quantity) {
            violations.push_back(fmt::format("order {} ({}): we say quantity {}, the venue {}",
                                             client, toString(ours->state),
                                             ours->request.quantity.toString(),
                                             told.quantity.toString()));
        }
    }
}

void checkOurOrders(OrderProcess& backend, const VenueTruth& truth, const Facts& facts,
                    Violations& violations)
{
    for (const ClientOrderId& id : facts.acknowledged) {
        if (!backend.service().order(id)) {
            violations.push_back(fmt::format("acknowledged order {} is lost", id.text()));
        }
    }
    std::set<ClientOrderId> atVenue;
    for (const VenueTruth::Placed& told : truth.orders) atVenue.insert(told.clientOrderId);
    for (const Order& order : allOrders(backend)) {
        if (atVenue.contains(order.request.clientOrderId)) continue;
        if (order.state != OrderState::Rejected) {
            violations.push_back(fmt::format("order {} is {}, but the venue has never seen it",
                                             order.request.clientOrderId.text(),
                                             toString(order.state)));
        }
    }
}

void checkStream(OrderProcess& backend, const VenueTruth& truth, Violations& violations)
{
    std::int64_t last = 0;
    for (const orders::Committed& fact : backend.committed) {
        if (fact.sequence <= last) {
            violations.push_back(fmt::format("event {} was told after event {}", fact.sequence,
                                             last));
        }
        last = fact.sequence;
    }
    const orders::TradingStatus trading = backend.service().trading();
    if (trading.reconciling) violations.push_back("still reconciling");
    const bool isCashTrue = std::ranges::none_of(truth.orders, &VenueTruth::Placed::isOverfilled);
    for (const orders::Difference& difference : trading.differences) {
        if (difference.kind == "cash" && !isCashTrue) continue;
        violations.push_back(fmt::format("difference: {} {} ours {} theirs {}", difference.kind,
                                         difference.key, difference.ours, difference.theirs));
    }
}

/// The order at the start of a row of replacements.
ClientOrderId rootOf(const std::map<ClientOrderId, Order>& orders, ClientOrderId id)
{
    for (std::size_t steps = 0; steps < orders.size(); ++steps) {
        const auto found = orders.find(id);
        if (found == orders.end() || found->second.replaces.empty()) break;
        id = found->second.replaces;
    }
    return id;
}

} // namespace

std::vector<std::string> unsettled(OrderProcess& backend)
{
    std::vector<std::string> waiting;
    orders::OrderFilter filter;
    filter.status = orders::OrderFilter::Status::Open;
    filter.limit = 1'000'000;
    for (const Order& order : backend.service().orders(filter).orders) {
        if (!isInFlight(order.state) && !order.outcomeUnknown) continue;
        waiting.push_back(fmt::format("order {} is still {}{}", order.request.clientOrderId.text(),
                                      toString(order.state),
                                      order.outcomeUnknown ? ", outcome unknown" : ""));
    }
    return waiting;
}

void checkAlways(OrderProcess& backend, Violations& violations)
{
    const Money risk = backend.service().openRisk();
    if (risk < Money()) violations.push_back("open risk is negative: " + risk.toString());
}

void checkAll(OrderProcess& backend, const VenueTruth& truth, const Facts& facts,
              Violations& violations)
{
    for (std::string& text : unsettled(backend)) violations.push_back(std::move(text));
    checkAlways(backend, violations);
    checkPositions(backend, truth, violations);
    checkVenueOrders(backend, truth, facts, violations);
    checkOurOrders(backend, truth, facts, violations);
    checkStream(backend, truth, violations);
}

void checkExits(OrderProcess& backend, Violations& violations)
{
    struct Group {
        Quantity entered, left, offered;
        bool isOverfilled = false;
    };
    std::map<ClientOrderId, Order> orders;
    for (Order& order : allOrders(backend)) orders[order.request.clientOrderId] = std::move(order);
    std::map<ClientOrderId, Group> groups;
    for (const auto& [id, order] : orders) {
        const bool isLeg = !order.parent.empty();
        Group& group = groups[rootOf(orders, isLeg ? order.parent : id)];
        group.isOverfilled |= !order.overfillQuantity.isZero();
        (isLeg ? group.left : group.entered) += order.filledQuantity;
        const bool isOffered = isLeg && isOpen(order.state) && order.state != OrderState::Held;
        if (isOffered) group.offered = std::max(group.offered, order.leavesQuantity());
    }
    for (const auto& [id, group] : groups) {
        if (group.isOverfilled || group.left + group.offered <= group.entered) continue;
        violations.push_back(fmt::format("exits of {}: {} sold and {} offered of {} bought", id.text(),
                                         group.left.toString(), group.offered.toString(),
                                         group.entered.toString()));
    }
}

void verifyLog(OrderProcess& backend, Violations& violations, std::string& head)
{
    auto database = backend.openDatabase();
    const auto report = storage::verifyEvents(database, backend.databasePath() + ".checkpoints");
    if (!report) {
        violations.push_back("the event log cannot be read: " + describe(report.error()));
        return;
    }
    if (report->brokenAt != 0) {
        violations.push_back(fmt::format("the event log is broken at {}: {}", report->brokenAt,
                                         report->reason));
    }
    head = storage::toHex(report->head);
}

void tamperWithLog(OrderProcess& backend)
{
    auto database = backend.openDatabase();
    const auto altered = database.execute(
        "DROP TRIGGER events_no_update;"
        "UPDATE events SET payload=replace(payload, '\"quantity\":\"', '\"quantity\":\"1') "
        "WHERE sequence=(SELECT max(sequence)/2 FROM events WHERE kind='order.submitted')");
    QD_ASSERT(altered.has_value());
}

std::string snapshotOf(OrderProcess& backend)
{
    json::Writer writer;
    writer.beginArray();
    for (const Order& order : allOrders(backend)) orders::writeOrder(writer, order);
    for (const Position& position : backend.service().positions()) {
        orders::writePosition(writer, position, {});
    }
    writer.endArray();
    return writer.take();
}

} // namespace qd::simulation
