// Signing in, sessions and administration as the API shows them. What the rooms behind promise is
// tested with them (tests/services/identity); here: what reaches a client, and who may ask for it.
#include "models/accounts/proof_of_work.h"
#include "services/identity/encoding.h"
#include "services/identity/totp.h"
#include "tests/services/gateway/desk.h"
#include "tests/services/gateway/people_desk.h"

namespace qd::gateway::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kPassword = "seven quiet lanterns drift";
constexpr const char* kOwner = "admin"; ///< the desk's owner token

class PeopleApi : public ::testing::Test {
protected:
    PeopleApi()
    {
        people.addTo(desk.api);
        desk.tokens.people = people.authenticator.get();
        people.sessions->observe([this] { desk.hub->recheck(); });
    }

    wire::HttpResponse post(const std::string& path, const std::string& body,
                            const std::string& token = "none")
    {
        return desk.call("POST", path, body, {}, token);
    }
    static std::string text(const wire::HttpResponse& answer, std::string_view member)
    {
        return std::string(Desk::parse(answer).root()[member].stringOr({}));
    }
    static std::string credentials(const std::string& email, const std::string& password = kPassword,
                                   const std::string& more = {})
    {
        return R"({"email":")" + email + R"(","password":")" + password + "\"" + more + "}";
    }
    /// By the owner, with a password, so that it needs no mail.
    std::string makeUser(const std::string& email, const std::string& roles)
    {
        const auto made = post("/v1/users",
                               R"({"email":")" + email + R"(","displayName":"Ann","password":")" +
                                   kPassword + R"(","roles":)" + roles + "}",
                               kOwner);
        EXPECT_EQ(made.status, 201) << made.body;
        return text(made, "id");
    }
    struct In {
        std::string access, refresh, session, deviceKey;
    };
    In signIn(const std::string& email)
    {
        const auto answer = post("/v1/session", credentials(email, kPassword, R"(,"device":"desk")"));
        EXPECT_EQ(answer.status, 200) << answer.body;
        return {text(answer, "accessToken"), text(answer, "refreshToken"), text(answer, "session"),
                text(answer, "deviceKey")};
    }
    void stepUp(const std::string& access)
    {
        const auto answer = post("/v1/session/step-up",
                                 std::string(R"({"password":")") + kPassword + "\"}", access);
        EXPECT_EQ(answer.status, 200) << answer.body;
    }
    std::string codeOfLastMail()
    {
        people.deliverMail();
        const auto mails = desk.call("GET", "/v1/mailbox", {}, {}, kOwner);
        const auto document = Desk::parse(mails);
        const std::string words(document.root()["messages"].at(0)["text"].stringOr({}));
        const auto from = words.find("\n\n");
        return from == std::string::npos ? "" : words.substr(from + 2, words.find('\n', from + 2) - from - 2);
    }

    Desk desk;
    /// The desk's tokens ask here, so here nobody asks them.
    const OwnerToken nobodys{runtime::Secret(std::string(64, 'o'))};
    PeopleDesk people{desk.backend.world, desk.gate, nobodys};
};

TEST_F(PeopleApi, TheOwnerMakesTheFirstAccountAndPeopleSignUpAfterIt)
{
    const std::string up = R"({"email":"ann@example.org","displayName":"Ann","password":")" +
                           std::string(kPassword) + "\"}";
    EXPECT_EQ(text(post("/v1/sign-up", up), "code"), "identity.sign_up_closed");
    makeUser("owner@example.org", R"(["admin"])");
    const auto first = post("/v1/sign-up", up);
    EXPECT_EQ(first.status, 202) << first.body;
    EXPECT_EQ(text(post("/v1/session", credentials("ann@example.org")), "code"),
              "identity.email_unverified");
    const auto verified = post("/v1/email/verify", R"({"token":")" + codeOfLastMail() + "\"}");
    EXPECT_EQ(verified.status, 200) << verified.body;
    const auto in = signIn("ann@example.org");
    const auto who = desk.call("GET", "/v1/session", {}, {}, in.access);
    const auto document = Desk::parse(who);
    const auto root = document.root();
    EXPECT_EQ(root["user"]["email"].stringOr({}), "ann@example.org");
    EXPECT_EQ(root["roles"].at(0).stringOr({}), "viewer");
    EXPECT_EQ(root["session"]["device"].stringOr({}), "desk");
    EXPECT_FALSE(root["owner"].booleanOr(true));
    EXPECT_EQ(root["steppedUpForMs"].integerOr(-1), 0);
    EXPECT_EQ(post("/v1/sign-up", up).status, 202) << "the same answer where there is an account";
}

