// BC-01 … BC-19: what every broker does when all goes well.

#include <algorithm>
#include <set>

#include "tests/contract/broker/exemptions.h"
#include "tests/contract/broker/harness.h"

namespace qd::brokers::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = OrderEventKind;

TEST_P(BrokerContract, BC01_AMarketableOrderIsAcceptedAndFilled)
{
    listen();
    const auto request = buy("100", "10.05");
    const auto outcome = submit(request);
    ASSERT_STREQ(wordOf(outcome), "accepted");
    const auto& report = std::get<Accepted>(outcome).report;
    EXPECT_EQ(report.clientOrderId, request.clientOrderId);
    EXPECT_FALSE(report.venueOrderId.empty());
    EXPECT_EQ(report.request.symbol, request.symbol);
    EXPECT_EQ(report.request.quantity, request.quantity);
    EXPECT_EQ(report.request.limitPrice, request.limitPrice);
    EXPECT_EQ(report.request.account, AccountId("paper"));
    run(seconds(1));
    const auto found = find(request.clientOrderId);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->state, OrderState::Filled);
    EXPECT_EQ(found->filledQuantity, Quantity::of("100"));
    EXPECT_TRUE(found->averagePrice.isPositive());
    EXPECT_LE(found->averagePrice, Price::of("10.05"));
}

TEST_P(BrokerContract, BC02_ARestingOrderWaitsForTheMarket)
{
    listen();
    const auto request = buy("10", "9.50");
    place(request);
    EXPECT_EQ(find(request.clientOrderId)->state, OrderState::Accepted);
    the().quote("ACME", "9.47", "9.49");
    run(seconds(1));
    EXPECT_EQ(find(request.clientOrderId)->state, OrderState::Filled);
    const auto seen = kinds(request.clientOrderId);
    ASSERT_GE(seen.size(), 2u);
    EXPECT_EQ(seen.front(), Kind::Accepted);
    EXPECT_EQ(seen.back(), Kind::Filled);
}

TEST_P(BrokerContract, BC03_WhatTheVenueRefusesIsRefusedWithAReasonAndIsNotThere)
{
    struct Case {
        const char* name;
        OrderRequest request;
        ErrorKind kind;
    };
    const Case cases[] = {
        {"buying power", buy("5000000", "10.00"), ErrorKind::Denied},
        {"unknown symbol", buy("1", "10.00", "NOPE"), ErrorKind::Invalid},
        {"nothing", buy("0", "10.00"), ErrorKind::Invalid},
        {"not to be shorted", sell("10", "10.00", "THIN"), ErrorKind::Invalid},
    };
    for (const auto& row : cases) {
        const auto outcome = submit(row.request);
        ASSERT_STREQ(wordOf(outcome), "refused") << row.name;
        const auto& error = errorOf(outcome);
        EXPECT_TRUE(error.kind == row.kind ||
                    (error.kind == ErrorKind::Denied && row.kind == ErrorKind::Invalid))
            << row.name << ": " << describe(error);
        EXPECT_FALSE(error.code.empty());
        EXPECT_FALSE(error.detail.empty());
        EXPECT_EQ(the().ordersUnder(row.request.clientOrderId), 0) << row.name;
    }
    EXPECT_EQ(errorOf(submit(buy("5000000", "10.00"))).code,
              broker().capabilities().broker.text() + ".insufficient_buying_power");
}

TEST_P(BrokerContract, BC04_ACancelIsTakenAndTold)
{
    listen();
    const auto request = buy("10", "9.00");
    const auto report = place(request);
    EXPECT_STREQ(wordOf(cancel(report.venueOrderId)), "accepted");
    run(seconds(1));
    EXPECT_EQ(find(request.clientOrderId)->state, OrderState::Canceled);
    EXPECT_EQ(kinds(request.clientOrderId).back(), Kind::Canceled);
}

TEST_P(BrokerContract, BC05_WhatCannotBeCanceledIsRefused)
{
    const auto unknown = cancel(VenueOrderId("61e69015-8549-4bfd-b9c3-01e75843f47d"));
    ASSERT_STREQ(wordOf(unknown), "refused");
    EXPECT_EQ(errorOf(unknown).kind, ErrorKind::NotFound);
    const auto filled = place(buy("10", "10.05"));
    run(seconds(1));
    const auto late = cancel(filled.venueOrderId);
    ASSERT_STREQ(wordOf(late), "refused");
    EXPECT_NE(errorOf(late).kind, ErrorKind::Unavailable) << "asking again would not help";
}

