// What only IBKR has, the adapter against the sandbox's gateway: a session that others may take, questions
// about orders, market data in texts for people.

#include <algorithm>

#include <gtest/gtest.h>

#include "services/brokers/ibkr/ibkr_broker.h"
#include "tests/support/sim_ibkr.h"

namespace qd::brokers::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class IbkrDesk : public ::testing::Test {
protected:
    /// `partialFillShare`: of the orders that meet the market so many are filled in part at first.
    explicit IbkrDesk(double partialFillShare = 0)
        : m_ibkr(world, 1, {qd::test::listing("ACME"), qd::test::listing("BTC/USD")},
                 exchangeOptions(partialFillShare), {})
    {
        m_ibkr.quote("ACME", Price::of("10.00"), Price::of("10.02"), Price::of("10.01"));
        broker.start([this](BrokerEvent event) { events.push_back(std::move(event)); });
        world.run(seconds(3));
    }
    ~IbkrDesk() override
    {
        broker.stop();
        world.run(seconds(1)); // the venue hears that its sockets are closed
    }

    static exchange::ExchangeOptions exchangeOptions(double partialFillShare)
    {
        exchange::ExchangeOptions options;
        options.partialFillShare = partialFillShare;
        return options;
    }
    OrderRequest buy(const char* quantity, const char* limit)
    {
        OrderRequest request;
        request.clientOrderId = ClientOrderId(world.random().uuidV4());
        request.account = AccountId("paper");
        request.symbol = Symbol::of("ACME");
        request.quantity = Quantity::of(quantity);
        request.type = OrderType::Limit;
        request.limitPrice = Price::of(limit);
        return request;
    }
    Outcome submit(const OrderRequest& request)
    {
        std::optional<Outcome> outcome;
        broker.submit(request, {}, [&](Outcome given) { outcome = std::move(given); });
        EXPECT_TRUE(world.runUntil([&] { return outcome.has_value(); }));
        return *outcome;
    }
    std::string refusalOf(const Outcome& outcome)
    {
        const auto* refused = std::get_if<Refused>(&outcome);
        return refused ? refused->error.code : "not refused";
    }
    Result<OrderReport> find(const OrderRequest& request)
    {
        std::optional<Result<OrderReport>> found;
        broker.findByClientId(request.clientOrderId, [&](auto report) { found = std::move(report); });
        EXPECT_TRUE(world.runUntil([&] { return found.has_value(); }));
        return *found;
    }
    std::vector<Fill> executions()
    {
        std::optional<Result<std::vector<Fill>>> fills;
        broker.listExecutions({}, [&](auto told) { fills = std::move(told); });
        EXPECT_TRUE(world.runUntil([&] { return fills.has_value(); }));
        return fills->value_or(std::vector<Fill>());
    }
    /// The order is taken, and nobody hears of it, nor of what becomes of it until the session is reset.
    void loseAnswer(const OrderRequest& request)
    {
        broker.stop(); // as when the backend dies: the stream is gone, and so is what it would tell
        ASSERT_TRUE(m_ibkr.misbehave(R"({"kind":"lose_ack","method":"POST"})"));
        EXPECT_TRUE(std::holds_alternative<Unknown>(submit(request)));
        EXPECT_EQ(ordersThere(), 1u);
    }
    void resetSession()
    {
        m_ibkr.venue().session().reset();
        broker.start([this](BrokerEvent event) { events.push_back(std::move(event)); });
        world.run(seconds(30));
    }
    std::size_t ordersThere() { return m_ibkr.venue().orders().all().size(); }
    std::vector<ConnectionChange> connections() const
    {
        std::vector<ConnectionChange> found;
        for (const auto& event : events)
            if (const auto* change = std::get_if<ConnectionChange>(&event)) found.push_back(*change);
        return found;
    }

    qd::test::SimWorld world;
    qd::test::SimExecutor core{world, "core"};
    qd::test::SimIbkr m_ibkr;
    std::unique_ptr<wire::HttpClient> http = m_ibkr.network().makeHttpClient(core);
    std::unique_ptr<wire::WebSocketClient> sockets = m_ibkr.network().makeWebSocketClient(core);
    IbkrBroker broker{qd::test::SimIbkr::settings(), *http, *sockets, core, world.random()};
    std::vector<BrokerEvent> events;
};

