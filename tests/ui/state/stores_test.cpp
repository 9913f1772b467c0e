#include <QCoreApplication>
#include <QSignalSpy>
#include <QTest>

#include "services/runtime/random.h"
#include "tests/qt/suite.h"
#include "ui/state/desk.h"
#include "ui/state/scripted_session.h"

using namespace qd;
using namespace qd::ui;

namespace {

const Timestamp kMorning = Timestamp::of("2024-04-03T14:42:17.381Z");

Candle merged(std::span<const Candle> bars)
{
    Candle all = bars[0];
    for (const Candle& bar : bars.subspan(1)) {
        all.high = std::max(all.high, bar.high);
        all.low = std::min(all.low, bar.low);
        all.close = bar.close;
        all.volume += bar.volume;
    }
    return all;
}

Candle someCandle(runtime::Random& random)
{
    const double open = 100 + random.uniform(), close = 100 + random.uniform();
    return {open, std::max(open, close) + random.uniform(), std::min(open, close) - random.uniform(),
            close, std::floor(random.uniform() * 1000)};
}

client::QuoteTick tickOf(const Symbol& symbol, const char* last)
{
    client::QuoteTick tick;
    tick.symbol = symbol;
    tick.last = Price::of(last);
    tick.bid = tick.ask = tick.last;
    tick.receiveTime = tick.eventTime = kMorning;
    return tick;
}

} // namespace

