#include <QSignalSpy>
#include <QTest>

#include "services/client/net_session.h"
#include "tests/qt/suite.h"
#include "tests/services/client/client_stage.h"
#include "tests/services/client/fake_gateway.h"

using namespace qd;
using namespace qd::client;
using namespace qd::test;
using namespace std::chrono_literals;

namespace {

constexpr const char* kNotice =
    R"(,"notice":{"severity":"warning","title":"T","text":"x","subject":""})";

NetSettings quick()
{
    NetSettings settings;
    settings.retryMin = 10ms;
    settings.retryMax = 50ms;
    settings.pingEvery = 50ms;
    return settings;
}

QByteArray quoteRow(const QByteArray& symbol, const QByteArray& bid)
{
    return "[\"" + symbol + "\",\"" + bid + "\",\"512.4\",\"3\",\"4\",\"512.3\",\"1\",\"1000\"," +
           "1767625200000,1767625200001,\"live\"]";
}

QByteArray market(int sequence, const QByteArray& members, bool picture = false)
{
    return "{\"type\":\"market\",\"sequence\":" + QByteArray::number(sequence) +
           (picture ? ",\"snapshot\":true" : "") + "," + members + ",\"conflated\":0}";
}

/// A session at a gateway, and everything it said.
struct StreamDesk {
    explicit StreamDesk(NetSettings settings = quick())
        : session({gateway.url(), runtime::Secret("secret-token")}, settings)
    {
        QObject::connect(&session, &Session::linkChanged, &session,
                         [this](const LinkFacts& facts) { links.push_back(facts); });
        QObject::connect(&session, &Session::snapshotArrived, &session,
                         [this](const Snapshot& snapshot) { snapshots.push_back(snapshot); });
        QObject::connect(&session, &Session::eventsArrived, &session,
                         [this](const std::vector<StreamEvent>& more) {
                             events.insert(events.end(), more.begin(), more.end());
                         });
        QObject::connect(&session, &Session::marketArrived, &session,
                         [this](const MarketBatch& batch) { batches.push_back(batch); });
        QObject::connect(&session, &Session::statusArrived, &session,
                         [this](const StatusReport& report) { reports.push_back(report); });
    }
    LinkState state() const { return links.empty() ? LinkState::Offline : links.back().state; }
    bool isOnline() const { return state() == LinkState::Online; }
    bool wasEver(LinkState wanted) const
    {
        for (const auto& link : links)
            if (link.state == wanted) return true;
        return false;
    }
    QuoteTick newest(const char* symbol) const
    {
        QuoteTick found;
        for (const auto& batch : batches)
            for (const auto& tick : batch.quotes)
                if (tick.symbol.text() == symbol) found = tick;
        return found;
    }

    test::FakeGateway gateway;
    NetSession session;
    std::vector<LinkFacts> links;
    std::vector<Snapshot> snapshots;
    std::vector<StreamEvent> events;
    std::vector<MarketBatch> batches;
    std::vector<StatusReport> reports;
};

} // namespace

class StreamTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aSnapshotThenEventsInOrder();
    void aMissingEventFetchesEverythingAnew();
    void aChainThatNeverHoldsIsLeftForAWhile();
    void aLossIsAnnouncedAndComesBackWithWhatWasWished();
    void aReturnWithinTheReplayNeedsNoSnapshot();
    void aReturnAfterALongAbsenceFetchesEverythingAnew();
    void silenceEndsTheConnection();
    void unreadableFramesAreCountedAndEndTheConnection_data();
    void unreadableFramesAreCountedAndEndTheConnection();
    void unknownKindsAreTolerated();
    void unknownWordsKeepTheirRowAndTheConnection();
    void aRefusedTokenSaysSo();
    void noServerAtAllIsOffline();
    void aServerFoundLaterIsDialledAtOnce();
    void aMissingMarketFrameSubscribesAgain();
    void ticksBetweenTwoFramesAreConflated();
    void tradesOfOneBatchAreBounded();
    void aBusyReceiverGetsOneBatchNotAHeap();
    void theRoundTripIsMeasured();
};

