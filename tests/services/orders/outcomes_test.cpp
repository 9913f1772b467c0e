#include <gtest/gtest.h>

#include "tests/support/orders_backend.h"

namespace qd::test {
namespace {

using namespace std::chrono_literals;
using orders::TradingState;
using Next = VenueLink::Next;

TEST(Orders, AnAcceptedOrderIsOnDiskBeforeItIsSent)
{
    Backend backend;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    EXPECT_EQ(backend.order(id).request.quantity, Quantity::of("100"));
    EXPECT_TRUE(backend.venue.idOf(id).empty()); // answered after the commit, before the network
    backend.run(100ms);
    EXPECT_EQ(backend.state(id), OrderState::Accepted);
    backend.fill(id, 100, "12.49");
    EXPECT_EQ(backend.state(id), OrderState::Filled);
    EXPECT_EQ(backend.position("ACME"), Quantity::of("100"));
}

TEST(Orders, TimeoutAtTheBrokerLeavesTheOrderInFlight) // PE-3.3
{
    Backend backend;
    backend.link->reachable = false;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(30s);
    EXPECT_EQ(backend.state(id), OrderState::Submitted);
    EXPECT_TRUE(backend.order(id).outcomeUnknown);
    backend.run(2h); // never given up while the broker cannot be reached
    EXPECT_EQ(backend.state(id), OrderState::Submitted);
    EXPECT_EQ(backend.link->submits, 1);
    backend.link->reachable = true;
    backend.run(2min);
    EXPECT_EQ(backend.state(id), OrderState::Rejected);
    EXPECT_EQ(backend.order(id).reasonCode, "orders.never_reached_broker");
    EXPECT_EQ(backend.link->submits, 1); // and never sent again
}

TEST(Orders, ALostAnswerIsFoundByClientId) // PE-3.3, TB-3.5
{
    Backend backend;
    backend.link->faults.eventLost = 1;
    backend.link->script = {Next::AcceptAndSwallow};
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(30s);
    EXPECT_EQ(backend.state(id), OrderState::Accepted);
    EXPECT_FALSE(backend.order(id).outcomeUnknown);
    EXPECT_EQ(backend.venue.findByClientId(id)->timesPlaced, 1);
}

TEST(Orders, AServerErrorIsNoRefusal) // PE-3.3
{
    Backend backend;
    backend.link->faults.eventLost = 1;
    backend.link->script = {Next::AcceptAndFail};
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(500ms);
    EXPECT_EQ(backend.state(id), OrderState::Submitted);
    EXPECT_TRUE(backend.order(id).outcomeUnknown);
    backend.run(30s);
    EXPECT_EQ(backend.state(id), OrderState::Accepted);
}

TEST(Orders, ADefiniteRefusalIsShownInWords) // TB-3.7
{
    Backend backend;
    backend.link->script = {Next::Refuse};
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(1s);
    EXPECT_EQ(backend.state(id), OrderState::Rejected);
    EXPECT_EQ(backend.order(id).reasonText, "insufficient buying power");
}

TEST(Orders, TheSameRequestTwiceIsOneOrder) // PE-3.2
{
    Backend backend;
    const OrderRequest request = buy(100, "ACME").limit("12.50");
    const auto first = backend.trySubmit(request);
    const auto second = backend.trySubmit(request);
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->request, second->request);
    backend.run(1s);
    EXPECT_EQ(backend.link->submits, 1);
    OrderRequest other = request;
    other.quantity = Quantity::of("200");
    const auto refused = backend.trySubmit(other);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().error.code, "orders.id_reused");
    backend.restart(); // the key outlives a restart
    EXPECT_EQ(backend.refusalOf(other), "orders.id_reused");
    EXPECT_TRUE(backend.trySubmit(request).has_value());
    backend.run(1s);
    EXPECT_EQ(backend.venue.orders().size(), 1u);
}

