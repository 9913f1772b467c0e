#include "services/identity/sessions.h"

#include <gtest/gtest.h>

#include "services/identity/encoding.h"
#include "tests/services/identity/identity_world.h"

namespace qd::test {
namespace {

using namespace identity;
using namespace std::chrono_literals;

/// Sessions of one user, asked as the gateway asks them.
class SessionsTest : public ::testing::Test {
protected:
    SessionsTest() { ann = desk.addUser("ann", {Role::Trader}); }

    void make(SessionSettings given = {})
    {
        sessions = std::make_unique<Sessions>(
            Sessions::Dependencies{*desk.writer, desk.core(), desk.random, desk.key,
                                   observability::Logger(desk.log, desk.core().clock(), "identity")},
            given);
    }
    Result<Tokens> open(const UserId& user, const std::string& device)
    {
        const SessionRecord record =
            sessions->draft(user, fingerprint(device), DeviceName::parse(device).value(),
                            "203.0.113.0/24");
        OpenedSession opened;
        const auto done = desk.write([&](storage::Transaction& transaction) -> Result<void> {
            auto session = openSession(transaction, *desk.key, record, /*isNewDevice=*/true,
                                       sessions->settings(), byUser(user));
            if (!session) return tl::unexpected(session.error());
            opened = std::move(*session);
            return {};
        });
        if (!done) return tl::unexpected(done.error());
        return sessions->opened(record, opened);
    }
    Tokens opened(const std::string& device) { return open(ann, device).value(); }
    static RefreshRequest request(const runtime::Secret& token, const std::string& device)
    {
        return {token.clone(), runtime::Secret(device), "198.51.100.7", {}};
    }
    Result<Tokens> refresh(const runtime::Secret& token, const std::string& device)
    {
        return desk.wait<Result<Tokens>>([&](auto then) {
            sessions->refresh(request(token, device), std::move(then));
        });
    }
    bool isGood(const Tokens& tokens)
    {
        return sessions->check(tokens.access.revealForUse()) != nullptr;
    }
    void restart()
    {
        desk.restart();
        make();
    }
    std::vector<SessionFacts> list()
    {
        return desk
            .wait<Result<std::vector<SessionFacts>>>(
                [&](auto then) { sessions->list(ann, std::move(then)); })
            .value();
    }
    Result<void> end(const SessionId& session)
    {
        return desk.wait<Result<void>>(
            [&](auto then) { sessions->end(ann, session, byUser(ann), std::move(then)); });
    }