void StreamTest::aSnapshotThenEventsInOrder()
{
    StreamDesk desk;
    desk.session.start();
    QTRY_VERIFY_WITH_TIMEOUT(desk.isOnline(), kWithin);
    QCOMPARE(desk.snapshots.size(), 1u);
    QCOMPARE(desk.snapshots[0].sequence, 812u);
    QVERIFY(desk.gateway.hellos[0][QStringLiteral("after")].isNull());
    QCOMPARE(desk.links.back().serverVersion, std::string("0.1.0"));
    desk.gateway.sendEvent(815, 812, kNotice);
    desk.gateway.sendEvent(816, 815);
    QTRY_COMPARE_WITH_TIMEOUT(desk.events.size(), 2u, kWithin);
    QCOMPARE(desk.events[0].sequence, 815u);
    QVERIFY(desk.events[0].notice.has_value());
    QCOMPARE(desk.events[0].notice->severity, Severity::Warning);
    QCOMPARE(desk.events[1].sequence, 816u);
    QVERIFY(!desk.reports.empty());
    QCOMPARE(desk.reports[0].feeds.at(0).age, Duration(12ms));
    QCOMPARE(desk.reports[0].queuedDb, 3);
}

void StreamTest::aMissingEventFetchesEverythingAnew()
{
    StreamDesk desk;
    desk.session.start();
    QTRY_VERIFY_WITH_TIMEOUT(desk.isOnline(), kWithin);
    desk.gateway.sequence = 820;
    desk.gateway.sendEvent(820, 819);
    QTRY_COMPARE_WITH_TIMEOUT(desk.snapshots.size(), 2u, kWithin);
    QTRY_VERIFY_WITH_TIMEOUT(desk.isOnline(), kWithin);
    QCOMPARE(desk.gateway.hellos.size(), 2u);
    QVERIFY(desk.gateway.hellos[1][QStringLiteral("after")].isNull());
    QCOMPARE(desk.gateway.connections, 1);
    QCOMPARE(desk.events.size(), 0u);
    QCOMPARE(desk.links.back().resynchronisations, 1);
    QVERIFY(desk.wasEver(LinkState::Synchronising));
    desk.gateway.sendEvent(821, 820);
    QTRY_COMPARE_WITH_TIMEOUT(desk.events.size(), 1u, kWithin);
}

void StreamTest::aChainThatNeverHoldsIsLeftForAWhile()
{
    StreamDesk desk;
    desk.session.start();
    for (int round = 0; round < 4; ++round) {
        QTRY_VERIFY_WITH_TIMEOUT(desk.snapshots.size() > std::size_t(round), kWithin);
        desk.gateway.sendEvent(1000, 999);
    }
    QTRY_VERIFY_WITH_TIMEOUT(desk.wasEver(LinkState::Offline), kWithin);
    QTRY_COMPARE_WITH_TIMEOUT(desk.gateway.connections, 2, kWithin);
}

void StreamTest::aLossIsAnnouncedAndComesBackWithWhatWasWished()
{
    StreamDesk desk;
    WishList wishes;
    wishes.quotes = {Symbol::of("SPY")};
    wishes.bars = {{Symbol::of("SPY"), BarInterval::Minute1}};
    desk.session.subscribe(wishes);
    desk.session.start();
    QTRY_COMPARE_WITH_TIMEOUT(desk.gateway.subscriptions.size(), 1u, kWithin);
    QTRY_VERIFY_WITH_TIMEOUT(desk.isOnline(), kWithin);
    desk.links.clear();
    desk.gateway.socket->close(QWebSocketProtocol::CloseCodeGoingAway, QStringLiteral("bye"));
    QTRY_COMPARE_WITH_TIMEOUT(desk.gateway.subscriptions.size(), 2u, kWithin);
    QTRY_VERIFY_WITH_TIMEOUT(desk.isOnline(), kWithin);
    QCOMPARE(desk.links[0].state, LinkState::Offline);
    QCOMPARE(desk.links[0].detail, std::string("bye"));
    QVERIFY(desk.links[0].nextAttempt.isSet());
    QCOMPARE(desk.links[0].attempt, 1);
    QVERIFY(desk.wasEver(LinkState::Connecting));
    QVERIFY(desk.wasEver(LinkState::Synchronising));
    QCOMPARE(desk.links.back().reconnects, 1);
    QCOMPARE(desk.links.back().attempt, 0);
    QCOMPARE(desk.gateway.subscriptions[1], desk.gateway.subscriptions[0]);
    QCOMPARE(desk.gateway.hellos[1][QStringLiteral("after")].toInt(), 812);
}

