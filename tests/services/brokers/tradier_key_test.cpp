// Tradier by a user's consent: access that is given, replaced and taken away while the adapters run.
#include <algorithm>

#include <gtest/gtest.h>

#include "services/brokers/tradier/tradier_broker.h"
#include "services/brokers/tradier/tradier_feed.h"
#include "tests/services/brokers/venue_world.h"

namespace qd::brokers::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kOldAccess = "OAUTH-ONE";
constexpr const char* kNewAccess = "OAUTH-TWO";

bool isSession(const wire::HttpRequest& request)
{
    return request.target.ends_with("/events/session");
}

class TradierConsentTest : public ::testing::Test {
protected:
    TradierConsentTest()
    {
        box.venue.answer = [this](const wire::HttpRequest& request) {
            if (request.headers.find("Authorization") == std::string("Bearer ") + dead)
                return wire::HttpResponse{401, {}, "Invalid Access Token"};
            if (isSession(request))
                return wire::HttpResponse{200, {}, R"({"stream":{"url":"u","sessionid":"s"}})"};
            return wire::HttpResponse{200, {}, R"({"positions":"null"})"};
        };
        box.venue.onText = [](ScriptedVenue::Session& session, const std::string&) {
            session.tell(R"({"event":"heartbeat","status":"active","timestamp":"1"})");
        };
    }
    static TradierSettings keyless()
    {
        TradierSettings settings;
        settings.baseUrl = "https://alpaca.test"; // the world's one venue
        settings.streamUrl = settings.marketStreamUrl = "wss://alpaca.test";
        settings.accountNumber = "VA000001";
        return settings;
    }
    static runtime::Secret token(const char* text) { return runtime::Secret(text); }
    static std::string bearerOf(const wire::HttpRequest& request)
    {
        return std::string(request.headers.find("Authorization"));
    }
    /// The code that a question for positions fails with.
    std::string ask()
    {
        std::string code = "no answer";
        broker.listPositions([&](const Result<std::vector<Position>>& positions) {
            code = positions ? "ok" : positions.error().code;
        });
        box.run(seconds(1));
        return code;
    }
    void renewWith(const char* text)
    {
        broker.renewBy([this, text](const std::function<void(bool)>& then) {
            ++renewals;
            broker.useToken(token(text));
            then(true);
        });
    }
    void listen()
    {
        broker.start([this](const BrokerEvent& event) {
            if (const auto* change = std::get_if<ConnectionChange>(&event)) changes.push_back(*change);
        });
        box.run(seconds(1));
    }
    std::size_t openSessions() const
    {
        return static_cast<std::size_t>(std::ranges::count_if(
            box.venue.sessions, [](const auto& session) { return !session->closed; }));
    }

    VenueWorld box;
    std::string dead; ///< an access token that the venue refuses
    int renewals = 0;
    std::vector<ConnectionChange> changes;
    TradierBroker broker{keyless(), *box.http, *box.sockets, box.core, box.world.random()};
};

TEST_F(TradierConsentTest, TheWayBackIsToConnectAgainAndNotAFile)
{
    EXPECT_NE(broker.status().wayBack.find("tradier.credentials_file"), std::string_view::npos);
    renewWith(kNewAccess);
    const auto status = broker.status();
    EXPECT_FALSE(status.authenticated);
    EXPECT_NE(status.wayBack.find("/v1/connections/tradier/begin"), std::string_view::npos)
        << status.wayBack;
    EXPECT_EQ(status.wayBack.find("credentials_file"), std::string_view::npos) << status.wayBack;
}

TEST_F(TradierConsentTest, ARefusedTokenIsReplacedAndTheRequestMadeOnceMore)
{
    renewWith(kNewAccess);
    broker.useToken(token(kOldAccess));
    dead = kOldAccess;
    EXPECT_EQ(ask(), "ok");
    ASSERT_EQ(box.venue.requests.size(), 2u);
    EXPECT_EQ(bearerOf(box.venue.requests[0]), std::string("Bearer ") + kOldAccess);
    EXPECT_EQ(bearerOf(box.venue.requests[1]), std::string("Bearer ") + kNewAccess);
    EXPECT_TRUE(broker.status().authenticated);
    dead = kNewAccess;
    EXPECT_EQ(ask(), "tradier.unauthorized") << "a second refusal is the answer";
    EXPECT_EQ(box.venue.requests.size(), 4u);
    EXPECT_EQ(renewals, 2);
    EXPECT_FALSE(broker.status().authenticated);
}

TEST_F(TradierConsentTest, AnOrderIsNotKeptWaitingForAnotherToken)
{
    broker.renewBy([](const std::function<void(bool)>&) {}); // never tells
    broker.useToken(token(kOldAccess));
    dead = kOldAccess;
    OrderRequest request;
    request.clientOrderId = ClientOrderId("11111111-1111-4111-8111-111111111111");
    request.symbol = Symbol::of("SPY");
    request.quantity = Quantity::of("1");
    std::optional<Outcome> outcome;
    broker.submit(request, {}, [&](Outcome told) { outcome = std::move(told); });
    box.run(RequestGate::kOrderWaitMax + seconds(1));
    ASSERT_TRUE(outcome);
    EXPECT_TRUE(std::holds_alternative<Refused>(*outcome)) << "it was certainly not acted on";
    EXPECT_EQ(box.venue.requests.size(), 1u);
}

