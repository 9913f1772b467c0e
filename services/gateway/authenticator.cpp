#include "services/gateway/authenticator.h"

#include "services/gateway/internal_tokens.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace qd::gateway {

OwnerToken::OwnerToken(runtime::Secret token) : m_token(std::move(token)) {}

Result<OwnerToken> OwnerToken::create(const std::string& path, runtime::Random& random)
{
    std::array<unsigned char, 32> bytes{};
    random.fill(bytes);
    static constexpr char kHex[] = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : bytes) {
        text += kHex[byte >> 4];
        text += kHex[byte & 15];
    }
    // A new file takes the old one's place, so that nobody keeps it open from a time when its mode
    // was wider.
    const std::string fresh = path + ".new";
    ::unlink(fresh.c_str());
    const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const bool written = file >= 0 && ::write(file, text.data(), text.size()) ==
                                          static_cast<ssize_t>(text.size());
    const int reason = errno;
    if (file >= 0) ::close(file);
    if (!written || ::rename(fresh.c_str(), path.c_str()) != 0)
        return fail(ErrorKind::Unavailable, "auth.token_file",
                    "cannot write " + path + ": " + std::strerror(reason) +
                        "; check that the data folder exists and is yours");
    return OwnerToken(runtime::Secret(std::move(text)));
}

Result<Caller> OwnerToken::authenticate(std::string_view token) const
{
    if (m_token.empty() || !m_token.matches(token))
        return fail(ErrorKind::Denied, "auth.invalid_token",
                    "the token is not this backend's; read it from the token file again");
    Caller owner;
    owner.name = "user:owner";
    owner.roles = {Role::Admin};
    owner.isSteppedUp = true;
    owner.isOwner = true;
    return owner;
}

Result<Caller> PeopleAuthenticator::authenticate(std::string_view token) const
{
    if (const auto* access = m_sessions.check(token)) {
        Caller caller;
        caller.name = "user:" + access->user.text();
        caller.roles = access->roles;
        caller.isSteppedUp = m_sessions.isSteppedUp(*access);
        caller.session = *access;
        return caller;
    }
    if (m_programs != nullptr && InternalTokens::isOne(token)) return m_programs->authenticate(token);
    auto owner = m_owner.authenticate(token);
    if (owner) return owner;
    return fail(ErrorKind::Denied, "auth.invalid_token",
                "nobody holds this token (any more): refresh it, sign in again, or read the token "
                "file again");
}

std::optional<Roles> PeopleAuthenticator::rolesNow(const Caller& caller) const
{
    if (!caller.session) return m_owner.rolesNow(caller);
    const auto* access = m_sessions.find(caller.session->session);
    if (access == nullptr) return {};
    return access->roles;
}

std::string_view bearerToken(const wire::HttpRequest& request)
{
    constexpr std::string_view kScheme = "Bearer ";
    const auto header = request.headers.find("Authorization");
    if (!header.starts_with(kScheme)) return {};
    return header.substr(kScheme.size());
}

} // namespace qd::gateway