TEST_F(PeopleApi, AnUnknownAddressAndAWrongPasswordAnswerAlike)
{
    makeUser("ann@example.org", R"(["admin"])");
    const auto wrong = post("/v1/session", credentials("ann@example.org", "not this one at all"));
    const auto unknown = post("/v1/session", credentials("who@example.org", "not this one at all"));
    EXPECT_EQ(wrong.status, 403);
    EXPECT_EQ(unknown.status, wrong.status);
    for (const char* member : {"title", "code", "detail"})
        EXPECT_EQ(text(unknown, member), text(wrong, member)) << member;
    EXPECT_EQ(text(wrong, "code"), "identity.wrong_credentials");
    const auto forgot = post("/v1/password/forgot", R"({"email":"ann@example.org"})");
    const auto nobody = post("/v1/password/forgot", R"({"email":"who@example.org"})");
    EXPECT_EQ(forgot.status, 202);
    EXPECT_EQ(nobody.status, 202);
    EXPECT_EQ(nobody.body, forgot.body);
}

TEST_F(PeopleApi, AWeakPasswordIsRefusedWithReasonAndSuggestion)
{
    makeUser("owner@example.org", R"(["admin"])");
    const auto refused = post("/v1/sign-up", R"({"email":"ann@example.org","displayName":"Ann",)"
                                             R"("password":"password1234"})");
    EXPECT_EQ(refused.status, 422);
    const auto document = Desk::parse(refused);
    const auto root = document.root();
    EXPECT_EQ(root["code"].stringOr({}), "identity.weak_password");
    EXPECT_EQ(root["errors"].at(0)["field"].stringOr({}), "password");
    EXPECT_LT(root["score"].integerOr(9), 3);
    EXPECT_EQ(root["reasons"].at(0).stringOr({}), "common");
    EXPECT_GE(root["suggestions"].size(), 1U);
}

TEST_F(PeopleApi, AfterFiveFailuresAPuzzleIsAskedForAndItsSolutionLetsIn)
{
    makeUser("ann@example.org", R"(["admin"])");
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(post("/v1/session", credentials("ann@example.org", "a wrong one, once more")).status,
                  403);
    const auto waiting = post("/v1/session", credentials("ann@example.org"));
    EXPECT_EQ(waiting.status, 429) << waiting.body;
    EXPECT_FALSE(waiting.headers.find("Retry-After").empty());
    desk.run(minutes(1));
    const auto asked = post("/v1/session", credentials("ann@example.org"));
    ASSERT_EQ(text(asked, "code"), "identity.proof_needed") << asked.body;
    const auto challenge = ProofChallenge::parse(text(asked, "challenge"));
    ASSERT_TRUE(challenge);
    const auto proof = solveProof(*challenge, [] { return false; });
    ASSERT_TRUE(proof);
    const auto in = post("/v1/session", credentials("ann@example.org", kPassword,
                                                    R"(,"proof":")" + proof->text() + "\""));
    EXPECT_EQ(in.status, 200) << in.body;
}

TEST_F(PeopleApi, RefreshGivesTheNextTokensAndTheOldOneEndsTheSessionLater)
{
    makeUser("ann@example.org", R"(["admin"])");
    const auto in = signIn("ann@example.org");
    const std::string body =
        R"({"refreshToken":")" + in.refresh + R"(","deviceKey":")" + in.deviceKey + "\"}";
    const auto first = post("/v1/session/refresh", body);
    const auto again = post("/v1/session/refresh", body);
    EXPECT_EQ(first.status, 200) << first.body;
    EXPECT_EQ(text(again, "accessToken"), text(first, "accessToken")) << "one rotation";
    const auto access = text(first, "accessToken");
    EXPECT_EQ(desk.call("GET", "/v1/session", {}, {}, access).status, 200);
    desk.run(seconds(11));
    const auto replayed = post("/v1/session/refresh", body);
    EXPECT_EQ(replayed.status, 401);
    EXPECT_EQ(text(replayed, "code"), "identity.token_refused");
    EXPECT_EQ(desk.call("GET", "/v1/session", {}, {}, access).status, 401)
        << "and with it everything that came of it";
}

