#include "services/sandbox/oauth/authorization_server.h"

#include <gtest/gtest.h>

#include "services/json/json.h"
#include "services/sandbox/oauth/controls.h"
#include "services/sandbox/oauth/texts.h"
#include "tests/support/sim_world.h"

namespace qd::sandbox::oauth {
namespace {

using namespace std::chrono_literals;

const std::string kVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"; // RFC 7636 appendix B
const std::string kAuthorize =
    "/authorize?response_type=code&client_id=app&state=st&scope=trading%20nonsense&code_challenge="
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&redirect_uri=";
const std::string kBack = "http%3A%2F%2F127.0.0.1%3A51234%2Fback";

class Server : public ::testing::Test {
protected:
    static ServerSettings settings()
    {
        ServerSettings settings;
        settings.issuer = "https://broker.test";
        settings.clients = {{"app", "", "The <app>", {"http://127.0.0.1/back"}},
                            {"desk", "s%3", "Desk", {"https://desk.test/back"}}};
        settings.consentsByItself = true;
        return settings;
    }
    wire::HttpResponse ask(std::string method, std::string target, std::string body = {},
                           std::string authorization = {})
    {
        wire::HttpRequest request;
        request.method = std::move(method);
        request.target = std::move(target);
        request.body = std::move(body);
        if (!authorization.empty()) request.headers.set("Authorization", authorization);
        wire::HttpResponse got;
        got.status = 0;
        server.handle(std::move(request),
                      [&](wire::HttpResponse response) { got = std::move(response); });
        return got;
    }
    static std::string fieldOf(const wire::HttpResponse& redirect, std::string_view name)
    {
        const std::string_view location = redirect.headers.find("Location");
        const auto target = wire::Target::parse(
            "/" + std::string(location.substr(std::min(location.find('?'), location.size()))));
        return target ? std::string(target->queryValue(name)) : std::string();
    }
    std::string code() { return fieldOf(ask("GET", kAuthorize + kBack), "code"); }
    wire::HttpResponse exchange(const std::string& code, const std::string& verifier = kVerifier,
                                const std::string& back = kBack)
    {
        return ask("POST", "/token",
                   "grant_type=authorization_code&client_id=app&code=" + code +
                       "&code_verifier=" + verifier + "&redirect_uri=" + back);
    }
    wire::HttpResponse refresh(const std::string& token)
    {
        return ask("POST", "/token",
                   "grant_type=refresh_token&client_id=app&refresh_token=" + token);
    }
    static std::string member(const wire::HttpResponse& response, std::string_view name)
    {
        const auto body = json::Document::parse(response.body);
        return body ? std::string((*body)[name].stringOr("")) : std::string();
    }

