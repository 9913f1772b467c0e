#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "services/gateway/api.h"
#include "services/identity/internal_token.h"

namespace qd::gateway {

/// Tokens with which other programs of the installation call this one: signed, good for a minute and
/// for the roles that they name, of which administrator is none. A program that has such a token, or
/// whoever reads it on the way, cannot do more than that, nor for longer. Core executor.
class InternalTokens {
public:
    /// Keeps another key where the present one came from, before it is used.
    using Keep = std::function<void(runtime::Secret seed, std::function<void(Result<void>)> then)>;

    /// `core` and `random` outlive it.
    InternalTokens(identity::SigningKey key, runtime::Executor& core, runtime::Random& random,
                   Keep keep);
    ~InternalTokens();
    InternalTokens(const InternalTokens&) = delete;
    InternalTokens& operator=(const InternalTokens&) = delete;

    /// Does it look like one?
    static bool isOne(std::string_view token) { return token.starts_with("eyJ"); }
    /// Fails with: Denied "auth.invalid_token".
    Result<Caller> authenticate(std::string_view token) const;
    /// `POST /v1/internal/token` and `POST /v1/internal/rotate`.
    void addTo(Api& api);

private:
    void issue(const CallPtr& call) const;
    void rotate(const CallPtr& call);

    runtime::Executor& m_core;
    runtime::Random& m_random;
    const Keep m_keep;
    identity::InternalIssuer m_issuer;
    identity::InternalVerifier m_verifier;
    runtime::Timer m_retire;
    bool m_isRotating = false;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::gateway
