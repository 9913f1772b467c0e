#pragma once

#include "services/sandbox/alpaca/desk.h"
#include "services/sandbox/tradier/answers.h"
#include "services/sandbox/tradier/order_tags.h"

namespace qd::sandbox::tradier {

/// An order as it was asked for.
struct OrderForm {
    exchange::NewOrder order;
    OrderTag tag;
    std::string orderClass; ///< "equity", "oto", "oco", "otoco"
    std::string duration;   ///< "day", "gtc", "pre", "post"
    bool preview = false;
};

/// Why it was not: by the API itself (400, text), or by what is behind it (200 with `errors`).
struct FormRefusal {
    bool downstream = false;
    std::string message;
    std::string code; ///< "InitialMargin"; downstream only
};
wire::HttpResponse refusalAnswer(const ApiRequest& request, const FormRefusal& refusal);
/// What Tradier says where the exchange refuses.
FormRefusal refusalOf(const exchange::VenueRefusal& refusal);

template <typename T>
using FormResult = tl::expected<T, FormRefusal>;

/// POST orders: one order by plain keys, a group by zero-indexed ones ("side[1]"). Checks what
/// Tradier checks before the exchange: the side against the position, durations, legs.
FormResult<OrderForm> readOrderForm(const ApiRequest& request, const alpaca::Desk& desk);
/// PUT orders/{id}: type, duration, price and stop; any other key is ignored, the quantity too.
FormResult<exchange::OrderChange> readChangeForm(const ApiRequest& request,
                                                 const exchange::VenueOrder& order);

} // namespace qd::sandbox::tradier
