// The IBKR adapter against the sandbox's gateway: two pieces of code that share nothing but the
// protocol.

#include <algorithm>

#include "services/brokers/ibkr/ibkr_broker.h"
#include "tests/contract/broker/harness.h"
#include "tests/support/sim_ibkr.h"

namespace qd::brokers::test {
namespace {

std::vector<Instrument> ibkrListings()
{
    std::vector<Instrument> made = {qd::test::listing("ACME"), qd::test::listing("THIN"),
                                    qd::test::listing("BTC/USD")};
    made[1].shortable = made[2].shortable = false;
    made[2].lotSize = made[2].minQuantity = Quantity::of("0.0001");
    return made;
}

exchange::ExchangeOptions withoutLuck()
{
    exchange::ExchangeOptions options;
    options.partialFillShare = 0; // partial fills are asked for
    return options;
}

sandbox::ibkr::IbkrOptions withoutQuestions()
{
    sandbox::ibkr::IbkrOptions options;
    options.precautions = {{}, false, false, {}, {}};
    return options;
}

class IbkrHarness final : public Harness {
public:
    explicit IbkrHarness(std::uint64_t seed)
        : m_world(seed), m_core(m_world, "core"),
          m_ibkr(m_world, seed, ibkrListings(), withoutLuck(), withoutQuestions())
    {
        m_http = m_ibkr.network().makeHttpClient(m_core);
        m_sockets = m_ibkr.network().makeWebSocketClient(m_core);
        m_broker = std::make_unique<IbkrBroker>(qd::test::SimIbkr::settings(), *m_http, *m_sockets,
                                                m_core, m_world.random());
        quote("ACME", "10.00", "10.02");
        quote("THIN", "10.00", "10.02");
        quote("BTC/USD", "60000", "60010");
        // As a backend does when it starts: the session is up and the contracts are known.
        bool isReady = false;
        m_broker->listInstruments([&isReady](const auto& answer) { isReady = answer.has_value(); });
        EXPECT_TRUE(m_world.runUntil([&isReady] { return isReady; }));
    }

    ~IbkrHarness() override
    {
        m_broker.reset();
        m_world.run(std::chrono::seconds(1)); // the venue hears that its sockets are closed
    }

    qd::test::SimWorld& world() override { return m_world; }
    Broker& broker() override { return *m_broker; }
    qd::test::SimFaults& faults() override { return m_ibkr.network().faults(); }
    void dropStream() override { m_ibkr.network().dropSockets(qd::test::SimIbkr::kHost); }

    void quote(const char* symbol, const char* bid, const char* ask) override
    {
        m_ibkr.quote(symbol, Price::of(bid), Price::of(ask));
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
            ASSERT_TRUE(m_ibkr.exchange().submit(AccountId("paper"), order)) << i;
            if (i % 40 == 39) m_world.run(std::chrono::milliseconds(1)); // several an instant
        }
        m_world.run(std::chrono::milliseconds(50));
    }
    int ordersUnder(const ClientOrderId& id) override
    {
        const auto all = m_ibkr.venue().orders().all();
        return static_cast<int>(std::ranges::count(all, id.text(), &sandbox::ibkr::LiveOrder::orderRef));
    }
    void misbehave(const std::string& json) override
    {
        const auto added = m_ibkr.misbehave(json);
        ASSERT_TRUE(added) << describe(added.error());
    }
    void revokeKey() override { m_ibkr.venue().session().logOut(); }

private:
    qd::test::SimWorld m_world;
    qd::test::SimExecutor m_core;
    qd::test::SimIbkr m_ibkr;
    std::unique_ptr<wire::HttpClient> m_http;
    std::unique_ptr<wire::WebSocketClient> m_sockets;
    std::unique_ptr<IbkrBroker> m_broker;
};

std::unique_ptr<Harness> makeIbkr(std::uint64_t seed)
{
    return std::make_unique<IbkrHarness>(seed);
}

const auto kIbkrName = [](const auto&) { return std::string("Ibkr"); };
INSTANTIATE_TEST_SUITE_P(Ibkr, BrokerContract, ::testing::Values(&makeIbkr), kIbkrName);
INSTANTIATE_TEST_SUITE_P(Ibkr, BrokerContractFaults, ::testing::Values(&makeIbkr), kIbkrName);

} // namespace
} // namespace qd::brokers::test
