// A key that changes while the adapters run.
#include <gtest/gtest.h>

#include "services/brokers/alpaca/alpaca_broker.h"
#include "services/brokers/alpaca/alpaca_feed.h"
#include "services/brokers/request_gate.h"
#include "tests/services/brokers/venue_world.h"

namespace qd::brokers::test {
namespace {

// What a key or token says is cut out of every text of the venue: nothing that JSON could hold.
constexpr const char* kFirst = "OAUTH-ONE";
constexpr const char* kSecond = "OAUTH-TWO";

AlpacaSettings::Key keyNamed(const std::string& id)
{
    return {runtime::Secret(id), runtime::Secret("secret of " + id)};
}

std::string keyIdOf(const wire::HttpRequest& request)
{
    return std::string(request.headers.find("APCA-API-KEY-ID"));
}

class AlpacaKeyTest : public ::testing::Test {
protected:
    static AlpacaSettings keyless()
    {
        auto settings = VenueWorld::settings();
        settings.keyId = runtime::Secret();
        settings.secretKey = runtime::Secret();
        return settings;
    }
    /// The code that a question for the account fails with.
    std::string ask(AlpacaBroker& broker)
    {
        std::string code = "no answer";
        broker.account([&](const Result<AccountSnapshot>& account) {
            code = account ? "ok" : account.error().code;
        });
        box.run(std::chrono::seconds(1));
        return code;
    }

