#include <gtest/gtest.h>

#include "models/orders/order.h"

namespace qd {
namespace {

Fill fillOf(Side side, const char* quantity, const char* price)
{
    Fill fill;
    fill.symbol = Symbol::of("ACME");
    fill.side = side;
    fill.quantity = Quantity::of(quantity);
    fill.price = Price::of(price);
    return fill;
}

TEST(Position, AveragesWhatOpensAndRealisesWhatCloses)
{
    Position position;
    position = afterFill(position, fillOf(Side::Buy, "100", "10"));
    position = afterFill(position, fillOf(Side::Buy, "50", "13"));
    EXPECT_EQ(position.quantity, Quantity::of("150"));
    EXPECT_EQ(position.averagePrice, Price::of("11"));
    position = afterFill(position, fillOf(Side::Sell, "60", "12.50"));
    EXPECT_EQ(position.averagePrice, Price::of("11"));
    EXPECT_EQ(position.realised, Money::of("90"));
    position = afterFill(position, fillOf(Side::Sell, "90", "10"));
    EXPECT_EQ(position.quantity, Quantity());
    EXPECT_EQ(position.averagePrice, Price());
    EXPECT_EQ(position.realised, Money::of("0"));
}

TEST(Position, CrossingZeroOpensAtTheFillsPrice)
{
    Position position = afterFill({}, fillOf(Side::Buy, "10", "5"));
    position = afterFill(position, fillOf(Side::Sell, "25", "6"));
    EXPECT_EQ(position.quantity, Quantity::of("-15"));
    EXPECT_EQ(position.averagePrice, Price::of("6"));
    EXPECT_EQ(position.realised, Money::of("10"));
    position = afterFill(position, fillOf(Side::Buy, "15", "7"));
    EXPECT_EQ(position.realised, Money::of("-5"));
}

TEST(Position, AverageIsRoundedHalfEvenAtTheEighthPlace)
{
    Position position = afterFill({}, fillOf(Side::Buy, "1", "0.00000001"));
    position = afterFill(position, fillOf(Side::Buy, "1", "0.00000002"));
    EXPECT_EQ(position.averagePrice, Price::of("0.00000002")); // 1.5 units
    position = afterFill({}, fillOf(Side::Buy, "1", "0.00000002"));
    position = afterFill(position, fillOf(Side::Buy, "1", "0.00000003"));
    EXPECT_EQ(position.averagePrice, Price::of("0.00000002")); // 2.5 units
}

TEST(Order, LeavesAreNeverNegative)
{
    Order order;
    order.request.quantity = Quantity::of("10");
    order.filledQuantity = Quantity::of("12");
    EXPECT_EQ(order.leavesQuantity(), Quantity());
}

} // namespace
} // namespace qd
