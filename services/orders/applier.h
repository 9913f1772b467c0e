#pragma once

#include <functional>
#include <unordered_set>

#include "services/orders/room.h"

namespace qd::orders {

/// Turns what the broker tells into changes of the book. Events may come late, twice or out of order:
/// duplicates are counted and dropped, what is older than what we know changes nothing, what cannot
/// be true is quarantined. A fill is booked once, whatever the order's state says. Core executor.
class Applier {
public:
    explicit Applier(Room& room);

    /// The venue says that more was filled than we know of: its executions must be read.
    void onExecutionsMissing(std::function<void()> hook) { m_executionsMissing = std::move(hook); }
    /// An order is in a state that only a question to the venue can settle.
    void onDoubt(std::function<void(const ClientOrderId&)> hook) { m_doubt = std::move(hook); }

    void apply(Change& change, const brokers::OrderUpdate& update);
    void apply(Change& change, const brokers::Malformed& malformed);

    /// Bring an order to where `report` says it is; unknown orders are adopted and marked. True if
    /// anything changed.
    bool applyReport(Change& change, const brokers::OrderReport& report, const Source& source);

    enum class FillOutcome { Booked, Duplicate, Explained, UnknownOrder, Impossible };
    FillOutcome applyFill(Change& change, const Fill& fill, const Source& source);

    /// The order that a report or an execution speaks of; null if we do not know it.
    const Tracked* locate(const ClientOrderId& id, const VenueOrderId& venueId) const;
    /// Take an order that others made, or a leg that the venue made, into the book.
    /// `alreadyFilled` is what opening balances include of it.
    void adopt(Change& change, const brokers::OrderReport& report, const Source& source,
               Quantity alreadyFilled = {});

private:
    /// Into the book; true if it is news, which is then still to be recorded.
    bool learnVenueId(const Tracked& tracked, const brokers::OrderReport& report);
    /// An event for the venue's id alone, unless the change has one of the order since `before`.
    void recordName(Change& change, std::size_t before, const Tracked& tracked,
                    const Source& source);
    void advance(Change& change, const Tracked& tracked, OrderEventKind kind,
                 const brokers::OrderReport& report, const Source& source);
    void acknowledge(Change& change, Order order, OrderEventKind kind, const Source& source);
    void end(Change& change, Order order, OrderEventKind kind, const brokers::OrderReport& report,
             const Source& source);
    void refuseChange(Change& change, Order order, OrderEventKind kind,
                      const brokers::OrderReport& report, const Source& source);
    /// `known` may be the book's own.
    void takeValues(Change& change, const Order& known, const brokers::OrderReport& report,
                    const Source& source);
    /// What was filled before the opening balances has no prices here: the venue's average stands in
    /// for them, as soon as a report speaks of the same quantity.
    void takeAverage(Change& change, const Tracked& tracked, const brokers::OrderReport& report,
                     const Source& source);
    /// The order stays what it is where the venue uses a word that we do not know, and says so.
    void noteWord(Change& change, const Tracked& tracked, const brokers::OrderReport& report,
                  const Source& source);
    /// The order that `order` takes the place of, as far as we or the venue know.
    ClientOrderId replacedBy(const Order& order, const brokers::OrderReport& report) const;
    void applyLegs(Change& change, const brokers::OrderReport& report, const Source& source);
    void compareFilled(const Tracked& tracked, const brokers::OrderReport& report);
    void impossible(Change& change, const Order& order, std::string_view what,
                    const brokers::OrderReport& report, const Source& source);

    Room& m_room;
    std::function<void()> m_executionsMissing;
    std::function<void(const ClientOrderId&)> m_doubt;
    std::unordered_set<std::string> m_impossibleSeen; ///< told once, not on every comparison
};

} // namespace qd::orders