TEST_F(TradierConsentTest, WhereItWasRefusedForGoodTheNextTokenIsShownAtOnce)
{
    broker.useToken(token(kOldAccess));
    dead = kOldAccess;
    EXPECT_EQ(ask(), "tradier.unauthorized");
    EXPECT_FALSE(broker.status().authenticated);
    const auto before = box.venue.requests.size();
    broker.useToken(token(kNewAccess));
    box.run(seconds(1));
    EXPECT_EQ(box.venue.requests.size(), before + 1) << "else orders are refused until the next question";
    EXPECT_TRUE(broker.status().authenticated);
}

TEST_F(TradierConsentTest, AStreamThatIsUpStaysSoWhenItsTokenIsRenewed)
{
    broker.useToken(token(kOldAccess));
    listen();
    ASSERT_FALSE(changes.empty());
    ASSERT_TRUE(changes.back().connected) << changes.back().reason;
    const auto told = changes.size();
    broker.useToken(token(kNewAccess));
    box.run(seconds(20));
    EXPECT_EQ(box.venue.sessions.size(), 1u) << "each connection makes the order room compare";
    EXPECT_EQ(changes.size(), told);
    broker.stop();
}

TEST_F(TradierConsentTest, TheStreamIsConnectedAnewOnceItsTokenWasRefused)
{
    renewWith(kNewAccess);
    broker.useToken(token(kOldAccess));
    listen();
    dead = kOldAccess;
    EXPECT_EQ(ask(), "ok");
    box.run(seconds(1));
    ASSERT_EQ(box.venue.sessions.size(), 2u) << "it was let in with what is dead now";
    EXPECT_TRUE(box.venue.sessions[0]->closed);
    EXPECT_TRUE(changes.back().connected);
    broker.stop();
}

TEST_F(TradierConsentTest, ASessionThatIsRefusedIsAskedForOnceMoreWithTheNewToken)
{
    renewWith(kNewAccess);
    dead = kOldAccess;
    broker.useToken(token(kOldAccess));
    listen();
    const auto sessions = std::ranges::count_if(box.venue.requests, &isSession);
    EXPECT_EQ(sessions, 2);
    EXPECT_EQ(renewals, 1);
    ASSERT_FALSE(changes.empty());
    EXPECT_TRUE(changes.back().connected) << changes.back().reason;
    broker.stop();
}

TEST_F(TradierConsentTest, WithoutAccessTheStreamEndsAndNothingIsSent)
{
    renewWith(kNewAccess);
    broker.useToken(token(kOldAccess));
    listen();
    broker.useToken({});
    box.run(seconds(1));
    EXPECT_EQ(openSessions(), 0u) << "the user has taken the access away";
    ASSERT_FALSE(changes.empty());
    EXPECT_FALSE(changes.back().connected);
    const auto asked = box.venue.requests.size();
    EXPECT_EQ(ask(), "broker.credentials_missing");
    box.run(minutes(5));
    EXPECT_EQ(box.venue.requests.size(), asked);
    EXPECT_EQ(renewals, 0);
    broker.useToken(token(kNewAccess));
    box.run(seconds(1));
    EXPECT_EQ(openSessions(), 1u) << "given again, it is used at once";
    broker.stop();
}

class TradierFeedConsentTest : public TradierConsentTest {
protected:
    TradierFeedConsentTest()
    {
        feed.start([this](const std::vector<MarketEvent>& batch) {
            for (const auto& event : batch)
                if (const auto* change = std::get_if<ConnectionChange>(&event)) changes.push_back(*change);
        });
        Subscriptions wanted;
        wanted.quotes = {Symbol::of("SPY")};
        feed.subscribe(std::move(wanted));
    }
    ~TradierFeedConsentTest() override { feed.stop(); }

    qd::test::SimExecutor io{box.world, "io"};
    std::unique_ptr<wire::WebSocketClient> ioSockets = box.network.makeWebSocketClient(io);
    TradierFeed feed{keyless(), *box.http, *ioSockets, box.core, io, box.world.random()};
};

TEST_F(TradierFeedConsentTest, MarketDataComeWithAccessAndLeaveWithIt)
{
    box.run(minutes(1));
    EXPECT_TRUE(box.venue.requests.empty()) << "there is nothing to sign in with";
    feed.useToken(token(kOldAccess));
    box.run(seconds(3));
    ASSERT_EQ(openSessions(), 1u);
    EXPECT_TRUE(changes.back().connected);
    const auto sessions = box.venue.sessions.size();
    feed.useToken(token(kNewAccess));
    box.run(seconds(3));
    EXPECT_EQ(box.venue.sessions.size(), sessions) << "a renewal makes no gap";
    feed.useToken({});
    box.run(minutes(1));
    EXPECT_EQ(openSessions(), 0u);
    EXPECT_FALSE(changes.back().connected);
    EXPECT_EQ(box.venue.sessions.size(), sessions);
}

TEST_F(TradierFeedConsentTest, ARefusedTokenIsReplacedAndTheSessionAskedForOnceMore)
{
    feed.renewBy([this](const std::function<void(bool)>& then) {
        ++renewals;
        feed.useToken(token(kNewAccess));
        then(true);
    });
    dead = kOldAccess;
    feed.useToken(token(kOldAccess));
    box.run(seconds(3));
    EXPECT_EQ(renewals, 1);
    ASSERT_EQ(openSessions(), 1u);
    EXPECT_TRUE(changes.back().connected);
}

} // namespace
} // namespace qd::brokers::test
