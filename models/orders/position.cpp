#include "models/orders/order.h"

#include <algorithm>

namespace qd {

namespace {

Price averageOf(Price held, Quantity heldQuantity, Price added, Quantity addedQuantity)
{
    // One rounding, of the exact quotient; neither quantity is negative here.
    const Int128 sum = static_cast<Int128>(held.units()) * heldQuantity.units() +
                       static_cast<Int128>(added.units()) * addedQuantity.units();
    const Int128 total = static_cast<Int128>(heldQuantity.units()) + addedQuantity.units();
    return Price::fromUnits(
        static_cast<std::int64_t>(divideRounded(sum, total, Rounding::HalfEven)));
}

} // namespace

Quantity Order::leavesQuantity() const
{
    return std::max(request.quantity - filledQuantity, Quantity());
}

Position afterFill(Position position, const Fill& fill)
{
    if (position.symbol.empty()) {
        position.symbol = fill.symbol;
        position.account = fill.account;
    }
    const Quantity change = fill.side == Side::Buy ? fill.quantity : -fill.quantity;
    const bool opens = position.quantity.isZero() ||
                       position.quantity.isNegative() == change.isNegative();
    if (opens) {
        position.averagePrice = averageOf(position.averagePrice, position.quantity.abs(),
                                          fill.price, change.abs());
        position.quantity += change;
        return position;
    }
    const Quantity closed = std::min(position.quantity.abs(), change.abs());
    const Price gain = position.quantity.isPositive() ? fill.price - position.averagePrice
                                                      : position.averagePrice - fill.price;
    position.realised += notional(gain, closed);
    position.quantity += change;
    if (position.quantity.isZero()) {
        position.averagePrice = Price();
    } else if (position.quantity.isNegative() == change.isNegative()) {
        position.averagePrice = fill.price; // crossed zero: the rest was opened by this fill
    }
    return position;
}

} // namespace qd
