#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "models/base/result.h"
#include "models/base/timestamp.h"

namespace qd {

/// A puzzle that costs its solver time: find, for each part 0 … `kParts` − 1, a number n with
///   first 8 bytes (big endian) of PBKDF2-HMAC-SHA-256("<part>.<n>", salt, iterations) < 2^64 × kParts ÷ tries.
/// PBKDF2 and not one SHA-256, because a native attacker would be hundreds of times faster at bare
/// hashes than the slowest honest client; with some hundred hashes a try the loop around them does not
/// matter and all are about alike. Not Argon2: the check must stay cheap for who is attacked. Several
/// parts, because the time for one alone varies as widely as it is long. Making one costs nothing;
/// checking it costs `kParts` derivations.
struct ProofChallenge {
    static constexpr int kParts = 4;
    static constexpr std::uint32_t kIterationsMax = 100'000;
    static constexpr std::uint32_t kTriesMax = 1U << 24;

    std::string salt;             ///< 32 hex digits, random: also the name under which it is spent
    std::uint32_t iterations = 0; ///< 1 … kIterationsMax
    std::uint32_t tries = 0;      ///< kParts … kTriesMax: derivations that it takes on average
    Timestamp expiresAt;          ///< whole seconds
    std::string signature;        ///< 64 hex digits, of who made it

    /// "1.<salt>.<iterations>.<tries>.<expires, seconds>.<signature>"
    std::string text() const;
    /// Fails with: Invalid "accounts.proof".
    static Result<ProofChallenge> parse(std::string_view text);
};

/// A challenge with its solution, as it travels: "<challenge>~<n0>.<n1>.<n2>.<n3>".
struct Proof {
    ProofChallenge challenge;
    std::uint64_t numbers[ProofChallenge::kParts] = {};

    std::string text() const;
    /// Fails with: Invalid "accounts.proof".
    static Result<Proof> parse(std::string_view text);
};

/// Solve it: about a second at the difficulty that follows five failures. Asks `isCancelled` every few
/// milliseconds; any thread. Fails with: Unavailable "accounts.proof_cancelled", Invalid "accounts.proof" (out of
/// bounds: it would never end).
Result<Proof> solveProof(const ProofChallenge& challenge, const std::function<bool()>& isCancelled);

/// Are the numbers a solution? Says nothing about who made the challenge, or when.
bool isSolved(const Proof& proof);

} // namespace qd
