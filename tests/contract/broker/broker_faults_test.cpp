// BC-20 …: what every broker does when the roads or the venue fail. The one law behind all: a
// refusal is a proof that nothing happened, and what is not proven is unknown.

#include <set>

#include "tests/contract/broker/exemptions.h"
#include "tests/contract/broker/harness.h"

namespace qd::brokers::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = OrderEventKind;

TEST_P(BrokerContractFaults, BC20_ALostAnswerIsUnknownAndTheOrderIsFound)
{
    the().faults().answerLost = 1;
    const auto request = buy("10", "9.00");
    const auto outcome = submit(request);
    EXPECT_STREQ(wordOf(outcome), "unknown");
    the().faults() = {};
    const auto found = find(request.clientOrderId);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->state, OrderState::Accepted);
    EXPECT_EQ(the().ordersUnder(request.clientOrderId), 1) << "never sent again";
}

TEST_P(BrokerContractFaults, BC21_ALostRequestIsUnknownAndProvenAbsentAfterTheDeadline)
{
    the().faults().requestLost = 1;
    const auto request = buy("10", "9.00");
    const Timestamp asked = the().world().now();
    EXPECT_STREQ(wordOf(submit(request)), "unknown");
    EXPECT_LE(the().world().now() - asked, seconds(11)) << "within the deadline";
    the().faults() = {};
    const auto found = find(request.clientOrderId);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, "broker.order_not_found");
}

TEST_P(BrokerContractFaults, BC22_ASlowAnswerIsWaitedForUntilTheDeadline)
{
    the().misbehave(R"({"kind":"delay","delayMs":3000,"method":"POST"})");
    EXPECT_STREQ(wordOf(submit(buy("10", "9.00"))), "accepted");
    the().misbehave(R"({"kind":"delay","delayMs":15000,"method":"POST"})");
    const auto late = buy("10", "9.00");
    EXPECT_STREQ(wordOf(submit(late)), "unknown");
    run(seconds(20));
    EXPECT_TRUE(find(late.clientOrderId));
    EXPECT_EQ(the().ordersUnder(late.clientOrderId), 1);
}

TEST_P(BrokerContractFaults, BC23_AServerErrorProvesNothing)
{
    the().faults().serverErrorAfter = 1;
    const auto acted = buy("10", "9.00");
    EXPECT_STREQ(wordOf(submit(acted)), "unknown");
    the().faults() = {};
    EXPECT_TRUE(find(acted.clientOrderId));

    the().faults().serverError = 1;
    const auto ignored = buy("10", "9.00");
    EXPECT_STREQ(wordOf(submit(ignored)), "unknown");
    the().faults() = {};
    EXPECT_FALSE(find(ignored.clientOrderId));
}

TEST_P(BrokerContractFaults, BC24_WithoutAConnectionNothingWasSentAndThatIsKnown)
{
    the().faults().connectRefused = 1;
    const auto request = buy("10", "9.00");
    const auto outcome = submit(request);
    ASSERT_STREQ(wordOf(outcome), "refused");
    EXPECT_EQ(errorOf(outcome).kind, ErrorKind::Unavailable);
    EXPECT_EQ(the().ordersUnder(request.clientOrderId), 0);
}

TEST_P(BrokerContractFaults, BC25_WhatADroppedStreamDidNotTellCanBeAsked)
{
    listen();
    const auto request = buy("10", "9.00");
    place(request);
    the().faults().connectRefused = 1;
    the().dropStream();
    run(seconds(1));
    the().quote("ACME", "8.90", "8.95"); // fills while nobody listens
    run(seconds(5));
    EXPECT_EQ(kinds(request.clientOrderId).back(), Kind::Accepted);
    the().faults() = {};
    run(seconds(60));
    ASSERT_TRUE(connections().back().connected) << "whoever hears this must compare";
    const auto fills = executions();
    ASSERT_EQ(fills.size(), 1u);
    EXPECT_EQ(find(request.clientOrderId)->state, OrderState::Filled);
    EXPECT_EQ(fills[0].venueOrderId, find(request.clientOrderId)->venueOrderId);
}

TEST_P(BrokerContractFaults, BC26_AnAcceptedOrderMayBeRejectedLater)
{
    listen();
    the().misbehave(R"({"kind":"reject_later","delayMs":500,"message":"account restricted"})");
    const auto request = buy("10", "9.00");
    EXPECT_STREQ(wordOf(submit(request)), "accepted");
    run(seconds(2));
    ASSERT_FALSE(updates(request.clientOrderId).empty());
    const auto last = updates(request.clientOrderId).back();
    EXPECT_EQ(last.kind, Kind::Rejected);
    EXPECT_FALSE(last.report.reason.empty());
}