/// The stores keep what they are told, once, and say what changed.
class StoresTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    /// Whatever is appended and changed, each level equals a fresh merge of the raw bars.
    void pyramidAgreesWithItsRawBars()
    {
        runtime::SeededRandom random(7);
        for (int round = 0; round < 20; ++round) {
            BarPyramid pyramid;
            std::vector<std::int64_t> starts;
            std::vector<Candle> bars;
            const auto begin = random.below(70);
            for (std::uint64_t i = 0; i < begin; ++i) {
                starts.push_back(std::int64_t(i) * 60'000);
                bars.push_back(someCandle(random));
            }
            pyramid.assign(starts, bars);
            for (int step = 0; step < 150; ++step) {
                const Candle bar = someCandle(random);
                if (!bars.empty() && random.below(3) == 0) {
                    bars.back() = bar;
                    pyramid.replaceLast(bar);
                } else {
                    pyramid.append(std::int64_t(bars.size()) * 60'000, bar);
                    bars.push_back(bar);
                }
            }
            const std::size_t first = random.below(bars.size() - 1);
            const std::size_t last = first + 1 + random.below(bars.size() - first);
            for (const std::size_t most : {2UL, 5UL, 17UL, 4000UL}) {
                const auto window = pyramid.window(first, last, most);
                const std::size_t span = std::size_t(1) << window.level;
                QVERIFY(window.candles.size() <= most + 1);
                QVERIFY(window.first <= first && window.first % span == 0);
                QVERIFY(window.first + span * window.candles.size() >= std::min(last, bars.size()));
                for (std::size_t i = 0; i < window.candles.size(); ++i) {
                    const std::size_t from = window.first + i * span;
                    const std::size_t count = std::min(span, bars.size() - from);
                    const Candle wanted = merged(std::span(bars).subspan(from, count));
                    QCOMPARE(window.candles[i].open, wanted.open);
                    QCOMPARE(window.candles[i].high, wanted.high);
                    QCOMPARE(window.candles[i].low, wanted.low);
                    QCOMPARE(window.candles[i].close, wanted.close);
                    QCOMPARE(window.candles[i].volume, wanted.volume);
                }
            }
        }
    }

    void oneSignalABatchOfQuotes()
    {
        ScriptedClock clock(kMorning);
        QuoteStore quotes(clock);
        const int spy = quotes.slotFor(Symbol::of("SPY"));
        const int qqq = quotes.slotFor(Symbol::of("QQQ"));
        std::vector<std::vector<int>> told;
        connect(&quotes, &QuoteStore::quotesChanged, this,
                [&](const std::vector<int>& changed) { told.push_back(changed); });
        client::MarketBatch batch;
        batch.quotes = {tickOf(Symbol::of("SPY"), "512.30"), tickOf(Symbol::of("SPY"), "512.31"),
                        tickOf(Symbol::of("QQQ"), "438.70"), tickOf(Symbol::of("XXX"), "1")};
        quotes.apply(batch);
        QCOMPARE(told.size(), 1UL);
        QCOMPARE(told[0], (std::vector<int>{spy, qqq}));
        QCOMPARE(quotes.at(spy).last, Price::of("512.31"));
        QCOMPARE(quotes.slotOf(Symbol::of("XXX")), -1);
    }

    void anOlderVersionOfAnOrderIsIgnored()
    {
        OrderStore orders;
        Order order;
        order.request.clientOrderId = ClientOrderId("a");
        order.version = 5;
        order.state = OrderState::Filled;
        orders.apply(order);
        order.version = 4;
        order.state = OrderState::Accepted;
        orders.apply(order);
        QVERIFY(orders.at(0).state == OrderState::Filled);
        QCOMPARE(orders.openCount(), 0);
    }

    void anExecutionCountsOnce()
    {
        FillStore fills;
        Fill fill;
        fill.executionId = ExecutionId("x1");
        QVERIFY(fills.apply(fill));
        QVERIFY(!fills.apply(fill));
        QCOMPARE(fills.count(), 1);
    }

    void positionsAreMarkedToTheLivePriceExactly()
    {
        ScriptedClock clock(kMorning);
        QuoteStore quotes(clock);
        PositionStore positions(quotes);
        quotes.slotFor(Symbol::of("SPY"));
        client::PositionFacts facts;
        facts.position.symbol = Symbol::of("SPY");
        facts.position.quantity = Quantity::of("-300");
        facts.position.averagePrice = Price::of("512.10");
        positions.reset({facts});
        client::MarketBatch batch;
        batch.quotes = {tickOf(Symbol::of("SPY"), "512.31")};
        quotes.apply(batch);
        QCOMPARE(positions.at(0).unrealised.toString(), std::string("-63"));
        QCOMPARE(positions.at(0).marketValue.toString(), std::string("-153693"));
    }

    /// A snapshot replaces everything: what it does not contain is gone.
    void resynchronisationForgetsWhatIsNoLongerTrue()
    {
        ScriptedClock clock(kMorning);
        ScriptedSession session(clock, 1);
        Desk desk(session, clock);
        session.start();
        QVERIFY(desk.orders().count() > 0);
        client::Snapshot empty;
        empty.sequence = 900;
        Q_EMIT session.snapshotArrived(empty);
        QCOMPARE(desk.orders().count(), 0);
        QCOMPARE(desk.fills().count(), 0);
        QCOMPARE(desk.positions().count(), 0);
        QCOMPARE(desk.notices().at(desk.notices().count() - 1).title, QStringLiteral("Resynchronised"));
    }

    void whatIsReplayedIsToldOnce()
    {
        ScriptedClock clock(kMorning);
        ScriptedSession session(clock, 1);
        Desk desk(session, clock);
        session.start();
        client::StreamEvent event;
        event.sequence = 813;
        event.kind = "notice";
        event.notice = client::Notice{client::Severity::Warning, "Margin", "is low", kMorning};
        Q_EMIT session.eventsArrived({event});
        const int once = desk.notices().count();
        Q_EMIT session.eventsArrived({event});
        QCOMPARE(desk.notices().count(), once);
    }

    /// A snapshot says what is; what was said while nobody listened comes from the log.
    void aComparisonWithTheBrokerThatFindsNothingIsNoNotice()
    {
        ScriptedClock clock(kMorning);
        ScriptedSession session(clock, 3);
        Desk desk(session, clock);
        session.start();
        QTRY_VERIFY(desk.isSynchronised());
        client::StreamEvent event;
        event.kind = "trading.changed";
        event.trading = desk.trading().trading();
        const auto tell = [&] {
            session.sendEvent(event);
            return desk.notices().at(desk.notices().count() - 1).isNotice;
        };
        event.trading->reconciling = true;
        QVERIFY(!tell());
        event.trading->reconciling = false;
        QVERIFY(!tell());
        client::Difference difference;
        difference.id = "1";
        event.trading->differences = {difference};
        QVERIFY(tell());
        QVERIFY(!tell()); // told already
        event.trading->differences.clear();
        QVERIFY(tell());
        event.trading->state = client::TradingState::Halted;
        QVERIFY(tell());
    }

    void noticesOfAnAbsenceAreReadFromTheLog()
    {
        ScriptedClock clock(kMorning);
        ScriptedSession session(clock, 1);
        Desk desk(session, clock);
        session.start();
        session.goOffline("cable out");
        client::LogEvent missed;
        missed.kind = "notice";
        missed.traceId = "4bf9";
        missed.notice = client::Notice{client::Severity::Critical, "Margin call", "now", kMorning};
        session.keepInLog(missed);
        session.goOnline();
        const auto told = [&] {
            int count = 0;
            for (int i = 0; i < desk.notices().count(); ++i) {
                if (desk.notices().at(i).title == QStringLiteral("Margin call")) ++count;
            }
            return count;
        };
        QTRY_COMPARE(told(), 1);
        QVERIFY(desk.notices().at(desk.notices().count() - 1).isNotice);
        session.goOffline("cable out");
        session.goOnline();
        QTest::qWait(20);
        QCOMPARE(told(), 1);
    }

    void watchlistsAreNamedBoundedAndNeverGone()
    {
        ScriptedClock clock(kMorning);
        ScriptedSession session(clock, 1);
        Desk desk(session, clock);
        desk.setWatchlist({Symbol::of("SPY")});
        QVERIFY(desk.addWatchlist(QStringLiteral(" Energy ")));
        QVERIFY(!desk.addWatchlist(QStringLiteral("energy"))); // taken
        QVERIFY(!desk.addWatchlist(QStringLiteral("  ")));
        QVERIFY(desk.watchlist().empty());
        desk.watch(Symbol::of("XLE"));
        desk.showWatchlist(0);
        QCOMPARE(desk.watchlist(), std::vector<Symbol>{Symbol::of("SPY")});
        desk.showWatchlist(1);
        QCOMPARE(desk.watchlist(), std::vector<Symbol>{Symbol::of("XLE")});
        QVERIFY(desk.renameWatchlist(QStringLiteral("Oil")));
        desk.removeWatchlist();
        QCOMPARE(desk.watchlist(), std::vector<Symbol>{Symbol::of("SPY")});
        desk.removeWatchlist(); // the last one stays
        QCOMPARE(desk.watchlists().size(), 1UL);
        for (int i = 0; i < 40; ++i) (void)desk.addWatchlist(QStringLiteral("list %1").arg(i));
        QCOMPARE(desk.watchlists().size(), Desk::kWatchlistsMax);
    }

    void pricesAreDistrustedWhenTheLinkOrTheFeedIs()
    {
        ScriptedClock clock(kMorning);
        ScriptedSession session(clock, 1);
        Desk desk(session, clock);
        desk.setWatchlist({Symbol::of("SPY")});
        desk.select(Symbol::of("SPY"));
        session.start();
        QTRY_VERIFY(desk.freshnessOf(Symbol::of("SPY")) == Freshness::Live);
        QVERIFY(desk.isUsable(Symbol::of("SPY")));
        session.goStale(std::chrono::seconds(6));
        QVERIFY(desk.freshnessOf(Symbol::of("SPY")) == Freshness::Stale);
        QVERIFY(!desk.isUsable(Symbol::of("SPY")));
        session.goOnline();
        QVERIFY(desk.isUsable(Symbol::of("SPY")));
        session.goOffline("cable out");
        QVERIFY(!desk.isUsable(Symbol::of("SPY")));
        QVERIFY(desk.freshnessOf(Symbol::of("NOPE")) == Freshness::NoData);
    }

    void theWishListFollowsWhatIsLookedAt()
    {
        ScriptedClock clock(kMorning);
        ScriptedSession session(clock, 1);
        Desk desk(session, clock);
        session.start();
        desk.setWatchlist({Symbol::of("AMD")});
        desk.select(Symbol::of("JPM"));
        desk.setInterval(BarInterval::Minute5);
        QTRY_VERIFY(!session.wishes().bars.empty());
        const auto& quotes = session.wishes().quotes;
        for (const char* wanted : {"AMD", "JPM", "NVDA"}) { // the last one is held
            QVERIFY(std::find(quotes.begin(), quotes.end(), Symbol::of(wanted)) != quotes.end());
        }
        QVERIFY(session.wishes().bars[0].second == BarInterval::Minute5);
    }

    void theEventLogHasALimit()
    {
        NoticeStore notices;
        for (int i = 0; i < NoticeStore::kLinesMax * 2; ++i) notices.add({});
        QVERIFY(notices.count() <= NoticeStore::kLinesMax);
    }
};

QD_QT_SUITE(StoresTest)

#include "stores_test.moc"
