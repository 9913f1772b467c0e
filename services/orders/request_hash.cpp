#include "services/orders/request_hash.h"

#include <string_view>

namespace qd::orders {

namespace {

template <typename T>
std::string textOf(const std::optional<T>& value)
{
    return value ? value->toString() : "-";
}

std::string_view textOf(bool flag)
{
    return flag ? "true" : "false";
}

/// No member's text can contain the separator, so two requests never share a text.
void add(std::string& text, std::string_view member)
{
    text += '\n';
    text += member;
}

} // namespace

storage::Hash requestHash(const OrderRequest& request)
{
    constexpr std::size_t kUsualSize = 256;
    std::string text;
    text.reserve(kUsualSize);
    text += request.account.text();
    add(text, request.symbol.text());
    add(text, toString(request.side));
    add(text, toString(request.type));
    add(text, toString(request.timeInForce));
    add(text, request.quantity.toString());
    add(text, textOf(request.limitPrice));
    add(text, textOf(request.stopPrice));
    add(text, textOf(request.trailPrice));
    add(text, textOf(request.trailPercent));
    add(text, textOf(request.extendedHours));
    add(text, textOf(request.reduceOnly));
    add(text, toString(request.orderClass));
    add(text, request.takeProfit ? request.takeProfit->limitPrice.toString() : "-");
    if (request.stopLoss) {
        add(text, request.stopLoss->stopPrice.toString());
        add(text, textOf(request.stopLoss->limitPrice));
    }
    return storage::sha256(text);
}

} // namespace qd::orders
