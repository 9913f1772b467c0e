#include "services/runtime/random.h"

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include <gtest/gtest.h>

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

} // namespace
} // namespace qd::runtime
