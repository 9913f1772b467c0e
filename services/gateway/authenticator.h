#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "services/gateway/caller.h"
#include "services/identity/sessions.h"
#include "services/runtime/random.h"
#include "services/runtime/secret.h"
#include "services/wire/http.h"

namespace qd::gateway {

class InternalTokens;

/// Who holds this token?
class Authenticator {
public:
    virtual ~Authenticator() = default;
    /// Fails with: Denied "auth.invalid_token".
    virtual Result<Caller> authenticate(std::string_view token) const = 0;
    /// What somebody who was let in before may do now; nothing if it is over for them.
    virtual std::optional<Roles> rolesNow(const Caller& caller) const { return caller.roles; }
};

/// Embedded use: whoever can read the private token file (mode 0600) is the owner and may do
/// everything. The token is made anew at each start.
class OwnerToken final : public Authenticator {
public:
    explicit OwnerToken(runtime::Secret token);
    /// Makes a token of 256 random bits and writes it to `path`, readable by its owner only.
    /// Fails with: Unavailable "auth.token_file".
    static Result<OwnerToken> create(const std::string& path, runtime::Random& random);
    Result<Caller> authenticate(std::string_view token) const override;

private:
    runtime::Secret m_token;
};

/// The owner token, the access tokens of people's sessions, and the tokens of programs. Core
/// executor.
class PeopleAuthenticator final : public Authenticator {
public:
    /// All outlive it. Without `programs` no program has a token.
    PeopleAuthenticator(const Authenticator& owner, const identity::Sessions& sessions,
                        const InternalTokens* programs = nullptr)
        : m_owner(owner), m_sessions(sessions), m_programs(programs)
    {
    }
    Result<Caller> authenticate(std::string_view token) const override;
    std::optional<Roles> rolesNow(const Caller& caller) const override;

private:
    const Authenticator& m_owner;
    const identity::Sessions& m_sessions;
    const InternalTokens* const m_programs;
};

/// The token of an `Authorization: Bearer …` header; empty if there is none (RFC 6750 §2.1).
std::string_view bearerToken(const wire::HttpRequest& request);

} // namespace qd::gateway
