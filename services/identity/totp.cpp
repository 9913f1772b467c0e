#include "services/identity/totp.h"

#include <algorithm>
#include <array>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "models/base/result.h"
#include "services/identity/encoding.h"

namespace qd::identity {
namespace {

const EVP_MD* digestOf(TotpHash hash)
{
    switch (hash) {
    case TotpHash::Sha1: return EVP_sha1();
    case TotpHash::Sha256: return EVP_sha256();
    case TotpHash::Sha512: return EVP_sha512();
    }
    return EVP_sha1();
}

std::string percentEncoded(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '-' || c == '.' || c == '_' || c == '~';
        if (plain)
            out += c;
        else
            out += '%' + toHexText({&c, 1});
    }
    return out;
}

} // namespace

std::string totpCode(std::string_view seed, std::int64_t step, int digits, TotpHash hash)
{
    std::array<unsigned char, 8> counter{};
    for (std::size_t i = 0; i < counter.size(); ++i)
        counter[counter.size() - 1 - i] =
            static_cast<unsigned char>(static_cast<std::uint64_t>(step) >> (8 * i) & 0xFFU);
    std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
    unsigned size = 0;
    const auto* done = HMAC(digestOf(hash), seed.data(), static_cast<int>(seed.size()), counter.data(),
                            counter.size(), code.data(), &size);
    QD_ASSERT(done != nullptr);
    const std::size_t at = code[size - 1] & 0x0FU; // RFC 4226 §5.3
    const std::uint32_t number = (code[at] & 0x7FU) * 0x1000000U + code[at + 1] * 0x10000U +
                                 code[at + 2] * 0x100U + code[at + 3];
    std::uint32_t modulus = 1;
    for (int i = 0; i < digits; ++i) modulus *= 10;
    std::string text = std::to_string(number % modulus);
    return std::string(static_cast<std::size_t>(digits) - text.size(), '0') + text;
}

std::int64_t totpStepAt(Timestamp now)
{
    return now.seconds() / kTotpStepSeconds;
}

std::optional<std::int64_t> matchTotp(std::string_view seed, std::string_view code, Timestamp now,
                                      std::int64_t lastUsed)
{
    std::optional<std::int64_t> matched;
    const std::int64_t present = totpStepAt(now);
    for (std::int64_t step = present - 1; step <= present + 1; ++step)
        if (areEqual(totpCode(seed, step), code) && step > lastUsed && !matched) matched = step;
    return matched;
}

runtime::Secret otpauthUri(std::string_view seed, std::string_view account)
{
    return runtime::Secret("otpauth://totp/Quarterdeck:" + percentEncoded(account) +
                           "?secret=" + toBase32(seed) +
                           "&issuer=Quarterdeck&algorithm=SHA1&digits=6&period=30");
}

std::vector<runtime::Secret> newRecoveryCodes(runtime::Random& random)
{
    constexpr std::size_t kCodeBytes = 10, kGroup = 4;
    std::vector<runtime::Secret> codes;
    for (int n = 0; n < kRecoveryCodes; ++n) {
        std::string code;
        for (const char c : toBase32(randomBytes(random, kCodeBytes))) {
            if (code.size() % (kGroup + 1) == kGroup) code += '-';
            code += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        }
        codes.emplace_back(std::move(code));
    }
    return codes;
}

std::string recoveryFingerprint(std::string_view code)
{
    constexpr std::size_t kCodeLetters = 16, kTypedMax = 40;
    if (code.size() > kTypedMax) return {};
    std::string plain;
    for (const char c : code) {
        if (c == '-' || c == ' ') continue;
        plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return plain.size() == kCodeLetters ? fingerprint(plain) : std::string();
}

} // namespace qd::identity
