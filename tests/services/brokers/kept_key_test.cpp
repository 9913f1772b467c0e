#include "services/brokers/kept_key.h"

#include <gtest/gtest.h>

#include "tests/support/sim_vault.h"

namespace qd::brokers::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const vault::SecretName kKeyName{"alpaca/paper/key", "system", "broker-key"};

vault::Settings shortMemory()
{
    vault::Settings settings;
    settings.freshFor = seconds(10);
    settings.staleFor = minutes(5);
    return settings;
}

/// One key of a broker that takes "good …" and refuses "bad …", and does not answer about others.
class KeptKeyTest : public ::testing::Test {
protected:
    KeptKeyTest() { box.open(); }

    void start(bool overwritesDamaged = false)
    {
        KeptKey::Terms terms;
        terms.name = kKeyName;
        terms.place = "the file";
        terms.outside = [this]() -> Result<runtime::Secret> {
            if (outside.empty()) return fail(ErrorKind::NotFound, "test.gone", "no file");
            if (outside == "unreadable")
                return fail(ErrorKind::Invalid, "test.unreadable", "others can read it");
            return runtime::Secret(outside);
        };
        terms.tester = [this](const runtime::Secret& candidate,
                              const vault::Vault::Verdict& verdict) {
            const std::string text(candidate.revealForUse());
            tried.push_back(text);
            if (text.starts_with("good")) return verdict({});
            if (text.starts_with("bad"))
                return verdict(fail(ErrorKind::Denied, "test.refused", "unknown key"));
            verdict(fail(ErrorKind::Unavailable, "test.no_broker", "no answer"));
        };
        terms.use = [this](const Result<runtime::Secret>& given) {
            used.push_back(given ? std::string(given->revealForUse()) : given.error().code);
        };
        terms.overwritesDamaged = overwritesDamaged;
        key = std::make_unique<KeptKey>(*box, box.core, jobs,
                                        observability::Logger(box.log, world.clock(), "keys"),
                                        std::move(terms));
    }
    /// As another process that starts on what is kept.
    void restart(bool overwritesDamaged = false)
    {
        used.clear();
        tried.clear();
        start(overwritesDamaged);
    }
    KeptKey::Found look()
    {
        std::optional<KeptKey::Found> found;
        key->look([&](const KeptKey::Found& what) { found = what; });
        world.runUntil([&] { return found.has_value(); });
        EXPECT_TRUE(found) << "the look never ended";
        return found.value_or(KeptKey::Found{});
    }
    std::string kept()
    {
        const auto secret = box->read(kKeyName, {});
        return secret ? std::string(secret->revealForUse()) : secret.error().code;
    }
    static std::string code(const Result<void>& result)
    {
        return result ? "ok" : result.error().code;
    }

    qd::test::SimWorld world;
    qd::test::SimVault box{world, shortMemory()};
    qd::test::SimExecutor jobs{world, "jobs"};
    std::string outside = "good one";
    std::vector<std::string> used, tried;
    std::unique_ptr<KeptKey> key;
};

TEST_F(KeptKeyTest, TheFirstOneGoesIntoTheVaultAndIntoUse)
{
    start();
    const auto found = look();
    EXPECT_TRUE(found.isNew);
    EXPECT_EQ(code(found.inUse), "ok");
    EXPECT_EQ(used, std::vector<std::string>{"good one"});
    EXPECT_EQ(kept(), "good one");
    EXPECT_FALSE(look().isNew) << "the same key was brought in twice";
    EXPECT_EQ(used.size(), 1u) << "it was handed out twice";
}

TEST_F(KeptKeyTest, WhatItCameFromMayBeRemoved)
{
    start();
    look();
    outside.clear();
    restart();
    const auto found = look();
    EXPECT_EQ(code(found.inUse), "ok");
    EXPECT_EQ(code(found.outside), "ok");
    EXPECT_EQ(used, std::vector<std::string>{"good one"});
}

TEST_F(KeptKeyTest, WithoutAnyThereIsNoneInUse)
{
    outside.clear();
    start();
    EXPECT_EQ(code(look().inUse), "vault.not_found");
    EXPECT_EQ(used, std::vector<std::string>{"vault.not_found"});
}

