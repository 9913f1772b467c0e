#include "services/identity/access_table.h"

#include <algorithm>
#include <cstring>

namespace qd::identity {

std::size_t AccessTable::HashOfHash::operator()(const storage::Hash& hash) const noexcept
{
    std::size_t first = 0; // any part of a SHA-256 is as good as another
    std::memcpy(&first, hash.data(), sizeof first);
    return first;
}

AccessTable::AccessTable(const runtime::Clock& clock, std::size_t tokensMax)
    : m_clock(clock), m_tokensMax(tokensMax)
{
}

bool AccessTable::admit(std::string_view token, const SessionId& session, const UserId& user,
                        Roles roles, Duration life)
{
    const storage::Hash hash = storage::sha256(token);
    if (m_tokens.contains(hash)) return true;
    if (m_tokens.size() >= m_tokensMax) sweep();
    if (m_tokens.size() >= m_tokensMax) return false;
    Live& live = m_sessions[session];
    live.access.user = user;
    live.access.roles = roles;
    live.access.session = session;
    trim(live, 1);
    const Duration until = m_clock.steady() + life;
    live.tokens.push_back({hash, until});
    m_tokens.emplace(hash, Entry{&live.access, until});
    return true;
}

void AccessTable::trim(Live& live, std::size_t room)
{
    const Duration now = m_clock.steady();
    const auto surplus = [&](std::size_t left) { return left + room > kTokensPerSession; };
    std::size_t left = live.tokens.size();
    std::erase_if(live.tokens, [&](const Token& token) {
        if (token.until > now && !surplus(left)) return false;
        m_tokens.erase(token.hash);
        --left;
        return true;
    });
}

const Access* AccessTable::find(std::string_view token) const
{
    const auto found = m_tokens.find(storage::sha256(token));
    if (found == m_tokens.end() || found->second.until <= m_clock.steady()) return nullptr;
    return found->second.access;
}

const Access* AccessTable::findSession(const SessionId& session) const
{
    const auto found = m_sessions.find(session);
    if (found == m_sessions.end()) return nullptr;
    const Duration now = m_clock.steady();
    const auto& tokens = found->second.tokens;
    const bool isGood = std::any_of(tokens.begin(), tokens.end(),
                                    [now](const Token& token) { return token.until > now; });
    return isGood ? &found->second.access : nullptr;
}

bool AccessTable::isSteppedUp(const Access& access) const
{
    return m_clock.steady() < access.steppedUpUntil;
}

bool AccessTable::stepUp(const SessionId& session, Duration life)
{
    const auto found = m_sessions.find(session);
    if (found == m_sessions.end()) return false;
    found->second.access.steppedUpUntil = m_clock.steady() + life;
    return true;
}

void AccessTable::dropSession(const SessionId& session)
{
    const auto found = m_sessions.find(session);
    if (found == m_sessions.end()) return;
    for (const Token& token : found->second.tokens) m_tokens.erase(token.hash);
    m_sessions.erase(found);
}

void AccessTable::dropSessionOf(const UserId& user, const SessionId& session)
{
    const auto found = m_sessions.find(session);
    if (found != m_sessions.end() && found->second.access.user == user) dropSession(session);
}

void AccessTable::dropUser(const UserId& user, const std::optional<SessionId>& except)
{
    std::vector<SessionId> ended;
    for (const auto& [session, live] : m_sessions)
        if (live.access.user == user && session != except) ended.push_back(session);
    for (const SessionId& session : ended) dropSession(session);
}

void AccessTable::setRoles(const UserId& user, Roles roles)
{
    for (auto& [session, live] : m_sessions)
        if (live.access.user == user) live.access.roles = roles;
}

void AccessTable::sweep()
{
    for (auto each = m_sessions.begin(); each != m_sessions.end();) {
        trim(each->second, 0);
        each = each->second.tokens.empty() ? m_sessions.erase(each) : std::next(each);
    }
}

} // namespace qd::identity
