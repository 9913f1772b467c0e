#include "services/vault/master_key.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "services/vault/cipher.h"

namespace qd::vault {
namespace {

constexpr std::string_view kTitle = "quarterdeck-vault-key v1\n";
constexpr std::size_t kIdDigits = 16;
constexpr std::size_t kBase64Characters = 44; ///< of 32 bytes, with one "=" at the end
constexpr std::size_t kDecodedBytes = 33;     ///< what 44 characters may stand for
constexpr std::size_t kLineCharacters = kIdDigits + 1 + kBase64Characters;

bool isHex(std::string_view text)
{
    return std::ranges::all_of(
        text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

runtime::Secret toBase64(std::string_view key)
{
    std::string text(kBase64Characters + 1, '\0'); // and the end that EVP_EncodeBlock writes
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                    reinterpret_cast<const unsigned char*>(key.data()),
                    static_cast<int>(key.size()));
    text.resize(kBase64Characters);
    return runtime::Secret(std::move(text));
}

/// Empty if it is not the base64 of a key. OpenSSL forgives blanks and odd last bits: what does not
/// give the same text again is refused.
runtime::Secret fromBase64(std::string_view text)
{
    std::array<unsigned char, kDecodedBytes> bytes{};
    const int size = EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
    runtime::Secret key(size == static_cast<int>(kDecodedBytes)
                            ? std::string(reinterpret_cast<const char*>(bytes.data()), kKeyBytes)
                            : std::string());
    OPENSSL_cleanse(bytes.data(), bytes.size());
    if (key.empty() || !toBase64(key.revealForUse()).matches(text)) return {};
    return key;
}

tl::unexpected<Error> wrongSyntax(std::size_t line, std::string_view expected)
{
    return fail(ErrorKind::Corrupt, "vault.key_syntax",
                fmt::format("line {} of the vault's keys: expected {}", line, expected));
}

Result<MasterKey> parseLine(std::string_view line, std::size_t number)
{
    constexpr std::string_view kExpected = "16 hex digits, a blank and the base64 of 32 bytes";
    const bool isShaped = line.size() == kLineCharacters && isHex(line.substr(0, kIdDigits)) &&
                          line[kIdDigits] == ' ';
    if (!isShaped) return wrongSyntax(number, kExpected);
    MasterKey key{std::string(line.substr(0, kIdDigits)), fromBase64(line.substr(kIdDigits + 1))};
    if (key.key.empty()) return wrongSyntax(number, kExpected);
    return key;
}

} // namespace

MasterKey makeMasterKey(runtime::Random& random)
{
    std::string bytes(kKeyBytes, '\0');
    random.fill({reinterpret_cast<unsigned char*>(bytes.data()), bytes.size()});
    return {fmt::format("{:016x}", random.next()), runtime::Secret(std::move(bytes))};
}

runtime::Secret formatMasterKeys(const std::vector<MasterKey>& keys)
{
    QD_ASSERT(!keys.empty() && keys.size() <= kMasterKeysMax);
    std::string text;
    text.reserve(kKeyTextBytesMax); // growing would leave copies behind
    text += kTitle;
    for (const MasterKey& key : keys) {
        text += key.id;
        text += ' ';
        text += toBase64(key.key.revealForUse()).revealForUse();
        text += '\n';
    }
    return runtime::Secret(std::move(text));
}

Result<std::vector<MasterKey>> parseMasterKeys(std::string_view text)
{
    if (!text.starts_with(kTitle)) return wrongSyntax(1, "\"quarterdeck-vault-key v1\"");
    text.remove_prefix(kTitle.size());
    std::vector<MasterKey> keys;
    while (!text.empty()) {
        const std::size_t number = keys.size() + 2;
        if (keys.size() == kMasterKeysMax) return wrongSyntax(number, "no more than two keys");
        const auto end = text.find('\n');
        if (end == std::string_view::npos) return wrongSyntax(number, "a newline at its end");
        auto key = parseLine(text.substr(0, end), number);
        if (!key) return tl::unexpected(key.error());
        if (!keys.empty() && keys.front().id == key->id) return wrongSyntax(number, "another id");
        keys.push_back(std::move(*key));
        text.remove_prefix(end + 1);
    }
    if (keys.empty()) return wrongSyntax(2, "a key");
    return keys;
}

} // namespace qd::vault
