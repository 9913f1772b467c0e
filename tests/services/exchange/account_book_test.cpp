// What an account may spend and must keep, by figures worked out by hand.

#include <gtest/gtest.h>

#include "services/exchange/account_book.h"

namespace qd::exchange {
namespace {

/// An account with 100,000, in ACME and in bitcoin as the test says.
class Desk {
public:
    explicit Desk(MarginModel margin)
        : account(book.add(AccountTerms{AccountId("paper"), Money::of("100000"), margin, true},
                           "PA1", "uuid", Timestamp::of("2026-01-05T15:00:00Z")))
    {
    }
    void trade(Side side, const char* quantity, const char* price, const char* symbol = "ACME")
    {
        VenueExecution execution;
        execution.symbol = Symbol::of(symbol);
        execution.side = side;
        execution.quantity = Quantity::of(quantity);
        execution.price = Price::of(price);
        AccountBook::settle(account, execution);
    }
    /// With everything at `price`.
    VenueAccount at(const char* price, const char* reserved = "0") const
    {
        return describeAccount(
            account, [price](const Symbol&) { return Price::of(price); }, Money::of(reserved));
    }

    AccountBook book;
    Account& account;
};

TEST(AccountBook, DuringTheDayFourTimesTheEquityMayBeSpentLessWhatIsHeld)
{
    Desk desk(MarginModel::Intraday);
    EXPECT_EQ(desk.at("100").buyingPower, Money::of("400000"));
    desk.trade(Side::Buy, "500", "100");
    const auto figures = desk.at("120"); // 50,000 cash and 60,000 of stock
    EXPECT_EQ(figures.multiplier, 4);
    EXPECT_EQ(figures.cash, Money::of("50000"));
    EXPECT_EQ(figures.equity, Money::of("110000"));
    EXPECT_EQ(figures.buyingPower, Money::of("380000"));     // 4 x 110,000 - 60,000
    EXPECT_EQ(figures.regTBuyingPower, Money::of("160000")); // 2 x 110,000 - 60,000
    EXPECT_EQ(figures.nonMarginableBuyingPower, Money::of("80000")); // 110,000 - 30,000
    EXPECT_EQ(figures.initialMargin, Money::of("30000"));
    const auto withOrders = desk.at("120", "10000");
    EXPECT_EQ(withOrders.buyingPower, Money::of("370000"));
    EXPECT_EQ(withOrders.regTBuyingPower, Money::of("150000"));
    EXPECT_EQ(withOrders.nonMarginableBuyingPower, Money::of("70000"));
}

TEST(AccountBook, AQuarterOfLongsAndThreeTenthsOfShortsMustBeKept)
{
    Desk desk(MarginModel::Intraday);
    desk.trade(Side::Buy, "500", "100");
    EXPECT_EQ(desk.at("120").maintenanceMargin, Money::of("15000")); // 25 % of 60,000
    desk.trade(Side::Sell, "700", "120"); // the last 200 are short
    const auto figures = desk.at("130");  // 134,000 cash, 26,000 owed
    EXPECT_EQ(figures.equity, Money::of("108000"));
    EXPECT_EQ(figures.shortMarketValue, Money::of("-26000"));
    EXPECT_EQ(figures.maintenanceMargin, Money::of("7800"));
    EXPECT_EQ(figures.initialMargin, Money::of("13000"));
    EXPECT_EQ(figures.buyingPower, Money::of("406000")); // 4 x 108,000 - 26,000
    EXPECT_EQ(figures.regTBuyingPower, Money::of("190000"));
}

TEST(AccountBook, CryptoLendsNothingAndIsKeptInFull)
{
    Desk desk(MarginModel::Intraday);
    desk.trade(Side::Buy, "200", "100");           // 20,000 of stock
    desk.trade(Side::Buy, "300", "100", "BTC/USD"); // 30,000 of coins
    const auto figures = desk.at("100");
    EXPECT_EQ(figures.equity, Money::of("100000"));
    EXPECT_EQ(figures.maintenanceMargin, Money::of("35000")); // 25 % of 20,000, and 30,000
    EXPECT_EQ(figures.initialMargin, Money::of("40000"));
    EXPECT_EQ(figures.buyingPower, Money::of("260000")); // 4 x 70,000 - 20,000
    EXPECT_EQ(figures.nonMarginableBuyingPower, Money::of("60000"));
}

TEST(AccountBook, OvernightTermsLendAsMuchAsTheEquityAndCashTermsNothing)
{
    Desk overnight(MarginModel::RegT);
    overnight.trade(Side::Buy, "500", "100");
    EXPECT_EQ(overnight.at("120").buyingPower, Money::of("160000"));
    EXPECT_EQ(overnight.at("120").multiplier, 2);
    Desk cash(MarginModel::Cash);
    cash.trade(Side::Buy, "500", "100");
    EXPECT_EQ(cash.at("120", "1000").buyingPower, Money::of("49000"));
    EXPECT_FALSE(cash.at("120").shortingEnabled);
}

TEST(AccountBook, WhoOwesMoreThanTheyHaveMaySpendNothing)
{
    Desk desk(MarginModel::Intraday);
    desk.trade(Side::Buy, "3000", "100");
    const auto figures = desk.at("60"); // 200,000 borrowed against 180,000 of stock
    EXPECT_EQ(figures.equity, Money::of("-20000"));
    EXPECT_TRUE(figures.buyingPower.isZero());
    EXPECT_TRUE(figures.regTBuyingPower.isZero());
    EXPECT_EQ(figures.maintenanceMargin, Money::of("45000"));
}

} // namespace
} // namespace qd::exchange
