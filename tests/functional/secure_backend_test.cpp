// The backend as it serves another machine: over TLS, to those who trust its certificate.
#include <future>

#include <gtest/gtest.h>

#include "services/drills/child.h"
#include "services/drills/stream_listener.h"
#include "tests/support/certificate.h"
#include "tests/support/temp_dir.h"

namespace qd::drills {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 60s; ///< generous: a sanitizer's build starts slowly

class SecureBackend : public ::testing::Test {
protected:
    struct Said {
        int code;
        std::string out, err;
    };

    /// Without a broker: nobody listens where it looks for one.
    void SetUp() override
    {
        auto started = Child::start(
            {std::string(QD_BINARY_DIR "/bin/quarterdeckd"),
             {"--data-dir=" + (m_folder / "data").string(), "--listen-port=0",
              "--listen-certificate-file=" + m_right.certificateFile,
              "--listen-key-file=" + m_right.keyFile, "--alpaca-trading-url=http://127.0.0.1:1",
              "--alpaca-stream-url=ws://127.0.0.1:1/stream",
              "--alpaca-data-url=http://127.0.0.1:1",
              "--alpaca-data-stream-url=ws://127.0.0.1:1/v2/iex"},
             {"QUARTERDECK_ALPACA_KEY_ID=PKTEST", "QUARTERDECK_ALPACA_SECRET_KEY=test-secret"},
             (m_folder / "backend.out").string(),
             (m_folder / "backend.err").string()});
        ASSERT_TRUE(started.has_value());
        m_backend = std::move(*started);
        const auto ready = json::Document::parse(m_backend->firstLine(kPatience));
        ASSERT_TRUE(ready) << m_backend->output() << m_backend->errors();
        m_url = std::string((*ready)["url"].stringOr({}));
        m_token = slurp(std::string((*ready)["tokenFile"].stringOr({})));
        while (m_token.ends_with('\n')) m_token.pop_back();
    }
    /// quarterdeckctl on this machine, which does not trust such a certificate by itself.
    Said ctl(std::vector<std::string> words)
    {
        words.insert(words.begin(), {"--data-dir", (m_folder / "data").string()});
        const std::string name = "ctl" + std::to_string(m_runs++);
        const auto child = Child::start(
            {std::string(QD_BINARY_DIR "/bin/quarterdeckctl"), std::move(words), {},
             (m_folder / (name + ".out")).string(), (m_folder / (name + ".err")).string()});
        if (!child) return {-1, {}, {}};
        const auto exit = (*child)->waitFor(kPatience);
        return {exit ? exit->code : -1, (*child)->output(), (*child)->errors()};
    }
    Result<wire::HttpResponse> get(const std::string& url, wire::TlsClientOptions tls)
    {
        wire::HttpClientOptions options;
        options.tls = std::move(tls);
        const auto client = wire::makeHttpClient(m_network, *m_executor, std::move(options));
        std::promise<Result<wire::HttpResponse>> answer;
        wire::HttpRequest request;
        request.target = url;
        client->send(request,
                     [&](Result<wire::HttpResponse> told) { answer.set_value(std::move(told)); });
        return answer.get_future().get();
    }

    test::TempDir m_folder;
    test::Certificate m_right{m_folder.path(), "right", "IP:127.0.0.1"};
    test::Certificate m_other{m_folder.path(), "other", "IP:127.0.0.1"};
    wire::Network m_network;
    std::unique_ptr<runtime::Executor> m_executor = m_network.makeExecutor();
    std::unique_ptr<Child> m_backend;
    std::string m_url, m_token;
    int m_runs = 0;
};

TEST_F(SecureBackend, IsSpokenToByThoseWhoTrustItsCertificateAndByNobodyElse)
{
    EXPECT_TRUE(m_url.starts_with("https://127.0.0.1:")) << m_url;
    const auto answer = get(m_url + "/health/live", {true, m_right.certificateFile});
    ASSERT_TRUE(answer) << describe(answer.error());
    EXPECT_EQ(answer->status, 200);
    const auto refused = get(m_url + "/health/live", {true, m_other.certificateFile});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "wire.untrusted");
    EXPECT_NE(refused.error().detail.find("is not trusted: self-signed certificate"), std::string::npos)
        << refused.error().detail;
    const auto plain = get("http" + m_url.substr(5) + "/health/live", {});
    EXPECT_FALSE(plain) << "answered in plain text";
}

TEST_F(SecureBackend, TheCommandLineFindsItAndVerifiesIt)
{
    Said said;
    // Its tables may still be loading.
    EXPECT_TRUE(waitUntil(kPatience, [&] {
        said = ctl({"--ca-file", m_right.certificateFile, "order", "list"});
        return said.code == 0;
    })) << said.code << said.out << said.err;
    for (const auto& refused :
         {ctl({"order", "list"}), ctl({"--ca-file", m_other.certificateFile, "order", "list"})}) {
        EXPECT_EQ(refused.code, 3) << refused.out << refused.err; // no backend could be reached
        EXPECT_NE(refused.err.find("is not trusted: self-signed certificate"), std::string::npos)
            << refused.err;
    }
    const auto missing = ctl({"--ca-file", "/no/such/file", "order", "list"});
    EXPECT_EQ(missing.code, 3);
    EXPECT_NE(missing.err.find("/no/such/file"), std::string::npos) << missing.err;
}

TEST_F(SecureBackend, TheCommandLineSendsNoTokenInClearToAnotherMachine)
{
    for (const char* url : {"http://desk.example:8080", "http://127.0.0.1.desk.example",
                            "ws://192.0.2.7:8080", "desk.example"}) {
        const auto said = ctl({"--url", url, "order", "list"});
        EXPECT_EQ(said.code, 2) << url << said.out << said.err; // the command line is wrong
        EXPECT_NE(said.err.find(url), std::string::npos) << said.err;
    }
    EXPECT_EQ(ctl({"--url", "http://[::1]:9", "order", "list"}).code, 3) << "this machine";
}

TEST_F(SecureBackend, ItsStreamGoesOverTlsToo)
{
    const auto heardBy = [this](const test::Certificate& trusted) {
        wire::HttpClientOptions options;
        options.tls.caFile = trusted.certificateFile;
        Link link(options);
        StreamListener listener(link, m_url, m_token);
        waitUntil(kPatience,
                  [&] { return listener.isClosed() || !listener.messages().empty(); });
        return !listener.messages().empty();
    };
    EXPECT_TRUE(heardBy(m_right));
    EXPECT_FALSE(heardBy(m_other));
}

} // namespace
} // namespace qd::drills
