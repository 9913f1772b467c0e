#include <QRegularExpression>
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

constexpr const char* kOrder = R"({"clientOrderId":"61e69015-8549-4bfd-b9c3-01e75843f47d",
"account":"paper","symbol":"SPY","side":"buy","type":"limit","timeInForce":"day","quantity":"100",
"limitPrice":"512.30","stopPrice":null,"trailPrice":null,"trailPercent":null,"extendedHours":false,
"reduceOnly":true,"orderClass":"bracket","takeProfit":{"limitPrice":"520"},
"stopLoss":{"stopPrice":"500","limitPrice":null},"state":"partially_filled","outcomeUnknown":true,
"origin":"ours","venueOrderId":"v1","filledQuantity":"40","leavesQuantity":"60",
"averagePrice":"512.25","parent":null,"groupId":"g","replaces":null,"replacedBy":null,
"reasonCode":null,"reasonText":null,"createdAt":"2026-01-05T15:00:00.000000Z","submittedAt":null,
"acceptedAt":null,"closedAt":null,"updatedAt":"2026-01-05T15:00:01.000000Z","version":17})";

OrderRequest limitOrder()
{
    OrderRequest order;
    order.clientOrderId = ClientOrderId("61e69015-8549-4bfd-b9c3-01e75843f47d");
    order.account = AccountId("paper");
    order.symbol = Symbol::of("SPY");
    order.type = OrderType::Limit;
    order.quantity = Quantity::of("100");
    order.limitPrice = Price::of("512.3");
    return order;
}

/// A session that is online, whose answers are kept.
struct RestDesk {
    explicit RestDesk(NetSettings settings = {})
        : session({gateway.url(), runtime::Secret("secret-token")}, settings)
    {
        QObject::connect(&session, &Session::linkChanged, &session,
                         [this](const LinkFacts& facts) { state = facts.state; });
        session.start();
    }
    bool goOnline()
    {
        return QTest::qWaitFor([this] { return state == LinkState::Online; }, kWithin);
    }
    /// Makes the call and waits for its answer.
    template <typename T, typename Call>
    std::optional<Answer<T>> answerOf(Call call)
    {
        std::optional<Answer<T>> kept;
        call([&](Answer<T> answer) { kept = std::move(answer); });
        if (kept) return std::nullopt; // too early: it must come later than the call
        (void)QTest::qWaitFor([&] { return kept.has_value(); }, kWithin);
        return kept;
    }
    std::optional<Answer<Order>> submit(const OrderRequest& order = limitOrder())
    {
        return answerOf<Order>([&](auto reply) { session.submitOrder(order, &owner, reply); });
    }

    test::FakeGateway gateway;
    NetSession session;
    QObject owner;
    LinkState state = LinkState::Offline;
};

} // namespace

class RestTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void anOrderIsSentAndReadWhole();
    void aConfirmationIsAskedFor();
    void fieldErrorsNameTheirFields();
    void aWrongTokenIs401();
    void retryAfterIsUnderstood();
    void anUnknownOutcomeIsSaidToBeOne();
    void aLateAnswerToACommandIsUnknown();
    void anAnswerThatIsTooLargeIsNotTaken();
    void anAnswerThatIsNoJsonIsUnreadable();
    void offlineAnswersAtOnceButCancelsAreTried();
    void aGoneOwnerIsNotAnswered();
    void theTokenDoesNotFollowARedirect();
    void questionsOfEveryKind();
    void manySymbolsAreAskedForInParts();
    void onePartThatFailsFailsTheQuestion();
    void acceptingADifferenceSendsTheReason();
    void aTraceComesInTheOrderOfItsSteps();
    void everyRequestBeginsATrace();
};

