#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/simulation/order_simulation.h"

namespace qd::simulation {
namespace {

std::uint64_t g_onlySeed = 0;  ///< --seed S: that one, with its figures
std::uint64_t g_seedCount = 500; ///< --seeds N

std::string listOf(const Verdict& outcome)
{
    std::string text;
    for (const std::string& violation : outcome.violations) text += "\n  " + violation;
    return text;
}

TEST(OrderSimulation, EverySeedKeepsItsPromisesAndSettles)
{
    const std::uint64_t first = g_onlySeed ? g_onlySeed : 1;
    const std::uint64_t last = g_onlySeed ? g_onlySeed : g_seedCount;
    Verdict sum;
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        Options options;
        options.seed = seed;
        const Verdict outcome = simulate(options);
        EXPECT_TRUE(outcome.violations.empty())
            << "seed " << seed << listOf(outcome) << "\nreplay with --seed " << seed;
        sum.orders += outcome.orders;
        sum.fills += outcome.fills;
        sum.crashes += outcome.crashes;
        sum.acknowledged += outcome.acknowledged;
        if (g_onlySeed) {
            std::printf("seed %llu: log %s, %llu tasks\n", static_cast<unsigned long long>(seed),
                        outcome.logHead.c_str(), static_cast<unsigned long long>(outcome.tasks));
        }
    }
    std::printf("%llu seeds: %d orders at the venue, %d fills, %d crashes, %d acknowledgements\n",
                static_cast<unsigned long long>(last - first + 1), sum.orders, sum.fills,
                sum.crashes, sum.acknowledged);
}

TEST(OrderSimulation, ASeedReplaysBitForBit)
{
    for (const std::uint64_t seed : {7u, 21u, 99u}) {
        Options options;
        options.seed = seed;
        const Verdict first = simulate(options);
        const Verdict second = simulate(options);
        EXPECT_EQ(first.logHead, second.logHead) << "seed " << seed;
        EXPECT_EQ(first.tasks, second.tasks) << "seed " << seed;
        EXPECT_FALSE(first.logHead.empty());
    }
}

} // namespace
} // namespace qd::simulation

int main(int count, char** arguments)
{
    testing::InitGoogleTest(&count, arguments);
    if (const char* seeds = std::getenv("QUARTERDECK_SIMULATION_SEEDS")) {
        qd::simulation::g_seedCount = std::strtoull(seeds, nullptr, 10);
    }
    for (int i = 1; i + 1 < count; ++i) {
        const std::string name = arguments[i];
        if (name == "--seed") qd::simulation::g_onlySeed = std::strtoull(arguments[i + 1], nullptr, 10);
        if (name == "--seeds") qd::simulation::g_seedCount = std::strtoull(arguments[i + 1], nullptr, 10);
    }
    return RUN_ALL_TESTS();
}