TEST_F(PeopleApi, WhatAsksForAFreshProofIsRefusedWithoutAndServedWithOne)
{
    makeUser("owner@example.org", R"(["admin"])");
    const auto ann = makeUser("ann@example.org", R"(["viewer"])");
    const auto in = signIn("owner@example.org");
    const auto grant = [&] {
        return desk.call("PUT", "/v1/users/" + ann + "/roles/trader", {}, {}, in.access);
    };
    const auto refused = grant();
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(text(refused, "code"), "auth.step_up_required");
    stepUp(in.access);
    const auto granted = grant();
    EXPECT_EQ(granted.status, 200) << granted.body;
    EXPECT_EQ(Desk::parse(granted).root()["roles"].size(), 2U);
    desk.run(minutes(5) + seconds(1));
    EXPECT_EQ(text(grant(), "code"), "auth.step_up_required") << "five minutes later";
}

TEST_F(PeopleApi, WithRealMoneyTradingIsStoppedByAWordAndResumedOnlyWithAFreshProof)
{
    makeUser("ann@example.org", R"(["admin","trader"])");
    const auto in = signIn("ann@example.org");
    Api live({}, desk.tokens, desk.gate, desk.backend.world.random());
    OrdersApi{desk.backend.service(),     desk.market, desk.quotes,
              desk.backend.world.clock(), true,        desk.backend.link.get()}
        .addTo(live);
    const auto put = [&](Api& api, const std::string& state) {
        return desk.callTo(api,
                           {"PUT", "/v1/trading", {}, R"({"state":")" + state + "\"}",
                            seconds(10), "127.0.0.1"},
                           in.access);
    };
    const auto stateNow = [&] { return text(desk.call("GET", "/v1/trading"), "state"); };
    EXPECT_EQ(put(live, "halted").status, 200) << "to stop must never ask for anything";
    EXPECT_EQ(stateNow(), "halted");
    for (const char* state : {"active", "reducing"}) {
        const auto refused = put(live, state);
        EXPECT_EQ(refused.status, 403) << state;
        EXPECT_EQ(text(refused, "code"), "auth.step_up_required") << state;
        desk.run(seconds(1));
        EXPECT_EQ(stateNow(), "halted") << state;
    }
    stepUp(in.access);
    for (const char* state : {"reducing", "active"}) {
        const auto served = put(live, state);
        EXPECT_EQ(served.status, 200) << served.body;
        EXPECT_EQ(stateNow(), state);
    }
    desk.run(minutes(5) + seconds(1));
    EXPECT_EQ(put(live, "halted").status, 200) << "the proof is old, and stopping asks for none";
    EXPECT_EQ(text(put(live, "active"), "code"), "auth.step_up_required");
    EXPECT_EQ(stateNow(), "halted");
    EXPECT_EQ(put(desk.api, "active").status, 200) << "on paper nobody is asked";
}

TEST_F(PeopleApi, ARoleThatIsTakenAwayEndsCallsAndStreamsAtOnce)
{
    makeUser("owner@example.org", R"(["admin"])");
    const auto ann = makeUser("ann@example.org", R"(["viewer"])");
    const auto in = signIn("ann@example.org");
    auto stream = desk.open();
    stream.say(R"({"type":"hello","token":")" + in.access + "\"}");
    ASSERT_EQ(stream.socket->messages("welcome").size(), 1U);
    EXPECT_EQ(desk.call("GET", "/v1/positions", {}, {}, in.access).status, 200);
    EXPECT_EQ(desk.call("DELETE", "/v1/users/" + ann + "/roles/viewer", {}, {}, kOwner).status, 200);
    EXPECT_EQ(text(desk.call("GET", "/v1/positions", {}, {}, in.access), "code"), "auth.role");
    ASSERT_TRUE(stream.socket->closed) << "the stream goes on";
    EXPECT_EQ(stream.socket->messages("error").at(0).root()["code"].stringOr({}), "auth.role");
    EXPECT_EQ(desk.call("GET", "/v1/session", {}, {}, in.access).status, 200)
        << "who they are they may know";
}

TEST_F(PeopleApi, ASessionThatIsEndedEndsItsStreamAndNoOther)
{
    makeUser("owner@example.org", R"(["admin"])");
    const auto left = signIn("owner@example.org"), right = signIn("owner@example.org");
    auto first = desk.open(), second = desk.open();
    first.say(R"({"type":"hello","token":")" + left.access + "\"}");
    second.say(R"({"type":"hello","token":")" + right.access + "\"}");
    EXPECT_EQ(desk.call("DELETE", "/v1/sessions/" + left.session, {}, {}, right.access).status, 200);
    ASSERT_TRUE(first.socket->closed);
    EXPECT_EQ(first.socket->messages("error").at(0).root()["code"].stringOr({}),
              "auth.session_ended");
    EXPECT_FALSE(second.socket->closed);
    EXPECT_EQ(desk.call("GET", "/v1/session", {}, {}, left.access).status, 401);
    const auto listed = Desk::parse(desk.call("GET", "/v1/sessions", {}, {}, right.access));
    ASSERT_EQ(listed.root()["sessions"].size(), 1U);
    EXPECT_TRUE(listed.root()["sessions"].at(0)["current"].booleanOr(false));
}

