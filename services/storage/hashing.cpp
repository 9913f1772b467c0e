#include "services/storage/hashing.h"

#include <algorithm>
#include <memory>

#include <openssl/evp.h>

#include "services/storage/digest_context.h"

namespace qd::storage {
namespace {

// Fetching the algorithm and making a context cost more than hashing a short event.
EVP_MD_CTX* sharedContext()
{
    thread_local const DigestContext context(EVP_MD_CTX_new());
    return context.get();
}

const EVP_MD* algorithm()
{
    static const EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return md;
}

Hash joined(const Hash& left, const Hash& right)
{
    std::string bytes(1, '\x01'); // RFC 6962: inner nodes and leaves never hash alike
    bytes += asBytes(left);
    bytes += asBytes(right);
    return sha256(bytes);
}

int hexDigit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

} // namespace

Hash sha256(std::string_view bytes)
{
    Hash hash;
    EVP_MD_CTX* context = sharedContext();
    const bool done = EVP_DigestInit_ex2(context, algorithm(), nullptr) == 1 &&
                      EVP_DigestUpdate(context, bytes.data(), bytes.size()) == 1 &&
                      EVP_DigestFinal_ex(context, hash.data(), nullptr) == 1;
    QD_ASSERT(done);
    return hash;
}

std::string toHex(const Hash& hash)
{
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text(hash.size() * 2, '0');
    for (std::size_t i = 0; i < hash.size(); ++i) {
        text[2 * i] = kDigits[hash[i] >> 4];
        text[2 * i + 1] = kDigits[hash[i] & 15];
    }
    return text;
}

bool parseHex(std::string_view text, Hash& hash)
{
    if (text.size() != hash.size() * 2) return false;
    for (std::size_t i = 0; i < hash.size(); ++i) {
        const int high = hexDigit(text[i * 2]);
        const int low = hexDigit(text[i * 2 + 1]);
        if (high < 0 || low < 0) return false;
        hash[i] = static_cast<unsigned char>(high * 16 + low);
    }
    return true;
}

std::string_view asBytes(const Hash& hash)
{
    return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

void MerkleTree::append(const Hash& entry)
{
    std::string leaf(1, '\x00');
    leaf += asBytes(entry);
    Hash node = sha256(leaf);
    for (std::int64_t size = m_size; (size & 1) != 0; size >>= 1) {
        node = joined(m_peaks.back(), node);
        m_peaks.pop_back();
    }
    m_peaks.push_back(node);
    ++m_size;
}

Hash MerkleTree::root() const
{
    if (m_peaks.empty()) return sha256({});
    Hash root = m_peaks.back();
    for (auto peak = m_peaks.rbegin() + 1; peak != m_peaks.rend(); ++peak)
        root = joined(*peak, root);
    return root;
}

} // namespace qd::storage
