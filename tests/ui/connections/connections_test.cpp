#include <algorithm>

#include <QApplication>
#include <QDialog>
#include <QLabel>
#include <QLineEdit>
#include <QPointer>
#include <QPushButton>
#include <QSignalSpy>
#include <QTcpSocket>
#include <QTest>

#include "tests/qt/suite.h"
#include "ui/connections/connections_view.h"
#include "ui/state/scripted_people.h"

using namespace qd;
using namespace qd::ui;

namespace {

const QString kState = QString(43, QLatin1Char('a'));

struct Stage {
    Stage()
        : clock(Timestamp::of("2024-04-03T14:42:17.381Z")), people(clock), status(clock),
          store(people, status,
                [this](const QUrl& url) {
                    opened.append(url);
                    return hasBrowser;
                }),
          view(theme, store, clock)
    {
        theme.apply(*qApp);
        client::LinkFacts link;
        link.state = client::LinkState::Online;
        status.setLink(link);
        view.resize(1280, 700);
        view.setVisible(true);
    }
    void load()
    {
        view.refresh();
        QTRY_VERIFY(store.phase() == ConnectionStore::Phase::Ready);
    }
    void select(const char* broker)
    {
        const int item = store.itemOf(BrokerId(broker));
        auto* model = view.table().rowModel();
        view.table().setCurrentIndex(model->index(model->rowOf(item), 0));
    }
    QString statusOf(const char* broker)
    {
        return view.table()
            .rowModel()
            ->cellOf(store.itemOf(BrokerId(broker)), ConnectionsTableModel::StatusColumn)
            .text;
    }
    QPushButton* button(const char* name)
    {
        return view.findChild<QPushButton*>(QLatin1String(name));
    }
    QString consentText() { return view.findChild<ConsentPanel*>()->text(); }
    client::ConsentFlow::Stage stage() { return store.flow().stage(); }
    bool wasCalled(const char* call) const
    {
        const auto& calls = people.calls();
        return std::find(calls.begin(), calls.end(), call) != calls.end();
    }
    /// The browser comes back to where the terminal said that it listens.
    void comeBack(const QString& query)
    {
        const std::string& body = people.lastBody();
        const auto at = body.find("\"redirectPort\":");
        QVERIFY(at != std::string::npos);
        const int port = std::stoi(body.substr(at + 15));
        QTcpSocket socket;
        socket.connectToHost(QHostAddress::LocalHost, quint16(port));
        QVERIFY(QTest::qWaitFor(
            [&] { return socket.state() == QAbstractSocket::ConnectedState; }, 10'000));
        socket.write("GET /callback?" + query.toLatin1() + " HTTP/1.1\r\nHost: 127.0.0.1:" +
                     QByteArray::number(port) + "\r\n\r\n");
        QVERIFY(QTest::qWaitFor(
            [&] { return socket.state() == QAbstractSocket::UnconnectedState; }, 10'000));
    }

    ScriptedClock clock;
    Theme theme;
    ScriptedPeople people;
    StatusStore status;
    QList<QUrl> opened;
    bool hasBrowser = true;
    ConnectionStore store;
    ConnectionsView view;
};

using FlowStage = client::ConsentFlow::Stage;

} // namespace

/// Brokers, how one is connected to them, and how that comes and goes.
class ConnectionsTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyBrokerSaysItsMethodStatusAndTrouble()
    {
        Stage stage;
        QCOMPARE(stage.view.findChild<StatePlate*>()->title(),
                 QStringLiteral("Asking which brokers there are"));
        stage.load();
        QCOMPARE(stage.store.count(), 5);
        QCOMPARE(stage.statusOf("alpaca"), QStringLiteral("CONNECTED"));
        QCOMPARE(stage.statusOf("tradier"), QStringLiteral("SIGN IN AGAIN"));
        QCOMPARE(stage.statusOf("schwab"), QStringLiteral("NOT SET UP"));
        const auto* model = stage.view.table().rowModel();
        const int schwab = stage.store.itemOf(BrokerId("schwab"));
        QVERIFY(model->cellOf(schwab, ConnectionsTableModel::TroubleColumn)
                    .text.contains(QStringLiteral("oauth.schwab.client_id")));
        QCOMPARE(model->cellOf(stage.store.itemOf(BrokerId("ibkr")),
                               ConnectionsTableModel::MethodColumn).text,
                 QStringLiteral("Session"));
        stage.select("schwab");
        QVERIFY(stage.button("connectBroker")->isHidden()); // it could only fail
        stage.select("ibkr");
        QVERIFY(stage.button("connectBroker")->isHidden()); // no method stands in for another
    }

    void whatTheBrokerDidNotGrantIsSaid()
    {
        Stage stage;
        stage.load();
        const auto scopesOf = [&](const char* broker) {
            return stage.view.table().rowModel()->cellOf(stage.store.itemOf(BrokerId(broker)),
                                                         ConnectionsTableModel::ScopesColumn);
        };
        QCOMPARE(scopesOf("tradier").text,
                 QStringLiteral("account:write, trading; not granted: data"));
        QCOMPARE(scopesOf("tradier").tone, Tone::Warn);
        QCOMPARE(scopesOf("alpaca").text, QStringLiteral("account:write, trading, data"));
        QCOMPARE(scopesOf("alpaca").tone, Tone::Muted);
    }

    void onlyWhatOrdersGoBySaysSo()
    {
        Stage stage;
        stage.load();
        client::StatusReport report;
        client::BrokerFacts& alpaca = report.brokers.emplace_back();
        alpaca.name = "alpaca";
        alpaca.connected = true;
        stage.status.setReport(report);
        const int consent = stage.store.itemOf(BrokerId("alpaca"), LinkMethod::OAuth);
        const int key = stage.store.itemOf(BrokerId("alpaca"), LinkMethod::Key);
        const auto* model = stage.view.table().rowModel();
        const auto use = [&](int item) {
            return model->cellOf(item, ConnectionsTableModel::UseColumn).text;
        };
        QCOMPARE(use(consent), QStringLiteral("yes"));
        QVERIFY(use(key) != QStringLiteral("yes")); // the consent took its place
        QCOMPARE(connectionWord(stage.store, key).text, QStringLiteral("NOT IN USE"));
        stage.people.forgetConnections();
        stage.load();
        stage.view.refresh();
        QTRY_COMPARE(use(key), QStringLiteral("yes"));
        QCOMPARE(connectionWord(stage.store, key).text, QStringLiteral("CONNECTED"));
        QVERIFY(use(consent) != QStringLiteral("yes"));
    }

    void aConsentGoesThroughTheBrowserAndComesBackByItself()
    {
        Stage stage;
        stage.people.forgetConnections();
        stage.load();
        stage.select("alpaca");
        QCOMPARE(stage.statusOf("alpaca"), QStringLiteral("NOT CONNECTED"));
        stage.button("connectBroker")->click();
        QTRY_VERIFY(stage.stage() == FlowStage::InBrowser);
        QCOMPARE(stage.opened.size(), 1);
        QCOMPARE(stage.opened[0].host(), QStringLiteral("consent.alpaca.example.org"));
        QVERIFY(!stage.button("connectBroker")->isEnabled());
        stage.comeBack(QStringLiteral("state=%1&code=abc").arg(kState));
        QTRY_VERIFY(stage.stage() == FlowStage::Done);
        QTRY_COMPARE(stage.statusOf("alpaca"), QStringLiteral("CONNECTED"));
    }

    void aConsentCanBeCancelledAndNothingComesOfItLater()
    {
        Stage stage;
        stage.people.forgetConnections();
        stage.load();
        stage.select("alpaca");
        stage.button("connectBroker")->click();
        QTRY_VERIFY(stage.stage() == FlowStage::InBrowser);
        stage.button("consentCancel")->click();
        QVERIFY(stage.stage() == FlowStage::Idle);
        QVERIFY(stage.view.findChild<ConsentPanel*>()->isHidden());
        QVERIFY(!stage.wasCalled("POST /v1/connections/alpaca/finish"));
        QVERIFY(stage.button("connectBroker")->isEnabled());
    }

    void anExchangeThatHungIsRetriedWithoutNewConsent()
    {
        Stage stage;
        stage.people.forgetConnections();
        stage.load();
        stage.people.refuseNext("POST /v1/connections/alpaca/finish", 503, "oauth.exchange_failed",
                                "\"retry\":true");
        stage.select("alpaca");
        stage.button("connectBroker")->click();
        QTRY_VERIFY(stage.stage() == FlowStage::InBrowser);
        stage.comeBack(QStringLiteral("state=%1&code=abc").arg(kState));
        QTRY_VERIFY(stage.stage() == FlowStage::Failed);
        QVERIFY(stage.consentText().contains(QStringLiteral("no new consent")));
        QVERIFY(!stage.button("consentRetry")->isHidden());
        stage.button("consentRetry")->click();
        QTRY_VERIFY(stage.stage() == FlowStage::Done);
        QCOMPARE(stage.opened.size(), 1); // nobody was sent out again
    }

    void anExpiredConsentIsStartedAgainWithOnePress()
    {
        Stage stage;
        stage.people.forgetConnections();
        stage.load();
        stage.people.refuseNext("POST /v1/connections/alpaca/finish", 409, "oauth.expired",
                                "\"restart\":\"/v1/connections/alpaca/begin\"");
        stage.select("alpaca");
        stage.button("connectBroker")->click();
        QTRY_VERIFY(stage.stage() == FlowStage::InBrowser);
        stage.comeBack(QStringLiteral("state=%1&code=abc").arg(kState));
        QTRY_VERIFY(stage.stage() == FlowStage::Failed);
        QVERIFY(stage.consentText().contains(QStringLiteral("expired")));
        QVERIFY(stage.button("consentRetry")->isHidden());
        stage.button("consentAgain")->click();
        QTRY_VERIFY(stage.stage() == FlowStage::InBrowser);
        QCOMPARE(stage.opened.size(), 2);
    }

    void whereNothingComesBackTheAddressIsPasted()
    {
        Stage stage;
        stage.load();
        stage.select("tradier");
        QCOMPARE(stage.button("connectBroker")->text(), QStringLiteral("Re-authorise…"));
        stage.button("connectBroker")->click();
        QTRY_VERIFY(stage.stage() == FlowStage::InBrowser);
        QVERIFY(stage.people.lastBody().find("redirectPort") == std::string::npos);
        auto* paste = stage.view.findChild<QLineEdit*>(QStringLiteral("consentPaste"));
        QVERIFY(!paste->parentWidget()->isHidden());
        paste->setText(QStringLiteral("https://desk.example.org/callback?state=%1&code=abc")
                           .arg(kState));
        stage.button("consentUse")->click();
        QTRY_VERIFY(stage.stage() == FlowStage::Done);
        QTRY_COMPARE(stage.statusOf("tradier"), QStringLiteral("CONNECTED"));
    }

    void withoutABrowserTheAddressIsShown()
    {
        Stage stage;
        stage.hasBrowser = false;
        stage.people.forgetConnections();
        stage.load();
        stage.select("alpaca");
        stage.button("connectBroker")->click();
        QTRY_VERIFY(stage.stage() == FlowStage::InBrowser);
        QVERIFY(stage.consentText().contains(QStringLiteral("No browser")));
        bool isShown = false;
        for (const QLabel* label : stage.view.findChildren<QLabel*>()) {
            isShown |= !label->isHidden() && label->text().startsWith(
                                                 QStringLiteral("https://consent.alpaca"));
        }
        QVERIFY(isShown);
    }

    void revokingTakesASecondPressAndSaysWhatStops()
    {
        Stage stage;
        stage.load();
        stage.select("alpaca");
        stage.button("revokeBroker")->click();
        QPointer<QDialog> dialog =
            stage.view.findChild<QDialog*>(QStringLiteral("sureDialog"));
        QVERIFY(dialog);
        bool warns = false;
        for (const QLabel* label : dialog->findChildren<QLabel*>()) {
            warns |= label->text().contains(QStringLiteral("trading stops"));
        }
        QVERIFY(warns);
        QTest::keyClick(dialog, Qt::Key_Return); // going back is the default
        QTRY_VERIFY(!dialog);
        QVERIFY(!stage.wasCalled("DELETE /v1/connections/alpaca"));
        stage.button("revokeBroker")->click();
        dialog = stage.view.findChild<QDialog*>(QStringLiteral("sureDialog"));
        dialog->findChild<QPushButton*>(QStringLiteral("sure"))->click();
        QTRY_COMPARE(stage.statusOf("alpaca"), QStringLiteral("REVOKING"));
        stage.select("alpaca");
        QVERIFY(stage.button("revokeBroker")->isHidden());
    }

    void aSessionHeldElsewhereIsSaidAndTakenOver()
    {
        Stage stage;
        stage.load();
        client::StatusReport report;
        client::BrokerFacts& ibkr = report.brokers.emplace_back();
        ibkr.name = "ibkr";
        ibkr.sessionTaken = true;
        ibkr.reason = "another program is signed in with this user";
        stage.status.setReport(report);
        QCOMPARE(stage.statusOf("ibkr"), QStringLiteral("TAKEN ELSEWHERE"));
        stage.select("ibkr");
        QVERIFY(!stage.button("takeOver")->isHidden());
        QSignalSpy told(&stage.view, &ConnectionsView::told);
        stage.button("takeOver")->click();
        QPointer<QDialog> dialog = stage.view.findChild<QDialog*>(QStringLiteral("sureDialog"));
        QVERIFY(dialog);
        QTest::keyClick(dialog, Qt::Key_Return); // going back is the default
        QTRY_VERIFY(!dialog);
        QVERIFY(!stage.wasCalled("POST /v1/broker/session/take-over"));
        stage.button("takeOver")->click();
        dialog = stage.view.findChild<QDialog*>(QStringLiteral("sureDialog"));
        dialog->findChild<QPushButton*>(QStringLiteral("sure"))->click();
        QTRY_COMPARE(told.count(), 1);
        QVERIFY(told[0][0].toBool());
        QVERIFY(stage.wasCalled("POST /v1/broker/session/take-over"));
    }

    void whatIsSelectedStaysSelected()
    {
        Stage stage;
        stage.load();
        stage.select("tradier");
        stage.status.setReport({}); // once a second
        stage.view.refresh();
        QSignalSpy rearranged(&stage.store, &ConnectionStore::rearranged);
        QTRY_COMPARE(rearranged.count(), 1);
        QCOMPARE(stage.view.table().currentItem(), stage.store.itemOf(BrokerId("tradier")));
        QVERIFY(!stage.button("connectBroker")->isHidden());
    }

    void offlineWhatWasKnownStaysAndSaysSo()
    {
        Stage stage;
        stage.load();
        stage.status.setLink({});
        QVERIFY(stage.view.note().contains(QStringLiteral("Offline")));
        QVERIFY(stage.view.table().isVisible());
        stage.select("tradier");
        QVERIFY(!stage.button("connectBroker")->isEnabled());
        Stage fresh;
        fresh.status.setLink({});
        QCOMPARE(fresh.view.findChild<StatePlate*>()->title(), QStringLiteral("Offline"));
    }

    void whoMayOnlyLookCannotChangeAnything()
    {
        Stage stage;
        stage.load();
        stage.view.setMayChange(false);
        stage.select("tradier");
        QVERIFY(!stage.button("connectBroker")->isEnabled());
        QVERIFY(!stage.button("revokeBroker")->isEnabled());
        QVERIFY(stage.view.note().contains(QStringLiteral("role trader")));
    }

    void aListThatDoesNotComeSaysWhyAndIsAskedForAgain()
    {
        Stage stage;
        stage.people.refuseNext("GET /v1/connections", 503, "storage.busy");
        stage.view.refresh();
        QTRY_VERIFY(stage.store.phase() == ConnectionStore::Phase::Failed);
        QCOMPARE(stage.view.findChild<StatePlate*>()->title(),
                 QStringLiteral("The connections did not come"));
        QTRY_VERIFY(stage.wasCalled("GET /v1/connections/available"));
        QCoreApplication::processEvents();
        stage.button("connectionRefresh")->click();
        QTRY_VERIFY(stage.store.phase() == ConnectionStore::Phase::Ready);
    }
};

QD_QT_SUITE(ConnectionsTest)

#include "connections_test.moc"
