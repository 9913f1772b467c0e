#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "services/gateway/health.h"
#include "services/gateway/people.h"
#include "services/mail/mailbox.h"
#include "services/runtime/config.h"
#include "services/vault/vault.h"

namespace qd::app {

/// Problems with `identity.*` and `mail.*` that no single setting shows.
std::vector<runtime::ConfigProblem> identityProblems(const runtime::Config& config);

/// People's accounts and sessions, plugged together: their keys in the vault, hashes and mails on
/// threads of their own, what has to be done from time to time. Core executor.
class IdentityParts {
public:
    /// All outlive it.
    struct Dependencies {
        vault::Vault& vault;
        storage::Writer& writer;
        std::string databaseFile; ///< the writer's
        runtime::Executor& core;
        runtime::Random& random; ///< fit for secrets
        observability::Metrics& metrics;
        observability::LogSink& log;
        const gateway::Authenticator& owner;
    };

    IdentityParts(const Dependencies& dependencies, const runtime::Config& config);
    ~IdentityParts();
    IdentityParts(const IdentityParts&) = delete;
    IdentityParts& operator=(const IdentityParts&) = delete;

    /// Takes the keys out of the vault, made at the first start, and loads what must outlive a
    /// restart. Everything below is there once it has succeeded.
    void start(std::function<void(Result<void>)> then);
    const gateway::Authenticator& authenticator() const;
    identity::Sessions& sessions();
    void addTo(gateway::Api& api);
    /// The component "identity".
    void addTo(gateway::Health& health) const;

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace qd::app
