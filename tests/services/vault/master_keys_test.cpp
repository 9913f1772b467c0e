#include "services/vault/master_keys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace qd::vault::test {
namespace {

template <typename T>
std::string codeOf(const Result<T>& result)
{
    return result ? "ok" : result.error().code;
}

mode_t modeOf(const std::string& path)
{
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

std::string textOf(const std::vector<MasterKey>& keys)
{
    return std::string(formatMasterKeys(keys).revealForUse());
}

class MasterKeysTest : public ::testing::Test {
protected:
    MasterKeysTest()
    {
        for (int i = 0; i < 2; ++i) m_two.push_back(makeMasterKey(m_random));
    }
    std::string write(const std::string& name, std::string_view text, mode_t mode)
    {
        const std::string path = m_folder.write(name, text);
        EXPECT_EQ(::chmod(path.c_str(), mode), 0);
        return path;
    }

    qd::test::TempDir m_folder;
    runtime::SeededRandom m_random{7};
    std::vector<MasterKey> m_two;
    std::string m_path = (m_folder / "vault.key").string();
};

TEST_F(MasterKeysTest, TheTextGivesBackTheKeys)
{
    const auto back = parseMasterKeys(textOf(m_two));
    ASSERT_TRUE(back.has_value());
    ASSERT_EQ(back->size(), 2u);
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ((*back)[i].id, m_two[i].id);
        EXPECT_TRUE((*back)[i].key.matches(m_two[i].key.revealForUse()));
    }
}

TEST_F(MasterKeysTest, AnyOtherTextIsRefusedWithoutBeingQuoted)
{
    const std::string sound = textOf(m_two);
    const std::string title = sound.substr(0, sound.find('\n') + 1);
    const std::string line = sound.substr(title.size(), sound.find('\n', title.size()) + 1 - title.size());
    std::string spaced = line, capital = line, oddBits = line;
    spaced[30] = ' ';
    capital[0] = 'A';
    oddBits[oddBits.size() - 3] = oddBits[oddBits.size() - 3] == 'B' ? 'F' : 'B'; // before "=\n"
    for (const std::string& text :
         {std::string(), title, line, title + line + line, title + line.substr(0, line.size() - 1),
          title + spaced, title + capital, title + oddBits, title + "\n" + line, sound + line,
          "quarterdeck-vault-key v2\n" + line, title + line + "\n", title + " " + line}) {
        const auto parsed = parseMasterKeys(text);
        EXPECT_EQ(codeOf(parsed), "vault.key_syntax") << text;
        const std::string told = parsed ? std::string() : parsed.error().detail;
        EXPECT_EQ(told.find(line.substr(20, 12)), std::string::npos) << text;
    }
}

TEST_F(MasterKeysTest, AFileIsMadePrivateAndKeepsWhatWasAdded)
{
    const auto keys = keysInFile(m_path);
    EXPECT_EQ(codeOf(keys->load()), "vault.key_missing");
    const mode_t before = ::umask(0);
    EXPECT_EQ(codeOf(keys->add(m_two[0])), "ok");
    EXPECT_EQ(codeOf(keys->add(m_two[0])), "ok");
    EXPECT_EQ(codeOf(keys->add(m_two[1])), "ok");
    ::umask(before);
    EXPECT_EQ(modeOf(m_path), 0600u);
    EXPECT_EQ(codeOf(keys->add(makeMasterKey(m_random))), "vault.keys_full");
    EXPECT_EQ(codeOf(keys->remove(m_two[0].id)), "ok");
    EXPECT_EQ(codeOf(keys->remove(m_two[0].id)), "ok");
    const auto left = keys->load();
    ASSERT_TRUE(left.has_value());
    ASSERT_EQ(left->size(), 1u);
    EXPECT_EQ(left->front().id, m_two[1].id);
}

TEST_F(MasterKeysTest, WhatAnInterruptedReplacementLeftDoesNotMakeItPublic)
{
    write("vault.key.partial", "half", 0644);
    EXPECT_EQ(codeOf(keysInFile(m_path)->add(m_two[0])), "ok");
    EXPECT_EQ(modeOf(m_path), 0600u);
}

TEST_F(MasterKeysTest, AFileThatOthersCanReadIsRefusedByName)
{
    for (const mode_t mode : {0640u, 0604u, 0660u, 0644u, 0620u}) {
        const auto path = write("vault.key", textOf(m_two), mode);
        const auto loaded = keysInFile(path)->load();
        ASSERT_EQ(codeOf(loaded), "vault.key_exposed") << std::oct << mode;
        EXPECT_NE(loaded.error().detail.find("chmod 600 " + path), std::string::npos);
    }
    for (const mode_t mode : {0600u, 0400u})
        EXPECT_EQ(codeOf(keysInFile(write("vault.key", textOf(m_two), mode))->load()), "ok");
}

TEST_F(MasterKeysTest, AnEndlessOrStrangeFileIsRefused)
{
    EXPECT_EQ(codeOf(keysInFile(write("big", std::string(1 << 20, 'x'), 0600))->load()),
              "vault.key_syntax");
    EXPECT_EQ(codeOf(keysInFile(m_folder.path().string())->load()), "vault.key_exposed");
}

TEST_F(MasterKeysTest, ACredentialIsOnlyHandedIn)
{
    write("quarterdeck-vault-key", textOf(m_two), 0440);
    const auto keys = keysInCredential(m_folder.path().string());
    EXPECT_EQ(codeOf(keys->load()), "ok");
    EXPECT_EQ(codeOf(keys->add(m_two[0])), "vault.keys_read_only");
    EXPECT_EQ(codeOf(keys->remove(m_two[0].id)), "vault.keys_read_only");
    write("quarterdeck-vault-key", textOf(m_two), 0444);
    EXPECT_EQ(codeOf(keys->load()), "vault.key_exposed");
}

TEST_F(MasterKeysTest, ADescriptorIsReadOnceAndClosed)
{
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const std::string text = textOf(m_two);
    ASSERT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    ::close(ends[1]);
    const auto keys = keysFromDescriptor(ends[0]);
    EXPECT_EQ(codeOf(keys->load()), "ok");
    EXPECT_EQ(::fcntl(ends[0], F_GETFD), -1);
    const auto again = keys->load();
    ASSERT_TRUE(again.has_value());
    EXPECT_TRUE(again->front().key.matches(m_two[0].key.revealForUse()));
}

} // namespace
} // namespace qd::vault::test
