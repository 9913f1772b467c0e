// The Alpaca adapter against the sandbox's Alpaca: two pieces of code that share nothing but the
// protocol.

#include <algorithm>

#include "services/brokers/alpaca/alpaca_broker.h"
#include "tests/contract/broker/harness.h"
#include "tests/support/sim_alpaca.h"

namespace qd::brokers::test {
namespace {

std::vector<Instrument> listings()
{
    std::vector<Instrument> made = {qd::test::listing("ACME"), qd::test::listing("THIN"),
                                    qd::test::listing("BTC/USD")};
    made[1].shortable = made[2].shortable = false;
    made[2].lotSize = made[2].minQuantity = Quantity::of("0.0001");
    return made;
}

sandbox::alpaca::AlpacaOptions venueOptions()
{
    sandbox::alpaca::AlpacaOptions options;
    options.exchange.partialFillShare = 0; // no luck: partial fills are asked for
    options.requestsPerMinute = 100'000;
    return options;
}

class AlpacaHarness final : public Harness {
public:
    explicit AlpacaHarness(std::uint64_t seed)
        : m_world(seed), m_core(m_world, "core"), m_alpaca(m_world, seed, listings(), venueOptions())
    {
        m_http = m_alpaca.network().makeHttpClient(m_core);
        m_sockets = m_alpaca.network().makeWebSocketClient(m_core);
        m_broker = std::make_unique<AlpacaBroker>(qd::test::SimAlpaca::settings(), *m_http,
                                                  *m_sockets, m_core, m_world.random());
        quote("ACME", "10.00", "10.02");
        quote("THIN", "10.00", "10.02");
        quote("BTC/USD", "60000", "60010");
    }

    qd::test::SimWorld& world() override { return m_world; }
    Broker& broker() override { return *m_broker; }
    qd::test::SimFaults& faults() override { return m_alpaca.network().faults(); }
    void dropStream() override { m_alpaca.network().dropSockets(qd::test::SimAlpaca::kHost); }

    void quote(const char* symbol, const char* bid, const char* ask) override
    {
        m_alpaca.quote(symbol, Price::of(bid), Price::of(ask));
    }
    void placeForeign(int count, const char* limit) override
    {
        for (int i = 0; i < count; ++i) {
            exchange::NewOrder order;
            order.symbol = Symbol::of("ACME");
            order.side = Side::Buy;
            order.type = OrderType::Limit;
            order.quantity = Quantity::of("1");
            order.limitPrice = Price::of(limit);
            ASSERT_TRUE(m_alpaca.exchange().submit(qd::test::SimAlpaca::account(), order)) << i;
            if (i % 40 == 39) m_world.run(std::chrono::milliseconds(1)); // several an instant
        }
        m_world.run(std::chrono::milliseconds(50));
    }
    int ordersUnder(const ClientOrderId& id) override
    {
        const auto all = m_alpaca.allOrders();
        return static_cast<int>(std::count_if(all.begin(), all.end(), [&](const auto& order) {
            return order.clientOrderId == id.text();
        }));
    }
    void misbehave(const std::string& json) override
    {
        const auto added = m_alpaca.misbehave(json);
        ASSERT_TRUE(added) << describe(added.error());
    }
    void revokeKey() override { m_alpaca.venue().revokeKey("PKTEST"); }

private:
    qd::test::SimWorld m_world;
    qd::test::SimExecutor m_core;
    qd::test::SimAlpaca m_alpaca;
    std::unique_ptr<wire::HttpClient> m_http;
    std::unique_ptr<wire::WebSocketClient> m_sockets;
    std::unique_ptr<AlpacaBroker> m_broker;
};

std::unique_ptr<Harness> makeAlpaca(std::uint64_t seed)
{
    return std::make_unique<AlpacaHarness>(seed);
}

const auto kName = [](const auto&) { return std::string("Alpaca"); };
INSTANTIATE_TEST_SUITE_P(Adapters, BrokerContract, ::testing::Values(&makeAlpaca), kName);
INSTANTIATE_TEST_SUITE_P(Adapters, BrokerContractFaults, ::testing::Values(&makeAlpaca), kName);

} // namespace
} // namespace qd::brokers::test
