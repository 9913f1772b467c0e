// Every seed must keep its promises. More of them, or one of them again:
//   test_simulation --seeds 5000      (or QUARTERDECK_SIMULATION_SEEDS=5000)
//   test_simulation --seed 42 --gtest_filter=WholeWorld.*

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/simulation/order_simulation.h"

namespace qd::simulation {
namespace {

std::uint64_t g_onlySeed = 0;  ///< --seed S: that one, with its figures
std::uint64_t g_seedCount = 0; ///< --seeds N; 0: what each world is given by itself
char g_running[96] = "no seed is running\n";

/// A broken promise ends the program: it must not take the seed with it.
void tellSeed(int)
{
    const std::string_view text(g_running);
    if (::write(STDERR_FILENO, text.data(), text.size()) < 0) ::_exit(1);
}

std::string listOf(const Verdict& outcome)
{
    std::string text;
    for (const std::string& violation : outcome.violations) text += "\n  " + violation;
    return text;
}

using World = Verdict (*)(const Options&);

Verdict runSeed(World world, std::uint64_t seed)
{
    std::snprintf(g_running, sizeof g_running, "died in seed %llu; replay with --seed %llu\n",
                  static_cast<unsigned long long>(seed), static_cast<unsigned long long>(seed));
    Options options;
    options.seed = seed;
    return world(options);
}

void runSeeds(World world, std::uint64_t usual)
{
    const std::uint64_t first = g_onlySeed ? g_onlySeed : 1;
    const std::uint64_t last = g_onlySeed ? g_onlySeed : g_seedCount ? g_seedCount : usual;
    Verdict sum;
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        const Verdict outcome = runSeed(world, seed);
        EXPECT_TRUE(outcome.violations.empty())
            << "seed " << seed << listOf(outcome) << "\nreplay with --seed " << seed;
        sum.orders += outcome.orders;
        sum.fills += outcome.fills;
        sum.crashes += outcome.crashes;
        sum.powerCuts += outcome.powerCuts;
        sum.acknowledged += outcome.acknowledged;
        if (g_onlySeed) {
            std::printf("seed %llu: log %s, trace %016llx, %llu tasks\n",
                        static_cast<unsigned long long>(seed), outcome.logHead.c_str(),
                        static_cast<unsigned long long>(outcome.trace),
                        static_cast<unsigned long long>(outcome.tasks));
        }
    }
    std::printf("%llu seeds: %d orders at the venue, %d fills, %d crashes (%d power cuts), "
                "%d acknowledgements\n",
                static_cast<unsigned long long>(last - first + 1), sum.orders, sum.fills,
                sum.crashes, sum.powerCuts, sum.acknowledged);
}

void replay(World world)
{
    for (const std::uint64_t seed : {7u, 21u, 99u}) {
        const Verdict first = runSeed(world, seed);
        const Verdict second = runSeed(world, seed);
        EXPECT_EQ(first.logHead, second.logHead) << "seed " << seed;
        EXPECT_EQ(first.trace, second.trace) << "seed " << seed;
        EXPECT_EQ(first.tasks, second.tasks) << "seed " << seed;
        EXPECT_FALSE(first.logHead.empty());
    }
}

TEST(WholeWorld, EverySeedKeepsItsPromisesAndSettles)
{
    runSeeds(&simulateWhole, 500);
}

TEST(WholeWorld, ASeedReplaysBitForBit)
{
    replay(&simulateWhole);
}

TEST(OrderSimulation, EverySeedKeepsItsPromisesAndSettles)
{
    runSeeds(&simulate, 300);
}

TEST(OrderSimulation, ASeedReplaysBitForBit)
{
    replay(&simulate);
}

} // namespace
} // namespace qd::simulation

int main(int count, char** arguments)
{
    testing::InitGoogleTest(&count, arguments);
    std::signal(SIGABRT, qd::simulation::tellSeed);
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
