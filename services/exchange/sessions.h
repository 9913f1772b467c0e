#pragma once

#include "services/exchange/exchange.h"

namespace qd::exchange {

/// When the venue trades, by its own clock. Pure.
class SessionSchedule {
public:
    explicit SessionSchedule(SessionMode mode) : m_mode(mode) {}

    SessionMode mode() const { return m_mode; }
    /// Of equities; crypto always trades.
    SessionPhase phase(Timestamp now) const;
    VenueClock clock(Timestamp now) const;
    /// Start of the trading day that `at` belongs to: New York midnight, or UTC midnight.
    Timestamp dayStart(Timestamp at, AssetClass assetClass) const;
    /// Numbers the sessions: changes when one ends and the next begins, even without a gap.
    std::int64_t sessionNumber(Timestamp now) const;
    /// May an opg (cls) order be entered now? Always, when the market never shuts.
    bool auctionAccepts(TimeInForce timeInForce, Timestamp now) const;

private:
    SessionMode m_mode;
};

} // namespace qd::exchange