TEST_F(IbkrDesk, AQuestionIsAnsweredOnlyWithWhatTheCallerConfirmed)
{
    auto request = buy("10", "10.50"); // five percent through the market
    const auto asked = submit(request);
    ASSERT_EQ(refusalOf(asked), "broker.confirmation_needed");
    const Error& error = std::get<Refused>(asked).error;
    EXPECT_NE(error.detail.find("ibkr.o163"), std::string::npos) << error.detail;
    EXPECT_NE(error.detail.find("Percentage constraint of 3%"), std::string::npos) << error.detail;
    EXPECT_EQ(ordersThere(), 0u);
    request.confirmations = {"ibkr.o163"};
    EXPECT_TRUE(std::holds_alternative<Accepted>(submit(request)));
    EXPECT_EQ(ordersThere(), 1u);
}

TEST_F(IbkrDesk, EveryQuestionOfACascadeNeedsItsOwnYes)
{
    auto request = buy("10001", "10.50"); // far through the market, and large
    request.confirmations = {"ibkr.o163"};
    const auto asked = submit(request);
    ASSERT_EQ(refusalOf(asked), "broker.confirmation_needed");
    EXPECT_NE(std::get<Refused>(asked).error.detail.find("ibkr.o383"), std::string::npos);
    EXPECT_EQ(ordersThere(), 0u);
    request.confirmations = {"ibkr.o163", "ibkr.o383"};
    EXPECT_TRUE(std::holds_alternative<Accepted>(submit(request)));
}

TEST_F(IbkrDesk, AnOrderBesideAQuestionWaitsAndDoesNotEndIt)
{
    auto first = buy("10", "10.50"), second = buy("10", "9.00");
    first.confirmations = {"ibkr.o163"};
    int taken = 0;
    const auto count = [&](const Outcome& outcome) { taken += std::holds_alternative<Accepted>(outcome); };
    m_ibkr.network().faults().delayMin = m_ibkr.network().faults().delayMax = std::chrono::milliseconds(20);
    broker.submit(first, {}, count);
    world.run(std::chrono::milliseconds(130)); // the question has come, the yes is on its way
    broker.submit(second, {}, count);
    world.run(seconds(5));
    EXPECT_EQ(taken, 2);
    EXPECT_EQ(ordersThere(), 2u);
}

TEST_F(IbkrDesk, ASessionThatAnotherProgramTookIsTakenBackOnlyWhenAsked)
{
    ASSERT_TRUE(broker.status().connected);
    m_ibkr.venue().session().compete();
    world.run(seconds(5));
    EXPECT_TRUE(broker.isCompeting());
    EXPECT_FALSE(broker.status().authenticated);
    EXPECT_FALSE(broker.status().connected);
    const auto delivered = ordersThere();
    EXPECT_EQ(refusalOf(submit(buy("10", "9.00"))), "ibkr.competing_session");
    EXPECT_EQ(ordersThere(), delivered) << "refused before it was sent";
    world.run(minutes(5));
    EXPECT_TRUE(m_ibkr.venue().session().isCompeting()) << "nobody asked for it";
    std::optional<Result<void>> taken;
    broker.takeOver([&](Result<void> result) { taken = std::move(result); });
    world.run(seconds(10));
    ASSERT_TRUE(taken && *taken);
    EXPECT_FALSE(m_ibkr.venue().session().isCompeting());
    EXPECT_TRUE(broker.status().connected);
    EXPECT_TRUE(std::holds_alternative<Accepted>(submit(buy("10", "9.00"))));
}