void RestTest::anOrderIsSentAndReadWhole()
{
    RestDesk desk;
    QVERIFY(desk.goOnline());
    desk.gateway.answers["POST /v1/orders"] = {.status = 202, .body = kOrder};
    auto order = limitOrder();
    order.confirmations = {"precaution.size"};
    const auto answer = desk.submit(order);
    QVERIFY(answer && *answer);
    const Order& taken = **answer;
    QVERIFY(taken.state == OrderState::PartiallyFilled);
    QCOMPARE(taken.request.limitPrice->toString(), std::string("512.3"));
    QCOMPARE(taken.request.takeProfit->limitPrice, Price::of("520"));
    QVERIFY(!taken.request.stopLoss->limitPrice);
    QVERIFY(taken.outcomeUnknown && taken.request.reduceOnly);
    QCOMPARE(taken.leavesQuantity(), Quantity::of("60"));
    QCOMPARE(taken.version, 17);

    const auto& request = desk.gateway.requests.at(0);
    QVERIFY(request.headers.contains("Authorization: Bearer secret-token"));
    QVERIFY(request.headers.contains("Idempotency-Key: 61e69015-8549-4bfd-b9c3-01e75843f47d"));
    const auto body = QJsonDocument::fromJson(request.body).object();
    QCOMPARE(body[QStringLiteral("limitPrice")].toString(), QStringLiteral("512.3"));
    QCOMPARE(body[QStringLiteral("quantity")].toString(), QStringLiteral("100"));
    QVERIFY(!body.contains(QStringLiteral("stopPrice")));
    QCOMPARE(body[QStringLiteral("confirmations")].toArray().at(0).toString(),
             QStringLiteral("precaution.size"));
}

void RestTest::aConfirmationIsAskedFor()
{
    RestDesk desk;
    QVERIFY(desk.goOnline());
    desk.gateway.answers["POST /v1/orders"] = {.status = 412, .body = R"({"title":"Please confirm",
        "status":412,"code":"orders.confirmation_needed","detail":"","traceId":"t1",
        "retryAfterMs":null,"errors":[],"confirmations":[{"code":"precaution.percent_off_market",
        "text":"4 % off the market"}]})"};
    const auto answer = desk.submit();
    QVERIFY(answer && !*answer);
    QCOMPARE(answer->error().status, 412);
    QCOMPARE(answer->error().traceId, std::string("t1"));
    QCOMPARE(answer->error().confirmations.size(), 1u);
    QCOMPARE(answer->error().confirmations[0].code, std::string("precaution.percent_off_market"));
    QVERIFY(!answer->error().outcomeUnknown);
}

void RestTest::fieldErrorsNameTheirFields()
{
    RestDesk desk;
    QVERIFY(desk.goOnline());
    desk.gateway.answers["POST /v1/orders"] = {.status = 422, .body = R"({"title":"Order refused",
        "status":422,"code":"orders.qty_below_lot","detail":"expected a multiple of 1, was 0.5",
        "errors":[{"field":"quantity","code":"orders.qty_below_lot","detail":"was 0.5",
        "example":"1"},{"field":"symbol","code":"x","detail":"y"}]})"};
    const auto answer = desk.submit();
    QVERIFY(answer && !*answer);
    QCOMPARE(answer->error().code, std::string("orders.qty_below_lot"));
    QCOMPARE(answer->error().fields.size(), 2u);
    QCOMPARE(answer->error().fields[0].field, std::string("quantity"));
}

void RestTest::aWrongTokenIs401()
{
    RestDesk desk;
    QVERIFY(desk.goOnline());
    desk.gateway.answers["GET /v1/quotes"] = {
        .status = 401, .body = R"({"title":"Not signed in","status":401,"code":"auth.token"})",
        .headers = "WWW-Authenticate: Bearer\r\n"};
    const auto answer = desk.answerOf<std::vector<QuoteFacts>>([&](auto reply) {
        desk.session.fetchQuotes({Symbol::of("SPY")}, &desk.owner, reply);
    });
    QVERIFY(answer && !*answer);
    QCOMPARE(answer->error().status, 401);
    QCOMPARE(answer->error().code, std::string("auth.token"));
}

