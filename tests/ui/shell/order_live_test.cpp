// An order's ways, typed into the terminal over the real programs: refused, accepted, cancelled,
// filled, lost and found again.
#include <memory>

#include <QApplication>
#include <QFile>
#include <QFileInfo>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTemporaryDir>
#include <QTest>

#include "services/client/net_session.h"
#include "tests/qt/program.h"
#include "tests/qt/suite.h"
#include "ui/orders/order_ticket.h"
#include "ui/shell/main_window.h"

using namespace qd;
using namespace qd::ui;
using qd::qtest::Program;

namespace {

constexpr int kWithin = qd::qtest::kProgramWithin;

QString binary(const char* name)
{
    return QStringLiteral(QD_BINARY_DIR "/bin/") + QLatin1String(name);
}

/// The whole window, a backend, and a venue whose faults can be switched.
struct LiveTerminal {
    LiveTerminal() : session({}), desk(session, runtime::systemClock()),
                     window(desk, theme, runtime::systemRandom())
    {
        theme.apply(*qApp);
        window.resize(1600, 900);
        window.show();
        (void)QTest::qWaitForWindowActive(&window);
        window.arrangeByDefault();
        desk.setWatchlist({Symbol::of("SPY")});
        desk.select(Symbol::of("SPY"));
        startPrograms();
        QObject::connect(&desk.orders(), &OrderStore::orderAdded, &window,
                         [this](int item) { note(item); });
        QObject::connect(&desk.orders(), &OrderStore::orderChanged, &window,
                         [this](int item) { note(item); });
        session.start();
    }
    void startPrograms()
    {
        const auto market = sandbox.start(
            "quarterdeck-sandbox",
            {QStringLiteral("--seed"), QStringLiteral("7"), QStringLiteral("--symbols"),
             QStringLiteral("20"), QStringLiteral("--updates-per-second"), QStringLiteral("500"),
             QStringLiteral("--credentials-file"), folder.filePath(QStringLiteral("key.json"))});
        const auto of = [&](const char* name) { return market[QLatin1String(name)].toString(); };
        admin = of("admin");
        const auto ready = backend.start(
            "quarterdeckd",
            {QStringLiteral("--data-dir"), folder.filePath(QStringLiteral("data")),
             QStringLiteral("--alpaca-trading-url"), of("alpaca"),
             QStringLiteral("--alpaca-stream-url"), of("stream"),
             QStringLiteral("--alpaca-data-url"), of("data"),
             QStringLiteral("--alpaca-data-stream-url"), of("dataStream"),
             QStringLiteral("--alpaca-credentials-file"), of("credentialsFile"),
             QStringLiteral("--alpaca-simulated"), QStringLiteral("true"),
             QStringLiteral("--alpaca-command-timeout"), QStringLiteral("2s")});
        QFile token(ready[QLatin1String("tokenFile")].toString());
        if (!token.open(QIODevice::ReadOnly)) qFatal("no token");
        session.setServer({QUrl(ready[QLatin1String("url")].toString()),
                           runtime::Secret(token.readAll().trimmed().toStdString())});
    }
    ~LiveTerminal() { QObject::disconnect(&desk.orders(), nullptr, &window, nullptr); }

    const Quote& quote() { return desk.quotes().at(desk.quotes().slotOf(desk.symbol())).quote; }
    bool mayBuy()
    {
        return window.ticket().lockReason().isEmpty() && desk.account().account() &&
               desk.quotes().slotOf(desk.symbol()) >= 0 && quote().bid.isPositive();
    }
    Quantity held()
    {
        const auto* position = desk.positions().find(desk.symbol());
        return position ? position->position.quantity : Quantity();
    }
    QString label(const char* name)
    {
        return window.findChild<QLabel*>(QLatin1String(name))->text();
    }
    /// The keys of a buyer: F9, how many, Tab, at what price. The ticket is left as typed.
    void type(const char* quantity, const Price& price)
    {
        QTest::keyClick(&window, Qt::Key_F9);
        auto* field = window.findChild<QLineEdit*>(QStringLiteral("ticketQuantity"));
        QTRY_COMPARE(QApplication::focusWidget(), field);
        QTest::keyClicks(field, QLatin1String(quantity));
        QTest::keyClick(field, Qt::Key_Tab);
        QWidget* limit = QApplication::focusWidget();
        QCOMPARE(limit->objectName(), QStringLiteral("ticketLimitPrice"));
        QTest::keyClick(limit, Qt::Key_A, Qt::ControlModifier);
        QTest::keyClicks(limit, QString::fromStdString(price.value().toFixed(2)));
    }
    void press(Qt::Key key) { QTest::keyClick(QApplication::focusWidget(), key); }
    /// Typed and sent; afterwards the newest order in the table is this one.
    void order(const char* quantity, const Price& price)
    {
        const int before = desk.orders().count();
        type(quantity, price);
        words.clear();
        press(Qt::Key_Return);
        QTRY_VERIFY2_WITH_TIMEOUT(desk.orders().count() == before + 1,
                                  qPrintable(label("ticketMessage")), kWithin);
        QTRY_VERIFY_WITH_TIMEOUT(window.ticket().draft().quantity.isEmpty(), kWithin);
    }
    /// Of the newest order, as the table shows it.
    QString shown(OrdersTableModel::ColumnIndex column)
    {
        const auto& model = window.blotter().orders().model();
        return model.data(model.index(0, column), Qt::DisplayRole).toString();
    }
    QString state() { return shown(OrdersTableModel::StateColumn); }
    /// Every state that the newest order was in, as the table says it.
    void note(int item)
    {
        const auto& model = window.blotter().orders().model();
        const QString word = model.cellOf(item, OrdersTableModel::StateColumn).text;
        if (words.isEmpty() || words.back() != word) words << word;
    }
    bool fault(const QByteArray& kind)
    {
        return qd::qtest::post(admin + QStringLiteral("/faults"), kind);
    }