void StreamTest::aReturnWithinTheReplayNeedsNoSnapshot()
{
    StreamDesk desk;
    desk.gateway.replays = true;
    desk.session.start();
    QTRY_VERIFY_WITH_TIMEOUT(desk.isOnline(), kWithin);
    desk.gateway.socket->abort();
    QTRY_COMPARE_WITH_TIMEOUT(desk.gateway.connections, 2, kWithin);
    QTRY_COMPARE_WITH_TIMEOUT(desk.links.back().reconnects, 1, kWithin);
    desk.gateway.sendEvent(813, 812);
    QTRY_COMPARE_WITH_TIMEOUT(desk.events.size(), 1u, kWithin);
    QCOMPARE(desk.snapshots.size(), 1u);
}

void StreamTest::aReturnAfterALongAbsenceFetchesEverythingAnew()
{
    auto settings = quick();
    settings.replayWithin = 5ms;
    settings.retryMin = 20ms;
    StreamDesk desk(settings);
    desk.gateway.replays = true;
    desk.session.start();
    QTRY_VERIFY_WITH_TIMEOUT(desk.isOnline(), kWithin);
    desk.gateway.socket->abort();
    QTRY_COMPARE_WITH_TIMEOUT(desk.snapshots.size(), 2u, kWithin);
    QVERIFY(desk.gateway.hellos[1][QStringLiteral("after")].isNull());
    QCOMPARE(desk.links.back().resynchronisations, 0);
}

void StreamTest::silenceEndsTheConnection()
{
    auto settings = quick();
    settings.silenceMax = 80ms;
    settings.pingEvery = 1h;
    StreamDesk desk(settings);
    desk.session.start();
    QTRY_VERIFY_WITH_TIMEOUT(desk.wasEver(LinkState::Online), kWithin);
    QTRY_VERIFY_WITH_TIMEOUT(desk.gateway.connections >= 2, kWithin);
    const auto lost = std::find_if(desk.links.begin(), desk.links.end(), [](const LinkFacts& link) {
        return link.state == LinkState::Offline;
    });
    QVERIFY(lost != desk.links.end());
    QCOMPARE(lost->detail, std::string("the backend fell silent"));
}

void StreamTest::unreadableFramesAreCountedAndEndTheConnection_data()
{
    QTest::addColumn<QByteArray>("frame");
    QTest::newRow("no JSON") << QByteArray("hello?");
    QTest::newRow("cut") << QByteArray("{\"type\":\"event\",\"seq");
    QTest::newRow("no object") << QByteArray("[1,2]");
    QTest::newRow("event without numbers") << QByteArray("{\"type\":\"event\"}");
    QTest::newRow("short row")
        << QByteArray(R"({"type":"market","sequence":1,"quotes":[["SPY","1"]]})");
    QTest::newRow("price is an object")
        << QByteArray(R"({"type":"market","sequence":1,"trades":[["SPY",{},"1",5]]})");
    QTest::newRow("order without a state")
        << QByteArray(R"({"type":"event","sequence":813,"previous":812,"order":{"symbol":"SPY",
            "side":"buy","type":"limit"}})");
    QTest::newRow("deep") << QByteArray(100, '[');
}

void StreamTest::unreadableFramesAreCountedAndEndTheConnection()
{
    QFETCH(QByteArray, frame);
    StreamDesk desk;
    desk.session.start();
    QTRY_VERIFY_WITH_TIMEOUT(desk.isOnline(), kWithin);
    desk.gateway.sendMarket(frame);
    QTRY_COMPARE_WITH_TIMEOUT(desk.gateway.connections, 2, kWithin);
    QTRY_VERIFY_WITH_TIMEOUT(desk.isOnline() && desk.links.back().reconnects == 1, kWithin);
    QCOMPARE(desk.links.back().unreadableFrames, 1);
    QCOMPARE(desk.events.size(), 0u);
}

void StreamTest::unknownKindsAreTolerated()
{
    StreamDesk desk;
    desk.session.start();
    QTRY_VERIFY_WITH_TIMEOUT(desk.isOnline(), kWithin);
    desk.gateway.send(R"({"type":"weather","temperature":21})");
    desk.gateway.sendEvent(813, 812, R"(,"report":{"complete":true})");
    QTRY_COMPARE_WITH_TIMEOUT(desk.events.size(), 1u, kWithin);
    QCOMPARE(desk.gateway.connections, 1);
}