TEST(Orders, AnOpenBreakerRefusesAtOnceAndStillCancels) // PE-3.7
{
    Backend backend;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(1s);
    backend.link->statusToChange().breakerState = "open";
    backend.link->statusToChange().nextAttempt = backend.world.now() + 30s;
    const Timestamp before = backend.world.now();
    const auto refused = backend.trySubmit(buy(1, "ACME").limit("12.50"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().error.code, "orders.broker_unavailable");
    EXPECT_EQ(refused.error().retryAfter, Duration(30s));
    EXPECT_LT(backend.world.now() - before, 10ms);
    ASSERT_TRUE(backend.cancel(id));
    backend.run(1s);
    EXPECT_EQ(backend.state(id), OrderState::Canceled);
}

TEST(Orders, MissingCredentialsRefuseBeforeSending)
{
    Backend backend;
    backend.link->statusToChange().authenticated = false;
    backend.link->statusToChange().lastError = {ErrorKind::Denied, "broker.unauthorized",
                                                "key expired", {}};
    const auto refused = backend.trySubmit(buy(1, "ACME").limit("12.50"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().error.code, "orders.broker_not_authenticated");
    EXPECT_EQ(refused.error().error.kind, ErrorKind::Denied);
    EXPECT_EQ(backend.link->submits, 0);
}

TEST(Orders, ASessionThatAnotherProgramHasIsToldApartFromOneThatCannotBeReached)
{
    Backend backend;
    auto& status = backend.link->statusToChange();
    status.authenticated = false;
    status.sessionTaken = true;
    status.refusal = {ErrorKind::Denied, "ibkr.competing_session", "the phone has it", {}};
    status.wayBack = "close the phone";
    const auto taken = backend.trySubmit(buy(1, "ACME").limit("12.50"));
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().error.code, "orders.broker_session_taken");
    EXPECT_EQ(taken.error().wayBack, "close the phone");
    status.sessionTaken = false;
    status.refusal = {ErrorKind::Unavailable, "wire.connect", "no gateway", {}};
    const auto away = backend.trySubmit(buy(1, "ACME").limit("12.50"));
    ASSERT_FALSE(away);
    EXPECT_EQ(away.error().error.code, "orders.broker_unavailable");
    EXPECT_EQ(away.error().error.kind, ErrorKind::Unavailable);
    EXPECT_EQ(backend.link->submits, 0);
}

TEST(Orders, CancelBeforeTheAnswerIsSentOnceTheVenueHasANameForIt)
{
    Backend backend;
    backend.link->script = {Next::AcceptAndSwallow};
    backend.link->faults.eventLost = 1;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    ASSERT_TRUE(backend.cancel(id));
    EXPECT_EQ(backend.state(id), OrderState::PendingCancel);
    backend.link->faults.eventLost = 0;
    backend.run(30s);
    EXPECT_EQ(backend.state(id), OrderState::Canceled);
}

TEST(Orders, ALostCancelIsSentAgain)
{
    Backend backend;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(1s);
    backend.link->script = {Next::Lose};
    ASSERT_TRUE(backend.cancel(id));
    backend.run(1min);
    EXPECT_EQ(backend.state(id), OrderState::Canceled);
}

TEST(Orders, AChangeIsANewOrderThatTakesTheOldOnesPlace)
{
    Backend backend;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(1s);
    orders::ChangeRequest change;
    change.limitPrice = Price::of("12.45");
    const auto next = backend.modify(id, change);
    ASSERT_TRUE(next);
    const ClientOrderId newId = next->request.clientOrderId;
    EXPECT_EQ(next->replaces, id);
    backend.run(1s);
    EXPECT_EQ(backend.state(id), OrderState::Replaced);
    EXPECT_EQ(backend.order(id).replacedBy, newId);
    EXPECT_EQ(backend.state(newId), OrderState::Accepted);
    EXPECT_EQ(backend.order(newId).request.limitPrice, Price::of("12.45"));
    backend.fill(newId, 100, "12.45");
    EXPECT_EQ(backend.position("ACME"), Quantity::of("100"));
}

TEST(Orders, ALostChangeLeavesTheOrderAsItWas)
{
    Backend backend;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(1s);
    backend.link->script = {Next::Lose};
    orders::ChangeRequest change;
    change.quantity = Quantity::of("150");
    const auto next = backend.modify(id, change);
    ASSERT_TRUE(next);
    EXPECT_EQ(backend.state(id), OrderState::PendingUpdate);
    backend.run(2min);
    EXPECT_EQ(backend.state(id), OrderState::Accepted);
    EXPECT_EQ(backend.state(next->request.clientOrderId), OrderState::Rejected);
    EXPECT_EQ(backend.order(id).request.quantity, Quantity::of("100"));
}

TEST(Orders, TheOldOrderFillsBeforeTheChangeArrives)
{
    Backend backend;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(1s);
    backend.link->faults.latencyMax = 2s;
    orders::ChangeRequest change;
    change.limitPrice = Price::of("12.45");
    const auto next = backend.modify(id, change);
    ASSERT_TRUE(next);
    backend.venue.fill(backend.venue.idOf(id), Quantity::of("100"), Price::of("12.50"));
    backend.run(2min);
    EXPECT_EQ(backend.state(id), OrderState::Filled);
    EXPECT_EQ(backend.state(next->request.clientOrderId), OrderState::Rejected);
    EXPECT_EQ(backend.position("ACME"), Quantity::of("100"));
}

} // namespace
} // namespace qd::test
