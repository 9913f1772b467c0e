#include <algorithm>

#include "services/brokers/alpaca/alpaca_broker.h"
#include "tests/contract/broker/sandbox_harness.h"
#include "tests/support/sim_alpaca.h"

namespace qd::brokers::test {
namespace {

class AlpacaHarness final : public SandboxHarness {
public:
    explicit AlpacaHarness(std::uint64_t seed)
        : SandboxHarness(seed),
          m_alpaca(found(
              std::make_unique<qd::test::SimAlpaca>(world(), seed, listings(), options())))
    {
        speak<AlpacaBroker>(qd::test::SimAlpaca::settings());
    }

    int ordersUnder(const ClientOrderId& id) override
    {
        const auto all = m_alpaca.allOrders();
        return static_cast<int>(
            std::ranges::count(all, id.text(), &exchange::VenueOrder::clientOrderId));
    }
    void revokeKey() override { m_alpaca.venue().revokeKey("PKTEST"); }

private:
    static sandbox::alpaca::AlpacaOptions options()
    {
        sandbox::alpaca::AlpacaOptions options;
        options.exchange = exchangeOptions();
        options.requestsPerMinute = 100'000;
        return options;
    }

    qd::test::SimAlpaca& m_alpaca;
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
