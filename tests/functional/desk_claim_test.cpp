// One database, one account: quarterdeckd does not start on another's orders.
#include <gtest/gtest.h>

#include "services/drills/cases/consent_desk.h"
#include "tests/support/temp_dir.h"

namespace qd::drills {
namespace {

using namespace std::chrono_literals;

constexpr int kBadSettings = 78;

class DeskClaim : public ::testing::Test {
protected:
    explicit DeskClaim(StageOptions options = {.broker = "tradier"})
        : m_stage(std::move(options), Programs::beside(QD_BINARY_DIR "/bin/quarterdeckctl"),
                  (m_folder / "stage").string())
    {
    }
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
    /// The same broker, in whose place another world is: with another account.
    void startAnotherMarket()
    {
        m_stage.killBackend();
        m_stage.sandbox().kill();
        m_stage.addSandboxOption("seed=2");
        m_stage.startSandbox();
    }

    test::TempDir m_folder;
    Stage m_stage;
    std::string m_order;
    int m_tries = 0;
};

class DeskOfAlpaca : public DeskClaim {
protected:
    DeskOfAlpaca() : DeskClaim(StageOptions{}) {}
};

class DeskOfIbkr : public DeskClaim {
protected:
    DeskOfIbkr() : DeskClaim({.broker = "ibkr"}) {}
};

class DeskByConsent : public DeskClaim {
protected:
    DeskByConsent() : DeskClaim({.empty = true}) {}
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

TEST_F(DeskOfAlpaca, AKeyOfAnotherAccountIsNotUsed)
{
    tell([&] {
        m_stage.startAll();
        placeOne();
        m_stage.stopBackend(); // what the broker said is kept by then
        startAnotherMarket();
        m_stage.startBackend();
        m_stage.await("it is said whose key it is", 30s, [&] {
            return slurp(m_stage.logFile()).find("and the database holds orders of") !=
                   std::string::npos;
        });
        const auto id = Stage::newId();
        EXPECT_GE(m_stage.submit({.symbol = "SPY", .id = id}).status, 400);
        EXPECT_EQ(m_stage.venueOrderCount(id), 0);
    });
}

TEST_F(DeskOfIbkr, TheAccountThatWasSelectedAtTheGatewayIsKnownAfterwards)
{
    tell([&] {
        m_stage.startAll();
        placeOne();
        const auto ready = json::Document::parse(m_stage.sandbox().output());
        const std::string number((*ready)["ibkrAccount"].stringOr("?"));
        m_stage.stopBackend();
        useSettings({"ibkr-account=DU0000001"});
        const auto refused = refusal();
        EXPECT_NE(refused.find("IBKR's account " + number), std::string::npos) << refused;
        m_stage.addBackendOption("ibkr-account=" + number);
        m_stage.startBackend();
        m_stage.awaitSettled();
    });
}

TEST_F(DeskByConsent, AConsentToAnotherAccountHaltsTrading)
{
    tell([&] {
        ConsentDesk desk(m_stage);
        desk.connect();
        desk.fillOne();
        m_stage.stopBackend();
        startAnotherMarket();
        m_stage.addBackendOption("oauth-alpaca-server-url=" + m_stage.consentServer());
        m_stage.startBackend();
        EXPECT_EQ(m_stage.get("/v1/trading").text("state"), "active");
        const auto connected = desk.finish(desk.browse(desk.begin()));
        EXPECT_EQ(connected.status, 200) << connected.body;
        m_stage.await("trading is halted", 60s, [&] {
            return m_stage.get("/v1/trading").text("state") == "halted";
        });
        const auto reason = m_stage.get("/v1/trading").text("reason");
        EXPECT_NE(reason.find("and the orders here are of "), std::string::npos) << reason;
        const auto id = Stage::newId();
        EXPECT_GE(m_stage.submit({.symbol = "SPY", .id = id}).status, 400);
        EXPECT_EQ(m_stage.venueOrderCount(id), 0);
    });
}

} // namespace
} // namespace qd::drills
