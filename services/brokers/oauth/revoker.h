#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "services/brokers/oauth/leases.h"

namespace qd::brokers::oauth {

/// Ends access: local use stops at once, and the link stays `revocation_pending` until the broker
/// has confirmed that its tokens are dead; then tokens and link go. A 503 means that they are still
/// alive. Goes on after a restart. Core executor.
class Revoker {
public:
    struct Begun {
        BrokerLink link;       ///< revocation_pending
        std::string manageUrl; ///< set if the broker has no way to revoke: the user ends it there
    };
    using Then = std::function<void(Result<Begun>)>;
    struct Figures {
        std::uint64_t tries = 0, confirmed = 0, failed = 0, alarms = 0;
    };

    explicit Revoker(Parts parts);
    ~Revoker();
    Revoker(const Revoker&) = delete;
    Revoker& operator=(const Revoker&) = delete;

    /// Durable before it is told. NotFound "oauth.not_connected".
    void begin(const std::string& owner, const BrokerId& broker, Then then);
    /// Another try for each that is due.
    void work(const std::vector<LinkRow>& links);
    /// Tokens of a grant that could not be stored: revoked from memory, with a few tries. `done`
    /// tells whether the broker has confirmed.
    void revokeUnstored(const Providers::Entry& entry, Tokens tokens,
                        std::function<void(bool)> done);
    const Figures& figures() const { return m_figures; }

    static constexpr int kUnstoredTries = 4;

private:
    struct Job;
    using JobPtr = std::shared_ptr<Job>;
    using Confirmed = std::function<void(Result<void>)>;

    void start(const LinkRow& row);
    void leased(const JobPtr& job, const Result<std::string>& holder);
    void revokeBoth(const Providers::Entry& entry, const std::shared_ptr<Tokens>& tokens,
                    Confirmed done);
    void confirmed(const JobPtr& job);
    void postponed(const JobPtr& job, const Error& error);
    void end(const JobPtr& job);
    void tryUnstored(const Providers::Entry& entry, const std::shared_ptr<Tokens>& tokens,
                     int tries, std::function<void(bool)> done);

    const Parts m_the;
    std::map<std::string, JobPtr> m_jobs; ///< by link
    std::map<int, runtime::Timer> m_timers;
    int m_timersMade = 0;
    Figures m_figures;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::brokers::oauth
