// Chains of option contracts: archives with a file for each contract.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include <gtest/gtest.h>
#include <zlib.h>

#include "services/exchange/compressed.h"
#include "services/exchange/recording_chain.h"
#include "services/exchange/replay_market.h"
#include "services/exchange/replay_start.h"
#include "tests/support/temp_dir.h"

namespace qd::exchange {
namespace {

using namespace std::chrono_literals;
using Files = std::vector<std::pair<std::string, std::string>>;

void putNumber(std::string& out, std::size_t bytes, std::uint64_t value)
{
    for (std::size_t i = 0; i < bytes; ++i, value >>= 8)
        out += static_cast<char>(value & 0xff);
}

/// A zip archive whose files are stored as they are.
std::string zipOf(const Files& files)
{
    std::string archive, directory;
    for (const auto& [name, text] : files) {
        std::string common;
        putNumber(common, 2, 20);
        putNumber(common, 8, 0); // flags, method, time, date
        putNumber(common, 4,
                  crc32(0, reinterpret_cast<const Bytef*>(text.data()),
                        static_cast<uInt>(text.size())));
        putNumber(common, 4, text.size());
        putNumber(common, 4, text.size());
        putNumber(common, 2, name.size());
        putNumber(common, 2, 0);
        directory += "PK\x01\x02";
        putNumber(directory, 2, 20);
        directory += common;
        putNumber(directory, 10, 0); // comment, disk, attributes
        putNumber(directory, 4, archive.size());
        directory += name;
        archive += "PK\x03\x04" + common + name + text;
    }
    const auto start = archive.size();
    archive += directory + "PK\x05\x06";
    putNumber(archive, 4, 0);
    putNumber(archive, 2, files.size());
    putNumber(archive, 2, files.size());
    putNumber(archive, 4, directory.size());
    putNumber(archive, 4, start);
    putNumber(archive, 2, 0);
    return archive;
}

std::string fileName(const std::string& kind, const std::string& contract)
{
    return "20151223_goog_minute_" + kind + "_american_" + contract + "_20151224.csv";
}

class Chain : public ::testing::Test {
protected:
    std::string write(const std::string& name, const Files& files)
    {
        const auto path = (m_folder.path() / name).string();
        std::ofstream(path, std::ios::binary) << zipOf(files);
        return path;
    }
    std::string quotes()
    {
        return write("quote.zip",
                     {{fileName("quote", "call_7500000"),
                       "34200000,20000,21000,19000,20500,3,22000,23000,21000,21500,5\n"
                       "34260000,,,,,,22000,23000,21000,22500,7\n"},
                      {fileName("quote", "put_7550000"),
                       "34200000,50000,51000,49000,50500,1,52000,53000,51000,51500,2\n"}});
    }
    std::string trades()
    {
        return write("trade.zip", {{fileName("trade", "put_7550000"),
                                    "34200000,51000,51000,51000,51000,12\n"}});
    }
    std::string interest()
    {
        return write("openinterest.zip",
                     {{fileName("openinterest", "call_7500000"), "23520000,417\n"},
                      {fileName("openinterest", "call_9000000"), "23520000,9\n"}});
    }

private:
    qd::test::TempDir m_folder;
};

const Symbol kCall = Symbol::of("GOOG151224C00750000");
const Symbol kPut = Symbol::of("GOOG151224P00755000");

std::string errorOf(const Result<std::vector<Recording>>& result)
{
    return result ? "no error" : result.error().code + " " + result.error().detail;
}

TEST_F(Chain, TheThreeKindsOfFilesAreOneMarketTheBusiestFirst)
{
    auto recordings = openMarket({interest(), quotes(), trades()});
    ASSERT_TRUE(recordings) << errorOf(recordings);
    ReplayMarket market(std::move(*recordings));
    ASSERT_EQ(market.instruments().size(), 2u);
    const auto& put = market.instruments()[0];
    EXPECT_EQ(put.symbol, kPut) << "the only one that traded";
    EXPECT_EQ(put.assetClass, AssetClass::Option);
    EXPECT_EQ(put.name, "GOOG 24 Dec 2015 755 Put");
    EXPECT_FALSE(put.fractionable);
    EXPECT_EQ(market.instruments()[1].symbol, kCall);
    EXPECT_EQ(market.openInterest(1), Quantity::of("417"));
    EXPECT_FALSE(market.openInterest(0)) << "not known of the put";

    MarketBatch batch;
    const auto open = Timestamp::of("2015-12-23T14:30:00Z");
    market.start(open);
    market.advance(open + 10min, batch);
    std::vector<QuoteTick> quotes;
    Quantity traded;
    for (const auto& event : batch) {
        if (const auto* quote = std::get_if<QuoteTick>(&event))
            if (quote->instrument == 1)
                quotes.push_back(*quote);
        if (const auto* trade = std::get_if<TradeTick>(&event)) {
            EXPECT_EQ(trade->instrument, 0u);
            EXPECT_EQ(trade->price, Price::of("5.1"));
            traded += trade->size;
        }
    }
    EXPECT_EQ(traded, Quantity::of("12"));
    ASSERT_EQ(quotes.size(), 2u) << "a minute's close alone";
    EXPECT_EQ(quotes[0].bid, Price::of("2.05"));
    EXPECT_EQ(quotes[0].ask, Price::of("2.15"));
    EXPECT_EQ(quotes[0].bidSize, Quantity::of("3"));
    EXPECT_EQ(quotes[0].askSize, Quantity::of("5"));
    EXPECT_TRUE(quotes[1].bid.isZero()) << "nobody bid";
    EXPECT_EQ(quotes[1].ask, Price::of("2.25"));
}

TEST_F(Chain, QuotesAloneAndTradesAloneAreMarketsToo)
{
    const auto quoted = openMarket({quotes()});
    ASSERT_TRUE(quoted) << errorOf(quoted);
    EXPECT_EQ(quoted->size(), 2u);
    auto traded = openMarket({trades()});
    ASSERT_TRUE(traded) << errorOf(traded);
    ASSERT_EQ(traded->size(), 1u) << "an archive of one contract is a chain as well";
    ReplayMarket market(std::move(*traded));
    MarketBatch batch;
    market.start(market.recordedBegin());
    market.advance(market.recordedEnd(), batch);
    EXPECT_TRUE(std::ranges::any_of(batch, [](const MarketEvent& event) {
        return std::holds_alternative<QuoteTick>(event);
    })) << "quotes stand around the prints";
}

TEST_F(Chain, OpenInterestAloneIsRefusedWithWhatToAdd)
{
    const auto alone = openMarket({interest()});
    ASSERT_FALSE(alone);
    EXPECT_EQ(alone.error().code, "recording.open_interest_alone");
    EXPECT_NE(alone.error().detail.find("give the quotes or the trades of the same day"),
              std::string::npos);
}

TEST_F(Chain, ErrorsNameTheContractsFileAndLine)
{
    const auto name = fileName("quote", "call_7500000");
    EXPECT_EQ(errorOf(openMarket({write("a.zip", {{name, "34200000,1,2,1,x,1,2,2,2,2,1\n"}})})),
              "recording.csv " + name + ":1: expected price (a number), was 'x'");
    const auto interestName = fileName("openinterest", "call_7500000");
    EXPECT_EQ(errorOf(openMarket({write("b.zip", {{interestName, "1,2\n3,-4\n"}})})),
              "recording.csv " + interestName + ":2: expected open interest >= 0, was '-4'");
    for (const char* bad : {"call_75x", "call_0", "put_75000001", "call_99999999999"}) {
        const auto broken = openMarket({write("c.zip", {{fileName("quote", bad), "1,2\n"}})});
        ASSERT_FALSE(broken) << bad;
        EXPECT_EQ(broken.error().code, "recording.contract_name") << bad;
    }
    EXPECT_EQ(openMarket({write("d.zip", {{name, ""}})}).error().code, "recording.unknown_kind");
}

TEST_F(Chain, AStockBesideItsChainComesFirst)
{
    const auto stock = write("stock.zip", {{"20151223_goog_minute_trade.csv",
                                            "34200000,7500000,7500000,7500000,7500000,100\n"}});
    auto recordings = openMarket({quotes(), stock});
    ASSERT_TRUE(recordings) << errorOf(recordings);
    EXPECT_EQ(recordings->front().instrument.symbol, Symbol::of("GOOG"));
}

TEST_F(Chain, TheSharedChainHasWhatItsFilesHave)
{
    const std::string stem = std::string(QD_SHARED_DATA) + "/options/goog_options_minute_20151223_";
    std::vector<std::string> paths;
    for (const char* kind : {"quote", "trade", "openinterest"})
        paths.push_back(stem + kind + "_american.zip");
    if (!std::filesystem::exists(paths[0]))
        GTEST_SKIP() << "shared data not present";
    std::size_t rows[3] = {};
    for (std::size_t i = 0; i < 3; ++i) {
        std::ifstream file(paths[i], std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(file), {}};
        const auto entries = readZip(bytes);
        ASSERT_TRUE(entries);
        for (const auto& entry : *entries)
            rows[i] += static_cast<std::size_t>(std::ranges::count(entry.bytes, '\n'))
                       + (entry.bytes.ends_with('\n') ? 0 : 1);
    }
    auto recordings = openMarket(paths);
    ASSERT_TRUE(recordings) << errorOf(recordings);
    std::size_t quotes = 0, bars = 0;
    std::map<Symbol, bool> interest;
    for (const auto& recording : *recordings) {
        quotes += recording.quoteBars.size();
        bars += recording.bars.size();
        if (recording.openInterest)
            interest[recording.instrument.symbol] = true;
    }
    EXPECT_EQ(quotes, rows[0]);
    EXPECT_EQ(bars, rows[1]);
    EXPECT_EQ(interest.size(), 118u);
    ReplayOptions options;
    options.startAt = suggestedStart(*recordings);
    EXPECT_EQ(*options.startAt, Timestamp::of("2015-12-23T14:45:00Z"));
    ReplayMarket market(std::move(*recordings), options);
    EXPECT_EQ(market.instruments().size(), 118u);
}

} // namespace
} // namespace qd::exchange
