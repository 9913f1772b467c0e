// IBKR's questions about an order, at a gateway that says what the test says.
#include "services/brokers/ibkr/order_lane.h"

#include <gtest/gtest.h>

#include "services/brokers/ibkr/ibkr_settings.h"
#include "tests/services/brokers/venue_world.h"

namespace qd::brokers::ibkr {
namespace {

using std::chrono::seconds;

class IbkrLane : public ::testing::Test, public brokers::test::VenueWorld {
protected:
    static IbkrSettings given()
    {
        IbkrSettings settings;
        settings.gatewayUrl = "https://alpaca.test/v1/api"; // the world's one venue
        return settings;
    }
    static std::string question(int number)
    {
        return R"([{"id":"reply-)" + std::to_string(number) +
               R"(","message":["Are you sure?"],"isSuppressed":false,"messageIds":["o163"]}])";
    }
    Outcome send(std::vector<std::string> confirmations)
    {
        std::optional<tl::expected<Taken, Outcome>> end;
        lane.send({"/iserver/account/DU1/orders", "{}", {}, std::move(confirmations)},
                  [&](tl::expected<Taken, Outcome> told) { end = std::move(told); });
        world.runUntil([&] { return end.has_value(); }, std::chrono::minutes(2));
        QD_ASSERT(end.has_value());
        return *end ? Outcome(Accepted{}) : end->error();
    }

    IbkrSettings settings = given();
    RequestGate gate{gateTerms(settings), *http, core, world.random()};
    OrderLane lane{gate, core, [](const Error&) {}};
};

TEST_F(IbkrLane, QuestionsThatNeverEndAreAnsweredWithNo)
{
    int asked = 0;
    std::string last;
    venue.answer = [&](const wire::HttpRequest& request) {
        last = request.body;
        return wire::HttpResponse{200, {}, question(++asked)};
    };
    const auto outcome = send({"ibkr.o163"});
    ASSERT_TRUE(std::holds_alternative<Refused>(outcome));
    EXPECT_EQ(std::get<Refused>(outcome).error.code, "ibkr.too_many_questions");
    EXPECT_LE(asked, OrderLane::kQuestionsMax + 3);
    EXPECT_EQ(last, R"({"confirmed":false})") << "the last word";
}

TEST_F(IbkrLane, AYesThatIsLostLeavesTheOutcomeOpen)
{
    venue.next(200, question(1));
    venue.script.push_back(std::nullopt); // the yes gets no answer
    const auto outcome = send({"ibkr.o163"});
    EXPECT_TRUE(std::holds_alternative<Unknown>(outcome)) << "it may have been acted on";
}

TEST_F(IbkrLane, AnAnswerThatNobodyCanReadLeavesTheOutcomeOpen)
{
    for (const char* body : {"", "not json", "[]", R"([{"order_id":{}}])", "[{}]"}) {
        venue.next(200, body);
        EXPECT_TRUE(std::holds_alternative<Unknown>(send({}))) << body;
    }
    EXPECT_EQ(lane.malformedCount(), 5u);
    venue.next(200, R"([{"error":"\"BUY 1 ES\" Can not contain field # 8089","action":"order_submit_issue"}])");
    EXPECT_TRUE(std::holds_alternative<Refused>(send({}))) << "the third form of 200 is a refusal";
}

} // namespace
} // namespace qd::brokers::ibkr
