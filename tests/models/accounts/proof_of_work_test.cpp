#include <gtest/gtest.h>

#include "models/accounts/proof_of_work.h"

namespace qd::test {
namespace {

ProofChallenge challengeOf(std::uint32_t tries)
{
    ProofChallenge challenge;
    challenge.salt = "00112233445566778899aabbccddeeff";
    challenge.iterations = 2;
    challenge.tries = tries;
    challenge.expiresAt = Timestamp::fromSeconds(1'800'000'000);
    challenge.signature = std::string(64, 'a');
    return challenge;
}

const auto never = [] { return false; };

TEST(ProofOfWork, ASolutionIsOneForItsChallengeOnly)
{
    const auto proof = solveProof(challengeOf(4'000), never).value();
    EXPECT_TRUE(isSolved(proof));
    Proof other = proof;
    other.challenge.salt[0] = '1';
    EXPECT_FALSE(isSolved(other));
    other = proof;
    ++other.numbers[2];
    EXPECT_FALSE(isSolved(other));
}

TEST(ProofOfWork, TravelsAsText)
{
    const auto proof = solveProof(challengeOf(400), never).value();
    const auto read = Proof::parse(proof.text()).value();
    EXPECT_EQ(read.text(), proof.text());
    EXPECT_TRUE(isSolved(read));
    EXPECT_EQ(ProofChallenge::parse(proof.challenge.text()).value().text(), proof.challenge.text());
}

TEST(ProofOfWork, RefusesWhatWouldNeverEndOrIsNoProof)
{
    const std::string text = solveProof(challengeOf(400), never).value().text();
    for (std::size_t cut = 0; cut < text.size(); ++cut)
        EXPECT_FALSE(Proof::parse(text.substr(0, cut)) && cut < text.rfind('.')) << cut;
    EXPECT_FALSE(Proof::parse(text + ".1"));
    EXPECT_FALSE(Proof::parse(text + "x"));
    ProofChallenge hostile = challengeOf(400);
    hostile.iterations = ProofChallenge::kIterationsMax + 1;
    EXPECT_FALSE(ProofChallenge::parse(hostile.text()));
    EXPECT_FALSE(solveProof(hostile, never));
    hostile = challengeOf(ProofChallenge::kTriesMax + 1);
    EXPECT_FALSE(ProofChallenge::parse(hostile.text()));
    hostile = challengeOf(3);
    EXPECT_FALSE(ProofChallenge::parse(hostile.text()));
}

TEST(ProofOfWork, CanBeCancelled)
{
    int asked = 0;
    const auto proof = solveProof(challengeOf(ProofChallenge::kTriesMax), [&] { return ++asked == 3; });
    ASSERT_FALSE(proof);
    EXPECT_EQ(proof.error().code, "accounts.proof_cancelled");
    EXPECT_EQ(asked, 3);
}

TEST(ProofOfWork, TakesAboutAsManyTriesAsItSays)
{
    std::uint64_t tries = 0;
    constexpr int kChallenges = 40;
    for (int n = 0; n < kChallenges; ++n) {
        ProofChallenge challenge = challengeOf(800);
        challenge.salt[0] = static_cast<char>('0' + n % 10);
        challenge.salt[1] = static_cast<char>('0' + n / 10);
        for (const auto number : solveProof(challenge, never).value().numbers) tries += number + 1;
    }
    // 160 geometric draws of mean 200: standard error 8 %.
    EXPECT_NEAR(static_cast<double>(tries) / kChallenges, 800.0, 250.0);
}

} // namespace
} // namespace qd::test
