#pragma once

#include <functional>
#include <map>

#include "services/orders/change.h"
#include "services/storage/writer.h"

namespace qd::orders {

/// Everything that the tables hold, as read at start.
struct Loaded {
    struct StoredOrder {
        Shared<Order> order;
        std::string requestHash;
        std::int64_t number = 0;
    };
    std::vector<StoredOrder> orders; ///< in the order they were first committed
    struct StoredFill {
        Fill fill;
        std::int64_t number = 0;
    };
    /// A position as it was taken from the broker when the fill `afterFill` was the newest.
    struct StoredOpening {
        Position position;
        std::int64_t afterFill = 0;
    };
    struct StoredCash {
        Money amount;
        std::int64_t afterFill = 0;
    };
    std::vector<StoredFill> fills; ///< in the order they were committed
    std::vector<ExplainedExecution> explained;
    std::vector<StoredOpening> openings; ///< by `afterFill`
    std::optional<StoredCash> agreedCash;
    TradingStatus trading;
    std::optional<AccountSnapshot> account;
    std::optional<Timestamp> adoptedAt;
    std::optional<Timestamp> reconciledAt;
    std::int64_t lastSequence = 0;
    bool isTradingSaid = false; ///< `trading` was stored once
    /// Has nothing ever been traded, taken over from a broker, or decided here?
    bool isUntouched() const;
    /// Rows that made no sense; each was quarantined and, where its events still tell it, rebuilt.
    std::vector<Notice> repairs;
};

/// Walks openings and fills in the order they happened: an opening stands for everything before it.
void replay(const Loaded& loaded, const std::function<void(const Position&)>& takeOpening,
            const std::function<void(const Fill&)>& takeFill);

/// Appends each entry to the log and writes its rows, inside the caller's transaction; sequences are
/// filled in. `payloads` are the entries' JSON. Writer's executor.
Result<void> store(storage::Transaction& transaction, Change& change,
                   const std::vector<std::string>& payloads);

/// Reads everything. A malformed row is moved to the quarantine and rebuilt from the order's events,
/// in the same transaction. Fails only if the database cannot be read. Writer's executor.
Result<Loaded> load(storage::Transaction& transaction);

} // namespace qd::orders
