#pragma once

#include "services/brokers/broker.h"
#include "services/gateway/api.h"
#include "services/gateway/quote_watch.h"
#include "services/market/market_data.h"
#include "services/orders/order_service.h"

namespace qd::gateway {

/// Orders, fills, positions, account and the kill switch: `resources/api.md`, "Orders".
/// Core executor. Everything given outlives the API.
struct OrdersApi {
    orders::OrderService& orders;
    const market::MarketData& market;
    QuoteWatch& quotes;
    const runtime::Clock& clock;
    bool live = false; ///< real money
    /// While its breaker is open an order is answered at once: there is no quote to wait for.
    const brokers::Broker* broker = nullptr;

    void addTo(Api& api) const;
};

/// A refusal of the order room as problem details; 412 when it only asks, 503 with the time of the
/// next try when the broker is away, 401 with a link when its key is gone.
Problem problemOf(const orders::Refusal& refusal);

/// The position's market side, from what the market room knows now.
std::string positionJson(const Position& position, const market::MarketData& market,
                         bool reconciled);
/// The account as the API gives it.
std::string accountJson(const orders::OrderService& orders, bool live);

} // namespace qd::gateway
