// Chains of option contracts at the venue: listing, prices by REST, the MessagePack stream.

#include <gmock/gmock.h>

#include "services/exchange/replay_market.h"
#include "services/json/message_pack.h"
#include "services/sandbox/alpaca/alpaca_venue.h"
#include "tests/services/sandbox/venue_fixture.h"

namespace qd::sandbox::test {
namespace {

using testing::HasSubstr;

exchange::Recording chainOf(const char* symbol, const char* bid)
{
    exchange::Recording recording;
    recording.kind = exchange::Recording::Kind::QuoteBars;
    recording.instrument = exchange::recordedInstrument(Symbol::of(symbol));
    recording.openInterest = Quantity::of("417");
    const auto begin = Timestamp::of("2015-12-23T14:30:00Z");
    const Price low = Price::of(bid), high = low + Price::of("0.1");
    for (int minute = 0; minute < 30; ++minute)
        recording.quoteBars.push_back({begin + std::chrono::minutes(minute), low, low, low, low,
                                       Quantity::of("3"), high, high, high, high,
                                       Quantity::of("5")});
    return recording;
}

class Options : public testing::Test {
protected:
    Options() : random(3), venue(executor, random, market(), {})
    {
        alpaca::ApiKey key;
        key.keyId = "PKTEST";
        key.secret = runtime::Secret("sesame");
        key.account = AccountId("paper");
        venue.addKey(std::move(key));
        venue.start();
        world.run(120s);
    }
    static std::unique_ptr<exchange::MarketSource> market()
    {
        exchange::ReplayOptions options;
        options.stamps = exchange::ReplayStamps::ShiftedToNow;
        return std::make_unique<exchange::ReplayMarket>(
            std::vector<exchange::Recording>{chainOf("GOOG151224C00750000", "2.05"),
                                             chainOf("GOOG151224P00750000", "3.05"),
                                             chainOf("GOOG151231C00800000", "0.05")},
            options);
    }
    Answer ask(const std::string& method, const std::string& target, std::string body = {})
    {
        wire::HttpRequest request;
        request.method = method;
        request.target = target;
        request.body = std::move(body);
        request.headers = {{"APCA-API-KEY-ID", "PKTEST"}, {"APCA-API-SECRET-KEY", "sesame"}};
        Answer answer;
        venue.handle(std::move(request), [&answer](wire::HttpResponse response) {
            answer.came = true;
            answer.status = response.status;
            answer.text = response.body;
            if (auto document = json::Document::parse(response.body))
                answer.document = std::make_shared<json::Document>(std::move(*document));
        });
        return answer;
    }
    std::shared_ptr<MemorySocket> connect(const std::string& path)
    {
        wire::HttpRequest request;
        request.method = "GET";
        request.target = path;
        auto events = venue.upgrade(request);
        auto socket = std::make_shared<MemorySocket>();
        if (!events)
            return socket;
        socket->events = std::move(*events);
        socket->events.onOpen(socket);
        return socket;
    }
    static std::string packed(const std::string& text)
    {
        const auto document = json::Document::parse(text);
        return json::toMessagePack(document->root(), json::TimestampForm::Text);
    }
    static std::string lastOf(const MemorySocket& socket)
    {
        return json::fromMessagePack(socket.sent.back().payload).value_or("not MessagePack");
    }

