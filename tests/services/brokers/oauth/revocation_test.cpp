#include "services/brokers/oauth/vault_tokens.h"
#include "tests/services/brokers/oauth/oauth_world.h"
#include "tests/support/sim_vault.h"

namespace qd::brokers::oauth::test {
namespace {

class Revocation : public OAuthWorld {
protected:
    Revocation() { EXPECT_TRUE(connect()); }

    Result<Revoker::Begun> disconnect(const BrokerId& broker = kAcme)
    {
        return await<Revoker::Begun>(
            [&](auto then) { connections->disconnect(kOwner, broker, then); });
    }
};

TEST_F(Revocation, EndsUseAtOnceAndTheTokensAtTheBroker)
{
    const auto given = token();
    const auto begun = disconnect();
    ASSERT_TRUE(begun) << describe(begun.error());
    EXPECT_EQ(begun->link.status, LinkStatus::RevocationPending);
    EXPECT_EQ(code(token()), "oauth.not_connected");
    world.run(5s);
    EXPECT_FALSE(server.isAccessValid(given->access.revealForUse()));
    EXPECT_EQ(server.figures().live, 0u);
    EXPECT_TRUE(links().empty());
    EXPECT_TRUE(tokens.kept.empty());
    EXPECT_EQ(orphans(), 0);
    EXPECT_EQ(events("oauth.revoked").size(), 1u);
    EXPECT_EQ(code(disconnect()), "oauth.not_connected");
}

TEST_F(Revocation, IsPendingUntilTheBrokerConfirms)
{
    server.faults().revokeErrors = 6;
    ASSERT_TRUE(disconnect());
    world.run(30s);
    EXPECT_EQ(status(), "revocation_pending");
    EXPECT_EQ(code(token()), "oauth.not_connected") << "still used here";
    EXPECT_EQ(server.figures().live, 1u) << "a 503 revokes nothing";
    restart();
    world.run(30min);
    EXPECT_EQ(server.figures().live, 0u);
    EXPECT_EQ(status(), "none");
    EXPECT_TRUE(tokens.kept.empty());
}

TEST_F(Revocation, IsNotConfirmedByOneOfTwoTokens)
{
    server.faults().revokeErrors = 1; // the refresh token's; that of the access token would succeed
    ASSERT_TRUE(disconnect());
    world.run(1s);
    EXPECT_EQ(status(), "revocation_pending");
    EXPECT_EQ(server.figures().live, 1u);
    world.run(5min);
    EXPECT_EQ(server.figures().live, 0u);
    EXPECT_EQ(status(), "none");
}

TEST_F(Revocation, IsNotUndoneByARenewalThatWasUnderWay)
{
    const auto first = token();
    server.faults().revokeErrors = 3;
    network.faults().delayMin = network.faults().delayMax = 500ms;
    connections->refused(kOwner, kAcme, first->generation,
                         [](const Result<Connections::Token>&) {});
    ASSERT_TRUE(disconnect());
    world.run(4s);
    EXPECT_EQ(connections->refreshes().renewed, 1u);
    EXPECT_EQ(status(), "revocation_pending");
    EXPECT_EQ(code(token()), "oauth.not_connected");
    world.run(5min);
    EXPECT_EQ(status(), "none");
}

TEST_F(Revocation, LeavesRoomForANewConnection)
{
    server.faults().revokeErrors = 3;
    ASSERT_TRUE(disconnect());
    world.run(1s);
    ASSERT_TRUE(connect());
    EXPECT_EQ(links().size(), 2u);
    world.run(5min);
    EXPECT_EQ(status(), "connected");
    EXPECT_EQ(links().size(), 1u);
    EXPECT_TRUE(isAccepted(token())) << "the new grant was revoked with the old one";
}

TEST_F(Revocation, OverdueForAWeekSoundsTheAlarmOnce)
{
    settings.lookEvery = 10min; // a week goes by faster
    restart();
    server.faults().revokeErrors = 1'000'000;
    ASSERT_TRUE(disconnect());
    world.run(24h * 6);
    EXPECT_TRUE(events("oauth.revocation_overdue").empty());
    world.run(24h * 3);
    EXPECT_EQ(events("oauth.revocation_overdue").size(), 1u);
    EXPECT_EQ(status(), "revocation_pending") << "it was given up";
    EXPECT_LT(connections->revocations().tries, 24u * 9 + 20) << "more than once an hour";
}

TEST_F(Revocation, OfABrokerWithoutAWayToIsTheUsersToEnd)
{
    ASSERT_TRUE(connect(kPlain));
    const auto begun = disconnect(kPlain);
    ASSERT_TRUE(begun);
    EXPECT_EQ(begun->manageUrl, "https://broker.test/manage");
    world.run(5s);
    EXPECT_EQ(links().size(), 1u) << "the other connection stays";
    EXPECT_EQ(events("oauth.removed").size(), 1u);
    EXPECT_TRUE(events("oauth.revoked").empty()) << "nobody confirmed that";
}

TEST_F(Revocation, DuringARenewalRevokesWhatTheRenewalBrought)
{
    const auto first = token();
    network.faults().delayMin = network.faults().delayMax = 500ms;
    connections->refused(kOwner, kAcme, first->generation,
                         [](const Result<Connections::Token>&) {});
    ASSERT_TRUE(disconnect());
    world.run(5min);
    EXPECT_EQ(server.figures().live, 0u);
    EXPECT_EQ(status(), "none");
    EXPECT_TRUE(tokens.kept.empty());
}

TEST(OAuthInTheVault, TokensAreKeptBoundToTheirOwner)
{
    qd::test::SimWorld world;
    qd::test::SimVault box(world);
    box.open();
    VaultTokens tokens(*box);
    std::optional<Result<void>> done;
    const auto wait = [&] {
        world.runUntil([&] { return done.has_value(); });
        return done && done->has_value();
    };
    tokens.put("oauth/link/1", "user:owner", runtime::Secret("hush"),
               [&](Result<void> r) { done = r; });
    ASSERT_TRUE(wait());
    EXPECT_TRUE(tokens.read("oauth/link/1", "user:owner")->matches("hush"));
    EXPECT_EQ(tokens.read("oauth/link/1", "user:thief").error().kind, ErrorKind::Denied);
    done.reset();
    tokens.remove("oauth/link/1", "user:owner", [&](Result<void> r) { done = r; });
    ASSERT_TRUE(wait());
    EXPECT_EQ(tokens.read("oauth/link/1", "user:owner").error().kind, ErrorKind::NotFound);
    done.reset();
    tokens.remove("oauth/link/1", "user:owner", [&](Result<void> r) { done = r; });
    EXPECT_TRUE(wait()) << "removing what is gone is a success";
}

} // namespace
} // namespace qd::brokers::oauth::test
