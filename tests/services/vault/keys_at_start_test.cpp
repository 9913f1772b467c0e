#include <sys/stat.h>
#include <unistd.h>

#include "tests/services/vault/vault_world.h"

namespace qd::vault::test {
namespace {

using qd::test::readFile;

/// A vault that holds a secret, stopped.
class KeysAtStart : public VaultTest {
protected:
    KeysAtStart()
    {
        box.start();
        const auto put = box.put(kBrokerKey, "value");
        QD_ASSERT(put.has_value());
        box.crash();
    }
    /// What the start says, and that nothing is served after it.
    Error refused()
    {
        const auto booted = box.boot();
        EXPECT_FALSE(booted.has_value());
        EXPECT_FALSE(box.vault().isOpen());
        EXPECT_EQ(box.read(kBrokerKey), "vault.closed");
        EXPECT_EQ(codeOf(box.put(kBrokerKey, "x")), "vault.closed");
        return booted ? Error() : booted.error();
    }
};

TEST_F(KeysAtStart, TheFirstStartMakesAPrivateKey)
{
    struct stat status {};
    ASSERT_EQ(::stat(box.keyPath().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600u);
}

TEST_F(KeysAtStart, AMissingKeyFileIsNeverReplacedByANewOne)
{
    ASSERT_EQ(::unlink(box.keyPath().c_str()), 0);
    const Error error = refused();
    EXPECT_EQ(error.code, "vault.key_missing");
    EXPECT_NE(error.detail.find(box.keyPath()), std::string::npos);
    EXPECT_EQ(::access(box.keyPath().c_str(), F_OK), -1);
}

TEST_F(KeysAtStart, AnotherKeyIsRefused)
{
    runtime::SeededRandom random(99);
    std::vector<MasterKey> others;
    others.push_back(makeMasterKey(random));
    box.folder.write("vault.key", formatMasterKeys(others).revealForUse());
    EXPECT_EQ(refused().code, "vault.key_missing");
}

TEST_F(KeysAtStart, AnotherKeyUnderTheSameIdIsRefused)
{
    auto keys = box.keys->load();
    ASSERT_TRUE(keys.has_value());
    runtime::SeededRandom random(99);
    keys->front().key = makeMasterKey(random).key.clone();
    box.folder.write("vault.key", formatMasterKeys(*keys).revealForUse());
    EXPECT_EQ(refused().code, "vault.key_wrong");
}

TEST_F(KeysAtStart, ACanaryThatDoesNotOpenIsRefused)
{
    box.tamper("UPDATE vault_keys SET canary = zeroblob(54)");
    EXPECT_EQ(refused().code, "vault.key_wrong");
}

TEST_F(KeysAtStart, ARowThatNamesAnUnknownKeyIsRefused)
{
    box.tamper("UPDATE vault_secrets SET master_key = '0123456789abcdef'");
    const Error error = refused();
    EXPECT_EQ(error.code, "vault.key_missing");
    EXPECT_NE(error.detail.find("0123456789abcdef"), std::string::npos);
}

TEST_F(KeysAtStart, AnExposedKeyFileIsRefusedByName)
{
    ASSERT_EQ(::chmod(box.keyPath().c_str(), 0644), 0);
    const Error error = refused();
    EXPECT_EQ(error.code, "vault.key_exposed");
    EXPECT_NE(error.detail.find("chmod 600 " + box.keyPath()), std::string::npos);
    ASSERT_EQ(::chmod(box.keyPath().c_str(), 0600), 0);
    box.start();
    EXPECT_EQ(box.read(kBrokerKey), "value");
}

TEST_F(KeysAtStart, ATornKeyFileIsRefused)
{
    const std::string whole = readFile(box.keyPath());
    box.folder.write("vault.key", whole.substr(0, whole.size() - 5));
    EXPECT_EQ(refused().code, "vault.key_syntax");
}

TEST_F(KeysAtStart, AKeyHandedInMustBeThere)
{
    qd::test::TempDir folder;
    box.keys = keysInCredential(folder.path().string());
    EXPECT_EQ(refused().code, "vault.key_missing");
    folder.write("quarterdeck-vault-key", readFile(box.keyPath()));
    ASSERT_EQ(::chmod((folder / "quarterdeck-vault-key").c_str(), 0400), 0);
    box.start();
    EXPECT_EQ(box.read(kBrokerKey), "value");
    EXPECT_EQ(codeOf(box.rotate()), "vault.keys_read_only");
    EXPECT_EQ(box.readCold(kBrokerKey), "value");
}

TEST(KeysAtFirstStart, NothingIsMadeWhereKeysAreOnlyHandedIn)
{
    VaultWorld box;
    qd::test::TempDir folder;
    box.keys = keysInCredential(folder.path().string());
    EXPECT_EQ(codeOf(box.boot()), "vault.key_missing");
}

} // namespace
} // namespace qd::vault::test
