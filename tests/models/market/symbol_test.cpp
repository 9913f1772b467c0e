#include "models/market/instrument.h"

#include <gtest/gtest.h>

namespace qd {
namespace {

struct Spelling {
    const char* written;
    const char* read;
};

TEST(Symbol, ReadsEverySpellingThatVenuesUse)
{
    const Spelling rows[] = {
        {"SPY", "SPY"},
        {" aapl\t", "AAPL"},
        {"BRK.B", "BRK.B"},
        {"brk.b", "BRK.B"},
        {"BRK-B", "BRK-B"}, // a share class, not a pair: kept as written
        {"TSLA.WS", "TSLA.WS"},
        {"0700.HK", "0700.HK"},
        {"ABR.PRD", "ABR.PRD"},
        {"F", "F"},
        {"BTC-USD", "BTC/USD"},
        {"btc-usd", "BTC/USD"},
        {"BTC/USD", "BTC/USD"},
        {"ETH/BTC", "ETH/BTC"},
        {"SOL-USDT", "SOL/USDT"},
        {"SPY240419C00500000", "SPY240419C00500000"},
        {"SPY   240419C00500000", "SPY240419C00500000"},
        {"spy 240419p00500000", "SPY240419P00500000"},
        {"SPXW  240419P05000000", "SPXW240419P05000000"},
        {"BRKB1 240229C00300000", "BRKB1240229C00300000"},
    };
    for (const Spelling& row : rows) {
        const auto symbol = Symbol::parse(row.written);
        ASSERT_TRUE(symbol.has_value()) << row.written << ": " << describe(symbol.error());
        EXPECT_EQ(symbol->text(), row.read);
        // What was read once reads the same again.
        EXPECT_EQ(Symbol::parse(symbol->text())->text(), row.read);
    }
}

TEST(Symbol, RefusesWhatIsNoSymbol)
{
    const char* rows[] = {
        "",        "   ",      ".",       "BRK.",      ".B",       "A..B",
        "A B",     "SP\xC3\x96", "SPY\n;",  "SPY'",      "<b>",      "A.B.C.D",
        "$SPY",    "SPY%20",   "A_B",     "SPY241319C00500000" /* month 13 */,
        "SPY230229C00500000" /* no leap day */, "SPY240419X00500000",
        "TOOLONG240419C00500000" /* root over six */, "ABCDEFGHIJKLM" /* 13 letters */,
        "SPY 240419C0050000" /* seven digits */, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    };
    for (const char* row : rows) {
        const auto symbol = Symbol::parse(row);
        ASSERT_FALSE(symbol.has_value()) << row;
        EXPECT_EQ(symbol.error().kind, ErrorKind::Invalid);
        EXPECT_EQ(symbol.error().code, "symbol.syntax");
        EXPECT_EQ(symbol.error().field, "symbol");
    }
    EXPECT_FALSE(Symbol::parse(std::string_view("SPY\0", 4)).has_value());
    EXPECT_FALSE(Symbol::parse(std::string(1 << 20, 'A')).has_value());
}

TEST(Symbol, TellsItsAssetClass)
{
    EXPECT_EQ(assetClassOf(Symbol::of("SPY")), AssetClass::Equity);
    EXPECT_EQ(assetClassOf(Symbol::of("0700.HK")), AssetClass::Equity);
    EXPECT_EQ(assetClassOf(Symbol::of("BTC-USD")), AssetClass::Crypto);
    EXPECT_EQ(assetClassOf(Symbol::of("SPY   240419C00500000")), AssetClass::Option);
    EXPECT_FALSE(Symbol::parse("SPY240419C00000000")) << "an option of no strike is none";
    EXPECT_EQ(parseAssetClass("option").value(), AssetClass::Option);
    EXPECT_EQ(parseAssetClass("bond").error().code, "instrument.unknown_asset_class");
}

TEST(Instrument, TicksFollowRule612)
{
    Instrument equity;
    EXPECT_EQ(tickFor(equity, Price::of("1")), Price::of("0.01"));
    EXPECT_EQ(tickFor(equity, Price::of("0.9999")), Price::of("0.0001"));
    EXPECT_EQ(tickFor(equity, Price::of("500")), Price::of("0.01"));
    equity.tick = Price::of("0.00001");
    EXPECT_EQ(tickFor(equity, Price::of("0.5")), Price::of("0.00001"));

    Instrument coin;
    coin.assetClass = AssetClass::Crypto;
    coin.tick = Price::of("0.05");
    EXPECT_EQ(tickFor(coin, Price::of("0.5")), Price::of("0.05"));
}

} // namespace
} // namespace qd
