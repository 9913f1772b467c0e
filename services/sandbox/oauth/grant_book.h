#pragma once

#include <map>
#include <optional>
#include <set>
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

/// What a program asks for, and a user says yes to.
struct Consent {
    std::string clientId, redirectUri, challenge;
    std::vector<std::string> scopes;
};

/// A consent that was given; dead once it was revoked.
struct Grant {
    Consent consent;
    bool isDead = false;
};

/// A code or a token that was given out for a grant. Spent: used, or ended before its time.
struct Ticket {
    enum class Kind { Code, Access, Refresh };
    std::int64_t grant = 0;
    Kind kind = Kind::Code;
    Timestamp expiresAt;
    bool isSpent = false;
};

/// Grants by number, and tickets by the fingerprint (SHA-256) of what was given out, which nobody can
/// use in its place: what there is, or what has changed.
struct KeptGrants {
    std::map<std::int64_t, Grant> grants;
    std::map<std::string, Ticket, std::less<>> tickets;
    std::set<std::int64_t> forgotten; ///< grants that are gone with their tickets
    bool isEmpty() const { return grants.empty() && tickets.empty() && forgotten.empty(); }
};

/// What users have consented to, and everything that was given out for it. A code or a refresh
/// token that is used twice kills all of it (RFC 6749 §4.1.2, RFC 9700 §4.14). Bounded. One thread.
class GrantBook {
public:
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

    /// Go on with what was kept; from now on changes are noted.
    void restore(KeptGrants kept);
    /// Since `restore` or `changesKept`.
    KeptGrants changes() const;
    void changesKept() { m_changed = {}; }

    struct Figures {
        std::uint64_t codes = 0, exchanged = 0, refreshed = 0, replays = 0, revoked = 0;
        std::size_t live = 0; ///< grants that are not dead
    };
    Figures figures() const;

    static constexpr std::size_t kGrantsMax = 10'000, kTicketsMax = 100'000;

private:
    using Tickets = std::map<std::string, Ticket, std::less<>>;
    struct Changed {
        std::set<std::int64_t> grants, forgotten;
        std::set<std::string, std::less<>> tickets;
    };

    std::string token();
    void add(std::string_view text, const Ticket& ticket);
    void spend(Tickets::iterator ticket);
    Given give(std::int64_t grant, Timestamp now);
    void kill(std::int64_t grant);
    void forgetOldest();

    runtime::Random& m_random;
    const Lifetimes m_lifetimes;
    std::map<std::int64_t, Grant> m_grants;
    Tickets m_tickets; ///< by fingerprint
    std::int64_t m_lastGrant = 0;
    Figures m_figures;
    bool m_isKept = false;
    Changed m_changed; ///< empty unless it is kept
};

std::string_view toString(GrantBook::Refusal refusal);

} // namespace qd::sandbox::oauth
