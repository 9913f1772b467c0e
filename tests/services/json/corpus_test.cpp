// The JSONTestSuite corpus: y_ must be taken, n_ must be refused.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "services/json/json.h"
#include "tests/support/temp_dir.h"

namespace qd::json {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> corpus(const std::string& prefix)
{
    std::vector<fs::path> files;
    const fs::path directory = fs::path(QD_SHARED_DATA) / "corpora/json";
    std::error_code absent;
    for (const auto& entry : fs::directory_iterator(directory, absent))
        if (entry.path().filename().string().starts_with(prefix)) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

// Some files nest deeper than any honest message does.
constexpr Limits kLimits{.sizeBytesMax = 1 << 20, .depthMax = Document::kDepthMax};

TEST(JsonCorpus, TakesEverythingThatIsJson)
{
    const auto files = corpus("y_");
    if (files.empty()) GTEST_SKIP() << "shared data not present";
    for (const auto& file : files) {
        const auto document = Document::parse(test::readFile(file), kLimits);
        EXPECT_TRUE(document) << file.filename() << ": " << describe(document.error());
    }
}

TEST(JsonCorpus, RefusesEverythingThatIsNot)
{
    const auto files = corpus("n_");
    if (files.empty()) GTEST_SKIP() << "shared data not present";
    for (const auto& file : files) {
        const auto document = Document::parse(test::readFile(file), kLimits);
        ASSERT_FALSE(document) << file.filename();
        EXPECT_EQ(document.error().kind, ErrorKind::Invalid) << file.filename();
    }
}

TEST(JsonCorpus, DumpMeansTheSameToAnotherLibrary)
{
    const auto files = corpus("y_");
    if (files.empty()) GTEST_SKIP() << "shared data not present";
    for (const auto& file : files) {
        const auto text = test::readFile(file);
        const auto document = Document::parse(text, kLimits);
        ASSERT_TRUE(document) << file.filename();
        // A name that stands twice means something else to each library.
        if (document->root().hasDuplicateKeys()) continue;
        EXPECT_EQ(nlohmann::json::parse(document->root().dump()), nlohmann::json::parse(text))
            << file.filename();
    }
}

} // namespace
} // namespace qd::json
