#include "services/market/history.h"

#include <random>

#include <gtest/gtest.h>

#include "services/market/bar_series.h"
#include "tests/services/market/fake_feed.h"
#include "tests/support/sim_world.h"

namespace qd::market {
namespace {

using namespace std::chrono_literals;
using test::barOf;
using test::FakeFeed;
using test::kSpy;

const Timestamp kTen = Timestamp::of("2026-01-05T15:00:00Z");

class HistoryTest : public testing::Test {
protected:
    qd::test::SimWorld m_world{5};
    qd::test::SimExecutor m_core{m_world};
    FakeFeed m_feed;
    std::vector<Result<BarsAnswer>> m_answers;

    HistorySettings settings(int perMinute = 600, int burst = 10)
    {
        HistorySettings settings;
        settings.limit = {perMinute, std::chrono::minutes(1), burst, 0};
        return settings;
    }
    void ask(History& history, Timestamp from, Timestamp to,
             BarInterval interval = BarInterval::Minute1, std::size_t limit = 10'000)
    {
        BarsQuery query{kSpy, interval, from, to, limit, false};
        history.bars(query, [this](Result<BarsAnswer> answer) {
            m_answers.push_back(std::move(answer));
        });
    }
    /// The provider answers its oldest request with a bar a minute, priced by the minute.
    void answerNext()
    {
        ASSERT_FALSE(m_feed.requests.empty());
        auto request = std::move(m_feed.requests.front());
        m_feed.requests.pop_front();
        std::vector<Bar> bars;
        for (Timestamp at = request.from; at < request.to; at = at + lengthOf(request.interval))
            bars.push_back(barOf(at, std::to_string(1 + at.seconds() / 60 % 1000).c_str()));
        request.done(std::move(bars));
    }
    void refuseNext(Error error)
    {
        auto request = std::move(m_feed.requests.front());
        m_feed.requests.pop_front();
        request.done(tl::unexpected<Error>(std::move(error)));
    }
};

TEST_F(HistoryTest, IdenticalRequestsGoOutOnceAndAreKept)
{
    History history(settings(), m_feed, m_core);
    for (int i = 0; i < 5; ++i) ask(history, kTen - Duration(1h), kTen - Duration(10min));
    ASSERT_EQ(m_feed.requests.size(), 1U);
    answerNext();
    ASSERT_EQ(m_answers.size(), 5U);
    for (const auto& answer : m_answers) EXPECT_EQ(answer->bars.size(), 50U);
    EXPECT_EQ(history.status().coalesced, 4U);
    ask(history, kTen - Duration(40min), kTen - Duration(20min));
    EXPECT_TRUE(m_feed.requests.empty()) << "from the cache";
    ASSERT_EQ(m_answers.size(), 6U);
    EXPECT_EQ(m_answers.back()->bars.size(), 20U);
    EXPECT_EQ(m_answers.back()->source, "fake");
}

TEST_F(HistoryTest, OnlyWhatIsMissingIsFetched)
{
    History history(settings(), m_feed, m_core);
    ask(history, kTen - Duration(60min), kTen - Duration(30min));
    answerNext();
    ask(history, kTen - Duration(90min), kTen - Duration(10min), BarInterval::Minute1, 70);
    ASSERT_EQ(m_feed.requests.size(), 2U);
    EXPECT_EQ(m_feed.requests[0].to, kTen - Duration(60min));
    EXPECT_EQ(m_feed.requests[1].from, kTen - Duration(30min));
    answerNext();
    answerNext();
    ASSERT_EQ(m_answers.size(), 2U);
    ASSERT_EQ(m_answers[1]->bars.size(), 70U) << "the newest so many";
    EXPECT_EQ(m_answers[1]->bars.back().start, kTen - Duration(11min));
    for (std::size_t i = 1; i < 70; ++i)
        ASSERT_EQ(m_answers[1]->bars[i].start - m_answers[1]->bars[i - 1].start, Duration(1min));
}

TEST_F(HistoryTest, TheBarUnderWayIsAskedForAgainLater)
{
    History history(settings(), m_feed, m_core);
    ask(history, kTen - Duration(5min), kTen + Duration(30s));
    answerNext();
    ask(history, kTen - Duration(5min), kTen + Duration(30s));
    EXPECT_TRUE(m_feed.requests.empty()) << "good for some seconds";
    m_world.run(1min);
    ask(history, kTen - Duration(5min), kTen + Duration(70s));
    ASSERT_EQ(m_feed.requests.size(), 1U);
    EXPECT_GE(m_feed.requests[0].from, kTen - Duration(1min)) << "settled bars are not";
}

TEST_F(HistoryTest, RequestsWaitUnderTheRateLimitAndTellTheNextTry)
{
    History history(settings(/*perMinute=*/6, /*burst=*/2), m_feed, m_core);
    for (int day = 1; day <= 5; ++day)
        ask(history, kTen - Duration(24h * day), kTen - Duration(24h * day - 1h),
            BarInterval::Minute1);
    EXPECT_EQ(m_feed.requests.size(), 2U);
    EXPECT_EQ(history.status().waiting, 3U);
    EXPECT_EQ(history.status().nextTry, kTen + Duration(10s));
    ASSERT_EQ(m_answers.size(), 3U) << "a wait of ten seconds is told at once";
    EXPECT_EQ(m_answers[0].error().code, "market.history_rate_limited");
    EXPECT_EQ(m_answers[0].error().kind, ErrorKind::Unavailable);
    EXPECT_NE(m_answers[0].error().detail.find("is asked again at 2026-01-05T15:00:10"),
              std::string::npos);
    m_world.run(10s);
    EXPECT_EQ(m_feed.requests.size(), 3U) << "and asked for all the same";
    m_world.run(20s);
    ASSERT_EQ(m_answers.size(), 5U) << "nobody waits longer than half a minute";
    EXPECT_EQ(m_answers[4].error().code, "market.history_delayed") << "of those that were sent";
}

TEST_F(HistoryTest, HeldByTheProviderWhatIsKeptIsAnsweredAtOnce)
{
    History history(settings(), m_feed, m_core);
    ask(history, kTen - Duration(60min), kTen - Duration(30min));
    answerNext();
    m_answers.clear();
    ask(history, kTen - Duration(60min), kTen - Duration(10min));
    refuseNext({ErrorKind::Unavailable, "broker.rate_limited", "429", ""});
    ASSERT_EQ(m_answers.size(), 1U) << "at once";
    ASSERT_TRUE(m_answers[0].has_value());
    EXPECT_TRUE(m_answers[0]->partial);
    EXPECT_EQ(m_answers[0]->bars.size(), 30U);
    EXPECT_EQ(m_answers[0]->nextTry, kTen + Duration(15s));
    ask(history, kTen - Duration(60min), kTen - Duration(10min));
    EXPECT_TRUE(m_answers.at(1)->partial) << "and so does the next asker";
    m_world.run(15s);
    ASSERT_EQ(m_feed.requests.size(), 1U) << "both questions are one";
    answerNext();
    EXPECT_EQ(m_answers.size(), 2U) << "each asker is answered once";
    ask(history, kTen - Duration(60min), kTen - Duration(10min));
    EXPECT_FALSE(m_answers.at(2)->partial);
    EXPECT_EQ(m_answers.at(2)->bars.size(), 50U);
}

TEST_F(HistoryTest, HeldByTheProviderWithNothingKeptTheNextTryIsTold)
{
    History history(settings(), m_feed, m_core);
    m_feed.held = kTen + Duration(40s);
    ask(history, kTen - Duration(1h), kTen - Duration(30min));
    ASSERT_EQ(m_answers.size(), 1U);
    EXPECT_EQ(m_answers[0].error().code, "market.history_rate_limited");
    EXPECT_EQ(history.status().nextTry, kTen + Duration(40s));
    EXPECT_TRUE(m_feed.requests.empty()) << "it waits here, where others can go ahead of it";
    m_feed.held = {};
    m_world.run(40s);
    EXPECT_EQ(m_feed.requests.size(), 1U);
}

TEST_F(HistoryTest, TooManyRequestsHoldsOffAndTriesAgain)
{
    History history(settings(), m_feed, m_core);
    ask(history, kTen - Duration(1h), kTen - Duration(30min));
    refuseNext({ErrorKind::Unavailable, "broker.rate_limited", "429", ""});
    ASSERT_EQ(m_answers.size(), 1U);
    EXPECT_EQ(m_answers[0].error().code, "market.history_rate_limited");
    EXPECT_TRUE(m_feed.requests.empty());
    EXPECT_EQ(history.status().nextTry, kTen + Duration(15s));
    m_world.run(15s);
    ASSERT_EQ(m_feed.requests.size(), 1U);
    answerNext();
    ask(history, kTen - Duration(1h), kTen - Duration(30min));
    ASSERT_EQ(m_answers.size(), 2U);
    EXPECT_TRUE(m_answers[1].has_value());
    EXPECT_TRUE(m_feed.requests.empty()) << "what came too late for its asker is kept";
}

TEST_F(HistoryTest, AFailureReachesAllWhoWaitAndIsNotKept)
{
    History history(settings(), m_feed, m_core);
    ask(history, kTen - Duration(1h), kTen);
    ask(history, kTen - Duration(1h), kTen);
    refuseNext({ErrorKind::Unavailable, "http.503", "down", ""});
    ASSERT_EQ(m_answers.size(), 2U);
    EXPECT_EQ(m_answers[1].error().code, "http.503");
    ask(history, kTen - Duration(1h), kTen);
    EXPECT_EQ(m_feed.requests.size(), 1U);
}

TEST_F(HistoryTest, TheQueueIsBounded)
{
    auto small = settings(1, 1);
    small.queueMax = 3;
    History history(small, m_feed, m_core);
    for (int day = 1; day <= 4; ++day)
        ask(history, kTen - Duration(24h * 30 * day), kTen - Duration(24h * 30 * day - 1h));
    ASSERT_EQ(m_answers.size(), 3U);
    EXPECT_EQ(m_answers[1].error().code, "market.history_rate_limited");
    EXPECT_EQ(m_answers[2].error().code, "market.history_queue_full");
}

TEST_F(HistoryTest, NonsenseIsRefusedAtOnce)
{
    History history(settings(), m_feed, m_core);
    ask(history, kTen, kTen);
    ask(history, kTen - Duration(1h), kTen, BarInterval::Minute1, 0);
    ask(history, kTen - Duration(1h), kTen, BarInterval::Minute1, 10'001);
    ASSERT_EQ(m_answers.size(), 3U);
    for (const auto& answer : m_answers) EXPECT_EQ(answer.error().code, "market.bars_range");
    EXPECT_EQ(m_answers[0].error().field, "from");
    EXPECT_EQ(m_answers[2].error().field, "limit");
}

TEST_F(HistoryTest, BackgroundRequestsWaitForOthers)
{
    History history(settings(6, 1), m_feed, m_core);
    ask(history, kTen - Duration(2h), kTen - Duration(1h));
    BarsQuery background{Symbol::of("QQQ"), BarInterval::Day1, kTen - Duration(240h), kTen, 100, true};
    history.bars(background, [](Result<BarsAnswer>) {});
    ask(history, kTen - Duration(2h), kTen - Duration(1h), BarInterval::Minute5);
    m_world.run(10s);
    ASSERT_EQ(m_feed.requests.size(), 2U);
    EXPECT_EQ(m_feed.requests[1].interval, BarInterval::Minute5);
}

TEST_F(HistoryTest, MemoryIsBoundedByTheLeastRecentlyUsed)
{
    auto small = settings();
    small.cachedBarsMax = 150;
    History history(small, m_feed, m_core);
    for (const auto interval : {BarInterval::Minute1, BarInterval::Minute5, BarInterval::Minute15}) {
        ask(history, kTen - lengthOf(interval) * 100, kTen - lengthOf(interval), interval);
        answerNext();
    }
    EXPECT_LE(history.status().cachedBars, 150U);
    ask(history, kTen - Duration(60min), kTen - Duration(30min), BarInterval::Minute1);
    EXPECT_EQ(m_feed.requests.size(), 1U) << "the oldest had to go";
}

/// Any order of questions gives what one big question would have given.
TEST(BarSeries, FetchingInPiecesEqualsFetchingAtOnce)
{
    std::mt19937_64 random(11);
    for (int round = 0; round < 300; ++round) {
        BarSeries series(BarInterval::Minute1);
        for (int i = 0; i < 12; ++i) {
            const auto from = kTen + Duration(1min) * static_cast<int>(random() % 400);
            const TimeRange wanted{from, from + Duration(1min) * static_cast<int>(1 + random() % 90)};
            for (const TimeRange& range : series.missing(wanted, kTen + Duration(24h))) {
                std::vector<Bar> bars;
                for (Timestamp at = range.from; at < range.to; at = at + Duration(1min))
                    if (at.seconds() / 60 % 7 != 0) bars.push_back(barOf(at, "5"));
                series.merge(range, bars, kTen + Duration(24h), kTen + Duration(24h));
            }
            ASSERT_TRUE(series.missing(wanted, kTen + Duration(24h)).empty());
            std::size_t expected = 0;
            for (Timestamp at = wanted.from; at < wanted.to; at = at + Duration(1min))
                expected += at.seconds() / 60 % 7 != 0 ? 1 : 0;
            ASSERT_EQ(series.slice(wanted, 10'000).size(), expected);
        }
    }
}

TEST(BarSeries, WhatWeSawOurselvesExtendsIt)
{
    BarSeries series(BarInterval::Minute1);
    series.merge({kTen, kTen + Duration(5min)}, {barOf(kTen, "1")}, kTen + Duration(5min), kTen);
    const auto at = kTen + Duration(7min);
    series.extend(kTen + Duration(6min), barOf(at, "2"), at + Duration(1min));
    EXPECT_EQ(series.size(), 1U) << "minute five was not seen";
    series.extend(kTen + Duration(5min), barOf(at, "2"), at + Duration(1min));
    EXPECT_TRUE(series.missing({kTen, at + Duration(1min)}, kTen + Duration(1h)).empty());
    EXPECT_EQ(series.size(), 2U);
}

} // namespace
} // namespace qd::market
