#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "services/brokers/oauth/parts.h"

namespace qd::brokers::oauth {

/// Lets one at a time use a link's tokens up: in this process and in others on the same database.
/// What is about to be done is on disk before it is done. Times are those of the wall clock, which
/// several processes share. Core executor.
class Leases {
public:
    /// The name under which the lease is held; empty: it was not needed any more.
    using Then = std::function<void(Result<std::string>)>;

    Leases(Store& store, runtime::Executor& core, runtime::Random& random,
           const Settings& settings);
    ~Leases() { *m_alive = false; }
    Leases(const Leases&) = delete;
    Leases& operator=(const Leases&) = delete;

    /// Waits while another has it, for at most `patience`, asking in between whether it `isMoot`
    /// (may be empty). Fails with: NotFound "oauth.not_connected", Unavailable
    /// "oauth.busy_elsewhere", or what the store says.
    void take(std::string link, std::int64_t generation, Duration patience,
              std::function<bool()> isMoot, Then then);
    /// A failure to release costs the others a wait until the lease ends.
    void release(const std::string& link, const std::string& holder);

private:
    struct Wish;
    void ask(const std::shared_ptr<Wish>& wish);
    void answered(const std::shared_ptr<Wish>& wish, const Result<bool>& taken);

    Store& m_store;
    runtime::Executor& m_core;
    runtime::Random& m_random;
    const Settings& m_settings;
    std::map<std::shared_ptr<Wish>, runtime::Timer> m_waiting;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::brokers::oauth