    IdentityWorld desk;
    UserId ann;
    std::unique_ptr<Sessions> sessions;
};

bool isSame(const runtime::Secret& a, const runtime::Secret& b)
{
    return a.matches(b.revealForUse());
}

TEST_F(SessionsTest, AnAccessTokenSaysWhoForTenMinutes)
{
    make();
    const Tokens tokens = opened("desk");
    EXPECT_EQ(tokens.accessFor, 10min);
    const Access* access = sessions->check(tokens.access.revealForUse());
    ASSERT_NE(access, nullptr);
    EXPECT_EQ(access->user, ann);
    EXPECT_EQ(access->roles, Roles{Role::Trader});
    EXPECT_EQ(access->session, tokens.session);
    EXPECT_EQ(fromBase64Url(tokens.access.revealForUse())->size(), 32U);
    EXPECT_EQ(sessions->check("nonsense"), nullptr);
    EXPECT_EQ(sessions->check(tokens.refresh.revealForUse()), nullptr);
    desk.world.run(10min - 1ms);
    EXPECT_TRUE(isGood(tokens));
    desk.world.run(1ms);
    EXPECT_FALSE(isGood(tokens));
}

TEST_F(SessionsTest, AWallClockSetBackDoesNotProlongATokensLife)
{
    make();
    const Tokens tokens = opened("desk");
    desk.world.setWall(desk.world.now() - 1h);
    desk.world.run(10min);
    EXPECT_FALSE(isGood(tokens));
}

TEST_F(SessionsTest, EachRefreshGivesANewPairAndTheOldAccessTokenLivesItsTime)
{
    make();
    const Tokens first = opened("desk");
    desk.world.run(9min);
    const Tokens second = refresh(first.refresh, "desk").value();
    EXPECT_EQ(second.session, first.session);
    EXPECT_FALSE(isSame(second.refresh, first.refresh));
    EXPECT_FALSE(isSame(second.access, first.access));
    EXPECT_TRUE(isGood(first));
    EXPECT_TRUE(isGood(second));
    EXPECT_EQ(list().front().address, "198.51.100.0/24") << "where it was used last, shortened";
    EXPECT_EQ(second.refreshUntil, list().front().expiresAt);
    EXPECT_GT(second.refreshUntil, first.refreshUntil);
}

TEST_F(SessionsTest, WhoAskTogetherGetTheSameNewPairOfOneRotation)
{
    make();
    const Tokens first = opened("desk");
    std::vector<Result<Tokens>> answers;
    for (int n = 0; n < 8; ++n)
        sessions->refresh(request(first.refresh, "desk"),
                          [&](Result<Tokens> given) { answers.push_back(std::move(given)); });
    desk.world.runUntil([&] { return answers.size() == 8; });
    for (const auto& answer : answers) {
        ASSERT_TRUE(answer);
        EXPECT_TRUE(isSame(answer->refresh, answers.front()->refresh));
        EXPECT_TRUE(isSame(answer->access, answers.front()->access));
    }
    EXPECT_EQ(desk.events("session.refreshed").size(), 1U);
    EXPECT_EQ(sessions->replays(), 0U);
}

TEST_F(SessionsTest, ALostAnswerIsGivenAgainWithinTheGraceEvenAfterARestart)
{
    make();
    const Tokens first = opened("desk");
    const Tokens lost = refresh(first.refresh, "desk").value();
    desk.world.run(9s);
    restart();
    const Tokens again = refresh(first.refresh, "desk").value();
    EXPECT_TRUE(isSame(again.refresh, lost.refresh));
    EXPECT_TRUE(isSame(again.access, lost.access));
    EXPECT_LE(again.accessFor, 10min - 9s) << "asking again does not prolong it";
    EXPECT_TRUE(isGood(again));
    EXPECT_TRUE(refresh(again.refresh, "desk"));
}

TEST_F(SessionsTest, AReplayAfterTheGraceEndsTheWholeFamily)
{
    make();
    const Tokens first = opened("desk");
    const Tokens second = refresh(first.refresh, "desk").value();
    desk.world.run(11s);
    const auto replay = refresh(first.refresh, "desk");
    ASSERT_FALSE(replay);
    EXPECT_EQ(replay.error().code, "identity.token_refused");
    EXPECT_FALSE(isGood(first));
    EXPECT_FALSE(isGood(second)) << "at once, not when it runs out";
    EXPECT_FALSE(refresh(second.refresh, "desk"));
    EXPECT_EQ(sessions->replays(), 1U);
    EXPECT_EQ(desk.events("session.replayed").size(), 1U);
    EXPECT_TRUE(list().empty());
}

TEST_F(SessionsTest, AnOlderTokenIsAReplayEvenWithinTheGraceOfTheLast)
{
    make();
    const Tokens first = opened("desk");
    const Tokens second = refresh(first.refresh, "desk").value();
    ASSERT_TRUE(refresh(second.refresh, "desk"));
    EXPECT_FALSE(refresh(first.refresh, "desk"));
    EXPECT_EQ(sessions->replays(), 1U);
}

TEST_F(SessionsTest, AnotherDeviceWithTheTokenIsAThief)
{
    make();
    const Tokens first = opened("desk");
    EXPECT_FALSE(refresh(first.refresh, "elsewhere"));
    EXPECT_FALSE(isGood(first));
    EXPECT_FALSE(refresh(first.refresh, "desk"));
    EXPECT_EQ(desk.events("session.replayed").size(), 1U);
}

TEST_F(SessionsTest, AForgedTokenEndsNothing)
{
    make();
    const Tokens tokens = opened("desk");
    const TokenKey other(runtime::Secret(std::string(32, 'x')), runtime::Secret(std::string(32, 'p')));
    EXPECT_FALSE(refresh(other.refreshToken({tokens.session, 1}), "elsewhere"));
    for (const std::string& text :
         {std::string(), std::string("..."), tokens.session.text() + ".1.", std::string(5'000, 'a'),
          tokens.session.text() + ".0." + std::string(43, 'A'),
          std::string(tokens.refresh.revealForUse()) + "A"})
        EXPECT_FALSE(refresh(runtime::Secret(text), "elsewhere")) << text;
    EXPECT_TRUE(isGood(tokens));
    EXPECT_TRUE(refresh(tokens.refresh, "desk"));
}

TEST_F(SessionsTest, ASessionThatIsNotUsedForThirtyDaysIsOver)
{
    make();
    Tokens tokens = opened("desk");
    desk.world.run(24h * 30 - 1s);
    tokens = refresh(tokens.refresh, "desk").value();
    desk.world.run(24h * 30);
    EXPECT_FALSE(refresh(tokens.refresh, "desk"));
    EXPECT_EQ(desk.events("session.ended").size(), 1U);
    EXPECT_EQ(sessions->replays(), 0U);
}

TEST_F(SessionsTest, SweepingEndsWhatHasExpired)
{
    make();
    opened("desk");
    desk.world.run(24h * 31);
    sessions->sweep();
    desk.world.runUntilIdle();
    EXPECT_EQ(sessions->accessTokenCount(), 0U);
    EXPECT_EQ(desk.events("session.ended").size(), 1U);
}

TEST_F(SessionsTest, RemoteSignOutIsAtOnce)
{
    make();
    const Tokens here = opened("desk"), there = opened("lost phone");
    ASSERT_EQ(list().size(), 2U);
    std::optional<Result<void>> told;
    sessions->end(ann, there.session, byUser(ann), [&](Result<void> done) { told = done; });
    EXPECT_FALSE(isGood(there)) << "before the disk is asked";
    EXPECT_FALSE(told) << "but not told before it has answered";
    desk.world.runUntil([&] { return told.has_value(); });
    EXPECT_TRUE(told->has_value());
    EXPECT_FALSE(refresh(there.refresh, "lost phone"));
    EXPECT_TRUE(isGood(here));
    EXPECT_EQ(list().front().device.text(), "desk");
    EXPECT_EQ(end(there.session).error().kind, ErrorKind::NotFound);
}

TEST_F(SessionsTest, ARefreshUnderWayDoesNotOutliveASignOut)
{
    make();
    const Tokens tokens = opened("desk");
    std::optional<Result<Tokens>> renewed;
    sessions->refresh(request(tokens.refresh, "desk"),
                      [&](Result<Tokens> given) { renewed = std::move(given); });
    ASSERT_TRUE(end(tokens.session));
    ASSERT_TRUE(renewed && renewed->has_value()) << "it came first";
    EXPECT_FALSE(isGood(**renewed));
}

TEST_F(SessionsTest, NobodyEndsAnothersSession)
{
    make();
    const UserId bob = desk.addUser("bob", {Role::Viewer});
    const Tokens his = open(bob, "bob's").value();
    EXPECT_EQ(end(his.session).error().kind, ErrorKind::NotFound);
    EXPECT_TRUE(isGood(his));
    EXPECT_TRUE(refresh(his.refresh, "bob's"));
}

TEST_F(SessionsTest, EverywhereElseLeavesThisOne)
{
    make();
    const Tokens here = opened("desk"), there = opened("phone"), old = opened("old laptop");
    ASSERT_TRUE(desk.wait<Result<void>>([&](auto then) {
        sessions->endAll(ann, here.session, byUser(ann), std::move(then));
    }));
    EXPECT_TRUE(isGood(here));
    EXPECT_FALSE(isGood(there) || isGood(old));
    EXPECT_EQ(list().size(), 1U);
}

TEST_F(SessionsTest, ARestartKeepsSessionsButNoAccessToken)
{
    make();
    const Tokens tokens = opened("desk");
    restart();
    EXPECT_FALSE(isGood(tokens));
    const Tokens renewed = refresh(tokens.refresh, "desk").value();
    EXPECT_TRUE(isGood(renewed));
    EXPECT_EQ(sessions->check(renewed.access.revealForUse())->roles, Roles{Role::Trader});
}

TEST_F(SessionsTest, TheOneUsedLongestAgoMakesRoom)
{
    SessionSettings settings;
    settings.perUserMax = 3;
    settings.totalMax = 4;
    make(settings);
    const Tokens first = opened("one");
    desk.world.run(1s);
    const Tokens second = opened("two");
    desk.world.run(1s);
    const Tokens renewed = refresh(first.refresh, "one").value();
    opened("three");
    opened("four");
    EXPECT_FALSE(isGood(second));
    EXPECT_TRUE(isGood(renewed));
    EXPECT_EQ(list().size(), 3U);
    const UserId bob = desk.addUser("bob", {Role::Viewer});
    ASSERT_TRUE(open(bob, "bob's"));
    const UserId carl = desk.addUser("carl", {Role::Viewer});
    EXPECT_EQ(open(carl, "carl's").error().code, "identity.sessions_full");
}

TEST_F(SessionsTest, StepUpLastsFiveMinutesAndThroughARefresh)
{
    make();
    const Tokens first = opened("desk");
    const auto isUp = [&](const Tokens& tokens) {
        return sessions->isSteppedUp(*sessions->check(tokens.access.revealForUse()));
    };
    EXPECT_FALSE(isUp(first));
    ASSERT_TRUE(sessions->stepUp(first.session));
    EXPECT_TRUE(isUp(first));
    const Tokens second = refresh(first.refresh, "desk").value();
    EXPECT_TRUE(isUp(second));
    desk.world.run(5min);
    EXPECT_FALSE(isUp(second));
    EXPECT_FALSE(sessions->stepUp(SessionId("nobody's")));
}

TEST_F(SessionsTest, NewRolesHoldForTokensThatAreOutAlready)
{
    make();
    const Tokens tokens = opened("desk");
    sessions->rolesChanged(ann, {Role::Viewer});
    EXPECT_EQ(sessions->check(tokens.access.revealForUse())->roles, Roles{Role::Viewer});
}

TEST_F(SessionsTest, ADiskThatDoesNotAnswerTellsNothing)
{
    make();
    const Tokens tokens = opened("desk");
    desk.process->executor("db").kill();
    bool told = false;
    sessions->refresh(request(tokens.refresh, "desk"), [&](const Result<Tokens>&) { told = true; });
    desk.world.run(1min);
    EXPECT_FALSE(told);
}

TEST_F(SessionsTest, TheDatabaseHoldsNoToken)
{
    make();
    const Tokens first = opened("desk-key-of-ann");
    const Tokens second = refresh(first.refresh, "desk-key-of-ann").value();
    const std::string bytes = desk.databaseText();
    ASSERT_NE(bytes.find(first.session.text()), std::string::npos);
    for (const auto* token : {&first.access, &first.refresh, &second.access, &second.refresh}) {
        const auto text = token->revealForUse();
        EXPECT_EQ(bytes.find(text.substr(text.rfind('.') + 1)), std::string::npos);
    }
}

TEST_F(SessionsTest, ASessionKeepsFewAccessTokensAndTheNewestServe)
{
    make();
    Tokens tokens = opened("desk");
    const Tokens oldest = std::move(tokens);
    tokens = refresh(oldest.refresh, "desk").value();
    for (int n = 0; n < 50; ++n) tokens = refresh(tokens.refresh, "desk").value();
    EXPECT_EQ(sessions->accessTokenCount(), AccessTable::kTokensPerSession);
    EXPECT_TRUE(isGood(tokens));
    EXPECT_FALSE(isGood(oldest));
}

TEST(IdentityMigrations, GoDownAndUpAgain)
{
    auto database = storage::Database::open(":memory:", storage::Durability::Off).value();
    const auto set = identityMigrations();
    ASSERT_TRUE(storage::migrateAll(database, {storage::storageMigrations(), set}));
    for (int target = static_cast<int>(set.steps.size()) - 1; target >= 0; --target) {
        const auto down = storage::migrate(database, set, target);
        ASSERT_TRUE(down) << describe(down.error());
    }
    const auto up = storage::migrate(database, set, static_cast<int>(set.steps.size()));
    ASSERT_TRUE(up) << describe(up.error());
}

} // namespace
} // namespace qd::test
