#include <gtest/gtest.h>

#include <functional>

#include "models/orders/validation.h"

namespace qd {
namespace {

OrderRequest limitOrder()
{
    OrderRequest request;
    request.clientOrderId = ClientOrderId("0b6f7a52-8a4e-4c1d-9f0e-3d2c1b0a9f8e");
    request.symbol = Symbol::of("ACME");
    request.type = OrderType::Limit;
    request.quantity = Quantity::of("100");
    request.limitPrice = Price::of("12.50");
    return request;
}

struct Row {
    const char* promise;
    std::function<void(OrderRequest&)> spoil;
    const char* field;
    const char* code;
};

const Row kRows[] = {
    {"ids are version 4 UUIDs", [](auto& r) { r.clientOrderId = ClientOrderId("order-1"); },
     "clientOrderId", "orders.id_not_uuid4"},
    {"a symbol is needed", [](auto& r) { r.symbol = Symbol(); }, "symbol",
     "orders.symbol_required"},
    {"quantities are positive", [](auto& r) { r.quantity = Quantity::of("0"); }, "quantity",
     "orders.qty_not_positive"},
    {"quantities are not negative", [](auto& r) { r.quantity = Quantity::of("-1"); }, "quantity",
     "orders.qty_not_positive"},
    {"limit orders need a price", [](auto& r) { r.limitPrice.reset(); }, "limitPrice",
     "orders.limit_price_required"},
    {"zero is not unset", [](auto& r) { r.limitPrice = Price(); }, "limitPrice",
     "orders.limit_price_not_positive"},
    {"market orders take no price", [](auto& r) { r.type = OrderType::Market; }, "limitPrice",
     "orders.limit_price_unexpected"},
    {"stop orders need a stop", [](auto& r) { r.type = OrderType::StopLimit; }, "stopPrice",
     "orders.stop_price_required"},
    {"limit orders take no stop", [](auto& r) { r.stopPrice = Price::of("12"); }, "stopPrice",
     "orders.stop_price_unexpected"},
    {"trailing stops need a distance",
     [](auto& r) {
         r.type = OrderType::TrailingStop;
         r.limitPrice.reset();
     },
     "trailPrice", "orders.trail_required"},
    {"only one distance",
     [](auto& r) {
         r.type = OrderType::TrailingStop;
         r.limitPrice.reset();
         r.trailPrice = Price::of("1");
         r.trailPercent = Decimal::of("1");
     },
     "trailPrice", "orders.trail_required"},
    {"percent below a hundred",
     [](auto& r) {
         r.type = OrderType::TrailingStop;
         r.limitPrice.reset();
         r.trailPercent = Decimal::of("100");
     },
     "trailPercent", "orders.trail_percent_range"},
    {"extended hours take day limits",
     [](auto& r) {
         r.extendedHours = true;
         r.timeInForce = TimeInForce::Ioc;
     },
     "extendedHours", "orders.extended_hours_limit_only"},
    {"brackets need a stop loss",
     [](auto& r) {
         r.orderClass = OrderClass::Bracket;
         r.takeProfit = TakeProfit{Price::of("14")};
     },
     "stopLoss", "orders.stop_loss_required"},
    {"profit lies beyond the entry",
     [](auto& r) {
         r.orderClass = OrderClass::Bracket;
         r.takeProfit = TakeProfit{Price::of("12.40")};
         r.stopLoss = StopLoss{Price::of("11"), {}};
     },
     "takeProfit.limitPrice", "orders.bracket_prices"},
    {"loss lies before the entry",
     [](auto& r) {
         r.orderClass = OrderClass::Bracket;
         r.takeProfit = TakeProfit{Price::of("14")};
         r.stopLoss = StopLoss{Price::of("12.60"), {}};
     },
     "stopLoss.stopPrice", "orders.bracket_prices"},
};

TEST(Validation, AWellFormedOrderPasses)
{
    EXPECT_TRUE(validateShape(limitOrder()).empty());
}

TEST(Validation, EachMistakeNamesItsField)
{
    for (const Row& row : kRows) {
        OrderRequest request = limitOrder();
        row.spoil(request);
        const auto errors = validateShape(request);
        ASSERT_FALSE(errors.empty()) << row.promise;
        EXPECT_EQ(errors.front().field, row.field) << row.promise;
        EXPECT_EQ(errors.front().code, row.code) << row.promise;
        EXPECT_FALSE(errors.front().detail.empty());
    }
}

TEST(Validation, AMissingLimitPriceComesWithAnExample) // PE-3.6
{
    OrderRequest request = limitOrder();
    request.limitPrice.reset();
    const auto errors = validateShape(request);
    ASSERT_EQ(errors.size(), 1u);
    EXPECT_EQ(errors[0].field, "limitPrice");
    EXPECT_EQ(errors[0].example, "12.50");
}

TEST(Validation, AllMistakesAreToldAtOnce)
{
    OrderRequest request;
    request.type = OrderType::Limit;
    EXPECT_EQ(validateShape(request).size(), 4u); // id, symbol, quantity, price
}

Instrument share()
{
    Instrument instrument;
    instrument.symbol = Symbol::of("ACME");
    return instrument;
}

std::string codeFor(const char* quantity, const char* price, const Instrument& instrument)
{
    OrderRequest request = limitOrder();
    request.quantity = Quantity::of(quantity);
    request.limitPrice = Price::of(price);
    const auto errors = validateForInstrument(request, instrument);
    return errors.empty() ? "" : errors.front().code;
}

TEST(Validation, QuantitiesSuitTheInstrument) // PE-3.5
{
    Instrument whole = share();
    EXPECT_EQ(codeFor("0.5", "12.50", whole), "orders.qty_below_minimum");
    EXPECT_EQ(codeFor("1.5", "12.50", whole), "orders.qty_not_fractionable");
    whole.lotSize = whole.minQuantity = Quantity::of("100");
    EXPECT_EQ(codeFor("150", "12.50", whole), "orders.qty_below_lot");
    Instrument coin = share();
    coin.fractionable = true;
    coin.minQuantity = coin.lotSize = Quantity::of("0.0001");
    EXPECT_EQ(codeFor("0.0005", "12.50", coin), "");
}

TEST(Validation, PricesLieOnTheStepOfTheirPrice) // TB-1.5
{
    EXPECT_EQ(codeFor("100", "12.505", share()), "orders.price_off_tick");
    EXPECT_EQ(codeFor("100", "12.51", share()), "");
    EXPECT_EQ(codeFor("100", "0.9999", share()), "");
    EXPECT_EQ(codeFor("100", "0.99995", share()), "orders.price_off_tick");
}

TEST(Validation, RoundingNeverCostsMoreThanAsked) // TB-1.5
{
    const Price off = Price::of("12.505");
    EXPECT_EQ(roundToTick(off, share(), Side::Buy, false), Price::of("12.5"));
    EXPECT_EQ(roundToTick(off, share(), Side::Sell, false), Price::of("12.51"));
    EXPECT_EQ(roundToTick(off, share(), Side::Buy, true), Price::of("12.51"));
    EXPECT_EQ(roundToTick(off, share(), Side::Sell, true), Price::of("12.5"));
}

} // namespace
} // namespace qd