    qd::test::SimWorld world;
    qd::test::SimExecutor executor{world};
    runtime::SeededRandom random;
    alpaca::AlpacaVenue venue;
};

TEST_F(Options, ContractsAreListedByTheirFiltersInPages)
{
    const Answer all = ask("GET", "/v2/options/contracts?underlying_symbols=GOOG&limit=2");
    ASSERT_EQ(all.status, 200) << all.text;
    ASSERT_EQ(all["option_contracts"].size(), 2u);
    const auto first = all["option_contracts"].at(0);
    EXPECT_EQ(first["symbol"].stringOr(""), "GOOG151224C00750000");
    EXPECT_EQ(first["strike_price"].stringOr(""), "750");
    EXPECT_EQ(first["expiration_date"].stringOr(""), "2015-12-24");
    EXPECT_EQ(first["type"].stringOr(""), "call");
    EXPECT_EQ(first["open_interest"].stringOr(""), "417");
    const Answer rest = ask("GET", "/v2/options/contracts?underlying_symbols=GOOG&limit=2&page_token="
                                       + all.string("next_page_token"));
    EXPECT_EQ(rest["option_contracts"].size(), 1u);
    EXPECT_TRUE(rest["next_page_token"].isNull());
    EXPECT_EQ(ask("GET", "/v2/options/contracts?type=put")["option_contracts"].size(), 1u);
    EXPECT_EQ(ask("GET", "/v2/options/contracts?strike_price_gte=800")["option_contracts"].size(), 1u);
    EXPECT_EQ(ask("GET", "/v2/options/contracts?underlying_symbols=SPY")["option_contracts"].size(), 0u);
    EXPECT_EQ(ask("GET", "/v2/options/contracts?strike_price_gte=x").status, 422);
    EXPECT_EQ(ask("GET", "/v2/options/contracts/GOOG151224P00750000").status, 200);
    EXPECT_EQ(ask("GET", "/v2/options/contracts/GOOG151224P00751000").status, 404);
    EXPECT_EQ(ask("GET", "/v2/assets").size(), 0u) << "contracts are no assets";
}

TEST_F(Options, QuotesAndSnapshotsComeBySymbolAndByUnderlying)
{
    const Answer quote =
        ask("GET", "/v1beta1/options/quotes/latest?symbols=GOOG151224C00750000");
    EXPECT_THAT(quote.text, HasSubstr(R"("bp":2.05)"));
    EXPECT_THAT(quote.text, HasSubstr(R"("ap":2.15)"));
    const Answer chain = ask("GET", "/v1beta1/options/snapshots/GOOG?limit=2&type=call");
    EXPECT_EQ(chain["snapshots"].size(), 2u) << chain.text;
    EXPECT_TRUE(chain["next_page_token"].isNull());
    const Answer page = ask("GET", "/v1beta1/options/snapshots/GOOG?limit=1");
    EXPECT_EQ(page.string("next_page_token"), "GOOG151224P00750000");
    EXPECT_EQ(ask("GET", "/v1beta1/options/snapshots/GOOG?limit=1001").status, 400);
    EXPECT_EQ(ask("GET", "/v1beta1/options/quotes/latest?symbols=GOOG").status, 400);
}

TEST_F(Options, TheStreamSpeaksMessagePackAlone)
{
    auto socket = connect("/v1beta1/indicative");
    ASSERT_FALSE(socket->sent.empty());
    EXPECT_TRUE(socket->sent.back().binary);
    socket->say(R"({"action":"auth","key":"PKTEST","secret":"sesame"})");
    EXPECT_THAT(lastOf(*socket), HasSubstr("412"));
    socket->say(packed(R"({"action":"auth","key":"PKTEST","secret":"sesame"})"), true);
    EXPECT_THAT(lastOf(*socket), HasSubstr("authenticated"));
    socket->say(packed(R"({"action":"subscribe","quotes":["*"]})"), true);
    EXPECT_THAT(lastOf(*socket), HasSubstr("413"));
    socket->say(packed(R"({"action":"subscribe","quotes":["GOOG151224C00750000"]})"), true);
    EXPECT_EQ(lastOf(*socket),
              R"([{"T":"subscription","trades":[],"quotes":["GOOG151224C00750000"]}])");
    socket->sent.clear();
    world.run(120s);
    ASSERT_FALSE(socket->sent.empty());
    EXPECT_THAT(lastOf(*socket), HasSubstr(R"("T":"q","S":"GOOG151224C00750000")"));
    EXPECT_THAT(lastOf(*socket), HasSubstr(R"("bp":2.05)"));
}

TEST_F(Options, AnOrderIsRefusedAndCostsNothing)
{
    const Answer refused = ask("POST", "/v2/orders",
                               R"({"symbol":"GOOG151224C00750000","qty":"1","side":"buy",)"
                               R"("type":"limit","limit_price":"2.15","time_in_force":"day"})");
    EXPECT_EQ(refused.status, 422) << refused.text;
    EXPECT_THAT(refused.text, HasSubstr("account not eligible to trade options"));
    const Answer account = ask("GET", "/v2/account");
    EXPECT_EQ(account.string("cash"), "100000");
}

} // namespace
} // namespace qd::sandbox::test