TEST_P(BrokerContract, BC06_AChangeIsTakenAndTold)
{
    listen();
    const auto request = buy("10", "9.00");
    const auto before = place(request);
    Modification change;
    change.limitPrice = Price::of("9.10");
    change.quantity = Quantity::of("20");
    change.newClientOrderId = ClientOrderId(the().world().random().uuidV4());
    if (isExempt(broker().capabilities().broker, "BC06 quantity")) {
        const auto refused = modify(before.venueOrderId, change);
        ASSERT_STREQ(wordOf(refused), "refused");
        EXPECT_EQ(errorOf(refused).field, "quantity");
        change.quantity.reset();
    }
    const auto outcome = modify(before.venueOrderId, change);
    ASSERT_STREQ(wordOf(outcome), "accepted");
    const auto after = std::get<Accepted>(outcome).report;
    run(seconds(1));
    if (broker().capabilities().modifyKeepsId) {
        EXPECT_EQ(after.venueOrderId, before.venueOrderId);
        EXPECT_EQ(find(request.clientOrderId)->request.limitPrice, Price::of("9.10"));
        return;
    }
    EXPECT_NE(after.venueOrderId, before.venueOrderId);
    EXPECT_EQ(after.clientOrderId, change.newClientOrderId);
    EXPECT_EQ(after.replaces, before.venueOrderId);
    const auto old = find(request.clientOrderId);
    ASSERT_TRUE(old);
    EXPECT_EQ(old->state, OrderState::Replaced);
    EXPECT_EQ(old->replacedBy, after.venueOrderId);
    const auto now = find(change.newClientOrderId);
    ASSERT_TRUE(now);
    EXPECT_EQ(now->state, OrderState::Accepted);
    EXPECT_EQ(now->request.limitPrice, Price::of("9.10"));
    EXPECT_EQ(now->request.quantity, Quantity::of("20"));
    const auto seen = kinds(request.clientOrderId);
    EXPECT_NE(std::ranges::find(seen, Kind::Replaced), seen.end());
    EXPECT_FALSE(kinds(change.newClientOrderId).empty());
}

TEST_P(BrokerContract, BC07_WhatHasEndedCannotBeChanged)
{
    const auto filled = place(buy("10", "10.05"));
    run(seconds(1));
    Modification change;
    change.limitPrice = Price::of("9.10");
    change.newClientOrderId = ClientOrderId("c-2");
    EXPECT_STREQ(wordOf(modify(filled.venueOrderId, change)), "refused");
    EXPECT_EQ(the().ordersUnder(ClientOrderId("c-2")), 0);
}

TEST_P(BrokerContract, BC08_AnUnknownClientIdIsNotFound)
{
    const auto found = find(ClientOrderId("61e69015-8549-4bfd-b9c3-01e75843f47d"));
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind, ErrorKind::NotFound);
    EXPECT_EQ(found.error().code, "broker.order_not_found");
}

TEST_P(BrokerContract, BC09_ListsTellOpenFromAllAndHonourSinceAndLimit)
{
    const auto open = buy("1", "9.00"), filled = buy("1", "10.05"), canceled = buy("1", "9.01");
    place(open);
    place(filled);
    cancel(place(canceled).venueOrderId);
    run(seconds(1));
    const auto ids = [](const std::vector<OrderReport>& reports) {
        std::set<std::string> found;
        for (const auto& report : reports) found.insert(report.clientOrderId.text());
        return found;
    };
    EXPECT_EQ(ids(list({true, {}, 500})), std::set{open.clientOrderId.text()});
    EXPECT_EQ(list({false, {}, 500}).size(), 3u);
    const Timestamp later = the().world().now();
    run(seconds(1));
    const auto newest = buy("1", "9.02");
    place(newest);
    EXPECT_EQ(ids(list({false, later, 500})), std::set{newest.clientOrderId.text()});
    const auto two = list({false, {}, 2});
    ASSERT_EQ(two.size(), 2u);
    EXPECT_EQ(two[0].clientOrderId, newest.clientOrderId) << "newest first";
}

