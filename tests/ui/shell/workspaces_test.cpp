#include <QDockWidget>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>

#include "tests/qt/suite.h"
#include "tests/ui/painted.h"
#include "tests/ui/shell/people_stage.h"
#include "ui/orders/order_ticket.h"
#include "ui/people/step_up_dialog.h"

using namespace qd;
using namespace qd::ui;

namespace {

using qd::ui::test::PeopleWindow;
using qd::ui::test::everythingPainted;

void typeIn(PeopleWindow& stage, const char* field, const char* text)
{
    for (auto* edit : stage.window.findChildren<QLineEdit*>(QLatin1String(field))) {
        if (!edit->isVisible()) continue;
        edit->clear();
        QTest::keyClicks(edit, QString::fromLatin1(text));
    }
}

void pressIn(PeopleWindow& stage, const char* name)
{
    for (auto* button : stage.window.findChildren<QPushButton*>(QLatin1String(name))) {
        if (button->isVisible()) return button->click();
    }
    QFAIL(name);
}

void unlock(PeopleWindow& stage)
{
    typeIn(stage, "proofPassword", ScriptedPeople::kPassword);
    pressIn(stage, "proof");
    QTRY_VERIFY(stage.find<QLineEdit>("proofCode")->isVisible());
    typeIn(stage, "proofCode", ScriptedPeople::kCode);
    pressIn(stage, "proof");
}

} // namespace

