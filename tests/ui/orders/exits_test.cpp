#include "models/orders/validation.h"
#include "tests/qt/suite.h"
#include "tests/ui/orders/ticket_stage.h"
#include "ui/orders/exits_box.h"
#include "ui/orders/order_words.h"
#include "ui/orders/orders_table_model.h"
#include "ui/widgets/format.h"

using namespace qd;
using namespace qd::ui;
using test::spy;

namespace {

TicketMarket market()
{
    TicketMarket market;
    market.bid = Price::of("99.99");
    market.ask = Price::of("100.01");
    market.last = Price::of("100.00");
    market.held = Quantity::of("500");
    market.heldAverage = Price::of("90");
    return market;
}

/// Buy 200 at 100 with a target and a stop, as typed.
TicketDraft bracket(const char* profit, const char* loss, ExitUnit unit = ExitUnit::Price)
{
    TicketDraft draft;
    draft.symbol = Symbol::of("SPY");
    draft.quantity = QStringLiteral("200");
    draft.limitPrice = QStringLiteral("100");
    draft.orderClass = OrderClass::Bracket;
    draft.exitUnit = unit;
    draft.takeProfit = QString::fromLatin1(profit);
    draft.stopLoss = QString::fromLatin1(loss);
    return draft;
}

TicketCheck judged(const TicketDraft& draft)
{
    return checkTicket(draft, spy(), market());
}

QString exitErrorOf(const TicketDraft& draft, const char* field)
{
    for (const TicketError& error : judged(draft).errors) {
        if (error.field == QLatin1String(field)) return error.text;
    }
    return {};
}

} // namespace

