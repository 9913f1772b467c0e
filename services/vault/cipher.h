#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "services/runtime/random.h"
#include "services/runtime/secret.h"

struct evp_cipher_st;
struct evp_cipher_ctx_st;

namespace qd::vault {

inline constexpr std::size_t kKeyBytes = 32;
inline constexpr std::size_t kNonceBytes = 12;
inline constexpr std::size_t kTagBytes = 16;

/// AES-256-GCM. Sealed bytes are nonce (12) ‖ ciphertext ‖ tag (16). The cipher is fetched once and
/// its context reused. One thread.
class Cipher {
public:
    Cipher();
    ~Cipher();
    Cipher(const Cipher&) = delete;
    Cipher& operator=(const Cipher&) = delete;

    /// With a nonce drawn from `random`; `context` must be given again to open it.
    std::string seal(std::string_view key, std::string_view context, std::string_view plain,
                     runtime::Random& random);
    /// Nothing if anything of it differs from what was sealed.
    std::optional<runtime::Secret> open(std::string_view key, std::string_view context,
                                        std::string_view sealed);
    /// As `open`, into `plain`, which must be of the right size and is wiped on failure.
    bool open(std::string_view key, std::string_view context, std::string_view sealed,
              std::span<unsigned char> plain);

private:
    struct Free {
        void operator()(evp_cipher_st* cipher) const;
        void operator()(evp_cipher_ctx_st* context) const;
    };
    std::unique_ptr<evp_cipher_st, Free> m_cipher;
    std::unique_ptr<evp_cipher_ctx_st, Free> m_sealing, m_opening;
};

/// Grows by fields, each after its length (u32 LE), so that no two lists of fields look alike.
class BoundContext {
public:
    explicit BoundContext(std::string_view domain) { add(domain); }
    BoundContext& add(std::string_view field);
    BoundContext& add(std::int64_t number); ///< 8 bytes LE
    const std::string& bytes() const { return m_bytes; }

private:
    std::string m_bytes;
};

} // namespace qd::vault
