#include "ui/state/user_store.h"

#include <algorithm>

#include <QCoreApplication>

namespace qd::ui {

namespace {

struct RefusalWord {
    Q_DECLARE_TR_FUNCTIONS(Refusals)
};

/// "about 40 s".
QString waitText(const client::Problem& problem)
{
    if (!problem.retryAfter) return RefusalWord::tr("a moment");
    const auto wait = std::chrono::ceil<std::chrono::seconds>(*problem.retryAfter).count();
    return wait < 90 ? RefusalWord::tr("%1 s").arg(wait)
                     : RefusalWord::tr("%1 minutes").arg((wait + 59) / 60);
}

QString knownRefusal(const client::Problem& problem)
{
    const std::string& code = problem.code;
    if (code == "identity.wrong_credentials")
        return RefusalWord::tr("This address and this password do not go together.");
    if (code == "identity.wrong_code")
        return RefusalWord::tr("This code is not right, or was used already. Wait for the next.");
    if (code == "identity.code_needed")
        return RefusalWord::tr("Now the code of your authenticator, or a recovery code.");
    if (code == "identity.wait")
        return RefusalWord::tr("Too many tries. Please wait %1.").arg(waitText(problem));
    if (code == "identity.busy")
        return RefusalWord::tr("The backend is busy. Please try again in %1.")
            .arg(waitText(problem));
    if (code == "identity.disabled")
        return RefusalWord::tr("This account is disabled. Ask an administrator.");
    if (code == "identity.email_unverified")
        return RefusalWord::tr("The address is not verified yet: the code is in your mail.");
    if (code == "identity.mail_token")
        return RefusalWord::tr("This code is wrong, used, or older than 30 minutes.");
    if (code == "identity.sign_up_closed")
        return RefusalWord::tr("Accounts are made by an administrator here.");
    if (code == "identity.last_admin")
        return RefusalWord::tr("There must be an administrator: this is the last.");
    if (code == "identity.email_taken")
        return RefusalWord::tr("There is an account with this address already.");
    if (code == "identity.weak_password")
        return RefusalWord::tr("This password is too easy to guess.");
    if (code == "auth.step_up_required")
        return RefusalWord::tr("Not done: this asks for your password once more.");
    if (code == "client.deadline" || code == "client.offline")
        return RefusalWord::tr("The backend does not answer. Please try again.");
    return {};
}

} // namespace

QString refusalText(const client::Problem& problem)
{
    const QString known = knownRefusal(problem);
    if (!known.isEmpty()) return known;
    const std::string& text = problem.detail.empty() ? problem.title : problem.detail;
    return QString::fromStdString(text.substr(0, 300)).simplified();
}

UserStore::UserStore(client::Caller& caller, QObject* parent) : QObject(parent), m_api(caller) {}

void UserStore::refresh()
{
    if (m_phase == Phase::Loading) return;
    m_phase = Phase::Loading;
    m_coming.clear();
    m_isCut = false;
    Q_EMIT phaseChanged();
    fetch({});
}

void UserStore::fetch(const std::string& after)
{
    m_api.users(after, kPage, this,
                [this](client::Answer<client::UserPage> page) { takePage(std::move(page)); });
}

void UserStore::takePage(client::Answer<client::UserPage> page)
{
    if (!page) {
        m_phase = Phase::Failed;
        m_problem = refusalText(page.error());
        Q_EMIT phaseChanged();
        return;
    }
    std::move(page->users.begin(), page->users.end(), std::back_inserter(m_coming));
    m_isCut = !page->nextAfter.empty() && int(m_coming.size()) >= kUsersMax;
    if (!page->nextAfter.empty() && !m_isCut) return fetch(page->nextAfter);
    m_users = std::move(m_coming);
    m_phase = Phase::Ready;
    Q_EMIT storeReset();
    Q_EMIT phaseChanged();
}

void UserStore::takeUser(const client::Answer<User>& user, const QString& title)
{
    if (!user) {
        Q_EMIT told(false, tr("NOT done: %1").arg(title), refusalText(user.error()));
        return;
    }
    for (int item = 0; item < count(); ++item) {
        if (at(item).id != user->id) continue;
        m_users[std::size_t(item)] = *user;
        Q_EMIT userChanged(item);
    }
    Q_EMIT told(true, title, QString::fromStdString(user->email.text()));
}

int UserStore::itemOf(const UserId& user) const
{
    const auto found = std::find_if(m_users.begin(), m_users.end(),
                                    [&](const User& one) { return one.id == user; });
    return found == m_users.end() ? -1 : int(found - m_users.begin());
}

void UserStore::setRole(int item, Role role, bool isHeld)
{
    const auto word = toString(role);
    const QString name = QString::fromLatin1(word.data(), qsizetype(word.size()));
    m_api.setRole(at(item).id, role, isHeld, this,
                  [this, title = isHeld ? tr("Role given: %1").arg(name)
                                        : tr("Role taken away: %1").arg(name)](
                      const client::Answer<User>& user) { takeUser(user, title); });
}

void UserStore::setDisabled(int item, bool isDisabled)
{
    m_api.setDisabled(at(item).id, isDisabled, this,
                      [this, title = isDisabled ? tr("Account disabled") : tr("Account enabled")](
                          const client::Answer<User>& user) { takeUser(user, title); });
}

void UserStore::endDevices(int item)
{
    m_api.endDevicesOf(at(item).id, this,
                       [this, email = at(item).email.text()](const client::Answer<bool>& done) {
                           if (done) {
                               Q_EMIT told(true, tr("Signed out everywhere"),
                                           QString::fromStdString(email));
                           } else {
                               Q_EMIT told(false, tr("NOT signed out"), refusalText(done.error()));
                           }
                       });
}

void UserStore::create(const client::NewUser& user, QObject* owner,
                       std::function<void(QString)> done)
{
    m_api.createUser(user, owner, [this, done = std::move(done)](const client::Answer<User>& made) {
        if (!made) return done(refusalText(made.error()));
        m_users.push_back(*made);
        Q_EMIT storeReset();
        done({});
    });
}

} // namespace qd::ui