void StreamTest::unknownWordsKeepTheirRowAndTheConnection()
{
    StreamDesk desk;
    desk.session.start();
    QTRY_VERIFY_WITH_TIMEOUT(desk.isOnline(), kWithin);
    desk.gateway.send(R"({"type":"event","sequence":813,"previous":812,"kind":"order.parked",
        "order":{"symbol":"SPY","side":"sell_short","type":"iceberg","timeInForce":"gtd",
        "quantity":"100","origin":"elsewhere","state":"parked","version":813}})");
    desk.gateway.send(R"({"type":"event","sequence":814,"previous":813,"kind":"trading.changed",
        "trading":{"state":"paused","reason":"lunch"}})");
    desk.gateway.sendMarket(market(1, "\"quotes\":[" + quoteRow("SPY", "512.2").replace("live", "odd") +
                                          "],\"bars\":[[\"SPY\",\"7m\",5,\"1\",\"1\",\"1\",\"1\",\"1\",false]]"));
    QTRY_COMPARE_WITH_TIMEOUT(desk.events.size(), 2u, kWithin);
    QTRY_COMPARE_WITH_TIMEOUT(desk.newest("SPY").bid, Price::of("512.2"), kWithin);
    const OrderFacts& order = *desk.events[0].order;
    QCOMPARE(order.stateWord, std::string("parked"));
    QCOMPARE(order.sideWord, std::string("sell_short"));
    QCOMPARE(order.typeWord, std::string("iceberg"));
    QCOMPARE(order.timeInForceWord, std::string("gtd"));
    QVERIFY(!isClosed(order.state)); // it may still be cancelled
    QCOMPARE(order.request.quantity, Quantity::of("100"));
    QCOMPARE(desk.events[1].trading->stateWord, std::string("paused"));
    QVERIFY(desk.events[1].trading->state == TradingState::Halted);
    QVERIFY(desk.newest("SPY").freshness == Freshness::NoData);
    QVERIFY(desk.batches[0].bars.empty());
    QCOMPARE(desk.gateway.connections, 1);
    QCOMPARE(desk.links.back().unreadableFrames, 0);
}

void StreamTest::aRefusedTokenSaysSo()
{
    StreamDesk desk;
    desk.gateway.expectedToken = "another";
    desk.session.start();
    QTRY_VERIFY_WITH_TIMEOUT(desk.state() == LinkState::Offline && !desk.links.empty(), kWithin);
    QCOMPARE(desk.links.back().detail, std::string("the token is not known"));
    QTRY_VERIFY_WITH_TIMEOUT(desk.links.back().attempt >= 2, kWithin);
    QCOMPARE(desk.snapshots.size(), 0u);
}

void StreamTest::noServerAtAllIsOffline()
{
    StreamDesk desk;
    desk.gateway.stopListening();
    desk.session.start();
    QTRY_VERIFY_WITH_TIMEOUT(!desk.links.empty() && desk.links.back().attempt >= 3, kWithin);
    QVERIFY(!desk.links.back().detail.empty());
    desk.gateway.listen();
    QTRY_VERIFY_WITH_TIMEOUT(desk.isOnline(), kWithin);
    QCOMPARE(desk.links.back().reconnects, 0);
}

void StreamTest::aServerFoundLaterIsDialledAtOnce()
{
    StreamDesk desk;
    test::FakeGateway other;
    other.expectedToken = "new";
    other.sequence = 5;
    desk.session.start();
    QTRY_VERIFY_WITH_TIMEOUT(desk.isOnline(), kWithin);
    desk.session.setServer({other.url(), runtime::Secret("new")});
    QTRY_COMPARE_WITH_TIMEOUT(desk.snapshots.size(), 2u, kWithin);
    QCOMPARE(desk.snapshots[1].sequence, 5u);
    QVERIFY(other.hellos[0][QStringLiteral("after")].isNull());
}

void StreamTest::aMissingMarketFrameSubscribesAgain()
{
    StreamDesk desk;
    WishList wishes;
    wishes.quotes = {Symbol::of("SPY")};
    desk.session.subscribe(wishes);
    desk.session.start();
    QTRY_COMPARE_WITH_TIMEOUT(desk.gateway.subscriptions.size(), 1u, kWithin);
    auto& gateway = desk.gateway;
    gateway.sendMarket(market(7, "\"quotes\":[" + quoteRow("SPY", "512.1") + "]", true));
    gateway.sendMarket(market(8, "\"quotes\":[" + quoteRow("SPY", "512.2") + "]"));
    QTRY_COMPARE_WITH_TIMEOUT(desk.newest("SPY").bid.toString(), std::string("512.2"), kWithin);
    QCOMPARE(gateway.subscriptions.size(), 1u);
    gateway.sendMarket(market(10, "\"quotes\":[" + quoteRow("SPY", "512.3") + "]"));
    QTRY_COMPARE_WITH_TIMEOUT(gateway.subscriptions.size(), 2u, kWithin);
    gateway.sendMarket(market(3, "\"quotes\":[" + quoteRow("SPY", "512.35") + "]", true));
    gateway.sendMarket(market(4, "\"quotes\":[" + quoteRow("SPY", "512.38") + "]"));
    QTRY_COMPARE_WITH_TIMEOUT(desk.newest("SPY").bid.toString(), std::string("512.38"), kWithin);
    QCOMPARE(gateway.subscriptions.size(), 2u);
    QTRY_COMPARE_WITH_TIMEOUT(desk.links.back().marketGaps, 1, kWithin);
}