TEST_F(PeopleApi, AStreamWhoseTokenIsNotRefreshedEndsWithIt)
{
    makeUser("owner@example.org", R"(["admin"])");
    const auto in = signIn("owner@example.org");
    auto stream = desk.open();
    stream.say(R"({"type":"hello","token":")" + in.access + "\"}");
    desk.run(minutes(9));
    EXPECT_FALSE(stream.socket->closed);
    desk.run(minutes(1) + seconds(2));
    EXPECT_TRUE(stream.socket->closed);
}

TEST_F(PeopleApi, MailsAreShownToTheOwnerAloneAndHaveNoTokenInTheDatabase)
{
    makeUser("owner@example.org", R"(["admin"])");
    const auto in = signIn("owner@example.org");
    EXPECT_EQ(post("/v1/password/forgot", R"({"email":"owner@example.org"})").status, 202);
    const auto code = codeOfLastMail();
    ASSERT_FALSE(code.empty());
    const auto refused = desk.call("GET", "/v1/mailbox", {}, {}, in.access);
    EXPECT_EQ(refused.status, 403) << "an administrator could set anybody's password with them";
    EXPECT_EQ(text(refused, "code"), "auth.owner_only");
    const auto everything = qd::test::readFile(people.databasePath()) +
                            qd::test::readFile(people.databasePath() + "-wal");
    EXPECT_NE(everything.find("reset_password"), std::string::npos) << "nothing was looked at";
    EXPECT_EQ(everything.find(code), std::string::npos);
    const auto reset = post("/v1/password/reset", R"({"token":")" + code +
                                                      R"(","password":"nine brisk otters juggle"})");
    EXPECT_EQ(reset.status, 200) << reset.body;
    EXPECT_EQ(desk.call("GET", "/v1/session", {}, {}, in.access).status, 401) << "all sessions end";
    EXPECT_EQ(post("/v1/session", credentials("owner@example.org", "nine brisk otters juggle")).status,
              200);
}

TEST_F(PeopleApi, WhoIsInvitedSetsAPasswordWithTheMailsCode)
{
    makeUser("owner@example.org", R"(["admin"])");
    const auto invited = post(
        "/v1/users", R"({"email":"ben@example.org","displayName":"Ben","roles":["trader"]})", kOwner);
    EXPECT_EQ(invited.status, 201) << invited.body;
    const auto set = post("/v1/password/reset", R"({"token":")" + codeOfLastMail() +
                                                    R"(","password":")" + kPassword + "\"}");
    EXPECT_EQ(set.status, 200) << set.body;
    const auto in = signIn("ben@example.org");
    EXPECT_EQ(desk.call("GET", "/v1/positions", {}, {}, in.access).status, 200);
    EXPECT_EQ(post("/v1/users", R"({"email":"ben@example.org","displayName":"B","roles":[]})", kOwner)
                  .status,
              409);
}

TEST_F(PeopleApi, AnAuthenticatorIsEnrolledAndAskedForFromThenOn)
{
    makeUser("owner@example.org", R"(["admin"])");
    const auto in = signIn("owner@example.org");
    EXPECT_EQ(text(post("/v1/totp", "{}", in.access), "code"), "auth.step_up_required");
    stepUp(in.access);
    const auto begun = post("/v1/totp", "{}", in.access);
    ASSERT_EQ(begun.status, 201) << begun.body;
    const auto secret = text(begun, "secret");
    EXPECT_NE(text(begun, "uri").find("secret=" + secret + "&"), std::string::npos);
    const auto seed = identity::fromBase32(secret);
    ASSERT_TRUE(seed);
    const auto code = [&] { return identity::totpCode(*seed, identity::totpStepAt(desk.now())); };
    const auto confirmed = post("/v1/totp/confirm", R"({"code":")" + code() + "\"}", in.access);
    ASSERT_EQ(confirmed.status, 200) << confirmed.body;
    EXPECT_EQ(Desk::parse(confirmed).root()["recoveryCodes"].size(), 10U);
    EXPECT_EQ(text(post("/v1/session", credentials("owner@example.org")), "code"),
              "identity.code_needed");
    desk.run(seconds(31));
    EXPECT_EQ(post("/v1/session",
                   credentials("owner@example.org", kPassword, R"(,"code":")" + code() + "\""))
                  .status,
              200);
}

