// What an authorization server has given out opens the venue, as long as it is alive there.
#include <set>

#include "tests/services/sandbox/venue_fixture.h"

namespace qd::sandbox::test {
namespace {

class ConsentedVenue : public VenueTest {
protected:
    ConsentedVenue()
    {
        alpaca::ApiKey key;
        key.keyId = "oauth";
        key.account = AccountId("paper");
        key.accepts = [this](std::string_view token) { return alive.contains(std::string(token)); };
        venue.addKey(std::move(key));
    }
    int account(const std::string& token)
    {
        return begin(venue, "GET", "/v2/account", "", {{"Authorization", "Bearer " + token}})->status;
    }
    std::set<std::string> alive{"good"};
};

TEST_F(ConsentedVenue, TakesLiveTokensAndAnswers401ToDeadOnes)
{
    EXPECT_EQ(account("good"), 200);
    EXPECT_EQ(account("never-given"), 401);
    alive.clear();
    const auto dead = begin(venue, "GET", "/v2/account", "", {{"Authorization", "Bearer good"}});
    EXPECT_EQ(dead->status, 401);
    EXPECT_EQ(dead->headers.find("WWW-Authenticate"), "Bearer error=\"invalid_token\"");
    const auto bars = begin(venue, "GET", "/v2/stocks/SPY/snapshot", "",
                            {{"Authorization", "Bearer good"}});
    EXPECT_EQ(bars->status, 401) << "market data too";
}

TEST_F(ConsentedVenue, HasNoKeyThatOpensWithoutASecret)
{
    const auto answer = begin(venue, "GET", "/v2/account", "",
                              {{"APCA-API-KEY-ID", "oauth"}, {"APCA-API-SECRET-KEY", ""}});
    EXPECT_EQ(answer->status, 403);
}

TEST_F(ConsentedVenue, StreamsTakeThemAndEndAlone)
{
    auto consented = connect("/stream");
    consented->say(R"({"action":"authenticate","data":{"oauth_token":"good"}})");
    EXPECT_TRUE(consented->saw(R"("status":"authorized")"));
    auto data = connect("/v2/iex");
    data->say(R"({"action":"auth","key":"oauth","secret":"good"})");
    EXPECT_TRUE(data->saw("authenticated"));
    auto keyed = listenToTrades();
    venue.disconnectTradeStreams("oauth");
    venue.disconnectDataStreams("oauth");
    EXPECT_FALSE(consented->open);
    EXPECT_FALSE(data->open);
    EXPECT_TRUE(keyed->open) << "another customer's stream was closed";
    alive.clear();
    auto late = connect("/stream");
    late->say(R"({"action":"authenticate","data":{"oauth_token":"good"}})");
    EXPECT_TRUE(late->saw(R"("status":"unauthorized")"));
}

} // namespace
} // namespace qd::sandbox::test
