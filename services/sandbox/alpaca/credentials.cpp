#include "services/sandbox/alpaca/credentials.h"

#include <algorithm>

#include "services/sandbox/alpaca/text.h"

namespace qd::sandbox::alpaca {

namespace {

constexpr std::string_view kBearer = "Bearer ";

} // namespace

void KeyRing::add(ApiKey key)
{
    m_keys.push_back(std::move(key));
}

bool KeyRing::revoke(std::string_view keyId)
{
    bool found = false;
    for (ApiKey& key : m_keys)
        if (keyId.empty() || key.keyId == keyId)
            found = key.revoked = true;
    return found;
}

bool KeyRing::restore(std::string_view keyId)
{
    bool found = false;
    for (ApiKey& key : m_keys)
        if (keyId.empty() || key.keyId == keyId) {
            key.revoked = false;
            found = true;
        }
    return found;
}

const ApiKey* KeyRing::check(std::string_view keyId, std::string_view secret) const
{
    for (const ApiKey& key : m_keys)
        if (key.keyId == keyId && !key.secret.empty() && key.secret.matches(secret) && !key.revoked)
            return &key;
    return nullptr;
}

const ApiKey* KeyRing::checkToken(std::string_view token) const
{
    for (const ApiKey& key : m_keys) {
        const bool isIts = !key.token.empty() && key.token.matches(token);
        if (!key.revoked && (isIts || (key.accepts && key.accepts(token))))
            return &key;
    }
    return nullptr;
}

const ApiKey* KeyRing::check(const wire::Headers& headers) const
{
    const std::string_view authorization = headers.find("Authorization");
    constexpr std::string_view kBasic = "Basic ";
    if (authorization.starts_with(kBearer))
        return checkToken(authorization.substr(kBearer.size()));
    if (authorization.starts_with(kBasic)) {
        const auto pair = fromBase64(authorization.substr(kBasic.size()));
        const auto colon = pair ? pair->find(':') : std::string::npos;
        return colon == std::string::npos
            ? nullptr
            : check(pair->substr(0, colon), pair->substr(colon + 1));
    }
    return check(headers.find("APCA-API-KEY-ID"), headers.find("APCA-API-SECRET-KEY"));
}

bool KeyRing::carriesCredentials(const wire::Headers& headers) const
{
    return headers.contains("Authorization") || headers.contains("APCA-API-KEY-ID");
}

bool KeyRing::isDeadToken(const wire::Headers& headers) const
{
    const std::string_view authorization = headers.find("Authorization");
    return authorization.starts_with(kBearer) && !checkToken(authorization.substr(kBearer.size()));
}

const AccountId& KeyRing::firstAccount() const
{
    QD_ASSERT(!m_keys.empty());
    return m_keys.front().account;
}

} // namespace qd::sandbox::alpaca
