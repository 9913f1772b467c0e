#include "ui/people/door_view.h"

#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/people/strength_meter.h"
#include "ui/state/user_store.h"

namespace qd::ui {

namespace {

constexpr int kCardWidth = 420;

std::string typed(const Field* field)
{
    return field->text().toStdString();
}

} // namespace

DoorView::DoorView(const Theme& theme, client::Caller& caller, client::Identity& identity,
                   QWidget* parent)
    : QWidget(parent), m_theme(theme), m_identity(identity), m_people(caller),
      m_pages(new QStackedWidget(this)),
      m_place(new TextLabel(theme, TypeSize::Small, TypeWeight::Regular, Tone::Muted, this))
{
    setObjectName(QStringLiteral("door"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 56, 0, 20);
    column->addWidget(m_pages, 1);
    column->addWidget(m_place, 0, Qt::AlignHCenter);
    buildSignIn();
    buildSignUp();
    buildVerify();
    buildForgot();
    buildReset();
    connect(&identity, &client::Identity::stageChanged, this, &DoorView::takeStage);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

Card& DoorView::addCard(Page page, const QString& title)
{
    auto* card = new Card(m_theme, title, m_pages);
    card->setFixedWidth(kCardWidth);
    m_cards[page] = card;
    m_pages->addWidget(centred(card, m_pages));
    return *card;
}

void DoorView::buildSignIn()
{
    Card& card = addCard(SignInPage, tr("Sign in"));
    m_email = &card.addField(tr("E-mail address"), QStringLiteral("signInEmail"));
    m_password = &card.addPassword(tr("Password"), QStringLiteral("signInPassword"));
    m_code = &card.addField(tr("Code of your authenticator, or a recovery code"),
                            QStringLiteral("signInCode"));
    m_code->hide();
    card.addAction(tr("Sign in"), QStringLiteral("signIn"));
    connect(&card.action(), &QPushButton::clicked, this, &DoorView::signIn);
    connect(&card.addLink(tr("Make an account"), QStringLiteral("toSignUp")),
            &QPushButton::clicked, this, [this] { show(SignUpPage); });
    connect(&card.addLink(tr("Forgot password"), QStringLiteral("toForgot")),
            &QPushButton::clicked, this, [this] { show(ForgotPage); });
    m_cancel = &card.addLink(tr("Cancel"), QStringLiteral("signInCancel"));
    m_cancel->hide();
    connect(m_cancel, &QPushButton::clicked, this, [this] {
        m_identity.cancelProof();
        m_cards[SignInPage]->say({});
    });
    m_leave = &card.addLink(tr("Go on as owner"), QStringLiteral("signInLeave"));
    m_leave->hide();
    connect(m_leave, &QPushButton::clicked, this, &DoorView::leaveWanted);
    connect(m_email, &Field::edited, this, [this] { m_code->hide(); });
}

void DoorView::buildSignUp()
{
    Card& card = addCard(SignUpPage, tr("Make an account"));
    m_newEmail = &card.addField(tr("E-mail address"), QStringLiteral("signUpEmail"));
    m_newName = &card.addField(tr("Name"), QStringLiteral("signUpName"));
    m_newPassword = &card.addPassword(tr("Password"), QStringLiteral("signUpPassword"));
    m_newMeter = new StrengthMeter(m_theme, &card);
    card.addWidget(m_newMeter);
    card.addAction(tr("Make the account"), QStringLiteral("signUp"));
    const auto judge = [this] {
        m_newMeter->judge(m_newPassword->edit().text(), {typed(m_newEmail), typed(m_newName)});
    };
    for (Field* field : {m_newEmail, m_newName, m_newPassword}) {
        connect(field, &Field::edited, this, judge);
    }
    connect(&card.action(), &QPushButton::clicked, this, &DoorView::signUp);
    connect(&card.addLink(tr("Back to sign in"), QStringLiteral("signUpBack")),
            &QPushButton::clicked, this, [this] { show(SignInPage); });
}

void DoorView::buildVerify()
{
    Card& card = addCard(VerifyPage, tr("Look into your mail"));
    card.addText(tr("If this address can have an account here, a code was sent to it. It is good "
                    "for 30 minutes."));
    m_verifyCode = &card.addField(tr("Code of the mail"), QStringLiteral("verifyCode"));
    card.addAction(tr("Verify the address"), QStringLiteral("verify"));
    connect(&card.action(), &QPushButton::clicked, this, &DoorView::verify);
    connect(&card.addLink(tr("Back to sign in"), QStringLiteral("verifyBack")),
            &QPushButton::clicked, this, [this] { show(SignInPage); });
}

void DoorView::buildForgot()
{
    Card& card = addCard(ForgotPage, tr("Set a new password"));
    card.addText(tr("A code is sent to the address, if there is an account with it."));
    m_forgotEmail = &card.addField(tr("E-mail address"), QStringLiteral("forgotEmail"));
    card.addAction(tr("Send the code"), QStringLiteral("forgot"));
    connect(&card.action(), &QPushButton::clicked, this, &DoorView::forgot);
    connect(&card.addLink(tr("I have a code"), QStringLiteral("toReset")), &QPushButton::clicked,
            this, [this] { show(ResetPage); });
    connect(&card.addLink(tr("Back to sign in"), QStringLiteral("forgotBack")),
            &QPushButton::clicked, this, [this] { show(SignInPage); });
}

void DoorView::buildReset()
{
    Card& card = addCard(ResetPage, tr("Set a new password"));
    card.addText(tr("All devices that are signed in to the account are signed out by it."));
    m_resetCode = &card.addField(tr("Code of the mail"), QStringLiteral("resetCode"));
    m_resetPassword = &card.addPassword(tr("New password"), QStringLiteral("resetPassword"));
    m_resetMeter = new StrengthMeter(m_theme, &card);
    card.addWidget(m_resetMeter);
    card.addAction(tr("Set the password"), QStringLiteral("reset"));
    connect(m_resetPassword, &Field::edited, this, [this] {
        m_resetMeter->judge(m_resetPassword->edit().text(), {typed(m_forgotEmail)});
    });
    connect(&card.action(), &QPushButton::clicked, this, &DoorView::reset);
    connect(&card.addLink(tr("Back to sign in"), QStringLiteral("resetBack")),
            &QPushButton::clicked, this, [this] { show(SignInPage); });
}

void DoorView::show(Page page)
{
    m_pages->setCurrentIndex(page);
    m_cards[page]->say({});
    Field* first[] = {m_email, m_newEmail, m_verifyCode, m_forgotEmail, m_resetCode};
    Field* field = first[page];
    if (page == SignInPage && !m_email->text().isEmpty()) field = m_password;
    field->edit().setFocus();
}

void DoorView::welcome(const QString& why)
{
    m_code->hide();
    m_password->edit().clear();
    m_code->edit().clear();
    show(SignInPage);
    m_cards[SignInPage]->say(why, Tone::Warn);
}

void DoorView::offerOwner(bool isOffered)
{
    m_leave->setVisible(isOffered);
}

void DoorView::setPlace(const QString& place)
{
    m_place->show(place);
}

void DoorView::signIn()
{
    client::Credentials credentials;
    credentials.email = typed(m_email);
    const bool hasCode = !m_code->isHidden();
    if (!m_password->edit().text().isEmpty()) {
        m_triedPassword = runtime::Secret(m_password->edit().text().toStdString());
    }
    credentials.password = m_triedPassword.clone();
    if (hasCode) credentials.code = takeSecret(*m_code);
    m_cards[SignInPage]->say({});
    m_identity.signIn(std::move(credentials), this,
                      [this](const client::Answer<bool>& answer) { takeSignIn(answer); });
}

void DoorView::takeSignIn(const client::Answer<bool>& answer)
{
    Card& card = *m_cards[SignInPage];
    if (answer) {
        m_triedPassword = {};
        m_password->edit().clear();
        m_code->hide();
        return card.say({});
    }
    const client::Problem& problem = answer.error();
    const bool wantsCode =
        problem.code == "identity.code_needed" || problem.code == "identity.wrong_code";
    m_code->setVisible(wantsCode);
    card.say(refusalText(problem),
             problem.code == "identity.code_needed" ? Tone::Accent : Tone::Crit);
    if (problem.retryAfter) card.wait(*problem.retryAfter);
    if (problem.code == "identity.email_unverified") {
        show(VerifyPage);
        m_cards[VerifyPage]->say(refusalText(problem), Tone::Warn);
        return;
    }
    if (wantsCode) return m_code->edit().setFocus();
    m_triedPassword = {};
    m_password->edit().clear();
    m_password->edit().setFocus();
}

void DoorView::takeStage(client::Identity::Stage stage)
{
    using Stage = client::Identity::Stage;
    Card& card = *m_cards[SignInPage];
    card.setBusy(stage != Stage::Idle);
    m_cancel->setVisible(stage == Stage::Solving);
    if (stage == Stage::Solving) {
        card.say(tr("After several failed tries the backend wants to see some work. Solving its "
                    "puzzle takes a moment…"),
                 Tone::Accent);
    } else if (stage == Stage::Asking && page() == SignInPage) {
        card.say(tr("Asking the backend…"), Tone::Muted);
    }
}

std::function<void(client::Answer<bool>)> DoorView::outcome(Page page, std::function<void()> done)
{
    m_cards[page]->setBusy(true);
    m_cards[page]->say(tr("Asking the backend…"), Tone::Muted);
    return [this, page, done = std::move(done)](const client::Answer<bool>& answer) {
        Card& card = *m_cards[page];
        card.setBusy(false);
        if (answer) {
            card.say({});
            return done();
        }
        card.say(refusalText(answer.error()));
        if (answer.error().retryAfter) card.wait(*answer.error().retryAfter);
    };
}

void DoorView::signUp()
{
    if (!m_newMeter->isAccepted()) {
        return m_cards[SignUpPage]->say(tr("The password has to be stronger."));
    }
    client::NewUser user;
    user.email = typed(m_newEmail);
    user.name = typed(m_newName);
    user.password = runtime::Secret(m_newPassword->edit().text().toStdString());
    m_people.signUp(user, this, outcome(SignUpPage, [this] {
                        m_newPassword->edit().clear();
                        m_newMeter->judge({}, {});
                        m_email->setText(m_newEmail->text());
                        show(VerifyPage);
                    }));
}

void DoorView::verify()
{
    m_people.verifyEmail(typed(m_verifyCode), this, outcome(VerifyPage, [this] {
                             m_verifyCode->edit().clear();
                             show(SignInPage);
                             m_cards[SignInPage]->say(tr("The address is verified. Sign in now."),
                                                      Tone::Up);
                         }));
}

void DoorView::forgot()
{
    m_people.forgotPassword(typed(m_forgotEmail), this, outcome(ForgotPage, [this] {
                                m_email->setText(m_forgotEmail->text());
                                show(ResetPage);
                                m_cards[ResetPage]->say(
                                    tr("If there is such an account, the code is in its mail."),
                                    Tone::Accent);
                            }));
}

void DoorView::reset()
{
    if (!m_resetMeter->isAccepted()) {
        return m_cards[ResetPage]->say(tr("The password has to be stronger."));
    }
    const runtime::Secret password(m_resetPassword->edit().text().toStdString());
    m_people.resetPassword(typed(m_resetCode), password, this, outcome(ResetPage, [this] {
                               m_resetPassword->edit().clear();
                               m_resetCode->edit().clear();
                               m_resetMeter->judge({}, {});
                               show(SignInPage);
                               m_cards[SignInPage]->say(
                                   tr("The password is set. Sign in with it."), Tone::Up);
                           }));
}

void DoorView::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Palette& colors = m_theme.colors();
    painter.fillRect(rect(), colors.bg0);
    // The mark of the top bar, larger, and the name.
    const int x = width() / 2 - 78, base = 52;
    painter.fillRect(QRect(x, base - 14, 6, 14), colors.up);
    painter.fillRect(QRect(x + 9, base - 26, 6, 26), colors.up);
    painter.fillRect(QRect(x + 18, base - 20, 6, 20), colors.down);
    painter.setFont(m_theme.font(TypeSize::Title, TypeWeight::Bold));
    painter.setPen(colors.text);
    painter.drawText(QRect(x + 36, base - 26, 200, 28), Qt::AlignLeft | Qt::AlignVCenter,
                     tr("QUARTERDECK"));
}

} // namespace qd::ui
