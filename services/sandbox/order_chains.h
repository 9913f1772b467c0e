#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "services/sandbox/alpaca/desk.h"

namespace qd::sandbox {

/// One order of a protocol in which a change keeps the order's number, though the exchange makes a new
/// order of it: the whole row of those.
struct OrderChain {
    std::int64_t number = 0;
    exchange::VenueOrder root;       ///< the first of the row
    exchange::VenueOrder now;        ///< the last
    Quantity total, filled;          ///< of all of them
    std::optional<Price> average;    ///< of all fills, half-even
};

/// The orders of an exchange by numbers. One thread.
class OrderChains {
public:
    static constexpr std::size_t kOrdersMax = 100'000;

    explicit OrderChains(alpaca::Desk& desk) : m_desk(desk) {}

    /// Even, the same in every run, and exact in a JSON reader's double.
    static std::int64_t numberOf(const VenueOrderId& root);
    /// Newest first; legs stand alone too.
    std::vector<OrderChain> all(const AccountId& account) const;
    std::optional<OrderChain> find(const AccountId& account, std::int64_t number) const;
    /// The row that an order of the exchange belongs to. `member` may be newer than what is on record.
    OrderChain chainOf(const exchange::VenueOrder& member) const;

private:
    OrderChain chainFrom(exchange::VenueOrder root, const exchange::VenueOrder* told) const;

    alpaca::Desk& m_desk;
    mutable std::unordered_map<std::int64_t, VenueOrderId> m_roots; ///< those seen so far
};

} // namespace qd::sandbox
