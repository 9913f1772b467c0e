#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/orders/facts.h"

namespace qd::orders {

/// Who or what caused a change, for the audit trail.
struct Source {
    std::string actor = "system:orders";
    std::string traceId = {};
    Timestamp eventTime = {}; ///< the venue's, if it told us; else unset
    std::string detail = {};  ///< JSON object with what the order itself does not say; may be empty
};

/// An execution that is not booked as a fill because something else already accounts for it: an
/// opening balance, or a fill that was inferred from totals.
struct ExplainedExecution {
    ExecutionId executionId;
    ClientOrderId clientOrderId;
    Quantity quantity;
};

/// A message or row that made no sense, kept whole.
struct Quarantined {
    std::string origin; ///< "broker:alpaca", "table:orders"
    std::string message;
    std::string reason;
};

/// One event for the log, with the facts that it makes true and the rows that keep them.
struct Entry {
    Committed fact; ///< kind and facts; sequence and time come with the commit
    std::string subject;
    Source source;
    std::int64_t cause = 0;
    std::int64_t orderNumber = 0; ///< of the order's row
    std::string requestHash; ///< of a new order
    std::vector<ExplainedExecution> explained;
    std::vector<Position> openings;
    Boxed<Quarantined> quarantined;
    std::optional<Timestamp> reconciledAt; ///< a complete comparison began at
    std::optional<Timestamp> adoptedAt;    ///< opening balances were taken at
    std::optional<Money> agreedCash;       ///< from this entry on later fills move this amount
};

/// Everything that one step changes: committed together or not at all.
using Change = std::vector<Entry>;

/// The JSON that the log keeps of an entry.
std::string payloadOf(const Entry& entry);

} // namespace qd::orders