void RestTest::retryAfterIsUnderstood()
{
    RestDesk desk;
    QVERIFY(desk.goOnline());
    desk.gateway.answers["POST /v1/orders"] = {
        .status = 503, .body = R"({"code":"orders.breaker","retryAfterMs":1500,"status":503})",
        .headers = "Retry-After: 2\r\n"};
    auto answer = desk.submit();
    QVERIFY(answer && !*answer);
    QCOMPARE(answer->error().retryAfter.value(), Duration(1500ms));
    desk.gateway.answers["POST /v1/orders"] = {
        .status = 429, .body = "busy", .headers = "Retry-After: 3\r\n"};
    answer = desk.submit();
    QVERIFY(answer && !*answer);
    QCOMPARE(answer->error().retryAfter.value(), Duration(3s));
    QCOMPARE(answer->error().code, std::string("client.status_429"));
    desk.gateway.answers["POST /v1/orders"].headers = "Retry-After: 99999999999999999999\r\n";
    answer = desk.submit();
    QVERIFY(answer && !*answer && !answer->error().retryAfter);
}

void RestTest::anUnknownOutcomeIsSaidToBeOne()
{
    RestDesk desk;
    QVERIFY(desk.goOnline());
    desk.gateway.answers["POST /v1/orders"] = {.status = 504, .body = R"({"code":"broker.timeout"})"};
    const auto answer = desk.submit();
    QVERIFY(answer && !*answer && answer->error().outcomeUnknown);
}

void RestTest::aLateAnswerToACommandIsUnknown()
{
    NetSettings settings;
    settings.commandDeadline = settings.questionDeadline = 100ms;
    RestDesk desk(settings);
    QVERIFY(desk.goOnline());
    desk.gateway.answers["POST /v1/orders"] = {.never = true};
    desk.gateway.answers["POST /v1/orders/preview"] = {.never = true};
    const auto answer = desk.submit();
    QVERIFY(answer && !*answer);
    QCOMPARE(answer->error().code, std::string("client.deadline"));
    QVERIFY(answer->error().outcomeUnknown);
    const auto question = desk.answerOf<OrderPreview>(
        [&](auto reply) { desk.session.previewOrder(limitOrder(), &desk.owner, reply); });
    QVERIFY(question && !*question && !question->error().outcomeUnknown);
}

void RestTest::anAnswerThatIsTooLargeIsNotTaken()
{
    NetSettings settings;
    settings.bodyBytesMax = 100'000;
    RestDesk desk(settings);
    QVERIFY(desk.goOnline());
    desk.gateway.answers["GET /v1/bars"] = {.body = QByteArray(20 << 20, ' ')};
    const auto answer = desk.answerOf<BarSeries>([&](auto reply) {
        desk.session.fetchBars(Symbol::of("SPY"), BarInterval::Day1, 10, &desk.owner, reply);
    });
    QVERIFY(answer && !*answer);
    QCOMPARE(answer->error().code, std::string("client.unreadable"));
}

void RestTest::anAnswerThatIsNoJsonIsUnreadable()
{
    RestDesk desk;
    QVERIFY(desk.goOnline());
    for (const char* body : {"<html>", "", "[]", R"({"symbol":"SPY","interval":"9m","bars":[]})",
                             R"({"symbol":"SPY","interval":"1m","bars":[[1,2]]})"}) {
        desk.gateway.answers["GET /v1/bars"] = {.body = body};
        const auto answer = desk.answerOf<BarSeries>([&](auto reply) {
            desk.session.fetchBars(Symbol::of("SPY"), BarInterval::Minute1, 10, &desk.owner, reply);
        });
        QVERIFY(answer && !*answer);
        QCOMPARE(answer->error().code, std::string("client.unreadable"));
    }
}