    VenueWorld box;
};

TEST_F(AlpacaKeyTest, QuestionsAreSignedWithTheKeyOfTheMoment)
{
    AlpacaBroker broker(keyless(), *box.http, *box.sockets, box.core, box.world.random());
    EXPECT_EQ(ask(broker), "broker.credentials_missing");
    EXPECT_FALSE(broker.status().authenticated);
    broker.useKey(keyNamed("PKONE"));
    ask(broker);
    broker.useKey(keyNamed("PKTWO"));
    ask(broker);
    ASSERT_EQ(box.venue.requests.size(), 2u);
    EXPECT_EQ(keyIdOf(box.venue.requests[0]), "PKONE");
    EXPECT_EQ(keyIdOf(box.venue.requests[1]), "PKTWO");
    broker.useKey({});
    EXPECT_EQ(ask(broker), "broker.credentials_missing");
    EXPECT_EQ(box.venue.requests.size(), 2u);
}

TEST_F(AlpacaKeyTest, AStreamThatHadNoneIsTriedWithTheNewOneAtOnce)
{
    AlpacaBroker broker(keyless(), *box.http, *box.sockets, box.core, box.world.random());
    broker.start([](const BrokerEvent&) {});
    box.run(std::chrono::seconds(30));
    EXPECT_TRUE(box.venue.sessions.empty());
    broker.useKey(keyNamed("PKONE"));
    box.run(std::chrono::seconds(1));
    ASSERT_EQ(box.venue.sessions.size(), 1u);
    ASSERT_FALSE(box.venue.sessions[0]->received.empty());
    EXPECT_NE(box.venue.sessions[0]->received[0].find("PKONE"), std::string::npos);
    broker.useKey(keyNamed("PKTWO"));
    box.run(std::chrono::seconds(1));
    broker.stop();
}

TEST_F(AlpacaKeyTest, EachKeyOfMarketDataChangesAlone)
{
    auto settings = VenueWorld::settings();
    settings.moreDataKeys.push_back(keyNamed("PKMORE"));
    box.venue.onOpen = [](ScriptedVenue::Session& session) {
        session.tell(R"([{"T":"success","msg":"connected"}])");
    };
    AlpacaFeed feed(std::move(settings), *box.http, *box.sockets, box.core, box.core,
                    box.world.random());
    feed.useKey(1, keyNamed("PKOTHER"));
    feed.useKey(0, keyNamed("PKFIRST"));
    feed.start([](const std::vector<MarketEvent>&) {});
    box.run(std::chrono::seconds(1));
    ASSERT_FALSE(box.venue.sessions.empty());
    ASSERT_FALSE(box.venue.sessions[0]->received.empty());
    EXPECT_NE(box.venue.sessions[0]->received[0].find("PKFIRST"), std::string::npos);
    const auto ask = [&] {
        feed.bars(Symbol::of("SPY"), BarInterval::Minute1, box.world.now() - std::chrono::hours(1),
                  box.world.now(), [](const auto&) {});
        box.run(std::chrono::seconds(1));
        return box.venue.requests.empty() ? std::string() : keyIdOf(box.venue.requests.back());
    };
    EXPECT_EQ(ask(), "PKFIRST");
    box.venue.next(401, R"({"message":"unauthorized"})"); // hands over to the second key
    EXPECT_EQ(ask(), "PKOTHER");
    feed.stop();
}

class AlpacaConsentTest : public AlpacaKeyTest {
protected:
    static AlpacaSettings::Key token(const std::string& text)
    {
        return {{}, {}, runtime::Secret(text)};
    }
    static std::string bearerOf(const wire::HttpRequest& request)
    {
        return std::string(request.headers.find("Authorization"));
    }
    /// The stream takes whatever is shown.
    void letIn()
    {
        box.venue.onText = [](ScriptedVenue::Session& session, const std::string& text) {
            if (text.find("authenticate") != std::string::npos)
                session.tell(R"({"stream":"authorization","data":{"status":"authorized"}})");
            else
                session.tell(R"({"stream":"listening","data":{"streams":["trade_updates"]}})");
        };
    }
    AlpacaBroker broker{keyless(), *box.http, *box.sockets, box.core, box.world.random()};
};

TEST_F(AlpacaConsentTest, QuestionsCarryTheTokenAndNoKey)
{
    broker.useKey(token(kFirst));
    ask(broker);
    ASSERT_EQ(box.venue.requests.size(), 1u);
    EXPECT_EQ(bearerOf(box.venue.requests[0]), std::string("Bearer ") + kFirst);
    EXPECT_FALSE(box.venue.requests[0].headers.contains("APCA-API-KEY-ID"));
    EXPECT_TRUE(broker.status().authenticated);
}

TEST_F(AlpacaConsentTest, ARefusedOneIsReplacedAndTheRequestMadeOnceMore)
{
    int renewals = 0;
    broker.renewBy([&](const std::function<void(bool)>& then) {
        broker.useKey(token(kSecond + std::to_string(++renewals)));
        then(true);
    });
    broker.useKey(token(kFirst));
    box.venue.next(401, "{}");
    ask(broker);
    ASSERT_EQ(box.venue.requests.size(), 2u);
    EXPECT_EQ(bearerOf(box.venue.requests[1]), std::string("Bearer ") + kSecond + "1");
    box.venue.next(401, "{}");
    box.venue.next(401, "{}");
    EXPECT_NE(ask(broker), "ok") << "a second refusal is the answer";
    EXPECT_EQ(box.venue.requests.size(), 4u);
    EXPECT_EQ(renewals, 2);
}

TEST_F(AlpacaConsentTest, AnOrderIsNotKeptWaitingForAnotherToken)
{
    broker.renewBy([](const std::function<void(bool)>&) {}); // never tells
    broker.useKey(token(kFirst));
    box.venue.next(401, R"({"message":"unauthorized"})");
    std::optional<Outcome> outcome;
    OrderRequest request;
    request.clientOrderId = ClientOrderId("11111111-1111-4111-8111-111111111111");
    request.symbol = Symbol::of("SPY");
    request.quantity = Quantity::of("1");
    broker.submit(request, {}, [&](Outcome told) { outcome = std::move(told); });
    box.run(RequestGate::kOrderWaitMax + std::chrono::seconds(1));
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(std::holds_alternative<Refused>(*outcome)) << "it was certainly not acted on";
    EXPECT_EQ(box.venue.requests.size(), 1u);
}

TEST_F(AlpacaConsentTest, AStreamThatIsNotLetInTriesEachTokenAndEndsWithTheLast)
{
    box.venue.onOpen = [](ScriptedVenue::Session&) {};
    std::vector<ConnectionChange> changes;
    broker.start([&](const BrokerEvent& event) {
        if (const auto* change = std::get_if<ConnectionChange>(&event)) changes.push_back(*change);
    });
    broker.useKey(token(kFirst));
    box.run(std::chrono::seconds(1));
    broker.useKey(token(kSecond));
    box.run(std::chrono::seconds(1));
    ASSERT_EQ(box.venue.sessions.size(), 2u);
    EXPECT_TRUE(box.venue.sessions[0]->closed);
    ASSERT_FALSE(box.venue.sessions[1]->received.empty());
    EXPECT_NE(box.venue.sessions[1]->received[0].find(R"("oauth_token":"OAUTH-TWO")"),
              std::string::npos);
    broker.useKey({});
    box.run(std::chrono::minutes(5));
    EXPECT_TRUE(box.venue.sessions[1]->closed);
    EXPECT_EQ(box.venue.sessions.size(), 2u) << "connected again without access";
    ASSERT_FALSE(changes.empty());
    EXPECT_FALSE(changes.back().connected);
    broker.stop();
}

TEST_F(AlpacaConsentTest, AStreamThatIsUpStaysSoWhenItsTokenIsRenewed)
{
    letIn();
    std::vector<ConnectionChange> changes;
    broker.start([&](const BrokerEvent& event) {
        if (const auto* change = std::get_if<ConnectionChange>(&event)) changes.push_back(*change);
    });
    broker.useKey(token(kFirst));
    box.run(std::chrono::seconds(1));
    ASSERT_FALSE(changes.empty());
    ASSERT_TRUE(changes.back().connected) << changes.back().reason;
    const auto told = changes.size();
    broker.useKey(token(kSecond));
    box.run(std::chrono::seconds(30));
    EXPECT_EQ(box.venue.sessions.size(), 1u) << "each connection makes the order room compare";
    EXPECT_EQ(changes.size(), told);
    broker.stop();
}

TEST_F(AlpacaConsentTest, TheStreamIsConnectedAnewOnceItsTokenWasRefused)
{
    broker.renewBy([&](const std::function<void(bool)>& then) {
        broker.useKey(token(kSecond));
        then(true);
    });
    letIn();
    broker.start([](const BrokerEvent&) {});
    broker.useKey(token(kFirst));
    box.run(std::chrono::seconds(1));
    box.venue.next(401, "{}");
    ask(broker);
    ASSERT_EQ(box.venue.sessions.size(), 2u);
    EXPECT_TRUE(box.venue.sessions[0]->closed);
    ASSERT_FALSE(box.venue.sessions[1]->received.empty());
    EXPECT_NE(box.venue.sessions[1]->received[0].find(R"("oauth_token":"OAUTH-TWO")"),
              std::string::npos);
    broker.stop();
}

TEST_F(AlpacaConsentTest, MarketDataSignsInWithItAndLeavesWithIt)
{
    box.venue.onOpen = [](ScriptedVenue::Session& session) {
        session.tell(R"([{"T":"success","msg":"connected"}])");
    };
    AlpacaFeed feed(keyless(), *box.http, *box.sockets, box.core, box.core, box.world.random());
    feed.start([](const std::vector<MarketEvent>&) {});
    box.run(std::chrono::minutes(1));
    EXPECT_TRUE(box.venue.sessions.empty()) << "there is nothing to sign in with";
    feed.useKey(0, token(kFirst));
    box.run(std::chrono::seconds(1));
    ASSERT_FALSE(box.venue.sessions.empty());
    ASSERT_FALSE(box.venue.sessions[0]->received.empty());
    EXPECT_NE(box.venue.sessions[0]->received[0].find(R"("key":"oauth","secret":"OAUTH-ONE")"),
              std::string::npos);
    const auto before = box.venue.sessions.size();
    feed.useKey(0, {});
    box.run(std::chrono::minutes(1));
    for (const auto& session : box.venue.sessions) EXPECT_TRUE(session->closed);
    EXPECT_EQ(box.venue.sessions.size(), before);
    feed.stop();
}

} // namespace
} // namespace qd::brokers::test
