#include "ui/people/account_view.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QPainter>
#include <QPushButton>
#include <QScrollArea>
#include <QStackedLayout>
#include <QVBoxLayout>

#include "ui/people/mailbox_dialog.h"
#include "ui/people/strength_meter.h"
#include "ui/people/totp_dialog.h"
#include "ui/state/user_store.h"
#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

constexpr int kColumnWidth = 440;
constexpr int kLockChoices[] = {5, 15, 30, 60, 0};
constexpr int kLockDefault = 15;

QString rolesText(Roles roles)
{
    QStringList words;
    for (const Role role : roles.list()) {
        const auto word = toString(role);
        words << QString::fromLatin1(word.data(), qsizetype(word.size()));
    }
    return words.isEmpty() ? AccountView::tr("none") : words.join(QStringLiteral(", "));
}

} // namespace

PasswordCard::PasswordCard(const Theme& theme, client::Identity& identity, QWidget* parent)
    : Card(theme, tr("Password"), parent), m_identity(identity)
{
    m_old = &addPassword(tr("The present one"), QStringLiteral("passwordOld"));
    m_new = &addPassword(tr("The new one"), QStringLiteral("passwordNew"));
    m_meter = new StrengthMeter(theme, this);
    addWidget(m_meter);
    addAction(tr("Change the password"), QStringLiteral("passwordChange"));
    connect(m_new, &Field::edited, this, [this] {
        std::vector<std::string> words;
        if (const auto& user = m_identity.who().user) {
            words = {user->email.text(), user->displayName.text()};
        }
        m_meter->judge(m_new->edit().text(), words);
    });
    connect(&action(), &QPushButton::clicked, this, &PasswordCard::change);
}

void PasswordCard::change()
{
    if (!m_meter->isAccepted()) return say(tr("The new password has to be stronger."));
    client::Credentials current;
    current.password = takeSecret(*m_old);
    setBusy(true);
    say(tr("Asking the backend…"), Tone::Muted);
    m_identity.changePassword(
        std::move(current), runtime::Secret(m_new->edit().text().toStdString()), this,
        [this](const client::Answer<bool>& answer) {
            setBusy(false);
            if (!answer) {
                say(answer.error().code == "identity.wrong_credentials"
                        ? tr("The present password is another.")
                        : refusalText(answer.error()));
                if (answer.error().retryAfter) wait(*answer.error().retryAfter);
                return;
            }
            m_new->edit().clear();
            m_meter->judge({}, {});
            say(tr("Changed. All other devices are signed out."), Tone::Up);
        });
}

FirstAccountCard::FirstAccountCard(const Theme& theme, client::Caller& caller, QWidget* parent)
    : Card(theme, tr("Make an account"), parent), m_people(caller)
{
    addText(tr("With an account you sign in from other machines, lock this terminal, and let others "
               "in. The first one administers the installation."));
    m_email = &addField(tr("E-mail address"), QStringLiteral("firstEmail"));
    m_name = &addField(tr("Name"), QStringLiteral("firstName"));
    m_password = &addPassword(tr("Password"), QStringLiteral("firstPassword"));
    m_meter = new StrengthMeter(theme, this);
    addWidget(m_meter);
    addAction(tr("Make the account"), QStringLiteral("firstMake"));
    const auto judge = [this] {
        m_meter->judge(m_password->edit().text(),
                       {m_email->text().toStdString(), m_name->text().toStdString()});
    };
    for (Field* field : {m_email, m_name, m_password}) {
        connect(field, &Field::edited, this, judge);
    }
    connect(&action(), &QPushButton::clicked, this, &FirstAccountCard::make);
}

void FirstAccountCard::make()
{
    if (!m_meter->isAccepted()) return say(tr("The password has to be stronger."));
    client::NewUser user;
    user.email = m_email->text().toStdString();
    user.name = m_name->text().toStdString();
    user.password = runtime::Secret(m_password->edit().text().toStdString());
    user.roles = {Role::Viewer, Role::Trader, Role::Admin};
    setBusy(true);
    m_people.createUser(user, this, [this](const client::Answer<User>& made) {
        setBusy(false);
        if (!made) return say(refusalText(made.error()));
        m_password->edit().clear();
        m_meter->judge({}, {});
        say(tr("The account is made."), Tone::Up);
        Q_EMIT this->made(QString::fromStdString(made->email.text()));
    });
}