void RestTest::offlineAnswersAtOnceButCancelsAreTried()
{
    NetSettings settings;
    settings.retryMin = settings.retryMax = 1h;
    RestDesk desk(settings);
    QVERIFY(desk.goOnline());
    desk.gateway.answers["DELETE /v1/orders"] = {.status = 202, .body = R"({"requested":["a","b"]})"};
    desk.gateway.socket->close();
    QTRY_COMPARE_WITH_TIMEOUT(desk.state, LinkState::Offline, kWithin);
    const auto refused = desk.submit();
    QVERIFY(refused && !*refused);
    QCOMPARE(refused->error().code, std::string("client.offline"));
    QVERIFY(!refused->error().outcomeUnknown);
    QVERIFY(desk.gateway.requests.empty());
    const auto canceled = desk.answerOf<int>(
        [&](auto reply) { desk.session.cancelAll({}, &desk.owner, reply); });
    QVERIFY(canceled && *canceled);
    QCOMPARE(**canceled, 2);
    desk.gateway.stopListening();
    const auto gone = desk.answerOf<TradingFacts>([&](auto reply) {
        desk.session.setTrading(TradingState::Halted, "test", &desk.owner, reply);
    });
    QVERIFY(gone && !*gone);
}

void RestTest::aGoneOwnerIsNotAnswered()
{
    RestDesk desk;
    QVERIFY(desk.goOnline());
    desk.gateway.answers["POST /v1/orders"] = {.status = 202, .body = kOrder};
    bool answered = false;
    auto gone = std::make_unique<QObject>();
    desk.session.submitOrder(limitOrder(), gone.get(), [&](const Answer<Order>&) { answered = true; });
    gone.reset();
    const auto later = desk.submit();
    QVERIFY(later && *later);
    QTRY_COMPARE_WITH_TIMEOUT(desk.gateway.requests.size(), 2u, kWithin);
    QVERIFY(!answered);
}

void RestTest::theTokenDoesNotFollowARedirect()
{
    RestDesk desk;
    test::FakeGateway elsewhere;
    QVERIFY(desk.goOnline());
    desk.gateway.answers["GET /v1/instruments"] = {
        .status = 307, .headers = "Location: " + elsewhere.url().toEncoded() + "/v1/instruments\r\n"};
    const auto answer = desk.answerOf<std::vector<Instrument>>(
        [&](auto reply) { desk.session.findInstruments("spy", 5, &desk.owner, reply); });
    QVERIFY(answer && !*answer);
    QCOMPARE(answer->error().status, 307);
    QVERIFY(elsewhere.requests.empty());
}

