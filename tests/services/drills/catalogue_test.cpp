#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

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

/// "| PE-1.1 | C | what goes wrong | the promise |" → its cells, by id.
std::map<std::string, std::vector<std::string>> rowsOf(const std::string& specification)
{
    std::map<std::string, std::vector<std::string>> rows;
    std::istringstream lines(specification);
    for (std::string line; std::getline(lines, line);) {
        std::vector<std::string> cells;
        for (std::size_t at = 2, end; (end = line.find(" |", at)) != std::string::npos; at = end + 3)
            cells.push_back(line.substr(at, end - at));
        const bool isRow = line.starts_with("| ") && cells.size() == 4 && cells[0].find('-') == 2;
        if (isRow) rows[cells[0]] = cells;
    }
    return rows;
}

TEST(Catalogue, IsTheSpecificationsWordForWord)
{
    const auto specification = slurp(QD_SHARED_DATA "/../failure-modes.md");
    if (specification.empty()) GTEST_SKIP() << "the specification is not here";
    const auto rows = rowsOf(specification);
    ASSERT_GT(rows.size(), 100U) << "its tables are not understood";
    const auto catalogue =
        json::Document::parse(slurp(QD_SOURCE_DIR "/resources/failure-modes.json"));
    ASSERT_TRUE(catalogue.has_value());
    const std::map<std::string_view, std::string> kSeverities{
        {"C", "critical"}, {"H", "high"}, {"M", "medium"}, {"L", "low"}};
    std::set<std::string> ours;
    for (const auto& mode : catalogue->root().items()) {
        const std::string id(mode["id"].stringOr({}));
        EXPECT_TRUE(ours.insert(id).second) << id << " is there twice";
        const auto row = rows.find(id);
        ASSERT_NE(row, rows.end()) << id << " is not in the specification";
        EXPECT_EQ(mode["severity"].stringOr({}), kSeverities.at(row->second[1])) << id;
        EXPECT_EQ(mode["failure"].stringOr({}), row->second[2]) << id;
        EXPECT_EQ(mode["promise"].stringOr({}), row->second[3]) << id;
    }
    for (const auto& [id, row] : rows) EXPECT_TRUE(ours.contains(id)) << id << " is missing";
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
