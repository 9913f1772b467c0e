#include "services/identity/internal_token.h"

#include <algorithm>

#include <openssl/evp.h>

#include "services/identity/encoding.h"
#include "services/json/json.h"

namespace qd::identity {
namespace {

constexpr std::size_t kPublicBytes = 32, kSignatureBytes = 64, kKeyIdDigits = 16;

struct DigestContextFree {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using SigningContext = std::unique_ptr<EVP_MD_CTX, DigestContextFree>;

const unsigned char* unsignedOf(std::string_view bytes)
{
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

tl::unexpected<Error> badKey()
{
    return fail(ErrorKind::Invalid, "identity.key", "expected the 32 bytes of an ed25519 key");
}

tl::unexpected<Error> tokenDenied(std::string why)
{
    return fail(ErrorKind::Denied, "identity.internal_token", std::move(why));
}

std::shared_ptr<EVP_PKEY> openKey(std::string_view bytes)
{
    return {EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, unsignedOf(bytes), bytes.size()),
            &EVP_PKEY_free};
}

bool isSigned(const PublicKey& key, std::string_view message, std::string_view signature)
{
    const auto open = openKey(key.bytes);
    const SigningContext context(EVP_MD_CTX_new());
    QD_ASSERT(open && context);
    return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, open.get()) == 1 &&
           EVP_DigestVerify(context.get(), unsignedOf(signature), signature.size(),
                            unsignedOf(message), message.size()) == 1;
}

bool isName(std::string_view text)
{
    return !text.empty() && text.size() <= InternalClaims::kNameMax &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

bool areInBounds(const InternalClaims& claims)
{
    const Duration life = claims.expiresAt - claims.issuedAt;
    return isName(claims.issuer) && isName(claims.audience) && isName(claims.subject) &&
           !claims.scopes.empty() && claims.scopes.size() <= InternalClaims::kScopesMax &&
           std::all_of(claims.scopes.begin(), claims.scopes.end(), isName) && life > Duration{} &&
           life <= kInternalTokenLifeMax;
}

std::string headerJson(std::string_view keyId)
{
    json::Writer out;
    out.beginObject().member("alg", "EdDSA").member("kid", keyId).member("typ", "JWT").endObject();
    return out.take();
}

std::string claimsJson(const InternalClaims& claims)
{
    std::string scope; // RFC 8693 §4.2: one text, a space between
    for (const std::string& each : claims.scopes) scope += (scope.empty() ? "" : " ") + each;
    json::Writer out;
    out.beginObject()
        .member("iss", claims.issuer)
        .member("aud", claims.audience)
        .member("sub", claims.subject)
        .member("scope", scope)
        .member("iat", claims.issuedAt.seconds())
        .member("exp", claims.expiresAt.seconds())
        .endObject();
    return out.take();
}

std::vector<std::string> scopesOf(std::string_view text)
{
    std::vector<std::string> scopes;
    while (!text.empty()) {
        const auto end = text.find(' ');
        scopes.emplace_back(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    }
    return scopes;
}

/// Nothing unless it is, byte for byte, what `claimsJson` writes.
std::optional<InternalClaims> parseClaims(const std::string& text)
{
    const auto document = json::Document::parse(text);
    if (!document) return {};
    InternalClaims claims;
    claims.issuer = (*document)["iss"].stringOr("");
    claims.audience = (*document)["aud"].stringOr("");
    claims.subject = (*document)["sub"].stringOr("");
    claims.scopes = scopesOf((*document)["scope"].stringOr(""));
    claims.issuedAt = Timestamp::fromSeconds((*document)["iat"].integerOr(0));
    claims.expiresAt = Timestamp::fromSeconds((*document)["exp"].integerOr(0));
    if (!areInBounds(claims) || claimsJson(claims) != text) return {};
    return claims;
}

struct Parts {
    std::string_view signedText, header, claims, signature;
};

std::optional<Parts> partsOf(std::string_view token)
{
    const auto first = token.find('.');
    const auto last = token.rfind('.');
    if (first == std::string_view::npos || first == last) return {};
    return Parts{token.substr(0, last), token.substr(0, first),
                 token.substr(first + 1, last - first - 1), token.substr(last + 1)};
}

} // namespace

Result<PublicKey> PublicKey::of(std::string bytes)
{
    if (bytes.size() != kPublicBytes || !openKey(bytes)) return badKey();
    PublicKey key;
    key.id = fingerprint(bytes).substr(0, kKeyIdDigits);
    key.bytes = std::move(bytes);
    return key;
}

SigningKey::SigningKey(std::shared_ptr<evp_pkey_st> key, PublicKey open)
    : m_key(std::move(key)), m_public(std::move(open))
{
}

SigningKey SigningKey::make(runtime::Random& random)
{
    auto key = fromSeed(runtime::Secret(randomBytes(random, kSeedBytes)));
    QD_ASSERT(key.has_value());
    return std::move(*key);
}

Result<SigningKey> SigningKey::fromSeed(const runtime::Secret& seed)
{
    const auto bytes = seed.revealForUse();
    if (bytes.size() != kSeedBytes) return badKey();
    std::shared_ptr<EVP_PKEY> key(
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, unsignedOf(bytes), bytes.size()),
        &EVP_PKEY_free);
    QD_ASSERT(key != nullptr);
    std::string open(kPublicBytes, '\0');
    std::size_t size = open.size();
    const int read = EVP_PKEY_get_raw_public_key(
        key.get(), reinterpret_cast<unsigned char*>(open.data()), &size);
    QD_ASSERT(read == 1 && size == kPublicBytes);
    auto publicKey = PublicKey::of(std::move(open));
    QD_ASSERT(publicKey.has_value());
    return SigningKey(std::move(key), std::move(*publicKey));
}

std::string SigningKey::sign(std::string_view message) const
{
    std::string signature(kSignatureBytes, '\0');
    std::size_t size = signature.size();
    const SigningContext context(EVP_MD_CTX_new());
    const bool done =
        context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, m_key.get()) == 1 &&
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                       unsignedOf(message), message.size()) == 1;
    QD_ASSERT(done && size == kSignatureBytes);
    return signature;
}

