#include <gtest/gtest.h>

#include "services/orders/differences.h"
#include "services/orders/order_json.h"
#include "tests/support/orders_backend.h"

namespace qd::test {
namespace {

using namespace std::chrono_literals;
using Accepted = tl::expected<orders::AcceptedDifference, orders::Refusal>;

Accepted accept(Backend& backend, const std::string& id, const std::string& reason,
                const std::string& actor = "user:anna")
{
    std::optional<Accepted> answer;
    backend.service().acceptDifference(id, reason, {actor, {}, {}},
                                       [&](Accepted given) { answer = std::move(given); });
    backend.world.runUntil([&] { return answer.has_value(); });
    return *answer;
}

std::string codeOf(const Accepted& answer) { return answer ? "" : answer.error().error.code; }

std::vector<orders::Difference> differences(Backend& backend)
{
    return backend.service().trading().differences;
}

/// 10 ACME bought, of which the broker has lost four.
void loseFour(Backend& backend)
{
    const auto id = backend.submit(buy(10, "ACME").limit("12.50"));
    backend.run(1s);
    backend.fill(id, 10, "12.50");
    backend.venue.movePosition(Symbol::of("ACME"), Quantity::of("-4"));
    backend.run(2min);
}

TEST(Differences, AcceptingTheBrokersPositionUnblocksEntries) // TB-5.4
{
    Backend backend;
    loseFour(backend);
    ASSERT_EQ(differences(backend).size(), 1u);
    const orders::Difference shown = differences(backend).front();
    EXPECT_EQ(shown.delta, "-4");
    EXPECT_TRUE(orders::blocksEntries(shown));
    EXPECT_EQ(backend.refusalOf(buy(1, "SPY").limit("12.50")), "risk.unreconciled");
    const auto accepted = accept(backend, shown.id, "transferred out");
    ASSERT_TRUE(accepted);
    EXPECT_EQ(accepted->before, "10");
    EXPECT_EQ(accepted->after, "6");
    EXPECT_EQ(accepted->actor, "user:anna");
    EXPECT_EQ(accepted->reason, "transferred out");
    EXPECT_TRUE(differences(backend).empty());
    EXPECT_EQ(backend.position("ACME"), Quantity::of("6"));
    EXPECT_EQ(backend.refusalOf(buy(1, "SPY").limit("12.50")), "");
    backend.run(5min);
    EXPECT_TRUE(differences(backend).empty());
}

TEST(Differences, AnAcceptedPositionIsStillThereAfterACrashAndLaterFillsMoveIt)
{
    Backend backend;
    loseFour(backend);
    ASSERT_TRUE(accept(backend, differences(backend).front().id, "transferred out"));
    const auto more = backend.submit(buy(5, "ACME").limit("12.50"));
    backend.run(1s);
    backend.fill(more, 5, "12.00");
    EXPECT_EQ(backend.position("ACME"), Quantity::of("11"));
    const auto before = backend.service().position(Symbol::of("ACME"));
    backend.restart();
    EXPECT_EQ(backend.service().position(Symbol::of("ACME")), before);
    backend.run(5min);
    EXPECT_TRUE(differences(backend).empty());
}

TEST(Differences, AcceptingTwiceGivesTheFirstAnswerEvenAfterACrash)
{
    Backend backend;
    loseFour(backend);
    const std::string id = differences(backend).front().id;
    const auto first = accept(backend, id, "transferred out");
    const auto again = accept(backend, id, "another reason", "user:ben");
    ASSERT_TRUE(first && again);
    EXPECT_EQ(again->sequence, first->sequence);
    EXPECT_EQ(again->reason, "transferred out");
    backend.restart();
    const auto later = accept(backend, id, "another reason");
    ASSERT_TRUE(later);
    EXPECT_EQ(later->sequence, first->sequence);
    EXPECT_EQ(backend.position("ACME"), Quantity::of("6"));
}

TEST(Differences, NobodyAcceptsWhatTheyHaveNotSeen)
{
    Backend backend;
    loseFour(backend);
    const std::string seen = differences(backend).front().id;
    backend.venue.movePosition(Symbol::of("ACME"), Quantity::of("-1"));
    backend.run(3min);
    ASSERT_EQ(differences(backend).size(), 1u);
    EXPECT_NE(differences(backend).front().id, seen);
    EXPECT_EQ(codeOf(accept(backend, seen, "transferred out")), "orders.difference_unknown");
    EXPECT_EQ(codeOf(accept(backend, "no-such-id", "transferred out")),
              "orders.difference_unknown");
    EXPECT_EQ(backend.position("ACME"), Quantity::of("10"));
}

TEST(Differences, AReasonIsNeeded)
{
    Backend backend;
    loseFour(backend);
    EXPECT_EQ(codeOf(accept(backend, differences(backend).front().id, "")),
              "orders.reason_missing");
    EXPECT_EQ(differences(backend).size(), 1u);
}

TEST(Differences, AFillBetweenLookingAndAcceptingIsCountedOnce)
{
    Backend backend;
    loseFour(backend);
    const auto id = differences(backend).front().id;
    const auto more = backend.submit(sell(2, "ACME").limit("12.50"));
    backend.run(1s);
    backend.fill(more, 2, "12.50"); // ours 8, theirs 4
    const auto accepted = accept(backend, id, "transferred out");
    ASSERT_TRUE(accepted);
    EXPECT_EQ(backend.position("ACME"), Quantity::of("4"));
    backend.run(5min);
    EXPECT_TRUE(differences(backend).empty());
}

TEST(Differences, APositionBeyondWhatCanBeCountedIsNotAccepted)
{
    Backend backend({}, 1, /*started=*/false);
    const Symbol acme = Symbol::of("ACME");
    backend.venue.movePosition(acme, Quantity::of("92233720360")); // 8.5 more can be counted
    backend.start();
    backend.run(2s);
    const auto id = backend.submit(buy(5, "ACME").limit("12.50"));
    backend.run(1s);
    backend.venue.movePosition(acme, Quantity::of("5"));
    backend.run(2min);
    ASSERT_EQ(differences(backend).size(), 1u);
    const std::string seen = differences(backend).front().id;
    backend.venue.movePosition(acme, Quantity::of("-5"));
    backend.fill(id, 5, "12.50"); // between looking and accepting
    EXPECT_EQ(codeOf(accept(backend, seen, "transferred in")), "orders.position_out_of_range");
    EXPECT_EQ(backend.position("ACME"), Quantity::of("92233720365"));
    EXPECT_EQ(differences(backend).size(), 1u);
    backend.run(5min);
    EXPECT_TRUE(differences(backend).empty()) << "the venue has taken it back";
}

TEST(Differences, CashThatAgreesWithTheFillsIsNoDifference)
{
    Backend backend;
    for (int i = 0; i < 5; ++i) {
        const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
        backend.run(1s);
        backend.fill(id, 100, "12.49");
    }
    backend.run(3min);
    EXPECT_TRUE(differences(backend).empty());
    EXPECT_EQ(backend.service().account()->cash, Money::of("993755"));
}

TEST(Differences, CashThatMovedByItselfIsShownAndDoesNotStopEntries)
{
    Backend backend;
    backend.venue.figures.cash += Money::of("250.25");
    backend.run(3min);
    ASSERT_EQ(differences(backend).size(), 1u);
    const orders::Difference shown = differences(backend).front();
    EXPECT_EQ(shown.kind, "cash");
    EXPECT_EQ(orders::codeOf(shown), "difference.cash");
    EXPECT_EQ(shown.ours, "1000000");
    EXPECT_EQ(shown.theirs, "1000250.25");
    EXPECT_EQ(shown.delta, "250.25");
    EXPECT_FALSE(orders::blocksEntries(shown));
    EXPECT_EQ(backend.refusalOf(buy(1, "ACME").limit("12.50")), "");
    EXPECT_TRUE(backend.noticed("We and the broker disagree"));
}

TEST(Differences, CashIsNeverCorrectedByItself)
{
    Backend backend;
    backend.venue.figures.cash -= Money::of("40");
    backend.run(1h);
    ASSERT_EQ(differences(backend).size(), 1u);
    backend.restart();
    backend.run(3min);
    ASSERT_EQ(differences(backend).size(), 1u);
    EXPECT_EQ(differences(backend).front().delta, "-40");
}

TEST(Differences, AcceptedCashIsTheAgreedOneAndLaterFillsMoveIt)
{
    Backend backend;
    backend.venue.figures.cash += Money::of("500");
    backend.run(3min);
    ASSERT_EQ(differences(backend).size(), 1u);
    const auto id = backend.submit(buy(10, "ACME").limit("12.50"));
    backend.run(1s);
    backend.fill(id, 10, "12.50");
    const auto accepted = accept(backend, differences(backend).front().id, "a deposit");
    ASSERT_TRUE(accepted);
    EXPECT_EQ(accepted->after, "1000375");
    backend.run(3min);
    EXPECT_TRUE(differences(backend).empty());
    backend.restart();
    backend.run(3min);
    EXPECT_TRUE(differences(backend).empty());
}

TEST(Differences, FeesWithinTheToleranceAreAgreed)
{
    Backend backend;
    const auto id = backend.submit(buy(1'000, "ACME").limit("12.50"));
    backend.run(1s);
    backend.fill(id, 1'000, "12.50");
    backend.venue.figures.cash -= Money::of("2.50"); // 12,500 traded at two basis points
    backend.run(3min);
    EXPECT_TRUE(differences(backend).empty());
    backend.venue.figures.cash -= Money::of("2.50"); // nothing was traded since
    backend.run(3min);
    EXPECT_EQ(differences(backend).size(), 1u);
}

TEST(Differences, AnOrderThatTheBrokerForgotIsShownAndCanBeAcceptedAsGone)
{
    Backend backend;
    const auto id = backend.submit(buy(10, "ACME").limit("12.50"));
    backend.run(1s);
    backend.venue.forget(id);
    backend.run(5min);
    ASSERT_EQ(differences(backend).size(), 1u);
    const orders::Difference shown = differences(backend).front();
    EXPECT_EQ(shown.kind, "order");
    EXPECT_EQ(shown.key, id.text());
    EXPECT_EQ(backend.refusalOf(buy(1, "ACME").limit("12.50")), "risk.unreconciled");
    const auto told = std::ranges::count(backend.notices, "The broker no longer knows an order",
                                         &orders::Notice::title);
    EXPECT_EQ(told, 1);
    ASSERT_TRUE(accept(backend, shown.id, "it is not in the broker's list"));
    EXPECT_EQ(backend.state(id), OrderState::Canceled);
    EXPECT_EQ(backend.order(id).reasonCode, "orders.accepted_as_gone");
    EXPECT_TRUE(differences(backend).empty());
    EXPECT_EQ(backend.refusalOf(buy(1, "ACME").limit("12.50")), "");
}

} // namespace
} // namespace qd::test
