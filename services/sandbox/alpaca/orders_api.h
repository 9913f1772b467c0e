#pragma once

#include <functional>

#include "services/sandbox/alpaca/answers.h"
#include "services/sandbox/alpaca/desk.h"
#include "services/sandbox/order_faults.h"

namespace qd::sandbox::alpaca {

/// /v2/orders, /v2/orders/{id} and /v2/orders:by_client_order_id.
class OrdersApi {
public:
    /// `publish` puts updates of orders that the exchange does not know on the stream.
    OrdersApi(Desk& desk, std::function<void(const exchange::OrderUpdate&)> publish);

    wire::HttpResponse answer(const ApiRequest& request);
    /// An order of another program on the same account.
    wire::HttpResponse submitForeign(const AccountId& account, const json::Value& body);

private:
    wire::HttpResponse submit(const ApiRequest& request);
    wire::HttpResponse list(const ApiRequest& request) const;
    wire::HttpResponse byClientId(const ApiRequest& request) const;
    wire::HttpResponse one(const ApiRequest& request) const;
    wire::HttpResponse replace(const ApiRequest& request);
    wire::HttpResponse cancel(const ApiRequest& request);
    wire::HttpResponse cancelAll(const ApiRequest& request);
    wire::HttpResponse orderAnswer(const exchange::VenueOrder& order, bool nested) const;

    Desk& m_desk;
    LateRejections m_rejections;
};

} // namespace qd::sandbox::alpaca