void StreamTest::ticksBetweenTwoFramesAreConflated()
{
    auto settings = quick();
    settings.frame = 300ms;
    StreamDesk desk(settings);
    desk.session.start();
    QTRY_VERIFY_WITH_TIMEOUT(desk.isOnline(), kWithin);
    desk.gateway.sendMarket(market(1, "\"quotes\":[]", true));
    for (int i = 0; i < 50; ++i)
        desk.gateway.sendMarket(market(2 + i, "\"quotes\":[" +
            quoteRow("SPY", "512." + QByteArray::number(100 + i)) + "," + quoteRow("AAPL", "9") + "]"));
    QTRY_COMPARE_WITH_TIMEOUT(desk.newest("SPY").bid.toString(), std::string("512.149"), kWithin);
    std::size_t ticks = 0;
    std::int64_t conflated = 0;
    for (const auto& batch : desk.batches) {
        ticks += batch.quotes.size();
        conflated += batch.conflated;
        QVERIFY(batch.quotes.size() <= 2u);
    }
    QCOMPARE(std::int64_t(ticks) + conflated, 100);
}

void StreamTest::tradesOfOneBatchAreBounded()
{
    auto settings = quick();
    settings.frame = 200ms;
    settings.tradesMax = 10;
    StreamDesk desk(settings);
    desk.session.start();
    QTRY_VERIFY_WITH_TIMEOUT(desk.isOnline(), kWithin);
    QByteArray rows;
    for (int i = 1; i <= 40; ++i)
        rows += QByteArray(i > 1 ? "," : "") + "[\"SPY\",\"" + QByteArray::number(i) + "\",\"1\",5000]";
    desk.gateway.sendMarket(market(1, "\"trades\":[" + rows + "]"));
    QTRY_COMPARE_WITH_TIMEOUT(desk.batches.size(), 1u, kWithin);
    QCOMPARE(desk.batches[0].trades.size(), 10u);
    QCOMPARE(desk.batches[0].trades.front().price, Price::of("31"));
    QCOMPARE(desk.batches[0].trades.back().price, Price::of("40"));
    QCOMPARE(desk.batches[0].conflated, 30);
}

void StreamTest::aBusyReceiverGetsOneBatchNotAHeap()
{
    auto settings = quick();
    settings.frame = 1ms;
    StreamDesk desk(settings);
    desk.session.start();
    QTRY_VERIFY_WITH_TIMEOUT(desk.isOnline(), kWithin);
    // This thread is receiver and server: while it only writes, what arrives meanwhile must wait
    // as one batch.
    for (int i = 0; i < 200; ++i) {
        desk.gateway.sendMarket(market(1 + i, "\"quotes\":[" +
            quoteRow("SPY", "1." + QByteArray::number(1000 + i)) + "]", i == 0));
        desk.gateway.socket->flush();
        QThread::yieldCurrentThread();
    }
    QTRY_COMPARE_WITH_TIMEOUT(desk.newest("SPY").bid.toString(), std::string("1.1199"), kWithin);
    QVERIFY2(desk.batches.size() < 20, qPrintable(QString::number(desk.batches.size())));
}

void StreamTest::theRoundTripIsMeasured()
{
    StreamDesk desk;
    desk.session.start();
    QTRY_VERIFY_WITH_TIMEOUT(desk.isOnline(), kWithin);
    QCOMPARE(desk.links.back().roundTripMs, 0.0);
    for (int id = 1; id < 1'000; ++id)
        desk.gateway.send("{\"type\":\"pong\",\"id\":" + QByteArray::number(id) + "}");
    QTRY_VERIFY_WITH_TIMEOUT(desk.links.back().roundTripMs > 0, kWithin);
}

QD_QT_SUITE(StreamTest)
#include "stream_test.moc"
