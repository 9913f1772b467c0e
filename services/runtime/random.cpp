#include "services/runtime/random.h"

#include <atomic>
#include <cerrno>
#include <cstring>

#include <pthread.h>
#include <sys/random.h>

#include "models/base/ids.h"
#include "models/base/result.h"

namespace qd::runtime {
namespace {

/// Grows in the child of each fork: what the parent fetched must not be handed out twice.
std::atomic<std::uint64_t> forkCount{0};

/// The kernel's bytes, fetched a block at a time: asking for each word costs a system call. Every
/// thread has its own; what was handed out, and what is left at its end, is wiped.
class Block {
public:
    Block() = default;
    ~Block() { explicit_bzero(m_bytes, sizeof(m_bytes)); }
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;

    std::uint64_t take()
    {
        if (m_at == sizeof(m_bytes) || m_fork != forkCount.load(std::memory_order_relaxed)) fetch();
        std::uint64_t value = 0;
        std::memcpy(&value, m_bytes + m_at, sizeof(value));
        explicit_bzero(m_bytes + m_at, sizeof(value));
        m_at += sizeof(value);
        return value;
    }

private:
    void fetch()
    {
        ssize_t got = 0;
        // Requests of up to 256 bytes are never cut short once the pool is ready; before that, and
        // only then, a signal may interrupt the wait.
        do {
            got = getrandom(m_bytes, sizeof(m_bytes), 0);
        } while (got < 0 && errno == EINTR);
        QD_ASSERT(got == sizeof(m_bytes));
        m_at = 0;
        m_fork = forkCount.load(std::memory_order_relaxed);
    }

    unsigned char m_bytes[256] = {};
    std::size_t m_at = sizeof(m_bytes);
    std::uint64_t m_fork = 0;
};

class SystemRandom final : public Random {
public:
    SystemRandom()
    {
        const int code = pthread_atfork(nullptr, nullptr, [] { ++forkCount; });
        QD_ASSERT(code == 0);
    }
    std::uint64_t next() override
    {
        thread_local Block block;
        return block.take();
    }
};

std::uint64_t rotateLeft(std::uint64_t value, int bits)
{
    return (value << bits) | (value >> (64 - bits));
}

// Spreads a seed over the state, so that neighbouring seeds give unrelated sequences.
std::uint64_t splitMix(std::uint64_t& state)
{
    std::uint64_t z = (state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

} // namespace

void Random::fill(std::span<unsigned char> bytes)
{
    while (!bytes.empty()) {
        const std::uint64_t word = next();
        const std::size_t count = bytes.size() < sizeof(word) ? bytes.size() : sizeof(word);
        // Byte by byte from the low end, so that a seed gives the same bytes on every machine.
        for (std::size_t i = 0; i < count; ++i)
            bytes[i] = static_cast<unsigned char>(word >> (8 * i));
        bytes = bytes.subspan(count);
    }
}

std::uint64_t Random::below(std::uint64_t bound)
{
    QD_ASSERT(bound > 0);
    // Values under 2^64 mod bound would make the low remainders more frequent; draw again.
    const std::uint64_t unfair = (0 - bound) % bound;
    std::uint64_t value = next();
    while (value < unfair) value = next();
    return value % bound;
}

double Random::uniform()
{
    return static_cast<double>(next() >> 11) * 0x1.0p-53;
}

std::string Random::uuidV4()
{
    unsigned char bytes[16];
    fill(bytes);
    return formatUuidV4(bytes);
}

Random& systemRandom()
{
    static SystemRandom random;
    return random;
}

SeededRandom::SeededRandom(std::uint64_t seed)
{
    for (auto& word : m_state) word = splitMix(seed);
}

std::uint64_t SeededRandom::next()
{
    const std::uint64_t result = rotateLeft(m_state[1] * 5, 7) * 9;
    const std::uint64_t shifted = m_state[1] << 17;
    m_state[2] ^= m_state[0];
    m_state[3] ^= m_state[1];
    m_state[1] ^= m_state[2];
    m_state[0] ^= m_state[3];
    m_state[2] ^= shifted;
    m_state[3] = rotateLeft(m_state[3], 45);
    return result;
}

} // namespace qd::runtime