void RestTest::questionsOfEveryKind()
{
    RestDesk desk;
    QVERIFY(desk.goOnline());
    auto& answers = desk.gateway.answers;
    answers["GET /v1/bars"] = {.body = R"({"symbol":"BTC/USD","interval":"5m","bars":
        [[1767625200000,"1","3","0.5","2","10",4]],"source":"alpaca","adjusted":false})"};
    const auto bars = desk.answerOf<BarSeries>([&](auto reply) {
        desk.session.fetchBars(Symbol::of("BTC/USD"), BarInterval::Minute5, 7, &desk.owner, reply);
    });
    QVERIFY(bars && *bars);
    QCOMPARE((**bars).bars.at(0).high, Price::of("3"));
    QCOMPARE((**bars).bars.at(0).tradeCount, 4);
    QCOMPARE(desk.gateway.requests.back().target,
             QByteArray("/v1/bars?symbol=BTC%2FUSD&interval=5m&limit=7"));

    answers["GET /v1/instruments"] = {.body = R"({"instruments":[{"symbol":"SPY","name":"S&P",
        "exchange":"ARCA","assetClass":"equity","tradable":true,"tick":"0.01","lotSize":"1"}]})"};
    const auto found = desk.answerOf<std::vector<Instrument>>(
        [&](auto reply) { desk.session.findInstruments("a b&c", 5, &desk.owner, reply); });
    QVERIFY(found && *found && (**found).size() == 1);
    QCOMPARE(desk.gateway.requests.back().target,
             QByteArray("/v1/instruments?query=a%20b%26c&limit=5"));

    answers["GET /v1/orders/id-1/timeline"] = {.body = R"({"events":[{"sequence":1,
        "time":"2026-01-05T15:00:00Z","kind":"order.submitted","actor":"user:owner","traceId":"t",
        "eventTime":null,"detail":{"price":"5","quantity":3,"none":null,"legs":[]}}]})"};
    const auto timeline = desk.answerOf<std::vector<TimelineEvent>>([&](auto reply) {
        desk.session.fetchTimeline(ClientOrderId("id-1"), &desk.owner, reply);
    });
    QVERIFY(timeline && *timeline);
    QCOMPARE((**timeline).at(0).detail, std::string("price: 5, quantity: 3"));

    answers["POST /v1/orders/preview"] = {.body = R"({"notional":"51230","estimatedFee":"0",
        "buyingPowerBefore":"100000","buyingPowerAfter":"48770","positionAfter":"100","checks":
        [{"code":"risk.buying_power","title":"Buying power","passed":true,"severity":"refuse",
        "detail":""},{"code":"p","title":"P","passed":false,"severity":"confirm","detail":"d"}],
        "quote":{},"freshness":"live"})"};
    const auto preview = desk.answerOf<OrderPreview>(
        [&](auto reply) { desk.session.previewOrder(limitOrder(), &desk.owner, reply); });
    QVERIFY(preview && *preview);
    QCOMPARE((**preview).notional, Money::of("51230"));
    QVERIFY((**preview).checks.at(1).asks && !(**preview).checks.at(1).passed);

    answers["PUT /v1/trading"] = {.body = R"({"state":"halted","reason":"lunch","since":null,
        "reconciling":false,"differences":[{"kind":"position","symbol":"SPY","ours":"1",
        "theirs":"2","since":"2026-01-05T15:00:00Z"}]})"};
    const auto trading = desk.answerOf<TradingFacts>([&](auto reply) {
        desk.session.setTrading(TradingState::Halted, "lunch", &desk.owner, reply);
    });
    QVERIFY(trading && *trading);
    QCOMPARE((**trading).differences.at(0).theirs, std::string("2"));

    answers["PATCH /v1/orders/id-1"] = {.status = 202, .body = kOrder};
    OrderChange change;
    change.order = ClientOrderId("id-1");
    change.limitPrice = Price::of("7.5");
    const auto changed = desk.answerOf<Order>(
        [&](auto reply) { desk.session.changeOrder(change, &desk.owner, reply); });
    QVERIFY(changed && *changed);
    QCOMPARE(desk.gateway.requests.back().body, QByteArray(R"({"limitPrice":"7.5"})"));

    answers["GET /health/report"] = {.body = R"({"status":"ok"})"};
    const auto text = desk.answerOf<std::string>(
        [&](auto reply) { desk.session.fetchText("/health/report", &desk.owner, reply); });
    QVERIFY(text && *text);
    QCOMPARE(**text, std::string(R"({"status":"ok"})"));
}

namespace {

std::vector<Symbol> symbolsUpTo(int count)
{
    std::vector<Symbol> symbols;
    for (int i = 0; i < count; ++i) symbols.push_back(Symbol::of("S" + std::to_string(i)));
    return symbols;
}

} // namespace

void RestTest::manySymbolsAreAskedForInParts()
{
    RestDesk desk;
    QVERIFY(desk.goOnline());
    desk.gateway.answers["GET /v1/quotes"] = {.body = R"({"quotes":[{"symbol":"SPY","bid":"1"}]})"};
    const auto answer = desk.answerOf<std::vector<QuoteFacts>>(
        [&](auto reply) { desk.session.fetchQuotes(symbolsUpTo(1201), &desk.owner, reply); });
    QVERIFY(answer && *answer);
    QCOMPARE((*answer)->size(), 3u); // one of each part
    QCOMPARE(desk.gateway.requests.size(), 3u);
    QByteArray asked;
    for (const auto& request : desk.gateway.requests) {
        QVERIFY(request.target.count(',') < 500);
        asked += request.target.split('=').last() + ',';
    }
    QCOMPARE(asked.count(','), 1201);
}

