#include "services/sandbox/tradier/account_api.h"

#include "services/sandbox/order_chains.h"

namespace qd::sandbox::tradier {

namespace {

/// The one block that tells of the account's kind.
void addKind(Node& out, const exchange::VenueAccount& account)
{
    if (account.margin == exchange::MarginModel::Cash) {
        Node& cash = out.add("cash", Node());
        cash.add("cash_available", Node::money(account.cash - account.reserved));
        cash.add("sweep", Node::integer(0));
        cash.add("unsettled_funds", Node::integer(0));
        return;
    }
    Node& margin = out.add("margin", Node());
    margin.add("fed_call", Node::integer(0));
    margin.add("maintenance_call", Node::integer(0));
    margin.add("option_buying_power", Node::money(account.nonMarginableBuyingPower));
    margin.add("stock_buying_power", Node::money(account.buyingPower));
    margin.add("stock_short_value", Node::money(account.shortMarketValue));
    margin.add("sweep", Node::integer(0));
}

} // namespace

wire::HttpResponse AccountApi::profile(const ApiRequest& request) const
{
    const auto found = m_desk.exchange.account(request.account);
    if (!found)
        return notServed();
    Node profile;
    Node& account = profile.add("account", Node());
    account.add("account_number", Node::text(found->number));
    account.add("classification", Node::text("individual"));
    account.add("date_created", Node::text(timeText(found->createdAt)));
    account.add("day_trader", Node::flag(false));
    account.add("option_level", Node::integer(0));
    account.add("status", Node::text(found->tradingBlocked ? "closed" : "active"));
    account.add("type", Node::text(found->multiplier > 1 ? "margin" : "cash"));
    account.add("last_update_date", Node::text(timeText(found->createdAt)));
    profile.add("id", Node::text("id-" + found->number));
    profile.add("name", Node::text("Paper Trader"));
    return documentAnswer(request, "profile", profile);
}

wire::HttpResponse AccountApi::balances(const ApiRequest& request) const
{
    const auto account = m_desk.exchange.account(request.account);
    if (!account)
        return notServed();
    exchange::OrderFilter open;
    open.limit = OrderChains::kOrdersMax;
    const auto pending = m_desk.records.orders(request.account, open).size();
    const Money nothing;
    Node out;
    out.add("option_short_value", Node::money(nothing));
    out.add("total_equity", Node::money(account->equity));
    out.add("account_number", Node::text(account->number));
    out.add("account_type", Node::text(account->multiplier > 1 ? "margin" : "cash"));
    out.add("close_pl", Node::money(nothing));
    out.add("current_requirement", Node::money(account->maintenanceMargin));
    out.add("equity", Node::money(account->equity));
    out.add("long_market_value", Node::money(account->longMarketValue));
    out.add("market_value", Node::money(account->longMarketValue + account->shortMarketValue));
    out.add("open_pl", Node::money(nothing));
    out.add("option_long_value", Node::money(nothing));
    out.add("option_requirement", Node::money(nothing));
    out.add("pending_orders_count", Node::integer(static_cast<std::int64_t>(pending)));
    out.add("short_market_value", Node::money(account->shortMarketValue));
    out.add("stock_long_value", Node::money(account->longMarketValue));
    out.add("total_cash", Node::money(account->cash));
    out.add("uncleared_funds", Node::money(nothing));
    out.add("pending_cash", Node::money(account->reserved));
    addKind(out, *account);
    return documentAnswer(request, "balances", out);
}

wire::HttpResponse AccountApi::positions(const ApiRequest& request) const
{
    Node positions;
    std::int64_t id = 0;
    for (const auto& held : m_desk.records.positions(request.account)) {
        if (held.assetClass == AssetClass::Crypto)
            continue;
        Node& position = positions.add("position", Node());
        position.add("cost_basis", Node::money(held.costBasis));
        position.add("date_acquired", Node::text(timeText(m_desk.exchange.clock().now)));
        position.add("id", Node::integer(++id));
        position.add("quantity", Node::quantity(held.quantity));
        position.add("symbol", Node::text(symbolText(held.symbol)));
    }
    return documentAnswer(request, "positions", positions);
}

} // namespace qd::sandbox::tradier
