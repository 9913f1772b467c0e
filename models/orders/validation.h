#pragma once

#include <string>
#include <vector>

#include "models/orders/order.h"

namespace qd {

/// One thing wrong with one member of a request. `field` is its JSON name; `example` is a value
/// that would be taken, empty if none can be named.
struct FieldError {
    std::string field;
    std::string code;   ///< stable: "orders.qty_below_lot"
    std::string detail; ///< "expected a multiple of 1, was 0.5"
    std::string example;
    friend bool operator==(const FieldError&, const FieldError&) = default;
};

/// Everything that is wrong with the shape of `request`, whatever it trades: ids, quantity above
/// zero, the prices that its type needs and none that it must not have, trailing distance, the
/// relations of bracket prices. Pure; empty means well formed.
std::vector<FieldError> validateShape(const OrderRequest& request);

/// What does not suit `instrument`: lot, minimum and fractional quantities, price steps.
std::vector<FieldError> validateForInstrument(const OrderRequest& request,
                                              const Instrument& instrument);

/// `price` on the instrument's step in the direction that cannot cost more than asked: buy limits
/// down and sell limits up; stops the other way round (later, never earlier).
Price roundToTick(Price price, const Instrument& instrument, Side side, bool isStop);

} // namespace qd
