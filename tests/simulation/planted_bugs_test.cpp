#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "tests/simulation/planted_bugs.h"

namespace qd::simulation {
namespace {

constexpr std::uint64_t kSeedsMax = 60;

/// The first violation that the bug causes within a few seeds, with its seed; empty if none.
std::string findBug(Verdict (*world)(const Options&), const PlantedBug& bug)
{
    for (std::uint64_t seed = 1; seed <= kSeedsMax; ++seed) {
        Options options = bug.options;
        options.seed = seed;
        const Verdict outcome = world(options);
        if (outcome.violations.empty()) continue;
        return "seed " + std::to_string(seed) + ": " + outcome.violations.front();
    }
    return {};
}

TEST(PlantedBugs, EachIsFoundInTheWholeWorldWithinAFewSeeds)
{
    const auto bugs = plantedBugs();
    ASSERT_GE(bugs.size(), 10u);
    for (const PlantedBug& bug : bugs) {
        const std::string found = findBug(&simulateWhole, bug);
        EXPECT_FALSE(found.empty()) << bug.name;
        std::printf("%-48s %s\n", bug.name.c_str(), found.c_str());
    }
}

TEST(PlantedBugs, EachOfTheBrokerRoomIsFoundInTheScriptedWorld)
{
    for (const PlantedBug& bug : plantedBugs()) {
        if (bug.options.decorateHttp) continue; // there is no network in that world
        EXPECT_FALSE(findBug(&simulate, bug).empty()) << bug.name;
    }
}

} // namespace
} // namespace qd::simulation
