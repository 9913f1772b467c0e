#pragma once

#include <deque>
#include <map>

#include "services/client/caller.h"
#include "services/client/key_store.h"
#include "services/client/people_facts.h"
#include "ui/state/scripted_world.h"

namespace qd::ui {

/// A backend's people and brokers without a network: answers the calls of `resources/api.md` in their
/// wire form from a small company, and does what it is told. For pictures and interface tests.
class ScriptedPeople final : public QObject, public client::Caller {
    Q_OBJECT
public:
    /// Of everybody in the company; of "ann@example.org" with a second factor code too.
    static constexpr const char* kPassword = "correct horse battery";
    static constexpr const char* kCode = "428117";

    explicit ScriptedPeople(ScriptedClock& clock, QObject* parent = nullptr);

    void call(const client::ApiCall& call, QObject* owner, TextReply reply) override;
    void setToken(runtime::Secret token) override { m_token = std::move(token); }

    /// Nothing is answered from now on (loading), or is again.
    void setAnswering(bool answering) { m_isAnswering = answering; }
    /// The next call to "VERB /path" is refused so; further ones wait their turn.
    void refuseNext(const std::string& call, int status, const std::string& code,
                    const std::string& members = {});
    /// Ann holds these roles from now on; her session is told so when it asks.
    void setRoles(Roles roles);
    /// Ann's session is no more.
    void endSession();
    /// She proved who she is long ago.
    void forgetStepUp() { m_isSteppedUp = false; }
    void forgetConnections() { m_connections.clear(); }
    /// What was called, in order: "POST /v1/session".
    const std::vector<std::string>& calls() const { return m_calls; }
    /// The body of the last call.
    const std::string& lastBody() const { return m_lastBody; }
    std::string token() const { return std::string(m_token.revealForUse()); }

private:
    struct Reply {
        int status = 200;
        std::string body = "{}";
    };
    struct Person {
        std::string id, email, name, createdAt;
        Roles roles;
        bool isDisabled = false, isVerified = true, hasTotp = false;
    };
    struct Connection {
        std::string broker, status, lastError;
        Timestamp connectedAt, expiresAt;
        std::string missingScope = {};
    };
    struct Refusal {
        std::string call;
        Reply reply;
    };
    void send(const client::ApiCall& call, QObject* owner, TextReply reply);
    Reply answerTo(const client::ApiCall& call);
    Reply nobodys(const std::string& line, const std::string& body);
    Reply ofTheSignedIn(const std::string& line, const std::string& body);
    Reply ofAdministration(const std::string& line, const std::string& body);
    Reply ofConnections(const std::string& line, const std::string& body);
    Reply signIn(const std::string& body);
    Reply tokens(bool withUser);
    Reply devices() const;
    std::string userJson(const Person& person) const;
    std::string connectionJson(const Connection& connection) const;
    static Reply refusal(int status, const std::string& code, const std::string& members = {});

    ScriptedClock& m_clock;
    std::vector<Person> m_people;
    std::vector<Connection> m_connections;
    std::deque<Refusal> m_refusals;
    std::vector<std::string> m_calls, m_endedDevices;
    std::string m_lastBody;
    runtime::Secret m_token;
    int m_tokensMade = 0;
    bool m_isAnswering = true, m_isSessionOpen = false, m_isSteppedUp = false;
};

/// Keys that live as long as the object.
class ScriptedKeys final : public client::KeyStore {
public:
    void read(const std::string& name, Found found) override;
    void write(const std::string& name, const runtime::Secret& value, Done done) override;
    QString whereItIs() const override { return QStringLiteral("nowhere, for the picture"); }

private:
    std::map<std::string, std::string> m_values;
};

} // namespace qd::ui
