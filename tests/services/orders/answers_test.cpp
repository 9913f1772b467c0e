#include <gtest/gtest.h>

#include "services/brokers/unknown_words.h"
#include "tests/support/orders_backend.h"

namespace qd::test {
namespace {

using namespace std::chrono_literals;

void tell(Backend& backend, const ClientOrderId& id, OrderEventKind kind,
          const std::string& status = {})
{
    brokers::OrderUpdate update;
    update.kind = kind;
    update.report = backend.venue.findByClientId(id)->report;
    if (!status.empty()) update.report.venueStatus = status;
    update.eventTime = backend.world.now();
    backend.link->inject(update);
    backend.run(100ms);
}

/// An order whose submit was answered by a question.
ClientOrderId asked(Backend& backend)
{
    backend.link->script = {VenueLink::Next::AcceptAndSwallow};
    backend.link->faults.eventLost = 1;
    const auto id = backend.submit(buy(10, "ACME").limit("12.50"));
    backend.run(100ms);
    backend.link->faults.eventLost = 0;
    tell(backend, id, OrderEventKind::ConfirmationAsked);
    return id;
}

// ── a question before the order is taken ────────────────────────────────────────────────────────

TEST(Confirmation, AnAnsweredQuestionTakesTheOrder)
{
    Backend backend;
    const auto id = asked(backend);
    ASSERT_EQ(backend.state(id), OrderState::AwaitingConfirmation);
    tell(backend, id, OrderEventKind::Accepted);
    EXPECT_EQ(backend.state(id), OrderState::Accepted);
    backend.fill(id, 10, "12.50");
    EXPECT_EQ(backend.state(id), OrderState::Filled);
}

TEST(Confirmation, AnUnansweredQuestionExpires)
{
    Backend backend;
    const auto id = asked(backend);
    backend.venue.expire(backend.venue.idOf(id));
    backend.run(1s);
    EXPECT_EQ(backend.state(id), OrderState::Expired);
    EXPECT_EQ(backend.service().figures().quarantined, 0u);
}

TEST(Confirmation, AnOrderThatWaitsForAnAnswerCanBeCancelled)
{
    Backend backend;
    const auto id = asked(backend);
    ASSERT_EQ(backend.state(id), OrderState::AwaitingConfirmation);
    ASSERT_TRUE(backend.cancel(id));
    backend.run(2min);
    EXPECT_EQ(backend.state(id), OrderState::Canceled);
}

TEST(Confirmation, WhatBecameOfItIsFoundAfterARestart)
{
    Backend backend;
    const auto id = asked(backend);
    ASSERT_EQ(backend.state(id), OrderState::AwaitingConfirmation);
    backend.restart(); // the venue has taken it meanwhile
    backend.run(2min);
    EXPECT_EQ(backend.state(id), OrderState::Accepted);
    backend.fill(id, 10, "12.50");
    EXPECT_EQ(backend.position("ACME"), Quantity::of("10"));
}

// ── changes where the venue keeps the order's id ────────────────────────────────────────────────

TEST(KeptId, AChangeIsTheSameOrderWithNewValues)
{
    Backend backend;
    backend.link->capabilitiesToChange().modifyKeepsId = true;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(1s);
    orders::ChangeRequest change;
    change.limitPrice = Price::of("12.45");
    change.quantity = Quantity::of("120");
    const auto answer = backend.modify(id, change);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->request.clientOrderId, id);
    EXPECT_EQ(answer->state, OrderState::PendingUpdate);
    backend.run(1s);
    EXPECT_EQ(backend.state(id), OrderState::Accepted);
    EXPECT_EQ(backend.order(id).request.limitPrice, Price::of("12.45"));
    EXPECT_EQ(backend.order(id).request.quantity, Quantity::of("120"));
    EXPECT_TRUE(backend.order(id).replacedBy.empty());
    backend.fill(id, 120, "12.45");
    EXPECT_EQ(backend.state(id), OrderState::Filled);
}

TEST(KeptId, ARefusedChangeLeavesTheOrderAsItWas)
{
    Backend backend;
    backend.link->capabilitiesToChange().modifyKeepsId = true;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(1s);
    backend.fill(id, 30, "12.50");
    backend.link->script = {VenueLink::Next::Refuse};
    orders::ChangeRequest change;
    change.limitPrice = Price::of("12.45");
    ASSERT_TRUE(backend.modify(id, change));
    backend.run(1s);
    EXPECT_EQ(backend.state(id), OrderState::PartiallyFilled);
    EXPECT_EQ(backend.order(id).request.limitPrice, Price::of("12.50"));
    EXPECT_EQ(backend.order(id).reasonCode, "broker.40310000");
}

TEST(KeptId, ALostAnswerIsFoundByAsking)
{
    Backend backend;
    backend.link->capabilitiesToChange().modifyKeepsId = true;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(1s);
    backend.link->script = {VenueLink::Next::AcceptAndSwallow};
    backend.link->faults.eventLost = 1;
    orders::ChangeRequest change;
    change.limitPrice = Price::of("12.45");
    ASSERT_TRUE(backend.modify(id, change));
    backend.run(2min);
    EXPECT_EQ(backend.state(id), OrderState::Accepted);
    EXPECT_EQ(backend.order(id).request.limitPrice, Price::of("12.45"));
}

// ── fills that only totals tell of ──────────────────────────────────────────────────────────────

TEST(Inferred, AFillThatNoListTellsOfIsWorkedOutFromTheTotals)
{
    Backend backend;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(1s);
    backend.fill(id, 40, "12.00");
    backend.link->faults.eventLost = 1;
    backend.venue.hideExecutions = true;
    backend.venue.fill(backend.venue.idOf(id), Quantity::of("60"), Price::of("12.50"));
    backend.run(5min);
    EXPECT_EQ(backend.state(id), OrderState::Filled);
    EXPECT_EQ(backend.order(id).averagePrice, Price::of("12.30"));
    const Fill newest = backend.service().fills({}).front();
    EXPECT_TRUE(newest.inferred);
    EXPECT_EQ(newest.price, Price::of("12.50")) << "the price with which the averages agree";
    EXPECT_TRUE(backend.service().trading().differences.empty());
    // The true execution comes at last: only its id is news.
    backend.venue.hideExecutions = false;
    backend.run(2min);
    EXPECT_EQ(backend.position("ACME"), Quantity::of("100"));
    EXPECT_TRUE(backend.service().trading().differences.empty());
}

// ── a broker that answers within the question ───────────────────────────────────────────────────

TEST(Comparison, OneThatWaitedIsAnsweredThoughItEndsWhileItBegins) // PE-3.7
{
    Backend backend;
    std::vector<orders::ReconcileReport> reports;
    const auto compare = [&] {
        backend.service().reconcileNow(
            {}, [&](const orders::ReconcileReport& report) { reports.push_back(report); });
    };
    compare();
    compare();
    compare(); // the second and the third wait for the first
    ASSERT_TRUE(reports.empty());
    backend.link->breakerOpen = true;
    backend.run(1s);
    ASSERT_EQ(reports.size(), 3u) << "each is answered, and once";
    for (const orders::ReconcileReport& report : reports) {
        EXPECT_FALSE(report.complete);
        EXPECT_NE(report.failure.find("broker.breaker_open"), std::string::npos) << report.failure;
    }
    backend.link->breakerOpen = false;
    EXPECT_TRUE(backend.reconcile().complete);
}

// ── words that nobody here knows ────────────────────────────────────────────────────────────────

TEST(UnknownWords, AnOrderInAnUnknownStateStaysWhatItWasAndSaysSo)
{
    Backend backend;
    const auto id = backend.submit(buy(100, "ACME").limit("12.50"));
    backend.run(1s);
    const std::string word = std::string(brokers::kUnknownWord) + "status frozen";
    tell(backend, id, OrderEventKind::Updated, word);
    tell(backend, id, OrderEventKind::Updated, word);
    EXPECT_EQ(backend.state(id), OrderState::Accepted);
    EXPECT_EQ(backend.order(id).reasonCode, "broker.unknown_word");
    EXPECT_EQ(backend.order(id).reasonText, word);
    EXPECT_EQ(backend.service().figures().unknownWords, 1u) << "told once";
    EXPECT_TRUE(backend.noticed("The broker uses a word that is not known here"));
    EXPECT_TRUE(backend.isReady());
    backend.run(2min); // the comparison brings a known word
    EXPECT_EQ(backend.order(id).reasonCode, "");
    backend.fill(id, 100, "12.50");
    EXPECT_EQ(backend.state(id), OrderState::Filled);
}

} // namespace
} // namespace qd::test
