#include "services/gateway/broker_api.h"

#include "tests/services/gateway/desk.h"
#include "tests/support/sim_vault.h"

namespace qd::gateway::test {
namespace {

/// A session that another program has, until somebody takes it over.
struct LentSession final : brokers::SharedSession {
    explicit LentSession(brokers::BrokerStatus& shown) : status(shown) {}
    bool isCompeting() const override { return status.sessionTaken; }
    void takeOver(Taken done) override
    {
        ++asked;
        if (!answer) return done(answer);
        status = {};
        status.connected = status.authenticated = true;
        done({});
    }

    brokers::BrokerStatus& status;
    Result<void> answer;
    int asked = 0;
};

class BrokerApiTest : public ::testing::Test {
protected:
    void serve(bool live, bool isShared = true)
    {
        auto& status = desk.backend.link->statusToChange();
        status.authenticated = status.connected = false;
        status.sessionTaken = true;
        status.refusal = {ErrorKind::Denied, "ibkr.competing_session", "the phone has it", {}};
        status.wayBack = "close the phone";
        session = std::make_unique<LentSession>(status);
        api = std::make_unique<Api>(ApiSettings{}, traders, desk.gate, desk.backend.world.random());
        broker = std::make_unique<BrokerApi>(BrokerApi::Dependencies{
            *desk.backend.link, isShared ? session.get() : nullptr, vault.writer(), desk.gate, live});
        broker->addTo(*api);
    }
    wire::HttpResponse call(const std::string& method, const std::string& path,
                            const std::string& token = "trader")
    {
        wire::HttpRequest request{method, path, {}, {}, std::chrono::seconds(10), "127.0.0.1"};
        request.headers.set("Authorization", "Bearer " + token);
        std::optional<wire::HttpResponse> answer;
        desk.gate.post([&, request] {
            api->handle(request, [&](wire::HttpResponse given) { answer = std::move(given); });
        });
        desk.backend.world.runUntil([&] { return answer.has_value(); }, std::chrono::minutes(1));
        EXPECT_TRUE(answer) << path << " was never answered";
        return answer.value_or(wire::HttpResponse{});
    }
    wire::HttpResponse takeOver(const std::string& token = "trader")
    {
        return call("POST", "/v1/broker/session/take-over", token);
    }
    std::vector<storage::Event> events()
    {
        auto database = storage::Database::openReadOnly(vault.databasePath());
        EXPECT_TRUE(database);
        auto all = storage::readEvents(*database, 0, 100);
        EXPECT_TRUE(all);
        std::erase_if(*all, [](const auto& event) { return !event.kind.starts_with("broker."); });
        return *all;
    }

    Desk desk;
    qd::test::SimVault vault{desk.backend.world};
    TwoTraders traders;
    std::unique_ptr<LentSession> session;
    std::unique_ptr<Api> api;
    std::unique_ptr<BrokerApi> broker;
};

TEST_F(BrokerApiTest, ATakenSessionIsToldWithTheWayBack)
{
    serve(/*live=*/false);
    const auto told = Desk::parse(call("GET", "/v1/broker/session"));
    EXPECT_EQ(told["session"].stringOr({}), "taken");
    EXPECT_TRUE(told["canTakeOver"].booleanOr(false));
    EXPECT_FALSE(told["authenticated"].booleanOr(true));
    EXPECT_EQ(told["code"].stringOr({}), "ibkr.competing_session");
    EXPECT_EQ(told["reauthorizeBy"].stringOr({}), "close the phone");
    EXPECT_EQ(told["environment"].stringOr({}), "paper");
}

TEST_F(BrokerApiTest, TakingOverIsOnDiskBeforeAndAfterAndSaysWho)
{
    serve(/*live=*/false);
    const auto answer = takeOver();
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(Desk::parse(answer)["session"].stringOr({}), "own");
    const auto log = events();
    ASSERT_EQ(log.size(), 2u);
    EXPECT_EQ(log[0].kind, "broker.take_over_asked");
    EXPECT_EQ(log[1].kind, "broker.session_taken_over");
    for (const auto& event : log) {
        EXPECT_EQ(event.actor, "user:trader");
        EXPECT_TRUE(event.subject.starts_with("broker/")) << event.subject;
    }
    EXPECT_EQ(takeOver().status, 200) << "asking again is harmless";
    EXPECT_EQ(session->asked, 1);
    EXPECT_EQ(events().size(), 2u);
}

TEST_F(BrokerApiTest, WhatCannotBeRecordedIsNotTakenOver)
{
    serve(/*live=*/false);
    vault.stallDisk();
    wire::HttpRequest request{"POST", "/v1/broker/session/take-over", {}, {}, std::chrono::seconds(10),
                              "127.0.0.1"};
    request.headers.set("Authorization", "Bearer trader");
    desk.gate.post([this, request] { api->handle(request, [](const wire::HttpResponse&) {}); });
    desk.run(std::chrono::seconds(5));
    EXPECT_EQ(session->asked, 0);
}

TEST_F(BrokerApiTest, AFailureIsToldAndNotRecordedAsDone)
{
    serve(/*live=*/false);
    session->answer = fail(ErrorKind::Denied, "ibkr.unauthorized", "sign in first");
    const auto refused = takeOver();
    EXPECT_EQ(refused.status, 403) << refused.body;
    EXPECT_EQ(Desk::parse(refused)["reauthorizeBy"].stringOr({}), "close the phone");
    const auto log = events();
    ASSERT_EQ(log.size(), 1u);
    EXPECT_EQ(log[0].kind, "broker.take_over_asked");
}

TEST_F(BrokerApiTest, WithRealMoneyAFreshProofIsAskedFor)
{
    serve(/*live=*/true);
    const auto refused = takeOver("tired");
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(Desk::parse(refused)["code"].stringOr({}), "auth.step_up_required");
    EXPECT_EQ(session->asked, 0);
    EXPECT_EQ(takeOver().status, 200);
    serve(/*live=*/false);
    EXPECT_EQ(takeOver("tired").status, 200) << "with play money the role is enough";
}

TEST_F(BrokerApiTest, ABrokerWithoutASharedSessionSaysSo)
{
    serve(/*live=*/false, /*isShared=*/false);
    EXPECT_TRUE(Desk::parse(call("GET", "/v1/broker/session"))["session"].isNull());
    const auto refused = takeOver();
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(Desk::parse(refused)["code"].stringOr({}), "broker.no_shared_session");
}

} // namespace
} // namespace qd::gateway::test
