// The real programs, started and spoken to as the terminal does it.
#include <csignal>

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "tests/qt/suite.h"
#include "tests/services/client/client_stage.h"

using namespace qd;
using namespace qd::client;
using namespace qd::test;
using namespace std::chrono_literals;

namespace {

EmbeddedBackend::Options quickIn(const QTemporaryDir& folder)
{
    auto options = embeddedIn(folder, {QStringLiteral("--updates-per-second"), QStringLiteral("500")});
    options.restartDelay = 10ms;
    return options;
}

Price scaled(Price price, const char* factor)
{
    const auto product = price.value().checkedMultiply(Decimal::of(factor), Rounding::Down);
    return Price(product->roundTo(Decimal::of("0.01"), Rounding::Down));
}

bool isAlive(qint64 pid) { return pid != 0 && ::kill(static_cast<pid_t>(pid), 0) == 0; }

} // namespace

class EmbeddedTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void ticksAndAnOrderFromEndToEnd();
    void everyCallIsUnderstoodByTheRealBackend();
    void aKilledBackendIsStartedAgainAndTheSessionReturns();
    void aKilledMarketTakesTheBackendAlong();
    void aProgramThatComplainsIsQuoted();
    void aMissingProgramIsNamed();
    void oneThatNeverGetsReadyIsGivenUp();
    void oneThatDoesNotStayUpIsGivenUp();
    void aTokenFileOthersCanReadIsRefused();
};

void EmbeddedTest::ticksAndAnOrderFromEndToEnd()
{
    if (!areBuilt()) QSKIP("quarterdeckd and quarterdeck-sandbox are not built");
    QTemporaryDir folder;
    auto embedded = std::make_unique<EmbeddedBackend>(quickIn(folder));
    NetSession session({});
    QStringList progress;
    std::vector<StreamEvent> events;
    QuoteTick spy;
    AccountId account;
    LinkState state = LinkState::Offline;
    connect(embedded.get(), &EmbeddedBackend::progressed, this,
            [&](const QString& text) { progress << text; });
    connect(embedded.get(), &EmbeddedBackend::ready, this, [&] {
        auto address = embedded->address();
        QVERIFY(address);
        session.setServer(std::move(*address));
    });
    connect(&session, &Session::linkChanged, this, [&](const LinkFacts& link) { state = link.state; });
    connect(&session, &Session::snapshotArrived, this, [&](const Snapshot& snapshot) {
        if (snapshot.account) account = snapshot.account->snapshot.account;
    });
    connect(&session, &Session::eventsArrived, this, [&](const std::vector<StreamEvent>& more) {
        events.insert(events.end(), more.begin(), more.end());
    });
    connect(&session, &Session::marketArrived, this, [&](const MarketBatch& batch) {
        for (const auto& tick : batch.quotes)
            if (tick.symbol.text() == "SPY" && tick.ask.isPositive()) spy = tick;
    });
    session.subscribe({.quotes = {Symbol::of("SPY")}, .trades = {Symbol::of("SPY")}, .bars = {}});
    session.start();
    embedded->start();
    QTRY_COMPARE_WITH_TIMEOUT(state, LinkState::Online, kWithin);
    QCOMPARE(progress.size(), 2);
    QTRY_VERIFY_WITH_TIMEOUT(spy.ask.isPositive(), kWithin);

    OrderRequest order;
    order.clientOrderId = ClientOrderId(runtime::systemRandom().uuidV4());
    order.account = AccountId("paper");
    order.symbol = Symbol::of("SPY");
    order.quantity = Quantity::of("3");
    std::optional<Answer<Order>> taken;
    session.submitOrder(order, this, [&](Answer<Order> answer) { taken = std::move(answer); });
    QTRY_VERIFY_WITH_TIMEOUT(taken.has_value(), kWithin);
    QVERIFY2(*taken, *taken ? "" : (taken->error().code + ": " + taken->error().detail).c_str());
    const auto filled = [&] {
        return std::ranges::any_of(events, [&](const StreamEvent& event) {
            return event.order && event.order->request.clientOrderId == order.clientOrderId &&
                   event.order->state == OrderState::Filled;
        });
    };
    QTRY_VERIFY_WITH_TIMEOUT(filled(), kWithin);
    QVERIFY(std::ranges::any_of(events, [](const StreamEvent& event) { return event.fill.has_value(); }));
    std::optional<Answer<std::vector<TimelineEvent>>> timeline;
    session.fetchTimeline(order.clientOrderId, this, [&](auto answer) { timeline = std::move(answer); });
    QTRY_VERIFY_WITH_TIMEOUT(timeline.has_value(), kWithin);
    QVERIFY(*timeline && (**timeline).size() >= 2);

    const auto market = embedded->processId(EmbeddedBackend::Child::Market);
    const auto backend = embedded->processId(EmbeddedBackend::Child::Backend);
    QVERIFY(isAlive(market) && isAlive(backend));
    embedded.reset();
    QVERIFY(!isAlive(market) && !isAlive(backend));
}

