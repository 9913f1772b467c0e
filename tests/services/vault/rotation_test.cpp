#include "tests/services/vault/vault_world.h"

namespace qd::vault::test {
namespace {

constexpr int kSecrets = 10;

SecretName nameOf(int number)
{
    return {"secret/" + std::to_string(number), "system", "test"};
}

std::string valueOf(int number)
{
    return "value-" + std::to_string(number);
}

/// Ten secrets, re-wrapped three at a time.
class RotationTest : public VaultTest {
protected:
    RotationTest()
    {
        box.settings.rewrapBatch = 3;
        box.settings.cacheMax = 0; // every read asks the store
        box.start();
        for (int i = 0; i < kSecrets; ++i) {
            const auto put = box.put(nameOf(i), valueOf(i));
            QD_ASSERT(put.has_value());
        }
    }
    void expectAllReadable(const std::string& when)
    {
        for (int i = 0; i < kSecrets; ++i) EXPECT_EQ(box.read(nameOf(i)), valueOf(i)) << when;
    }
    std::vector<std::string> keysInSource()
    {
        std::vector<std::string> ids;
        const auto keys = box.keys->load();
        if (keys)
            for (const MasterKey& key : *keys) ids.push_back(key.id);
        return ids;
    }
    int keyRows() { return std::stoi(box.query("SELECT count(*) FROM vault_keys")); }
    /// One key in the source, in the table and under every secret; and it is not `before`.
    void expectRotatedFrom(const std::string& before, const std::string& when)
    {
        ASSERT_EQ(keyRows(), 1) << when;
        const std::string active = box.query("SELECT id FROM vault_keys");
        EXPECT_NE(active, before) << when;
        EXPECT_EQ(keysInSource(), std::vector<std::string>{active}) << when;
        EXPECT_EQ(box.query("SELECT count(*) FROM vault_secrets WHERE master_key <> '" + active + "'"),
                  "0")
            << when;
        EXPECT_EQ(box.vault().masterKey().id, active) << when;
    }
};

TEST_F(RotationTest, PutsEverySecretUnderANewKeyAndDropsTheOld)
{
    const std::string before = box.vault().masterKey().id;
    EXPECT_EQ(codeOf(box.rotate()), "ok");
    expectRotatedFrom(before, "rotated");
    expectAllReadable("rotated");
    EXPECT_EQ(box.vault().rotation().done, kSecrets);
    EXPECT_EQ(box.vault().list().front().masterKey, box.vault().masterKey().id);
    box.start();
    expectAllReadable("restarted");
    EXPECT_EQ(codeOf(box.rotate()), "ok");
    expectAllReadable("rotated twice");
}

TEST_F(RotationTest, ReadsAndChangesGoOnMeanwhile)
{
    const std::string before = box.vault().masterKey().id;
    std::string outcome;
    box.vault().rotateMasterKey(kOwner, [&](const Result<void>& result) { outcome = codeOf(result); });
    int steps = 0, puts = 0;
    const SecretName busy{"secret/4", "system", "test"}, fresh{"secret/fresh", "system", "test"};
    while (outcome.empty() && box.world.step()) {
        expectAllReadable("step " + std::to_string(++steps));
        if (steps % 3 == 0) {
            box.vault().put(busy, runtime::Secret(valueOf(4)), kOwner,
                            [&](const Result<void>& put) { puts += put.has_value(); });
            box.vault().put(fresh, runtime::Secret("fresh"), kOwner,
                            [&](const Result<void>& put) { puts += put.has_value(); });
        }
    }
    box.world.runReady();
    EXPECT_EQ(outcome, "ok");
    EXPECT_GT(steps, 10);
    EXPECT_GT(puts, 4);
    expectRotatedFrom(before, "rotated");
    EXPECT_EQ(box.read(fresh), "fresh");
}

TEST_F(RotationTest, ASecondOneIsRefusedWhileOneIsUnderWay)
{
    box.vault().rotateMasterKey(kOwner, [](const Result<void>&) {});
    EXPECT_EQ(codeOf(box.rotate()), "vault.rotating");
}

// Fails the n-th commit, before or after the disk had it, and goes on with what is there.
TEST_F(RotationTest, KilledAtAnyCommitItGoesOnAtTheNextStart)
{
    for (const std::string_view point : {"before-commit", "after-commit"}) {
        int reached = 1;
        for (int victim = 1; reached >= victim; ++victim) {
            const std::string when = std::string(point) + " " + std::to_string(victim);
            bool isArmed = false;
            reached = 0;
            box.writerOptions.fault = [&](std::string_view here) -> Result<void> {
                if (!isArmed || here != point || ++reached != victim) return {};
                return fail(ErrorKind::Corrupt, "test.killed", "the process has died");
            };
            box.start();
            const std::string before = box.vault().masterKey().id;
            isArmed = true;
            const auto rotated = box.rotate();
            isArmed = false;
            EXPECT_TRUE(rotated.has_value() || reached == victim) << when << describe(rotated.error());
            box.start();
            box.world.runUntilIdle();
            expectAllReadable(when);
            if (box.vault().masterKey().id == before) { // it had not begun
                EXPECT_EQ(codeOf(box.rotate()), "ok") << when;
            }
            expectRotatedFrom(before, when);
            expectAllReadable(when);
            EXPECT_TRUE(victim < 7 || reached < victim) << when; // begin, four batches, end, forget
        }
    }
    box.writerOptions.fault = {};
}

// As kill -9 between any two tasks of any thread.
TEST_F(RotationTest, KilledBetweenAnyTwoStepsItGoesOnAtTheNextStart)
{
    bool isOver = false;
    int steps = 0;
    for (; !isOver; ++steps) {
        const std::string when = "step " + std::to_string(steps);
        box.vault().rotateMasterKey(kOwner, [&](const Result<void>&) { isOver = true; });
        for (int i = 0; i < steps && !isOver; ++i) box.world.step();
        box.start();
        expectAllReadable(when);
        box.world.runUntilIdle();
        expectAllReadable(when);
        ASSERT_LE(keysInSource().size(), 2u) << when;
        ASSERT_EQ(keyRows(), 1) << when;
    }
    EXPECT_GT(steps, 10);
    const std::string before = box.vault().masterKey().id;
    EXPECT_EQ(codeOf(box.rotate()), "ok");
    expectRotatedFrom(before, "at the end");
    expectAllReadable("at the end");
}

TEST_F(RotationTest, ASecretThatDoesNotOpenKeepsTheOldKey)
{
    const std::string before = box.vault().masterKey().id;
    box.tamper("UPDATE vault_secrets SET wrapped = zeroblob(60) WHERE id = 'secret/5'");
    EXPECT_EQ(codeOf(box.rotate()), "vault.key_in_use");
    EXPECT_EQ(box.vault().rotation().damaged, std::vector<std::string>{"secret/5"});
    EXPECT_EQ(keyRows(), 2);
    EXPECT_EQ(keysInSource().size(), 2u);
    EXPECT_EQ(box.read(nameOf(6)), valueOf(6));
    ASSERT_EQ(codeOf(box.put(nameOf(5), valueOf(5))), "ok");
    EXPECT_EQ(codeOf(box.rotate()), "ok");
    expectRotatedFrom(before, "mended");
    expectAllReadable("mended");
}

TEST_F(RotationTest, AKeyHandedInIsTakenAndNoThirdIsMade)
{
    runtime::SeededRandom random(5);
    const MasterKey handedIn = makeMasterKey(random);
    ASSERT_EQ(codeOf(box.keys->add(handedIn)), "ok");
    box.start();
    EXPECT_EQ(codeOf(box.rotate()), "ok");
    EXPECT_EQ(box.vault().masterKey().id, handedIn.id);
    EXPECT_EQ(keysInSource(), std::vector<std::string>{handedIn.id});
}

TEST_F(RotationTest, AnOldRowUnderADroppedKeyStopsTheStart)
{
    box.tamper("CREATE TABLE kept AS SELECT * FROM vault_secrets");
    ASSERT_EQ(codeOf(box.rotate()), "ok");
    box.tamper("DELETE FROM vault_secrets; INSERT INTO vault_secrets SELECT * FROM kept");
    EXPECT_EQ(box.read(nameOf(0)), "vault.key_missing");
    EXPECT_EQ(codeOf(box.boot()), "vault.key_missing");
}

TEST_F(RotationTest, ANewDataKeyKeepsTheSecret)
{
    const std::string sealed = box.query("SELECT sealed FROM vault_secrets WHERE id = 'secret/1'");
    EXPECT_EQ(codeOf(box.renewDataKey(nameOf(1))), "ok");
    EXPECT_NE(box.query("SELECT sealed FROM vault_secrets WHERE id = 'secret/1'"), sealed);
    EXPECT_EQ(box.read(nameOf(1)), valueOf(1));
    EXPECT_EQ(box.query("SELECT version FROM vault_secrets WHERE id = 'secret/1'"), "2");
}

} // namespace
} // namespace qd::vault::test