TEST_P(BrokerContractFaults, BC27_AnExecutionToldTwiceHasOneId)
{
    listen();
    the().misbehave(R"({"kind":"duplicate_trade_update","event":"fill"})");
    const auto request = buy("10", "10.05");
    place(request);
    run(seconds(1));
    std::multiset<std::string> ids;
    for (const auto& update : updates(request.clientOrderId))
        if (update.fill) ids.insert(update.fill->executionId.text());
    ASSERT_EQ(ids.size(), isExempt(broker().capabilities().broker, "BC27 two events") ? 1u : 2u);
    EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), 1u);
}

TEST_P(BrokerContractFaults, BC28_AMessageThatMakesNoSenseIsHandedOverAndTheStreamGoesOn)
{
    listen();
    for (const char* kind : {"malformed_message", "truncate_message"}) {
        const int before = malformed();
        the().misbehave(std::string(R"({"kind":")") + kind + "\"}");
        place(buy("10", "9.00"));
        run(seconds(1));
        EXPECT_EQ(malformed(), before + 1) << kind;
        const auto good = buy("10", "9.01");
        place(good);
        EXPECT_FALSE(updates(good.clientOrderId).empty());
    }
    EXPECT_EQ(broker().status().malformedCount, 2u);
    EXPECT_EQ(connections().size(), 1u);
}

TEST_P(BrokerContractFaults, BC29_ARevokedKeyIsToldApartFromAVenueThatIsAway)
{
    listen();
    the().revokeKey();
    const auto request = buy("10", "9.00");
    const auto outcome = submit(request);
    ASSERT_STREQ(wordOf(outcome), "refused");
    EXPECT_EQ(errorOf(outcome).kind, ErrorKind::Denied);
    run(seconds(5));
    EXPECT_FALSE(broker().status().authenticated);
    EXPECT_FALSE(broker().status().connected);
}

TEST_P(BrokerContractFaults, BC30_CancelsReachAVenueThatIsThoughtToBeAway)
{
    listen();
    const auto report = place(buy("10", "9.00"));
    the().faults().serverError = 1;
    for (int i = 0; i < 6; ++i) submit(buy("1", "9.00"));
    the().faults() = {};
    const auto refused = submit(buy("1", "9.00"));
    ASSERT_STREQ(wordOf(refused), "refused");
    EXPECT_EQ(errorOf(refused).code, "resilience.breaker_open");
    EXPECT_STREQ(wordOf(cancel(report.venueOrderId)), "accepted");
    run(seconds(1));
    EXPECT_EQ(kinds(report.clientOrderId).back(), Kind::Canceled);
}

TEST_P(BrokerContractFaults, BC31_OutcomesNeverLie)
{
    for (std::uint64_t seed = 1; seed <= 25; ++seed) {
        begin(seed);
        auto& faults = the().faults();
        faults.connectRefused = faults.requestLost = faults.requestReset = 0.06;
        faults.answerLost = faults.answerReset = 0.06;
        faults.serverError = faults.serverErrorAfter = 0.04;
        faults.slow = 0.05;
        struct Try {
            OrderRequest request;
            std::vector<Outcome> outcomes;
        };
        std::vector<std::shared_ptr<Try>> tries;
        for (int i = 0; i < 30; ++i) {
            auto attempt = std::make_shared<Try>();
            attempt->request = i % 7 == 0 ? buy("5000000", "10.00") : buy("1", "9.00");
            tries.push_back(attempt);
            broker().submit(attempt->request, {}, [attempt](Outcome outcome) {
                attempt->outcomes.push_back(std::move(outcome));
            });
            run(milliseconds(700));
        }
        run(seconds(60));
        for (const auto& attempt : tries) {
            ASSERT_EQ(attempt->outcomes.size(), 1u) << "seed " << seed;
            const int there = the().ordersUnder(attempt->request.clientOrderId);
            EXPECT_LE(there, 1) << "seed " << seed;
            if (std::holds_alternative<Accepted>(attempt->outcomes[0])) {
                EXPECT_EQ(there, 1) << "seed " << seed;
            }
            if (std::holds_alternative<Refused>(attempt->outcomes[0])) {
                EXPECT_EQ(there, 0)
                    << "seed " << seed << ": " << describe(errorOf(attempt->outcomes[0]));
            }
        }
    }
}

} // namespace
} // namespace qd::brokers::test
