#include <algorithm>

#include "services/brokers/tradier/tradier_broker.h"
#include "services/sandbox/tradier/order_tags.h"
#include "services/sandbox/tradier/tradier_venue.h"
#include "tests/contract/broker/sandbox_harness.h"
#include "tests/support/sim_alpaca.h"

namespace qd::brokers::test {
namespace {

constexpr const char* kToken = "token-1";

/// The sandbox's Tradier stands in front of its Alpaca.
class TradierHarness final : public SandboxHarness {
public:
    explicit TradierHarness(std::uint64_t seed)
        : SandboxHarness(seed),
          m_venue(found(std::make_unique<qd::test::SimAlpaca>(world(), seed, listings(), options(),
                                                              &makeFront)))
    {
        sandbox::alpaca::ApiKey key;
        key.keyId = "PKTRADIER";
        key.secret = runtime::Secret("hush");
        key.token = runtime::Secret(kToken);
        key.account = qd::test::SimAlpaca::account();
        m_venue.venue().addKey(std::move(key));
        TradierSettings settings;
        settings.baseUrl = std::string("https://") + qd::test::SimAlpaca::kHost;
        settings.streamUrl = std::string("wss://") + qd::test::SimAlpaca::kHost;
        settings.accountNumber = m_venue.exchange().account(qd::test::SimAlpaca::account())->number;
        settings.token = runtime::Secret(kToken);
        speak<TradierBroker>(std::move(settings));
    }

    int ordersUnder(const ClientOrderId& id) override
    {
        const auto all = m_venue.allOrders();
        return static_cast<int>(std::ranges::count_if(all, [&](const auto& order) {
            const auto tag = sandbox::tradier::OrderTag::read(order.clientOrderId);
            return tag && tag->tag == id.text() && !order.replaces;
        }));
    }
    void revokeKey() override { m_venue.venue().revokeKey("PKTRADIER"); }

private:
    static sandbox::alpaca::AlpacaOptions options()
    {
        sandbox::alpaca::AlpacaOptions options;
        options.exchange = exchangeOptions();
        return options;
    }
    static std::unique_ptr<wire::Service> makeFront(wire::Service& alpaca)
    {
        return std::make_unique<sandbox::tradier::TradierVenue>(
            static_cast<sandbox::alpaca::AlpacaVenue&>(alpaca),
            sandbox::tradier::TradierLimits{100'000, 100'000, 100'000});
    }

    qd::test::SimAlpaca& m_venue;
};

std::unique_ptr<Harness> makeTradier(std::uint64_t seed)
{
    return std::make_unique<TradierHarness>(seed);
}

const auto kTradierName = [](const auto&) { return std::string("Tradier"); };
INSTANTIATE_TEST_SUITE_P(Tradier, BrokerContract, ::testing::Values(&makeTradier), kTradierName);
INSTANTIATE_TEST_SUITE_P(Tradier, BrokerContractFaults, ::testing::Values(&makeTradier),
                         kTradierName);

} // namespace
} // namespace qd::brokers::test
