#include <gtest/gtest.h>

#include "services/orders/checks.h"
#include "tests/support/orders_backend.h"

namespace qd::test {
namespace {

using namespace std::chrono_literals;
using orders::Settings;
using orders::TradingState;

std::vector<std::string> codesOf(std::span<const orders::Rule> rules)
{
    std::vector<std::string> codes;
    for (const orders::Rule& rule : rules) codes.emplace_back(rule.code);
    return codes;
}

/// The refusal must name this code at this field.
void expectRefused(Backend& backend, const OrderRequest& request, const char* code,
                   const char* field)
{
    const auto refused = backend.trySubmit(request);
    ASSERT_FALSE(refused) << "expected " << code;
    EXPECT_EQ(refused.error().error.code, code) << refused.error().error.detail;
    EXPECT_EQ(refused.error().errors.front().field, field);
}

OrderRequest trailing(std::string_view distance)
{
    OrderRequest request = sell(1, "ACME");
    request.type = OrderType::TrailingStop;
    request.trailPrice = Price::of(distance);
    return request;
}

TEST(Limits, RulesAreAppliedInThisOrder)
{
    const std::vector<std::string> rules{
        "risk.trading_state", "orders.broker_not_ready", "risk.unreconciled",
        "orders.unknown_symbol", "risk.not_tradable", "risk.reduce_only",
        "orders.instrument_rules", "risk.trailing", "risk.notional_max", "risk.account",
        "risk.buying_power", "risk.buying_power_open_orders", "risk.rate_limit",
        "broker.capability", "risk.market_hours", "risk.halted", "risk.stale_quote",
        "risk.not_shortable", "risk.crosses_zero"};
    EXPECT_EQ(codesOf(orders::riskRules()), rules);
    const std::vector<std::string> precautions{
        "precaution.percent_off_market", "precaution.far_from_market",
        "precaution.ticks_off_market", "precaution.size", "precaution.value",
        "precaution.stale_quote", "precaution.market_closed"};
    EXPECT_EQ(codesOf(orders::precautions()), precautions);
}

TEST(Limits, OfManyObjectionsTheEarliestIsTold)
{
    Settings settings;
    settings.notionalMax = Money::of("1500000");
    Backend backend(settings);
    Instrument& acme = backend.market.instruments[Symbol::of("ACME")];
    acme.tradable = false;
    acme.lotSize = Quantity::of("10");
    backend.market.sessionPhase = SessionPhase::Closed;
    backend.setTrading(TradingState::Halted);
    OrderRequest request = buy(140'001, "ACME").limit("12.50");
    request.timeInForce = TimeInForce::Ioc;
    expectRefused(backend, request, "risk.trading_halted", "");
    backend.setTrading(TradingState::Active);
    expectRefused(backend, request, "risk.not_tradable", "symbol");
    acme.tradable = true;
    expectRefused(backend, request, "orders.qty_below_lot", "quantity");
    request.quantity = Quantity::of("140000"); // 1,750,000
    expectRefused(backend, request, "risk.notional_max", "quantity");
    request.quantity = Quantity::of("100000"); // 1,250,000, of which the account has 1,000,000
    expectRefused(backend, request, "risk.buying_power", "quantity");
    request.quantity = Quantity::of("100");
    expectRefused(backend, request, "risk.market_closed", "timeInForce");
    backend.market.sessionPhase = SessionPhase::Regular;
    EXPECT_EQ(backend.refusalOf(request), "");
    EXPECT_EQ(backend.link->submits, 1);
}

TEST(Limits, AnOrderMayBeWorthTheLimitAndNotMore)
{
    Settings settings;
    settings.notionalMax = Money::of("1000");
    Backend backend(settings);
    expectRefused(backend, buy(81, "ACME").limit("12.50"), "risk.notional_max", "quantity");
    EXPECT_EQ(backend.refusalOf(buy(80, "ACME").limit("12.50")), "");
}

TEST(Limits, ABlockedAccountSendsNothing)
{
    Backend backend({}, 1, /*started=*/false);
    backend.venue.figures.tradingBlocked = true;
    backend.start();
    backend.run(2s); // its figures are read
    expectRefused(backend, buy(1, "ACME").limit("12.50"), "risk.account", "");
    EXPECT_EQ(backend.link->submits, 0);
}

TEST(Limits, OneOrderTurnsNoPositionWhereTheBrokerDoesNot)
{
    Backend backend;
    backend.link->capabilitiesToChange().crossesZero = false;
    const auto bought = backend.submit(buy(10, "ACME").limit("12.50"));
    backend.run(1s);
    backend.fill(bought, 10, "12.50");
    const auto refused = backend.trySubmit(sell(11, "ACME").limit("12.50"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().error.code, "risk.crosses_zero");
    EXPECT_EQ(refused.error().errors.front().field, "quantity");
    EXPECT_EQ(refused.error().errors.front().example, "10");
    backend.link->capabilitiesToChange().crossesZero = true;
    EXPECT_EQ(backend.refusalOf(sell(11, "ACME").limit("12.50")), "");
}

TEST(Limits, AuctionsTakeOrdersInTheirHoursOnly)
{
    Backend backend; // 10:00 in New York
    const auto opening = [] { return buy(1, "ACME").limit("12.50").tif(TimeInForce::Opg); };
    const auto closing = [] { return buy(1, "ACME").limit("12.50").tif(TimeInForce::Cls); };
    expectRefused(backend, opening(), "risk.auction_window", "timeInForce");
    EXPECT_EQ(backend.refusalOf(closing()), "");
    backend.run(5h + 50min); // 15:50
    expectRefused(backend, closing(), "risk.auction_window", "timeInForce");
    expectRefused(backend, opening(), "risk.auction_window", "timeInForce");
    backend.run(3h + 10min); // 19:00
    EXPECT_EQ(backend.refusalOf(opening()), "");
    EXPECT_EQ(backend.refusalOf(closing()), "");
}

TEST(Limits, AMarketOrderNeedsAPrice)
{
    Backend backend;
    backend.market.pictures.erase(Symbol::of("ACME"));
    expectRefused(backend, buy(1, "ACME"), "risk.no_quote", "type");
    EXPECT_EQ(backend.refusalOf(buy(1, "SPY")), "");
}

TEST(Limits, ATrailStaysBelowThePriceItTrails)
{
    Backend backend; // bid 12.49
    expectRefused(backend, trailing("12.49"), "risk.trailing", "trailPrice");
    EXPECT_EQ(backend.refusalOf(trailing("12.48")), "");
    backend.market.pictures.erase(Symbol::of("ACME"));
    expectRefused(backend, trailing("0.50"), "risk.trailing", "trailPrice");
}

/// Asks for exactly this confirmation, and a yes to it is enough.
void expectAsked(Backend& backend, OrderBuilder order, const char* code)
{
    const auto asked = backend.trySubmit(order);
    ASSERT_FALSE(asked) << "expected " << code;
    ASSERT_EQ(asked.error().confirmations.size(), 1u);
    EXPECT_EQ(asked.error().confirmations.front().code, code);
    EXPECT_EQ(backend.refusalOf(order.confirm("precaution.other")), "orders.confirmation_needed");
    EXPECT_EQ(backend.refusalOf(order.confirm(code)), "");
}

TEST(Limits, ALargeQuantityAsks)
{
    Backend backend;
    EXPECT_EQ(backend.refusalOf(buy(5'000, "ACME").limit("12.50")), "");
    expectAsked(backend, buy(5'001, "ACME").limit("12.50"), "precaution.size");
}

TEST(Limits, ALargeValueAsks)
{
    Backend backend;
    backend.market.quote("AAPL", "199.99", "200");
    EXPECT_EQ(backend.refusalOf(buy(500, "AAPL").limit("200")), "");
    expectAsked(backend, buy(501, "AAPL").limit("200"), "precaution.value");
}

} // namespace
} // namespace qd::test
