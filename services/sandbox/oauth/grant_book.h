#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/timestamp.h"
#include "services/runtime/random.h"

namespace qd::sandbox::oauth {

struct Lifetimes {
    Duration code = std::chrono::minutes(1);
    Duration access = std::chrono::minutes(10);
    Duration refresh = std::chrono::hours(24 * 14);
};

/// What a user has consented to, and everything that was given out for it. A code or a refresh
/// token that is used twice kills all of it (RFC 6749 §4.1.2, RFC 9700 §4.14). Bounded. One thread.
class GrantBook {
public:
    struct Consent {
        std::string clientId, redirectUri, challenge;
        std::vector<std::string> scopes;
    };
    struct Given {
        std::string access, refresh;
        Duration accessLifetime{};
        std::vector<std::string> scopes;
    };
    /// Why nothing was given: for the drill, never told to the client.
    enum class Refusal {
        Unknown,
        Expired,
        Used,
        OtherClient,
        WrongRedirect,
        WrongVerifier,
        Revoked
    };

    GrantBook(runtime::Random& random, Lifetimes lifetimes);

    std::string issueCode(Consent consent, Timestamp now);
    struct CodeUse {
        std::string code, clientId, redirectUri, verifier;
    };
    tl::expected<Given, Refusal> useCode(const CodeUse& use, Timestamp now);
    /// The refresh token is used up, and another one given.
    tl::expected<Given, Refusal> useRefresh(std::string_view token, std::string_view clientId,
                                            Timestamp now);
    /// Of either kind. What is unknown, or another client's, is left alone. Revoking a refresh
    /// token kills its grant.
    void revoke(std::string_view token, std::string_view clientId);
    void revokeEverything();
    /// All access ends now; what renews it lives on.
    void endAccess();
    bool isAccessValid(std::string_view token, Timestamp now) const;

    struct Figures {
        std::uint64_t codes = 0, exchanged = 0, refreshed = 0, replays = 0, revoked = 0;
        std::size_t live = 0; ///< grants that are not dead
    };
    Figures figures() const;

    static constexpr std::size_t kGrantsMax = 10'000, kTokensMax = 100'000;

private:
    struct Grant {
        Consent consent;
        bool isDead = false;
    };
    struct Code {
        std::int64_t grant = 0;
        Timestamp expiresAt;
        bool isUsed = false;
    };
    struct Token {
        std::int64_t grant = 0;
        Timestamp expiresAt;
        bool isRefresh = false, isDead = false;
    };

    std::string token();
    Given give(std::int64_t grant, Timestamp now);
    void kill(std::int64_t grant);
    void forgetOldest();

    runtime::Random& m_random;
    const Lifetimes m_lifetimes;
    std::map<std::int64_t, Grant> m_grants;
    std::map<std::string, Code, std::less<>> m_codes;
    std::map<std::string, Token, std::less<>> m_tokens;
    std::int64_t m_lastGrant = 0;
    Figures m_figures;
};

std::string_view toString(GrantBook::Refusal refusal);

} // namespace qd::sandbox::oauth