void RestTest::onePartThatFailsFailsTheQuestion()
{
    RestDesk desk;
    QVERIFY(desk.goOnline()); // the gateway knows no such resource
    const auto answer = desk.answerOf<std::vector<QuoteFacts>>(
        [&](auto reply) { desk.session.fetchQuotes(symbolsUpTo(501), &desk.owner, reply); });
    QVERIFY(answer && !*answer);
    QCOMPARE(answer->error().status, 404);
}

void RestTest::acceptingADifferenceSendsTheReason()
{
    RestDesk desk;
    QVERIFY(desk.goOnline());
    desk.gateway.answers["POST /v1/trading/differences/9f2c41d07be3a815/accept"] = {
        .body = R"({"differenceId":"9f2c41d07be3a815","trading":{"state":"active","differences":[
            {"id":"b","code":"difference.cash","kind":"cash","symbol":"","ours":"1","theirs":"2",
             "difference":"1","blocksEntries":false,"acceptable":true,"whatToDo":"Look."}]}})"};
    const auto answer = desk.answerOf<TradingFacts>([&](auto reply) {
        desk.session.acceptDifference("9f2c41d07be3a815", "seen the statement", &desk.owner, reply);
    });
    QVERIFY(answer && *answer);
    QCOMPARE((*answer)->differences.size(), 1u);
    QCOMPARE((*answer)->differences[0].id, std::string("b"));
    QVERIFY((*answer)->differences[0].acceptable && !(*answer)->differences[0].blocksEntries);
    const auto body = QJsonDocument::fromJson(desk.gateway.requests.at(0).body).object();
    QCOMPARE(body[QStringLiteral("reason")].toString(), QStringLiteral("seen the statement"));
}

void RestTest::aTraceComesInTheOrderOfItsSteps()
{
    RestDesk desk;
    QVERIFY(desk.goOnline());
    desk.gateway.answers["GET /v1/traces/4bf9"] = {.body = R"({"spans":[
        {"traceId":"4bf9","spanId":"b","parentSpanId":"a","name":"orders.judge",
         "start":"2026-01-05T15:00:00.000500Z","durationNs":310000,"status":"error",
         "statusMessage":"slow","attributes":{"checks":"26"}},
        {"traceId":"4bf9","spanId":"a","parentSpanId":null,"name":"POST /v1/orders",
         "start":"2026-01-05T15:00:00.000000Z","durationNs":4120000,"status":"ok",
         "statusMessage":"","attributes":{}}]})"};
    const auto answer = desk.answerOf<std::vector<Span>>(
        [&](auto reply) { desk.session.fetchTrace("4bf9", &desk.owner, reply); });
    QVERIFY(answer && *answer);
    QCOMPARE((*answer)->at(0).name, std::string("POST /v1/orders"));
    QVERIFY((*answer)->at(0).parent.empty());
    QCOMPARE((*answer)->at(1).parent, std::string("a"));
    QCOMPARE((*answer)->at(1).attributes, std::string("checks: 26"));
    QVERIFY((*answer)->at(1).duration == 310us);
}

void RestTest::everyRequestBeginsATrace()
{
    RestDesk desk;
    QVERIFY(desk.goOnline());
    (void)desk.submit();
    (void)desk.submit();
    const QRegularExpression form(
        QStringLiteral("traceparent: 00-([0-9a-f]{32})-[0-9a-f]{16}-01"),
        QRegularExpression::CaseInsensitiveOption);
    const auto idOf = [&](std::size_t i) {
        return form.match(QString::fromLatin1(desk.gateway.requests.at(i).headers)).captured(1);
    };
    QVERIFY(!idOf(0).isEmpty());
    QVERIFY(idOf(0) != idOf(1));
}

QD_QT_SUITE(RestTest)
#include "rest_test.moc"
