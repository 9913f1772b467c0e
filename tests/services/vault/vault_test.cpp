#include "services/vault/vault.h"

#include "services/vault/vault_metrics.h"
#include "tests/services/vault/vault_world.h"

namespace qd::vault::test {
namespace {

using namespace std::chrono_literals;
using qd::test::readFile;

const SecretName kOther{"mail/password", "system", "mail"};

TEST_F(VaultTest, GivesBackWhatWasPutAlsoAfterARestart)
{
    box.start();
    EXPECT_EQ(codeOf(box.put(kBrokerKey, "first")), "ok");
    EXPECT_EQ(box.read(kBrokerKey), "first");
    EXPECT_EQ(codeOf(box.put(kBrokerKey, "second")), "ok");
    EXPECT_EQ(box.read(kBrokerKey), "second");
    box.start();
    EXPECT_EQ(box.read(kBrokerKey), "second");
    EXPECT_EQ(box.read(kOther), "vault.not_found");
}

TEST_F(VaultTest, RefusesEverythingUntilItIsOpen)
{
    box.start();
    qd::test::SimExecutor core(box.world);
    Vault closed({box.writer(), box.databasePath(), core, box.random, *box.keys, {}});
    EXPECT_EQ(codeOf(closed.read(kBrokerKey, kOwner)), "vault.closed");
}

TEST_F(VaultTest, WrongSizesAndNamesAreRefused)
{
    box.start();
    EXPECT_EQ(codeOf(box.put(kBrokerKey, "")), "vault.size");
    EXPECT_EQ(codeOf(box.put(kBrokerKey, std::string(Vault::kSecretBytesMax + 1, 'x'))), "vault.size");
    EXPECT_EQ(codeOf(box.put(kBrokerKey, std::string(Vault::kSecretBytesMax, 'x'))), "ok");
    for (const std::string& id : {std::string(), std::string("a b"), std::string(129, 'a'),
                                  std::string("quote'"), std::string("nul\0l", 5)})
        EXPECT_EQ(codeOf(box.put({id, "system", "mail"}, "x")), "vault.name") << id;
}

TEST_F(VaultTest, ItsNumberOfSecretsIsBounded)
{
    box.settings.secretsMax = 2;
    box.start();
    EXPECT_EQ(codeOf(box.put({"a", "system", "x"}, "1")), "ok");
    EXPECT_EQ(codeOf(box.put({"b", "system", "x"}, "1")), "ok");
    EXPECT_EQ(codeOf(box.put({"c", "system", "x"}, "1")), "vault.full");
    EXPECT_EQ(codeOf(box.put({"a", "system", "x"}, "2")), "ok");
}

TEST_F(VaultTest, AnotherOwnerIsDeniedAndTheLogTells)
{
    box.start();
    ASSERT_EQ(codeOf(box.put(kBrokerKey, "mine")), "ok");
    const SecretName theirs{kBrokerKey.id, "user:eve", kBrokerKey.purpose};
    EXPECT_EQ(box.read(theirs), "vault.denied");
    EXPECT_EQ(box.read(kBrokerKey), "mine");
    EXPECT_EQ(box.read(theirs), "vault.denied"); // in memory now
    EXPECT_EQ(codeOf(box.put(theirs, "x")), "vault.denied");
    EXPECT_EQ(codeOf(box.remove(theirs)), "vault.denied");
    box.world.runReady();
    EXPECT_EQ(box.events("vault.denied"), 1); // one a minute, the rest is counted
    EXPECT_EQ(box.vault().figures().denied, 4u);
    EXPECT_EQ(box.vault().figures().unnoted, 3u);
}

TEST_F(VaultTest, ARowGivenToAnotherOwnerDoesNotOpen)
{
    box.start();
    ASSERT_EQ(codeOf(box.put(kBrokerKey, "mine")), "ok");
    box.tamper("UPDATE vault_secrets SET owner = 'user:eve'");
    EXPECT_EQ(box.read({kBrokerKey.id, "user:eve", kBrokerKey.purpose}), "vault.altered");
}

TEST_F(VaultTest, SwappedRowsDoNotOpen)
{
    box.start();
    ASSERT_EQ(codeOf(box.put(kBrokerKey, "one")), "ok");
    ASSERT_EQ(codeOf(box.put(kOther, "two")), "ok");
    box.tamper("CREATE TEMP TABLE was AS SELECT id, wrapped, sealed FROM vault_secrets;"
               "UPDATE vault_secrets SET (wrapped, sealed) ="
               " (SELECT wrapped, sealed FROM was WHERE was.id <> vault_secrets.id)");
    EXPECT_EQ(box.read(kBrokerKey), "vault.altered");
    EXPECT_EQ(box.read(kOther), "vault.altered");
    box.world.runReady();
    EXPECT_EQ(box.events("vault.denied"), 2);
}

TEST_F(VaultTest, AnOlderRowPutBackIsFound)
{
    box.start();
    ASSERT_EQ(codeOf(box.put(kBrokerKey, "old")), "ok");
    box.tamper("CREATE TABLE kept AS SELECT * FROM vault_secrets");
    ASSERT_EQ(codeOf(box.put(kBrokerKey, "new")), "ok");
    box.tamper("DELETE FROM vault_secrets; INSERT INTO vault_secrets SELECT * FROM kept");
    EXPECT_EQ(box.read(kBrokerKey), "vault.rolled_back");
    EXPECT_EQ(codeOf(box.renewDataKey(kBrokerKey)), "vault.rolled_back"); // nor is it made the newest
    box.start();
    ASSERT_EQ(box.vault().damaged().size(), 1u);
    EXPECT_EQ(box.vault().damaged().front().second.code, "vault.rolled_back");
    EXPECT_EQ(codeOf(box.put(kBrokerKey, "newest")), "ok");
    EXPECT_EQ(box.read(kBrokerKey), "newest");
    EXPECT_TRUE(box.vault().damaged().empty());
}

TEST_F(VaultTest, ARemovedRowPutBackOrATakenOneIsFound)
{
    box.start();
    ASSERT_EQ(codeOf(box.put(kBrokerKey, "gone")), "ok");
    ASSERT_EQ(codeOf(box.put(kOther, "taken")), "ok");
    box.tamper("CREATE TABLE kept AS SELECT * FROM vault_secrets");
    ASSERT_EQ(codeOf(box.remove(kBrokerKey)), "ok");
    EXPECT_EQ(box.read(kBrokerKey), "vault.not_found");
    box.tamper("DELETE FROM vault_secrets; INSERT INTO vault_secrets SELECT * FROM kept "
               "WHERE id = 'alpaca/paper/key'");
    EXPECT_EQ(box.read(kBrokerKey), "vault.rolled_back");
    EXPECT_EQ(box.read(kOther), "vault.row_missing");
    box.start();
    EXPECT_EQ(box.vault().damaged().size(), 2u);
}

TEST_F(VaultTest, WhatCannotBeReadBackIsNotStoredAndTheOldOneStays)
{
    box.start();
    ASSERT_EQ(codeOf(box.put(kBrokerKey, "old")), "ok");
    const SecretName fresh{"alpaca/live/key", "system", "broker-key"};
    for (const char* moment : {"INSERT", "UPDATE OF sealed"})
        box.onWriter(std::string("CREATE TRIGGER bad_disk_") + moment[0] + " AFTER " + moment +
                     " ON vault_secrets BEGIN UPDATE vault_secrets SET wrapped ="
                     " zeroblob(length(wrapped)) WHERE id = NEW.id; END");
    EXPECT_EQ(codeOf(box.put(kBrokerKey, "new")), "vault.not_stored");
    EXPECT_EQ(codeOf(box.put(fresh, "new")), "vault.not_stored");
    for (const char* name : {"bad_disk_I", "bad_disk_U"})
        box.onWriter(std::string("DROP TRIGGER ") + name);
    EXPECT_EQ(box.readCold(kBrokerKey), "old");
    EXPECT_EQ(box.vault().list().size(), 1U);
    EXPECT_EQ(box.query("SELECT count(*) FROM vault_secrets"), "1");
    EXPECT_EQ(box.events("vault.put"), 1);
    EXPECT_EQ(codeOf(box.put(kBrokerKey, "new")), "ok");
    EXPECT_EQ(box.readCold(kBrokerKey), "new");
}

TEST_F(VaultTest, VersionsGoOnAfterARemoval)
{
    box.start();
    ASSERT_EQ(codeOf(box.put(kBrokerKey, "one")), "ok");
    ASSERT_EQ(codeOf(box.remove(kBrokerKey)), "ok");
    ASSERT_EQ(codeOf(box.put(kBrokerKey, "two")), "ok");
    EXPECT_EQ(box.vault().list().front().version, 2);
    EXPECT_EQ(box.read(kBrokerKey), "two");
}

TEST_F(VaultTest, RemovingLeavesNothingOfItsRow)
{
    box.start();
    ASSERT_EQ(codeOf(box.put(kBrokerKey, std::string(300, 's'))), "ok");
    const std::string wrapped = box.query("SELECT wrapped FROM vault_secrets");
    const std::string sealed = box.query("SELECT sealed FROM vault_secrets");
    const std::string checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
    box.tamper(checkpoint);
    ASSERT_NE(readFile(box.databasePath()).find(wrapped), std::string::npos);
    ASSERT_EQ(codeOf(box.remove(kBrokerKey)), "ok");
    box.tamper(checkpoint);
    EXPECT_EQ(readFile(box.databasePath()).find(wrapped), std::string::npos);
    EXPECT_EQ(readFile(box.databasePath()).find(sealed), std::string::npos);
    EXPECT_EQ(box.events("vault.removed"), 1);
}

TEST_F(VaultTest, AReplacedVersionLeavesNothingWhereItLay)
{
    box.start();
    // As where SQLite is built to leave what was deleted.
    box.onWriter("PRAGMA secure_delete=OFF");
    ASSERT_EQ(codeOf(box.put(kBrokerKey, std::string(300, 's'))), "ok");
    const std::string wrapped = box.query("SELECT wrapped FROM vault_secrets").substr(8, 40);
    box.tamper("PRAGMA wal_checkpoint(TRUNCATE)");
    ASSERT_NE(readFile(box.databasePath()).find(wrapped), std::string::npos);
    ASSERT_EQ(codeOf(box.put(kBrokerKey, "short")), "ok");
    box.tamper("PRAGMA wal_checkpoint(TRUNCATE)");
    EXPECT_EQ(readFile(box.databasePath()).find(wrapped), std::string::npos);
}

TEST_F(VaultTest, NothingOfASecretStandsInAnyFileOrText)
{
    const std::string planted = "planted-5ecret-of-the-test";
    std::string told;
    box.start();
    ASSERT_EQ(codeOf(box.put(kBrokerKey, planted)), "ok");
    ASSERT_EQ(box.read(kBrokerKey), planted);
    box.world.runReady();
    for (const auto& result :
         {box.replace(kBrokerKey, planted, [](const runtime::Secret&, Vault::Verdict verdict) {
              verdict(fail(ErrorKind::Denied, "test.refused", "refused by the broker"));
          }),
          box.put({planted + "'", "system", "mail"}, "x"),
          box.put({kBrokerKey.id, "user:eve", "broker-key"}, planted)}) {
        ASSERT_FALSE(result.has_value());
        told += describe(result.error());
    }
    box.tamper("UPDATE vault_secrets SET sealed = zeroblob(60)");
    told += box.readCold(kBrokerKey);
    box.start();
    std::string kept = readFile(box.keyPath()) + box.log.text() + told;
    for (const char* suffix : {"", "-wal", "-shm"}) kept += readFile(box.databasePath() + suffix);
    ASSERT_NE(kept.find(kBrokerKey.id), std::string::npos); // the right files were read
    EXPECT_EQ(kept.find(planted), std::string::npos);
    EXPECT_EQ(kept.find(planted.substr(0, 12)), std::string::npos);
    // Nor does the master key stand in the database.
    const std::string key = readFile(box.keyPath()).substr(42, 20);
    EXPECT_EQ(readFile(box.databasePath()).find(key), std::string::npos);
}

TEST_F(VaultTest, EveryChangeAndUseIsAnEvent)
{
    box.start();
    ASSERT_EQ(codeOf(box.put(kBrokerKey, "one")), "ok");
    ASSERT_EQ(codeOf(box.renewDataKey(kBrokerKey)), "ok");
    EXPECT_EQ(box.read(kBrokerKey), "one");
    box.world.runReady();
    ASSERT_EQ(codeOf(box.remove(kBrokerKey)), "ok");
    for (const char* kind : {"vault.put", "vault.rotated", "vault.used", "vault.removed"})
        EXPECT_EQ(box.events(kind), 1) << kind;
    EXPECT_EQ(box.query("SELECT actor FROM events WHERE kind = 'vault.used'"), "user:owner");
}

TEST_F(VaultTest, ReadsAreServedFromMemoryForABoundedTime)
{
    box.start();
    ASSERT_EQ(codeOf(box.put(kBrokerKey, "one")), "ok");
    EXPECT_EQ(box.read(kBrokerKey), "one");
    box.world.run(box.settings.freshFor - 1s);
    EXPECT_EQ(box.read(kBrokerKey), "one");
    EXPECT_EQ(box.vault().figures().opened, 1u);
    EXPECT_EQ(box.vault().figures().cached, 1u);
    box.world.run(2s);
    EXPECT_EQ(box.read(kBrokerKey), "one");
    EXPECT_EQ(box.vault().figures().opened, 2u);
}

TEST_F(VaultTest, WhileTheStoreIsDownMemoryServesForABoundedTime)
{
    box.start();
    ASSERT_EQ(codeOf(box.put(kBrokerKey, "one")), "ok");
    ASSERT_EQ(codeOf(box.put(kOther, "two")), "ok");
    EXPECT_EQ(box.read(kBrokerKey), "one");
    box.storeAnswers = fail(ErrorKind::Unavailable, "storage.io", "the disk is gone");
    EXPECT_EQ(box.readCold(kBrokerKey), "one");
    EXPECT_EQ(box.vault().figures().stale, 1u);
    EXPECT_EQ(box.read(kOther), "vault.unavailable"); // never read
    box.world.run(box.settings.staleFor);
    const auto refused = box.vault().read(kBrokerKey, kOwner);
    ASSERT_EQ(codeOf(refused), "vault.unavailable");
    EXPECT_NE(refused.error().detail.find("the disk is gone"), std::string::npos);
    box.storeAnswers = {};
    box.world.run(box.settings.askAgainAfter);
    EXPECT_EQ(box.read(kBrokerKey), "one");
}

TEST_F(VaultTest, WhatIsWantedAsStoredNeverComesFromMemory)
{
    box.start();
    ASSERT_EQ(codeOf(box.put(kBrokerKey, "one")), "ok");
    EXPECT_EQ(box.read(kBrokerKey), "one");
    const auto stored = [&] {
        const auto secret = box.vault().readStored(kBrokerKey, kOwner);
        return secret ? std::string(secret->revealForUse()) : secret.error().code;
    };
    EXPECT_EQ(stored(), "one");
    box.storeAnswers = fail(ErrorKind::Unavailable, "storage.io", "the disk is gone");
    EXPECT_EQ(stored(), "vault.unavailable");
    EXPECT_EQ(box.read(kBrokerKey), "one") << "memory serves whoever is content with it";
    EXPECT_EQ(stored(), "vault.unavailable") << "nor while it is not asked again";
}

TEST_F(VaultTest, MemoryIsBoundedAndKeepsWhatIsAskedFor)
{
    box.settings.cacheMax = 2;
    box.start();
    const SecretName a{"a", "system", "x"}, b{"b", "system", "x"}, c{"c", "system", "x"};
    for (const auto& name : {a, b, c}) ASSERT_EQ(codeOf(box.put(name, name.id)), "ok");
    for (const auto& name : {a, b, a, c, a}) EXPECT_EQ(box.read(name), name.id);
    EXPECT_EQ(box.vault().figures().opened, 3u); // c took b's place
    EXPECT_EQ(box.read(b), "b");
    EXPECT_EQ(box.vault().figures().opened, 4u);
}

TEST_F(VaultTest, AReplacementIsTriedBeforeTheOldSecretGoes)
{
    box.start();
    ASSERT_EQ(codeOf(box.put(kBrokerKey, "old")), "ok");
    EXPECT_EQ(codeOf(box.replace(kBrokerKey, "bad",
                                 [](const runtime::Secret& candidate, Vault::Verdict verdict) {
                                     EXPECT_TRUE(candidate.matches("bad"));
                                     verdict(fail(ErrorKind::Denied, "broker.refused", ""));
                                 })),
              "broker.refused");
    EXPECT_EQ(box.readCold(kBrokerKey), "old");
    EXPECT_EQ(codeOf(box.replace(kBrokerKey, "mute",
                                 [](const runtime::Secret&, const Vault::Verdict&) {})),
              "vault.test_timeout");
    EXPECT_EQ(box.readCold(kBrokerKey), "old");
    const auto accept = [](const runtime::Secret&, Vault::Verdict verdict) {
        verdict({});
        verdict(fail(ErrorKind::Denied, "too.late", ""));
    };
    EXPECT_EQ(codeOf(box.replace(kBrokerKey, "good", accept)), "ok");
    EXPECT_EQ(box.read(kBrokerKey), "good");
    EXPECT_EQ(codeOf(box.replace(kOther, "good", accept)), "vault.not_found");
}

TEST_F(VaultTest, AReplacementDoesNotUndoAnotherChange)
{
    box.start();
    ASSERT_EQ(codeOf(box.put(kBrokerKey, "old")), "ok");
    Vault::Verdict late;
    std::string outcome;
    box.vault().replace(
        kBrokerKey, runtime::Secret("slow"),
        [&](const runtime::Secret&, Vault::Verdict verdict) { late = std::move(verdict); }, kOwner,
        [&](const Result<void>& result) { outcome = codeOf(result); });
    ASSERT_EQ(codeOf(box.put(kBrokerKey, "quick")), "ok");
    late({});
    box.world.runReady();
    EXPECT_EQ(outcome, "vault.changed");
    EXPECT_EQ(box.readCold(kBrokerKey), "quick");
}

TEST_F(VaultTest, AgesAreListedAndShownAndNeverAValue)
{
    observability::Metrics metrics;
    box.start();
    ASSERT_EQ(codeOf(box.put(kBrokerKey, "one")), "ok");
    watch(box.vault(), metrics, box.world.clock());
    box.world.run(24h * 91);
    ASSERT_EQ(codeOf(box.renewDataKey(kBrokerKey)), "ok"); // the secret is as old as before
    const auto listed = box.vault().list();
    ASSERT_EQ(listed.size(), 1u);
    EXPECT_EQ(listed.front().name, kBrokerKey);
    EXPECT_EQ(listed.front().version, 2);
    EXPECT_GT(listed.front().resealed, listed.front().changed);
    EXPECT_TRUE(box.vault().isOverdue(listed.front()));
    EXPECT_TRUE(box.vault().masterKey().isOverdue);
    static_cast<void>(metrics.exposition());
    EXPECT_GT(metrics.value("quarterdeck_vault_secret_age_seconds", {"broker-key"}).value_or(0),
              91 * 86'400.0 - 1);
    EXPECT_EQ(metrics.value("quarterdeck_vault_overdue_secrets", {"broker-key"}), 1);
    ASSERT_EQ(codeOf(box.put(kBrokerKey, "two")), "ok");
    EXPECT_FALSE(box.vault().isOverdue(box.vault().list().front()));
}

} // namespace
} // namespace qd::vault::test