TEST_P(BrokerContract, BC10_LongListsComeWholeAndEachOrderOnce)
{
    the().placeForeign(1234, "9.00");
    for (const bool openOnly : {true, false}) {
        const auto all = list({openOnly, {}, 10'000});
        std::set<std::string> ids;
        for (const auto& report : all) ids.insert(report.venueOrderId.text());
        EXPECT_EQ(all.size(), 1234u);
        EXPECT_EQ(ids.size(), 1234u);
        run(std::chrono::minutes(1)); // the rate limit refills
    }
}

TEST_P(BrokerContract, BC11_ExecutionsSinceComeWholeAndOldestFirst)
{
    the().placeForeign(130, "10.05");
    run(seconds(1));
    const Timestamp between = the().world().now();
    the().placeForeign(120, "10.05");
    run(seconds(1));
    const auto all = executions();
    EXPECT_EQ(all.size(), 250u);
    std::set<std::string> ids;
    for (const auto& fill : all) ids.insert(fill.executionId.text());
    EXPECT_EQ(ids.size(), 250u);
    EXPECT_TRUE(std::ranges::is_sorted(all, {}, &Fill::eventTime));
    const auto late = executions(between);
    EXPECT_EQ(late.size(), 120u);
    for (const auto& fill : late) EXPECT_GE(fill.eventTime, between);
    const auto exact = executions(late.front().eventTime);
    EXPECT_EQ(exact.size(), 120u) << "since counts itself";
}

TEST_P(BrokerContract, BC12_PositionsAreSignedAndTheAccountFollows)
{
    const auto before = account();
    EXPECT_EQ(before.cash, Money::of("100000"));
    EXPECT_EQ(before.currency, "USD");
    EXPECT_FALSE(before.tradingBlocked);
    place(buy("100", "10.05"));
    run(seconds(1));
    auto held = positions();
    ASSERT_EQ(held.size(), 1u);
    EXPECT_EQ(held[0].symbol, Symbol::of("ACME"));
    EXPECT_EQ(held[0].quantity, Quantity::of("100"));
    EXPECT_EQ(held[0].averagePrice, Price::of("10.02"));
    EXPECT_LT(account().cash, before.cash);
    place(sell("100", "9.95"));
    run(seconds(1));
    EXPECT_TRUE(positions().empty());
    place(sell("40", "9.95"));
    run(seconds(1));
    held = positions();
    ASSERT_EQ(held.size(), 1u);
    EXPECT_EQ(held[0].quantity, Quantity::of("-40"));
}

TEST_P(BrokerContract, BC13_InstrumentsAreTold)
{
    std::optional<Result<std::vector<Instrument>>> answer;
    broker().listInstruments([&](auto given) { answer = std::move(given); });
    run(seconds(5));
    ASSERT_TRUE(answer && *answer);
    const bool sharesOnly = isExempt(broker().capabilities().broker, "BC13 coins and fractions");
    ASSERT_EQ((*answer)->size(), sharesOnly ? 2u : 3u);
    const auto acme = std::ranges::find((*answer).value(), Symbol::of("ACME"), &Instrument::symbol);
    ASSERT_NE(acme, (*answer)->end());
    EXPECT_TRUE(acme->tradable && acme->shortable);
    EXPECT_EQ(acme->fractionable, !sharesOnly);
    EXPECT_EQ(acme->assetClass, AssetClass::Equity);
    if (sharesOnly) {
        const auto thin = std::ranges::find((*answer).value(), Symbol::of("THIN"), &Instrument::symbol);
        ASSERT_NE(thin, (*answer)->end());
        EXPECT_FALSE(thin->shortable);
        return;
    }
    const auto coin =
        std::ranges::find((*answer).value(), Symbol::of("BTC/USD"), &Instrument::symbol);
    ASSERT_NE(coin, (*answer)->end());
    EXPECT_EQ(coin->assetClass, AssetClass::Crypto);
    EXPECT_FALSE(coin->shortable);
}

TEST_P(BrokerContract, BC14_ABracketsLegsWaitLiveAndCancelEachOther)
{
    listen();
    auto request = buy("100", "9.90");
    request.orderClass = OrderClass::Bracket;
    request.timeInForce = TimeInForce::Gtc;
    request.takeProfit = TakeProfit{Price::of("10.50")};
    request.stopLoss = StopLoss{Price::of("9.50"), {}};
    const auto entry = place(request);
    const auto waiting = find(request.clientOrderId);
    ASSERT_TRUE(waiting);
    ASSERT_EQ(waiting->legs.size(), 2u);
    for (const auto& leg : waiting->legs) {
        EXPECT_EQ(leg.parent, request.clientOrderId);
        EXPECT_EQ(leg.state, OrderState::Held) << leg.venueStatus;
        EXPECT_EQ(leg.request.side, Side::Sell);
    }
    the().quote("ACME", "9.85", "9.89"); // the entry
    run(seconds(1));
    the().quote("ACME", "10.55", "10.57"); // the profit
    run(seconds(1));
    const auto ended = find(request.clientOrderId);
    ASSERT_TRUE(ended);
    ASSERT_EQ(ended->legs.size(), 2u);
    std::multiset<OrderState> states;
    for (const auto& leg : ended->legs) states.insert(leg.state);
    EXPECT_EQ(states, (std::multiset{OrderState::Canceled, OrderState::Filled}));
    EXPECT_TRUE(positions().empty());
}

TEST_P(BrokerContract, BC15_EventsComeInOrderAndEachExecutionHasItsId)
{
    listen();
    the().misbehave(R"({"kind":"fill_partial","quantity":"30"})");
    const auto request = buy("100", "10.05");
    place(request);
    run(seconds(1));
    Quantity total;
    std::set<std::string> ids;
    bool filledBeforeAccepted = true;
    for (const auto& update : updates(request.clientOrderId)) {
        if (update.kind == Kind::Accepted) filledBeforeAccepted = false;
        if (!update.fill) continue;
        EXPECT_FALSE(filledBeforeAccepted);
        total += update.fill->quantity;
        ids.insert(update.fill->executionId.text());
        EXPECT_EQ(update.fill->clientOrderId, request.clientOrderId);
        EXPECT_EQ(update.fill->symbol, request.symbol);
        EXPECT_EQ(update.report.filledQuantity, total);
        EXPECT_TRUE(update.eventTime.isSet() && update.receiveTime.isSet());
    }
    EXPECT_EQ(total, request.quantity);
    EXPECT_EQ(ids.size(), 2u);
    std::set<std::string> listed;
    for (const auto& fill : executions()) listed.insert(fill.executionId.text());
    EXPECT_EQ(listed, ids) << "stream and list name executions alike";
}

TEST_P(BrokerContract, BC16_TheSameClientIdTwiceIsOneOrder)
{
    const auto request = buy("10", "9.00");
    place(request);
    const auto again = submit(request);
    EXPECT_STREQ(wordOf(again), "unknown") << "the venue has it: ask, do not believe it refused";
    EXPECT_EQ(the().ordersUnder(request.clientOrderId), 1);
    EXPECT_EQ(find(request.clientOrderId)->state, OrderState::Accepted);
}

TEST_P(BrokerContract, BC17_CapabilitiesAreSaidAndChecked)
{
    const auto& capabilities = broker().capabilities();
    EXPECT_FALSE(capabilities.broker.empty());
    Instrument acme;
    acme.symbol = Symbol::of("ACME");
    EXPECT_TRUE(checkCapabilities(capabilities, buy("1", "10.00"), acme));
    auto longId = buy("1", "10.00");
    longId.clientOrderId = ClientOrderId(std::string(capabilities.clientOrderIdMax + 1, 'x'));
    const auto refused = checkCapabilities(capabilities, longId, acme);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().field, "clientOrderId");
    for (const auto type : capabilities.orderTypes) {
        auto request = buy("1");
        request.type = type;
        if (type == OrderType::Limit || type == OrderType::StopLimit)
            request.limitPrice = Price::of("9.00");
        if (type == OrderType::Stop || type == OrderType::StopLimit)
            request.stopPrice = Price::of("11.00");
        if (type == OrderType::TrailingStop) request.trailPrice = Price::of("0.50");
        EXPECT_STREQ(wordOf(submit(request)), "accepted") << toString(type);
    }
}

TEST_P(BrokerContract, BC18_EveryConnectionIsAnnounced)
{
    listen();
    EXPECT_TRUE(broker().status().connected);
    EXPECT_TRUE(broker().status().authenticated);
    the().dropStream();
    run(milliseconds(100));
    ASSERT_EQ(connections().size(), 2u);
    EXPECT_FALSE(connections()[1].connected);
    EXPECT_FALSE(connections()[1].reason.empty());
    EXPECT_GT(connections()[1].nextAttempt, Timestamp());
    EXPECT_FALSE(broker().status().connected);
    run(seconds(5));
    ASSERT_EQ(connections().size(), 3u);
    EXPECT_TRUE(connections()[2].connected);
}

TEST_P(BrokerContract, BC19_AfterStopNothingIsTold)
{
    listen();
    const auto request = buy("10", "9.00");
    place(request);
    broker().stop();
    const auto seen = events.size();
    the().quote("ACME", "8.90", "8.95");
    run(seconds(60));
    EXPECT_EQ(events.size(), seen);
}

} // namespace
} // namespace qd::brokers::test
