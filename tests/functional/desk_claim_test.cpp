// One database, one account: quarterdeckd does not start on another's orders.
#include <gtest/gtest.h>

#include "services/drills/stage.h"
#include "tests/support/temp_dir.h"

namespace qd::drills {
namespace {

using namespace std::chrono_literals;

constexpr int kBadSettings = 78;

class DeskClaim : public ::testing::Test {
protected:
    template <typename Story>
    void tell(Story story)
    {
        m_stage.setLimit(3min);
        try {
            story();
        } catch (const BrokenPromise& promise) {
            FAIL() << promise.what;
        } catch (const CannotRun& cannot) {
            FAIL() << cannot.why;
        }
    }
    void useSettings(std::initializer_list<const char*> options)
    {
        for (const char* option : options) m_stage.addBackendOption(option);
    }
    /// What it says when it does not start.
    std::string refusal()
    {
        const auto child = m_stage.run("refused" + std::to_string(++m_tries),
                                       m_stage.programs().backend, m_stage.backendArguments());
        const auto exit = child->waitFor(60s);
        EXPECT_TRUE(exit && exit->code == kBadSettings) << child->output();
        return child->errors();
    }
    void placeOne()
    {
        m_stage.pinPrice("PG", "174.90", "175.00");
        m_order = m_stage.place({.symbol = "PG", .type = "limit", .quantity = "10",
                                 .limitPrice = "170.00", .timeInForce = "gtc"});
        m_stage.awaitState(m_order, "accepted");
    }

    test::TempDir m_folder;
    Stage m_stage{{.broker = "tradier"}, Programs::beside(QD_BINARY_DIR "/bin/quarterdeckctl"),
                  (m_folder / "stage").string()};
    std::string m_order;
    int m_tries = 0;
};

TEST_F(DeskClaim, OrdersOfOneAccountAreNotTakenForAnothers)
{
    tell([&] {
        m_stage.startAll();
        placeOne();
        m_stage.stopBackend();

        useSettings({"broker-name=ibkr", "ibkr-simulated=true", "ibkr-url=http://127.0.0.1:9/v1/api",
                     "ibkr-stream-url=ws://127.0.0.1:9/v1/api/ws"});
        const auto otherBroker = refusal();
        EXPECT_NE(otherBroker.find("1 orders and the positions of Tradier's account "),
                  std::string::npos) << otherBroker;
        EXPECT_NE(otherBroker.find("IBKR's account (simulated)"), std::string::npos) << otherBroker;
        EXPECT_NE(otherBroker.find("set another storage.database"), std::string::npos) << otherBroker;

        useSettings({"broker-name=tradier", "tradier-account=VA00000001"});
        const auto otherAccount = refusal();
        EXPECT_NE(otherAccount.find("VA00000001"), std::string::npos) << otherAccount;

        useSettings({"storage-database=elsewhere"});
        m_stage.startBackend(); // a database of its own is what was told to do
        EXPECT_EQ(m_stage.get("/v1/orders")["orders"].size(), 0U);
        m_stage.stopBackend();
    });
}

TEST_F(DeskClaim, TheFirstAccountComesBackToItsOrders)
{
    tell([&] {
        m_stage.startAll();
        placeOne();
        m_stage.stopBackend();
        useSettings({"tradier-simulated=false"});
        EXPECT_NE(refusal().find("(paper)"), std::string::npos) << "the bundled market's orders";
        useSettings({"tradier-simulated=true"});
        m_stage.startBackend();
        EXPECT_EQ(m_stage.order(m_order).text("state"), "accepted");
    });
}

TEST_F(DeskClaim, ADatabaseWithoutOrdersIsForWhoComes)
{
    tell([&] {
        m_stage.startAll();
        m_stage.stopBackend();
        useSettings({"broker-name=ibkr", "ibkr-simulated=true", "ibkr-url=http://127.0.0.1:9/v1/api",
                     "ibkr-stream-url=ws://127.0.0.1:9/v1/api/ws"});
        m_stage.startBackend();
    });
}

} // namespace
} // namespace qd::drills