/// Bracket, OTO and OCO: what is worked out, refused, shown and sent.
class ExitsTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void distancesBecomePricesOnTheStep_data()
    {
        QTest::addColumn<QString>("profit");
        QTest::addColumn<QString>("loss");
        QTest::addColumn<int>("unit");
        QTest::newRow("prices") << "102" << "99.50" << int(ExitUnit::Price);
        QTest::newRow("percent") << "2" << "0.5" << int(ExitUnit::Percent);
        QTest::newRow("ticks") << "200" << "50" << int(ExitUnit::Ticks);
        QTest::newRow("suffixes win") << "2%" << "50t" << int(ExitUnit::Price);
        QTest::newRow("rounded") << "2.001%" << "0.499%" << int(ExitUnit::Price);
    }

    void distancesBecomePricesOnTheStep()
    {
        QFETCH(QString, profit);
        QFETCH(QString, loss);
        QFETCH(int, unit);
        const TicketCheck check = judged(
            bracket(profit.toLatin1().constData(), loss.toLatin1().constData(), ExitUnit(unit)));
        QVERIFY(check.request);
        QCOMPARE(check.request->takeProfit->limitPrice.value().toFixed(1), std::string("102.0"));
        QCOMPARE(check.request->stopLoss->stopPrice, Price::of("99.50"));
        QVERIFY(validateShape(*check.request).size() == 1); // the id alone is made later
    }

    void aShortSellsHighAndIsTakenOutHigher()
    {
        TicketDraft draft = bracket("2%", "0.5%");
        draft.side = Side::Sell;
        const TicketCheck check = judged(draft);
        QVERIFY(check.request);
        QCOMPARE(check.request->takeProfit->limitPrice, Price::of("98"));
        QCOMPARE(check.request->stopLoss->stopPrice, Price::of("100.50"));
        QCOMPARE(check.plan.profit->result, Money::of("400"));
        QCOMPARE(check.plan.loss->result, Money::of("-100"));
    }

    void profitLossAndTheirRatioAreTold()
    {
        const TicketCheck check = judged(bracket("102", "99.50"));
        QCOMPARE(check.plan.profit->result, Money::of("400"));
        QCOMPARE(check.plan.profit->percent, Decimal::of("2"));
        QCOMPARE(check.plan.loss->result, Money::of("-100"));
        QCOMPARE(check.plan.loss->percent, Decimal::of("-0.5"));
        QCOMPARE(*check.plan.rewardPerRisk, Decimal::of("4"));
    }

    void exitsOnTheWrongSideAreRefusedAtTheirField()
    {
        QVERIFY(exitErrorOf(bracket("99", "98"), "takeProfit").contains(QStringLiteral("above 100")));
        QVERIFY(exitErrorOf(bracket("102", "101"), "stopLoss").contains(QStringLiteral("below 100")));
        QVERIFY(exitErrorOf(bracket("100", "98"), "takeProfit").contains(QStringLiteral("above")));
        QVERIFY(exitErrorOf(bracket("102.005", "98"), "takeProfit").contains(QStringLiteral("step")));
        QVERIFY(exitErrorOf(bracket("x", "98"), "takeProfit").contains(QStringLiteral("Examples")));
        QVERIFY(exitErrorOf(bracket("102", "100%"), "stopLoss").contains(QStringLiteral("zero")));
        QVERIFY(exitErrorOf(bracket("99999999999%", "98"), "takeProfit").size() > 0);
        QVERIFY(exitErrorOf(bracket("102", ""), "stopLoss").contains(QStringLiteral("Where")));
        TicketDraft limited = bracket("102", "99");
        limited.stopLossLimit = QStringLiteral("99.10");
        QVERIFY(exitErrorOf(limited, "stopLossLimit").contains(QStringLiteral("above its stop")));
        limited.stopLossLimit = QStringLiteral("98.90");
        QCOMPARE(*judged(limited).request->stopLoss->limitPrice, Price::of("98.90"));
    }

    void whatDoesNotSuitExitsIsRefused()
    {
        TicketDraft draft = bracket("102", "99");
        draft.timeInForce = TimeInForce::Ioc;
        QVERIFY(exitErrorOf(draft, "timeInForce").contains(QStringLiteral("DAY or GTC")));
        draft.timeInForce = TimeInForce::Gtc;
        QVERIFY(judged(draft).request.has_value());
        draft.extendedHours = true;
        QVERIFY(exitErrorOf(draft, "timeInForce").contains(QStringLiteral("extended")));
    }

    void anOtoTakesExactlyOneExit()
    {
        TicketDraft draft = bracket("102", "");
        draft.orderClass = OrderClass::Oto;
        QVERIFY(judged(draft).request && !judged(draft).request->stopLoss);
        draft.stopLoss = QStringLiteral("99");
        QVERIFY(exitErrorOf(draft, "stopLoss").contains(QStringLiteral("one exit")));
        draft.takeProfit.clear();
        QVERIFY(judged(draft).request && !judged(draft).request->takeProfit);
        draft.stopLoss.clear();
        QVERIFY(!judged(draft).request);
    }

    void anOcoClosesWhatIsHeldAndCountsFromItsPrice()
    {
        TicketDraft draft = bracket("102", "98");
        draft.orderClass = OrderClass::Oco;
        draft.limitPrice.clear();
        QVERIFY(exitErrorOf(draft, "quantity").contains(QStringLiteral("short"))); // BUY closes a short
        draft.side = Side::Sell;
        const TicketCheck check = judged(draft);
        QVERIFY(check.request);
        QVERIFY(!check.request->limitPrice);
        QCOMPARE(check.plan.profit->result, Money::of("2400")); // 200 × (102 − 90)
        QCOMPARE(check.plan.loss->result, Money::of("1600"));   // still a gain
        QVERIFY(validateShape(*check.request).size() == 1);
        draft.quantity = QStringLiteral("501");
        QVERIFY(exitErrorOf(draft, "quantity").contains(QStringLiteral("500")));
        draft.quantity = QStringLiteral("200");
        draft.stopLoss = QStringLiteral("101"); // above the market: it would fire at once
        QVERIFY(exitErrorOf(draft, "stopLoss").contains(QStringLiteral("below 100")));
    }

    void aStopEntryBelongsBeyondTheMarket()
    {
        TicketDraft draft = bracket("", "");
        draft.orderClass = OrderClass::Simple;
        draft.type = OrderType::Stop;
        draft.stopPrice = QStringLiteral("100.01");
        QVERIFY(exitErrorOf(draft, "stopPrice").contains(QStringLiteral("above the ask")));
        draft.stopPrice = QStringLiteral("100.02");
        QVERIFY(judged(draft).request.has_value());
        draft.side = Side::Sell;
        QVERIFY(exitErrorOf(draft, "stopPrice").contains(QStringLiteral("below the bid")));
    }

    void theTicketShowsAndSendsABracket()
    {
        test::TicketStage stage;
        stage.type("ticketQuantity", "300");
        stage.ticket.setPrice(Price::of("511.86"));
        stage.ticket.setExits(OrderClass::Bracket);
        QTRY_VERIFY(!stage.submit().isEnabled()); // both exits are missing
        stage.type("ticketTakeProfit", "513.10");
        stage.type("ticketStopLoss", "511.05");
        QTRY_VERIFY(stage.submit().isEnabled());
        QVERIFY(stage.submit().text().endsWith(QStringLiteral("+ BRACKET")));
        QCOMPARE(stage.preview().targetText(), QStringLiteral("+372.00"));
        QCOMPARE(stage.preview().riskText(), format::kMinus + QStringLiteral("243.00"));
        QCOMPARE(stage.preview().ratioText(), QStringLiteral("1.53 : 1"));
        QVERIFY(stage.label("ticketTakeProfitError").contains(QStringLiteral("+0.24%")));
        stage.type("ticketStopLoss", "512.00");
        QVERIFY(stage.label("ticketStopLossError").contains(QStringLiteral("below 511.86")));
        QVERIFY(!stage.submit().isEnabled());
        stage.type("ticketStopLoss", "511.05");
        QTRY_VERIFY(stage.submit().isEnabled());
        stage.ticket.submit();
        QTRY_COMPARE(stage.session.submitted().size(), 1UL);
        const OrderRequest& sent = stage.session.submitted()[0];
        QVERIFY(sent.orderClass == OrderClass::Bracket);
        QCOMPARE(sent.takeProfit->limitPrice, Price::of("513.10"));
        QCOMPARE(sent.stopLoss->stopPrice, Price::of("511.05"));
    }

    void theExitsOfAMarketOrderFollowTheMarket()
    {
        test::TicketStage stage;
        stage.ticket.setType(OrderType::Market);
        stage.type("ticketQuantity", "100");
        stage.ticket.setExits(OrderClass::Bracket);
        stage.type("ticketTakeProfit", "100t");
        stage.type("ticketStopLoss", "100t");
        const auto target = [&] { return stage.ticket.plan().profit->price; };
        const Price ask = stage.desk.quotes().at(stage.desk.quotes().slotOf(stage.desk.symbol())).quote.ask;
        QCOMPARE(target(), ask + Price::of("1"));
        client::MarketBatch batch;
        client::QuoteTick tick;
        tick.symbol = stage.desk.symbol();
        tick.bid = ask + Price::of("4.99");
        tick.ask = ask + Price::of("5");
        tick.last = tick.ask;
        tick.eventTime = tick.receiveTime = stage.clock.now();
        batch.quotes = {tick};
        Q_EMIT stage.session.marketArrived(batch);
        QTRY_COMPARE(target(), ask + Price::of("6"));
    }

    void arrowsStepADistanceInItsOwnUnit()
    {
        test::TicketStage stage;
        stage.ticket.setExits(OrderClass::Bracket);
        stage.type("ticketTakeProfit", "0.25%");
        auto* edit = stage.ticket.findChild<QLineEdit*>(QStringLiteral("ticketTakeProfit"));
        QTest::keyClick(edit, Qt::Key_Up);
        QCOMPARE(edit->text(), QStringLiteral("0.3%"));
        stage.type("ticketTakeProfit", "40t");
        QTest::keyClick(edit, Qt::Key_Down, Qt::ShiftModifier);
        QCOMPARE(edit->text(), QStringLiteral("30t"));
        stage.type("ticketTakeProfit", "513.10");
        QTest::keyClick(edit, Qt::Key_Up);
        QCOMPARE(edit->text(), QStringLiteral("513.11"));
    }

    void anotherSymbolForgetsTheExits()
    {
        test::TicketStage stage;
        stage.ticket.setExits(OrderClass::Bracket);
        stage.type("ticketTakeProfit", "513.10");
        stage.desk.select(Symbol::of("QQQ"));
        QVERIFY(stage.ticket.draft().takeProfit.isEmpty());
    }

    void aBrokersRefusalOfTheClassIsToldAtTheExits()
    {
        test::TicketStage stage;
        client::Problem refusal;
        refusal.status = 422;
        refusal.detail = "alpaca does not take bracket";
        refusal.fields = {{"stopLoss.stopPrice", "orders.bracket_prices", "too near the market"}};
        stage.session.refuseOnce(refusal);
        stage.type("ticketQuantity", "300");
        stage.ticket.setPrice(Price::of("511.86"));
        stage.ticket.setExits(OrderClass::Bracket);
        stage.type("ticketTakeProfit", "513.10");
        stage.type("ticketStopLoss", "511.05");
        QTRY_VERIFY(stage.submit().isEnabled());
        stage.ticket.submit();
        QTRY_COMPARE(stage.label("ticketStopLossError"), QStringLiteral("too near the market"));
    }

    void wordsThisVersionDoesNotKnowAreShownAsTheyCame()
    {
        test::TicketStage stage;
        client::StreamEvent event;
        client::OrderFacts order;
        order.request.clientOrderId = ClientOrderId("61e69015-8549-4bfd-b9c3-01e75843f47d");
        order.request.symbol = Symbol::of("SPY");
        order.request.quantity = Quantity::of("1");
        order.state = OrderState::Accepted;
        order.stateWord = "parked";
        order.sideWord = "sell_short";
        event.order = order;
        OrdersTableModel model(stage.desk, nullptr);
        stage.session.sendEvent(event);
        const int item = stage.desk.orders().itemOf(order.request.clientOrderId);
        QCOMPARE(model.cellOf(item, OrdersTableModel::StateColumn).text, QStringLiteral("PARKED"));
        QCOMPARE(model.cellOf(item, OrdersTableModel::SideColumn).text, QStringLiteral("SELL_SHORT"));
        QCOMPARE(model.exportOf(item, OrdersTableModel::StateColumn), QStringLiteral("parked"));
    }
};

QD_QT_SUITE(ExitsTest)

#include "exits_test.moc"
