#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "services/drills/child.h"
#include "services/drills/drill.h"
#include "services/json/json.h"

namespace qd::drills {
namespace {

/// The promises that a drill must prove.
const std::set<std::string_view> kDrilled = {
    "PE-1.1", "PE-1.2", "PE-1.3", "PE-1.4", "PE-1.5", "PE-1.6", "PE-6.2", "TB-2.4", "TB-6.3",
    "TB-6.5", "TB-6.7", "PE-2.1", "PE-2.2", "PE-2.3", "PE-2.4", "PE-2.5", "PE-2.6", "PE-2.7",
    "PE-2.8", "PE-2.9", "PE-9.1", "PE-9.2", "PE-9.3", "PE-9.4", "TB-3.4", "PE-3.1", "PE-3.2",
    "PE-3.3", "PE-3.4", "PE-3.5", "PE-3.6", "PE-3.7", "PE-3.8", "PE-5.1", "PE-5.2", "PE-5.5",
    "PE-10.1", "PE-10.2", "PE-10.3", "PE-10.4", "PE-10.5", "PE-10.6", "PE-10.7", "TB-1.2",
    "TB-1.3", "TB-1.5", "TB-1.6", "TB-1.7", "TB-3.1", "TB-3.2", "TB-3.3", "TB-3.5", "TB-3.6",
    "TB-3.7", "TB-3.8", "TB-4.4", "TB-4.6", "TB-5.1", "TB-5.3", "TB-5.4", "TB-5.5", "TB-5.6",
    "TB-6.1", "TB-6.2", "TB-6.4", "TS-2.2", "TS-6.1", "TS-7.2"};

TEST(Catalogue, EveryPromiseOfTheListHasOneDrill)
{
    std::map<std::string_view, int> count;
    for (const auto& drill : allDrills()) ++count[drill.id];
    for (const auto id : kDrilled) EXPECT_EQ(count[id], 1) << id;
    EXPECT_EQ(count.size(), kDrilled.size());
}

TEST(Catalogue, EveryDrillBelongsToAFailureModeOfTheProduct)
{
    const auto catalogue =
        json::Document::parse(slurp(QD_SOURCE_DIR "/resources/failure-modes.json"));
    ASSERT_TRUE(catalogue.has_value());
    std::set<std::string> known;
    for (const auto& mode : catalogue->root().items()) known.emplace(mode["id"].stringOr({}));
    for (const auto& drill : allDrills()) EXPECT_TRUE(known.contains(std::string(drill.id))) << drill.id;
}

TEST(Catalogue, DrillsAreBoundedAndSayWhatTheyDo)
{
    for (const auto& drill : allDrills()) {
        EXPECT_GT(drill.limit.count(), 0) << drill.id;
        EXPECT_LE(drill.limit.count(), 300) << drill.id;
        EXPECT_FALSE(drill.fault.empty()) << drill.id;
        EXPECT_FALSE(drill.promise.empty()) << drill.id;
        EXPECT_NE(drill.run, nullptr) << drill.id;
    }
}

TEST(Catalogue, IdsAreInTheOrderOfTheirNumbers)
{
    std::vector<std::string_view> ids;
    for (const auto& drill : allDrills()) ids.push_back(drill.id);
    const auto at = [&](std::string_view id) { return std::ranges::find(ids, id) - ids.begin(); };
    EXPECT_LT(at("PE-3.8"), at("PE-10.1"));
    EXPECT_LT(at("PE-10.6"), at("TB-1.2"));
    EXPECT_LT(at("TB-6.2"), at("TS-2.2"));
}

} // namespace
} // namespace qd::drills
