// The Tradier adapter against the sandbox's Tradier: two pieces of code that share nothing but the
// protocol.

#include <algorithm>

#include "services/brokers/tradier/tradier_broker.h"
#include "services/sandbox/tradier/order_tags.h"
#include "services/sandbox/tradier/tradier_venue.h"
#include "tests/contract/broker/harness.h"
#include "tests/support/sim_alpaca.h"

namespace qd::brokers::test {
namespace {

constexpr const char* kToken = "token-1";

std::vector<Instrument> tradierListings()
{
    std::vector<Instrument> made = {qd::test::listing("ACME"), qd::test::listing("THIN"),
                                    qd::test::listing("BTC/USD")};
    made[1].shortable = made[2].shortable = false;
    made[2].lotSize = made[2].minQuantity = Quantity::of("0.0001");
    return made;
}

sandbox::alpaca::AlpacaOptions tradierVenueOptions()
{
    sandbox::alpaca::AlpacaOptions options;
    options.exchange.partialFillShare = 0; // no luck: partial fills are asked for
    return options;
}

class TradierHarness final : public Harness {
public:
    explicit TradierHarness(std::uint64_t seed)
        : m_world(seed), m_core(m_world, "core"),
          m_venue(m_world, seed, tradierListings(), tradierVenueOptions(), [](wire::Service& alpaca) {
              return std::make_unique<sandbox::tradier::TradierVenue>(
                  static_cast<sandbox::alpaca::AlpacaVenue&>(alpaca),
                  sandbox::tradier::TradierLimits{100'000, 100'000, 100'000});
          })
    {
        sandbox::alpaca::ApiKey key;
        key.keyId = "PKTRADIER";
        key.secret = runtime::Secret("hush");
        key.token = runtime::Secret(kToken);
        key.account = qd::test::SimAlpaca::account();
        m_venue.venue().addKey(std::move(key));
        m_http = m_venue.network().makeHttpClient(m_core);
        m_sockets = m_venue.network().makeWebSocketClient(m_core);
        TradierSettings settings;
        settings.baseUrl = std::string("https://") + qd::test::SimAlpaca::kHost;
        settings.streamUrl = std::string("wss://") + qd::test::SimAlpaca::kHost;
        settings.accountNumber = m_venue.exchange().account(qd::test::SimAlpaca::account())->number;
        settings.token = runtime::Secret(kToken);
        m_broker = std::make_unique<TradierBroker>(std::move(settings), *m_http, *m_sockets, m_core,
                                                   m_world.random());
        quote("ACME", "10.00", "10.02");
        quote("THIN", "10.00", "10.02");
        quote("BTC/USD", "60000", "60010");
    }
    qd::test::SimWorld& world() override { return m_world; }
    Broker& broker() override { return *m_broker; }
    qd::test::SimFaults& faults() override { return m_venue.network().faults(); }
    void dropStream() override { m_venue.network().dropSockets(qd::test::SimAlpaca::kHost); }

    void quote(const char* symbol, const char* bid, const char* ask) override
    {
        m_venue.quote(symbol, Price::of(bid), Price::of(ask));
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
            ASSERT_TRUE(m_venue.exchange().submit(qd::test::SimAlpaca::account(), order)) << i;
            if (i % 40 == 39) m_world.run(std::chrono::milliseconds(1)); // several an instant
        }
        m_world.run(std::chrono::milliseconds(50));
    }
    int ordersUnder(const ClientOrderId& id) override
    {
        const auto all = m_venue.allOrders();
        return static_cast<int>(std::count_if(all.begin(), all.end(), [&](const auto& order) {
            const auto tag = sandbox::tradier::OrderTag::read(order.clientOrderId);
            return tag && tag->tag == id.text() && !order.replaces;
        }));
    }
    void misbehave(const std::string& json) override
    {
        const auto added = m_venue.misbehave(json);
        ASSERT_TRUE(added) << describe(added.error());
    }
    void revokeKey() override { m_venue.venue().revokeKey("PKTRADIER"); }

private:
    qd::test::SimWorld m_world;
    qd::test::SimExecutor m_core;
    qd::test::SimAlpaca m_venue;
    std::unique_ptr<wire::HttpClient> m_http;
    std::unique_ptr<wire::WebSocketClient> m_sockets;
    std::unique_ptr<TradierBroker> m_broker;
};

std::unique_ptr<Harness> makeTradier(std::uint64_t seed)
{
    return std::make_unique<TradierHarness>(seed);
}

const auto kTradierName = [](const auto&) { return std::string("Tradier"); };
INSTANTIATE_TEST_SUITE_P(Tradier, BrokerContract, ::testing::Values(&makeTradier), kTradierName);
INSTANTIATE_TEST_SUITE_P(Tradier, BrokerContractFaults, ::testing::Values(&makeTradier), kTradierName);

} // namespace
} // namespace qd::brokers::test
