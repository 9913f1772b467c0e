// Consents outlast the authorization server, and so does their end.
#include "services/sandbox/oauth/grant_archive.h"

#include <gtest/gtest.h>

#include "services/json/json.h"
#include "services/sandbox/oauth/authorization_server.h"
#include "tests/support/sim_world.h"
#include "tests/support/temp_dir.h"

namespace qd::sandbox::oauth {
namespace {

using namespace std::chrono_literals;

const std::string kProof = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"; // RFC 7636 appendix B
const std::string kAsk = "/authorize?response_type=code&client_id=app&state=st&scope=trading&"
                         "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&"
                         "code_challenge_method=S256&redirect_uri=http%3A%2F%2F127.0.0.1%2Fback";

/// The server over a file; `restart` is as good as a crash, since nothing is written at its end.
class KeptServer : public ::testing::Test {
protected:
    KeptServer() { restart(); }
    void restart()
    {
        server.reset();
        archive.reset();
        database.reset();
        auto opened = storage::Database::open(file);
        ASSERT_TRUE(opened) << describe(opened.error());
        database.emplace(std::move(*opened));
        auto grants = GrantArchive::open(*database);
        ASSERT_TRUE(grants) << describe(grants.error());
        archive.emplace(*grants);
        ServerSettings settings;
        settings.clients = {{"app", "", "App", {"http://127.0.0.1/back"}}};
        settings.consentsByItself = true;
        server = std::make_unique<AuthorizationServer>(settings, executor, random);
        const auto kept =
            server->keepIn(*archive, [this](const Error& error) { troubles.push_back(error); });
        ASSERT_TRUE(kept) << describe(kept.error());
    }
    wire::HttpResponse ask(std::string method, std::string target, std::string body = {})
    {
        wire::HttpRequest request;
        request.method = std::move(method);
        request.target = std::move(target);
        request.body = std::move(body);
        wire::HttpResponse got;
        got.status = 0;
        server->handle(std::move(request), [&](wire::HttpResponse response) {
            whenTold();
            got = std::move(response);
        });
        return got;
    }
    std::string code()
    {
        const auto answer = ask("GET", kAsk);
        const std::string_view location = answer.headers.find("Location");
        const auto target = wire::Target::parse("/" + std::string(location.substr(location.find('?'))));
        return std::string(target->queryValue("code"));
    }
    wire::HttpResponse exchange(const std::string& code)
    {
        return ask("POST", "/token",
                   "grant_type=authorization_code&client_id=app&code=" + code + "&code_verifier=" +
                       kProof + "&redirect_uri=http%3A%2F%2F127.0.0.1%2Fback");
    }
    wire::HttpResponse refresh(const std::string& token)
    {
        return ask("POST", "/token", "grant_type=refresh_token&client_id=app&refresh_token=" + token);
    }
    static std::string member(const wire::HttpResponse& response, std::string_view name)
    {
        const auto body = json::Document::parse(response.body);
        return body ? std::string((*body)[name].stringOr("")) : std::string();
    }
    std::int64_t rows(const std::string& of)
    {
        auto other = storage::Database::openReadOnly(file);
        auto count = other->prepare("SELECT count(*) FROM " + of);
        return *count->step() ? count->integer(0) : -1;
    }

