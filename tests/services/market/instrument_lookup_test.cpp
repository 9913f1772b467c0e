#include "services/market/instrument_lookup.h"

#include <gtest/gtest.h>

#include "tests/services/market/fake_source.h"
#include "tests/support/sim_world.h"

namespace qd::market {
namespace {

using test::FakeSource;

class Lookup : public testing::Test {
protected:
    static constexpr const char* kCall = "SPY260116C00500000";
    void SetUp() override { m_directory.load({share("SPY")}); }
    static Instrument share(const char* symbol)
    {
        Instrument instrument;
        instrument.symbol = Symbol::of(symbol);
        return instrument;
    }
    void find(const char* symbol)
    {
        m_lookup.find(Symbol::of(symbol), [this] { ++m_told; });
    }
    bool isKnown(const char* symbol) { return m_directory.find(Symbol::of(symbol)) != nullptr; }

    qd::test::SimWorld m_world;
    qd::test::SimExecutor m_core{m_world, "core"};
    InstrumentDirectory m_directory;
    FakeSource m_source;
    InstrumentLookup m_lookup{m_directory, m_source, m_core};
    int m_told = 0;
};

TEST_F(Lookup, OneThatIsFoundIsKnownFromThenOnAndOutlastsTheNextListing)
{
    find(kCall);
    EXPECT_EQ(m_told, 0);
    m_source.answer(FakeSource::contract(kCall));
    EXPECT_EQ(m_told, 1);
    EXPECT_TRUE(isKnown(kCall));
    find(kCall);
    EXPECT_EQ(m_told, 2);
    EXPECT_EQ(m_source.asked.size(), 1u);
    m_directory.load({share("AAPL")});
    EXPECT_TRUE(isKnown(kCall));
    EXPECT_FALSE(isKnown("SPY"));
}

TEST_F(Lookup, ManyWhoWantTheSameAskOnce)
{
    for (int i = 0; i < 3; ++i) find(kCall);
    EXPECT_EQ(m_source.asked.size(), 1u);
    m_source.answer(FakeSource::contract(kCall));
    EXPECT_EQ(m_told, 3);
}

TEST_F(Lookup, WhatTheListingWouldHaveIsNotAskedFor)
{
    find("TSLA");
    EXPECT_EQ(m_told, 1);
    EXPECT_TRUE(m_source.asked.empty());
}

TEST_F(Lookup, WhatDoesNotExistIsNotAskedForAgainForAWhile)
{
    find(kCall);
    m_source.answerNone();
    find(kCall);
    EXPECT_EQ(m_told, 2);
    EXPECT_EQ(m_source.asked.size(), 1u);
    m_world.run(InstrumentLookup::kMissLasts);
    find(kCall);
    EXPECT_EQ(m_source.asked.size(), 2u);
}

TEST_F(Lookup, AVenueThatDoesNotAnswerIsAskedAgainAtOnce)
{
    find(kCall);
    m_source.answer(fail(ErrorKind::Unavailable, "resilience.breaker_open", ""));
    EXPECT_EQ(m_told, 1);
    find(kCall);
    EXPECT_EQ(m_source.asked.size(), 2u);
}

TEST_F(Lookup, AnotherContractThanTheOneAskedForIsNotAdded)
{
    find(kCall);
    m_source.answer(FakeSource::contract("SPY260116P00500000"));
    EXPECT_EQ(m_told, 1);
    EXPECT_FALSE(isKnown(kCall));
    EXPECT_FALSE(isKnown("SPY260116P00500000"));
}

TEST_F(Lookup, NoMoreThanSoManyAreUnderWay)
{
    for (std::size_t i = 0; i <= InstrumentLookup::kUnderWayMax; ++i)
        find(("SPY260116C" + std::to_string(10'000'000 + i)).c_str());
    EXPECT_EQ(m_source.asked.size(), InstrumentLookup::kUnderWayMax);
    EXPECT_EQ(m_told, 1);
}

TEST_F(Lookup, TheDirectoryTakesABoundedNumberAndKeepsTheNewest)
{
    const auto name = [](std::size_t i) { return "SPY260116C" + std::to_string(10'000'000 + i); };
    const auto most = InstrumentDirectory::kAddedMax;
    for (std::size_t i = 0; i < 2 * most; ++i)
        ASSERT_TRUE(m_directory.add(FakeSource::contract(name(i))));
    EXPECT_FALSE(m_directory.add(FakeSource::contract(name(2 * most))));
    m_directory.load({share("SPY")});
    EXPECT_EQ(m_directory.size(), most + 1);
    EXPECT_FALSE(isKnown(name(most - 1).c_str()));
    EXPECT_TRUE(isKnown(name(most).c_str()));
}

} // namespace
} // namespace qd::market
