#include <filesystem>

#include "tests/services/sandbox/venue_fixture.h"
#include "tests/support/temp_dir.h"

namespace qd::sandbox::test {
namespace {

using DataApi = VenueTest;
using Shapes = VenueTest;

/// All bars of a query, page after page; also says how many pages there were.
std::vector<std::string> walk(const std::function<Answer(const std::string&)>& ask, int& pages)
{
    std::vector<std::string> times;
    std::string token;
    for (pages = 0; pages < 200; ++pages) {
        const Answer answer = ask(token);
        EXPECT_EQ(answer.status, 200) << answer.text;
        for (const auto& symbol : answer["bars"].members())
            for (const json::Value& bar : symbol.value.items())
                times.push_back(std::string(symbol.key) + " " + std::string(bar["t"].stringOr("")));
        if (answer["next_page_token"].isNull())
            return times;
        token = "&page_token=" + wire::percentEncode(answer["next_page_token"].stringOr(""));
    }
    ADD_FAILURE() << "the pages do not end";
    return times;
}

TEST_F(DataApi, PagesHoldTheSameAsOneLongAnswer)
{
    for (const std::string sort : {"asc", "desc"}) {
        const std::string base = "/v2/stocks/bars?symbols=SPY,AAPL&timeframe=1Hour"
                                 "&start=2025-12-20&end=2026-01-05&sort=" + sort;
        int pages = 0;
        const auto whole = walk(
            [&](const std::string& token) { return ask("GET", base + "&limit=10000" + token); },
            pages);
        const auto paged = walk(
            [&](const std::string& token) { return ask("GET", base + "&limit=37" + token); },
            pages);
        EXPECT_GT(pages, 3) << sort;
        EXPECT_EQ(whole, paged) << sort;
    }
}

TEST_F(DataApi, TheEndIsPartOfTheRange)
{
    const Answer bars = ask("GET", "/v2/stocks/SPY/bars?timeframe=1Day&start=2025-12-01&end=2025-12-03");
    EXPECT_EQ(bars["bars"].size(), 3u) << bars.text;
    EXPECT_EQ(bars.string("symbol"), "SPY");
}

TEST_F(DataApi, LongerBarsAreMadeOfShorterOnes)
{
    const std::string range = "&start=2026-01-02T15:00:00Z&end=2026-01-02T15:14:59Z";
    const Answer minutes = ask("GET", "/v2/stocks/SPY/bars?timeframe=1Min" + range);
    const Answer quarter = ask("GET", "/v2/stocks/SPY/bars?timeframe=15Min" + range);
    ASSERT_EQ(quarter["bars"].size(), 1u) << quarter.text;
    Decimal volume;
    for (const json::Value& bar : minutes["bars"].items())
        volume += bar["v"].decimalOr({});
    EXPECT_EQ(quarter["bars"].at(0)["v"].decimalOr({}), volume);
    EXPECT_EQ(quarter["bars"].at(0)["o"].decimalOr({}), minutes["bars"].at(0)["o"].decimalOr({}));
}

TEST_F(DataApi, LatestValuesAreKeyedBySymbolAndUnknownOnesLeftOut)
{
    price("SPY", "99.9", "100");
    const Answer many = ask("GET", "/v2/stocks/quotes/latest?symbols=SPY,NOSUCH");
    EXPECT_EQ(many["quotes"].size(), 1u);
    EXPECT_EQ(many["quotes"]["SPY"]["ap"].dump(), "100");
    EXPECT_EQ(ask("GET", "/v2/stocks/SPY/quotes/latest")["quote"]["bp"].dump(), "99.9");
    EXPECT_EQ(ask("GET", "/v2/stocks/NOSUCH/quotes/latest").status, 404);
    EXPECT_EQ(ask("GET", "/v2/stocks/bars?symbols=SPY&timeframe=7Weeks").status, 400);
    EXPECT_EQ(ask("GET", "/v2/stocks/bars?symbols=SPY&timeframe=1Day&page_token=%21").status, 400);
}

TEST_F(DataApi, PastQuotesAndTradesAreKeptForAWhile)
{
    world.run(20s);
    for (const std::string kind : {"quotes", "trades"}) {
        const Answer all = ask("GET", "/v2/stocks/" + kind + "?symbols=SPY&limit=1000"
                                      "&start=2026-01-01T00:00:00Z&end=2027-01-01T00:00:00Z");
        const auto list = all[kind]["SPY"].items();
        ASSERT_GT(list.size(), 5u) << kind << all.text.substr(0, 200);
        EXPECT_LE(list.size(), 256u);
        for (std::size_t i = 1; i < list.size(); ++i)
            EXPECT_LE(*list[i - 1]["t"].timestamp(), *list[i]["t"].timestamp());
    }
}

TEST(FreshVenue, KnowsEverySymbolBeforeTheMarketHasMoved)
{
    qd::test::SimWorld world(1);
    qd::test::SimExecutor executor(world);
    runtime::SeededRandom random(1);
    alpaca::AlpacaVenue venue(executor, random,
                              std::make_unique<exchange::SimulatedMarket>());
    const auto& exchange = venue.exchange();
    for (exchange::InstrumentIndex i = 0; i < exchange.instruments().size(); ++i) {
        const auto snapshot = exchange.snapshot(i);
        ASSERT_TRUE(snapshot.quote && snapshot.trade) << exchange.instruments()[i].symbol.text();
        if (i >= 100) continue; // days take longer to work out
        ASSERT_TRUE(snapshot.previousDailyBar) << exchange.instruments()[i].symbol.text();
        EXPECT_TRUE(snapshot.previousDailyBar->close.isPositive());
        EXPECT_TRUE(snapshot.dailyBar);
    }
}

TEST_F(DataApi, CryptoPricesNeedNoKey)
{
    price("BTC/USD", "50000", "50001");
    const auto free =
        begin(venue, "GET", "/v1beta3/crypto/us/latest/quotes?symbols=BTC%2FUSD", "", {});
    EXPECT_EQ(free->status, 200);
    EXPECT_EQ((*free)["quotes"]["BTC/USD"]["ap"].dump(), "50001");
    EXPECT_FALSE((*free)["quotes"]["BTC/USD"]["z"].isString());
}

/// Every key of `model` is in `real`, with a value of the same kind. Null fits anything.
void sameShape(const json::Value& model, const json::Value& real, const std::string& where,
               const std::vector<std::string>& exempt)
{
    if (std::find(exempt.begin(), exempt.end(), where) != exempt.end())
        return;
    if (model.isNull() || real.isNull())
        return;
    EXPECT_EQ(static_cast<int>(model.kind()), static_cast<int>(real.kind())) << where;
    if (model.isObject())
        for (const auto& member : model.members()) {
            const std::string path = where + "/" + std::string(member.key);
            if (std::find(exempt.begin(), exempt.end(), path) == exempt.end()) {
                EXPECT_FALSE(real[member.key].isMissing()) << path;
                sameShape(member.value, real[member.key], path, exempt);
            }
        }
    if (model.isArray() && model.size() > 0 && real.size() > 0)
        sameShape(model.at(0), real.at(0), where + "[]", exempt);
}

TEST_F(Shapes, AnswersHaveTheKeysAndTypesOfAlpacasOwnTestData)
{
    const std::filesystem::path folder =
        std::filesystem::path(QD_SHARED_DATA) / "brokers" / "alpaca-py";
    if (!std::filesystem::exists(folder))
        GTEST_SKIP() << "shared data not present";
    price("AAPL", "199.9", "200");
    order("buy", "5", "AAPL");
    ask("POST", "/v2/watchlists", R"({"name":"one","symbols":["AAPL"]})");
    world.run(61s);
    const struct {
        const char* file;
        const char* method;
        const char* target;
        std::vector<std::string> exempt; ///< what a broker's fixture holds and a venue does not send
    } rows[] = {
        {"trading/test_account_routes__test_get_account_1.json", "GET", "/v2/account",
         {"/options_approved_level", "/options_trading_level"}},
        {"trading/test_account_routes__test_get_account_configurations_1.json", "GET",
         "/v2/account/configurations", {}},
        {"trading/test_asset_routes__test_get_all_assets_1.json", "GET", "/v2/assets?status=active",
         {"[]/last_close_pct_change", "[]/last_price"}},
        {"trading/test_order_routes__test_get_orders_1.json", "GET", "/v2/orders?status=all",
         // numbers where the specification and all other fixtures have strings
         {"[]/qty", "[]/limit_price", "[]/filled_qty", "[]/filled_avg_price", "[]/commission",
          "[]/legs"}},
        {"trading/test_position_routes__test_get_all_positions_1.json", "GET", "/v2/positions",
         {"[]/usd"}},
        {"data/test_historical_stock_data__test_get_bars_1.json", "GET",
         "/v2/stocks/bars?symbols=AAPL&timeframe=1Day&start=2025-12-01&limit=2", {}},
        {"data/test_historical_stock_data__test_get_latest_quote_1.json", "GET",
         "/v2/stocks/quotes/latest?symbols=AAPL", {}},
        {"data/test_historical_stock_data__test_get_latest_trade_1.json", "GET",
         "/v2/stocks/trades/latest?symbols=AAPL", {}},
        {"data/test_historical_stock_data__test_get_trades_1.json", "GET",
         "/v2/stocks/trades?symbols=AAPL", {}},
        {"data/test_historical_stock_data__test_get_snapshot_1.json", "GET",
         "/v2/stocks/snapshots?symbols=AAPL", {}},
        {"data/test_historical_stock_data__test_stock_latest_bar_multi_empty_response_1.json", "GET",
         "/v2/stocks/bars/latest?symbols=NOSUCH", {}},
        {"data/test_historical_crypto_data__test_get_crypto_latest_quote_1.json", "GET",
         "/v1beta3/crypto/us/latest/quotes?symbols=BTC%2FUSD", {}},
        {"data/test_historical_crypto_data__test_get_crypto_trades_1.json", "GET",
         "/v1beta3/crypto/us/trades?symbols=BTC%2FUSD,ETH%2FUSD", {}},
    };
    for (const auto& row : rows) {
        const std::string text = qd::test::readFile(folder / row.file);
        const auto model = json::Document::parse(text);
        ASSERT_TRUE(model.has_value()) << row.file;
        const Answer real = ask(row.method, row.target);
        ASSERT_EQ(real.status, 200) << row.target << real.text;
        SCOPED_TRACE(row.file);
        sameShape(model->root(), real.document->root(), "", row.exempt);
    }
}

} // namespace
} // namespace qd::sandbox::test
