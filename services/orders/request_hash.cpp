#include "services/orders/request_hash.h"

#include <iterator>

#include <fmt/format.h>

#include "services/storage/hashing.h"

namespace qd::orders {

namespace {

template <typename T>
std::string textOf(const std::optional<T>& value)
{
    return value ? value->toString() : "-";
}

} // namespace

std::string requestHash(const OrderRequest& request)
{
    std::string text;
    // No member's text can contain the separator, so two requests never share a text.
    fmt::format_to(std::back_inserter(text), "{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}",
                   request.account.text(), request.symbol.text(), toString(request.side),
                   toString(request.type), toString(request.timeInForce),
                   request.quantity.toString(), textOf(request.limitPrice),
                   textOf(request.stopPrice), textOf(request.trailPrice),
                   textOf(request.trailPercent), request.extendedHours, request.reduceOnly,
                   toString(request.orderClass),
                   request.takeProfit ? request.takeProfit->limitPrice.toString() : "-");
    if (request.stopLoss) {
        fmt::format_to(std::back_inserter(text), "\n{}\n{}", request.stopLoss->stopPrice.toString(),
                       textOf(request.stopLoss->limitPrice));
    }
    return storage::toHex(storage::sha256(text));
}

} // namespace qd::orders