void EmbeddedTest::everyCallIsUnderstoodByTheRealBackend()
{
    if (!areBuilt()) QSKIP("quarterdeckd and quarterdeck-sandbox are not built");
    QTemporaryDir folder;
    EmbeddedBackend embedded(quickIn(folder));
    NetSession session({});
    LinkState state = LinkState::Offline;
    bool isFunded = false, isPriced = false;
    connect(&session, &Session::linkChanged, this, [&](const LinkFacts& link) { state = link.state; });
    connect(&session, &Session::snapshotArrived, this, [&](const Snapshot& snapshot) {
        isFunded = isFunded || snapshot.account.has_value();
    });
    connect(&session, &Session::eventsArrived, this, [&](const std::vector<StreamEvent>& events) {
        for (const auto& event : events) isFunded = isFunded || event.account.has_value();
    });
    connect(&session, &Session::marketArrived, this, [&](const MarketBatch& batch) {
        for (const auto& tick : batch.quotes) isPriced = isPriced || tick.ask.isPositive();
    });
    connect(&embedded, &EmbeddedBackend::ready, this, [&] {
        if (auto address = embedded.address()) session.setServer(std::move(*address));
    });
    const auto spy = Symbol::of("SPY");
    session.subscribe({.quotes = {spy}, .trades = {}, .bars = {}});
    session.start();
    embedded.start();
    QTRY_VERIFY_WITH_TIMEOUT(state == LinkState::Online && isFunded && isPriced, kWithin);

    const auto found = answerOf<std::vector<Instrument>>(
        [&](auto reply) { session.findInstruments("SPY", 5, this, reply); });
    QVERIFY(found && !(*found).empty() && found->front().symbol == spy);
    const auto quotes = answerOf<std::vector<QuoteFacts>>(
        [&](auto reply) { session.fetchQuotes({spy}, this, reply); });
    QVERIFY(quotes && quotes->at(0).quote.ask.isPositive());
    QVERIFY(quotes->at(0).feedClass == FeedClass::Simulated);
    const auto unknown = answerOf<std::vector<QuoteFacts>>(
        [&](auto reply) { session.fetchQuotes({Symbol::of("SPYX")}, this, reply); });
    QVERIFY(!unknown && unknown.error().status == 404);
    QVERIFY(unknown.error().detail.find("SPY") != std::string::npos);
    const auto bars = answerOf<BarSeries>(
        [&](auto reply) { session.fetchBars(spy, BarInterval::Minute1, 50, this, reply); });
    QVERIFY2(bars, bars ? "" : bars.error().detail.c_str());

    OrderRequest order;
    order.clientOrderId = ClientOrderId(runtime::systemRandom().uuidV4());
    order.account = AccountId("paper");
    order.symbol = spy;
    order.type = OrderType::Limit;
    order.quantity = Quantity::of("2");
    order.limitPrice = scaled(quotes->at(0).quote.bid, "0.98");
    const auto preview =
        answerOf<OrderPreview>([&](auto reply) { session.previewOrder(order, this, reply); });
    QVERIFY(preview && preview->notional.isPositive() && !preview->checks.empty());
    auto wrong = order;
    wrong.limitPrice.reset();
    const auto refused = answerOf<Order>([&](auto reply) { session.submitOrder(wrong, this, reply); });
    QVERIFY(!refused && refused.error().status == 422 && !refused.error().fields.empty());
    auto far = order;
    far.limitPrice = scaled(quotes->at(0).quote.ask, "1.3");
    far.clientOrderId = ClientOrderId(runtime::systemRandom().uuidV4());
    const auto asked = answerOf<Order>([&](auto reply) { session.submitOrder(far, this, reply); });
    QVERIFY(!asked && asked.error().status == 412 && !asked.error().confirmations.empty());
    for (const auto& question : asked.error().confirmations) far.confirmations.push_back(question.code);
    const auto confirmed = answerOf<Order>([&](auto reply) { session.submitOrder(far, this, reply); });
    QVERIFY2(confirmed, confirmed ? "" : confirmed.error().detail.c_str());
    const auto taken = answerOf<Order>([&](auto reply) { session.submitOrder(order, this, reply); });
    QVERIFY2(taken, taken ? "" : taken.error().detail.c_str());
    const auto again = answerOf<Order>([&](auto reply) { session.submitOrder(order, this, reply); });
    QVERIFY(again && again->request.clientOrderId == order.clientOrderId);
    const auto canceled =
        answerOf<Order>([&](auto reply) { session.cancelOrder(order.clientOrderId, this, reply); });
    QVERIFY2(canceled, canceled ? "" : canceled.error().detail.c_str());
    auto another = order;
    another.clientOrderId = ClientOrderId(runtime::systemRandom().uuidV4());
    const auto rests = answerOf<Order>([&](auto reply) { session.submitOrder(another, this, reply); });
    QVERIFY2(rests, rests ? "" : rests.error().detail.c_str());
    const auto all = answerOf<int>([&](auto reply) { session.cancelAll({}, this, reply); });
    QVERIFY(all && *all >= 1);
    const auto halted = answerOf<TradingFacts>(
        [&](auto reply) { session.setTrading(TradingState::Halted, "test", this, reply); });
    QVERIFY(halted && halted->state == TradingState::Halted && halted->reason == "test");
    QVERIFY(answerOf<bool>([&](auto reply) { session.reconcile(this, reply); }));
    for (const char* target : {"/health/report", "/v1/breakers", "/v1/events?after=0&limit=5",
                               "/v1/traces?limit=5", "/v1/account", "/v1/positions", "/v1/fills"}) {
        const auto text =
            answerOf<std::string>([&](auto reply) { session.fetchText(target, this, reply); });
        QVERIFY2(text && text->front() == '{', target);
    }
}

