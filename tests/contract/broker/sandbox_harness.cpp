#include "tests/contract/broker/sandbox_harness.h"

namespace qd::brokers::test {

SandboxHarness::SandboxHarness(std::uint64_t seed) : m_world(seed), m_core(m_world, "core") {}

SandboxHarness::~SandboxHarness()
{
    m_broker.reset();
    m_world.run(std::chrono::seconds(1)); // the venue hears that its sockets are closed
}

std::vector<Instrument> SandboxHarness::listings()
{
    std::vector<Instrument> made = {qd::test::listing("ACME"), qd::test::listing("THIN"),
                                    qd::test::listing("BTC/USD")};
    made[1].shortable = made[2].shortable = false;
    made[2].lotSize = made[2].minQuantity = Quantity::of("0.0001");
    return made;
}

exchange::ExchangeOptions SandboxHarness::exchangeOptions()
{
    exchange::ExchangeOptions options;
    options.partialFillShare = 0;
    return options;
}

void SandboxHarness::openMarket()
{
    quote("ACME", "10.00", "10.02");
    quote("THIN", "10.00", "10.02");
    quote("BTC/USD", "60000", "60010");
}

void SandboxHarness::quote(const char* symbol, const char* bid, const char* ask)
{
    m_venue->quote(symbol, Price::of(bid), Price::of(ask));
}

void SandboxHarness::placeForeign(int count, const char* limit)
{
    for (int i = 0; i < count; ++i) {
        exchange::NewOrder order;
        order.symbol = Symbol::of("ACME");
        order.side = Side::Buy;
        order.type = OrderType::Limit;
        order.quantity = Quantity::of("1");
        order.limitPrice = Price::of(limit);
        ASSERT_TRUE(m_venue->exchange().submit(qd::test::SimVenue::account(), order)) << i;
        if (i % 40 == 39) m_world.run(std::chrono::milliseconds(1)); // several an instant
    }
    m_world.run(std::chrono::milliseconds(50));
}

void SandboxHarness::misbehave(const std::string& json)
{
    const auto added = m_venue->misbehave(json);
    ASSERT_TRUE(added) << describe(added.error());
}

} // namespace qd::brokers::test
