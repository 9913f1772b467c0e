#include "models/accounts/common_passwords.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "models/accounts/password_strength.h"
#include "tests/support/temp_dir.h"

namespace qd::test {
namespace {

/// The words of the list's text, read as a text, in its order.
std::vector<std::string> wordsOfTheList()
{
    const std::string text =
        readFile(std::string(QD_SOURCE_DIR) + "/models/accounts/common_passwords.inc");
    const std::string kLine = "\n\"";
    std::vector<std::string> words;
    for (std::size_t line = text.find(kLine); line != std::string::npos;
         line = text.find(kLine, line + 1)) {
        const auto begin = line + 2, end = text.find('"', begin);
        std::string word;
        for (const char c : text.substr(begin, end - begin) + ' ') {
            if (c != ' ') {
                word += c;
            } else if (!word.empty()) {
                words.push_back(std::exchange(word, {}));
            }
        }
    }
    return words;
}

TEST(CommonPasswords, EachOfTheTenThousandIsRefusedAsItIs)
{
    const auto words = wordsOfTheList();
    ASSERT_EQ(words.size(), std::size_t{kCommonPasswords});
    EXPECT_EQ(std::set<std::string>(words.begin(), words.end()).size(), words.size());
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto found = findCommonPassword(words[i]);
        ASSERT_TRUE(found && found->isWhole) << words[i];
        EXPECT_LE(found->rank, static_cast<int>(i) + 1) << words[i];
    }
    for (std::size_t i = 0; i < words.size(); i += 7) {
        const auto verdict = judgePassword(words[i]);
        EXPECT_FALSE(verdict.accepted) << words[i];
        EXPECT_LE(verdict.log10Guesses, 4.0) << words[i] << " is one of ten thousand";
    }
}

TEST(CommonPasswords, EachIsFoundInCapitalsAndBehindAYear)
{
    for (const std::string& word : wordsOfTheList()) {
        std::string capitals = word;
        for (char& c : capitals) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
        EXPECT_TRUE(findCommonPassword(capitals)) << capitals;
        if (word.size() < kPasswordCharsMin - 5) continue; // with the year still too short
        const auto dressed = findCommonPassword(word + "2024!");
        EXPECT_TRUE(dressed && !dressed->isWhole) << word << "2024!";
    }
}

TEST(CommonPasswords, LettersThatEverybodySwapsAreNoDisguise)
{
    for (const char* text :
         {"p@ssw0rd", "P455W0RD", "dr@g0n", "f00tb4ll", "ki11er", "sup3rm@n77", "tr1n1ty"})
        EXPECT_TRUE(findCommonPassword(text)) << text;
}

TEST(CommonPasswords, WhatIsMoreThanADressIsNotCommon)
{
    EXPECT_EQ(findCommonPassword("password")->rank, 2);
    EXPECT_EQ(findCommonPassword("PASSWORD?")->rank, 2);
    for (const char* text :
         {"", "correct horse battery staple", "seven quiet lanterns drift", "xpassword",
          "password and more",
          "123456 of my sheep", "12345678901234567890123456789", "4711 0815 2358 1321"})
        EXPECT_FALSE(findCommonPassword(text)) << text;
}

} // namespace
} // namespace qd::test