TEST_F(PeopleApi, TheLastAdministratorStaysOne)
{
    const auto owner = makeUser("owner@example.org", R"(["admin"])");
    const auto disabled = post("/v1/users/" + owner + "/disable", "{}", kOwner);
    EXPECT_EQ(disabled.status, 409);
    EXPECT_EQ(text(disabled, "code"), "identity.last_admin");
}

TEST_F(PeopleApi, AProgramMayDoForAMinuteWhatItsTokenNamesAndNoMore)
{
    const auto issued =
        post("/v1/internal/token", R"({"program":"backup-job","roles":["viewer"]})", kOwner);
    ASSERT_EQ(issued.status, 201) << issued.body;
    const auto token = text(issued, "token");
    EXPECT_EQ(desk.call("GET", "/v1/positions", {}, {}, token).status, 200);
    EXPECT_EQ(text(desk.call("DELETE", "/v1/orders", {}, {}, token), "code"), "auth.role");
    EXPECT_EQ(text(desk.call("GET", "/v1/sessions", {}, {}, token), "code"),
              "identity.no_account_here");
    EXPECT_EQ(post("/v1/internal/token", R"({"program":"x","roles":["admin"]})", kOwner).status, 422);
    auto stream = desk.open();
    stream.say(R"({"type":"hello","token":")" + token + "\"}");
    EXPECT_TRUE(stream.socket->closed) << "it would last longer than its token";
    const auto rotated = post("/v1/internal/rotate", "{}", kOwner);
    EXPECT_EQ(rotated.status, 200) << rotated.body;
    EXPECT_EQ(desk.call("GET", "/v1/positions", {}, {}, token).status, 200) << "for its minute";
    EXPECT_EQ(post("/v1/internal/rotate", "{}", kOwner).status, 409) << "two keys at once, no more";
    desk.run(seconds(66));
    EXPECT_EQ(desk.call("GET", "/v1/positions", {}, {}, token).status, 401);
    EXPECT_EQ(post("/v1/internal/rotate", "{}", kOwner).status, 200) << "the old one is retired";
}

TEST_F(PeopleApi, TheOwnerTokenHasNoAccount)
{
    const auto who = desk.call("GET", "/v1/session", {}, {}, kOwner);
    EXPECT_TRUE(Desk::parse(who).root()["owner"].booleanOr(false));
    EXPECT_EQ(text(desk.call("GET", "/v1/sessions", {}, {}, kOwner), "code"),
              "identity.no_account_here");
}

TEST_F(PeopleApi, WhatStrangersAskIsLimitedByTheirNetworkBeforeItIsRead)
{
    int limited = 0;
    for (int i = 0; i < 80; ++i)
        if (text(post("/v1/session", "not even JSON"), "code") == "gateway.rate_limited") ++limited;
    EXPECT_GT(limited, 0);
    EXPECT_EQ(desk.api.limitCounts(RateClass::Strangers).refused, static_cast<std::uint64_t>(limited));
    EXPECT_EQ(desk.call("GET", "/v1/positions").status, 200) << "who is signed in does not notice";
}

TEST_F(PeopleApi, AnAccountIsMadeWholeOrNotAtAllAndTheSameCanBeTriedAgain)
{
    makeUser("owner@example.org", R"(["admin"])");
    const auto sql = [&](const char* text) {
        auto database =
            storage::Database::open(people.databasePath(), storage::Durability::Off).value();
        ASSERT_TRUE(database.execute(text));
    };
    sql("CREATE TRIGGER no_room BEFORE INSERT ON identity_profiles BEGIN"
        " SELECT RAISE(ABORT, 'no room'); END");
    const std::string up = R"({"email":"ann@example.org","displayName":"Ann","password":")" +
                           std::string(kPassword) + "\"}";
    const auto failed = post("/v1/sign-up", up);
    EXPECT_GE(failed.status, 400) << failed.body;
    const auto listed = [&] {
        return Desk::parse(desk.call("GET", "/v1/users", {}, {}, kOwner)).root()["users"].size();
    };
    EXPECT_EQ(listed(), 1U);
    sql("DROP TRIGGER no_room");
    EXPECT_EQ(post("/v1/sign-up", up).status, 202);
    EXPECT_EQ(listed(), 2U);
}

} // namespace
} // namespace qd::gateway::test
