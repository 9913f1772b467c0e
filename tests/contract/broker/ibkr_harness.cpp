#include <algorithm>

#include "services/brokers/ibkr/ibkr_broker.h"
#include "tests/contract/broker/sandbox_harness.h"
#include "tests/support/sim_ibkr.h"

namespace qd::brokers::test {
namespace {

class IbkrHarness final : public SandboxHarness {
public:
    explicit IbkrHarness(std::uint64_t seed)
        : SandboxHarness(seed),
          m_ibkr(found(std::make_unique<qd::test::SimIbkr>(world(), seed, listings(),
                                                           exchangeOptions(), withoutQuestions())))
    {
        speak<IbkrBroker>(qd::test::SimIbkr::settings());
        // As a backend does when it starts: the session is up and the contracts are known.
        bool isReady = false;
        broker().listInstruments([&isReady](const auto& answer) { isReady = answer.has_value(); });
        EXPECT_TRUE(world().runUntil([&isReady] { return isReady; }));
    }

    int ordersUnder(const ClientOrderId& id) override
    {
        const auto all = m_ibkr.venue().orders().all();
        return static_cast<int>(
            std::ranges::count(all, id.text(), &sandbox::ibkr::LiveOrder::orderRef));
    }
    void revokeKey() override { m_ibkr.venue().session().logOut(); }

private:
    static sandbox::ibkr::IbkrOptions withoutQuestions()
    {
        sandbox::ibkr::IbkrOptions options;
        options.precautions = {{}, false, false, {}, {}};
        return options;
    }

    qd::test::SimIbkr& m_ibkr;
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
