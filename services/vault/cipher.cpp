#include "services/vault/cipher.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "models/base/result.h"

namespace qd::vault {
namespace {

const unsigned char* asUnsigned(std::string_view bytes)
{
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

unsigned char* asUnsigned(char* bytes)
{
    return reinterpret_cast<unsigned char*>(bytes);
}

/// AES with a wrong length or without memory is a broken promise, not something to go on from.
void expectDone(int code)
{
    QD_ASSERT(code == 1);
}

void addInteger(std::string& bytes, std::uint64_t value, int width)
{
    for (int i = 0; i < width; ++i) bytes += static_cast<char>((value >> (8 * i)) & 0xff);
}

} // namespace

void Cipher::Free::operator()(evp_cipher_st* cipher) const
{
    EVP_CIPHER_free(cipher);
}

void Cipher::Free::operator()(evp_cipher_ctx_st* context) const
{
    EVP_CIPHER_CTX_free(context);
}

Cipher::Cipher()
    : m_cipher(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)), m_sealing(EVP_CIPHER_CTX_new()),
      m_opening(EVP_CIPHER_CTX_new())
{
    QD_ASSERT(m_cipher && m_sealing && m_opening);
    // The length of the nonce is AES-GCM's own, 12 bytes; keys and nonces follow with each use.
    expectDone(EVP_EncryptInit_ex2(m_sealing.get(), m_cipher.get(), nullptr, nullptr, nullptr));
    expectDone(EVP_DecryptInit_ex2(m_opening.get(), m_cipher.get(), nullptr, nullptr, nullptr));
}

Cipher::~Cipher() = default;

std::string Cipher::seal(std::string_view key, std::string_view context, std::string_view plain,
                         runtime::Random& random)
{
    QD_ASSERT(key.size() == kKeyBytes);
    std::string sealed(kNonceBytes + plain.size() + kTagBytes, '\0');
    unsigned char* const nonce = asUnsigned(sealed.data());
    unsigned char* const text = nonce + kNonceBytes;
    unsigned char* const tag = text + plain.size();
    random.fill({nonce, kNonceBytes});
    EVP_CIPHER_CTX* const aes = m_sealing.get();
    int size = 0;
    expectDone(EVP_EncryptInit_ex2(aes, nullptr, asUnsigned(key), nonce, nullptr));
    expectDone(EVP_EncryptUpdate(aes, nullptr, &size, asUnsigned(context),
                                 static_cast<int>(context.size())));
    expectDone(EVP_EncryptUpdate(aes, text, &size, asUnsigned(plain), static_cast<int>(plain.size())));
    expectDone(EVP_EncryptFinal_ex(aes, tag, &size)); // writes nothing: GCM is a stream
    expectDone(EVP_CIPHER_CTX_ctrl(aes, EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag));
    return sealed;
}

bool Cipher::open(std::string_view key, std::string_view context, std::string_view sealed,
                  std::span<unsigned char> plain)
{
    QD_ASSERT(key.size() == kKeyBytes);
    if (sealed.size() != kNonceBytes + plain.size() + kTagBytes) return false;
    const unsigned char* const nonce = asUnsigned(sealed);
    const unsigned char* const text = nonce + kNonceBytes;
    unsigned char tag[kTagBytes];
    sealed.copy(reinterpret_cast<char*>(tag), kTagBytes, sealed.size() - kTagBytes);
    EVP_CIPHER_CTX* const aes = m_opening.get();
    int size = 0;
    expectDone(EVP_DecryptInit_ex2(aes, nullptr, asUnsigned(key), nonce, nullptr));
    expectDone(EVP_DecryptUpdate(aes, nullptr, &size, asUnsigned(context),
                                 static_cast<int>(context.size())));
    expectDone(EVP_DecryptUpdate(aes, plain.data(), &size, text, static_cast<int>(plain.size())));
    expectDone(EVP_CIPHER_CTX_ctrl(aes, EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag));
    unsigned char nothing[kTagBytes];
    const bool isGenuine = EVP_DecryptFinal_ex(aes, nothing, &size) == 1;
    // What was deciphered under a wrong tag must not be seen by anyone.
    if (!isGenuine) OPENSSL_cleanse(plain.data(), plain.size());
    return isGenuine;
}

std::optional<runtime::Secret> Cipher::open(std::string_view key, std::string_view context,
                                            std::string_view sealed)
{
    if (sealed.size() < kNonceBytes + kTagBytes) return std::nullopt;
    std::string plain(sealed.size() - kNonceBytes - kTagBytes, '\0');
    const bool isGenuine = open(key, context, sealed, {asUnsigned(plain.data()), plain.size()});
    if (!isGenuine) return std::nullopt;
    return runtime::Secret(std::move(plain));
}

BoundContext& BoundContext::add(std::string_view field)
{
    addInteger(m_bytes, field.size(), 4);
    m_bytes += field;
    return *this;
}

BoundContext& BoundContext::add(std::int64_t number)
{
    addInteger(m_bytes, 8, 4);
    addInteger(m_bytes, static_cast<std::uint64_t>(number), 8);
    return *this;
}

} // namespace qd::vault
