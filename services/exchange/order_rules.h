#pragma once

#include "services/exchange/venue_order.h"

namespace qd::exchange {

inline constexpr std::int64_t kMaxOrderQuantity = 1'000'000'000;

VenueRefusal refusal(Refusal reason, std::string message, std::string field = {});

/// The rules that need nothing but the order and its instrument: which prices, times in force,
/// classes and quantities go together. Pure. In the order of a venue's own checks; first one wins.
std::optional<VenueRefusal> checkShape(const NewOrder& order, const Instrument& instrument,
                                       std::size_t clientOrderIdMax);

/// Are the exits of a bracket, OCO or OTO on the right sides of each other and of `base` (the entry's
/// limit, or the market)? A stop must be at least a cent beyond the base price.
std::optional<VenueRefusal> checkLegs(const NewOrder& order, Price base);

/// Is `price` positive and on the tick?
std::optional<VenueRefusal> checkPrice(const Instrument& instrument, Price price,
                                       const std::string& field);
/// Is `quantity` positive, within bounds and a whole number of lots (or fractional where allowed)?
std::optional<VenueRefusal> checkQuantity(const Instrument& instrument, Quantity quantity);

} // namespace qd::exchange
