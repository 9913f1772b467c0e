#pragma once

#include <chrono>
#include <optional>

#include "models/base/money.h"
#include "models/orders/order.h"

namespace qd::orders {

/// Limits of the order room. A limit that is not set does not apply.
struct Settings {
    AccountId account{"paper"};
    bool live = false; ///< real money: shown everywhere; a new database starts halted

    // Rules that refuse.
    std::optional<Money> notionalMax = Money(Decimal::fromInt(1'000'000));
    /// Changes that may wait for the disk before new orders are refused; cancels and what the broker
    /// tells keep the rest of the writer's queue.
    std::size_t pendingCommitsMax = 20'000;
    int submitsPerMinuteMax = 180; ///< the smaller of this and the broker's own limit applies
    Duration quoteAgeRefuse = std::chrono::minutes(2); ///< market orders on older quotes
    bool marketOrdersWhenClosed = false;

    // Rules that ask (precautionary).
    std::optional<Decimal> percentOffMarketMax = Decimal::fromInt(5);
    /// As above on the side that costs nothing, whatever the time in force.
    std::optional<Decimal> percentShortOfMarketMax = Decimal::fromInt(50);
    std::optional<std::int64_t> ticksOffMarketMax = 500;
    std::optional<Quantity> sizeMax = Quantity(Decimal::fromInt(5'000));
    std::optional<Money> valueMax = Money(Decimal::fromInt(100'000));
    Duration quoteAgeConfirm = std::chrono::seconds(15);

    // Times.
    Duration submitDeadline = std::chrono::seconds(10); ///< the broker room's; proof comes after it
    Duration proofGrace = std::chrono::seconds(5); ///< how long a request may wander in the network
    Duration queryBackoffFirst = std::chrono::seconds(1);
    Duration queryBackoffMax = std::chrono::seconds(30);
    Duration answerOverdue = std::chrono::seconds(20); ///< no outcome at all: treated as unknown
    Duration reconcileEvery = std::chrono::minutes(1);
    Duration reconcileRetry = std::chrono::seconds(2); ///< after a difference or a failure
    Duration executionOverlap = std::chrono::hours(24); ///< how far back executions are read again
    Duration accountRefreshDelay = std::chrono::seconds(1); ///< after a fill

    // Cash that differs by less is agreed: fees come without their fills.
    Money cashTolerance = Money(Decimal::fromInt(1));
    Decimal cashTolerancePerTraded = Decimal::fromUnits(Decimal::kOne / 5'000); ///< 2 basis points

    /// Needed to find a difference: the same delta in this many consecutive looks.
    int differenceLooks = 2;
};

} // namespace qd::orders
