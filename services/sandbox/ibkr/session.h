#pragma once

#include <functional>
#include <optional>
#include <string>

#include "services/runtime/executor.h"
#include "services/runtime/random.h"
#include "services/sandbox/ibkr/answers.h"

namespace qd::sandbox::ibkr {

/// The two tiers of a user's session at the gateway. The outer one (single sign-on) is opened in a
/// browser and allows reading; the inner one, the brokerage session, is opened by /iserver/auth/ssodh/init,
/// and a user has only one of it in all of IBKR's products: whoever takes it, takes it from the other.
/// Nothing for six minutes, or the daily reset, ends it. One thread.
class Session {
public:
    static constexpr Duration kIdleMax = std::chrono::minutes(6);
    /// 01:00 in New York's winter.
    static constexpr Duration kResetAt = std::chrono::hours(6);
    static constexpr Duration kLoginLasts = std::chrono::hours(24);

    /// `changed` is called when what `statusJson` says has changed.
    Session(runtime::Executor& executor, runtime::Random& random, std::function<void()> changed);

    bool isLoggedIn() const { return m_loggedIn; }
    /// The brokerage session is ours.
    bool hasBridge() const { return m_loggedIn && m_bridge && !m_competing; }
    bool isCompeting() const { return m_competing; }
    const std::string& id() const { return m_id; }
    /// The last reset: orders that ended before it are not live any more.
    Timestamp startedAt() const;

    // What must be asked for before other things are answered.
    bool accountsAsked = false, portfolioAsked = false;
    bool liveOrdersPrimed = false; ///< the first question for live orders has been answered
    bool liveOrdersFiltered = false; ///< `filters` was used: the order stream is silent

    /// The endpoints of the session: /sso/validate, /tickle, /logout, /iserver/auth/…
    std::optional<wire::HttpResponse> answer(const ApiRequest& request);
    /// Somebody asked for something: the idle time begins anew.
    void touch();
    /// {"authenticated":…,"competing":…,"connected":…}, as auth/status, tickle and the stream's sts say it.
    void writeStatus(json::Writer& out) const;

    // ── for drills and tests ──────────────────────────────────────────────────────────────────
    void logIn();
    void logOut();
    /// The same user opens another of IBKR's programs.
    void compete();
    /// As every night.
    void reset();

private:
    void endBridge();
    void watchIdle();
    void watchReset();
    Timestamp lastNight() const;
    wire::HttpResponse init(const json::Value& body);
    wire::HttpResponse tickle() const;
    wire::HttpResponse validate() const;

    runtime::Executor& m_executor;
    runtime::Random& m_random;
    std::function<void()> m_changed;
    std::string m_id;
    bool m_loggedIn = true, m_bridge = false, m_competing = false;
    Timestamp m_loggedInAt;
    Timestamp m_resetAt; ///< unset: not since the start
    Duration m_touchedAt{}; ///< steady
    runtime::Timer m_idle, m_reset;
};

} // namespace qd::sandbox::ibkr
