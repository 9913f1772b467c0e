#pragma once

#include <array>

#include <QStackedWidget>

#include "services/client/identity.h"
#include "services/client/people_api.h"
#include "ui/people/card.h"

namespace qd::ui {

class StrengthMeter;

/// The way in: sign in, make an account, verify its address, set a new password. Says as little about
/// who has an account as the backend does. GUI thread.
class DoorView final : public QWidget {
    Q_OBJECT
public:
    enum Page { SignInPage, SignUpPage, VerifyPage, ForgotPage, ResetPage };

    /// Both outlive it.
    DoorView(const Theme& theme, client::Caller& caller, client::Identity& identity,
             QWidget* parent = nullptr);

    void show(Page page);
    Page page() const { return Page(m_pages->currentIndex()); }
    Card& card(Page page) { return *m_cards[page]; }
    /// Why one has to sign in again; empty: nothing to say.
    void welcome(const QString& why);
    /// Beside signing in, the owner's rights may be had here.
    void offerOwner(bool isOffered);
    /// Which backend it is: shown below the cards.
    void setPlace(const QString& place);

Q_SIGNALS:
    /// To be the owner instead.
    void leaveWanted();

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void buildSignIn();
    void buildSignUp();
    void buildVerify();
    void buildForgot();
    void buildReset();
    Card& addCard(Page page, const QString& title);
    void signIn();
    void takeSignIn(const client::Answer<bool>& answer);
    void takeStage(client::Identity::Stage stage);
    void signUp();
    void verify();
    void forgot();
    void reset();
    /// The outcome of a plain call: go on, or say why not.
    std::function<void(client::Answer<bool>)> outcome(Page page, std::function<void()> done);

    const Theme& m_theme;
    client::Identity& m_identity;
    client::PeopleApi m_people;
    QStackedWidget* m_pages;
    TextLabel* m_place;
    std::array<Card*, 5> m_cards{};
    Field *m_email = nullptr, *m_password = nullptr, *m_code = nullptr;
    Field *m_newEmail = nullptr, *m_newName = nullptr, *m_newPassword = nullptr;
    Field* m_verifyCode = nullptr;
    Field* m_forgotEmail = nullptr;
    Field *m_resetCode = nullptr, *m_resetPassword = nullptr;
    StrengthMeter *m_newMeter = nullptr, *m_resetMeter = nullptr;
    QPushButton *m_cancel = nullptr, *m_leave = nullptr;
    runtime::Secret m_triedPassword; ///< while the code to it is typed
};

} // namespace qd::ui
