#include "models/accounts/broker_link.h"

#include <array>

namespace qd {
namespace {

template <typename Value, std::size_t Count>
std::optional<Value> linkWord(const std::array<Value, Count>& values, std::string_view text)
{
    for (const Value value : values) {
        if (toString(value) == text) return value;
    }
    return std::nullopt;
}

} // namespace

std::string_view toString(LinkMethod method)
{
    switch (method) {
    case LinkMethod::OAuth:
        return "oauth";
    case LinkMethod::Key:
        return "key";
    case LinkMethod::Session:
        return "session";
    }
    return "unknown";
}

std::optional<LinkMethod> parseLinkMethod(std::string_view text)
{
    return linkWord(std::array{LinkMethod::OAuth, LinkMethod::Key, LinkMethod::Session}, text);
}

std::string_view toString(LinkStatus status)
{
    switch (status) {
    case LinkStatus::Connected:
        return "connected";
    case LinkStatus::Failing:
        return "failing";
    case LinkStatus::ReauthNeeded:
        return "reauth_needed";
    case LinkStatus::RevocationPending:
        return "revocation_pending";
    }
    return "unknown";
}

std::optional<LinkStatus> parseLinkStatus(std::string_view text)
{
    return linkWord(std::array{LinkStatus::Connected, LinkStatus::Failing, LinkStatus::ReauthNeeded,
                               LinkStatus::RevocationPending},
                    text);
}

} // namespace qd