AccountView::AccountView(Dependencies dependencies, QWidget* parent)
    : QWidget(parent), m_the(dependencies), m_people(dependencies.caller),
      m_stack(new QStackedLayout(this))
{
    setObjectName(QStringLiteral("account"));
    m_own = buildOwn();
    m_owner = buildOwner();
    m_stack->addWidget(m_own);
    m_stack->addWidget(m_owner);
    connect(&m_the.identity, &client::Identity::whoChanged, this, &AccountView::showWho);
    connect(&m_the.theme, &Theme::changed, this, qOverload<>(&QWidget::update));
    showWho();
}

Card* AccountView::buildWho()
{
    auto* card = new Card(m_the.theme, tr("Account"));
    const auto addRow = [&](const QString& caption) {
        auto* row = new ValueRow(m_the.theme, caption, card);
        card->addWidget(row);
        return row;
    };
    m_name = addRow(tr("Name"));
    m_email = addRow(tr("E-mail address"));
    m_roles = addRow(tr("Roles"));
    m_keys = addRow(tr("Signed in until"));
    card->addText(tr("This device's key is kept %1.").arg(m_the.identity.keysAre()));
    m_lockAfter = new QComboBox(card);
    m_lockAfter->setObjectName(QStringLiteral("lockAfter"));
    m_lockAfter->setAccessibleName(tr("Lock after"));
    for (const int minutes : kLockChoices) {
        m_lockAfter->addItem(minutes > 0 ? tr("Lock after %1 minutes without a touch").arg(minutes)
                                         : tr("Never lock by itself"),
                             minutes);
    }
    setLockAfterMinutes(kLockDefault);
    connect(m_lockAfter, &QComboBox::activated, this,
            [this] { Q_EMIT lockAfterChanged(lockAfterMinutes()); });
    card->addWidget(m_lockAfter);
    QPushButton& leave = card->addLink(tr("Sign out"), QStringLiteral("accountSignOut"));
    connect(&leave, &QPushButton::clicked, this, &AccountView::signOutWanted);
    return card;
}

Card* AccountView::buildFactor()
{
    auto* card = new Card(m_the.theme, tr("Second factor"));
    m_factorText = &card->addText({});
    m_addTotp = &card->addLink(tr("Set up an authenticator…"), QStringLiteral("totpAdd"));
    m_removeTotp = &card->addLink(tr("Remove it"), QStringLiteral("totpRemove"));
    connect(m_addTotp, &QPushButton::clicked, this, &AccountView::openTotp);
    connect(m_removeTotp, &QPushButton::clicked, this, &AccountView::removeTotp);
    return card;
}

QWidget* AccountView::buildOwn()
{
    auto* page = new QWidget;
    auto* row = new QHBoxLayout(page);
    row->setContentsMargins(16, 16, 16, 16);
    row->setSpacing(12);
    row->addStretch(1);
    auto* left = new QVBoxLayout;
    left->setSpacing(12);
    for (Card* card : {buildWho(), buildFactor()}) {
        card->setFixedWidth(kColumnWidth);
        left->addWidget(card);
    }
    auto* password = new PasswordCard(m_the.theme, m_the.identity);
    password->setFixedWidth(kColumnWidth);
    left->addWidget(password);
    left->addStretch(1);
    row->addLayout(left);
    auto* right = new QVBoxLayout;
    auto* devices = new Card(m_the.theme, tr("Signed-in devices"));
    m_devices = new DevicesView(m_the.theme, m_the.caller, m_the.clock, devices);
    devices->addText(tr("End what you do not know, then change the password."));
    devices->addWidget(m_devices);
    devices->setMinimumWidth(kColumnWidth);
    devices->setMaximumWidth(kColumnWidth * 3 / 2);
    right->addWidget(devices);
    right->addStretch(1);
    row->addLayout(right, 8);
    row->addStretch(1);
    auto* scroll = new QScrollArea(this);
    scroll->setWidget(page);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    page->setAutoFillBackground(false);
    scroll->viewport()->setAutoFillBackground(false);
    return scroll;
}