TEST_F(IbkrDesk, TakingOverIsGoodForOneAttempt)
{
    std::optional<Result<void>> taken;
    const auto note = [&](Result<void> result) { taken = std::move(result); };
    broker.takeOver(note); // it is ours already
    world.run(seconds(5));
    ASSERT_TRUE(taken && *taken);
    m_ibkr.venue().session().compete();
    world.run(minutes(3));
    EXPECT_TRUE(m_ibkr.venue().session().isCompeting()) << "asked for before it was lost";
    EXPECT_EQ(broker.status().refusal.code, "ibkr.competing_session");
    EXPECT_TRUE(broker.status().sessionTaken);
    EXPECT_NE(broker.status().wayBack.find("take-over"), std::string_view::npos);
    m_ibkr.venue().session().logOut();
    taken.reset();
    broker.takeOver(note);
    world.run(seconds(30));
    ASSERT_TRUE(taken);
    EXPECT_FALSE(*taken) << "nobody is signed in";
    m_ibkr.venue().session().logIn();
    m_ibkr.venue().session().compete();
    world.run(minutes(3));
    EXPECT_TRUE(m_ibkr.venue().session().isCompeting()) << "the attempt is over";
}

TEST_F(IbkrDesk, AnAccountOfTheOtherKindIsNotUsed)
{
    auto settings = qd::test::SimIbkr::settings();
    settings.live = true; // the gateway's user has a paper account
    IbkrBroker live(std::move(settings), *http, *sockets, core, world.random());
    live.start([](const BrokerEvent&) {});
    world.run(seconds(30));
    EXPECT_FALSE(live.status().authenticated);
    EXPECT_EQ(live.status().refusal.code, "ibkr.wrong_account");
    std::optional<Outcome> outcome;
    live.submit(buy("10", "9.00"), {}, [&](Outcome given) { outcome = std::move(given); });
    ASSERT_TRUE(world.runUntil([&] { return outcome.has_value(); }));
    EXPECT_EQ(refusalOf(*outcome), "ibkr.wrong_account");
    EXPECT_EQ(ordersThere(), 0u);
    live.stop();
}

TEST_F(IbkrDesk, TheNightlyResetIsLivedThrough)
{
    const auto before = connections().size();
    m_ibkr.venue().session().reset();
    world.run(seconds(30));
    ASSERT_GE(connections().size(), before + 2) << "whoever hears this must compare";
    EXPECT_FALSE(connections()[before].connected);
    EXPECT_TRUE(connections().back().connected);
    EXPECT_TRUE(std::holds_alternative<Accepted>(submit(buy("10", "9.00"))));
}

TEST_F(IbkrDesk, AnOrderThatFilledBeforeTheResetIsProvenByItsExecutions)
{
    const auto request = buy("10", "9.00");
    loseAnswer(request);
    m_ibkr.quote("ACME", Price::of("8.90"), Price::of("8.95"));
    world.run(seconds(1));
    resetSession();
    std::optional<Result<std::vector<OrderReport>>> listed;
    broker.listOrders({false, {}, 500}, [&](auto list) { listed = std::move(list); });
    ASSERT_TRUE(world.runUntil([&] { return listed.has_value(); }));
    ASSERT_TRUE(*listed && (*listed)->empty()) << "IBKR lists the session under way alone";
    const auto found = find(request);
    ASSERT_TRUE(found) << "absent from the list is no proof that it never was: " << describe(found.error());
    EXPECT_EQ(found->state, OrderState::Filled);
    EXPECT_EQ(found->clientOrderId, request.clientOrderId);
    EXPECT_EQ(found->request.symbol, request.symbol);
    EXPECT_EQ(found->filledQuantity, request.quantity);
    EXPECT_TRUE(found->averagePrice.isPositive());
    const auto fills = executions();
    ASSERT_EQ(fills.size(), 1u);
    EXPECT_EQ(fills[0].clientOrderId, request.clientOrderId);
    EXPECT_EQ(fills[0].quantity, request.quantity);
}

TEST_F(IbkrDesk, WhatWorksOutlivesTheResetAndWhatNeverWasIsNotFound)
{
    const auto working = buy("10", "9.00"), never = buy("10", "9.00");
    loseAnswer(working);
    resetSession();
    const auto found = find(working);
    ASSERT_TRUE(found) << describe(found.error());
    EXPECT_EQ(found->state, OrderState::Accepted);
    const auto absent = find(never);
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().code, "broker.order_not_found");
}

/// Where orders are filled in part at first.
class IbkrDeskOfParts : public IbkrDesk {
protected:
    IbkrDeskOfParts() : IbkrDesk(/*partialFillShare=*/1) {}
};