    qd::test::TempDir folder;
    std::string file = (folder / "venue.db").string();
    qd::test::SimWorld world;
    qd::test::SimExecutor executor{world};
    runtime::SeededRandom random{3};
    std::vector<Error> troubles;
    std::function<void()> whenTold = [] {};
    std::optional<storage::Database> database;
    std::optional<GrantArchive> archive;
    std::unique_ptr<AuthorizationServer> server;
};

TEST_F(KeptServer, AccessAndItsRenewalOutlastIt)
{
    const auto given = exchange(code());
    restart();
    EXPECT_TRUE(server->isAccessValid(member(given, "access_token")));
    const auto renewed = refresh(member(given, "refresh_token"));
    EXPECT_EQ(renewed.status, 200);
    EXPECT_EQ(member(renewed, "scope"), "trading");
    restart();
    EXPECT_EQ(refresh(member(renewed, "refresh_token")).status, 200);
    world.run(11min);
    EXPECT_FALSE(server->isAccessValid(member(given, "access_token"))) << "its time goes on";
}

TEST_F(KeptServer, WhatWasRevokedStaysRevoked)
{
    const auto given = exchange(code());
    const auto other = exchange(code());
    ask("POST", "/revoke", "client_id=app&token=" + member(given, "refresh_token"));
    restart();
    EXPECT_FALSE(server->isAccessValid(member(given, "access_token")));
    EXPECT_EQ(refresh(member(given, "refresh_token")).status, 400);
    EXPECT_TRUE(server->isAccessValid(member(other, "access_token")));
    server->endAccess();
    restart();
    EXPECT_FALSE(server->isAccessValid(member(other, "access_token")));
    server->revokeEverything();
    restart();
    EXPECT_EQ(refresh(member(other, "refresh_token")).status, 400);
    EXPECT_EQ(server->figures().live, 0U);
}

TEST_F(KeptServer, WhatWasUsedBeforeKillsItsGrantWhenItComesAgain)
{
    const std::string once = code();
    const auto given = exchange(once);
    restart();
    EXPECT_EQ(exchange(once).status, 400);
    EXPECT_FALSE(server->isAccessValid(member(given, "access_token")));
    const auto second = exchange(code());
    const auto renewed = refresh(member(second, "refresh_token"));
    restart();
    EXPECT_EQ(refresh(member(second, "refresh_token")).status, 400);
    EXPECT_EQ(refresh(member(renewed, "refresh_token")).status, 400) << "its grant has died of it";
}

TEST_F(KeptServer, IsOnTheDiskBeforeItIsTold)
{
    std::vector<std::int64_t> tickets;
    whenTold = [&] { tickets.push_back(rows("consent_tickets")); };
    const auto given = exchange(code());
    EXPECT_EQ(tickets, (std::vector<std::int64_t>{1, 3}));
    std::int64_t dead = 0;
    server->onEnded([&] { dead = rows("consent_grants WHERE is_dead = 1"); });
    ask("POST", "/revoke", "client_id=app&token=" + member(given, "refresh_token"));
    EXPECT_EQ(dead, 1) << "streams were closed before";
}

TEST_F(KeptServer, NothingInTheFileOpensTheVenue)
{
    const std::string once = code();
    const auto given = exchange(once);
    std::string bytes;
    for (const char* part : {"", "-wal"}) bytes += qd::test::readFile(file + part);
    EXPECT_NE(bytes.find("127.0.0.1/back"), std::string::npos) << "this is not where it is kept";
    for (const std::string& secret : {once, member(given, "access_token"),
                                      member(given, "refresh_token")})
        EXPECT_EQ(bytes.find(secret), std::string::npos);
}

TEST_F(KeptServer, WhatTheDiskRefusedIsToldAndKeptWithTheNextChange)
{
    const auto given = exchange(code());
    ASSERT_TRUE(database->execute("ALTER TABLE consent_tickets RENAME TO elsewhere"));
    const auto renewed = refresh(member(given, "refresh_token"));
    EXPECT_EQ(renewed.status, 200);
    ASSERT_EQ(troubles.size(), 1U);
    ASSERT_TRUE(database->execute("ALTER TABLE elsewhere RENAME TO consent_tickets"));
    code();
    restart();
    EXPECT_TRUE(server->isAccessValid(member(renewed, "access_token")));
    EXPECT_EQ(troubles.size(), 1U);
}

TEST_F(KeptServer, WhatHasRunOutIsNotKeptForEver)
{
    exchange(code());
    world.run(11min);
    restart();
    EXPECT_EQ(rows("consent_tickets"), 1) << "the refresh token";
    world.run(24h * 15);
    restart();
    EXPECT_EQ(rows("consent_tickets"), 0);
    EXPECT_EQ(rows("consent_grants"), 0);
    EXPECT_EQ(exchange(code()).status, 200);
}

TEST_F(KeptServer, RefusesAFileThatMakesNoSense)
{
    exchange(code());
    ASSERT_TRUE(database->execute("UPDATE consent_tickets SET kind = 7"));
    const auto loaded = archive->load(executor.clock().now());
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().kind, ErrorKind::Corrupt);
}

} // namespace
} // namespace qd::sandbox::oauth
