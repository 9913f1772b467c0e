// IBKR lets one program of a user in: the real backend and gateway while another program takes the
// session, and the view that tells of it and takes it back.
#include <QDialog>
#include <QFile>
#include <QPushButton>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "services/client/net_session.h"
#include "tests/qt/program.h"
#include "tests/qt/suite.h"
#include "tests/services/client/client_stage.h"
#include "ui/connections/connections_view.h"
#include "ui/state/desk.h"

using namespace qd;
using namespace qd::ui;
using qd::test::answerOf;
using qd::qtest::Program;
using qd::test::areBuilt;
using qd::test::kWithin;

namespace {

/// IBKR's gateway, the backend that trades there, and a terminal's Connections view.
struct House {
    House() : session({}), desk(session, runtime::systemClock()),
              store(session, desk.status(), [](const QUrl&) { return false; }),
              view(theme, store, runtime::systemClock())
    {
        const auto market = gateway.start(
            "quarterdeck-sandbox", {QStringLiteral("--symbols"), QStringLiteral("50"),
                                    QStringLiteral("--updates-per-second"), QStringLiteral("200")});
        admin = market[QLatin1String("admin")].toString();
        const auto ready = backend.start(
            "quarterdeckd", {QStringLiteral("--data-dir"), folder.path(),
                             QStringLiteral("--broker-name"), QStringLiteral("ibkr"),
                             QStringLiteral("--ibkr-simulated"), QStringLiteral("true"),
                             QStringLiteral("--ibkr-url"), market[QLatin1String("ibkr")].toString(),
                             QStringLiteral("--ibkr-stream-url"),
                             market[QLatin1String("ibkrStream")].toString()});
        QFile token(ready[QLatin1String("tokenFile")].toString());
        if (!token.open(QIODevice::ReadOnly)) qFatal("no token");
        theme.apply(*qApp);
        view.resize(1280, 700);
        view.setVisible(true);
        session.setServer({QUrl(ready[QLatin1String("url")].toString()),
                           runtime::Secret(token.readAll().trimmed().toStdString())});
        session.start();
    }
    /// The same user signs in elsewhere.
    void compete()
    {
        QVERIFY(qd::qtest::post(admin + QStringLiteral("/ibkr/session"),
                                R"({"action":"compete"})"));
    }
    /// Empty if it was taken charge of, else the code of the refusal.
    std::string order()
    {
        OrderRequest request;
        request.clientOrderId = ClientOrderId(runtime::systemRandom().uuidV4());
        request.account = desk.accountId();
        request.symbol = Symbol::of("SPY");
        request.quantity = Quantity::of("1");
        for (const char* precaution :
             {"precaution.stale_quote", "precaution.percent_off_market", "ibkr.o163", "ibkr.o10151"})
            request.confirmations.push_back(precaution);
        const auto answer = answerOf<Order>(
            [&](auto reply) { session.submitOrder(request, &context, reply); });
        return answer ? std::string() : answer.error().code;
    }
    int ibkr() const { return store.itemOf(BrokerId("ibkr")); }
    QString status()
    {
        if (ibkr() < 0) return {};
        return view.table().rowModel()->cellOf(ibkr(), ConnectionsTableModel::StatusColumn).text;
    }
    QPushButton* takeOver() { return view.findChild<QPushButton*>(QStringLiteral("takeOver")); }

    QTemporaryDir folder;
    Program gateway, backend;
    QString admin;
    Theme theme;
    QObject context;
    client::NetSession session;
    Desk desk;
    ConnectionStore store;
    ConnectionsView view;
};

} // namespace

class SessionLiveTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aSessionThatAnotherProgramHasIsTakenBackAndOrdersGoAgain()
    {
        if (!areBuilt()) QSKIP("quarterdeckd and quarterdeck-sandbox are not built");
        House house;
        QTRY_VERIFY_WITH_TIMEOUT(house.desk.isSynchronised(), kWithin);
        house.view.refresh();
        QTRY_VERIFY_WITH_TIMEOUT(house.ibkr() >= 0, kWithin);
        QTRY_COMPARE_WITH_TIMEOUT(house.status(), QStringLiteral("CONNECTED"), kWithin);
        QTRY_COMPARE_WITH_TIMEOUT(house.order(), std::string(), kWithin);

        house.compete();
        QTRY_COMPARE_WITH_TIMEOUT(house.status(), QStringLiteral("TAKEN ELSEWHERE"), kWithin);
        auto* model = house.view.table().rowModel();
        house.view.table().setCurrentIndex(model->index(model->rowOf(house.ibkr()), 0));
        QVERIFY(house.takeOver()->isVisible() && house.takeOver()->isEnabled());
        QCOMPARE(house.order(), std::string("orders.broker_session_taken"));

        QSignalSpy told(&house.view, &ConnectionsView::told);
        house.takeOver()->click();
        auto* dialog = house.view.findChild<QDialog*>(QStringLiteral("sureDialog"));
        QVERIFY(dialog);
        dialog->findChild<QPushButton*>(QStringLiteral("sure"))->click();
        QTRY_COMPARE_WITH_TIMEOUT(told.count(), 1, kWithin);
        QVERIFY2(told[0][0].toBool(), qPrintable(told[0][2].toString()));
        QTRY_COMPARE_WITH_TIMEOUT(house.status(), QStringLiteral("CONNECTED"), kWithin);
        QVERIFY(!house.takeOver()->isVisible());
        QTRY_COMPARE_WITH_TIMEOUT(house.order(), std::string(), kWithin);
    }
};

QD_QT_SUITE(SessionLiveTest)
#include "session_live_test.moc"