void EmbeddedTest::aKilledBackendIsStartedAgainAndTheSessionReturns()
{
    if (!areBuilt()) QSKIP("quarterdeckd and quarterdeck-sandbox are not built");
    QTemporaryDir folder;
    EmbeddedBackend embedded(quickIn(folder));
    NetSession session({});
    QSignalSpy lost(&embedded, &EmbeddedBackend::childLost);
    LinkFacts link;
    connect(&session, &Session::linkChanged, this, [&](const LinkFacts& facts) { link = facts; });
    connect(&embedded, &EmbeddedBackend::ready, this, [&] {
        if (auto address = embedded.address()) session.setServer(std::move(*address));
    });
    session.start();
    embedded.start();
    QTRY_COMPARE_WITH_TIMEOUT(link.state, LinkState::Online, kWithin);
    const auto market = embedded.processId(EmbeddedBackend::Child::Market);
    ::kill(static_cast<pid_t>(embedded.processId(EmbeddedBackend::Child::Backend)), SIGKILL);
    QTRY_COMPARE_WITH_TIMEOUT(lost.count(), 1, kWithin);
    QTRY_VERIFY_WITH_TIMEOUT(link.reconnects == 1 && link.state == LinkState::Online, kWithin);
    QCOMPARE(embedded.processId(EmbeddedBackend::Child::Market), market);
}

void EmbeddedTest::aKilledMarketTakesTheBackendAlong()
{
    if (!areBuilt()) QSKIP("quarterdeckd and quarterdeck-sandbox are not built");
    QTemporaryDir folder;
    EmbeddedBackend embedded(quickIn(folder));
    QSignalSpy ready(&embedded, &EmbeddedBackend::ready);
    embedded.start();
    QTRY_COMPARE_WITH_TIMEOUT(ready.count(), 1, kWithin);
    const auto backend = embedded.processId(EmbeddedBackend::Child::Backend);
    ::kill(static_cast<pid_t>(embedded.processId(EmbeddedBackend::Child::Market)), SIGKILL);
    QTRY_COMPARE_WITH_TIMEOUT(ready.count(), 2, kWithin);
    QVERIFY(embedded.processId(EmbeddedBackend::Child::Backend) != backend);
}

