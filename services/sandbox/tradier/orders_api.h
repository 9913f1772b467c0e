#pragma once

#include <functional>

#include "services/sandbox/order_chains.h"
#include "services/sandbox/order_faults.h"
#include "services/sandbox/tradier/order_form.h"

namespace qd::sandbox::tradier {

/// /accounts/{number}/orders and /accounts/{number}/orders/{id}.
class OrdersApi {
public:
    /// `publish` puts updates of orders that the exchange does not know on the streams.
    OrdersApi(alpaca::Desk& desk, OrderChains& chains,
              std::function<void(const exchange::OrderUpdate&)> publish);

    /// `path` of the request: "accounts", number, "orders"[, id].
    wire::HttpResponse answer(const ApiRequest& request);

private:
    wire::HttpResponse submit(const ApiRequest& request);
    wire::HttpResponse preview(const ApiRequest& request, const OrderForm& form) const;
    wire::HttpResponse rejectLater(const ApiRequest& request, const OrderForm& form, const Fault& fault);
    wire::HttpResponse list(const ApiRequest& request) const;
    wire::HttpResponse one(const ApiRequest& request) const;
    wire::HttpResponse change(const ApiRequest& request);
    wire::HttpResponse cancel(const ApiRequest& request);
    std::optional<OrderChain> find(const ApiRequest& request) const;
    bool wantsTags(const ApiRequest& request) const { return request.field("includeTags") == "true"; }

    alpaca::Desk& m_desk;
    OrderChains& m_chains;
    LateRejections m_rejections;
};

} // namespace qd::sandbox::tradier
