#include "tests/qt/suite.h"
#include "tests/ui/people/people_stage.h"
#include "ui/people/door_view.h"
#include "ui/people/step_up_dialog.h"
#include "ui/people/strength_meter.h"

using namespace qd;
using namespace qd::ui;
using qd::ui::test::press;
using qd::ui::test::said;
using qd::ui::test::type;

namespace {

const QString kPassword = QString::fromLatin1(ScriptedPeople::kPassword);

struct DoorStage : qd::ui::test::PeopleStage {
    DoorStage() : door(theme, people, identity)
    {
        door.resize(1200, 800);
        door.setVisible(true);
        door.welcome({});
    }
    void enter(const char* email, const QString& password)
    {
        type(door, "signInEmail", QString::fromLatin1(email));
        type(door, "signInPassword", password);
        press(door, "signIn");
    }
    bool isCodeAsked()
    {
        return !door.findChild<QLineEdit*>(QStringLiteral("signInCode"))
                    ->parentWidget()
                    ->isHidden();
    }
    DoorView door;
};

} // namespace

/// How one comes in, and what one is told on the way.
class DoorTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void signingInAsksForTheSecondFactorOnlyAfterTheFirst()
    {
        DoorStage stage;
        QVERIFY(!stage.isCodeAsked());
        stage.enter("ann@example.org", kPassword);
        QTRY_VERIFY(stage.isCodeAsked());
        type(stage.door, "signInCode", QStringLiteral("111111"));
        press(stage.door, "signIn");
        QTRY_VERIFY(said(stage.door, "signIn").contains(QStringLiteral("not right")));
        type(stage.door, "signInCode", QString::fromLatin1(ScriptedPeople::kCode));
        QTest::keyClick(stage.door.findChild<QLineEdit*>(QStringLiteral("signInCode")),
                        Qt::Key_Return);
        QTRY_VERIFY(stage.identity.state() == client::Identity::State::SignedIn);
        QVERIFY(stage.door.findChild<QLineEdit*>(QStringLiteral("signInPassword"))->text().isEmpty());
        QCOMPARE(stage.people.token(), std::string("access-1"));
    }

    void aWrongPasswordAndAnUnknownAddressReadAlike()
    {
        DoorStage stage;
        stage.enter("ann@example.org", QStringLiteral("wrong password"));
        QTRY_VERIFY(said(stage.door, "signIn").contains(QStringLiteral("do not go together")));
        const QString known = said(stage.door, "signIn");
        stage.enter("nobody@example.org", QStringLiteral("wrong password"));
        QTRY_COMPARE(stage.people.calls().size(), std::size_t(2));
        QTRY_COMPARE(said(stage.door, "signIn"), known);
    }

    void waitingIsCountedDownAndTheButtonIsDeadMeanwhile()
    {
        DoorStage stage;
        stage.people.refuseNext("POST /v1/session", 429, "identity.wait", "\"retryAfterMs\":40000");
        stage.enter("ann@example.org", kPassword);
        auto* button = stage.door.findChild<QPushButton*>(QStringLiteral("signIn"));
        QTRY_VERIFY(!button->isEnabled() && button->text().contains(QStringLiteral("40 s")));
        QVERIFY(said(stage.door, "signIn").contains(QStringLiteral("40 s")));
    }

    void capsLockIsSeen()
    {
        DoorStage stage;
        auto* edit = stage.door.findChild<QLineEdit*>(QStringLiteral("signInPassword"));
        auto* below = stage.door.findChild<QLabel*>(QStringLiteral("signInPasswordError"));
        QTest::sendKeyEvent(QTest::Click, edit, Qt::Key_A, QStringLiteral("A"), Qt::NoModifier);
        QVERIFY(below->text().contains(QStringLiteral("Caps Lock")));
        QTest::sendKeyEvent(QTest::Click, edit, Qt::Key_A, QStringLiteral("A"), Qt::ShiftModifier);
        QVERIFY(below->text().isEmpty());
        QTest::sendKeyEvent(QTest::Click, edit, Qt::Key_A, QStringLiteral("a"), Qt::ShiftModifier);
        QVERIFY(below->text().contains(QStringLiteral("Caps Lock")));
    }

    void aWeakPasswordIsSaidWhileTypingAndNotSent()
    {
        DoorStage stage;
        stage.door.show(DoorView::SignUpPage);
        type(stage.door, "signUpEmail", QStringLiteral("zoe@example.org"));
        type(stage.door, "signUpName", QStringLiteral("Zoe"));
        auto* meter = stage.door.card(DoorView::SignUpPage).findChild<StrengthMeter*>();
        type(stage.door, "signUpPassword", QStringLiteral("qwerty"));
        QVERIFY(meter->text().contains(QStringLiteral("At least 12 characters")));
        QVERIFY(!meter->isAccepted());
        press(stage.door, "signUp");
        QVERIFY(said(stage.door, "signUp").contains(QStringLiteral("stronger")));
        QVERIFY(stage.people.calls().empty());
        type(stage.door, "signUpPassword", QStringLiteral("zoe@example.org1"));
        QVERIFY(!meter->isAccepted()); // made of the address
        type(stage.door, "signUpPassword", QStringLiteral("umbrella clockwork fjord"));
        QVERIFY(meter->isAccepted());
        press(stage.door, "signUp");
        QTRY_COMPARE(stage.door.page(), DoorView::VerifyPage);
        type(stage.door, "verifyCode", QString::fromLatin1(ScriptedPeople::kCode));
        press(stage.door, "verify");
        QTRY_COMPARE(stage.door.page(), DoorView::SignInPage);
        QVERIFY(said(stage.door, "signIn").contains(QStringLiteral("verified")));
    }

    void aForgottenPasswordIsSetByTheCodeOfAMail()
    {
        DoorStage stage;
        press(stage.door, "toForgot");
        type(stage.door, "forgotEmail", QStringLiteral("ann@example.org"));
        press(stage.door, "forgot");
        QTRY_COMPARE(stage.door.page(), DoorView::ResetPage);
        type(stage.door, "resetCode", QStringLiteral("000000"));
        type(stage.door, "resetPassword", QStringLiteral("umbrella clockwork fjord"));
        press(stage.door, "reset");
        QTRY_VERIFY(said(stage.door, "reset").contains(QStringLiteral("30 minutes")));
        type(stage.door, "resetCode", QString::fromLatin1(ScriptedPeople::kCode));
        press(stage.door, "reset");
        QTRY_COMPARE(stage.door.page(), DoorView::SignInPage);
    }

    void whatBackendIsMeantAndWhyOneIsHereIsSaid()
    {
        DoorStage stage;
        stage.door.setPlace(QStringLiteral("https://desk.example.org"));
        stage.door.welcome(QStringLiteral("Your session has ended."));
        QCOMPARE(said(stage.door, "signIn"), QStringLiteral("Your session has ended."));
        auto* owner = stage.door.findChild<QPushButton*>(QStringLiteral("signInLeave"));
        QVERIFY(owner->isHidden());
        stage.door.offerOwner(true);
        QVERIFY(!owner->isHidden());
    }

    void theProofOfAStepUpGoesOnOrRefuses()
    {
        qd::ui::test::PeopleStage stage;
        stage.signInAsAnn();
        QWidget window;
        StepUpDialog dialog(stage.theme, stage.identity, &window);
        dialog.open();
        type(dialog, "proofPassword", QStringLiteral("not it"));
        press(dialog, "proof");
        QTRY_VERIFY(said(dialog, "proof").contains(QStringLiteral("do not go together")));
        type(dialog, "proofPassword", kPassword);
        press(dialog, "proof");
        QTRY_VERIFY(said(dialog, "proof").contains(QStringLiteral("authenticator")));
        type(dialog, "proofCode", QString::fromLatin1(ScriptedPeople::kCode));
        press(dialog, "proof");
        QTRY_VERIFY(!dialog.isVisible());
        QCOMPARE(dialog.result(), int(QDialog::Accepted));
    }
};

QD_QT_SUITE(DoorTest)

#include "door_test.moc"
