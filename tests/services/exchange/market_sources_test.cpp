// Recordings, replay and the simulated market.

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>

#include <gtest/gtest.h>

#include "services/exchange/book_replay.h"
#include "services/exchange/compressed.h"
#include "services/exchange/replay_market.h"
#include "services/exchange/simulated_market.h"
#include "services/exchange/tape.h"

namespace qd::exchange {
namespace {

using namespace std::chrono_literals;

#define NEED_SHARED(file)                                                                          \
    const std::string path = std::string(QD_SHARED_DATA) + "/" + (file);                           \
    if (!std::filesystem::exists(path))                                                            \
    GTEST_SKIP() << "shared data not present"

std::string errorOf(const Result<Recording>& result)
{
    return result ? "no error" : result.error().detail;
}

TEST(Csv, ErrorsNameFileAndLine)
{
    const auto read = [](const char* text) { return errorOf(parseRecording("a.csv", text)); };
    EXPECT_EQ(read("date,open,high,low,close\n2020-01-02,1,2,0.5,1.5\n2020-01-03,1,x,0.5,1\n"),
              "a.csv:3: expected high (a number), was 'x'");
    EXPECT_EQ(read("date,open,high,low,close\n2020-13-02,1,2,0.5,1.5\n"),
              "a.csv:2: expected a date or time, was '2020-13-02'");
    EXPECT_EQ(read("date,open,high,low,close\n2020-01-02,1,0.8,0.5,1\n"),
              "a.csv:2: expected high >= open, close >= low, was 'high 0.8 low 0.5'");
    EXPECT_EQ(read("date,open,high,low,close\n2020-01-03,1,1,1,1\n2020-01-02,1,1,1,1\n"),
              "a.csv:3: expected times that do not go back, was '2020-01-02'");
    EXPECT_NE(read("hello,world\n").find("a.csv:1: expected a header"), std::string::npos);
}

TEST(Csv, HeadersInAnyOrderCaseAndSeparator)
{
    const auto plain = parseRecording("acme.csv", "Volume;Close;Low;High;Open;Time\r\n"
                                                  "10;2;1;3;1.5;2020-01-02T15:00:00Z\r\n");
    ASSERT_TRUE(plain) << errorOf(plain);
    const Bar expected{Timestamp::of("2020-01-02T15:00:00Z"), Price::of("1.5"), Price::of("3"),
                       Price::of("1"), Price::of("2"), Quantity::of("10"), 0};
    EXPECT_EQ(plain->bars.at(0), expected);
    EXPECT_EQ(plain->instrument.symbol, Symbol::of("ACME"));
}

TEST(Csv, TimesSinceTheEpochInAnyUnit)
{
    const auto start = [](const std::string& time) {
        const auto read = parseRecording("a.csv", "time,open,high,low,close\n" + time + ",1,1,1,1\n");
        return read ? read->bars.at(0).start : Timestamp();
    };
    const auto expected = Timestamp::of("2021-12-31T23:01:00Z");
    for (const char* time : {"1640991660", "1640991660000", "1640991660000000",
                             "1640991660000000000"})
        EXPECT_EQ(start(time), expected) << time;
    EXPECT_EQ(start("20205020858502"), Timestamp()) << "in no unit a time of ours";
}

TEST(Zip, DamageIsFoundAndBombsAreBounded)
{
    EXPECT_EQ(readZip("PK not a zip").error().code, "zip.not_a_zip");
    EXPECT_EQ(gunzip("\x1f\x8b\x08 rubbish").error().code, "gzip.damaged");
}

TEST(Recordings, AChainOfOptionContractsIsNoSingleRecording)
{
    NEED_SHARED("options/goog_options_minute_20151223_quote_american.zip");
    const auto chain = openRecording(path);
    ASSERT_FALSE(chain);
    EXPECT_EQ(chain.error().code, "recording.option_chain");
}

TEST(Recordings, SpyTicksMatchTheMinuteBars)
{
    NEED_SHARED("ticks/spy_tick_20131007_trade.zip");
    const auto ticks = openRecording(path);
    ASSERT_TRUE(ticks) << errorOf(ticks);
    EXPECT_EQ(ticks->kind, Recording::Kind::Trades);
    EXPECT_EQ(ticks->instrument.symbol, Symbol::of("SPY"));
    EXPECT_EQ(ticks->trades.size(), 250'601u);
    const auto bars
        = openRecording(std::string(QD_SHARED_DATA) + "/bars/spy_minute_20131007_trade.zip");
    ASSERT_TRUE(bars) << errorOf(bars);
    const auto open = Timestamp::of("2013-10-07T13:30:00Z"), close = open + 390min;
    Quantity tickVolume, barVolume;
    Price tickLow = Price::of("1000"), barLow = tickLow, tickClose, barClose;
    for (const auto& trade : ticks->trades) {
        if (trade.time < open || trade.time >= close)
            continue;
        tickVolume += trade.size;
        tickLow = std::min(tickLow, trade.price);
        tickClose = trade.price;
    }
    int count = 0;
    for (const auto& bar : bars->bars) {
        if (bar.start < open || bar.start >= close)
            continue;
        ++count;
        barVolume += bar.volume;
        barLow = std::min(barLow, bar.low);
        barClose = bar.close;
    }
    EXPECT_EQ(count, 390);
    EXPECT_EQ(tickLow, barLow);
    EXPECT_NEAR(tickClose.toDouble(), barClose.toDouble(), 0.05);
    EXPECT_NEAR(tickVolume.toDouble() / barVolume.toDouble(), 1.0, 0.01)
        << "the vendor's bars leave out some sale conditions";
}

TEST(Recordings, EveryKindOfSharedFileIsUnderstood)
{
    NEED_SHARED("bars/aapl_daily.zip");
    const std::string root = QD_SHARED_DATA;
    const auto size = [&](const std::string& file, Recording::Kind kind, const char* symbol) {
        const auto recording = openRecording(root + "/" + file);
        EXPECT_TRUE(recording) << file << ": " << errorOf(recording);
        if (!recording)
            return std::size_t{0};
        EXPECT_EQ(recording->kind, kind) << file;
        EXPECT_EQ(recording->instrument.symbol, Symbol::of(symbol)) << file;
        return recording->size();
    };
    EXPECT_EQ(size("bars/aapl_daily.zip", Recording::Kind::Bars, "AAPL"), 5849u);
    EXPECT_EQ(size("bars/spy_minute_20131007_quote.zip", Recording::Kind::QuoteBars, "SPY"), 908u);
    EXPECT_EQ(size("bars/coinbase_btcusd_minute_20170903_trade.zip", Recording::Kind::Bars,
                   "BTC/USD"),
              1440u);
    EXPECT_GT(size("bars/coinbase_btcusd_minute_20171217_quote.zip", Recording::Kind::QuoteBars,
                   "BTC/USD"),
              1430u);
    EXPECT_EQ(size("bars/btc-perp-20211231-20220201_1m.csv.gz", Recording::Kind::Bars, "BTC/USD"),
              45'031u);
    EXPECT_EQ(size("ticks/lobster_aapl_20120621_message_first500.csv",
                   Recording::Kind::BookMessages, "AAPL"),
              500u);
    const std::string datas = "backtest/backtrader/datas/";
    EXPECT_GT(size(datas + "2006-day-001.txt", Recording::Kind::Bars, "REC"), 200u);
    EXPECT_GT(size(datas + "nvda-1999-2014.txt", Recording::Kind::Bars, "NVDA"), 3000u);
    EXPECT_GT(size(datas + "2006-min-005.txt", Recording::Kind::Bars, "REC"), 1000u);
}

std::vector<std::int64_t> numbers(std::string_view line)
{
    std::vector<std::int64_t> result;
    while (!line.empty()) {
        const auto cut = std::min(line.find(','), line.size());
        result.push_back(std::stoll(std::string(line.substr(0, cut))));
        line.remove_prefix(std::min(cut + 1, line.size()));
    }
    return result;
}

std::string readText(const std::string& path)
{
    std::string text;
    if (auto* file = std::fopen(path.c_str(), "rb")) {
        char buffer[65536];
        for (std::size_t read = 0; (read = std::fread(buffer, 1, sizeof buffer, file)) > 0;)
            text.append(buffer, read);
        std::fclose(file);
    }
    return text;
}

/// Row i of the true books is the truth after message i, as far as the first row lets us know it:
/// orders beyond the tenth level come and go unseen.
TEST(BookReplay, BookEqualsLobstersAfterEveryMessage)
{
    NEED_SHARED("ticks/lobster_aapl_20120621_message_first500.csv");
    const auto recording = openRecording(path);
    ASSERT_TRUE(recording) << errorOf(recording);
    ASSERT_TRUE(recording->firstBook) << "the file beside it";
    std::string truth = readText(std::string(QD_SHARED_DATA)
                                 + "/ticks/lobster_aapl_20120621_book10_first500.csv");
    auto worstAsk = recording->firstBook->asks.back().price;
    auto worstBid = recording->firstBook->bids.back().price;
    BookReplay book;
    std::size_t at = 0, compared = 0;
    for (std::size_t i = 0; i < recording->messages.size(); ++i) {
        if (i == 0)
            book.seed(*recording->firstBook);
        else
            book.apply(recording->messages[i]);
        const auto end = std::min(truth.find('\n', at), truth.size());
        const auto row = numbers(std::string_view(truth).substr(at, end - at));
        at = end + 1;
        std::map<std::int64_t, std::int64_t> asks, bids, trueAsks, trueBids;
        const auto view = book.book(1000);
        Price lastAsk, lastBid;
        for (std::size_t k = 0; k + 3 < row.size(); k += 4) {
            lastAsk = Price::fromUnits(row[k] * 10'000);
            lastBid = Price::fromUnits(row[k + 2] * 10'000);
            if (lastAsk <= worstAsk)
                trueAsks[lastAsk.units()] = row[k + 1];
            if (lastBid >= worstBid)
                trueBids[lastBid.units()] = row[k + 3];
        }
        for (const auto& level : view.asks) {
            if (level.price <= std::min(worstAsk, lastAsk))
                asks[level.price.units()] = level.size.units() / Decimal::kOne;
        }
        for (const auto& level : view.bids) {
            if (level.price >= std::max(worstBid, lastBid))
                bids[level.price.units()] = level.size.units() / Decimal::kOne;
        }
        // What leaves the ten levels may change unseen: from then on it is not derivable.
        worstAsk = std::min(worstAsk, lastAsk);
        worstBid = std::max(worstBid, lastBid);
        ASSERT_EQ(asks, trueAsks) << "after message " << i + 1;
        ASSERT_EQ(bids, trueBids) << "after message " << i + 1;
        compared += asks.size() + bids.size();
    }
    EXPECT_GT(compared, 2000u);
}

Recording someBars()
{
    auto recording = parseRecording("acme.csv", "date,open,high,low,close,volume\n"
                                                "2020-01-02 10:00:00,10,12,9,11,1000\n"
                                                "2020-01-02 10:01:00,11,11.5,10.5,10.6,700\n"
                                                "2020-01-02 10:02:00,10.6,10.6,10.6,10.6,3\n");
    EXPECT_TRUE(recording) << errorOf(recording);
    return *recording;
}

TEST(Replay, SyntheticTradesRebuildTheBarExactly)
{
    const auto recording = someBars();
    MarketBatch events;
    expandRecording(recording, 0, true, events);
    std::map<std::int64_t, Bar> built;
    Price bid, ask;
    for (const auto& event : events) {
        if (const auto* quote = std::get_if<QuoteTick>(&event)) {
            EXPECT_LT(quote->bid, quote->ask);
            bid = quote->bid;
            ask = quote->ask;
        } else if (const auto* trade = std::get_if<TradeTick>(&event)) {
            EXPECT_LE(bid, trade->price);
            EXPECT_GE(ask, trade->price);
            auto& bar = built[trade->time.nanos() / 60'000'000'000];
            if (bar.tradeCount++ == 0)
                bar.open = bar.high = bar.low = trade->price;
            bar.high = std::max(bar.high, trade->price);
            bar.low = std::min(bar.low, trade->price);
            bar.close = trade->price;
            bar.volume += trade->size;
        }
    }
    ASSERT_EQ(built.size(), 3u);
    auto expected = recording.bars.begin();
    for (const auto& [minute, bar] : built) {
        EXPECT_EQ(bar.open, expected->open);
        EXPECT_EQ(bar.high, expected->high);
        EXPECT_EQ(bar.low, expected->low);
        EXPECT_EQ(bar.close, expected->close);
        EXPECT_EQ(bar.volume, expected->volume);
        ++expected;
    }
}

std::size_t playFor(ReplayMarket& market, Timestamp from, Duration duration)
{
    MarketBatch out;
    for (Duration passed{}; passed <= duration; passed += 100ms)
        market.advance(market.venueTime(from + passed), out);
    for (std::size_t i = 1; i < out.size(); ++i) {
        const auto time = [](const MarketEvent& event) {
            return std::holds_alternative<QuoteTick>(event) ? std::get<QuoteTick>(event).time
                                                            : std::get<TradeTick>(event).time;
        };
        EXPECT_LE(time(out[i - 1]), time(out[i])) << "time never goes back, even from pass to pass";
    }
    return out.size();
}

TEST(Replay, SpeedLoopAndEnd)
{
    const auto now = Timestamp::of("2026-01-05T15:00:00Z");
    ReplayOptions options;
    options.speed = 60;
    ReplayMarket once({someBars()}, options);
    once.start(now);
    EXPECT_EQ(once.venueTime(now + 1s), Timestamp::of("2020-01-02T15:01:00Z"));
    EXPECT_EQ(playFor(once, now, 10s), once.eventCount());
    EXPECT_TRUE(once.finished());
    options.loop = true;
    ReplayMarket looped({someBars()}, options);
    looped.start(now);
    EXPECT_GT(playFor(looped, now, 20s), 3 * looped.eventCount());
    EXPECT_FALSE(looped.finished());
    options.loop = false;
    options.speed = 0;
    ReplayMarket fast({someBars()}, options);
    fast.start(now);
    EXPECT_EQ(playFor(fast, now, 1s), fast.eventCount());
}

TEST(Replay, AFewSecondsOfTicksGoOnBeforeTheyLookStale)
{
    Recording ticks;
    ticks.kind = Recording::Kind::Trades;
    ticks.instrument.symbol = Symbol::of("SPY");
    const auto first = Timestamp::of("2020-01-02T15:00:00.4Z");
    for (int i = 0; i < 5; ++i) {
        RecordedTrade trade;
        trade.time = first + i * 1s;
        trade.price = Price::of("100");
        trade.size = Quantity::of("100");
        ticks.trades.push_back(trade);
    }
    ReplayOptions options;
    options.loop = true;
    ReplayMarket market({ticks}, options);
    const auto now = Timestamp::of("2026-01-05T15:00:00Z");
    market.start(now);
    MarketBatch out;
    std::size_t before = 0;
    Duration silence{};
    for (Duration passed{}; passed <= 60s; passed += 100ms) {
        market.advance(market.venueTime(now + passed), out);
        silence = out.size() > before ? Duration{} : silence + 100ms;
        EXPECT_LT(silence, 3s) << "at " << passed.count();
        before = out.size();
        const Duration ahead = market.venueTime(now + passed) - (first + passed);
        EXPECT_LT(ahead, 1s) << "the venue's clock goes on as ours does";
    }
    EXPECT_GE(before, 10 * market.eventCount());
}

TEST(Replay, TheVenuesClockShowsOursWhereTheRecordingBeganEarlier)
{
    ReplayOptions options;
    options.stamps = ReplayStamps::ShiftedToNow;
    options.startAt = Timestamp::of("2020-01-02T15:02:00Z");
    const auto now = Timestamp::of("2026-01-05T15:00:45Z");
    ReplayMarket market({someBars()}, options);
    market.start(now);
    EXPECT_EQ(market.venueTime(now), now);
    EXPECT_EQ(market.venueTime(now + 10s), now + 10s);
    options.startAt.reset();
    ReplayMarket whole({someBars()}, options);
    whole.start(now);
    EXPECT_EQ(whole.venueTime(now), Timestamp::of("2026-01-05T15:00:00Z")) << "nothing is before";
}

TEST(Replay, WhatStandsAtTheBeginningIsKnown)
{
    const auto early = parseRecording("EARLY.csv", "time,open,high,low,close,volume\n"
                                                   "2020-01-02T15:00:00Z,10,10,10,10,100\n"
                                                   "2020-01-02T15:01:00Z,11,11,11,11,100\n"
                                                   "2020-01-02T15:02:00Z,12,12,12,12,100\n");
    const auto late = parseRecording("LATE.csv", "time,open,high,low,close,volume\n"
                                                 "2020-01-02T15:08:00Z,50,50,50,50,100\n"
                                                 "2020-01-02T15:09:00Z,51,51,51,51,100\n");
    ASSERT_TRUE(early && late);
    ReplayOptions options;
    options.startAt = Timestamp::of("2020-01-02T15:02:00Z");
    ReplayMarket market({*early, *late}, options);
    market.start(Timestamp::of("2026-01-05T15:00:00Z"));
    MarketBatch standing;
    market.standing(standing);
    std::map<std::string, Price> last;
    for (const auto& event : standing)
        if (const auto* trade = std::get_if<TradeTick>(&event)) {
            EXPECT_EQ(trade->time, *options.startAt);
            last[market.instruments()[trade->instrument].symbol.text()] = trade->price;
        }
    EXPECT_EQ(last["EARLY"], Price::of("11"));
    EXPECT_EQ(last["LATE"], Price::of("50")) << "it has not moved yet: its first price stands";
}

TEST(Replay, HistoryEndsAtThePresent)
{
    const auto now = Timestamp::of("2026-01-05T15:00:00Z");
    ReplayOptions options;
    options.startAt = Timestamp::of("2020-01-02T15:02:00Z");
    ReplayMarket market({someBars()}, options);
    market.start(now);
    const auto far = Timestamp::of("2030-01-01T00:00:00Z");
    EXPECT_EQ(market.history(0, BarInterval::Minute1, Timestamp(), far, 100).size(), 2u);
    const auto today = market.history(0, BarInterval::Day1, Timestamp(), far, 100);
    ASSERT_EQ(today.size(), 1u);
    EXPECT_EQ(today[0].volume, Quantity::of("1700")) << "the third minute is still to come";
}

TEST(Replay, TheDaySoFarIsKnownHoweverItsTimesAreMoved)
{
    for (const auto mode : {SessionMode::AlwaysOpen, SessionMode::Calendar}) {
        for (const auto stamps : {ReplayStamps::Recorded, ReplayStamps::ShiftedToNow}) {
            ReplayOptions options;
            options.startAt = Timestamp::of("2020-01-02T15:02:00Z");
            options.stamps = stamps;
            ReplayMarket market({someBars()}, options);
            market.start(Timestamp::of("2026-01-05T15:00:00Z"));
            const SessionSchedule sessions(mode);
            Tape tape(market, sessions);
            MarketBatch standing;
            market.standing(standing);
            for (const auto& event : standing) tape.seed(event);
            const auto snapshot = tape.snapshot(0);
            ASSERT_TRUE(snapshot.dailyBar);
            EXPECT_EQ(snapshot.dailyBar->volume, Quantity::of("1700"));
            EXPECT_EQ(snapshot.dailyBar->start,
                      sessions.dayStart(snapshot.quote->time, AssetClass::Equity));
            EXPECT_FALSE(snapshot.previousDailyBar) << "the same day is not the one before too";
        }
    }
}

SimulationOptions small(std::uint64_t seed)
{
    SimulationOptions options;
    options.seed = seed;
    options.symbols = 100;
    options.updatesPerSecond = 2000;
    return options;
}

MarketBatch simulate(std::uint64_t seed, Duration step)
{
    SimulatedMarket market(small(seed));
    const auto start = Timestamp::of("2026-01-05T15:00:00Z");
    market.start(start);
    MarketBatch out;
    for (auto passed = step; passed <= Duration(10s); passed += step)
        market.advance(start + passed, out);
    return out;
}

TEST(Simulation, IsAFunctionOfSeedAndTimeNotOfHowOftenItIsAsked)
{
    const auto print = [](const MarketBatch& batch) {
        std::string text;
        for (const auto& event : batch) {
            if (const auto* quote = std::get_if<QuoteTick>(&event))
                text += quote->bid.toString() + "/" + quote->ask.toString() + " ";
            if (const auto* trade = std::get_if<TradeTick>(&event))
                text += trade->price.toString() + "x" + trade->size.toString() + " ";
        }
        return text;
    };
    const auto fine = print(simulate(1, 10ms));
    EXPECT_EQ(fine, print(simulate(1, 250ms)));
    EXPECT_NE(fine, print(simulate(2, 250ms)));
}

TEST(Simulation, EveryNameStandsSomewhereBeforeTheFirstTick)
{
    for (const char* start : {"2026-01-05T15:00:00Z", "2026-01-04T15:00:00Z"}) {
        SimulationOptions options;
        options.symbols = 80;
        options.calendarHours = true; // a Monday in the session, and the Sunday before it
        SimulatedMarket market(options);
        const auto now = Timestamp::of(start);
        market.start(now);
        MarketBatch standing;
        market.standing(standing);
        std::map<InstrumentIndex, QuoteTick> quotes;
        std::map<InstrumentIndex, TradeTick> trades;
        for (const auto& event : standing) {
            if (const auto* quote = std::get_if<QuoteTick>(&event))
                quotes[quote->instrument] = *quote;
            else if (const auto* trade = std::get_if<TradeTick>(&event))
                trades[trade->instrument] = *trade;
        }
        ASSERT_EQ(quotes.size(), 80u) << start;
        ASSERT_EQ(trades.size(), 80u) << start;
        for (const auto& [index, quote] : quotes) {
            EXPECT_LT(quote.bid, quote.ask);
            EXPECT_LE(quote.time, now);
            EXPECT_FALSE(trades[index].oddLot);
            const auto last = market.history(index, BarInterval::Minute1, now - 24h * 10, now, 1);
            ASSERT_EQ(last.size(), 1u);
            EXPECT_NEAR(quote.bid.toDouble() / last[0].close.toDouble(), 1.0, 0.02) << start;
        }
    }
}

TEST(Simulation, TradesLieWithinTheQuoteAndQuotesNeverCross)
{
    std::map<InstrumentIndex, QuoteTick> quotes;
    std::size_t trades = 0;
    for (const auto& event : simulate(3, 100ms)) {
        if (const auto* quote = std::get_if<QuoteTick>(&event)) {
            EXPECT_LT(quote->bid, quote->ask);
            EXPECT_TRUE(quote->bidSize.isPositive() && quote->askSize.isPositive());
            quotes[quote->instrument] = *quote;
        } else if (const auto* trade = std::get_if<TradeTick>(&event)) {
            ++trades;
            EXPECT_TRUE(trade->size.isPositive());
            ASSERT_TRUE(quotes.contains(trade->instrument)) << "a quote comes first";
        }
    }
    EXPECT_EQ(quotes.size(), 100u) << "every name shows a quote at once";
    EXPECT_GT(trades, 2000u);
}

TEST(Simulation, HistoryIsFullAtOnceAlwaysTheSameAndMeetsTheLivePrice)
{
    SimulatedMarket market(small(1));
    const auto now = Timestamp::of("2026-01-05T15:00:00Z");
    market.start(now);
    MarketBatch out;
    market.advance(now + 1s, out);
    for (InstrumentIndex i = 0; i < 5; ++i) {
        const auto minutes = market.history(i, BarInterval::Minute1, now - 24h * 5, now, 100'000);
        EXPECT_EQ(minutes.size(), 5u * 1440u);
        for (std::size_t k = 1; k < minutes.size(); ++k)
            EXPECT_EQ(minutes[k].open, minutes[k - 1].close);
        const auto days = market.history(i, BarInterval::Day1, now - 24h * 730, now, 100'000);
        EXPECT_EQ(days.size(), 730u + 1u - 1u);
        for (const auto& bar : days)
            EXPECT_TRUE(bar.low <= std::min(bar.open, bar.close)
                        && bar.high >= std::max(bar.open, bar.close));
        const auto quote = market.depth(i, 1);
        EXPECT_NEAR(quote.bids.at(0).price.toDouble() / minutes.back().close.toDouble(), 1.0, 0.003);
        SimulatedMarket later(small(1));
        later.start(now + 24h);
        EXPECT_EQ(later.history(i, BarInterval::Minute1, now - 1h, now, 60),
                  market.history(i, BarInterval::Minute1, now - 1h, now, 60))
            << "a restarted market remembers";
    }
}

TEST(Simulation, ReturnsLookLikeAMarket)
{
    SimulatedMarket market(small(1));
    const auto now = Timestamp::of("2026-01-05T15:00:00Z");
    market.start(now);
    const auto days = market.history(0, BarInterval::Day1, now - 24h * 1000, now, 1000); // SPY
    double sum = 0, squares = 0, fourth = 0;
    for (std::size_t i = 1; i < days.size(); ++i) {
        const double change = days[i].close.toDouble() / days[i - 1].close.toDouble() - 1;
        sum += change;
        squares += change * change;
        fourth += change * change * change * change;
    }
    const auto n = static_cast<double>(days.size() - 1);
    const double deviation = std::sqrt(squares / n);
    EXPECT_GT(deviation, 0.004);
    EXPECT_LT(deviation, 0.02);
    EXPECT_GT(fourth / n / (deviation * deviation * deviation * deviation), 3.2) << "fat tails";
    EXPECT_LT(std::abs(sum / n), 0.002);
}

TEST(Simulation, DepthHasTenLevelsThatStepAway)
{
    SimulatedMarket market(small(1));
    const auto now = Timestamp::of("2026-01-05T15:00:00Z");
    market.start(now);
    MarketBatch out;
    market.advance(now + 1s, out);
    const auto book = market.depth(0, 10);
    ASSERT_EQ(book.bids.size(), 10u);
    ASSERT_EQ(book.asks.size(), 10u);
    EXPECT_LT(book.bids[0].price, book.asks[0].price);
    for (std::size_t i = 1; i < 10; ++i) {
        EXPECT_LT(book.bids[i].price, book.bids[i - 1].price);
        EXPECT_GT(book.asks[i].price, book.asks[i - 1].price);
        EXPECT_TRUE(book.bids[i].size.isPositive());
    }
}

TEST(Simulation, CalendarHoursShutEquitiesButNotCrypto)
{
    auto options = small(1);
    options.calendarHours = true;
    SimulatedMarket market(options);
    const auto sunday = Timestamp::of("2026-01-04T15:00:00Z");
    market.start(sunday);
    MarketBatch out;
    market.advance(sunday + 5s, out);
    EXPECT_FALSE(out.empty());
    for (const auto& event : out) {
        if (const auto* quote = std::get_if<QuoteTick>(&event)) {
            EXPECT_EQ(market.instruments()[quote->instrument].assetClass, AssetClass::Crypto);
        }
    }
    const auto days = market.history(0, BarInterval::Day1, sunday - 24h * 14, sunday, 100);
    EXPECT_EQ(days.size(), 8u) << "Christmas week and New Year's Day";
}

} // namespace
} // namespace qd::exchange
