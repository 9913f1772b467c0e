#include "services/brokers/data_gate.h"

#include <map>

#include <gtest/gtest.h>

#include "services/brokers/alpaca/gate_terms.h"
#include "tests/services/brokers/venue_world.h"

namespace qd::brokers {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class DataGateTest : public ::testing::Test, public test::VenueWorld {
protected:
    DataGateTest()
    {
        given.moreDataKeys.push_back({runtime::Secret("PKSECOND"), runtime::Secret("two")});
        given.moreDataKeys.push_back({runtime::Secret("PKTHIRD"), runtime::Secret("three")});
        gate = std::make_unique<DataGate>(alpaca::dataTerms(given), *http, core, world.random());
        venue.answer = [this](const wire::HttpRequest& request) {
            const std::string key(request.headers.find("APCA-API-KEY-ID"));
            const auto found = status.find(key);
            wire::HttpResponse response{found == status.end() ? 200 : found->second, {}, "{}"};
            if (response.status == 429) response.headers.set("Retry-After", "30");
            return response;
        };
    }
    /// The status that the question ended with, and the key it went by last.
    std::pair<int, std::string> ask()
    {
        int answered = 0;
        DataGate::Request request;
        request.path = "/v2/stocks/snapshots?symbols=SPY";
        gate->send(std::move(request), [&](const Result<wire::HttpResponse>& result) {
            answered = result ? result->status : -1;
        });
        run(seconds(1));
        return {answered, std::string(venue.requests.back().headers.find("APCA-API-KEY-ID"))};
    }
    using Answer = std::pair<int, std::string>;

    AlpacaSettings given = settings();
    std::map<std::string, int> status; ///< by key; else 200
    std::unique_ptr<DataGate> gate;
};

TEST_F(DataGateTest, OneKeyIsUsedWhileItIsLetIn)
{
    for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(), Answer(200, "PKTEST"));
    ASSERT_EQ(gate->keys().size(), 3u);
    EXPECT_TRUE(gate->keys()[0].inUse);
}

TEST_F(DataGateTest, AUsedUpKeyHandsTheSameQuestionToTheNext)
{
    status["PKTEST"] = 429;
    EXPECT_EQ(ask(), Answer(200, "PKSECOND"));
    EXPECT_EQ(venue.requests.size(), 2u) << "the asker does not notice";
    EXPECT_EQ(ask(), Answer(200, "PKSECOND")) << "and the next question goes there at once";
    EXPECT_EQ(venue.requests.size(), 3u);
    EXPECT_TRUE(gate->keys()[0].heldUntil.isSet());
    EXPECT_TRUE(gate->keys()[1].inUse);
    EXPECT_FALSE(gate->heldUntil().isSet());
}

TEST_F(DataGateTest, ARefusedKeyIsLeftAndTriedAgainLater)
{
    status["PKTEST"] = 401;
    EXPECT_EQ(ask(), Answer(200, "PKSECOND"));
    EXPECT_TRUE(gate->keys()[0].refused);
    status["PKSECOND"] = status["PKTHIRD"] = 403;
    EXPECT_EQ(ask(), Answer(403, "PKTHIRD")) << "told when all are refused";
    status.clear();
    run(DataGate::kRefusedFor);
    EXPECT_EQ(ask().first, 200);
    for (int i = 0; i < 3; ++i) ask();
    EXPECT_FALSE(gate->keys()[0].refused);
}

TEST_F(DataGateTest, WithEveryKeyUsedUpTheNextTryIsKnown)
{
    status = {{"PKTEST", 429}, {"PKSECOND", 429}, {"PKTHIRD", 429}};
    EXPECT_EQ(ask().first, 429);
    EXPECT_EQ(venue.requests.size(), 3u) << "each key once";
    ASSERT_TRUE(gate->heldUntil().isSet());
    EXPECT_GE(gate->heldUntil(), world.now() + Duration(seconds(25)));
    EXPECT_LE(gate->heldUntil(), world.now() + Duration(seconds(40)));
    status.clear();
    run(seconds(40));
    EXPECT_EQ(ask().first, 200);
}

TEST_F(DataGateTest, EachKeyHasALimitOfItsOwn)
{
    for (int i = 0; i < 150; ++i) {
        DataGate::Request request;
        request.path = "/v2/stocks/snapshots?symbols=SPY";
        gate->send(std::move(request), [](const auto&) {});
    }
    run(std::chrono::milliseconds(500));
    std::map<std::string, int> sent;
    for (const auto& request : venue.requests)
        ++sent[std::string(request.headers.find("APCA-API-KEY-ID"))];
    EXPECT_EQ(sent.size(), 3u) << "a burst that one key may not send is spread";
    EXPECT_GT(venue.requests.size(), 100u);
}

TEST_F(DataGateTest, EachKeyHasABreakerOfItsOwn)
{
    status["PKTEST"] = 500;
    for (int i = 0; i < 5; ++i) ask();
    EXPECT_EQ(gate->breakers()[0]->snapshot().state, resilience::BreakerState::Open);
    EXPECT_EQ(ask(), Answer(200, "PKSECOND"));
    EXPECT_EQ(gate->breakers()[1]->snapshot().state, resilience::BreakerState::Closed);
}

} // namespace
} // namespace qd::brokers
