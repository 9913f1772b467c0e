#include <sys/stat.h>
#include <unistd.h>

#include <memory>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "services/storage/atomic_file.h"
#include "services/storage/checkpoint_file.h"
#include "services/storage/digest_context.h"

namespace qd::storage {
namespace {

constexpr std::size_t kSignatureSize = 64;

struct KeyFree {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct BioFree {
    void operator()(BIO* bio) const { BIO_free(bio); }
};
using Key = std::unique_ptr<EVP_PKEY, KeyFree>;
using Bio = std::unique_ptr<BIO, BioFree>;

const unsigned char* asUnsigned(std::string_view bytes)
{
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

std::string textOf(BIO* bio)
{
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

tl::unexpected<Error> badKey(const std::string& file)
{
    return fail(ErrorKind::Corrupt, "storage.checkpoint_key",
                file + " holds no ed25519 key; restore it from its copy");
}

Result<Key> makeKey(const std::string& file)
{
    Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    const Bio secret(BIO_new(BIO_s_secmem()));
    const Bio open(BIO_new(BIO_s_mem()));
    QD_ASSERT(key && secret && open);
    const bool written =
        PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) ==
            1 &&
        PEM_write_bio_PUBKEY(open.get(), key.get()) == 1;
    QD_ASSERT(written);
    // The public half first: a key without it could sign what nobody can check.
    if (const auto stored = replaceFile(file + ".pub", textOf(open.get())); !stored)
        return tl::unexpected(stored.error());
    std::string pem = textOf(secret.get());
    const auto stored = replaceFile(file + ".key", pem);
    OPENSSL_cleanse(pem.data(), pem.size());
    if (!stored) return tl::unexpected(stored.error());
    return key;
}

Result<Key> loadKey(const std::string& file)
{
    auto pem = readFile(file + ".key");
    if (!pem && pem.error().kind == ErrorKind::NotFound) return makeKey(file);
    if (!pem) return tl::unexpected(pem.error());
    const Bio bio(BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())));
    Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    OPENSSL_cleanse(pem->data(), pem->size());
    if (!key || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) return badKey(file + ".key");
    return key;
}

bool parseSignature(std::string_view hex, unsigned char (&signature)[kSignatureSize])
{
    std::size_t size = 0;
    const std::string text(hex);
    return OPENSSL_hexstr2buf_ex(signature, sizeof signature, &size, text.c_str(), '\0') == 1 &&
           size == kSignatureSize;
}

} // namespace

Result<std::string> signText(const std::string& file, std::string_view text)
{
    const auto key = loadKey(file);
    if (!key) return tl::unexpected(key.error());
    const DigestContext context(EVP_MD_CTX_new());
    unsigned char signature[kSignatureSize];
    std::size_t size = sizeof signature;
    const bool done =
        EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key->get()) == 1 &&
        EVP_DigestSign(context.get(), signature, &size, asUnsigned(text), text.size()) == 1;
    QD_ASSERT(done && size == sizeof signature);
    std::string hex;
    constexpr char kDigits[] = "0123456789abcdef";
    for (const unsigned char byte : signature) {
        hex += kDigits[byte >> 4];
        hex += kDigits[byte & 15];
    }
    return hex;
}

Result<bool> isSignedBy(const std::string& publicKeyFile, std::string_view text,
                        std::string_view signatureHex)
{
    const auto pem = readFile(publicKeyFile);
    if (!pem) return tl::unexpected(pem.error());
    const Bio bio(BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())));
    const Key key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
    if (!key || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) return badKey(publicKeyFile);
    unsigned char signature[kSignatureSize];
    if (!parseSignature(signatureHex, signature)) return false;
    const DigestContext context(EVP_MD_CTX_new());
    return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
           EVP_DigestVerify(context.get(), signature, sizeof signature, asUnsigned(text),
                            text.size()) == 1;
}

} // namespace qd::storage
