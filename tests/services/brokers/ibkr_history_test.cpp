// How many of IBKR's histories are asked for at once.
#include "services/brokers/ibkr/history_lane.h"

#include <gtest/gtest.h>

#include "services/brokers/ibkr/ibkr_settings.h"
#include "tests/services/brokers/venue_world.h"

namespace qd::brokers::ibkr {
namespace {

using std::chrono::seconds;

class IbkrHistory : public ::testing::Test, public brokers::test::VenueWorld {
protected:
    IbkrHistory() { network.faults().delayMin = network.faults().delayMax = seconds(4); } // each way
    static IbkrSettings given()
    {
        IbkrSettings settings;
        settings.gatewayUrl = "https://alpaca.test/v1/api"; // the world's one venue
        return settings;
    }
    void ask(int count)
    {
        for (int i = 0; i < count; ++i) {
            RequestGate::Request question;
            question.path = "/iserver/marketdata/history?conid=" + std::to_string(i);
            lane.ask(std::move(question), [this](const Result<wire::HttpResponse>& result) {
                ++(result ? answered : failed);
            });
        }
    }

    int answered = 0, failed = 0;
    IbkrSettings settings = given();
    RequestGate gate{gateTerms(settings), *http, core, world.random()};
    HistoryLane lane{gate};
};

TEST_F(IbkrHistory, FiveAreAskedForAtOnceAndTheRestInTurn)
{
    ask(8);
    run(seconds(7));
    EXPECT_EQ(venue.requests.size(), 5u) << "a sixth beside them is refused by IBKR";
    EXPECT_EQ(answered, 0);
    run(seconds(30));
    EXPECT_EQ(venue.requests.size(), 8u);
    EXPECT_EQ(answered, 8);
}

TEST_F(IbkrHistory, MoreThanCanWaitAreRefused)
{
    ask(HistoryLane::kAtOnce + static_cast<int>(HistoryLane::kWaitingMax));
    EXPECT_EQ(failed, 0);
    ask(1);
    EXPECT_EQ(failed, 1);
}

} // namespace
} // namespace qd::brokers::ibkr