QWidget* AccountView::buildOwner()
{
    auto* box = new QWidget;
    box->setFixedWidth(kColumnWidth);
    auto* column = new QVBoxLayout(box);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(12);
    auto* who = new Card(m_the.theme, tr("You are the owner"), box);
    who->addText(tr("This terminal runs its own backend and reads its owner's token from a file that "
                    "only you can read. The owner may do everything and has no account; whoever "
                    "sits here is the owner."));
    QPushButton& enter = who->addLink(tr("Sign in with an account…"), QStringLiteral("ownerSignIn"));
    connect(&enter, &QPushButton::clicked, this, &AccountView::signInWanted);
    QPushButton& mails = who->addLink(tr("Local mailbox…"), QStringLiteral("ownerMailbox"));
    connect(&mails, &QPushButton::clicked, this, [this] {
        auto* dialog = new MailboxDialog(m_the.theme, m_the.caller, window());
        dialog->setAttribute(Qt::WA_DeleteOnClose);
        dialog->open();
    });
    auto* first = new FirstAccountCard(m_the.theme, m_the.caller, box);
    connect(first, &FirstAccountCard::made, this, [this](const QString& email) {
        Q_EMIT told(true, tr("Account made"), tr("%1 can sign in now.").arg(email));
    });
    column->addWidget(who);
    column->addWidget(first);
    return centred(box, this);
}

int AccountView::lockAfterMinutes() const
{
    return m_lockAfter->currentData().toInt();
}

void AccountView::setLockAfterMinutes(int minutes)
{
    const int index = m_lockAfter->findData(minutes);
    m_lockAfter->setCurrentIndex(index >= 0 ? index : m_lockAfter->findData(kLockDefault));
}

void AccountView::refresh()
{
    if (m_the.identity.state() == client::Identity::State::SignedIn) m_devices->refresh();
}

void AccountView::showWho()
{
    const client::WhoFacts& who = m_the.identity.who();
    m_stack->setCurrentWidget(m_the.identity.state() == client::Identity::State::Owner ? m_owner
                                                                                       : m_own);
    if (!who.user) return;
    m_name->show(format::plain(who.user->displayName.text(), 64));
    m_email->show(format::plain(who.user->email.text(), 254));
    m_roles->show(rolesText(who.roles));
    m_keys->show(who.device ? tr("%1 ET, unless it is used before")
                                  .arg(format::dateAndMinute(who.device->session.expiresAt))
                            : QStringLiteral("–"));
    const bool hasTotp = who.user->secondFactor == SecondFactor::Totp;
    m_factorText->show(hasTotp ? tr("An authenticator is set up: signing in asks for its code.")
                               : tr("Only the password protects this account. An authenticator "
                                    "on your phone adds a code that changes every 30 seconds."));
    m_factorText->setTone(hasTotp ? Tone::Normal : Tone::Warn);
    m_addTotp->setVisible(!hasTotp);
    m_removeTotp->setVisible(hasTotp);
}

void AccountView::openTotp()
{
    auto* dialog = new TotpDialog(m_the.theme, m_the.caller, window());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &TotpDialog::enrolled, &m_the.identity, &client::Identity::lookAgain);
    dialog->open();
}

void AccountView::removeTotp()
{
    m_people.removeTotp(this, [this](const client::Answer<bool>& done) {
        m_the.identity.lookAgain();
        if (done) Q_EMIT told(true, tr("Authenticator removed"), {});
        else Q_EMIT told(false, tr("NOT removed"), refusalText(done.error()));
    });
}

void AccountView::paintEvent(QPaintEvent*)
{
    QPainter(this).fillRect(rect(), m_the.theme.colors().bg0);
}

} // namespace qd::ui
