#include <gtest/gtest.h>

#include <cstdio>

#include "tests/simulation/planted_bugs.h"

namespace qd::simulation {
namespace {

constexpr std::uint64_t kSeedsMax = 60;

TEST(PlantedBugs, EachIsFoundWithinAFewSeeds)
{
    const auto bugs = plantedBugs();
    ASSERT_GE(bugs.size(), 10u);
    for (const PlantedBug& bug : bugs) {
        std::string found;
        std::uint64_t seed = 0;
        while (found.empty() && seed < kSeedsMax) {
            Options options = bug.options;
            options.seed = ++seed;
            const Verdict outcome = simulate(options);
            if (!outcome.violations.empty()) found = outcome.violations.front();
        }
        EXPECT_FALSE(found.empty()) << bug.name;
        std::printf("%-48s seed %llu: %s\n", bug.name.c_str(),
                    static_cast<unsigned long long>(seed), found.c_str());
    }
}

} // namespace
} // namespace qd::simulation
