// With real money nothing is sent before somebody has turned trading on, who had to prove who they are.
#include <gtest/gtest.h>

#include "tests/support/orders_backend.h"

namespace qd::test {
namespace {

using namespace std::chrono_literals;
using orders::TradingState;

orders::Settings withRealMoney()
{
    orders::Settings settings;
    settings.live = true;
    return settings;
}

TradingState stateOf(Backend& backend)
{
    return backend.service().trading().state;
}

TEST(LiveStart, ANewDatabaseTakesNoOrderUntilTradingIsTurnedOn)
{
    Backend backend(withRealMoney());
    EXPECT_EQ(stateOf(backend), TradingState::Halted);
    EXPECT_NE(backend.service().trading().reason.find("real money"), std::string::npos);
    const OrderRequest request = buy(100, "ACME").limit("12.50");
    EXPECT_EQ(backend.refusalOf(request), "risk.trading_halted");
    backend.run(10s);
    EXPECT_EQ(backend.venue.idOf(request.clientOrderId), VenueOrderId()) << "it went out";
    backend.setTrading(TradingState::Active);
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(1s);
    EXPECT_EQ(backend.state(id), OrderState::Accepted);
}

TEST(LiveStart, ItStaysHaltedHoweverOftenItStarts)
{
    Backend backend(withRealMoney());
    for (int start = 0; start < 3; ++start) {
        backend.run(2min); // balances were taken from the broker meanwhile
        backend.restart();
        EXPECT_EQ(stateOf(backend), TradingState::Halted) << start;
    }
    auto database = backend.openDatabase();
    auto told = database.prepare("SELECT count(*) FROM events WHERE kind='trading.changed' AND "
                                 "actor='system:desk'");
    ASSERT_TRUE(told && told->step().value_or(false));
    EXPECT_EQ(told->integer(0), 1) << "it is in the log, once";
}

TEST(LiveStart, LaterItIsAsItWasLeft)
{
    Backend backend(withRealMoney());
    backend.setTrading(TradingState::Active);
    backend.restart();
    EXPECT_EQ(stateOf(backend), TradingState::Active);
    backend.setTrading(TradingState::Reducing);
    backend.restart();
    EXPECT_EQ(stateOf(backend), TradingState::Reducing);
}

TEST(LiveStart, ADatabaseThatWasTradedBeforeGoesOn)
{
    Backend backend(withRealMoney());
    backend.run(1min);
    backend.crash();
    ASSERT_TRUE(backend.openDatabase().execute("DELETE FROM order_room WHERE key='trading'"));
    backend.start();
    EXPECT_EQ(stateOf(backend), TradingState::Active) << "it holds what was taken over long ago";
}

TEST(LiveStart, OnPaperTradingIsOn)
{
    Backend backend;
    EXPECT_EQ(stateOf(backend), TradingState::Active);
}

} // namespace
} // namespace qd::test