void EmbeddedTest::aProgramThatComplainsIsQuoted()
{
    if (!areBuilt()) QSKIP("quarterdeckd and quarterdeck-sandbox are not built");
    QTemporaryDir folder;
    auto wrong = quickIn(folder);
    wrong.marketOptions = {QStringLiteral("--seed"), QStringLiteral("perhaps")};
    EmbeddedBackend embedded(wrong);
    QSignalSpy failed(&embedded, &EmbeddedBackend::failed);
    embedded.start();
    QTRY_COMPARE_WITH_TIMEOUT(failed.count(), 1, kWithin);
    const auto text = failed.at(0).at(0).toString();
    QVERIFY2(text.contains(QStringLiteral("quarterdeck-sandbox ended with code 78")), qPrintable(text));
    QVERIFY2(text.contains(QStringLiteral("seed")), qPrintable(text));
    QVERIFY(!embedded.isReady());
    QVERIFY(!embedded.address());
}

void EmbeddedTest::aMissingProgramIsNamed()
{
    QTemporaryDir folder;
    auto nowhere = quickIn(folder);
    nowhere.folder = folder.path();
    EmbeddedBackend embedded(nowhere);
    QSignalSpy failed(&embedded, &EmbeddedBackend::failed);
    embedded.start();
    QTRY_COMPARE_WITH_TIMEOUT(failed.count(), 1, kWithin);
    QVERIFY(failed.at(0).at(0).toString().contains(QStringLiteral("quarterdeck-sandbox")));
}

namespace {

/// A stand-in for one of the programs.
void writeScript(const QString& path, const QByteArray& lines)
{
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("#!/bin/sh\n" + lines);
    file.setPermissions(QFileDevice::ReadOwner | QFileDevice::WriteOwner | QFileDevice::ExeOwner);
}

} // namespace

void EmbeddedTest::oneThatNeverGetsReadyIsGivenUp()
{
    QTemporaryDir folder;
    auto silent = quickIn(folder);
    silent.folder = folder.path();
    silent.readyWithin = 300ms;
    writeScript(folder.filePath(QStringLiteral("quarterdeck-sandbox")),
                "echo thinking >&2\nexec tail -f /dev/null\n");
    EmbeddedBackend embedded(silent);
    QSignalSpy failed(&embedded, &EmbeddedBackend::failed);
    embedded.start();
    QTRY_COMPARE_WITH_TIMEOUT(failed.count(), 1, kWithin);
    QVERIFY(failed.at(0).at(0).toString().contains(QStringLiteral("was not ready within")));
    QVERIFY(failed.at(0).at(0).toString().contains(QStringLiteral("thinking")));
}

void EmbeddedTest::oneThatDoesNotStayUpIsGivenUp()
{
    QTemporaryDir folder;
    auto shaky = quickIn(folder);
    shaky.folder = folder.path();
    shaky.restartsMax = 2;
    writeScript(folder.filePath(QStringLiteral("quarterdeck-sandbox")),
                "echo '{\"ready\":true}'\nexec tail -f /dev/null\n");
    writeScript(folder.filePath(QStringLiteral("quarterdeckd")),
                "echo '{\"ready\":true,\"url\":\"http://127.0.0.1:1\",\"tokenFile\":\"/x\"}'\n"
                "echo 'the disk is full' >&2\nexit 74\n");
    EmbeddedBackend embedded(shaky);
    QSignalSpy failed(&embedded, &EmbeddedBackend::failed), lost(&embedded, &EmbeddedBackend::childLost);
    embedded.start();
    QTRY_COMPARE_WITH_TIMEOUT(failed.count(), 1, kWithin);
    QCOMPARE(lost.count(), 2);
    QVERIFY(failed.at(0).at(0).toString().contains(QStringLiteral("the disk is full")));
}

void EmbeddedTest::aTokenFileOthersCanReadIsRefused()
{
    QTemporaryDir folder;
    const auto path = folder.filePath(QStringLiteral("token"));
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("abc\n");
    file.close();
    file.setPermissions(QFileDevice::ReadOwner | QFileDevice::ReadGroup);
    QVERIFY(!readTokenFile(path));
    file.setPermissions(QFileDevice::ReadOwner);
    const auto token = readTokenFile(path);
    QVERIFY(token && token->matches("abc"));
    QVERIFY(!readTokenFile(folder.filePath(QStringLiteral("none"))));
}

QD_QT_SUITE(EmbeddedTest)
#include "embedded_test.moc"
