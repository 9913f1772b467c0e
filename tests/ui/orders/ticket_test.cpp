#include <QSignalSpy>

#include "tests/qt/suite.h"
#include "tests/ui/desk_stage.h"
#include "tests/ui/orders/ticket_stage.h"
#include "ui/orders/order_words.h"
#include "ui/orders/orders_view.h"

using namespace qd;
using namespace qd::ui;
using test::spy;

namespace {

TicketDraft draft(const char* quantity, const char* limit)
{
    TicketDraft draft;
    draft.symbol = Symbol::of("SPY");
    draft.quantity = QString::fromLatin1(quantity);
    draft.limitPrice = QString::fromLatin1(limit);
    return draft;
}

QString errorOf(const TicketDraft& draft, const char* field, const Instrument& instrument = spy())
{
    for (const TicketError& error : checkTicket(draft, instrument).errors) {
        if (error.field == QLatin1String(field)) return error.text;
    }
    return {};
}

} // namespace

/// What the ticket accepts, says, locks and sends.
class TicketTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void rulesNameTheFieldAndAnExample()
    {
        QVERIFY(checkTicket(draft("300", "511.86"), spy()).request.has_value());
        QVERIFY(errorOf(draft("12.5", "511.86"), "quantity").contains(QStringLiteral("multiple of 1")));
        QVERIFY(errorOf(draft("0", "511.86"), "quantity").contains(QStringLiteral("more than zero")));
        QVERIFY(errorOf(draft("abc", "511.86"), "quantity").contains(QStringLiteral("Not a number")));
        QVERIFY(errorOf(draft("300", "511.865"), "limitPrice").contains(QStringLiteral("511.86")));
        QVERIFY(errorOf(draft("300", "-1"), "limitPrice").contains(QStringLiteral("more than zero")));
        QVERIFY(errorOf(draft("300", "0.5001"), "limitPrice").isEmpty()); // finer steps below one
        TicketDraft stop = draft("300", "511");
        stop.type = OrderType::Stop;
        stop.stopPrice = QStringLiteral("510");
        stop.timeInForce = TimeInForce::Ioc;
        QVERIFY(!errorOf(stop, "timeInForce").isEmpty());
        TicketDraft late = draft("300", "511");
        late.type = OrderType::Market;
        late.extendedHours = true;
        QVERIFY(!errorOf(late, "timeInForce").isEmpty());
        TicketDraft trail = draft("300", "");
        trail.type = OrderType::TrailingStop;
        trail.trail = QStringLiteral("100");
        trail.trailInPercent = true;
        QVERIFY(!errorOf(trail, "trail").isEmpty());
    }

    void theButtonNamesAContractAsATraderDoes()
    {
        OrderRequest order;
        order.symbol = Symbol::of("GOOG151224P00752500");
        order.side = Side::Buy;
        order.type = OrderType::Limit;
        order.quantity = Quantity::of("1");
        order.limitPrice = Price::of("3");
        QCOMPARE(headline(order, 2), QStringLiteral("BUY 1 GOOG 752.5P 24Dec15  @ 3.00 LMT"));
        order.symbol = Symbol::of("BRK.B");
        order.orderClass = OrderClass::Bracket;
        QCOMPARE(headline(order, 2), QStringLiteral("BUY 1 BRK.B  @ 3.00 LMT + BRACKET"));
    }

    void numbersAreReadAsTradersTypeThem()
    {
        QCOMPARE(parseTyped(QStringLiteral("1,500"))->toString(), std::string("1500"));
        QCOMPARE(parseTyped(QStringLiteral(" 1.5k "))->toString(), std::string("1500"));
        QCOMPARE(parseTyped(QStringLiteral("2M"))->toString(), std::string("2000000"));
        QVERIFY(!parseTyped(QStringLiteral("1e5")));
        QVERIFY(!parseTyped(QStringLiteral("")));
        QVERIFY(!parseTyped(QStringLiteral("99999999999k")));
    }

    void errorsAppearAtTheFieldWhileTyping()
    {
        test::TicketStage stage;
        stage.type("ticketQuantity", "12.5");
        QVERIFY(stage.label("ticketQuantityError").contains(QStringLiteral("multiple of 1")));
        QVERIFY(!stage.submit().isEnabled());
        stage.type("ticketQuantity", "12");
        QCOMPARE(stage.label("ticketQuantityError"), QString());
        QTRY_VERIFY(stage.submit().isEnabled());
        QVERIFY(stage.submit().text().startsWith(QStringLiteral("BUY 12 SPY")));
    }

    void previewTellsCostAndChecks()
    {
        test::TicketStage stage;
        stage.type("ticketQuantity", "300");
        stage.ticket.setPrice(Price::of("511.86"));
        auto* preview = &stage.preview();
        QTRY_VERIFY(preview->checksText().contains(QStringLiteral("7 of 7")));
    }

    void anOrderGoesOutOnceWithItsOwnId()
    {
        test::TicketStage stage;
        QSignalSpy sent(&stage.ticket, &OrderTicket::orderSent);
        stage.type("ticketQuantity", "300");
        QTRY_VERIFY(stage.submit().isEnabled());
        stage.ticket.submit();
        stage.ticket.submit(); // a second press while the first is under way
        QTRY_COMPARE(sent.count(), 1);
        QCOMPARE(stage.session.submitted().size(), 1UL);
        const OrderRequest& request = stage.session.submitted()[0];
        QVERIFY(isUuidV4(request.clientOrderId.text()));
        QCOMPARE(request.quantity, Quantity::of("300"));
        QCOMPARE(stage.edit("ticketQuantity").text(), QString());
    }

    void theSameOrderKeepsItsIdAfterAnAnswerThatNeverCame()
    {
        test::TicketStage stage;
        client::Problem silence;
        silence.code = "client.deadline";
        silence.detail = "no answer";
        silence.outcomeUnknown = true;
        stage.session.refuseOnce(silence);
        stage.type("ticketQuantity", "300");
        QTRY_VERIFY(stage.submit().isEnabled());
        stage.ticket.submit();
        QTRY_VERIFY(stage.label("ticketMessage").contains(QStringLiteral("cannot be taken twice")));
        QTRY_VERIFY(stage.submit().isEnabled());
        stage.ticket.submit();
        QTRY_COMPARE(stage.session.submitted().size(), 1UL);
        QVERIFY(!stage.session.submitted()[0].clientOrderId.empty());
    }

    void refusalsOfTheBackendLandAtTheirField()
    {
        test::TicketStage stage;
        client::Problem refusal;
        refusal.status = 422;
        refusal.detail = "refused";
        refusal.fields = {{"quantity", "risk.buying_power", "more than the account can pay for"}};
        stage.session.refuseOnce(refusal);
        stage.type("ticketQuantity", "300");
        QTRY_VERIFY(stage.submit().isEnabled());
        stage.ticket.submit();
        QTRY_COMPARE(stage.label("ticketQuantityError"), QStringLiteral("more than the account can pay for"));
    }

    void aPrecautionIsAskedAndOnlyThenConfirmed()
    {
        test::TicketStage stage;
        stage.session.askOnce({"precaution.percent_off_market", "7.9% below the last trade"});
        QSignalSpy asked(&stage.ticket, &OrderTicket::confirmationWanted);
        stage.type("ticketQuantity", "300");
        QTRY_VERIFY(stage.submit().isEnabled());
        stage.ticket.submit();
        QTRY_COMPARE(asked.count(), 1);
        QVERIFY(stage.session.submitted().empty());
        stage.ticket.confirm({{"precaution.percent_off_market", ""}});
        QTRY_COMPARE(stage.session.submitted().size(), 1UL);
        QCOMPARE(stage.session.submitted()[0].confirmations,
                 std::vector<std::string>{"precaution.percent_off_market"});
    }

    void entryIsLockedAndSaysWhy()
    {
        test::TicketStage stage;
        stage.type("ticketQuantity", "300");
        QTRY_VERIFY(stage.submit().isEnabled());
        stage.session.goStale(std::chrono::seconds(6));
        QVERIFY(stage.submit().text().startsWith(QStringLiteral("FEED STALE")));
        QVERIFY(!stage.submit().isEnabled());
        stage.ticket.submit();
        QTest::qWait(1);
        QVERIFY(stage.session.submitted().empty());
        stage.session.openBreaker();
        QVERIFY(stage.submit().text().startsWith(QStringLiteral("BROKER UNREACHABLE")));
        stage.session.goOnline();
        QTRY_VERIFY(stage.submit().isEnabled());
        auto* preview = &stage.preview();
        QTRY_VERIFY(preview->checksText().contains(QStringLiteral("7 of 7"))); // asked for anew
        stage.session.setTrading(client::TradingState::Halted, "drill", &stage.ticket, [](auto) {});
        QVERIFY(stage.submit().text().startsWith(QStringLiteral("TRADING HALTED")));
        stage.session.goOffline("cable out");
        QVERIFY(stage.submit().text().startsWith(QStringLiteral("OFFLINE")));
    }

    void cancellingWorksWhileEntryIsLocked()
    {
        test::TicketStage stage;
        OrdersView orders(stage.desk, stage.theme);
        orders.resize(1200, 300);
        orders.show();
        stage.session.goStale(std::chrono::seconds(6));
        orders.table().setCurrentIndex(orders.model().index(0, 0));
        QTest::keyClick(&orders.table(), Qt::Key_Delete);
        QTRY_COMPARE(stage.session.canceled().size(), 1UL);
    }

    void theTimelineOfTheSelectedOrderIsShownAndRenewed()
    {
        test::TicketStage stage;
        OrdersView orders(stage.desk, stage.theme);
        orders.resize(1200, 300);
        orders.show();
        orders.table().setCurrentIndex(orders.model().index(0, 0));
        QTRY_COMPARE(orders.timeline().model().rowCount(), 3);
        orders.cancelSelected();
        QTRY_COMPARE(orders.timeline().model().rowCount(), 5);
    }

    void arrowsStepByTheTickAndTheLot()
    {
        test::TicketStage stage;
        stage.ticket.setPrice(Price::of("511.86"));
        QTest::keyClick(&stage.edit("ticketLimitPrice"), Qt::Key_Up);
        QCOMPARE(stage.edit("ticketLimitPrice").text(), QStringLiteral("511.87"));
        stage.ticket.setQuantity(QStringLiteral("100"));
        QTest::keyClick(&stage.edit("ticketQuantity"), Qt::Key_Up);
        QCOMPARE(stage.edit("ticketQuantity").text(), QStringLiteral("200"));
    }

    void fillsAndOpenOrdersCanBeFiltered()
    {
        test::TicketStage stage;
        OrdersTableModel orders(stage.desk, nullptr);
        const int all = orders.rowCount();
        orders.setOpenOnly(true);
        QCOMPARE(orders.rowCount(), stage.desk.orders().openCount());
        QVERIFY(orders.rowCount() < all);
        orders.setOpenOnly(false);
        orders.setFilterText(QStringLiteral("rejected aapl"));
        QCOMPARE(orders.rowCount(), 1);
        QVERIFY(orders.toCsv().contains(QStringLiteral("AAPL")));
    }

    /// In the tables a contract has its name, in files its code.
    void contractsAreNamedInTheTables()
    {
        test::DeskStage stage;
        stage.open();
        OrdersTableModel orders(stage.desk, nullptr);
        FillsTableModel fills(stage.desk, nullptr);
        client::OrderFacts order = stage.desk.orders().at(0);
        order.request.clientOrderId = ClientOrderId("of an option");
        order.request.symbol = Symbol::of("GOOG151224C00750000");
        stage.tell(&client::StreamEvent::order, order);
        Fill fill;
        fill.executionId = ExecutionId("of an option");
        fill.clientOrderId = order.request.clientOrderId;
        fill.symbol = order.request.symbol;
        fill.quantity = Quantity::of("1");
        fill.price = Price::of("7.5");
        stage.tell(&client::StreamEvent::fill, fill);
        for (RowModel* table : std::vector<RowModel*>{&orders, &fills}) {
            table->setFilterText(QStringLiteral("GOOG151224C"));
            QCOMPARE(table->rowCount(), 1);
            QCOMPARE(table->data(table->index(0, 3), Qt::DisplayRole).toString(),
                     QStringLiteral("GOOG 750C 24Dec15"));
            QVERIFY(table->columns()[3].fits);
            QVERIFY(table->toCsv().contains(QLatin1String(",GOOG151224C00750000,")));
        }
    }
};

QD_QT_SUITE(TicketTest)

#include "ticket_test.moc"
