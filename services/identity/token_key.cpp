#include "services/identity/token_key.h"

#include "models/base/whole_number.h"
#include "services/identity/encoding.h"
#include "services/identity/totp.h"

namespace qd::identity {
namespace {

constexpr std::size_t kDeviceNonceBytes = 16;
constexpr std::size_t kTokenTextMax = 128;

std::optional<std::int64_t> generationOf(std::string_view text)
{
    const auto number = wholeNumber<std::int64_t>(text);
    return number && *number >= 1 ? number : std::nullopt;
}

} // namespace

TokenKey::TokenKey(runtime::Secret secret, const runtime::Secret& personal)
    : m_secret(std::move(secret))
{
    const auto root = personal.revealForUse();
    QD_ASSERT(m_secret.revealForUse().size() >= kBytesMin && root.size() >= kBytesMin);
    const auto keyFor = [root](std::string_view use) {
        return std::string(viewOf(hmacSha256(root, joined("qd.identity.personal.v1", {use}))));
    };
    m_addressKey = runtime::Secret(keyFor("address"));
    m_sealKey = runtime::Secret(keyFor("seal, authentication") + keyFor("seal, encryption"));
}

TokenKey::~TokenKey() = default;

std::string TokenKey::addressIndex(std::string_view emailKey) const
{
    return toBase64Url(viewOf(hmacSha256(m_addressKey.revealForUse(), emailKey)));
}

std::string TokenKey::seal(std::string_view place, const UserId& owner, std::string_view text) const
{
    return toBase64Url(
        sealSiv(m_sealKey.revealForUse(), joined(place, {owner.text()}), text));
}

std::string TokenKey::open(std::string_view place, const UserId& owner,
                           std::string_view sealed) const
{
    const auto bytes = fromBase64Url(sealed);
    if (!bytes) return {};
    return openSiv(m_sealKey.revealForUse(), joined(place, {owner.text()}), *bytes)
        .value_or(std::string());
}

std::string TokenKey::derive(std::string_view domain,
                             std::initializer_list<std::string_view> fields) const
{
    const auto code = hmacSha256(m_secret.revealForUse(), joined(domain, fields));
    return std::string(viewOf(code));
}

runtime::Secret TokenKey::accessToken(const RefreshClaim& claim) const
{
    return runtime::Secret(toBase64Url(derive(
        "qd.identity.access.v1", {claim.session.text(), std::to_string(claim.generation)})));
}

runtime::Secret TokenKey::refreshToken(const RefreshClaim& claim) const
{
    const std::string generation = std::to_string(claim.generation);
    return runtime::Secret(
        claim.session.text() + '.' + generation + '.' +
        toBase64Url(derive("qd.identity.refresh.v1", {claim.session.text(), generation})));
}

std::optional<RefreshClaim> TokenKey::readRefresh(std::string_view token) const
{
    if (token.size() > kTokenTextMax) return {};
    const auto first = token.find('.');
    const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
    if (second == std::string_view::npos || !isUuidV4(token.substr(0, first))) return {};
    const auto generation = generationOf(token.substr(first + 1, second - first - 1));
    if (!generation) return {};
    RefreshClaim claim{SessionId(std::string(token.substr(0, first))), *generation};
    if (!refreshToken(claim).matches(token)) return {};
    return claim;
}

runtime::Secret TokenKey::mailToken(std::string_view mailId) const
{
    return runtime::Secret(toBase64Url(derive("qd.identity.mail.v1", {mailId})));
}

runtime::Secret TokenKey::totpSeed(const UserId& user, std::string_view nonce) const
{
    return runtime::Secret(
        derive("qd.identity.totp.v1", {user.text(), nonce}).substr(0, kTotpSeedBytes));
}

runtime::Secret TokenKey::newDeviceKey(std::string_view emailKey, runtime::Random& random) const
{
    const std::string nonce = toBase64Url(randomBytes(random, kDeviceNonceBytes));
    return runtime::Secret(nonce + '.' +
                           toBase64Url(derive("qd.identity.device.v1", {emailKey, nonce})));
}

bool TokenKey::isDeviceOf(std::string_view emailKey, std::string_view deviceKey) const
{
    const auto dot = deviceKey.find('.');
    if (dot == std::string_view::npos || deviceKey.size() > kTokenTextMax) return false;
    const auto nonce = deviceKey.substr(0, dot);
    return areEqual(toBase64Url(derive("qd.identity.device.v1", {emailKey, nonce})),
                    deviceKey.substr(dot + 1));
}

} // namespace qd::identity