TEST_F(IbkrDeskOfParts, AnOrderThatEndedBeforeTheResetIsCanceledNotLost)
{
    const auto request = buy("1000", "10.02");
    ASSERT_TRUE(std::holds_alternative<Accepted>(submit(request)));
    world.run(seconds(1));
    broker.stop();
    const auto there = m_ibkr.venue().orders().all();
    ASSERT_EQ(there.size(), 1u);
    ASSERT_TRUE(m_ibkr.exchange().cancel(qd::test::SimIbkr::account(), there[0].now.id));
    world.run(seconds(1));
    resetSession();
    const auto found = find(request);
    ASSERT_TRUE(found) << describe(found.error());
    EXPECT_EQ(found->state, OrderState::Canceled);
    EXPECT_EQ(found->request.quantity, request.quantity);
    EXPECT_GT(found->filledQuantity, Quantity());
    EXPECT_LT(found->filledQuantity, request.quantity);
}

TEST_F(IbkrDesk, AQuietHourKeepsTheSession)
{
    const auto before = connections().size();
    world.run(minutes(60)); // the gateway ends an idle one after six
    EXPECT_TRUE(m_ibkr.venue().session().hasBridge());
    EXPECT_EQ(connections().size(), before);
}

TEST_F(IbkrDesk, ManyQuestionsAtOnceKeepIbkrsPace)
{
    int good = 0;
    for (int i = 0; i < 20; ++i) {
        broker.listOrders({false, {}, 500}, [&](const auto& list) { good += list.has_value(); });
        broker.listExecutions({}, [&](const auto& list) { good += list.has_value(); });
        broker.account([&](const auto& account) { good += account.has_value(); });
    }
    world.run(minutes(1));
    EXPECT_EQ(good, 60) << "one too many within a second and nothing is answered for ten minutes";
}

TEST_F(IbkrDesk, QuotesAreExactAndOutliveTheTenMinutesOfALine)
{
    const auto feed = broker.makeFeed(*sockets, world.random());
    std::vector<Quote> quotes;
    std::vector<Trade> trades;
    feed->start([&](const std::vector<MarketEvent>& batch) {
        for (const auto& event : batch) {
            if (const auto* quote = std::get_if<Quote>(&event)) quotes.push_back(*quote);
            if (const auto* trade = std::get_if<Trade>(&event)) trades.push_back(*trade);
        }
    });
    feed->subscribe({{Symbol::of("ACME")}, {Symbol::of("ACME")}, {}});
    world.run(seconds(3));
    ASSERT_FALSE(quotes.empty());
    EXPECT_EQ(quotes.back().bid, Price::of("10.00"));
    EXPECT_EQ(quotes.back().askSize, Quantity::of("1300")) << "shown as 13, in hundreds";
    EXPECT_TRUE(trades.empty()) << "the print that stood before is no news";
    world.run(minutes(25));
    const auto before = quotes.size();
    m_ibkr.quote("ACME", Price::of("10.07"), Price::of("10.09"), Price::of("10.08"));
    world.run(seconds(2));
    ASSERT_GT(quotes.size(), before);
    EXPECT_EQ(quotes.back().ask, Price::of("10.09"));
    ASSERT_EQ(trades.size(), 1u);
    EXPECT_EQ(trades[0].price, Price::of("10.08"));
    EXPECT_EQ(trades[0].size, Quantity::of("100"));
}

