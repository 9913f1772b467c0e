#pragma once

#include "services/client/identity.h"
#include "ui/people/card.h"
#include "ui/people/devices_view.h"

class QComboBox;
class QStackedLayout;

namespace qd::ui {

class StrengthMeter;

/// Changing one's own password.
class PasswordCard final : public Card {
    Q_OBJECT
public:
    PasswordCard(const Theme& theme, client::Identity& identity, QWidget* parent = nullptr);

private:
    void change();

    client::Identity& m_identity;
    Field *m_old, *m_new;
    StrengthMeter* m_meter;
};

/// For the owner of an installation: an account to sign in with from elsewhere, and to lock with.
class FirstAccountCard final : public Card {
    Q_OBJECT
public:
    FirstAccountCard(const Theme& theme, client::Caller& caller, QWidget* parent = nullptr);

Q_SIGNALS:
    void made(const QString& email);

private:
    void make();

    client::PeopleApi m_people;
    Field *m_email, *m_name, *m_password;
    StrengthMeter* m_meter;
};

/// One's own account: who one is and may be, the password, the second factor, the devices. The owner,
/// who has none, is told what that means and offered to make one.
class AccountView final : public QWidget {
    Q_OBJECT
public:
    struct Dependencies {
        const Theme& theme;
        client::Caller& caller;
        client::Identity& identity;
        const runtime::Clock& clock;
    };
    explicit AccountView(Dependencies dependencies, QWidget* parent = nullptr);
    /// Fetch what is not pushed; when somebody looks.
    void refresh();
    /// 0: never.
    int lockAfterMinutes() const;
    void setLockAfterMinutes(int minutes);

Q_SIGNALS:
    void lockAfterChanged(int minutes);
    void signOutWanted();
    void signInWanted();
    void told(bool isDone, const QString& title, const QString& text);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QWidget* buildOwn();
    QWidget* buildOwner();
    Card* buildWho();
    Card* buildFactor();
    void showWho();
    void openTotp();
    void removeTotp();

    const Dependencies m_the;
    client::PeopleApi m_people;
    QStackedLayout* m_stack;
    QWidget *m_own, *m_owner;
    ValueRow *m_name, *m_email, *m_roles, *m_keys;
    QComboBox* m_lockAfter;
    TextLabel* m_factorText;
    QPushButton *m_addTotp, *m_removeTotp;
    DevicesView* m_devices;
};

} // namespace qd::ui
