#include "services/brokers/oauth/access_keeper.h"

#include "tests/services/brokers/oauth/oauth_world.h"

namespace qd::brokers::oauth::test {
namespace {

class Access : public OAuthWorld {
protected:
    Access() { keep(); }
    ~Access() override { keeper.reset(); }

    void keep()
    {
        keeper = std::make_unique<AccessKeeper>(
            *connections, core, observability::Logger(log, core.clock(), "access"),
            AccessKeeper::Terms{kOwner, kAcme, [this](const runtime::Secret* token) {
                                    inUse.push_back(token ? std::string(token->revealForUse())
                                                          : std::string());
                                }});
        bool isStarted = false;
        keeper->start([&] { isStarted = true; });
        EXPECT_TRUE(world.runUntil([&] { return isStarted; }, 1min));
    }
    bool isGood() const { return !inUse.empty() && server.isAccessValid(inUse.back()); }
    std::optional<bool> renew()
    {
        std::optional<bool> isRenewed;
        keeper->renew([&](bool renewed) { isRenewed = renewed; });
        world.runUntil([&] { return isRenewed.has_value(); }, 10min);
        return isRenewed;
    }

    qd::test::SimExecutor core{world, "keeper"};
    std::vector<std::string> inUse; ///< each that was handed over; empty: taken away
    std::unique_ptr<AccessKeeper> keeper;
};

TEST_F(Access, ComesWithTheConnectionAndGoesWithIt)
{
    EXPECT_TRUE(inUse.empty()) << "there is no connection yet";
    ASSERT_TRUE(connect());
    world.run(1s);
    ASSERT_EQ(inUse.size(), 1u);
    EXPECT_TRUE(isGood());
    server.faults().revokeErrors = 100; // the broker is slow to confirm
    ASSERT_TRUE(await<Revoker::Begun>(
        [&](auto then) { connections->disconnect(kOwner, kAcme, then); }));
    ASSERT_EQ(inUse.size(), 2u) << "taken away before the disconnection is told as done";
    EXPECT_EQ(inUse.back(), "");
    world.run(10min);
    EXPECT_EQ(inUse.size(), 2u) << "a link whose revocation is pending was used again";
}

TEST_F(Access, OfAnotherOwnerOrBrokerIsNotItsOwn)
{
    const auto begun = begin(kAcme, "user:other");
    ASSERT_TRUE(begun);
    ASSERT_TRUE(finish(browse(begun->authorizeUrl), "user:other"));
    ASSERT_TRUE(connect(kPlain));
    world.run(1min);
    EXPECT_TRUE(inUse.empty());
}

TEST_F(Access, FollowsEachRenewalAheadOfItsEnd)
{
    ASSERT_TRUE(connect());
    for (int minute = 0; minute < 60; ++minute) {
        world.run(1min);
        EXPECT_TRUE(isGood()) << "minute " << minute;
    }
    EXPECT_GE(inUse.size(), 6u) << "ten minutes each";
    EXPECT_EQ(keeper->figures().takenAway, 0u);
}

TEST_F(Access, RefusedIsRenewedOnceHoweverManySay)
{
    ASSERT_TRUE(connect());
    world.run(1s);
    server.endAccess();
    const auto before = server.tokenRequests();
    int renewed = 0;
    for (int i = 0; i < 5; ++i) keeper->renew([&](bool isRenewed) { renewed += isRenewed; });
    world.run(10s);
    EXPECT_EQ(renewed, 5);
    EXPECT_EQ(server.tokenRequests() - before, 1u);
    EXPECT_TRUE(isGood());
    // A broker that refuses fresh access too is not asked for more of it in a row.
    EXPECT_EQ(renew(), false);
    EXPECT_EQ(server.tokenRequests() - before, 1u);
    world.run(2min);
    EXPECT_EQ(renew(), true);
}

TEST_F(Access, RevokedAtTheBrokerIsTakenAway)
{
    ASSERT_TRUE(connect());
    world.run(1s);
    server.revokeEverything();
    EXPECT_EQ(renew(), false);
    EXPECT_EQ(inUse.back(), "");
    EXPECT_EQ(status(), "reauth_needed");
    const auto before = server.tokenRequests();
    EXPECT_EQ(renew(), false);
    EXPECT_EQ(server.tokenRequests(), before) << "asked again for what is gone";
}

TEST_F(Access, ThatCannotBeRenewedAtTheMomentStays)
{
    ASSERT_TRUE(connect());
    world.run(1s);
    server.faults().tokenErrors = 1'000;
    EXPECT_EQ(renew(), false);
    EXPECT_TRUE(isGood()) << "it serves while it lasts";
    EXPECT_EQ(keeper->figures().takenAway, 0u);
}

TEST_F(Access, IsThereAgainAfterARestart)
{
    ASSERT_TRUE(connect());
    world.run(1s);
    keeper.reset();
    restart();
    inUse.clear();
    keep();
    ASSERT_EQ(inUse.size(), 1u);
    EXPECT_TRUE(isGood());
}

} // namespace
} // namespace qd::brokers::oauth::test
