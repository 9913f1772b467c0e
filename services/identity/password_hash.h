#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/result.h"
#include "services/runtime/random.h"
#include "services/runtime/secret.h"

namespace qd::identity {

/// What one hash costs (RFC 9106). The default takes about a quarter of a second and 64 MiB.
struct HashCost {
    std::uint32_t memoryKib = 65'536;
    std::uint32_t passes = 3;
    std::uint32_t lanes = 1;
    /// KiB written in all: what its time goes with.
    std::uint64_t work() const { return std::uint64_t{memoryKib} * passes; }
    friend bool operator==(const HashCost&, const HashCost&) = default;
};
/// Hashes to be made after one of `spent` so that all together are the work of `whole`; none if it was
/// that much already. Less than the 8 KiB of the smallest hash is let go.
std::vector<HashCost> restOf(const HashCost& whole, const HashCost& spent);

/// A password's hash as it is stored:
///   $argon2id$v=19$m=65536,t=3,p=1,keyid=MQ$<salt>$<tag>
/// `keyid` names the pepper (base64 of its id) that the password went through before Argon2id; without
/// it there was none. Base64 without padding, numbers without leading zeros, parameters in this order.
struct PasswordHash {
    static constexpr std::size_t kSaltBytes = 16, kTagBytes = 32, kTextMax = 200;
    /// A hostile or damaged text must not cost gigabytes or minutes.
    static constexpr std::uint32_t kMemoryKibMax = 1U << 18, kPassesMax = 10, kLanesMax = 4;

    HashCost cost;
    std::string keyId; ///< 1 … 16 bytes; empty: no pepper
    std::string salt;  ///< 8 … 48 bytes
    std::string tag;   ///< 16 … 64 bytes

    std::string text() const;
    /// Fails with: Corrupt "identity.password_hash".
    static Result<PasswordHash> parse(std::string_view text);
};

/// Argon2id version 1.3, `bytes` long. Stops the program when memory runs out.
std::string argon2id(const HashCost& cost, std::string_view password, std::string_view salt,
                     std::size_t bytes);

/// Makes and checks hashes. A pepper (HMAC-SHA-256 key, not in the database) goes over the password
/// first, so that a stolen database alone cannot be guessed at. Not changed once made: any thread,
/// each call taking as long as its hash.
class PasswordHasher {
public:
    using Peppers = std::map<std::string, runtime::Secret>; ///< by key id
    /// `activePepper` is for new hashes and one of `peppers`, or empty for none.
    PasswordHasher(HashCost cost, Peppers peppers, std::string activePepper);

    std::string hash(std::string_view password, std::string_view salt) const;
    /// False also for a hash whose pepper is not here. A hash that was cheaper than new ones are does not
    /// show that it is old: where it does not match, the rest of a new one's work is done as well.
    bool matches(const PasswordHash& hash, std::string_view password) const;
    /// Was it made with another cost or pepper than new ones are?
    bool needsRehash(const PasswordHash& hash) const;
    /// Compared with when there is no such account: costs the same, matches nothing.
    const PasswordHash& dummy() const { return m_dummy; }
    std::uint64_t work() const { return m_work; } ///< `HashCost::work` of all hashes so far

private:
    std::string spend(const HashCost& cost, std::string_view input, std::string_view salt,
                      std::size_t bytes) const;
    std::string peppered(const std::string& keyId, std::string_view password) const;
    HashCost m_cost;
    Peppers m_peppers;
    std::string m_active;
    PasswordHash m_dummy;
    mutable std::atomic<std::uint64_t> m_work = 0;
};

} // namespace qd::identity
