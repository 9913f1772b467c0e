#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/result.h"
#include "models/base/timestamp.h"
#include "services/brokers/oauth/provider.h"
#include "services/runtime/random.h"
#include "services/wire/http.h"

namespace qd::brokers::oauth {

// The texts of RFC 6749, 7636, 7009 and 9207: pure functions, any thread.

/// Base64 with "-_" and without padding (RFC 4648 §5).
std::string base64Url(std::string_view bytes);
/// 256 random bits as 43 characters: a state, or a PKCE verifier.
std::string randomToken(runtime::Random& random);
/// base64url(SHA-256(verifier)): code_challenge of method S256.
std::string challengeOf(std::string_view verifier);

/// A form's body (application/x-www-form-urlencoded).
std::string formText(const std::vector<wire::Header>& fields);

/// Where the user's browser is sent, and from there to `redirectUri`.
std::string authorizeUrl(const Providers::Entry& entry, std::string_view redirectUri,
                         std::string_view state, std::string_view verifier);

/// What the browser brought back. Exactly one of `code` and `error` is set.
struct Redirect {
    std::string state, code, issuer;
    std::string error; ///< "access_denied"
};
inline constexpr std::size_t kRedirectBytesMax = 8'192;
/// `query` is what follows "?", or a whole URL that was pasted. Invalid "oauth.redirect": too long,
/// no state, neither or both of code and error, a field twice.
Result<Redirect> parseRedirect(std::string_view query);

/// Tokens as the broker gives them.
struct TokenAnswer {
    std::string access, refresh; ///< `refresh` may be empty
    std::optional<Duration> expiresIn;
    std::vector<std::string> scopes; ///< empty: as asked for
};
inline constexpr std::size_t kTokenBytesMax = 8'192;
/// Reads an answer of the token endpoint. Fails with: Denied "oauth.invalid_grant" (expired, used,
/// revoked: never works again), Denied "oauth.client_refused", Invalid "oauth.request_refused", all
/// final; Unavailable "oauth.rate_limited"; OutcomeUnknown "oauth.server_error" (5xx, or what
/// cannot be read: it may have been acted on).
Result<TokenAnswer> parseTokenAnswer(const wire::HttpResponse& response);

/// Reads an answer of the revocation endpoint: success means that the token is dead. Unavailable
/// "oauth.not_revoked" (503: it is still alive), Invalid "oauth.revocation_refused".
Result<void> parseRevocationAnswer(const wire::HttpResponse& response);

/// `Retry-After` in seconds; zero if there is none that can be read.
Duration retryAfterOf(const wire::HttpResponse& response);

} // namespace qd::brokers::oauth
