#pragma once

#include <string>
#include <vector>

#include "services/drills/browser.h"
#include "services/drills/stage.h"

namespace qd::drills {

/// A backend that trades by a user's consent at the stage's broker, the sandbox's authorization server
/// and the user, in a world of the stage's. Every helper throws BrokenPromise as the stage's do.
class ConsentDesk {
public:
    struct Options {
        std::vector<std::string> sandbox = {}, backend = {};
    };
    /// Starts sandbox and backend; nothing is connected yet. The stage must be empty.
    explicit ConsentDesk(Stage& stage) : ConsentDesk(stage, Options{}) {}
    ConsentDesk(Stage& stage, const Options& options);

    Answer tryToBegin() { return tryToBegin(m_broker); }
    Answer tryToBegin(const std::string& broker, const std::string& body = R"({"method":"oauth"})");
    /// Must be 201; the address of the broker's page.
    std::string begin();
    /// What the browser of a user who says yes comes back with.
    std::string browse(const std::string& authorizeUrl) { return consentAt(m_stage.link(), authorizeUrl); }
    Answer finish(const std::string& redirect) { return finish(redirect, m_broker); }
    Answer finish(const std::string& redirect, const std::string& broker);
    /// Consent from beginning to end; orders go then.
    void connect();
    Answer disconnect() { return m_stage.call("DELETE", "/v1/connections/" + m_broker); }

    /// The user's one connection: a member's text; "none" where there is no connection.
    std::string connection(const char* member);
    std::string status() { return connection("status"); }
    /// Events of this kind, their payloads.
    std::vector<std::string> events(const std::string& kind);
    std::string metric(const std::string& series); ///< "" if it is not shown
    std::vector<std::string> secrets(const std::string& prefix); ///< ids in the vault

    /// The authorization server's controls and figures.
    Answer server(const std::string& method, const std::string& path, const std::string& body = {});
    void faults(const std::string& body) { server("POST", "/faults", body); }
    std::int64_t count(const char* figure) { return server("GET", "/state")[figure].integerOr(-1); }

    void awaitTrading(); ///< connected to the broker, with prices
    void fillOne(const std::string& symbol = "SPY");
    /// An order must not be sent now: 401, with the way to connect the broker again; the id that it
    /// was refused under.
    std::string requireRefused(const std::string& why);

    Stage& stage() { return m_stage; }

private:
    Stage& m_stage;
    const std::string m_broker;
};

} // namespace qd::drills
