#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "services/brokers/ibkr/ibkr_settings.h"
#include "services/brokers/ibkr/paced_question.h"
#include "services/brokers/request_gate.h"
#include "services/json/json.h"

namespace qd::brokers::ibkr {

/// The brokerage session at the gateway: opened, looked after every minute, opened again when it was
/// lost. It is healthy when it is authenticated, connected and nobody competes for it; while it is not,
/// nothing that needs it is sent. A session that another program of the user has is left alone until
/// `takeOver` is called. Core executor; what it is given outlives it.
class SessionKeeper {
public:
    using Done = std::function<void(Result<void>)>;
    static constexpr Duration kTickleEvery = std::chrono::seconds(60);
    /// IBKR takes one tickle a second.
    static constexpr Duration kTickleMin = std::chrono::milliseconds(1100);
    static constexpr int kFailuresMax = 3; ///< tickles in a row that may fail while it counts as healthy
    static constexpr std::size_t kWaitingMax = 256;

    /// `lost` is called when a healthy session is no more, with the reason.
    SessionKeeper(const IbkrSettings& settings, RequestGate& gate, runtime::Executor& core,
                  std::function<void(const std::string&)> lost);
    ~SessionKeeper();

    bool isUp() const { return m_isUp; }
    /// Another of the user's programs has the session.
    bool isCompeting() const { return m_competing; }
    /// Why it is not up: Denied (sign in, taken by another program, wrong account), Unavailable
    /// (the gateway cannot be asked). No code while it is.
    const Error& trouble() const { return m_trouble; }
    /// When the session under way was opened, as far as this program has seen it: what ended before may
    /// have ended in an earlier one. Unset: none was.
    Timestamp since() const { return m_since; }
    /// For the stream's cookie.
    const std::string& sessionId() const { return m_sessionId; }
    /// IBKR's number of the account: "U1234567".
    const std::string& account() const { return m_account; }
    /// At once if it is up, else when opening it has succeeded or failed. Fails with:
    /// Denied "ibkr.unauthorized" (sign in at the gateway), Denied "ibkr.competing_session",
    /// Denied "ibkr.unknown_account", Denied "ibkr.wrong_account" (paper instead of live, or the reverse),
    /// Unavailable "ibkr.session_not_ready", and as the gate does, but for OutcomeUnknown: nothing that
    /// waits for it has been sent.
    void whenUp(Done done);
    /// As `whenUp`, but ask the gateway first whether it still is.
    void verify(Done done);
    /// Take the session from whoever has it: in one opening, which is made at once.
    void takeOver(Done done);
    /// Called whenever it has come up. What it calls outlives the keeper, or looks first.
    void whenBack(std::function<void()> call) { m_back.push_back(std::move(call)); }
    /// What an answer or the stream said of it: auth/status, or a refusal for want of a session.
    void noteStatus(const json::Value& status);
    void noteRefusal(const Error& error);
    void stop();

private:
    void open();
    void tickled(const Result<wire::HttpResponse>& result);
    void init();
    void askAccounts();
    void askPortfolio();
    void opened(Result<void> result);
    void lose(Error why);
    void look();
    Result<void> readStatus(const json::Value& status);
    Result<std::string> chooseAccount(const json::Value& accounts) const;
    void ask(RequestGate::Request request, std::function<void(Result<json::Document>)> done);

    const IbkrSettings& m_settings;
    RequestGate& m_gate;
    runtime::Executor& m_core;
    std::function<void(const std::string&)> m_lost;
    PacedQuestion m_tickle, m_portfolio;
    std::string m_sessionId, m_account;
    Timestamp m_since;
    std::vector<Done> m_waiting;
    std::vector<std::function<void()>> m_back;
    Error m_trouble{ErrorKind::Unavailable, "ibkr.session_not_ready", "not asked for yet", {}};
    runtime::Timer m_timer;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
    bool m_isUp = false, m_opening = false, m_competing = false;
    bool m_takesFirst;        ///< the first opening that succeeds may take it over
    bool m_takesNow = false;  ///< so may the opening under way
    bool m_isStopped = false;
    int m_failures = 0;
};

} // namespace qd::brokers::ibkr