runtime::Secret SigningKey::seed() const
{
    std::string bytes(kSeedBytes, '\0');
    std::size_t size = bytes.size();
    const int read = EVP_PKEY_get_raw_private_key(
        m_key.get(), reinterpret_cast<unsigned char*>(bytes.data()), &size);
    QD_ASSERT(read == 1 && size == kSeedBytes);
    return runtime::Secret(std::move(bytes));
}

InternalIssuer::InternalIssuer(std::string issuer, SigningKey key, const runtime::Clock& clock)
    : m_issuer(std::move(issuer)), m_key(std::move(key)), m_clock(clock)
{
    QD_ASSERT(isName(m_issuer));
}

Result<runtime::Secret> InternalIssuer::issue(const std::string& audience,
                                              const std::string& subject,
                                              const std::vector<std::string>& scopes,
                                              Duration life) const
{
    const Timestamp now = Timestamp::fromSeconds(m_clock.now().seconds());
    const InternalClaims claims{m_issuer, audience, subject, scopes, now,
                                Timestamp::fromSeconds((now + life).seconds())};
    if (!areInBounds(claims))
        return fail(ErrorKind::Invalid, "identity.claims",
                    "expected short plain names, 1 to 16 scopes and 1 to 60 seconds");
    std::string token = toBase64Url(headerJson(m_key.publicKey().id)) + '.' +
                        toBase64Url(claimsJson(claims));
    token += '.' + toBase64Url(m_key.sign(token));
    return runtime::Secret(std::move(token));
}

Result<void> VerifierKeys::add(PublicKey key)
{
    if (find(key.id) != nullptr) return {};
    if (m_keys.size() >= kKeysMax)
        return fail(ErrorKind::Conflict, "identity.keys_full",
                    "two keys are live already: retire one first");
    m_keys.push_back(std::move(key));
    return {};
}

Result<void> VerifierKeys::retire(const std::string& id)
{
    if (find(id) == nullptr) return {};
    if (m_keys.size() == 1)
        return fail(ErrorKind::Conflict, "identity.last_key",
                    "without this key nothing would be taken: add the next one first");
    std::erase_if(m_keys, [&](const PublicKey& key) { return key.id == id; });
    return {};
}

const PublicKey* VerifierKeys::find(std::string_view id) const
{
    const auto found = std::find_if(m_keys.begin(), m_keys.end(),
                                    [&](const PublicKey& key) { return key.id == id; });
    return found == m_keys.end() ? nullptr : &*found;
}

InternalVerifier::InternalVerifier(std::string audience, std::string issuer,
                                   const runtime::Clock& clock)
    : m_audience(std::move(audience)), m_issuer(std::move(issuer)), m_clock(clock)
{
}

Result<InternalClaims> InternalVerifier::verify(std::string_view token,
                                                std::string_view scope) const
{
    const auto parts = token.size() <= kTokenBytesMax ? partsOf(token) : std::nullopt;
    if (!parts) return tokenDenied("not a token");
    // The header is compared, not obeyed: it chooses one of our keys and nothing else.
    const auto& live = m_keys.list();
    const auto key = std::find_if(live.begin(), live.end(), [&](const PublicKey& each) {
        return toBase64Url(headerJson(each.id)) == parts->header;
    });
    if (key == live.end()) return tokenDenied("signed with no live key, or by another algorithm");
    const auto signature = fromBase64Url(parts->signature);
    if (!signature || signature->size() != kSignatureBytes ||
        !isSigned(*key, parts->signedText, *signature))
        return tokenDenied("the signature does not fit");
    const auto text = fromBase64Url(parts->claims);
    auto claims = text ? parseClaims(*text) : std::nullopt;
    if (!claims) return tokenDenied("its claims are not as this product writes them");
    if (claims->issuer != m_issuer)
        return tokenDenied("expected the issuer " + m_issuer + ", was " + claims->issuer);
    if (claims->audience != m_audience)
        return tokenDenied("expected the audience " + m_audience + ", was " + claims->audience);
    const Timestamp now = m_clock.now();
    if (now + kClockSkewMax < claims->issuedAt) return tokenDenied("issued in the future");
    if (now >= claims->expiresAt + kClockSkewMax) return tokenDenied("expired");
    if (std::find(claims->scopes.begin(), claims->scopes.end(), scope) == claims->scopes.end())
        return tokenDenied("not for " + std::string(scope.substr(0, InternalClaims::kNameMax)));
    return std::move(*claims);
}

} // namespace qd::identity
