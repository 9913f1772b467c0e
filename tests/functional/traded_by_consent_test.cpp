// Another broker than the drills' is traded by a user's consent, through the real programs.
#include <gtest/gtest.h>

#include "services/drills/cases/consent_desk.h"
#include "tests/support/temp_dir.h"

namespace qd::drills {
namespace {

using namespace std::chrono_literals;

class TradedByConsent : public ::testing::Test {
protected:
    test::TempDir m_folder;
    Stage m_stage{{.empty = true, .broker = "tradier"},
                  drills::Programs::beside(QD_BINARY_DIR "/bin/quarterdeckctl"),
                  (m_folder.path() / "stage").string()};
};

TEST_F(TradedByConsent, TradierIsConnectedRenewedRevokedAndLeft)
{
    m_stage.setLimit(5min);
    try {
        ConsentDesk desk(m_stage, {.sandbox = {"oauth-access-lifetime=30s"},
                                   .backend = {"oauth-look-every=200ms"}});
        const auto early = desk.requireRefused("nobody is connected");
        desk.connect();
        EXPECT_EQ(desk.connection("broker"), "tradier");
        desk.fillOne();
        m_stage.await("access is renewed ahead of its end", 60s,
                      [&] { return desk.count("refreshed") > 0; });
        EXPECT_EQ(desk.metric("quarterdeck_oauth_access_refused_total"), "0");
        m_stage.awaitSettled();
        desk.server("POST", "/end-access");
        const auto id = m_stage.place({.symbol = "SPY"}); // 401 once, renewed, sent again
        m_stage.awaitState(id, "filled");
        EXPECT_EQ(m_stage.venueOrderCount(id), 1);
        desk.awaitTrading();
        desk.server("POST", "/revoke-everything");
        m_stage.await("the user is told", 60s, [&] { return desk.status() == "reauth_needed"; });
        const auto revoked = desk.requireRefused("revoked at the broker");
        desk.connect(); // the way that the refusal names
        desk.fillOne();
        EXPECT_EQ(desk.disconnect().status, 202);
        const auto left = desk.requireRefused("disconnected");
        m_stage.await("the streams of the ended connection are closed", 5s, [&] {
            return !m_stage.get("/v1/trading")["brokerConnected"].booleanOr(true);
        });
        for (const auto& refused : {early, revoked, left})
            EXPECT_EQ(m_stage.venueOrderCount(refused), 0) << "sent without access";
    } catch (const BrokenPromise& promise) {
        FAIL() << promise.what;
    } catch (const CannotRun& cannot) {
        FAIL() << cannot.why;
    }
}

} // namespace
} // namespace qd::drills
