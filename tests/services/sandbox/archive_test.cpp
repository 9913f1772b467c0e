// A paper account outlasts the program: the venue closes, or is killed, and another one goes on.
#include <filesystem>
#include <fstream>

#include "services/sandbox/kept_json.h"
#include "services/sandbox/venue_archive.h"
#include "tests/services/sandbox/venue_fixture.h"
#include "tests/support/temp_dir.h"

namespace qd::sandbox::test {
namespace {

/// One life of the venue over `file`.
class Life {
public:
    Life(const std::string& file, Timestamp start, std::uint64_t seed,
         exchange::FillModel fills = exchange::FillModel::AlpacaPaper, int symbols = 30)
        : world(seed, start), executor(world), random(seed)
    {
        auto opened = VenueArchive::open(file, random);
        EXPECT_TRUE(opened) << (opened ? "" : describe(opened.error()));
        archive = std::move(*opened);
        alpaca::AlpacaOptions options;
        options.exchange.partialFillShare = 0;
        options.exchange.fillModel = fills;
        options.requestsPerMinute = 100'000;
        exchange::SimulationOptions market;
        market.symbols = symbols;
        market.updatesPerSecond = 300;
        market.halts = false;
        venue = std::make_unique<alpaca::AlpacaVenue>(
            executor, random, std::make_unique<exchange::SimulatedMarket>(market), options);
        kept = venue->keepIn(*archive, [this](const Error& error) { troubles.push_back(error); });
        if (!kept) return;
        alpaca::ApiKey key;
        key.keyId = "PKTEST";
        key.secret = runtime::Secret("sesame");
        key.account = AccountId("paper");
        venue->addKey(std::move(key));
        venue->start();
        world.run(200ms);
    }

    std::shared_ptr<json::Document> ask(const std::string& method, const std::string& target,
                                        const std::string& body = {})
    {
        wire::HttpRequest request;
        request.method = method;
        request.target = target;
        request.body = body;
        request.headers = {{"APCA-API-KEY-ID", "PKTEST"}, {"APCA-API-SECRET-KEY", "sesame"}};
        std::shared_ptr<json::Document> answer;
        venue->handle(std::move(request), [&](wire::HttpResponse response) {
            status = response.status;
            auto document = json::Document::parse(response.body.empty() ? "null" : response.body);
            if (document) answer = std::make_shared<json::Document>(std::move(*document));
        });
        return answer;
    }
    std::string order(const std::string& clientId, const std::string& more)
    {
        const auto answer =
            ask("POST", "/v2/orders",
                R"({"symbol":"SPY","qty":"10","client_order_id":")" + clientId + "\"," + more + "}");
        EXPECT_EQ(status, 200);
        return answer ? std::string(answer->root()["id"].stringOr("")) : "";
    }
    std::string member(const std::string& target, const char* name)
    {
        const auto answer = ask("GET", target);
        return answer ? std::string(answer->root()[name].stringOr("<none>")) : "";
    }
    std::string text(const std::string& target)
    {
        const auto answer = ask("GET", target);
        return answer ? answer->root().dump() : "";
    }

    qd::test::SimWorld world;
    qd::test::SimExecutor executor;
    runtime::SeededRandom random;
    std::unique_ptr<VenueArchive> archive;
    std::unique_ptr<alpaca::AlpacaVenue> venue;
    Result<void> kept;
    std::vector<Error> troubles;
    int status = 0;
};

class Archive : public testing::Test {
protected:
    std::string file() const { return (m_folder / "sandbox.db").string(); }
    /// What the disk holds at this moment, as a kill would leave it.
    std::string killed() const
    {
        const auto copy = (m_folder / "killed.db").string();
        for (const char* part : {"", "-wal"})
            if (std::filesystem::exists(file() + part))
                std::filesystem::copy_file(file() + part, copy + part,
                                           std::filesystem::copy_options::overwrite_existing);
        return copy;
    }

