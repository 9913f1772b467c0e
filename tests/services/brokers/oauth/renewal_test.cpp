#include "tests/services/brokers/oauth/oauth_world.h"

namespace qd::brokers::oauth::test {
namespace {

class Renewal : public OAuthWorld {
protected:
    Renewal() { EXPECT_TRUE(connect()); }

    Result<Connections::Token> refused(std::int64_t generation)
    {
        return await<Connections::Token>(
            [&](auto then) { connections->refused(kOwner, kAcme, generation, then); });
    }
    /// A request to the broker's API.
    Result<wire::HttpResponse> callApi()
    {
        const auto http = network.makeHttpClient(m_user);
        return await<wire::HttpResponse>([&](auto then) {
            connections->call(
                kOwner, kAcme,
                [&](const runtime::Secret& token, wire::HttpClient::Callback answered) {
                    wire::HttpRequest request;
                    request.target = "https://broker.test/introspect";
                    request.headers.set("Authorization",
                                        "Bearer " + std::string(token.revealForUse()));
                    http->send(request, std::move(answered));
                },
                then);
        });
    }
    std::uint64_t requests() const { return connections->refreshes().requests; }
};

TEST_F(Renewal, ComesBeforeTheAccessEnds)
{
    for (int minute = 0; minute < 60; ++minute) {
        world.run(1min);
        const auto given = token();
        EXPECT_TRUE(isAccepted(given)) << "after " << minute << " minutes";
    }
    EXPECT_GE(requests(), 5u);
    EXPECT_LE(requests(), 9u) << "more often than there is reason to";
    EXPECT_EQ(server.figures().replays, 0u);
}

TEST_F(Renewal, IsOneRequestHoweverManyAsk)
{
    int got = 0;
    const auto first = token();
    for (int i = 0; i < 100; ++i)
        connections->refused(
            kOwner, kAcme, first->generation,
            [&](const Result<Connections::Token>& given) { got += isAccepted(given); });
    world.run(10s);
    EXPECT_EQ(got, 100);
    EXPECT_EQ(requests(), 1u);
    EXPECT_EQ(refused(first->generation)->generation, first->generation + 1)
        << "who comes late gets what there is";
    EXPECT_EQ(requests(), 1u);
}

TEST_F(Renewal, AfterA401TheRequestIsMadeOnceMore)
{
    EXPECT_EQ(callApi()->status, 200);
    world.run(1s);
    auto http = network.makeHttpClient(m_user);
    wire::HttpRequest revoke;
    revoke.method = "POST";
    revoke.target = "https://broker.test/revoke";
    revoke.body = formText(
        {{"client_id", "quarterdeck"}, {"token", std::string(token()->access.revealForUse())}});
    ASSERT_EQ(await<wire::HttpResponse>([&](auto then) { http->send(revoke, then); })->status, 200);
    EXPECT_EQ(callApi()->status, 200) << "the 401 was not mended";
    EXPECT_EQ(requests(), 1u);
}

TEST_F(Renewal, ASecond401IsTheAnswer)
{
    int asked = 0;
    const auto answer = await<wire::HttpResponse>([&](auto then) {
        connections->call(
            kOwner, kAcme,
            [&](const runtime::Secret&, const wire::HttpClient::Callback& answered) {
                ++asked;
                answered(wire::HttpResponse{401, {}, {}});
            },
            then);
    });
    EXPECT_EQ(answer->status, 401);
    EXPECT_EQ(asked, 2);
}

TEST_F(Renewal, IsTriedAgainAfterAFailure)
{
    const auto first = token();
    server.faults().tokenErrors = 1;
    EXPECT_TRUE(isAccepted(refused(first->generation)));
    EXPECT_EQ(requests(), 2u);
    EXPECT_EQ(status(), "connected");
}

TEST_F(Renewal, TheSameTokenIsTriedOnceMoreAfterAnUnknownOutcome)
{
    const auto first = token();
    server.faults().tokenErrors = 5;
    EXPECT_EQ(code(refused(first->generation)), "oauth.refresh_failed");
    EXPECT_EQ(requests(), 2u);
    EXPECT_EQ(status(), "failing");
}

TEST_F(Renewal, IsTriedThreeTimesWhenItCertainlyHadNoEffect)
{
    const auto first = token();
    server.faults().rateLimited = 2;
    const Timestamp before = world.now();
    EXPECT_TRUE(isAccepted(refused(first->generation)));
    EXPECT_EQ(requests(), 3u);
    EXPECT_GE(world.now() - before, 4s) << "came back before the broker said";
}

TEST_F(Renewal, TheOldAccessIsUsedWhileItLastsAndTheUserIsToldOnce)
{
    server.faults().tokenErrors = 1'000;
    world.run(9min);
    EXPECT_EQ(status(), "failing");
    EXPECT_TRUE(isAccepted(token())) << "the old access is still good";
    EXPECT_TRUE(events("oauth.reauth_needed").empty()) << "told although it still works";
    world.run(30min);
    EXPECT_EQ(code(token()), "oauth.refresh_failed");
    const auto told = events("oauth.reauth_needed");
    ASSERT_EQ(told.size(), 1u);
    EXPECT_NE(told[0].payload.find("/v1/connections/acme/begin"), std::string::npos);
    server.faults().tokenErrors = 0;
    world.run(2min);
    EXPECT_EQ(status(), "connected") << "the broker is back";
    EXPECT_TRUE(isAccepted(token()));
}

TEST_F(Renewal, ThatIsRefusedIsNotTriedAgain)
{
    server.revokeEverything();
    const auto first = token();
    EXPECT_EQ(code(refused(first->generation)), "oauth.reauth_needed");
    EXPECT_EQ(requests(), 1u);
    EXPECT_EQ(status(), "reauth_needed");
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(code(refused(first->generation)), "oauth.reauth_needed");
        world.run(10min);
    }
    EXPECT_EQ(requests(), 1u) << "a dead token was sent again";
    EXPECT_EQ(events("oauth.reauth_needed").size(), 1u);
    ASSERT_TRUE(connect());
    EXPECT_EQ(status(), "connected");
    EXPECT_TRUE(isAccepted(token()));
}

TEST_F(Renewal, WhoseAnswerWasLostEndsInReauthorisation)
{
    const auto first = token();
    server.faults().errorsAfterActing = 1; // rotated, and nobody knows the new one
    EXPECT_EQ(code(refused(first->generation)), "oauth.reauth_needed");
    EXPECT_EQ(requests(), 2u);
}

TEST_F(Renewal, ThatCannotBeStoredServesFromMemoryUntilItIs)
{
    const auto first = token();
    tokens.failPuts = 3;
    EXPECT_TRUE(isAccepted(refused(first->generation)));
    EXPECT_EQ(connections->refreshes().unsaved, 1u);
    EXPECT_TRUE(isAccepted(token()));
    world.run(20s);
    EXPECT_EQ(connections->refreshes().unsaved, 0u);
    restart();
    EXPECT_TRUE(isAccepted(token())) << "it was never stored";
}

TEST_F(Renewal, CutShortByACrashIsTakenUpAgain)
{
    const auto first = token();
    server.faults().slowTokens = 1;
    connections->refused(kOwner, kAcme, first->generation,
                         [](const Result<Connections::Token>&) {});
    world.run(5s); // the intent is on disk, the request is out
    restart();
    const auto given = await<Connections::Token>(
        [&](auto then) { connections->refused(kOwner, kAcme, first->generation, then); });
    EXPECT_TRUE(isAccepted(given)) << code(given);
}

TEST_F(Renewal, OfWhatCannotBeRenewedIsTheUsers)
{
    ASSERT_TRUE(connect(kPlain));
    world.run(9min);
    EXPECT_TRUE(isAccepted(token(kPlain)));
    EXPECT_TRUE(events("oauth.reauth_needed").empty());
    world.run(2min);
    EXPECT_EQ(code(token(kPlain)), "oauth.reauth_needed");
    EXPECT_EQ(events("oauth.reauth_needed").size(), 1u);
}

} // namespace
} // namespace qd::brokers::oauth::test