TEST_F(IbkrDesk, EachLineSaysWhatKindOfValuesItHas)
{
    auto settings = qd::test::SimIbkr::settings();
    settings.simulated = false; // as IBKR itself
    IbkrBroker real(std::move(settings), *http, *sockets, core, world.random());
    real.start([](const BrokerEvent&) {});
    const auto feed = real.makeFeed(*sockets, world.random());
    int quotes = 0;
    feed->start([&](const std::vector<MarketEvent>& batch) {
        for (const auto& event : batch) quotes += std::holds_alternative<Quote>(event);
    });
    const Symbol stock = Symbol::of("ACME"), coin = Symbol::of("BTC/USD");
    m_ibkr.quote("BTC/USD", Price::of("60000"), Price::of("60010"));
    feed->subscribe({{stock, coin}, {}, {}});
    world.run(seconds(10));
    ASSERT_EQ(feed->classOf(stock), FeedClass::RealTime);
    ASSERT_EQ(feed->classOf(coin), FeedClass::RealTime);
    const auto index = m_ibkr.exchange().find(stock);
    struct Row {
        char letter;
        FeedClass meant;
    };
    for (const auto& row : {Row{'D', FeedClass::Delayed}, Row{'Z', FeedClass::Frozen}, Row{'R', FeedClass::RealTime},
                            Row{'Y', FeedClass::Frozen}, Row{'N', FeedClass::Delayed}}) {
        m_ibkr.venue().contracts().setAvailability(*index, row.letter);
        const auto before = quotes;
        m_ibkr.quote("ACME", Price::of("10.00"), Price::of("10.02"), Price::of("10.01"));
        m_ibkr.quote("BTC/USD", Price::of("60000"), Price::of("60010"), Price::of("60005")); // speaks last
        world.run(seconds(2));
        EXPECT_EQ(feed->classOf(stock), row.meant) << row.letter;
        EXPECT_EQ(feed->classOf(coin), FeedClass::RealTime) << row.letter;
        EXPECT_EQ(feed->feedClass(), row.meant) << row.letter << ": the worst is told";
        EXPECT_GT(quotes, before) << row.letter << ": whoever shows the price must hear of it";
    }
    feed->subscribe({{coin}, {}, {}});
    EXPECT_EQ(feed->feedClass(), FeedClass::RealTime) << "a line that has gone does not count";
    EXPECT_EQ(feed->classOf(stock), FeedClass::Delayed) << "nobody promises anything";
    feed->stop();
    real.stop();
}

TEST_F(IbkrDesk, AHaltIsToldByTheLetterBeforeThePrice)
{
    const auto feed = broker.makeFeed(*sockets, world.random());
    std::vector<MarketStatus> told;
    feed->start([&](const std::vector<MarketEvent>& batch) {
        for (const auto& event : batch)
            if (const auto* status = std::get_if<MarketStatus>(&event)) told.push_back(*status);
    });
    feed->subscribe({{Symbol::of("ACME")}, {}, {}});
    world.run(seconds(3));
    EXPECT_TRUE(told.empty());
    const auto index = m_ibkr.exchange().find(Symbol::of("ACME"));
    ASSERT_TRUE(m_ibkr.exchange().setHalted(*index, true));
    m_ibkr.quote("ACME", Price::of("10.00"), Price::of("10.02"));
    world.run(seconds(2));
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].symbol, Symbol::of("ACME"));
    EXPECT_TRUE(told[0].halted);
    ASSERT_TRUE(m_ibkr.exchange().setHalted(*index, false));
    m_ibkr.quote("ACME", Price::of("10.01"), Price::of("10.03"));
    world.run(seconds(2));
    ASSERT_EQ(told.size(), 2u);
    EXPECT_FALSE(told[1].halted);
    feed->stop();
}

TEST_F(IbkrDesk, SnapshotsAreAskedTwiceForTheFirstAnswerIsEmpty)
{
    bool listed = false;
    broker.listInstruments([&](const auto& all) { listed = all.has_value(); });
    ASSERT_TRUE(world.runUntil([&] { return listed; }));
    const auto feed = broker.makeFeed(*sockets, world.random());
    std::vector<MarketSnapshot> told;
    feed->snapshots({Symbol::of("ACME")}, [&](std::vector<MarketSnapshot> part) { told = std::move(part); });
    world.run(seconds(3));
    ASSERT_EQ(told.size(), 1u);
    ASSERT_TRUE(told[0].quote && told[0].trade);
    EXPECT_EQ(told[0].quote->bid, Price::of("10.00"));
    EXPECT_EQ(told[0].trade->price, Price::of("10.01"));
    ASSERT_TRUE(told[0].day);
    EXPECT_EQ(told[0].day->open, Price::of("10.01"));
    EXPECT_EQ(told[0].day->volume, Quantity::of("100")) << "told exactly, not in hundreds";
}

} // namespace
} // namespace qd::brokers::test
