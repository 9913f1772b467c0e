#include "services/runtime/random.h"

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include "models/base/ids.h"

namespace qd::runtime {
namespace {

TEST(SeededRandom, TheSameSeedGivesTheSameNumbersOnEveryMachine)
{
    // xoshiro256** with its state from splitmix64(42), from an independent implementation.
    SeededRandom random(42);
    EXPECT_EQ(random.next(), 1546998764402558742ULL);
    EXPECT_EQ(random.next(), 6990951692964543102ULL);
    EXPECT_EQ(random.next(), 12544586762248559009ULL);
}

TEST(Random, BelowIsEvenlySpread)
{
    SeededRandom random(7);
    std::array<int, 6> counts{};
    for (int i = 0; i < 60'000; ++i) ++counts[random.below(6)];
    for (const int count : counts) EXPECT_NEAR(count, 10'000, 500); // more than 5 standard deviations
}

TEST(Random, UniformStaysBelowOne)
{
    SeededRandom random(1);
    double least = 1, most = 0, sum = 0;
    for (int i = 0; i < 100'000; ++i) {
        const double x = random.uniform();
        least = std::min(least, x);
        most = std::max(most, x);
        sum += x;
    }
    EXPECT_GE(least, 0.0);
    EXPECT_LT(most, 1.0);
    EXPECT_NEAR(sum / 100'000, 0.5, 0.01);
}

TEST(Random, FillWritesEveryByte)
{
    SeededRandom random(3);
    for (std::size_t size = 1; size < 20; ++size) {
        std::vector<unsigned> seen(size, 0);
        for (int round = 0; round < 50; ++round) {
            std::vector<unsigned char> bytes(size, 0);
            random.fill(bytes);
            for (std::size_t i = 0; i < size; ++i) seen[i] |= bytes[i];
        }
        for (const unsigned bits : seen) EXPECT_EQ(bits, 255u);
    }
}

TEST(SystemRandom, MakesUuidsThatAreValidAndDiffer)
{
    std::set<std::string> ids;
    for (int i = 0; i < 1000; ++i) {
        const auto id = systemRandom().uuidV4();
        EXPECT_TRUE(isUuidV4(id)) << id;
        ids.insert(id);
    }
    EXPECT_EQ(ids.size(), 1000u);
}

TEST(SystemRandom, AForkedChildIsNotHandedTheBytesOfItsParent)
{
    systemRandom().next(); // a block has been fetched, most of it is still there
    int pipeEnds[2];
    ASSERT_EQ(::pipe(pipeEnds), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const std::uint64_t value = systemRandom().next();
        const bool isWritten = ::write(pipeEnds[1], &value, sizeof value) == sizeof value;
        ::_exit(isWritten ? 0 : 1);
    }
    ASSERT_GT(child, 0);
    std::uint64_t theirs = 0;
    const auto got = ::read(pipeEnds[0], &theirs, sizeof theirs);
    ::waitpid(child, nullptr, 0);
    ::close(pipeEnds[0]);
    ::close(pipeEnds[1]);
    ASSERT_EQ(got, static_cast<ssize_t>(sizeof theirs));
    EXPECT_NE(systemRandom().next(), theirs);
}

TEST(SystemRandom, ABlocksEndIsNoRepetition)
{
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 1'000; ++i) seen.insert(systemRandom().next());
    EXPECT_EQ(seen.size(), 1'000u);
    EXPECT_FALSE(seen.contains(0)); // what was handed out is wiped, and never handed out again
}

} // namespace
} // namespace qd::runtime
