#include "tests/services/brokers/oauth/oauth_world.h"

namespace qd::brokers::oauth::test {
namespace {

class Consent : public OAuthWorld {};

TEST_F(Consent, BecomesAConnectionWhoseTokenTheBrokerTakes)
{
    const auto link = connect();
    ASSERT_TRUE(link) << describe(link.error());
    EXPECT_EQ(link->status, LinkStatus::Connected);
    EXPECT_EQ(link->method, LinkMethod::OAuth);
    EXPECT_EQ(link->scopes, (std::vector<std::string>{"trading", "data"}))
        << "as granted, not as asked";
    EXPECT_EQ(link->expiresAt - link->connectedAt, 10min);
    EXPECT_TRUE(isAccepted(token()));
    EXPECT_EQ(tokens.kept.size(), 1u) << "the verifier is of no use any more";
    EXPECT_EQ(events("oauth.connected").size(), 1u);
}

TEST_F(Consent, WorksWithAClientSecretAndWithoutPkce)
{
    const auto link = connect(kPlain);
    ASSERT_TRUE(link) << describe(link.error());
    EXPECT_TRUE(isAccepted(token(kPlain)));
}

TEST_F(Consent, DoesNotBeginUnlessItsVerifierIsStored)
{
    tokens.failPuts = 2;
    EXPECT_TRUE(begin()) << "two failures are no reason to give up";
    tokens.failPuts = 3;
    const auto begun = begin();
    EXPECT_EQ(code(begun), "oauth.not_begun");
    EXPECT_NE(begun.error().detail.find("the disk is full"), std::string::npos)
        << "it must say why";
}

TEST_F(Consent, SurvivesARestartAndLastsHalfAnHour)
{
    const auto begun = begin();
    ASSERT_TRUE(begun);
    world.run(29min);
    restart();
    EXPECT_TRUE(finish(browse(begun->authorizeUrl)));

    const auto late = begin();
    world.run(31min);
    EXPECT_TRUE(tokens.kept.size() == 1u) << "the verifier was not swept away";
    EXPECT_EQ(code(finish(browse(late->authorizeUrl))), "oauth.expired");
    const auto forgotten = begin();
    ASSERT_TRUE(forgotten);
    const auto back = browse(forgotten->authorizeUrl);
    world.run(25h);
    EXPECT_EQ(code(finish(back)), "oauth.state") << "kept for ever";
    EXPECT_EQ(server.tokenRequests(), 1u + connections->refreshes().requests)
        << "an expired consent was exchanged";
}

TEST_F(Consent, SaysThatItHasExpired)
{
    settings.lookEvery = 2h; // nobody sweeps
    restart();
    const auto begun = begin();
    world.run(30min);
    const auto link = finish(browse(begun->authorizeUrl));
    EXPECT_EQ(code(link), "oauth.expired");
    EXPECT_NE(link.error().detail.find("start again"), std::string::npos);
}

TEST_F(Consent, WithoutItsVerifierIsNotExchanged)
{
    const auto begun = begin();
    tokens.kept.clear();
    EXPECT_EQ(code(finish(browse(begun->authorizeUrl))), "oauth.expired");
    EXPECT_EQ(server.tokenRequests(), 0u);
}

TEST_F(Consent, WithAnotherStateIsNotExchangedButAudited)
{
    server.faults().wrongState = 1;
    const auto begun = begin();
    EXPECT_EQ(code(finish(browse(begun->authorizeUrl))), "oauth.state");
    EXPECT_EQ(server.tokenRequests(), 0u);
    const auto audited = events("oauth.refused");
    ASSERT_EQ(audited.size(), 1u);
    EXPECT_NE(audited[0].payload.find("203.0.113.0/24"), std::string::npos) << audited[0].payload;
}

TEST_F(Consent, WrongAnswersOfOneNetworkAreLimited)
{
    for (int i = 0; i < settings.failuresPerMinute; ++i)
        EXPECT_EQ(code(finish("code=c&state=guess" + std::to_string(i), kOwner,
                              "203.0.113." + std::to_string(i))),
                  "oauth.state");
    EXPECT_EQ(code(finish("code=c&state=another")), "oauth.rate_limited");
    EXPECT_EQ(code(finish("code=c&state=another", kOwner, "198.51.100.1")), "oauth.state")
        << "another address pays for the first one";
    EXPECT_EQ(events("oauth.refused").size(), 11u);
    world.run(1min);
    EXPECT_TRUE(connect());
}

TEST_F(Consent, WrongAnswersFromASubnetOfIpv6AreOneNeighboursNotMany)
{
    for (int i = 0; i < settings.failuresPerMinute; ++i)
        EXPECT_EQ(code(finish("code=c&state=guess" + std::to_string(i), kOwner,
                              "2001:db8:1:2::" + std::to_string(i + 1))),
                  "oauth.state");
    EXPECT_EQ(code(finish("code=c&state=another", kOwner, "2001:db8:1:2:ffff::1")),
              "oauth.rate_limited");
    EXPECT_EQ(code(finish("code=c&state=another", kOwner, "2001:db8:1:3::1")), "oauth.state");
}

TEST_F(Consent, IsTheOneOfWhoBeganIt)
{
    const auto begun = begin();
    const std::string query = browse(begun->authorizeUrl);
    EXPECT_EQ(code(finish(query, "user:thief")), "oauth.state");
    EXPECT_EQ(code(finish(query)), "oauth.expired") << "a state is used up when it is read";
    EXPECT_EQ(server.tokenRequests(), 0u);
}

TEST_F(Consent, ASecondCallbackIsTheSameConsent)
{
    const auto begun = begin();
    const std::string query = browse(begun->authorizeUrl);
    const auto first = finish(query);
    const auto again = finish(query);
    ASSERT_TRUE(first && again) << code(first) << ' ' << code(again);
    EXPECT_EQ(*first, *again);
    EXPECT_EQ(server.tokenRequests(), 1u) << "the code was sent twice, which kills the grant";
    restart();
    EXPECT_TRUE(finish(query));
    EXPECT_TRUE(isAccepted(token()));
    const std::string other = "code=another&" + query.substr(query.find("state="));
    EXPECT_EQ(code(finish(other)), "oauth.state");
}

TEST_F(Consent, CallbacksAtOnceShareOneExchange)
{
    const auto begun = begin();
    const std::string query = browse(begun->authorizeUrl);
    int linked = 0;
    for (int i = 0; i < 5; ++i)
        connections->authorizer().finish(
            {kOwner, kAcme, query, "203.0.113.7"},
            [&](const Result<BrokerLink>& link) { linked += link.has_value(); });
    world.run(10s);
    EXPECT_EQ(linked, 5);
    EXPECT_EQ(server.tokenRequests(), 1u);
}

TEST_F(Consent, FromAnotherServerIsNotExchanged)
{
    server.faults().wrongIssuer = 1;
    EXPECT_EQ(code(connect()), "oauth.issuer");
    server.faults().missingIssuer = 1;
    EXPECT_EQ(code(connect()), "oauth.issuer");
    EXPECT_EQ(server.tokenRequests(), 0u);
    EXPECT_EQ(events("oauth.refused").size(), 2u);
}

TEST_F(Consent, MayBeRefused)
{
    server.faults().denials = 1;
    const auto link = connect();
    EXPECT_EQ(code(link), "oauth.refused");
    EXPECT_NE(link.error().detail.find("access_denied"), std::string::npos);
    EXPECT_TRUE(links().empty());
}

TEST_F(Consent, IsExchangedAgainOnceWhenTheBrokerHangs)
{
    server.faults().slowTokens = 1;
    const auto link = connect();
    ASSERT_TRUE(link) << describe(link.error());
    EXPECT_EQ(server.tokenRequests(), 2u);
}

TEST_F(Consent, CanBeTriedAgainWithoutAskingTheUserAgain)
{
    server.faults().slowTokens = 2;
    const auto begun = begin();
    const std::string query = browse(begun->authorizeUrl);
    const Timestamp before = world.now();
    const auto failed = finish(query);
    EXPECT_EQ(code(failed), "oauth.exchange_failed");
    EXPECT_EQ(failed.error().kind, ErrorKind::Unavailable);
    EXPECT_LE(world.now() - before, 61s);
    EXPECT_TRUE(links().empty());
    EXPECT_TRUE(finish(query)) << "the code is still good";
    EXPECT_EQ(events("oauth.begun").size(), 1u);
}

TEST_F(Consent, WhoseAnswerWasLostIsBegunAgain)
{
    server.faults().lostAnswers = 1;
    EXPECT_EQ(code(connect()), "oauth.code_refused");
    EXPECT_EQ(server.figures().live, 0u) << "nobody holds its tokens";
    EXPECT_TRUE(links().empty());
    EXPECT_TRUE(connect());
}

TEST_F(Consent, WhoseTokensCannotBeStoredIsGivenBack)
{
    const auto begun = begin();
    const std::string query = browse(begun->authorizeUrl);
    tokens.failPuts = 1;
    EXPECT_EQ(code(finish(query)), "oauth.not_stored");
    EXPECT_EQ(server.figures().exchanged, 1u);
    EXPECT_EQ(server.figures().live, 0u) << "the grant lives on at the broker";
    EXPECT_TRUE(links().empty());
    EXPECT_EQ(orphans(), 0);
    EXPECT_EQ(code(finish(query)), "oauth.expired");
    EXPECT_TRUE(connect());
}

TEST_F(Consent, GivenBackDoesNotEndTheOneBefore)
{
    ASSERT_TRUE(connect());
    const auto begun = begin();
    const std::string query = browse(begun->authorizeUrl);
    tokens.failPuts = 1;
    EXPECT_EQ(code(finish(query)), "oauth.not_stored");
    EXPECT_EQ(status(), "connected");
    EXPECT_TRUE(isAccepted(token()));
}

TEST_F(Consent, AnotherOneReplacesTheTokens)
{
    ASSERT_TRUE(connect());
    const auto first = token();
    ASSERT_TRUE(connect());
    const auto second = token();
    EXPECT_EQ(links().size(), 1u);
    EXPECT_GT(second->generation, first->generation);
    EXPECT_TRUE(isAccepted(second));
}

TEST_F(Consent, UnderWayKeepsItsVerifierThroughACleanUp)
{
    settings.flowLifetime = 1min;
    settings.lookEvery = 1s;
    restart();
    const auto begun = begin();
    const std::string query = browse(begun->authorizeUrl);
    world.run(50s);
    server.faults().slowTokens = 1; // the exchange ends after the flow's time
    const auto link = finish(query);
    EXPECT_TRUE(link) << describe(link.error());
    const auto left = begin();
    EXPECT_TRUE(left);
    world.run(2min);
    EXPECT_EQ(tokens.kept.size(), 1u) << "verifiers of consents that are over stay for ever";
}

TEST_F(Consent, ComesBackToThePortThatSomebodyWaitsAt)
{
    redirectPort = 51234;
    EXPECT_EQ(code(begin()), "oauth.redirect_port") << "the address says another port";
    EXPECT_EQ(code(begin(kOpen, "user:other")), "ok");
    const auto begun = begin(kOpen);
    ASSERT_TRUE(begun);
    const auto back = browse(begun->authorizeUrl);
    EXPECT_TRUE(back.starts_with("http://127.0.0.1:51234/back?")) << back;
    restart(); // the address is said again with the code, and must be the same
    EXPECT_TRUE(finish(back));
}

TEST_F(Consent, TooManyAtOnceAreRefused)
{
    for (std::int64_t i = 0; i < kFlowsPerOwnerMax; ++i) ASSERT_TRUE(begin());
    EXPECT_EQ(code(begin()), "oauth.flows_full");
    EXPECT_TRUE(begin(kAcme, "user:other"));
}

TEST_F(Consent, NothingOfItIsInTheLogOrTheDatabase)
{
    const auto begun = begin();
    const std::string query = browse(begun->authorizeUrl);
    ASSERT_TRUE(finish(query));
    const auto given = token();
    const auto target = wire::Target::parse("/?" + query.substr(query.find('?') + 1));
    ASSERT_TRUE(target);
    for (const auto& event : events("oauth.begun")) {
        EXPECT_EQ(event.payload.find(target->queryValue("state")), std::string::npos);
        EXPECT_EQ(event.payload.find(target->queryValue("code")), std::string::npos);
    }
    for (const auto& event : events("oauth.connected"))
        EXPECT_EQ(event.payload.find(given->access.revealForUse()), std::string::npos);
}

} // namespace
} // namespace qd::brokers::oauth::test
