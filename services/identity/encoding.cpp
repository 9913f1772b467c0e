#include "services/identity/encoding.h"

#include <algorithm>
#include <memory>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "models/base/result.h"
#include "services/storage/hashing.h"

namespace qd::identity {
namespace {

constexpr std::size_t kSivKeyBytes = 64; ///< one half authenticates, the other encrypts
constexpr std::size_t kSivTagBytes = 16;

const unsigned char* bytesOf(std::string_view text)
{
    return reinterpret_cast<const unsigned char*>(text.data());
}

struct FreeSiv {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

/// Fetched once; a context is made for each use, as it cannot be used for a second text.
std::unique_ptr<EVP_CIPHER_CTX, FreeSiv> newSiv()
{
    static EVP_CIPHER* const siv = EVP_CIPHER_fetch(nullptr, "AES-256-SIV", nullptr);
    std::unique_ptr<EVP_CIPHER_CTX, FreeSiv> context(EVP_CIPHER_CTX_new());
    QD_ASSERT(siv != nullptr && context != nullptr);
    QD_ASSERT(EVP_CipherInit_ex2(context.get(), siv, nullptr, nullptr, -1, nullptr) == 1);
    return context;
}

constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kBase64Phc =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

std::string encodeBits(std::string_view bytes, std::string_view alphabet, unsigned width)
{
    std::string text;
    text.reserve(bytes.size() * 8 / width + 1);
    unsigned held = 0, bits = 0;
    for (const char c : bytes) {
        held = held << 8U | static_cast<unsigned char>(c);
        bits += 8;
        while (bits >= width) {
            bits -= width;
            text += alphabet[held >> bits & ((1U << width) - 1)];
        }
        held &= (1U << bits) - 1;
    }
    if (bits > 0) text += alphabet[held << (width - bits) & ((1U << width) - 1)];
    return text;
}

std::optional<std::string> decodeBits(std::string_view text, std::string_view alphabet, unsigned width)
{
    std::string bytes;
    bytes.reserve(text.size() * width / 8);
    unsigned held = 0, bits = 0;
    for (const char c : text) {
        const auto digit = alphabet.find(c);
        if (digit == std::string_view::npos) return {};
        held = held << width | static_cast<unsigned>(digit);
        bits += width;
        if (bits >= 8) {
            bits -= 8;
            bytes += static_cast<char>(held >> bits & 0xFFU);
        }
        held &= (1U << bits) - 1;
    }
    // What is left over must be nothing: each value has one text only.
    if (bits >= width || held != 0) return {};
    return bytes;
}

} // namespace

std::string toBase64Url(std::string_view bytes)
{
    return encodeBits(bytes, kBase64Url, 6);
}

std::optional<std::string> fromBase64Url(std::string_view text)
{
    return decodeBits(text, kBase64Url, 6);
}

std::string toPhcBase64(std::string_view bytes)
{
    return encodeBits(bytes, kBase64Phc, 6);
}

std::optional<std::string> fromPhcBase64(std::string_view text)
{
    return decodeBits(text, kBase64Phc, 6);
}

std::string toBase32(std::string_view bytes)
{
    return encodeBits(bytes, kBase32, 5);
}

std::optional<std::string> fromBase32(std::string_view text)
{
    while (!text.empty() && text.back() == '=') text.remove_suffix(1);
    std::string plain;
    for (const char c : text) {
        if (c == ' ') continue;
        plain += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return decodeBits(plain, kBase32, 5);
}

std::string toHexText(std::string_view bytes)
{
    constexpr std::string_view kDigits = "0123456789abcdef";
    return encodeBits(bytes, kDigits, 4);
}

std::array<unsigned char, 32> hmacSha256(std::string_view key, std::string_view message)
{
    std::array<unsigned char, 32> code{};
    unsigned size = 0;
    const auto* done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                            reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                            code.data(), &size);
    QD_ASSERT(done != nullptr && size == code.size());
    return code;
}

std::string sealSiv(std::string_view key, std::string_view context, std::string_view plain)
{
    const auto aes = newSiv();
    std::string sealed(kSivTagBytes + plain.size(), '\0');
    auto* const tag = reinterpret_cast<unsigned char*>(sealed.data());
    int size = 0;
    QD_ASSERT(key.size() == kSivKeyBytes);
    QD_ASSERT(EVP_EncryptInit_ex2(aes.get(), nullptr, bytesOf(key), nullptr, nullptr) == 1);
    QD_ASSERT(EVP_EncryptUpdate(aes.get(), nullptr, &size, bytesOf(context),
                                static_cast<int>(context.size())) == 1);
    QD_ASSERT(EVP_EncryptUpdate(aes.get(), tag + kSivTagBytes, &size, bytesOf(plain),
                                static_cast<int>(plain.size())) == 1);
    QD_ASSERT(EVP_EncryptFinal_ex(aes.get(), tag + kSivTagBytes + size, &size) == 1);
    QD_ASSERT(EVP_CIPHER_CTX_ctrl(aes.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(kSivTagBytes),
                                  tag) == 1);
    return sealed;
}

std::optional<std::string> openSiv(std::string_view key, std::string_view context,
                                   std::string_view sealed)
{
    if (sealed.size() <= kSivTagBytes) return {};
    const auto aes = newSiv();
    std::string tag(sealed.substr(0, kSivTagBytes));
    const auto text = sealed.substr(kSivTagBytes);
    std::string plain(text.size(), '\0');
    int size = 0;
    QD_ASSERT(key.size() == kSivKeyBytes);
    QD_ASSERT(EVP_DecryptInit_ex2(aes.get(), nullptr, bytesOf(key), nullptr, nullptr) == 1);
    QD_ASSERT(EVP_CIPHER_CTX_ctrl(aes.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(kSivTagBytes),
                                  tag.data()) == 1);
    QD_ASSERT(EVP_DecryptUpdate(aes.get(), nullptr, &size, bytesOf(context),
                                static_cast<int>(context.size())) == 1);
    // Told here already, not at the end: nothing is deciphered before the tag is known to be good.
    if (EVP_DecryptUpdate(aes.get(), reinterpret_cast<unsigned char*>(plain.data()), &size,
                          bytesOf(text), static_cast<int>(text.size())) != 1)
        return {};
    return plain;
}

std::string joined(std::string_view domain, std::initializer_list<std::string_view> fields)
{
    std::string bytes;
    const auto add = [&](std::string_view field) {
        for (unsigned shift = 0; shift < 32; shift += 8)
            bytes += static_cast<char>(field.size() >> shift & 0xFFU);
        bytes += field;
    };
    add(domain);
    for (const auto field : fields) add(field);
    return bytes;
}

std::string randomBytes(runtime::Random& random, std::size_t count)
{
    std::string bytes(count, '\0');
    random.fill({reinterpret_cast<unsigned char*>(bytes.data()), bytes.size()});
    return bytes;
}

bool areEqual(std::string_view a, std::string_view b)
{
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string fingerprint(std::string_view secret)
{
    return storage::toHex(storage::sha256(secret));
}

} // namespace qd::identity
