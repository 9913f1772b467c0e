#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace qd::runtime {

/// Random numbers for everything that is not a secret or an id that must be hard to guess … and,
/// from `systemRandom`, for those too. One thread.
class Random {
public:
    virtual ~Random() = default;
    virtual std::uint64_t next() = 0;
    void fill(std::span<unsigned char> bytes);
    /// 0 ≤ x < bound, without bias; bound > 0.
    std::uint64_t below(std::uint64_t bound);
    /// 0 ≤ x < 1.
    double uniform();
    std::string uuidV4();
};

/// The operating system's generator (getrandom); safe for secrets. Any thread.
Random& systemRandom();

/// Reproducible: the same seed gives the same numbers on every machine (xoshiro256**).
class SeededRandom final : public Random {
public:
    explicit SeededRandom(std::uint64_t seed);
    std::uint64_t next() override;

private:
    std::uint64_t m_state[4];
};

} // namespace qd::runtime