/// What the window shows to whom, and what it puts away.
class WorkspacesTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void theOwnerWorksAsEverAndIsOfferedAnAccount()
    {
        PeopleWindow stage;
        stage.identity.beOwner();
        QCOMPARE(stage.places().page(), Workspaces::Trading);
        QVERIFY(stage.window.ticket().lockReason().isEmpty());
        QCOMPARE(stage.find<QPushButton>("personButton")->text(), QStringLiteral("Owner"));
        QTest::keyClick(&stage.window, Qt::Key_U, Qt::ControlModifier | Qt::ShiftModifier);
        QCOMPARE(stage.places().page(), Workspaces::Account);
        QVERIFY(everythingPainted(stage.window).contains(QStringLiteral("You are the owner")));
        QTest::keyClick(&stage.window, Qt::Key_L, Qt::ControlModifier);
        QCOMPARE(stage.places().page(), Workspaces::Account); // nothing could unlock it
    }

    void whoeverOpensTheTerminalBeginsAtTheDoor()
    {
        PeopleWindow stage;
        stage.places().begin(/*isOwner=*/false);
        QCOMPARE(stage.places().page(), Workspaces::Door);
        QTest::qWait(50); // nothing was kept that could let anybody in
        QCOMPARE(stage.places().page(), Workspaces::Door);
        QVERIFY(!everythingPainted(stage.window).contains(QStringLiteral("SPY")));
        QVERIFY(!stage.places().show(Workspaces::Trading));
    }

    void theOwnerIsInAtOnce()
    {
        PeopleWindow stage;
        stage.places().begin(/*isOwner=*/true);
        QCOMPARE(stage.places().page(), Workspaces::Trading);
        QVERIFY(stage.identity.who().isOwner);
    }

    void whoLeftTheTerminalSignedInNeedNotSignInAgain()
    {
        PeopleWindow stage;
        stage.signInAsAnn(); // yesterday
        client::Identity today(stage.people, stage.keys, {});
        client::Identity* identity = &today;
        MainWindow window(stage.desk, stage.theme, stage.random,
                          People{stage.people, *identity, [](const QUrl&) { return true; }});
        window.show();
        window.workspaces()->begin(/*isOwner=*/false);
        QTRY_COMPARE(window.workspaces()->page(), Workspaces::Trading);
        QCOMPARE(window.workspaces()->personText(), QStringLiteral("Ann Archer"));
        window.workspaces()->signOut();
        QCOMPARE(window.workspaces()->page(), Workspaces::Door);
        client::Identity tomorrow(stage.people, stage.keys, {});
        bool isAsked = false;
        tomorrow.resume([&](bool isSignedIn) { isAsked = !isSignedIn; });
        QTRY_VERIFY(isAsked); // signing out forgets what was kept
    }

    void theDocksComeBackAsTheyWere()
    {
        PeopleWindow stage;
        stage.identity.beOwner();
        auto* quotes = stage.find<QDockWidget>("quoteDock");
        quotes->hide();
        const int width = stage.find<QDockWidget>("watchlistDock")->width();
        QTest::keyClick(&stage.window, Qt::Key_B, Qt::ControlModifier | Qt::ShiftModifier);
        QCOMPARE(stage.places().page(), Workspaces::Connections);
        QVERIFY(!stage.find<QDockWidget>("watchlistDock")->isVisible());
        QVERIFY(!stage.window.workspace().docks.isEmpty()); // closing here keeps Trading's layout
        QTest::keyClick(&stage.window, Qt::Key_T, Qt::ControlModifier | Qt::ShiftModifier);
        QVERIFY(stage.find<QDockWidget>("watchlistDock")->isVisible());
        QVERIFY(!quotes->isVisible());
        QTRY_COMPARE(stage.find<QDockWidget>("watchlistDock")->width(), width);
    }

    void theAccountsFiguresComeBeforeTheProductsName()
    {
        PeopleWindow stage({1440, 900});
        stage.identity.beOwner();
        const auto isSeen = [&](const char* text) {
            return everythingPainted(stage.window).contains(QLatin1String(text));
        };
        for (const char* figure : {"Net liquidation", "Buying power", "Day P&L", "Open risk"}) {
            QVERIFY2(isSeen(figure), figure);
        }
        QVERIFY(!isSeen("QUARTERDECK"));
        stage.window.resize(1920, 1080);
        QTRY_VERIFY(isSeen("QUARTERDECK"));
    }

    void aCommandAboutTradingGoesThereFirst()
    {
        PeopleWindow stage;
        stage.identity.beOwner();
        QVERIFY(stage.places().show(Workspaces::Administration));
        QTest::keyClick(&stage.window, Qt::Key_F9);
        QCOMPARE(stage.places().page(), Workspaces::Trading);
        QVERIFY(stage.window.ticket().draft().side == Side::Buy);
    }

    void nothingCanBeReadOrDoneWhileLocked()
    {
        PeopleWindow stage;
        stage.signInAsAnn();
        auto* floating = stage.find<QDockWidget>("quoteDock");
        floating->setFloating(true);
        stage.window.openHaltDialog();
        QTest::keyClick(&stage.window, Qt::Key_L, Qt::ControlModifier);
        QVERIFY(stage.places().lock() || stage.places().isClosed());
        QCOMPARE(stage.places().page(), Workspaces::Lock);
        const QString seen = everythingPainted(stage.window);
        for (const char* secret : {"SPY", "1,284,530.22", "PAPER", "Net liquidation"}) {
            QVERIFY2(!seen.contains(QLatin1String(secret)), secret);
        }
        QVERIFY(!floating->isVisible());
        for (const QDialog* dialog : stage.window.findChildren<QDialog*>()) {
            QVERIFY(!dialog->isVisible());
        }
        QTest::keyClick(&stage.window, Qt::Key_K, Qt::ControlModifier);
        QVERIFY(!stage.window.palette().isVisible());
        QTest::keyClick(&stage.window, Qt::Key_F9);
        QTest::keyClick(&stage.window, Qt::Key_T, Qt::ControlModifier | Qt::ShiftModifier);
        QCOMPARE(stage.places().page(), Workspaces::Lock);
        stage.desk.tell(client::Severity::Critical, QStringLiteral("Filled"), QStringLiteral("x"));
        QVERIFY(!stage.window.toasts().isVisible());
    }

    void theMarketGoesOnBehindTheLock()
    {
        PeopleWindow stage;
        stage.signInAsAnn();
        QVERIFY(stage.places().lock());
        const int slot = stage.desk.quotes().slotFor(Symbol::of("SPY"));
        client::MarketBatch batch;
        client::QuoteTick& tick = batch.quotes.emplace_back();
        tick.symbol = Symbol::of("SPY");
        tick.last = tick.bid = tick.ask = Price::of("500.01");
        tick.eventTime = tick.receiveTime = stage.clock.now();
        Q_EMIT stage.session.marketArrived(batch);
        QCOMPARE(stage.desk.quotes().at(slot).last, Price::of("500.01"));
        QTRY_VERIFY(QApplication::focusWidget() &&
                    QApplication::focusWidget()->objectName() == QStringLiteral("proofPassword"));
        typeIn(stage, "proofPassword", "not it");
        pressIn(stage, "proof");
        QTRY_VERIFY(everythingPainted(stage.window).contains(QStringLiteral("do not go together")));
        QCOMPARE(stage.places().page(), Workspaces::Lock);
        unlock(stage);
        QTRY_COMPARE(stage.places().page(), Workspaces::Trading);
        QVERIFY(stage.find<QDockWidget>("watchlistDock")->isVisible());
    }

    void itLocksByItselfWhenNobodyTouchesIt()
    {
        PeopleWindow stage;
        stage.signInAsAnn();
        stage.places().idleWatch().setAfter(std::chrono::milliseconds(30));
        QTRY_COMPARE(stage.places().page(), Workspaces::Lock);
        WorkspaceFile file = stage.window.workspace();
        file.lockAfterMinutes = 5;
        stage.window.restore(file);
        QCOMPARE(stage.places().lockAfterMinutes(), 5);
    }

    void signingOutOfALockDoesNotLeadAroundIt()
    {
        PeopleWindow stage;
        stage.signInAsAnn();
        QVERIFY(stage.places().lock());
        pressIn(stage, "lockSignOut");
        QTRY_COMPARE(stage.places().page(), Workspaces::Door);
        QVERIFY(stage.find<QPushButton>("signInLeave")->isHidden());
        stage.signInAsAnn();
        QTRY_COMPARE(stage.places().page(), Workspaces::Trading);
        stage.places().signOut();
        QTRY_COMPARE(stage.places().page(), Workspaces::Door);
        QVERIFY(!stage.find<QPushButton>("signInLeave")->isHidden());
        pressIn(stage, "signInLeave");
        QCOMPARE(stage.places().page(), Workspaces::Trading);
        QVERIFY(stage.identity.who().isOwner);
    }

    void aRoleTakenAwayClosesWhatItOpened()
    {
        PeopleWindow stage;
        stage.signInAsAnn();
        QVERIFY(stage.places().show(Workspaces::Administration));
        QTRY_VERIFY(!everythingPainted(stage.window).isEmpty());
        stage.people.setRoles({Role::Viewer});
        stage.identity.lookAgain();
        QTRY_COMPARE(stage.places().page(), Workspaces::Trading);
        QVERIFY(!stage.places().show(Workspaces::Administration));
        QVERIFY(!stage.window.ticket().lockReason().isEmpty());
        QVERIFY(!stage.find<QPushButton>("ticketSubmit")->isEnabled());
        stage.people.setRoles({Role::Viewer, Role::Trader});
        stage.identity.lookAgain();
        QTRY_VERIFY(stage.window.ticket().lockReason().isEmpty());
    }

    void whoOnlyAdministersBeginsThere()
    {
        PeopleWindow stage;
        stage.people.setRoles({Role::Admin});
        stage.places().openDoor({});
        stage.signInAsAnn();
        QTRY_COMPARE(stage.places().page(), Workspaces::Administration);
    }

    void aSessionThatEndedLeadsToTheDoorAndSaysWhy()
    {
        PeopleWindow stage;
        stage.signInAsAnn();
        stage.people.endSession();
        stage.identity.lookAgain();
        QTRY_COMPARE(stage.places().page(), Workspaces::Door);
        QVERIFY(everythingPainted(stage.window).contains(QStringLiteral("session has ended")));
        QVERIFY(!everythingPainted(stage.window).contains(QStringLiteral("SPY")));
    }

    void whatWantsAProofRaisesOneDialogAndIsDoneAfterIt()
    {
        PeopleWindow stage;
        stage.signInAsAnn();
        stage.people.forgetStepUp();
        client::PeopleApi api(stage.people);
        int done = 0;
        for (int i = 0; i < 2; ++i) {
            api.removeTotp(&stage.window,
                           [&](const client::Answer<bool>& answer) { done += answer.has_value(); });
        }
        QTRY_VERIFY(stage.find<QDialog>("stepUpDialog"));
        QCOMPARE(stage.window.findChildren<QDialog*>(QStringLiteral("stepUpDialog")).size(), 1);
        unlock(stage);
        QTRY_COMPARE(done, 2);
    }

    void closingTheProofRefusesWhatWaited()
    {
        PeopleWindow stage;
        stage.signInAsAnn();
        stage.people.forgetStepUp();
        client::PeopleApi api(stage.people);
        QString code;
        api.removeTotp(&stage.window, [&](const client::Answer<bool>& answer) {
            if (!answer) code = QString::fromStdString(answer.error().code);
        });
        QTRY_VERIFY(stage.find<QDialog>("stepUpDialog"));
        QTest::keyClick(stage.find<QDialog>("stepUpDialog"), Qt::Key_Escape);
        QTRY_COMPARE(code, QStringLiteral("auth.step_up_required"));
    }
};

QD_QT_SUITE(WorkspacesTest)

#include "workspaces_test.moc"
