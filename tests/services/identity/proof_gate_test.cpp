#include "services/identity/proof_gate.h"

#include <gtest/gtest.h>

namespace qd::test {
namespace {

using namespace identity;
using namespace std::chrono_literals;

const Timestamp kNow = Timestamp::of("2026-01-05T15:00:00Z");
const ProofBinding kBinding{"sign-in", "203.0.113.0/24", "a1"};

Proof solved(const ProofChallenge& challenge)
{
    return solveProof(challenge, [] { return false; }).value();
}

TEST(ProofGate, TakesASolutionOnce)
{
    runtime::SeededRandom random(1);
    ProofGate gate(random);
    const Proof proof = solved(gate.make(kBinding, 8, kNow));
    EXPECT_TRUE(isSolved(proof));
    EXPECT_TRUE(gate.spend(proof, kBinding, kNow + 1s));
    const auto again = gate.spend(proof, kBinding, kNow + 1s);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, "identity.proof_refused");
}

TEST(ProofGate, IsBoundToRouteNetworkAccountDifficultyAndTime)
{
    runtime::SeededRandom random(1);
    ProofGate gate(random);
    const Proof proof{gate.make(kBinding, 4'000, kNow)};
    for (const ProofBinding& other : {ProofBinding{"reset", kBinding.network, kBinding.account},
                                      ProofBinding{kBinding.route, "198.51.100.0/24", kBinding.account},
                                      ProofBinding{kBinding.route, kBinding.network, "a2"}})
        EXPECT_FALSE(gate.spend(proof, other, kNow));
    Proof easier = proof;
    easier.challenge.tries = 4;
    EXPECT_FALSE(gate.spend(easier, kBinding, kNow));
    Proof quicker = proof;
    quicker.challenge.iterations = 1;
    EXPECT_FALSE(gate.spend(quicker, kBinding, kNow));
    Proof longer = proof;
    longer.challenge.expiresAt = kNow + 24h;
    EXPECT_FALSE(gate.spend(longer, kBinding, kNow));
    EXPECT_FALSE(gate.spend(proof, kBinding, kNow + ProofGate::kLife));
    EXPECT_TRUE(gate.spend(proof, kBinding, kNow + ProofGate::kLife - 1s));
}

TEST(ProofGate, WhatAnotherProcessGaveOutIsRefused)
{
    runtime::SeededRandom random(1);
    ProofGate before(random);
    ProofGate after(random);
    EXPECT_FALSE(after.spend({before.make(kBinding, 8, kNow)}, kBinding, kNow));
}

TEST(ProofGate, RemembersSpentOnesNoLongerThanTheyLive)
{
    runtime::SeededRandom random(1);
    ProofGate gate(random);
    for (int n = 0; n < 100; ++n)
        EXPECT_TRUE(gate.spend({gate.make(kBinding, 8, kNow)}, kBinding, kNow));
    EXPECT_EQ(gate.spentCount(), 100U);
    const Timestamp later = kNow + ProofGate::kLife;
    EXPECT_TRUE(gate.spend({gate.make(kBinding, 8, later)}, kBinding, later));
    EXPECT_EQ(gate.spentCount(), 1U);
}

} // namespace
} // namespace qd::test
