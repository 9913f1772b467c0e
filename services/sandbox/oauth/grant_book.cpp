#include "services/sandbox/oauth/grant_book.h"

#include <algorithm>
#include <array>

#include "services/sandbox/oauth/texts.h"

namespace qd::sandbox::oauth {

std::string_view toString(GrantBook::Refusal refusal)
{
    switch (refusal) {
    case GrantBook::Refusal::Unknown:
        return "unknown";
    case GrantBook::Refusal::Expired:
        return "expired";
    case GrantBook::Refusal::Used:
        return "used";
    case GrantBook::Refusal::OtherClient:
        return "other_client";
    case GrantBook::Refusal::WrongRedirect:
        return "wrong_redirect";
    case GrantBook::Refusal::WrongVerifier:
        return "wrong_verifier";
    case GrantBook::Refusal::Revoked:
        return "revoked";
    }
    return "unknown";
}

GrantBook::GrantBook(runtime::Random& random, Lifetimes lifetimes)
    : m_random(random), m_lifetimes(lifetimes)
{
}

std::string GrantBook::token()
{
    std::array<unsigned char, 32> bytes{};
    m_random.fill(bytes);
    return base64Url({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void GrantBook::add(std::string_view text, const Ticket& ticket)
{
    const auto added = m_tickets.insert_or_assign(challengeOf(text), ticket).first;
    if (m_isKept) m_changed.tickets.insert(added->first);
}

void GrantBook::spend(Tickets::iterator ticket)
{
    ticket->second.isSpent = true;
    if (m_isKept) m_changed.tickets.insert(ticket->first);
}

std::string GrantBook::issueCode(Consent consent, Timestamp now)
{
    forgetOldest();
    const std::int64_t grant = ++m_lastGrant;
    m_grants[grant] = {std::move(consent), false};
    if (m_isKept) m_changed.grants.insert(grant);
    std::string code = token();
    add(code, {grant, Ticket::Kind::Code, now + m_lifetimes.code});
    ++m_figures.codes;
    return code;
}

tl::expected<GrantBook::Given, GrantBook::Refusal> GrantBook::useCode(const CodeUse& use,
                                                                      Timestamp now)
{
    const auto found = m_tickets.find(challengeOf(use.code));
    if (found == m_tickets.end() || found->second.kind != Ticket::Kind::Code)
        return tl::unexpected(Refusal::Unknown);
    const Ticket& code = found->second;
    const Grant& grant = m_grants[code.grant];
    if (grant.consent.clientId != use.clientId) return tl::unexpected(Refusal::OtherClient);
    if (code.isSpent) {
        ++m_figures.replays;
        kill(code.grant);
        return tl::unexpected(Refusal::Used);
    }
    if (grant.isDead) return tl::unexpected(Refusal::Revoked);
    if (now >= code.expiresAt) return tl::unexpected(Refusal::Expired);
    if (grant.consent.redirectUri != use.redirectUri) return tl::unexpected(Refusal::WrongRedirect);
    const bool isProven =
        grant.consent.challenge.empty()
            ? use.verifier.empty()
            : isVerifier(use.verifier) && challengeOf(use.verifier) == grant.consent.challenge;
    if (!isProven) return tl::unexpected(Refusal::WrongVerifier);
    spend(found);
    ++m_figures.exchanged;
    return give(code.grant, now);
}

tl::expected<GrantBook::Given, GrantBook::Refusal>
GrantBook::useRefresh(std::string_view token, std::string_view clientId, Timestamp now)
{
    const auto found = m_tickets.find(challengeOf(token));
    if (found == m_tickets.end() || found->second.kind != Ticket::Kind::Refresh)
        return tl::unexpected(Refusal::Unknown);
    const Ticket& kept = found->second;
    const Grant& grant = m_grants[kept.grant];
    if (grant.consent.clientId != clientId) return tl::unexpected(Refusal::OtherClient);
    if (grant.isDead) return tl::unexpected(Refusal::Revoked);
    if (kept.isSpent) {
        ++m_figures.replays;
        kill(kept.grant);
        return tl::unexpected(Refusal::Used);
    }
    if (now >= kept.expiresAt) return tl::unexpected(Refusal::Expired);
    spend(found);
    ++m_figures.refreshed;
    return give(kept.grant, now);
}

GrantBook::Given GrantBook::give(std::int64_t grant, Timestamp now)
{
    Given given{token(), token(), m_lifetimes.access, m_grants[grant].consent.scopes};
    add(given.access, {grant, Ticket::Kind::Access, now + m_lifetimes.access});
    add(given.refresh, {grant, Ticket::Kind::Refresh, now + m_lifetimes.refresh});
    return given;
}

void GrantBook::kill(std::int64_t grant)
{
    if (std::exchange(m_grants[grant].isDead, true)) return;
    if (m_isKept) m_changed.grants.insert(grant);
    ++m_figures.revoked;
}

void GrantBook::revoke(std::string_view token, std::string_view clientId)
{
    const auto found = m_tickets.find(challengeOf(token));
    if (found == m_tickets.end() || found->second.kind == Ticket::Kind::Code) return;
    if (m_grants[found->second.grant].consent.clientId != clientId) return;
    spend(found);
    if (found->second.kind == Ticket::Kind::Refresh) kill(found->second.grant);
}

void GrantBook::revokeEverything()
{
    for (const auto& [number, grant] : m_grants) kill(number);
}

void GrantBook::endAccess()
{
    for (auto ticket = m_tickets.begin(); ticket != m_tickets.end(); ++ticket)
        if (ticket->second.kind == Ticket::Kind::Access) spend(ticket);
}

bool GrantBook::isAccessValid(std::string_view token, Timestamp now) const
{
    const auto found = m_tickets.find(challengeOf(token));
    if (found == m_tickets.end()) return false;
    const Ticket& kept = found->second;
    const auto grant = m_grants.find(kept.grant);
    return kept.kind == Ticket::Kind::Access && !kept.isSpent && now < kept.expiresAt &&
           grant != m_grants.end() && !grant->second.isDead;
}

void GrantBook::restore(KeptGrants kept)
{
    QD_ASSERT(m_grants.empty()); // before anything is given out
    m_grants = std::move(kept.grants);
    m_tickets = std::move(kept.tickets);
    m_lastGrant = m_grants.empty() ? 0 : m_grants.rbegin()->first;
    m_isKept = true;
}

KeptGrants GrantBook::changes() const
{
    KeptGrants changes;
    changes.forgotten = m_changed.forgotten;
    for (const std::int64_t number : m_changed.grants)
        if (const auto found = m_grants.find(number); found != m_grants.end())
            changes.grants.insert(*found);
    for (const std::string& fingerprint : m_changed.tickets)
        if (const auto found = m_tickets.find(fingerprint); found != m_tickets.end())
            changes.tickets.insert(*found);
    return changes;
}

GrantBook::Figures GrantBook::figures() const
{
    Figures figures = m_figures;
    figures.live = static_cast<std::size_t>(std::count_if(
        m_grants.begin(), m_grants.end(), [](const auto& each) { return !each.second.isDead; }));
    return figures;
}

/// The oldest grant with all that hangs on it, once there are too many.
void GrantBook::forgetOldest()
{
    while (!m_grants.empty() && (m_grants.size() >= kGrantsMax || m_tickets.size() >= kTicketsMax)) {
        const std::int64_t oldest = m_grants.begin()->first;
        std::erase_if(m_tickets, [&](const auto& each) { return each.second.grant == oldest; });
        m_grants.erase(oldest);
        if (m_isKept) m_changed.forgotten.insert(oldest);
    }
}

} // namespace qd::sandbox::oauth
