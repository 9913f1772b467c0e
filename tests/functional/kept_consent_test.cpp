// A consent that was given in one run of the programs is good in the next, and so is its end.
#include <gtest/gtest.h>

#include "services/drills/cases/consent_desk.h"
#include "tests/support/temp_dir.h"

namespace qd::drills {
namespace {

using namespace std::chrono_literals;

class KeptConsent : public ::testing::Test {
protected:
    /// As when the power goes: neither program can do anything about it.
    void crashAndStart()
    {
        m_stage.killBackend();
        m_stage.sandbox().kill();
        m_stage.startSandbox();
        m_stage.addBackendOption("oauth-alpaca-server-url=" + m_stage.consentServer());
        m_stage.startBackend();
    }

    test::TempDir m_folder;
    Stage m_stage{{.empty = true}, Programs::beside(QD_BINARY_DIR "/bin/quarterdeckctl"),
                  (m_folder.path() / "stage").string()};
};

TEST_F(KeptConsent, OutlastsACrashOfBothProgramsAndStaysRevoked)
{
    m_stage.setLimit(4min);
    try {
        ConsentDesk desk(m_stage, {.sandbox = {"data-dir=" + (m_folder / "market").string()}});
        desk.connect();
        crashAndStart();
        desk.awaitTrading();
        desk.fillOne();
        EXPECT_EQ(desk.count("codes"), 0) << "a new consent was needed";
        desk.server("POST", "/end-access");
        desk.fillOne();
        EXPECT_EQ(desk.count("refreshed"), 1);
        crashAndStart();
        desk.awaitTrading();
        desk.server("POST", "/revoke-everything");
        crashAndStart();
        m_stage.await("the user is told", 60s, [&] { return desk.status() == "reauth_needed"; });
        desk.requireRefused("revoked before the crash");
        EXPECT_EQ(desk.count("live"), 0);
    } catch (const BrokenPromise& promise) {
        FAIL() << promise.what;
    } catch (const CannotRun& cannot) {
        FAIL() << cannot.why;
    }
}

} // namespace
} // namespace qd::drills
