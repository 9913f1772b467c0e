#pragma once

#include "services/client/people_api.h"

namespace qd::ui {

/// Everybody with an account, as an administrator sees them. Asked for page by page when somebody
/// looks. GUI thread.
class UserStore final : public QObject {
    Q_OBJECT
public:
    enum class Phase { Unasked, Loading, Ready, Failed };
    static constexpr int kPage = 200;
    static constexpr int kUsersMax = 5'000; ///< more are searched for by address, not listed

    /// `caller` outlives it.
    explicit UserStore(client::Caller& caller, QObject* parent = nullptr);

    void refresh();
    Phase phase() const { return m_phase; }
    QString problem() const { return m_problem; }
    int count() const { return int(m_users.size()); }
    const User& at(int item) const { return m_users[std::size_t(item)]; }
    /// -1 if it is not there.
    int itemOf(const UserId& user) const;
    bool isCut() const { return m_isCut; }

    void setRole(int item, Role role, bool isHeld);
    void setDisabled(int item, bool isDisabled);
    void endDevices(int item);
    /// `done` with why not, or empty.
    void create(const client::NewUser& user, QObject* owner, std::function<void(QString)> done);

Q_SIGNALS:
    void storeReset();
    void userChanged(int item);
    void phaseChanged();
    void told(bool isDone, const QString& title, const QString& text);

private:
    void fetch(const std::string& after);
    void takePage(client::Answer<client::UserPage> page);
    void takeUser(const client::Answer<User>& user, const QString& title);

    client::PeopleApi m_api;
    Phase m_phase = Phase::Unasked;
    QString m_problem;
    std::vector<User> m_users, m_coming;
    bool m_isCut = false;
};

/// A refusal in one sentence for people.
QString refusalText(const client::Problem& problem);

} // namespace qd::ui
