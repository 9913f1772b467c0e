#pragma once

#include <string>

#include "services/gateway/endpoint.h"
#include "services/runtime/random.h"
#include "services/runtime/secret.h"

namespace qd::gateway {

/// Who holds this token?
class Authenticator {
public:
    virtual ~Authenticator() = default;
    /// Fails with: Denied "auth.invalid_token".
    virtual Result<Caller> authenticate(std::string_view token) const = 0;
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

/// The token of an `Authorization: Bearer …` header; empty if there is none (RFC 6750 §2.1).
std::string_view bearerToken(const wire::HttpRequest& request);

} // namespace qd::gateway
