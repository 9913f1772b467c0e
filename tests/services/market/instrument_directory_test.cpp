#include "services/market/instrument_directory.h"

#include <gtest/gtest.h>

namespace qd::market {
namespace {

Instrument listed(const char* symbol, const char* name, bool tradable = true)
{
    Instrument instrument;
    instrument.symbol = Symbol::of(symbol);
    instrument.name = name;
    instrument.assetClass = assetClassOf(instrument.symbol);
    instrument.tradable = tradable;
    return instrument;
}

class Directory : public testing::Test {
protected:
    void SetUp() override
    {
        m_directory.load({listed("AAPL", "Apple Inc."), listed("APLE", "Apple Hospitality REIT"),
                          listed("BRK.B", "Berkshire Hathaway Inc. Class B"),
                          listed("BRK.A", "Berkshire Hathaway Inc. Class A"),
                          listed("SPY", "SPDR S&P 500 ETF Trust"), listed("SPYX", "Old SPY", false),
                          listed("SPYD", "SPDR Portfolio High Dividend"),
                          listed("TSLA", "Tesla, Inc."), listed("TSLA.WS", "Tesla warrants"),
                          listed("0700.HK", "Tencent Holdings"), listed("BTC/USD", "Bitcoin"),
                          listed("F", "Ford Motor Company")});
    }
    std::vector<std::string> search(const char* query, std::size_t limit = 10) const
    {
        std::vector<std::string> result;
        for (const Instrument* found : m_directory.search(query, limit))
            result.push_back(found->symbol.text());
        return result;
    }
    std::string nearest(const char* text) const
    {
        const auto near = m_directory.near(text);
        return near.empty() ? "" : near.front().text();
    }

    InstrumentDirectory m_directory;
};

using List = std::vector<std::string>;

TEST_F(Directory, ContractsAreFoundBySymbolUnderlyingAndWhatTheirNamesSay)
{
    InstrumentDirectory chain;
    chain.load({listed("GOOG151224P00755000", "GOOG 24 Dec 2015 755 Put"),
                listed("GOOG151224C00750000", "GOOG 24 Dec 2015 750 Call"),
                listed("GOOG", "Alphabet Inc.")});
    const auto found = [&](const char* query) {
        std::vector<std::string> symbols;
        for (const Instrument* one : chain.search(query, 10)) symbols.push_back(one->symbol.text());
        return symbols;
    };
    using Symbols = std::vector<std::string>;
    const std::string call = "GOOG151224C00750000", put = "GOOG151224P00755000";
    EXPECT_EQ(found("GOOG"), (Symbols{"GOOG", call, put})) << "the stock, then its chain";
    EXPECT_EQ(found(call.c_str()), (Symbols{call}));
    EXPECT_EQ(found("goog 750 c"), (Symbols{call}));
    EXPECT_EQ(found("goog 755 put"), (Symbols{put}));
    EXPECT_EQ(found(""), (Symbols{put, call, "GOOG"})) << "the broker's order";
}

TEST_F(Directory, FindsEverySpelling)
{
    for (const char* symbol : {"BRK.B", "TSLA.WS", "0700.HK", "BTC-USD", "btc/usd", "aapl"})
        EXPECT_NE(m_directory.find(Symbol::of(symbol)), nullptr) << symbol;
    EXPECT_EQ(m_directory.find(Symbol::of("NOPE")), nullptr);
}

TEST_F(Directory, RanksTheSymbolThenItsBeginningThenTheName)
{
    EXPECT_EQ(search("spy"), (List{"SPY", "SPYD", "SPYX"})) << "not tradable comes last";
    EXPECT_EQ(search("apple"), (List{"AAPL", "APLE"}));
    EXPECT_EQ(search("hath class b").front(), "BRK.B");
    EXPECT_EQ(search("f").front(), "F");
    EXPECT_EQ(search("brkb").front(), "BRK.B");
    EXPECT_EQ(search("500"), (List{"SPY"}));
    EXPECT_TRUE(search("zzz").empty());
    EXPECT_EQ(search("", 3).size(), 3U);
    EXPECT_EQ(search("spy", 1), (List{"SPY"}));
}

TEST_F(Directory, KnowsWhatWasMeant)
{
    EXPECT_EQ(nearest("BRK-B"), "BRK.B");
    EXPECT_EQ(nearest("APPL"), "AAPL");
    EXPECT_EQ(nearest("SYP"), "SPY");
    EXPECT_EQ(nearest("TESLA"), "TSLA");
    EXPECT_EQ(nearest("BTCUSD"), "BTC/USD");
    EXPECT_EQ(nearest("BERKSHIRE"), "BRK.A");
    EXPECT_EQ(nearest("QQQQQQQQ"), "");
    EXPECT_EQ(nearest(""), "");
    EXPECT_LE(m_directory.near("S", 3).size(), 3U);
}

TEST_F(Directory, AnUnknownSymbolIsRefusedWithNearMatches)
{
    const auto refused = m_directory.require(Symbol::of("APPL"));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::NotFound);
    EXPECT_EQ(refused.error().code, "market.unknown_symbol");
    EXPECT_NE(refused.error().detail.find("AAPL"), std::string::npos);
    EXPECT_TRUE(m_directory.require(Symbol::of("AAPL")).has_value());
}

TEST_F(Directory, LoadingReplacesEverythingAndTheLastOfTwoCounts)
{
    m_directory.load({listed("IBM", "Old"), listed("IBM", "International Business Machines")});
    EXPECT_EQ(m_directory.size(), 1U);
    EXPECT_EQ(m_directory.find(Symbol::of("IBM"))->name, "International Business Machines");
    EXPECT_EQ(m_directory.find(Symbol::of("AAPL")), nullptr);
}

} // namespace
} // namespace qd::market
