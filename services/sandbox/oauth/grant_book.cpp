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

std::string GrantBook::issueCode(Consent consent, Timestamp now)
{
    forgetOldest();
    const std::int64_t grant = ++m_lastGrant;
    m_grants[grant] = {std::move(consent), false};
    std::string code = token();
    m_codes[code] = {grant, now + m_lifetimes.code, false};
    ++m_figures.codes;
    return code;
}

tl::expected<GrantBook::Given, GrantBook::Refusal> GrantBook::useCode(const CodeUse& use,
                                                                      Timestamp now)
{
    const auto found = m_codes.find(use.code);
    if (found == m_codes.end()) return tl::unexpected(Refusal::Unknown);
    Code& code = found->second;
    const Grant& grant = m_grants[code.grant];
    if (grant.consent.clientId != use.clientId) return tl::unexpected(Refusal::OtherClient);
    if (code.isUsed) {
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
    code.isUsed = true;
    ++m_figures.exchanged;
    return give(code.grant, now);
}

tl::expected<GrantBook::Given, GrantBook::Refusal>
GrantBook::useRefresh(std::string_view token, std::string_view clientId, Timestamp now)
{
    const auto found = m_tokens.find(token);
    if (found == m_tokens.end() || !found->second.isRefresh)
        return tl::unexpected(Refusal::Unknown);
    Token& kept = found->second;
    const Grant& grant = m_grants[kept.grant];
    if (grant.consent.clientId != clientId) return tl::unexpected(Refusal::OtherClient);
    if (grant.isDead) return tl::unexpected(Refusal::Revoked);
    if (kept.isDead) {
        ++m_figures.replays;
        kill(kept.grant);
        return tl::unexpected(Refusal::Used);
    }
    if (now >= kept.expiresAt) return tl::unexpected(Refusal::Expired);
    kept.isDead = true;
    ++m_figures.refreshed;
    return give(kept.grant, now);
}

GrantBook::Given GrantBook::give(std::int64_t grant, Timestamp now)
{
    Given given{token(), token(), m_lifetimes.access, m_grants[grant].consent.scopes};
    m_tokens[given.access] = {grant, now + m_lifetimes.access, false, false};
    m_tokens[given.refresh] = {grant, now + m_lifetimes.refresh, true, false};
    return given;
}

void GrantBook::kill(std::int64_t grant)
{
    if (std::exchange(m_grants[grant].isDead, true)) return;
    ++m_figures.revoked;
}

void GrantBook::revoke(std::string_view token, std::string_view clientId)
{
    const auto found = m_tokens.find(token);
    if (found == m_tokens.end()) return;
    if (m_grants[found->second.grant].consent.clientId != clientId) return;
    found->second.isDead = true;
    if (found->second.isRefresh) kill(found->second.grant);
}

void GrantBook::revokeEverything()
{
    for (const auto& [number, grant] : m_grants) kill(number);
}

void GrantBook::endAccess()
{
    for (auto& [text, token] : m_tokens) token.isDead |= !token.isRefresh;
}

bool GrantBook::isAccessValid(std::string_view token, Timestamp now) const
{
    const auto found = m_tokens.find(token);
    if (found == m_tokens.end()) return false;
    const Token& kept = found->second;
    const auto grant = m_grants.find(kept.grant);
    return !kept.isRefresh && !kept.isDead && now < kept.expiresAt && grant != m_grants.end() &&
           !grant->second.isDead;
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
    while (!m_grants.empty() && (m_grants.size() >= kGrantsMax || m_tokens.size() >= kTokensMax)) {
        const std::int64_t oldest = m_grants.begin()->first;
        std::erase_if(m_codes, [&](const auto& each) { return each.second.grant == oldest; });
        std::erase_if(m_tokens, [&](const auto& each) { return each.second.grant == oldest; });
        m_grants.erase(oldest);
    }
}

} // namespace qd::sandbox::oauth
