#include <QCheckBox>
#include <QClipboard>
#include <QDialog>
#include <QPlainTextEdit>
#include <QSignalSpy>

#include "tests/qt/suite.h"
#include "tests/ui/people/people_stage.h"
#include "ui/people/account_view.h"
#include "ui/people/administration_view.h"
#include "ui/people/mailbox_dialog.h"
#include "ui/people/totp_dialog.h"

using namespace qd;
using namespace qd::ui;
using qd::ui::test::press;
using qd::ui::test::said;
using qd::ui::test::type;

namespace {

using Stage = qd::ui::test::PeopleStage;

AccountView::Dependencies partsOf(Stage& stage)
{
    return {stage.theme, stage.people, stage.identity, stage.clock};
}

template <typename T>
T* dialogOf(QWidget& root, const char* name)
{
    T* found = nullptr;
    (void)QTest::qWaitFor([&] {
        for (T* one : root.findChildren<T*>(QLatin1String(name))) {
            if (one->isVisible()) found = one;
        }
        return found != nullptr;
    });
    return found;
}

} // namespace

/// One's own account, and everybody's for who administers.
class AccountTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void theOwnerIsToldWhatThatMeansAndCanMakeTheFirstAccount()
    {
        Stage stage;
        stage.identity.beOwner();
        AccountView view(partsOf(stage));
        view.resize(1200, 900);
        view.setVisible(true);
        QSignalSpy told(&view, &AccountView::told);
        type(view, "firstEmail", QStringLiteral("olga@example.org"));
        type(view, "firstName", QStringLiteral("Olga"));
        type(view, "firstPassword", QStringLiteral("password1234"));
        press(view, "firstMake");
        QVERIFY(said(view, "firstMake").contains(QStringLiteral("stronger")));
        QVERIFY(stage.people.calls().empty());
        type(view, "firstPassword", QStringLiteral("umbrella clockwork fjord"));
        press(view, "firstMake");
        QTRY_COMPARE(told.count(), 1);
        QVERIFY(stage.wasCalled("POST /v1/users"));
        QVERIFY(stage.people.lastBody().find("\"admin\"") != std::string::npos);
    }

    void theOwnerReadsTheCodesThatNoServerTookAlong()
    {
        Stage stage;
        stage.identity.beOwner();
        MailboxDialog dialog(stage.theme, stage.people, nullptr);
        dialog.setVisible(true);
        auto* text = dialog.findChild<QPlainTextEdit*>(QStringLiteral("mailText"));
        QTRY_VERIFY(text->toPlainText().contains(QStringLiteral("428117")));
        QCOMPARE(dialog.findChild<DataTable*>()->rowModel()->itemCount(), 2);
    }

    void theDevicesAreListedWithThisOneMarkedAndOthersCanBeEnded()
    {
        Stage stage;
        stage.signInAsAnn();
        DevicesView view(stage.theme, stage.people, stage.clock);
        view.setVisible(true);
        view.refresh();
        QTRY_COMPARE(view.model().itemCount(), 4);
        QCOMPARE(view.model().cellOf(0, DevicesTableModel::HereColumn).text,
                 QStringLiteral("THIS ONE"));
        QVERIFY(view.model().cellOf(1, DevicesTableModel::HereColumn).text.isEmpty());
        auto* end = view.findChild<QPushButton*>(QStringLiteral("deviceEnd"));
        auto* table = view.findChild<DataTable*>();
        table->setCurrentIndex(view.model().index(0, 0));
        QVERIFY(!end->isEnabled()); // not the branch one sits on
        table->setCurrentIndex(view.model().index(2, 0));
        end->click();
        QTRY_COMPARE(view.model().itemCount(), 3);
        press(view, "deviceEndOthers");
        QTRY_COMPARE(view.model().itemCount(), 1);
        QVERIFY(view.model().at(0).isCurrent);
    }

    void aPasswordIsChangedOnlyWithThePresentOne()
    {
        Stage stage;
        stage.signInAsAnn();
        PasswordCard card(stage.theme, stage.identity);
        card.setVisible(true);
        type(card, "passwordOld", QStringLiteral("not it"));
        type(card, "passwordNew", QStringLiteral("umbrella clockwork fjord"));
        press(card, "passwordChange");
        QTRY_VERIFY(said(card, "passwordChange").contains(QStringLiteral("is another")));
        type(card, "passwordOld", QString::fromLatin1(ScriptedPeople::kPassword));
        press(card, "passwordChange");
        QTRY_VERIFY(said(card, "passwordChange").contains(QStringLiteral("Changed")));
        QVERIFY(card.findChild<QLineEdit*>(QStringLiteral("passwordNew"))->text().isEmpty());
    }

    void theAuthenticatorIsSetUpAndTheCodesAreShownOnce()
    {
        Stage stage;
        stage.signInAsAnn();
        QWidget window;
        auto* dialog = new TotpDialog(stage.theme, stage.people, &window);
        dialog->setAttribute(Qt::WA_DeleteOnClose);
        dialog->open();
        auto* secret = dialog->findChild<QLabel*>(QStringLiteral("totpSecret"));
        QTRY_VERIFY(secret->text().startsWith(QStringLiteral("JBSW Y3DP")));
        auto* square = dialog->findChild<QrCode*>();
        press(*dialog, "totpCopy");
        const std::string address = QGuiApplication::clipboard()->text().toStdString();
        QVERIFY(address.starts_with("otpauth://totp/"));
        QCOMPARE(square->squares().dark, qrSquaresOf(address).dark);
        type(*dialog, "totpCode", QStringLiteral("000000"));
        press(*dialog, "totpConfirm");
        QTRY_VERIFY(said(*dialog, "totpConfirm").contains(QStringLiteral("not right")));
        type(*dialog, "totpCode", QString::fromLatin1(ScriptedPeople::kCode));
        press(*dialog, "totpConfirm");
        auto* codes = dialog->findChild<QLabel*>(QStringLiteral("recoveryCodes"));
        QTRY_VERIFY(codes->text().contains(QStringLiteral("k7qa-2m4x-vbn3-ye5d")));
        QVERIFY(secret->text().isEmpty());
        QVERIFY(square->isEmpty());
        QPointer<QDialog> alive(dialog);
        press(*dialog, "recoveryKept");
        QTRY_VERIFY(!alive); // nothing keeps them
    }

    void rolesAreGivenAndTakenWhereTheyAreTicked()
    {
        Stage stage;
        stage.signInAsAnn();
        UserStore users(stage.people);
        AdministrationView view(stage.theme, users);
        view.resize(1200, 700);
        view.setVisible(true);
        view.refresh();
        QTRY_COMPARE(users.count(), 6);
        view.table().setCurrentIndex(view.table().model()->index(1, 0));
        auto* box = view.findChild<QCheckBox*>(QStringLiteral("role-operator"));
        QVERIFY(box->isEnabled() && !box->isChecked());
        box->click();
        QTRY_VERIFY(users.at(1).roles.contains(Role::Operator));
        QVERIFY(box->isChecked());
        stage.people.refuseNext("DELETE /v1/users/7c1f1f2e-5f0a-4d7b-9a54-3f6f6b1c0002/roles/operator",
                                409, "identity.last_admin");
        QSignalSpy told(&view, &AdministrationView::told);
        box->click();
        QTRY_COMPARE(told.count(), 1);
        QVERIFY(!told[0][0].toBool());
        QVERIFY(box->isChecked()); // what was refused is not shown as done
    }

    void disablingTakesASecondPressAndGoingBackIsTheDefault()
    {
        Stage stage;
        stage.signInAsAnn();
        UserStore users(stage.people);
        AdministrationView view(stage.theme, users);
        view.resize(1200, 700);
        view.setVisible(true);
        view.refresh();
        QTRY_COMPARE(users.count(), 6);
        view.table().setCurrentIndex(view.table().model()->index(1, 0));
        press(view, "userDisable");
        auto* dialog = dialogOf<QDialog>(view, "sureDialog");
        QVERIFY(dialog);
        const QPointer<QDialog> gone(dialog);
        QTest::keyClick(dialog, Qt::Key_Return);
        QTRY_VERIFY(!gone || !gone->isVisible());
        QVERIFY(!users.at(1).disabled);
        press(view, "userDisable");
        dialog = dialogOf<QDialog>(view, "sureDialog");
        QVERIFY(dialog);
        press(*dialog, "sure");
        QTRY_VERIFY(users.at(1).disabled);
        QCOMPARE(view.table().rowModel()->cellOf(1, UsersTableModel::StateColumn).text,
                 QStringLiteral("DISABLED"));
    }

    void whoMayNotSeeTheAccountsIsToldSo()
    {
        Stage stage;
        stage.signInAsAnn();
        stage.people.setRoles({Role::Viewer});
        UserStore users(stage.people);
        AdministrationView view(stage.theme, users);
        view.refresh();
        QTRY_VERIFY(users.phase() == UserStore::Phase::Failed);
        QCOMPARE(users.count(), 0);
        QCOMPARE(view.findChild<StatePlate*>()->title(), QStringLiteral("The accounts did not come"));
    }
};

QD_QT_SUITE(AccountTest)

#include "account_test.moc"