TEST_F(KeptKeyTest, AnotherOneTakesOverByItselfOnceItWasTried)
{
    start();
    look();
    EXPECT_TRUE(tried.empty()) << "there was nothing to lose";
    outside = "good two";
    world.run(minutes(2));
    EXPECT_EQ(tried, std::vector<std::string>{"good two"});
    EXPECT_EQ(used, (std::vector<std::string>{"good one", "good two"}));
    EXPECT_EQ(kept(), "good two");
}

TEST_F(KeptKeyTest, OneThatTheBrokerRefusesLeavesTheOldOneAndIsTriedOnce)
{
    start();
    look();
    outside = "bad two";
    const auto found = look();
    EXPECT_EQ(code(found.inUse), "ok");
    EXPECT_EQ(code(found.outside), "test.refused");
    EXPECT_EQ(kept(), "good one");
    world.run(minutes(10));
    EXPECT_EQ(code(key->found().outside), "test.refused") << "the problem was forgotten";
    EXPECT_EQ(tried.size(), 1u);
    outside = "bad three";
    look();
    EXPECT_EQ(tried.size(), 2u) << "a changed one must be tried";
    EXPECT_EQ(used.size(), 1u);
    outside = "good one";
    EXPECT_EQ(code(look().outside), "ok");
}

TEST_F(KeptKeyTest, OneWithoutAVerdictIsTriedAgainUntilThereIsOne)
{
    start();
    look();
    outside = "silent";
    EXPECT_EQ(code(look().outside), "test.no_broker");
    world.run(seconds(21));
    EXPECT_EQ(tried.size(), 5u) << "not each five seconds";
    EXPECT_EQ(kept(), "good one");
}

TEST_F(KeptKeyTest, WhatIsOutsideAndNoKeyIsToldAndTheKeptOneStays)
{
    start();
    look();
    outside = "unreadable";
    const auto found = look();
    EXPECT_EQ(code(found.outside), "test.unreadable");
    EXPECT_EQ(code(found.inUse), "ok");
    EXPECT_EQ(used.size(), 1u);
}

TEST_F(KeptKeyTest, WhileTheStoreIsDownItIsInUseForABoundedTimeThenTakenAwayAndGivenBack)
{
    start();
    look();
    box.storeAnswers = fail(ErrorKind::Unavailable, "storage.io", "the disk is gone");
    world.run(minutes(4));
    EXPECT_EQ(used.size(), 1u) << "taken away while the vault still remembers it";
    world.run(minutes(4));
    EXPECT_EQ(used, (std::vector<std::string>{"good one", "vault.unavailable"}));
    EXPECT_EQ(code(key->found().inUse), "vault.unavailable");
    box.storeAnswers = {};
    world.run(minutes(2));
    EXPECT_EQ(used.back(), "good one");
}

TEST_F(KeptKeyTest, OneThatDoesNotOpenIsNotPaintedOverUnlessAsked)
{
    start();
    look();
    box.tamper("UPDATE vault_secrets SET sealed = zeroblob(length(sealed))");
    restart();
    world.run(seconds(11)); // out of the vault's memory
    EXPECT_EQ(code(look().inUse), "vault.altered");
    EXPECT_EQ(used, std::vector<std::string>{"vault.altered"});
    restart(/*overwritesDamaged=*/true);
    EXPECT_TRUE(look().isNew);
    EXPECT_EQ(used, std::vector<std::string>{"good one"});
}

TEST_F(KeptKeyTest, LooksWaitForTheOneUnderWayAsFarAsThereIsRoom)
{
    start();
    std::size_t told = 0, refused = 0;
    for (std::size_t i = 0; i < KeptKey::kWaitingMax + 4; ++i)
        key->look([&](const KeptKey::Found& found) {
            ++(code(found.outside) == "broker.key_looks" ? refused : told);
        });
    EXPECT_EQ(refused, 3u);
    world.run(seconds(1));
    EXPECT_EQ(told, KeptKey::kWaitingMax + 1);
}

TEST_F(KeptKeyTest, NothingOfItStandsInTheLog)
{
    start();
    look();
    outside = "bad two";
    look();
    for (const char* secret : {"good one", "bad two"}) EXPECT_FALSE(box.log.contains(secret));
}

} // namespace
} // namespace qd::brokers::test
