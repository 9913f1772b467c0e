#include "services/runtime/config.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace qd::runtime {
namespace {

using namespace std::chrono_literals;

std::vector<Setting> settings()
{
    return {
        {.key = "api.port", .type = SettingType::Integer, .help = "Port, 1 to 65535.",
         .defaultValue = "8443", .min = 1, .max = 65535},
        {.key = "api.origins", .type = SettingType::List, .help = "Origins allowed.", .defaultValue = ""},
        {.key = "alpaca.key_id", .type = SettingType::Text, .help = "Key id.", .required = true},
        {.key = "alpaca.secret_key", .type = SettingType::Secret, .help = "Secret.", .required = true},
        {.key = "alpaca.url", .type = SettingType::Url, .help = "Base URL.",
         .defaultValue = "https://paper-api.alpaca.markets"},
        {.key = "orders.timeout", .type = SettingType::Duration, .help = "Deadline.",
         .defaultValue = "10s", .min = 100, .max = 60'000},
        {.key = "log.level", .type = SettingType::Text, .help = "How much to log.",
         .defaultValue = "info", .allowed = {"debug", "info", "warning", "error"}},
        {.key = "sim.enabled", .type = SettingType::Boolean, .help = "Simulate.", .defaultValue = "false"},
        {.key = "data.dir", .type = SettingType::Path, .help = "Directory."},
    };
}

Config::Sources good()
{
    return {.file = {}, .environment = {{"QUARTERDECK_ALPACA_SECRET_KEY", "s3cret"}},
            .arguments = {"--alpaca-key-id", "AK1"}};
}

std::vector<ConfigProblem> problemsOf(const Config::Sources& sources)
{
    const auto loaded = Config::load(settings(), sources);
    return loaded ? std::vector<ConfigProblem>{} : loaded.error();
}

const ConfigProblem* find(const std::vector<ConfigProblem>& problems, std::string_view key)
{
    const auto found = std::find_if(problems.begin(), problems.end(),
                                    [&](const ConfigProblem& p) { return p.key == key; });
    return found == problems.end() ? nullptr : &*found;
}

TEST(Config, WhatNoSingleSettingShowsIsToldWithTheRest)
{
    auto sources = good();
    sources.arguments.push_back("--api-port=eighty");
    std::vector<std::string> seen;
    const auto loaded = Config::load(settings(), sources, [&](const Config& config) {
        for (const char* key : {"api.port", "alpaca.key_id"})
            if (config.has(key)) seen.emplace_back(key);
        return std::vector<ConfigProblem>{{"alpaca.key_id", "does not suit", "set another"},
                                          {"api.port", "told already", "set another"}};
    });
    ASSERT_FALSE(loaded);
    EXPECT_EQ(seen, std::vector<std::string>{"alpaca.key_id"}) << "only what is sound is looked at";
    ASSERT_EQ(loaded.error().size(), 2U) << describe(loaded.error());
    EXPECT_NE(find(loaded.error(), "api.port")->reason.find("eighty"), std::string::npos);
    EXPECT_NE(find(loaded.error(), "alpaca.key_id"), nullptr);
}

TEST(Config, LaterSourcesWin)
{
    const test::TempDir directory;
    auto sources = good();
    sources.file = directory.write("q.toml", "log.level = \"debug\"\n[api]\nport = 1000\n"
                                             "origins = [\"https://a\", \"https://b\"]\n");
    sources.environment["QUARTERDECK_API_PORT"] = "2000";
    auto loaded = Config::load(settings(), sources);
    ASSERT_TRUE(loaded) << describe(loaded.error());
    EXPECT_EQ(loaded->integer("api.port"), 2000);
    EXPECT_EQ(loaded->origin("api.port"), "environment");
    EXPECT_EQ(loaded->text("log.level"), "debug");
    EXPECT_EQ(loaded->origin("log.level"), "file");
    EXPECT_EQ(loaded->list("api.origins"), (std::vector<std::string>{"https://a", "https://b"}));
    EXPECT_EQ(loaded->duration("orders.timeout"), 10s);
    EXPECT_EQ(loaded->origin("orders.timeout"), "default");
    EXPECT_FALSE(loaded->has("data.dir"));
    EXPECT_TRUE(loaded->secret("alpaca.secret_key").matches("s3cret"));

    sources.arguments.insert(sources.arguments.end(), {"--api-port=3000", "--sim-enabled"});
    loaded = Config::load(settings(), sources);
    ASSERT_TRUE(loaded) << describe(loaded.error());
    EXPECT_EQ(loaded->integer("api.port"), 3000);
    EXPECT_EQ(loaded->origin("api.port"), "argument");
    EXPECT_TRUE(loaded->boolean("sim.enabled"));
}

TEST(Config, TellsAllProblemsAtOnceAndHowToSetThem)
{
    const test::TempDir directory;
    Config::Sources sources;
    sources.file = directory.write("q.toml", "[api]\nprot = 1\nport = 70000\n[orders]\ntimeout = 1.5\n");
    sources.environment = {{"QUARTERDECK_LOG_LEVEL", "loud"}, {"QUARTERDECK_ALPACA_URL", "nowhere"}};
    sources.arguments = {"--sim-enabled=maybe", "--api-orgins", "x"};
    const auto problems = problemsOf(sources);

    for (const auto* key : {"api.prot", "api.port", "orders.timeout", "log.level", "alpaca.url",
                            "sim.enabled", "--api-orgins", "alpaca.key_id", "alpaca.secret_key"})
        EXPECT_NE(find(problems, key), nullptr) << key;
    EXPECT_EQ(problems.size(), 9u) << describe(problems);

    const auto* missing = find(problems, "alpaca.secret_key");
    EXPECT_EQ(missing->reason, "is required");
    EXPECT_NE(missing->remedy.find("QUARTERDECK_ALPACA_SECRET_KEY"), std::string::npos);
    EXPECT_NE(missing->remedy.find("--alpaca-secret-key"), std::string::npos);
    EXPECT_NE(missing->remedy.find(*sources.file), std::string::npos);
    EXPECT_NE(find(problems, "api.prot")->remedy.find("api.port"), std::string::npos);
    EXPECT_NE(find(problems, "--api-orgins")->remedy.find("--api-origins"), std::string::npos);
    EXPECT_NE(find(problems, "api.port")->reason.find("from 1 to 65535"), std::string::npos);
}

TEST(Config, NothingDefaultsToAnEmptySecret)
{
    auto sources = good();
    sources.environment["QUARTERDECK_ALPACA_SECRET_KEY"] = "";
    EXPECT_NE(find(problemsOf(sources), "alpaca.secret_key"), nullptr);

    const std::vector<Setting> careless = {
        {.key = "vault.key", .type = SettingType::Secret, .help = "Key.", .defaultValue = ""}};
    EXPECT_FALSE(Config::load(careless, {}));
}

TEST(Config, SecretsAreNeverShown)
{
    auto sources = good();
    const auto loaded = Config::load(settings(), sources);
    ASSERT_TRUE(loaded);
    for (const auto& entry : loaded->entries())
        EXPECT_EQ(entry.text.find("s3cret"), std::string::npos) << entry.key;
    sources.arguments.emplace_back("--api-port=x");
    EXPECT_EQ(describe(problemsOf(sources)).find("s3cret"), std::string::npos);
}

TEST(Config, AFileThatIsMissingOrMalformedIsAProblemWithAPlace)
{
    const test::TempDir directory;
    auto sources = good();
    sources.file = (directory / "absent.toml").string();
    EXPECT_NE(find(problemsOf(sources), *sources.file), nullptr);
    sources.file = directory.write("bad.toml", "[api]\nport = \n");
    const auto problems = problemsOf(sources);
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_NE(problems[0].reason.find("line 2"), std::string::npos) << problems[0].reason;
}

TEST(Config, AnotherProgramsVariableIsIgnoredButATypingErrorIsNot)
{
    auto sources = good();
    sources.environment["QUARTERDECK_LEDGER_CONSENSUS_PERIOD"] = "3";
    EXPECT_TRUE(problemsOf(sources).empty());
    sources.environment["QUARTERDECK_ALPACA_KEYID"] = "x";
    EXPECT_NE(find(problemsOf(sources), "QUARTERDECK_ALPACA_KEYID"), nullptr);
}

TEST(Config, AnArgumentWithoutItsValueIsAProblem)
{
    auto sources = good();
    sources.arguments.emplace_back("--api-port");
    EXPECT_NE(find(problemsOf(sources), "api.port"), nullptr);
}

TEST(Config, DurationsNeedAUnitAndStayInRange)
{
    for (const auto* text : {"5", "5 s", "-5s", "1.5s", "s", "", "10ms", "2m", "99999999999999999h"}) {
        auto sources = good();
        sources.arguments.push_back(std::string("--orders-timeout=") + text);
        EXPECT_NE(find(problemsOf(sources), "orders.timeout"), nullptr) << text;
    }
    for (const auto* text : {"100ms", "60s", "1m"}) {
        auto sources = good();
        sources.arguments.push_back(std::string("--orders-timeout=") + text);
        EXPECT_TRUE(problemsOf(sources).empty()) << text;
    }
}

TEST(Config, HelpNamesEverySettingInAllThreeSpellings)
{
    const auto help = Config::help(settings());
    for (const auto* part : {"--alpaca-key-id", "alpaca.key_id", "QUARTERDECK_ALPACA_KEY_ID",
                             "Default: 8443", "One of: debug, info, warning, error", "Required"})
        EXPECT_NE(help.find(part), std::string::npos) << part;
}

TEST(Config, TakesTheFileOutOfTheArguments)
{
    const char* const argv[] = {"program", "--config", "a.toml", "--api-port", "1"};
    const auto sources = Config::Sources::ofProcess(5, argv);
    EXPECT_EQ(sources.file, "a.toml");
    EXPECT_EQ(sources.arguments, (std::vector<std::string>{"--api-port", "1"}));
    EXPECT_FALSE(sources.wantsHelp());
}

} // namespace
} // namespace qd::runtime
