// IBKR's gateway shows a certificate of its own: it is trusted when its file is named, and only then.
#include <gtest/gtest.h>

#include "services/drills/stage.h"
#include "tests/support/certificate.h"
#include "tests/support/temp_dir.h"

namespace qd::drills {
namespace {

using namespace std::chrono_literals;

class IbkrCertificate : public ::testing::Test {
protected:
    template <typename Story>
    void tell(Story story)
    {
        m_stage.setLimit(4min);
        try {
            story();
        } catch (const BrokenPromise& promise) {
            FAIL() << promise.what;
        } catch (const CannotRun& cannot) {
            FAIL() << cannot.why;
        }
    }
    void startGateway()
    {
        m_stage.addSandboxOption("ibkr-certificate-file=" + m_own.certificateFile);
        m_stage.addSandboxOption("ibkr-key-file=" + m_own.keyFile);
        m_stage.startSandbox();
        const auto ready = json::Document::parse(m_stage.sandbox().output());
        ASSERT_TRUE(ready);
        const std::string url((*ready)["ibkr"].stringOr({}));
        ASSERT_TRUE(url.starts_with("https://")) << url;
        m_stage.addBackendOption("ibkr-url=" + url);
        m_stage.addBackendOption("ibkr-stream-url=" + std::string((*ready)["ibkrStream"].stringOr({})));
    }
    void trust(const std::string& file) { m_stage.addBackendOption("ibkr-ca-file=" + file); }
    void expectUntrusted(const std::string& why)
    {
        m_stage.await("it is said that " + why, 30s, [&] {
            return m_stage.get("/v1/broker/session").text("code") == "wire.untrusted";
        });
        const auto session = m_stage.get("/v1/broker/session");
        EXPECT_NE(session.text("detail").find("is not trusted: "), std::string::npos) << session.body;
        EXPECT_NE(session.text("reauthorizeBy").find("ibkr.ca_file"), std::string::npos)
            << session.body;
        const auto id = Stage::newId();
        EXPECT_GE(m_stage.submit({.symbol = "PG", .id = id}).status, 400) << why;
        EXPECT_EQ(m_stage.venueOrderCount(id), 0) << why;
    }

    test::TempDir m_folder;
    test::Certificate m_own{m_folder.path(), "gateway", "IP:127.0.0.1"};
    test::Certificate m_others{m_folder.path(), "others", "IP:127.0.0.1"};
    Stage m_stage{{.broker = "ibkr"}, Programs::beside(QD_BINARY_DIR "/bin/quarterdeckctl"),
                  (m_folder / "stage").string()};
};

TEST_F(IbkrCertificate, OrdersAndPricesGoToTheGatewayThatShowsTheNamedOne)
{
    tell([&] {
        startGateway();
        trust(m_own.certificateFile);
        m_stage.startBackend();
        m_stage.awaitSettled();
        m_stage.awaitLiveQuote("PG");
        m_stage.awaitState(m_stage.place({.symbol = "PG"}), "filled");
    });
}

TEST_F(IbkrCertificate, AnotherIsRefusedWithAClearWord)
{
    tell([&] {
        startGateway();
        trust(m_others.certificateFile);
        m_stage.startBackend();
        expectUntrusted("another certificate was named");
        m_stage.killBackend();
        trust(""); // the machine's authorities
        m_stage.startBackend();
        expectUntrusted("none was named");
    });
}

TEST_F(IbkrCertificate, AFileThatIsNoneIsFoundBeforeTheStart)
{
    tell([&] {
        startGateway();
        trust(m_folder.write("text.pem", "no certificate\n"));
        const auto child =
            m_stage.run("refused", m_stage.programs().backend, m_stage.backendArguments());
        const auto exit = child->waitFor(60s);
        EXPECT_TRUE(exit && exit->code == 78) << child->output();
        EXPECT_NE(child->errors().find("ibkr.ca_file"), std::string::npos) << child->errors();
    });
}

} // namespace
} // namespace qd::drills
