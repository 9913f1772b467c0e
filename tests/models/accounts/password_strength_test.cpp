#include <algorithm>

#include <gtest/gtest.h>

#include "models/accounts/password_strength.h"

namespace qd::test {
namespace {

bool has(const PasswordVerdict& verdict, PasswordReason reason)
{
    return std::find(verdict.reasons.begin(), verdict.reasons.end(), reason) != verdict.reasons.end();
}

bool has(const PasswordVerdict& verdict, PasswordSuggestion suggestion)
{
    return std::find(verdict.suggestions.begin(), verdict.suggestions.end(), suggestion) !=
           verdict.suggestions.end();
}

TEST(PasswordStrength, UnrelatedWordsAreAccepted)
{
    const auto verdict = judgePassword("correct horse battery staple");
    EXPECT_TRUE(verdict.accepted);
    EXPECT_EQ(verdict.score, 4);
    EXPECT_GT(verdict.log10Guesses, 10.0);
    EXPECT_TRUE(verdict.suggestions.empty());
}

TEST(PasswordStrength, ElevenCharactersAreTooFewWhateverTheyAre)
{
    EXPECT_TRUE(has(judgePassword("x7#Qp!2vL9z"), PasswordReason::TooShort));
    EXPECT_TRUE(judgePassword("x7#Qp!2vL9zW").accepted);
    // Characters count, not bytes.
    EXPECT_TRUE(has(judgePassword("\xc3\xa9\xc3\xa8\xc3\xaa\xc3\xab\xc3\xa0\xc3\xb9"),
                    PasswordReason::TooShort));
}

TEST(PasswordStrength, TheCommonestAreRefusedInAnyDress)
{
    for (const std::string_view text :
         {"password", "PassWord", "P@ssw0rd", "password1234", "P@$$w0rd2024!", "Dr4g0n!!!!!!!!",
          "letmein12345", "sunshine", "monkey123456"}) {
        const auto verdict = judgePassword(text);
        EXPECT_TRUE(has(verdict, PasswordReason::Common)) << text;
        EXPECT_FALSE(verdict.accepted) << text;
        EXPECT_LE(verdict.score, 1) << text;
        EXPECT_TRUE(has(verdict, PasswordSuggestion::AvoidCommonWords)) << text;
    }
    EXPECT_FALSE(has(judgePassword("correct horse battery staple"), PasswordReason::Common));
}

TEST(PasswordStrength, WhatEverybodyKnowsOfTheUserIsWorthLittle)
{
    const std::string password = "annabellington42";
    const auto alone = judgePassword(password);
    const auto known = judgePassword(password, {"annabellington@example.org"});
    EXPECT_TRUE(has(known, PasswordReason::UserWord));
    EXPECT_LT(known.log10Guesses, alone.log10Guesses - 2);
    EXPECT_FALSE(known.accepted);
    EXPECT_TRUE(has(known, PasswordSuggestion::AvoidOwnWords));
    EXPECT_TRUE(has(judgePassword("quarterdeck1"), PasswordReason::UserWord));
    EXPECT_FALSE(judgePassword("Tradier-ibkr1").accepted);
}

TEST(PasswordStrength, PatternsAreNamed)
{
    EXPECT_TRUE(has(judgePassword("%%%%%%%%%%%%%%"), PasswordReason::Repeats));
    EXPECT_TRUE(has(judgePassword("zxyabcdefghijkl"), PasswordReason::Sequence));
    EXPECT_TRUE(has(judgePassword("xdr5tgb6yhn7ujm"), PasswordReason::KeyboardWalk));
    EXPECT_TRUE(has(judgePassword("wq 13.05.1987 x"), PasswordReason::Date));
}

TEST(PasswordStrength, ScoresFollowTheGuesses)
{
    for (const std::string_view text : {"a", "tr0ub4dour", "xk7 flute", "Tr0ub4dour&3",
                                        "river-anvil-sorrow", "x7#Qp!2vL9zW"}) {
        const auto verdict = judgePassword(text);
        if (has(verdict, PasswordReason::Common)) continue;
        const double guesses = verdict.log10Guesses;
        const int expected = (guesses >= 3) + (guesses >= 6) + (guesses >= 8) + (guesses >= 10);
        EXPECT_EQ(verdict.score, expected) << text << " " << guesses;
    }
}

TEST(PasswordStrength, OnlyTheFirstHundredBytesCount)
{
    std::string hundred;
    for (int i = 0; hundred.size() < 100; ++i)
        hundred += static_cast<char>('!' + (i * i * 31 + i * 7) % 90);
    const auto cut = judgePassword(hundred);
    const auto whole = judgePassword(hundred + std::string(800, 'x') + "qwertyuiop");
    EXPECT_EQ(whole.log10Guesses, cut.log10Guesses);
    EXPECT_EQ(whole.reasons, cut.reasons);
    EXPECT_LT(judgePassword(hundred.substr(0, 99)).log10Guesses, cut.log10Guesses)
        << "the hundredth still counts";
}

TEST(PasswordStrength, NeverAcceptsControlsOrFloods)
{
    EXPECT_TRUE(has(judgePassword(std::string_view("correct horse\0battery", 21)),
                    PasswordReason::NotText));
    std::string flood;
    while (flood.size() <= kPasswordBytesMax) flood += "unrelated glass marmot ";
    EXPECT_TRUE(has(judgePassword(flood), PasswordReason::TooLong));
    EXPECT_FALSE(judgePassword("").accepted);
}

} // namespace
} // namespace qd::test
