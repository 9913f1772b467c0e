// Two backends on one database: the second is told to go away, and the first does not notice.
#include <filesystem>

#include <gtest/gtest.h>

#include "services/drills/child.h"
#include "services/json/json.h"
#include "tests/support/temp_dir.h"

namespace qd::drills {
namespace {

using namespace std::chrono_literals;

constexpr auto kServesWithin = 60s; ///< generous: a sanitizer's build starts slowly

class OneBackend : public ::testing::Test {
protected:
    /// Without a broker: nobody listens where it looks for one.
    std::unique_ptr<Child> start(const std::string& name, const std::string& database = "quarterdeck")
    {
        auto started = Child::start(
            {std::string(QD_BINARY_DIR "/bin/quarterdeckd"),
             {"--data-dir=" + (m_folder / "data").string(), "--listen-port=0",
              "--storage-database=" + database, "--alpaca-trading-url=http://127.0.0.1:1",
              "--alpaca-stream-url=ws://127.0.0.1:1/stream",
              "--alpaca-data-url=http://127.0.0.1:1",
              "--alpaca-data-stream-url=ws://127.0.0.1:1/v2/iex"},
             {"QUARTERDECK_ALPACA_KEY_ID=PKTEST", "QUARTERDECK_ALPACA_SECRET_KEY=test-secret"},
             (m_folder / (name + ".out")).string(),
             (m_folder / (name + ".err")).string()});
        EXPECT_TRUE(started.has_value());
        return started ? std::move(*started) : nullptr;
    }
    static std::string urlOf(Child& backend)
    {
        const auto ready = json::Document::parse(backend.firstLine(kServesWithin));
        return ready ? std::string((*ready)["url"].stringOr({})) : backend.errors();
    }
    std::string beacon() const { return slurp((m_folder / "data" / "backend.json").string()); }

    test::TempDir m_folder;
};

TEST_F(OneBackend, ServesADatabaseAndASecondIsRefused)
{
    const auto first = start("first");
    ASSERT_TRUE(first);
    const auto url = urlOf(*first);
    ASSERT_TRUE(url.starts_with("http://127.0.0.1:")) << url;
    const auto token = slurp((m_folder / "data" / "owner.token").string());
    const auto second = start("second");
    ASSERT_TRUE(second);
    const auto exit = second->waitFor(kServesWithin);
    ASSERT_TRUE(exit) << "the second serves it too: " << second->output();
    EXPECT_EQ(exit->code, 74) << second->errors();
    EXPECT_NE(second->errors().find("is served by another backend"), std::string::npos)
        << second->errors();
    EXPECT_NE(second->errors().find("storage.served"), std::string::npos) << second->errors();
    EXPECT_TRUE(first->isRunning());
    EXPECT_NE(beacon().find(url), std::string::npos) << "the first cannot be found any more";
    EXPECT_EQ(slurp((m_folder / "data" / "owner.token").string()), token)
        << "the first's token was replaced";
    first->kill();
    const auto third = start("third");
    ASSERT_TRUE(third);
    EXPECT_TRUE(urlOf(*third).starts_with("http://127.0.0.1:"))
        << "after a crash nobody can start: " << third->errors();
}

TEST_F(OneBackend, OfAnotherDatabaseIsNobodysBusiness)
{
    const auto first = start("first");
    ASSERT_TRUE(first);
    ASSERT_TRUE(urlOf(*first).starts_with("http://127.0.0.1:")) << first->errors();
    const auto beside = start("beside", "another");
    ASSERT_TRUE(beside);
    EXPECT_TRUE(urlOf(*beside).starts_with("http://127.0.0.1:")) << beside->errors();
}

} // namespace
} // namespace qd::drills
