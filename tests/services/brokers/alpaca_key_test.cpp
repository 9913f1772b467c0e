// A key that changes while the adapters run.
#include <gtest/gtest.h>

#include "services/brokers/alpaca/alpaca_broker.h"
#include "services/brokers/alpaca/alpaca_feed.h"
#include "tests/services/brokers/venue_world.h"

namespace qd::brokers::test {
namespace {

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

} // namespace
} // namespace qd::brokers::test
