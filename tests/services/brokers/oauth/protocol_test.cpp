#include "services/brokers/oauth/protocol.h"

#include <gtest/gtest.h>

#include "services/brokers/oauth/authorizer_parts.h"

namespace qd::brokers::oauth {
namespace {

TEST(OAuthTexts, TheChallengeIsThatOfTheStandard)
{
    // RFC 7636 appendix B.
    EXPECT_EQ(challengeOf("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
              "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

TEST(OAuthTexts, AVerifierHasThe43CharactersThatTheStandardAsksFor)
{
    runtime::SeededRandom random(1);
    const std::string verifier = randomToken(random);
    EXPECT_EQ(verifier.size(), 43u);
    EXPECT_EQ(verifier.find_first_not_of(
                  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos);
    EXPECT_NE(randomToken(random), verifier);
}

TEST(OAuthTexts, WhatTheBrowserBringsIsReadStrictly)
{
    const auto good =
        parseRedirect("http://127.0.0.1:1/back?code=C0.b2%40&state=s&iss=https%3A%2F%2Fa");
    ASSERT_TRUE(good);
    EXPECT_EQ(good->code, "C0.b2@");
    EXPECT_EQ(good->issuer, "https://a");
    EXPECT_EQ(parseRedirect("state=s&error=access_denied&session=x")->error, "access_denied");
    for (const std::string_view bad :
         {"", "code=c", "state=s", "state=s&code=c&error=e", "state=s&state=t&code=c",
          "state=s&code=c&code=d", "state=s&code=a%20b", "state=s&code=%zz", "state=s&code=a%00"})
        EXPECT_FALSE(parseRedirect(bad)) << bad;
    EXPECT_FALSE(parseRedirect("state=s&code=" + std::string(kRedirectBytesMax, 'c')));
}

struct AnswerRow {
    int status;
    std::string body, code;
};

TEST(OAuthTexts, WhatATokenEndpointAnswersMeans)
{
    const AnswerRow rows[] = {
        {200, R"({"access_token":"a","token_type":"bearer"})", "ok"},
        {200, R"({"access_token":"a","token_type":"mac"})", "oauth.server_error"},
        {200, R"({"token_type":"bearer"})", "oauth.server_error"},
        {200, R"({"access_token":"a b"})", "oauth.server_error"},
        {200, "<html>", "oauth.server_error"},
        {302, "", "oauth.server_error"},
        {400, R"({"error":"invalid_grant"})", "oauth.invalid_grant"},
        {400, R"({"error":"invalid_request"})", "oauth.request_refused"},
        {400, "no JSON", "oauth.request_refused"},
        {401, R"({"error":"invalid_client"})", "oauth.client_refused"},
        {429, "", "oauth.rate_limited"},
        {500, R"({"error":"invalid_grant"})", "oauth.server_error"},
    };
    for (const AnswerRow& row : rows) {
        const auto answer = parseTokenAnswer({row.status, {}, row.body});
        EXPECT_EQ(answer ? "ok" : answer.error().code, row.code) << row.status << ' ' << row.body;
    }
    const auto whole = parseTokenAnswer(
        {200, {}, R"({"access_token":"a","refresh_token":"r","expires_in":1799,"scope":"x y"})"});
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->refresh, "r");
    EXPECT_EQ(whole->expiresIn, std::chrono::seconds(1799));
    EXPECT_EQ(whole->scopes, (std::vector<std::string>{"x", "y"}));
}

TEST(OAuthTexts, ErrorsNeverCarryWhatAServerMayHaveEchoed)
{
    const auto answer = parseTokenAnswer(
        {400, {}, R"({"error":"bad <b>code</b> hush-hush","error_description":"hush-hush"})"});
    EXPECT_EQ(answer.error().detail.find('<'), std::string::npos);
    EXPECT_EQ(answer.error().detail.find("description"), std::string::npos);
}

TEST(OAuthTexts, OnlyASuccessMeansRevoked)
{
    EXPECT_TRUE(parseRevocationAnswer({200, {}, {}}));
    EXPECT_EQ(parseRevocationAnswer({503, {}, {}}).error().code, "oauth.not_revoked");
    EXPECT_EQ(parseRevocationAnswer({400, {}, {}}).error().code, "oauth.revocation_refused");
    EXPECT_EQ(retryAfterOf({503, {{"Retry-After", "7"}}, {}}), std::chrono::seconds(7));
    EXPECT_EQ(retryAfterOf({503, {{"Retry-After", "soon"}}, {}}), Duration{});
}

TEST(OAuthProviders, AnUnknownBrokerIsToldWhichThereAre)
{
    std::map<BrokerId, ClientSettings> configured;
    configured[BrokerId("tradier")] = {"id", runtime::Secret("secret"), "https://desk.test/back"};
    const Providers providers(std::move(configured));
    const auto error = providers.find(BrokerId("acme"), LinkMethod::OAuth).error();
    EXPECT_EQ(error.code, "oauth.broker_unknown");
    EXPECT_NE(error.detail.find("supported: alpaca, tradier, ibkr, schwab"), std::string::npos)
        << error.detail;
    EXPECT_NE(error.detail.find("configured for consent: tradier"), std::string::npos)
        << error.detail;
    EXPECT_TRUE(providers.find(BrokerId("tradier"), LinkMethod::OAuth));
}

TEST(OAuthProviders, ABrokerThatIsNotConfiguredNamesTheMissingKeys)
{
    std::map<BrokerId, ClientSettings> configured;
    configured[BrokerId("alpaca")] = {"id", {}, ""};
    const Providers providers(std::move(configured));
    const auto error = providers.find(BrokerId("alpaca"), LinkMethod::OAuth).error();
    EXPECT_EQ(error.code, "oauth.not_configured");
    EXPECT_NE(error.detail.find("missing: oauth.alpaca.client_secret, oauth.alpaca.redirect_uri;"),
              std::string::npos)
        << error.detail;
}

TEST(OAuthProviders, OnlyALoopbackAddressWithoutAPortLeavesItOpen)
{
    for (const char* open : {"http://127.0.0.1/callback", "http://[::1]/back", "http://127.0.0.1"})
        EXPECT_TRUE(leavesPortOpen(open)) << open;
    for (const char* shut : {"http://127.0.0.1:80/callback", "https://127.0.0.1/callback",
                             "http://localhost/callback", "http://127.0.0.1.evil.test/callback",
                             "https://desk.test/back"})
        EXPECT_FALSE(leavesPortOpen(shut)) << shut;
    const Providers::Entry open{{.broker = BrokerId("acme"), .name = "", .methods = {}},
                                {"id", {}, "http://[::1]/back?x=1"}};
    EXPECT_EQ(redirectAt(open, 8080), "http://[::1]:8080/back?x=1");
    EXPECT_EQ(redirectAt(open, std::nullopt), "http://[::1]/back?x=1");
    EXPECT_EQ(redirectAt(open, 0).error().code, "oauth.redirect_port");
    EXPECT_EQ(redirectAt(open, 65'536).error().code, "oauth.redirect_port");
}

TEST(OAuthProviders, NoMethodStandsInForAnother)
{
    const Providers providers({});
    const auto session = providers.find(BrokerId("ibkr"), LinkMethod::OAuth).error();
    EXPECT_EQ(session.code, "oauth.method_not_supported");
    EXPECT_NE(session.detail.find("its methods: session"), std::string::npos) << session.detail;
    EXPECT_EQ(providers.find(BrokerId("alpaca"), LinkMethod::Key).error().code,
              "oauth.method_not_supported");
    EXPECT_EQ(providers.available().size(), 6u);
}

} // namespace
} // namespace qd::brokers::oauth
