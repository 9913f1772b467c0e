#include <QLineEdit>
#include <QPushButton>

#include "ui/connections/connections_view.h"
#include "ui/people/account_view.h"
#include "ui/people/administration_view.h"
#include "ui/people/door_view.h"
#include "ui/people/mailbox_dialog.h"
#include "ui/shell/gallery_stage.h"

namespace qd::ui {

namespace {

constexpr QSize kWide(1920, 1080), kNarrow(1440, 900);

void type(QWidget& root, const char* field, const QString& text)
{
    for (auto* edit : root.findChildren<QLineEdit*>(QLatin1String(field))) {
        if (!edit->isVisible()) continue;
        edit->setText(text);
        Q_EMIT edit->textEdited(text);
    }
}

void press(QWidget& root, const char* name)
{
    for (auto* button : root.findChildren<QPushButton*>(QLatin1String(name))) {
        if (button->isVisible()) return button->click();
    }
}

void selectBroker(GalleryStage& stage, const char* broker)
{
    DataTable& table = stage.places().connectionsView().table();
    const int item = stage.places().connections().itemOf(BrokerId(broker));
    if (item < 0) return;
    table.setCurrentIndex(table.model()->index(table.rowModel()->rowOf(item), 0));
    settle(2);
}

void shootDoor(Theme& theme, const Shoot& shoot)
{
    GalleryStage stage(theme, kNarrow);
    stage.places().openDoor(QObject::tr("Your session has ended. Please sign in again."));
    type(stage.window, "signInEmail", QStringLiteral("ann@example.org"));
    shoot(stage.window, QStringLiteral("sign-in"));
    type(stage.window, "signInPassword", QString::fromLatin1(ScriptedPeople::kPassword));
    press(stage.window, "signIn");
    settle(8);
    shoot(stage.window, QStringLiteral("sign-in-code"));
    stage.people.refuseNext("POST /v1/session", 429, "identity.wait", "\"retryAfterMs\":40000");
    type(stage.window, "signInCode", QStringLiteral("123456"));
    press(stage.window, "signIn");
    settle(8);
    shoot(stage.window, QStringLiteral("sign-in-wait"));
    stage.places().doorView().show(DoorView::SignUpPage);
    type(stage.window, "signUpEmail", QStringLiteral("zoe@example.org"));
    type(stage.window, "signUpName", QStringLiteral("Zoe Ray"));
    type(stage.window, "signUpPassword", QStringLiteral("Zoe2024qwerty"));
    settle(4);
    shoot(stage.window, QStringLiteral("sign-up-weak"));
    type(stage.window, "signUpPassword", QStringLiteral("umbrella clockwork fjord"));
    settle(4);
    shoot(stage.window, QStringLiteral("sign-up"));
    stage.places().doorView().show(DoorView::ResetPage);
    settle(4);
    shoot(stage.window, QStringLiteral("password-reset"));
}

/// From the Account workspace of who has an authenticator already.
void setUpAuthenticator(GalleryStage& stage)
{
    stage.places().accountView().window()->findChild<DevicesView*>()->refresh();
    press(stage.window, "totpRemove");
    settle(8);
    press(stage.window, "totpAdd");
    settle(8);
}

void shootAccount(Theme& theme, const Shoot& shoot)
{
    GalleryStage stage(theme, kNarrow);
    stage.places().show(Workspaces::Account);
    settle(4);
    shoot(stage.window, QStringLiteral("account-owner"));
    press(stage.window, "ownerMailbox");
    settle(6);
    shoot(stage.window, QStringLiteral("mailbox"));
    stage.window.findChild<MailboxDialog*>()->reject();
    settle(2);
    stage.signIn();
    stage.places().show(Workspaces::Trading);
    stage.places().show(Workspaces::Account);
    settle(8);
    shoot(stage.window, QStringLiteral("account"));
    setUpAuthenticator(stage);
    shoot(stage.window, QStringLiteral("totp"));
    type(stage.window, "totpCode", QString::fromLatin1(ScriptedPeople::kCode));
    press(stage.window, "totpConfirm");
    settle(8);
    shoot(stage.window, QStringLiteral("recovery-codes"));
    press(stage.window, "recoveryKept");
    settle(4);
    stage.places().lock();
    settle(4);
    shoot(stage.window, QStringLiteral("locked"));
}

void shootAdministration(Theme& theme, const Shoot& shoot)
{
    GalleryStage stage(theme, kNarrow);
    stage.signIn();
    stage.places().show(Workspaces::Administration);
    settle(8);
    DataTable& table = stage.places().administrationView().table();
    table.setCurrentIndex(table.model()->index(1, 0));
    settle(4);
    shoot(stage.window, QStringLiteral("administration"));
    stage.people.forgetStepUp();
    press(stage.window, "userSignOut");
    settle(4);
    shoot(stage.window, QStringLiteral("administration-sure"));
    press(stage.window, "sure");
    settle(8);
    shoot(stage.window, QStringLiteral("step-up"));
}

void shootConnections(Theme& theme, const Shoot& shoot)
{
    GalleryStage stage(theme, kWide);
    stage.people.setAnswering(false);
    stage.places().show(Workspaces::Connections);
    settle(4);
    shoot(stage.window, QStringLiteral("connections-loading"));
}

void shootConsents(Theme& theme, const Shoot& shoot)
{
    GalleryStage stage(theme, kNarrow);
    stage.places().show(Workspaces::Connections);
    settle(8);
    selectBroker(stage, "alpaca");
    shoot(stage.window, QStringLiteral("connections"));
    press(stage.window, "revokeBroker");
    settle(4);
    shoot(stage.window, QStringLiteral("connection-revoke"));
    press(stage.window, "sureBack");
    settle(4);
    selectBroker(stage, "tradier");
    press(stage.window, "connectBroker");
    settle(8);
    shoot(stage.window, QStringLiteral("connection-consent"));
    stage.people.refuseNext("POST /v1/connections/tradier/finish", 503, "oauth.exchange_failed",
                            "\"retry\":true");
    stage.places().connections().flow().paste(
        QStringLiteral("https://desk.example.org/callback?state=x&code=y"));
    settle(8);
    shoot(stage.window, QStringLiteral("connection-retry"));
    client::StatusReport report = stage.session.world().status();
    client::BrokerFacts& ibkr = report.brokers.emplace_back();
    ibkr.name = "ibkr";
    ibkr.sessionTaken = true;
    ibkr.reason = "another program is signed in with this user";
    Q_EMIT stage.session.statusArrived(report);
    stage.places().connections().flow().cancel();
    selectBroker(stage, "ibkr");
    settle(4);
    shoot(stage.window, QStringLiteral("connection-taken-elsewhere"));
    press(stage.window, "takeOver");
    settle(4);
    shoot(stage.window, QStringLiteral("connection-take-over"));
    press(stage.window, "sureBack");
    settle(4);
    stage.session.goOffline("connection refused by 127.0.0.1");
    settle(4);
    shoot(stage.window, QStringLiteral("connections-offline"));
}

} // namespace

void shootPeopleInTheme(Theme& theme, const QString& name, const Shoot& shoot)
{
    GalleryStage stage(theme, kNarrow);
    stage.places().show(Workspaces::Connections);
    settle(8);
    selectBroker(stage, "tradier");
    shoot(stage.window, QStringLiteral("connections-") + name);
    stage.places().openDoor({});
    stage.places().doorView().show(DoorView::SignUpPage);
    type(stage.window, "signUpPassword", QStringLiteral("Zoe2024qwerty"));
    settle(4);
    shoot(stage.window, QStringLiteral("sign-up-") + name);
    stage.signIn();
    stage.places().show(Workspaces::Administration);
    settle(8);
    shoot(stage.window, QStringLiteral("administration-") + name);
    stage.places().show(Workspaces::Account);
    settle(8);
    setUpAuthenticator(stage);
    shoot(stage.window, QStringLiteral("totp-") + name);
}

void shootPeople(Theme& theme, const Shoot& shoot)
{
    shootDoor(theme, shoot);
    shootAccount(theme, shoot);
    shootAdministration(theme, shoot);
    shootConnections(theme, shoot);
    shootConsents(theme, shoot);
}

} // namespace qd::ui
