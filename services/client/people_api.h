#pragma once

#include "services/client/caller.h"
#include "services/client/people_facts.h"

namespace qd::json {
class Value;
}

namespace qd::client {

class FieldReader;

/// The calls of `resources/api.md`, "People", as values; everything but signing in and its kin, which
/// are Identity's. GUI thread; answers as Caller says.
class PeopleApi {
public:
    template <typename T>
    using Reply = std::function<void(Answer<T>)>;
    /// `caller` outlives it.
    explicit PeopleApi(Caller& caller) : m_caller(caller) {}

    void signUp(const NewUser& user, QObject* owner, Reply<bool> reply);
    void verifyEmail(const std::string& token, QObject* owner, Reply<bool> reply);
    void forgotPassword(const std::string& email, QObject* owner, Reply<bool> reply);
    void resetPassword(const std::string& token, const runtime::Secret& password, QObject* owner,
                       Reply<bool> reply);

    void who(QObject* owner, Reply<WhoFacts> reply);
    void devices(QObject* owner, Reply<std::vector<DeviceFacts>> reply);
    void endDevice(const SessionId& device, QObject* owner, Reply<bool> reply);
    void endOtherDevices(QObject* owner, Reply<bool> reply);
    void enrolTotp(QObject* owner, Reply<std::shared_ptr<TotpFacts>> reply);
    /// The recovery codes.
    void confirmTotp(const runtime::Secret& code, QObject* owner,
                     Reply<std::vector<std::string>> reply);
    void removeTotp(QObject* owner, Reply<bool> reply);

    void users(const std::string& after, int limit, QObject* owner, Reply<UserPage> reply);
    void createUser(const NewUser& user, QObject* owner, Reply<User> reply);
    void setRole(const UserId& user, Role role, bool isHeld, QObject* owner, Reply<User> reply);
    void setDisabled(const UserId& user, bool isDisabled, QObject* owner, Reply<User> reply);
    void endDevicesOf(const UserId& user, QObject* owner, Reply<bool> reply);
    void mailbox(int limit, QObject* owner, Reply<Mailbox> reply);

private:
    template <typename T>
    void ask(const ApiCall& call, T (*read)(FieldReader&, const json::Value&), QObject* owner,
             Reply<T> reply);
    void tell(const ApiCall& call, QObject* owner, Reply<bool> reply);

    Caller& m_caller;
};

/// From JSON, for Identity too. Words of roles that are not known here are left out.
User readUser(FieldReader& read, const json::Value& value);
WhoFacts readWho(FieldReader& read, const json::Value& value);
TokenFacts readTokens(FieldReader& read, const json::Value& value);

} // namespace qd::client