    qd::test::TempDir m_folder;
    Timestamp m_start = Timestamp::of("2026-01-05T15:00:00Z");
};

constexpr const char* kMarketBuy = R"("side":"buy","type":"market","time_in_force":"day")";
constexpr const char* kFarBid =
    R"("side":"buy","type":"limit","limit_price":"100","time_in_force":"gtc")";

TEST_F(Archive, AccountPositionsFillsAndOrdersAreThereAgain)
{
    std::string filled, working, activities, orders, cash, world;
    {
        Life life(file(), m_start, 1);
        filled = life.order("first", kMarketBuy);
        working = life.order("second", kFarBid);
        life.world.run(1s);
        ASSERT_EQ(life.member("/v2/orders/" + filled, "status"), "filled");
        activities = life.text("/v2/account/activities/FILL");
        orders = life.text("/v2/orders?status=all");
        cash = life.member("/v2/account", "cash");
        world = life.archive->world();
    }
    Life life(file(), m_start + Duration(60s), 2);
    ASSERT_TRUE(life.kept) << describe(life.kept.error());
    EXPECT_EQ(life.archive->world(), world);
    EXPECT_EQ(life.archive->openings(), 2u);
    EXPECT_EQ(life.member("/v2/account", "cash"), cash);
    EXPECT_EQ(life.member("/v2/positions/SPY", "qty"), "10");
    EXPECT_EQ(life.text("/v2/account/activities/FILL"), activities);
    EXPECT_EQ(life.text("/v2/orders?status=all"), orders);
    EXPECT_EQ(life.member("/v2/orders/" + working, "status"), "new");
    life.ask("POST", "/v2/orders",
             R"({"symbol":"SPY","qty":"1","client_order_id":"second",)" + std::string(kFarBid) + "}");
    EXPECT_EQ(life.status, 422) << "client order ids stay taken";
    life.ask("DELETE", "/v2/orders/" + working);
    life.world.run(1s);
    EXPECT_EQ(life.member("/v2/orders/" + working, "status"), "canceled");
}

TEST_F(Archive, WhatWasAnsweredSurvivesAKillAtThatMoment)
{
    Life life(file(), m_start, 1);
    const auto id = life.order("first", kFarBid);
    Life next(killed(), m_start + Duration(1s), 2);
    EXPECT_EQ(next.member("/v2/orders/" + id, "client_order_id"), "first");
    next.world.run(1s);
    EXPECT_EQ(next.member("/v2/orders/" + id, "status"), "new")
        << "an acknowledgement that was under way is taken up again";
}

TEST_F(Archive, ACancellationThatWasTakenHappensAfterTheKill)
{
    Life life(file(), m_start, 1);
    const auto id = life.order("first", kFarBid);
    life.world.run(1s);
    life.ask("DELETE", "/v2/orders/" + id);
    ASSERT_EQ(life.status, 204);
    Life next(killed(), m_start + Duration(2s), 2);
    next.world.run(1s);
    EXPECT_EQ(next.member("/v2/orders/" + id, "status"), "canceled");
}

TEST_F(Archive, AReplacementUnderWayIsFinishedAfterTheKill)
{
    Life life(file(), m_start, 1);
    const auto id = life.order("first", kFarBid);
    life.world.run(1s);
    const auto changed = life.ask("PATCH", "/v2/orders/" + id, R"({"limit_price":"101"})");
    ASSERT_EQ(life.status, 200);
    const std::string successor(changed->root()["id"].stringOr(""));
    Life next(killed(), m_start + Duration(2s), 2);
    next.world.run(1s);
    EXPECT_EQ(next.member("/v2/orders/" + id, "status"), "replaced");
    EXPECT_EQ(next.member("/v2/orders/" + successor, "status"), "new");
    EXPECT_EQ(next.member("/v2/orders/" + successor, "limit_price"), "101");
}

TEST_F(Archive, ABracketGoesOnWhereItWas)
{
    std::string entry;
    {
        Life life(file(), m_start, 1);
        entry = life.order("bracket",
                           R"("side":"buy","type":"market","time_in_force":"gtc",)"
                           R"("order_class":"bracket","take_profit":{"limit_price":"5000"},)"
                           R"("stop_loss":{"stop_price":"1"})");
        life.world.run(1s);
        ASSERT_EQ(life.member("/v2/orders/" + entry, "status"), "filled");
    }
    Life life(file(), m_start + Duration(60s), 2);
    const auto order = life.ask("GET", "/v2/orders/" + entry + "?nested=true");
    const auto legs = order->root()["legs"].items();
    ASSERT_EQ(legs.size(), 2u);
    EXPECT_EQ(legs[0]["status"].stringOr(""), "new");
    EXPECT_EQ(legs[1]["status"].stringOr(""), "held");
    const std::string profit(legs[0]["id"].stringOr("")), loss(legs[1]["id"].stringOr(""));
    const auto spy = *life.venue->exchange().find(Symbol::of("SPY"));
    life.venue->market().pin(spy, Price::of("0.90"), Price::of("0.95"), Quantity::of("100"),
                             Price::of("0.9"));
    life.world.run(1s);
    EXPECT_EQ(life.member("/v2/orders/" + loss, "status"), "filled");
    EXPECT_EQ(life.member("/v2/orders/" + profit, "status"), "canceled");
}

TEST_F(Archive, DayOrdersEndWithTheSessionThatEndedMeanwhile)
{
    std::string day, forGood;
    {
        Life life(file(), m_start, 1);
        day = life.order("day", R"("side":"buy","type":"limit","limit_price":"100",)"
                                R"("time_in_force":"day")");
        forGood = life.order("gtc", kFarBid);
        life.world.run(1s);
        ASSERT_EQ(life.member("/v2/orders/" + day, "status"), "new");
    }
    Life life(file(), m_start + Duration(24h), 2);
    life.world.run(1s);
    EXPECT_EQ(life.member("/v2/orders/" + day, "status"), "expired");
    EXPECT_EQ(life.member("/v2/orders/" + forGood, "status"), "new");
}

TEST_F(Archive, OrdersRestInTheBookAgain)
{
    std::string id;
    {
        Life life(file(), m_start, 1, exchange::FillModel::Book);
        id = life.order("book", kFarBid);
        life.world.run(1s);
    }
    Life life(file(), m_start + Duration(60s), 2, exchange::FillModel::Book);
    life.world.run(1s);
    ASSERT_EQ(life.member("/v2/orders/" + id, "status"), "new");
    const auto spy = *life.venue->exchange().find(Symbol::of("SPY"));
    life.venue->market().pin(spy, Price::of("99"), Price::of("99.50"), Quantity::of("100"), {});
    life.world.run(1s);
    EXPECT_EQ(life.member("/v2/orders/" + id, "status"), "filled");
}

TEST_F(Archive, PricesGoOnWhereTheyWouldHaveBeen)
{
    Price before;
    {
        Life life(file(), m_start, 1);
        before = life.venue->exchange().snapshot(0).quote->bid;
    }
    Life life(file(), m_start + Duration(60s), 2);
    const Price after = life.venue->exchange().snapshot(0).quote->bid;
    EXPECT_NEAR(after.toDouble() / before.toDouble(), 1.0, 0.01);
}

TEST_F(Archive, AResetAccountStaysReset)
{
    {
        Life life(file(), m_start, 1);
        life.order("first", kMarketBuy);
        life.world.run(1s);
        life.venue->exchange().resetAccount(AccountId("paper"), Money::of("5000"));
        life.order("second", kFarBid);
        life.world.run(1s);
    }
    Life life(file(), m_start + Duration(60s), 2);
    EXPECT_EQ(life.text("/v2/positions"), "[]");
    EXPECT_EQ(life.text("/v2/account/activities/FILL"), "[]");
    EXPECT_EQ(life.member("/v2/account", "cash"), "5000");
}

TEST_F(Archive, AMarketWithoutWhatIsHeldIsRefused)
{
    {
        Life life(file(), m_start, 1);
        const auto last = life.venue->exchange().instruments().back().symbol.text();
        life.ask("POST", "/v2/orders",
                 R"({"symbol":")" + last + R"(","notional":"50",)" + kMarketBuy + "}");
        life.world.run(1s);
        ASSERT_NE(life.text("/v2/positions"), "[]");
    }
    Life life(file(), m_start + Duration(60s), 2, exchange::FillModel::AlpacaPaper, 10);
    ASSERT_FALSE(life.kept);
    EXPECT_EQ(life.kept.error().code, "exchange.unknown_symbol");
}

TEST_F(Archive, TwoMarketsDoNotShareOneFile)
{
    Life life(file(), m_start, 1);
    runtime::SeededRandom random(3);
    const auto second = VenueArchive::open(file(), random);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, "sandbox.archive_in_use");
}

TEST_F(Archive, ADamagedRowIsNotRead)
{
    const auto order = readKeptOrder(R"({"number":1,"status":"flying"})");
    ASSERT_FALSE(order);
    EXPECT_EQ(order.error().kind, ErrorKind::Corrupt);
    EXPECT_NE(order.error().detail.find("status"), std::string::npos);
}

TEST_F(Archive, ARowWithoutTheNamesItIsKnownByIsNotRead)
{
    const auto order = readKeptOrder(R"({"id":"o-1","account":"paper","quantity":"1"})");
    ASSERT_FALSE(order);
    EXPECT_EQ(order.error().kind, ErrorKind::Corrupt);
    EXPECT_NE(order.error().detail.find("symbol"), std::string::npos);
    EXPECT_FALSE(readKeptAccount(R"({"cash":"100"})"));
    EXPECT_FALSE(readExecution(R"({"id":"e-1","order":"o-1","account":"paper"})"));
    EXPECT_TRUE(readKeptOrder(R"({"id":"o-1","account":"paper","symbol":"SPY"})"));
}

} // namespace
} // namespace qd::sandbox::test
