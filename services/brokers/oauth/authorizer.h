#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/brokers/oauth/refresher.h"
#include "services/brokers/oauth/revoker.h"
#include "services/resilience/rate_limiter.h"

namespace qd::brokers::oauth {

/// The user's consent: out to the broker's page and back.
///
/// Out: state and verifier are on disk before the address is given out. Back: the state is used up
/// when it is read, whatever else is wrong with what came back. The same callback again, with the
/// same code, is the same consent: it waits for the exchange under way, tries again what failed, or
/// is told what it led to. Core executor.
class Authorizer {
public:
    struct Begun {
        std::string authorizeUrl;
        Timestamp expiresAt;
        LinkMethod method = LinkMethod::OAuth;
    };
    struct Callback {
        std::string owner;   ///< who asks: must be who began
        BrokerId broker;     ///< as in the path that it came to; empty: any
        std::string query;   ///< what the browser brought
        std::string address; ///< of who asks, for the log and the limit
    };
    using ThenBegun = std::function<void(Result<Begun>)>;
    using ThenLinked = std::function<void(Result<BrokerLink>)>;
    struct Figures {
        std::uint64_t begun = 0, linked = 0, refused = 0, unaudited = 0, exchanges = 0;
    };

    Authorizer(Parts parts, Revoker& revoker);
    ~Authorizer();
    Authorizer(const Authorizer&) = delete;
    Authorizer& operator=(const Authorizer&) = delete;

    struct Wish {
        std::string owner;
        BrokerId broker;
        LinkMethod method = LinkMethod::OAuth;
        std::optional<std::int64_t> redirectPort = {}; ///< where a listener waits, if that is open
    };
    /// Fails with: as Providers::find and redirectAt; Unavailable "oauth.not_begun": nothing was
    /// given out.
    void begin(const Wish& wish, ThenBegun then);

    /// Fails with: Denied "oauth.rate_limited" (too many failures from that network); Invalid
    /// "oauth.redirect"; Denied "oauth.state" (nobody began this, or somebody else did),
    /// "oauth.issuer" or "oauth.refused" (the user or the broker said no); Conflict
    /// "oauth.expired": start again. Unavailable "oauth.exchange_failed": the same callback may be
    /// tried again, without new consent. Unavailable "oauth.not_stored": the grant is given back to
    /// the broker; start again.
    void finish(Callback callback, ThenLinked then);

    /// Removes verifiers of flows that are over and that nobody uses, and flows that were over long
    /// ago.
    void sweep();
    const Figures& figures() const { return m_figures; }

    static constexpr int kStoreTries = 3;
    static constexpr std::size_t kJoinedMax = 8; ///< callbacks that wait for one exchange
    static constexpr std::int64_t kSweepMax = 100;

private:
    struct Start;
    struct Finish;
    void sweepOne(const Flow& flow, Timestamp now);
    using StartPtr = std::shared_ptr<Start>;
    using FinishPtr = std::shared_ptr<Finish>;

    void storeVerifier(const StartPtr& start);
    void storeFlow(const StartPtr& start);
    void startFailed(const StartPtr& start, const Error& error,
                     void (Authorizer::*again)(const StartPtr&));
    void consumed(const FinishPtr& finish, Result<Flow> flow);
    void exchange(const FinishPtr& finish);
    void exchanged(const FinishPtr& finish, tl::expected<TokenAnswer, CallFailure> answer);
    void link(const FinishPtr& finish);
    void leased(const FinishPtr& finish, const Result<std::string>& holder);
    void stored(const FinishPtr& finish, const Result<void>& result);
    void record(const FinishPtr& finish);
    void giveBack(const FinishPtr& finish, const Error& error);
    void settle(const FinishPtr& finish, FlowState state, Result<BrokerLink> result);
    void end(const FinishPtr& finish, const Result<BrokerLink>& result);
    void refuse(const Callback& callback, std::string_view reason);
    void dropVerifier(const Flow& flow);

    const Parts m_the;
    Revoker& m_revoker;
    resilience::RateLimiter m_failures;
    std::map<std::string, FinishPtr> m_finishing; ///< by hash of the state
    std::map<int, runtime::Timer> m_timers;
    int m_timersMade = 0;
    bool m_isSweeping = false;
    Figures m_figures;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::brokers::oauth