    QTemporaryDir folder;
    Program sandbox, backend;
    QString admin;
    Theme theme;
    client::NetSession session;
    Desk desk;
    MainWindow window;
    QStringList words;
};

} // namespace

class OrderLiveTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        if (!QFileInfo::exists(binary("quarterdeckd")) ||
            !QFileInfo::exists(binary("quarterdeck-sandbox")))
            QSKIP("quarterdeckd and quarterdeck-sandbox are not built");
        m_live = std::make_unique<LiveTerminal>();
    }
    void cleanupTestCase() { m_live.reset(); }
    void init() { QTRY_VERIFY_WITH_TIMEOUT(m_live->mayBuy(), kWithin); }

    void whatCannotBeAnOrderIsRefusedAtItsField()
    {
        m_live->type("12x", below());
        QVERIFY(m_live->label("ticketQuantityError").contains(QStringLiteral("Not a number")));
        m_live->press(Qt::Key_Return);
        QVERIFY(!m_live->window.findChild<QPushButton*>(QStringLiteral("ticketSubmit"))->isEnabled());
        QCOMPARE(m_live->desk.orders().count(), 0);
    }

    void whatTheAccountCannotPayIsRefusedByTheBackend()
    {
        m_live->type("1500", below());
        m_live->press(Qt::Key_Return);
        QTRY_VERIFY_WITH_TIMEOUT(m_live->label("ticketQuantityError")
                                     .contains(QStringLiteral("the account has 400000.00")),
                                 kWithin);
        QCOMPARE(m_live->desk.fills().count(), 0);
    }

    void whatTheVenueRefusesIsShownWithItsReason()
    {
        QVERIFY(m_live->fault(R"({"kind":"reject","symbol":"SPY","status":403,"count":1,
                                   "message":"not on a Tuesday"})"));
        m_live->order("10", below());
        QTRY_COMPARE_WITH_TIMEOUT(m_live->state(), QStringLiteral("REJECTED"), kWithin);
        QVERIFY2(m_live->shown(OrdersTableModel::ReasonColumn).contains(QStringLiteral("Tuesday")),
                 qPrintable(m_live->shown(OrdersTableModel::ReasonColumn)));
    }

    void whatIsAcceptedIsCancelledFromTheTable()
    {
        m_live->order("10", below());
        QTRY_COMPARE_WITH_TIMEOUT(m_live->state(), QStringLiteral("WORKING"), kWithin);
        auto& orders = m_live->window.blotter().orders();
        orders.table().setFocus();
        orders.table().setCurrentIndex(orders.model().index(0, 0));
        m_live->press(Qt::Key_Delete);
        QTRY_COMPARE_WITH_TIMEOUT(m_live->state(), QStringLiteral("CANCELLED"), kWithin);
        QCOMPARE(m_live->desk.fills().count(), 0);
    }

    void whatIsFilledIsHeld()
    {
        m_live->order("10", m_live->quote().ask + Price::of("1"));
        QTRY_COMPARE_WITH_TIMEOUT(m_live->state(), QStringLiteral("FILLED"), kWithin);
        QCOMPARE(m_live->shown(OrdersTableModel::FilledColumn), QStringLiteral("10"));
        QTRY_COMPARE_WITH_TIMEOUT(m_live->held(), Quantity::of("10"), kWithin);
    }

    /// The venue takes it and its answer is lost: nobody knows, until the venue is asked again.
    void whatIsLostIsFoundAgain()
    {
        QVERIFY(m_live->fault(R"({"kind":"lose_ack","symbol":"SPY","method":"POST","count":1})"));
        QVERIFY(m_live->fault(R"({"kind":"drop_trade_update","symbol":"SPY","count":1})"));
        m_live->order("10", below());
        QTRY_VERIFY2_WITH_TIMEOUT(m_live->words.contains(QStringLiteral("UNKNOWN")),
                                  qPrintable(m_live->words.join(QLatin1Char(' '))), kWithin);
        QTRY_COMPARE_WITH_TIMEOUT(m_live->state(), QStringLiteral("WORKING"), kWithin);
        QVERIFY2(m_live->words.indexOf(QStringLiteral("WORKING")) >
                     m_live->words.indexOf(QStringLiteral("UNKNOWN")),
                 qPrintable(m_live->words.join(QLatin1Char(' '))));
    }

private:
    /// Two percent below the bid: it works and is not filled.
    Price below()
    {
        const auto part = m_live->quote().bid.value().checkedMultiply(Decimal::of("0.98"),
                                                                      Rounding::Down);
        return Price(part->roundTo(Decimal::of("0.01"), Rounding::Down));
    }

    std::unique_ptr<LiveTerminal> m_live;
};

QD_QT_SUITE(OrderLiveTest)
#include "order_live_test.moc"