    qd::test::SimWorld world;
    qd::test::SimExecutor executor{world};
    runtime::SeededRandom random{3};
    AuthorizationServer server{settings(), executor, random};
};

TEST_F(Server, GivesACodeWithItsNameAndTokensForIt)
{
    const auto back = ask("GET", kAuthorize + kBack);
    EXPECT_EQ(back.status, 302);
    EXPECT_EQ(fieldOf(back, "state"), "st");
    EXPECT_EQ(fieldOf(back, "iss"), "https://broker.test");
    const auto given = exchange(fieldOf(back, "code"));
    EXPECT_EQ(given.status, 200);
    EXPECT_EQ(given.headers.find("Cache-Control"), "no-store");
    EXPECT_EQ(member(given, "scope"), "trading") << "unknown scopes are dropped";
    EXPECT_TRUE(server.isAccessValid(member(given, "access_token")));
    world.run(11min);
    EXPECT_FALSE(server.isAccessValid(member(given, "access_token")));
}

TEST_F(Server, SendsNobodyToAnAddressThatIsNotTheClients)
{
    for (const std::string uri :
         {"http%3A%2F%2Flocalhost%3A1%2Fback", "http%3A%2F%2F127.0.0.1%3A1%2Fother",
          "https%3A%2F%2F127.0.0.1%2Fback", "http%3A%2F%2F127.0.0.1.evil%2Fback",
          "http%3A%2F%2F127.0.0.1%3A1%40evil%2Fback"}) {
        const auto page = ask("GET", kAuthorize + uri);
        EXPECT_EQ(page.status, 400) << uri;
        EXPECT_FALSE(page.headers.contains("Location")) << uri;
        EXPECT_EQ(page.headers.find("Content-Type"), "text/html; charset=utf-8");
    }
    auto unknown = kAuthorize;
    unknown.replace(unknown.find("client_id=app"), 13, "client_id=who");
    EXPECT_EQ(ask("GET", unknown + kBack).status, 400);
}

TEST_F(Server, ReturnsOtherErrorsToTheClient)
{
    auto without = kAuthorize;
    without.replace(without.find("code_challenge="), 15, "other=");
    EXPECT_EQ(fieldOf(ask("GET", without + kBack), "error"), "invalid_request")
        << "PKCE is asked for";
    auto plain = kAuthorize;
    plain.replace(plain.find("S256"), 4, "plain");
    EXPECT_EQ(fieldOf(ask("GET", plain + kBack), "error"), "invalid_request");
    auto token = kAuthorize;
    token.replace(token.find("response_type=code"), 18, "response_type=token");
    EXPECT_EQ(fieldOf(ask("GET", token + kBack), "error"), "unsupported_response_type");
}

TEST_F(Server, RefusesAlikeWhateverIsWrongWithACode)
{
    EXPECT_EQ(member(exchange(code(), std::string(43, 'x')), "error"), "invalid_grant");
    EXPECT_EQ(server.lastRefusal(), "wrong_verifier");
    EXPECT_EQ(member(exchange(code(), kVerifier, "http%3A%2F%2F127.0.0.1%3A9%2Fback"), "error"),
              "invalid_grant")
        << "the address must be the same, port and all";
    EXPECT_EQ(member(exchange("nonsense"), "error"), "invalid_grant");
    const auto late = code();
    world.run(61s);
    EXPECT_EQ(member(exchange(late), "error"), "invalid_grant");
    EXPECT_EQ(server.lastRefusal(), "expired");
}

TEST_F(Server, ACodeThatComesAgainKillsWhatItGave)
{
    const auto once = code();
    const auto given = exchange(once);
    EXPECT_EQ(member(exchange(once), "error"), "invalid_grant");
    EXPECT_EQ(member(refresh(member(given, "refresh_token")), "error"), "invalid_grant");
    EXPECT_FALSE(server.isAccessValid(member(given, "access_token")));
}

TEST_F(Server, ARefreshTokenIsUsedOnceAndItsFamilyDiesWithTheSecondUse)
{
    const auto first = exchange(code());
    const auto second = refresh(member(first, "refresh_token"));
    EXPECT_EQ(second.status, 200);
    EXPECT_TRUE(server.isAccessValid(member(second, "access_token")));
    EXPECT_EQ(refresh(member(first, "refresh_token")).status, 400);
    EXPECT_EQ(refresh(member(second, "refresh_token")).status, 400) << "the family lives on";
    EXPECT_FALSE(server.isAccessValid(member(second, "access_token")));
}

TEST_F(Server, RevokesIdempotentlyAndOnlyTheClientsOwn)
{
    const auto given = exchange(code());
    const std::string token = member(given, "refresh_token");
    EXPECT_EQ(ask("POST", "/revoke", "token=" + token, "Basic ZGVzazpzJTI1Mw==").status, 200);
    EXPECT_TRUE(server.isAccessValid(member(given, "access_token"))) << "another client's";
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ(ask("POST", "/revoke", "client_id=app&token=" + token).status, 200);
    EXPECT_EQ(ask("POST", "/revoke", "client_id=app&token=unheard-of").status, 200);
    EXPECT_EQ(refresh(token).status, 400);
    EXPECT_FALSE(server.isAccessValid(member(given, "access_token")));
    server.faults().revokeErrors = 1;
    EXPECT_EQ(ask("POST", "/revoke", "client_id=app&token=" + token).status, 503);
}

TEST_F(Server, KnowsItsClients)
{
    EXPECT_EQ(
        ask("POST", "/token", "grant_type=refresh_token&refresh_token=x&client_id=who").status,
        401);
    EXPECT_EQ(
        ask("POST", "/token", "grant_type=refresh_token&refresh_token=x", "Basic ZGVzazp3cm9uZw==")
            .status,
        401);
    EXPECT_EQ(member(ask("POST", "/token", "grant_type=refresh_token&refresh_token=x",
                         "Basic ZGVzazpzJTI1Mw=="),
                     "error"),
              "invalid_grant");
    EXPECT_EQ(member(ask("POST", "/token", "grant_type=password&client_id=app"), "error"),
              "unsupported_grant_type");
    EXPECT_EQ(member(ask("POST", "/token", "grant_type=a&grant_type=b&client_id=app"), "error"),
              "invalid_request");
}

TEST_F(Server, AsksThePersonUnlessToldNotTo)
{
    server.setConsentsByItself(false);
    const auto page = ask("GET", kAuthorize + kBack);
    EXPECT_EQ(page.status, 200);
    EXPECT_NE(page.body.find("The &lt;app&gt; asks for"), std::string::npos) << page.body;
    constexpr std::string_view kField = "name=\"page\" value=\"";
    const auto at = page.body.find(kField) + kField.size();
    const std::string secret = page.body.substr(at, page.body.find('"', at) - at);
    EXPECT_FALSE(fieldOf(ask("POST", "/consent", "answer=yes&page=" + secret), "code").empty());
    EXPECT_EQ(ask("POST", "/consent", "answer=yes&page=" + secret).status, 400) << "answered twice";
    const auto other = ask("GET", kAuthorize + kBack);
    const auto otherAt = other.body.find(kField) + kField.size();
    const std::string otherSecret =
        other.body.substr(otherAt, other.body.find('"', otherAt) - otherAt);
    EXPECT_EQ(fieldOf(ask("POST", "/consent", "answer=no&page=" + otherSecret), "error"),
              "access_denied");
    EXPECT_EQ(fieldOf(ask("GET", kAuthorize + kBack + "&prompt=none"), "error"), "login_required");
}

TEST_F(Server, EndsAccessWithoutWhatRenewsItAndTellsOfDeadGrants)
{
    int told = 0;
    server.onEnded([&] { ++told; });
    const auto given = exchange(code());
    EXPECT_EQ(told, 0);
    server.endAccess();
    EXPECT_EQ(told, 0);
    EXPECT_FALSE(server.isAccessValid(member(given, "access_token")));
    const auto again = refresh(member(given, "refresh_token"));
    EXPECT_EQ(again.status, 200);
    EXPECT_TRUE(server.isAccessValid(member(again, "access_token")));
    EXPECT_EQ(refresh(member(given, "refresh_token")).status, 400);
    EXPECT_EQ(told, 1) << "a token that came twice has killed its grant";
    server.revokeEverything();
    EXPECT_EQ(told, 2);
}

class ServerControls : public Server {
protected:
    json::Document control(std::string method, std::string path, std::string body, int status = 200)
    {
        wire::HttpRequest request;
        request.method = std::move(method);
        request.target = "/oauth" + path;
        request.body = std::move(body);
        wire::HttpResponse got;
        controls.handle(std::move(request),
                        [&](wire::HttpResponse response) { got = std::move(response); });
        EXPECT_EQ(got.status, status) << got.body;
        return json::Document::parse(got.body).value();
    }
    Controls controls{server};
};

TEST_F(ServerControls, ArmEveryFaultByItsNameAndTakeNoOther)
{
    const auto armed =
        control("POST", "/faults", R"({"tokenErrors":2,"revokeErrors":1,"slowMs":1500})");
    EXPECT_EQ(armed["faults"]["tokenErrors"].integerOr(0), 2);
    EXPECT_EQ(server.faults().revokeErrors, 1);
    EXPECT_EQ(server.faults().slowBy, 1500ms);
    EXPECT_EQ(exchange(code()).status, 503);
    EXPECT_EQ(control("GET", "/state", "")["faults"]["tokenErrors"].integerOr(0), 1);
    control("POST", "/faults", R"({"tokenErrors":-1})", 422);
    control("POST", "/faults", R"({"noSuchFault":1})", 422);
    EXPECT_EQ(server.faults().tokenErrors, 1) << "a refused request changed something";
    control("DELETE", "/faults", "");
    EXPECT_EQ(server.faults().revokeErrors, 0);
    control("POST", "/nothing", "", 404);
}

TEST_F(ServerControls, ActAsTheBrokerAndItsUsers)
{
    control("POST", "/consent", R"({"asks":true})");
    EXPECT_EQ(ask("GET", kAuthorize + kBack).status, 200) << "a page must ask";
    control("POST", "/consent", R"({"asks":false})");
    const auto given = exchange(code());
    EXPECT_EQ(control("GET", "/state", "")["live"].integerOr(0), 1);
    control("POST", "/end-access", "");
    EXPECT_FALSE(server.isAccessValid(member(given, "access_token")));
    control("POST", "/revoke-everything", "");
    EXPECT_EQ(control("GET", "/state", "")["live"].integerOr(-1), 0);
}

TEST(OAuthServerTexts, BasicCredentialsAreDecoded)
{
    const auto pair = basicPair("Basic ZGVzazpzJTI1Mw==");
    EXPECT_EQ(pair.user, "desk");
    EXPECT_EQ(pair.password, "s%3");
    for (const std::string_view bad :
         {"", "Basic", "Basic !!!!", "Bearer ZGVzazpz", "Basic ZGVzaw=="})
        EXPECT_TRUE(basicPair(bad).user.empty()) << bad;
}

} // namespace
} // namespace qd::sandbox::oauth
