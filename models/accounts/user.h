#pragma once

#include <string>
#include <string_view>

#include "models/accounts/email_address.h"
#include "models/accounts/role.h"
#include "models/base/ids.h"
#include "models/base/timestamp.h"

namespace qd {

using UserId = Id<struct UserIdTag>;       ///< a UUIDv4
using SessionId = Id<struct SessionIdTag>; ///< a UUIDv4; not a secret, but only its user's to see

/// A name for people: 1 … `kCharsMax` bytes of UTF-8 without controls, trimmed.
class DisplayName {
public:
    static constexpr std::size_t kCharsMax = 64;
    DisplayName() = default;
    /// Fails with: Invalid "accounts.name" and `field`.
    static Result<DisplayName> parse(std::string_view text, std::string_view field = "displayName");
    const std::string& text() const { return m_text; }
    friend bool operator==(const DisplayName&, const DisplayName&) = default;

private:
    std::string m_text;
};
/// What its owner calls a machine: "desk, left".
using DeviceName = DisplayName;

enum class SecondFactor {
    None,
    Totp, ///< codes of an authenticator, and recovery codes
};
std::string_view toString(SecondFactor factor);

/// A person with an account. Never a secret.
struct User {
    UserId id;
    EmailAddress email;
    DisplayName displayName;
    Roles roles;
    bool emailVerified = false;
    bool disabled = false;
    SecondFactor secondFactor = SecondFactor::None;
    Timestamp createdAt;
    friend bool operator==(const User&, const User&) = default;
};

/// One signed-in device, as its owner sees it in a list. Never a token.
struct SessionFacts {
    SessionId id;
    UserId user;
    DeviceName device;
    std::string address; ///< shortened to its network: "203.0.113.0/24"
    Timestamp createdAt;
    Timestamp lastUsedAt;
    Timestamp expiresAt; ///< unless it is used before
    friend bool operator==(const SessionFacts&, const SessionFacts&) = default;
};

} // namespace qd
