#include "tests/simulation/invariants.h"

#include <map>

#include <fmt/format.h>

#include "services/orders/order_json.h"

namespace qd::simulation {

namespace {

using test::Backend;
using Violations = std::vector<std::string>;

std::vector<Order> allOrders(Backend& backend)
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
std::map<Symbol, Quantity> openings(Backend& backend)
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

/// When opening balances were taken: what had ended by then is in them, and in nothing else.
Timestamp adoptedAt(const Backend& backend)
{
    for (const orders::Committed& fact : backend.committed) {
        if (fact.kind == "position.opening_adopted") return fact.time;
    }
    return {};
}

void checkPositions(Backend& backend, Violations& violations)
{
    std::map<Symbol, Quantity> fromFills = openings(backend);
    orders::FillFilter all;
    all.limit = 1'000'000;
    for (const Fill& fill : backend.service().fills(all)) {
        fromFills[fill.symbol] += fill.side == Side::Buy ? fill.quantity : -fill.quantity;
    }
    for (const char* text : {"ACME", "SPY", "AAPL"}) {
        const Symbol symbol = Symbol::of(text);
        const Quantity ours = backend.position(text);
        const Quantity theirs = backend.venue.positionOf(symbol);
        if (ours != theirs) {
            violations.push_back(fmt::format("position of {}: ours {}, the venue's {}", text,
                                             ours.toString(), theirs.toString()));
        }
        if (ours != fromFills[symbol]) {
            violations.push_back(fmt::format("position of {} is {}, opening and fills sum to {}", text,
                                             ours.toString(), fromFills[symbol].toString()));
        }
    }
}

void checkVenueOrders(Backend& backend, const Facts& facts, Violations& violations)
{
    for (const auto& [id, record] : backend.venue.orders()) {
        const brokers::OrderReport& told = record.report;
        const std::string& client = told.clientOrderId.text();
        if (record.timesPlaced > 1) {
            violations.push_back(fmt::format("order {} was sent {} times", client,
                                             record.timesPlaced));
        }
        if (told.parent.empty() && !facts.issued.contains(told.clientOrderId)) {
            violations.push_back(fmt::format("nobody asked for order {}", client));
        }
        const auto ours = backend.service().order(told.clientOrderId);
        if (!ours) {
            // Others' orders that ended without a fill while we were not looking are not ours to know.
            const bool isForeign = facts.foreign.contains(told.clientOrderId);
            const bool isHistory = isClosed(told.state) && told.updatedAt <= adoptedAt(backend);
            const bool matters = !isForeign || (!isHistory && (!isClosed(told.state) ||
                                                               !told.filledQuantity.isZero()));
            if (matters) violations.push_back(fmt::format("order {} is not known to us", client));
            continue;
        }
        if (ours->filledQuantity != told.filledQuantity) {
            violations.push_back(fmt::format("order {}: we say {} filled, the venue {}", client,
                                             ours->filledQuantity.toString(),
                                             told.filledQuantity.toString()));
        } else if (!told.filledQuantity.isZero() &&
                   (ours->averagePrice - told.averagePrice).abs() > Price::of("0.00001")) {
            violations.push_back(fmt::format("order {}: our average {}, the venue's {}", client,
                                             ours->averagePrice.toString(),
                                             told.averagePrice.toString()));
        }
        if (!agree(ours->state, told.state)) {
            violations.push_back(fmt::format("order {}: we say {}, the venue {}", client,
                                             toString(ours->state), toString(told.state)));
        }
        if (ours->request.quantity != told.request.quantity) {
            violations.push_back(fmt::format("order {}: we say quantity {}, the venue {}", client,
                                             ours->request.quantity.toString(),
                                             told.request.quantity.toString()));
        }
    }
}

void checkOurOrders(Backend& backend, const Facts& facts, Violations& violations)
{
    for (const ClientOrderId& id : facts.acknowledged) {
        if (!backend.service().order(id)) {
            violations.push_back(fmt::format("acknowledged order {} is lost", id.text()));
        }
    }
    for (const Order& order : allOrders(backend)) {
        if (backend.venue.findByClientId(order.request.clientOrderId)) continue;
        if (order.state != OrderState::Rejected) {
            violations.push_back(fmt::format("order {} is {}, but the venue has never seen it",
                                             order.request.clientOrderId.text(),
                                             toString(order.state)));
        }
    }
}

void checkStream(Backend& backend, Violations& violations)
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
    for (const orders::Difference& difference : trading.differences) {
        violations.push_back(fmt::format("difference: {} {} ours {} theirs {}", difference.kind,
                                         difference.key, difference.ours, difference.theirs));
    }
}

} // namespace

std::vector<std::string> unsettled(Backend& backend)
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

void checkAll(Backend& backend, const Facts& facts, Violations& violations)
{
    for (std::string& text : unsettled(backend)) violations.push_back(std::move(text));
    checkPositions(backend, violations);
    checkVenueOrders(backend, facts, violations);
    checkOurOrders(backend, facts, violations);
    checkStream(backend, violations);
}

void verifyLog(Backend& backend, Violations& violations, std::string& head)
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

std::string snapshotOf(Backend& backend)
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
