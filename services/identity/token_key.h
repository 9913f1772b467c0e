#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "models/accounts/user.h"
#include "services/runtime/random.h"
#include "services/runtime/secret.h"

namespace qd::identity {

/// What an authentic refresh token says: which session's, and the how-many-eth.
struct RefreshClaim {
    SessionId session;
    std::int64_t generation = 0; ///< 1, 2, 3 …
};

/// The one secret from which everything that is given out is derived (HMAC-SHA-256, a domain for
/// each use), so that a token can be told a second time without being stored, and a stolen database
/// holds nothing that opens anything. It is not in the database. With another key every session,
/// device key, mail token and authenticator is void: people sign in anew and enrol again.
/// A second secret, which may not change, seals what the database says of people.
/// Not changed once made: any thread.
class TokenKey {
public:
    static constexpr std::size_t kBytesMin = 32;

    /// At least `kBytesMin` bytes each.
    TokenKey(runtime::Secret secret, const runtime::Secret& personal);
    ~TokenKey();

    /// 256 bits, base64url.
    runtime::Secret accessToken(const RefreshClaim& claim) const;
    /// "<session>.<generation>.<256 bits, base64url>"
    runtime::Secret refreshToken(const RefreshClaim& claim) const;
    /// Nothing for a text that was not made with this key.
    std::optional<RefreshClaim> readRefresh(std::string_view token) const;

    /// The token that the mail of this id carries: 256 bits, base64url.
    runtime::Secret mailToken(std::string_view mailId) const;
    /// `kTotpSeedBytes` long. `nonce` is drawn for each enrolment and may be seen.
    runtime::Secret totpSeed(const UserId& user, std::string_view nonce) const;

    /// A key for a device that signed in to the account of this address (`EmailAddress::key`):
    /// "<128 random bits>.<256 bits>", base64url. It proves that and nothing else.
    runtime::Secret newDeviceKey(std::string_view emailKey, runtime::Random& random) const;
    bool isDeviceOf(std::string_view emailKey, std::string_view deviceKey) const;

    /// What an account is looked up by instead of its address (`EmailAddress::key`).
    std::string addressIndex(std::string_view emailKey) const;
    /// A text about `owner` as it is stored in `place` ("email"): AES-256-SIV (RFC 5297), base64url.
    /// The same text is the same there again.
    std::string seal(std::string_view place, const UserId& owner, std::string_view text) const;
    /// Empty for what was not sealed with this key, for this owner and place.
    std::string open(std::string_view place, const UserId& owner, std::string_view sealed) const;

private:
    std::string derive(std::string_view domain, std::initializer_list<std::string_view> fields) const;
    runtime::Secret m_secret, m_addressKey, m_sealKey;
};

} // namespace qd::identity
