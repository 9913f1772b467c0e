// What protects the backend can be watched: the real program's /metrics and /v1/breakers.
#include <algorithm>
#include <future>
#include <vector>

#include <gtest/gtest.h>

#include "services/drills/stage.h"
#include "tests/support/temp_dir.h"

namespace qd::drills {
namespace {

using namespace std::chrono_literals;

class Observed : public ::testing::Test {
protected:
    void SetUp() override
    {
        m_stage.setLimit(3min);
        try {
            m_stage.startAll();
        } catch (const BrokenPromise& promise) {
            FAIL() << promise.what;
        } catch (const CannotRun& cannot) {
            FAIL() << cannot.why;
        }
    }
    /// The present value of a series as it stands in the exposition; −1 if it is not there.
    double metric(const std::string& series)
    {
        const auto text = m_stage.get("/metrics").body;
        const auto at = text.find("\n" + series + " ");
        return at == std::string::npos ? -1 : std::stod(text.substr(at + series.size() + 2));
    }
    /// The statuses of `count` calls that are all under way at once.
    std::vector<int> rush(int count, const std::string& method, const std::string& path)
    {
        std::vector<std::future<Result<wire::HttpResponse>>> asked;
        for (int i = 0; i < count; ++i) asked.push_back(m_stage.api().begin(method, path, "{}"));
        std::vector<int> statuses;
        for (auto& pending : asked) {
            const auto answer = pending.get();
            statuses.push_back(answer ? answer->status : 0);
        }
        return statuses;
    }
    static auto countOf(const std::vector<int>& statuses, int status)
    {
        return std::ranges::count(statuses, status);
    }

    test::TempDir m_folder;
    Stage m_stage{{.backend = {"trading-reconcile-every=1h",
                               "otlp-url=http://127.0.0.1:1/v1/traces"}}, // nobody listens there
                  Programs::beside(QD_BINARY_DIR "/bin/quarterdeckctl"),
                  (m_folder.path() / "stage").string()};
};

TEST_F(Observed, ARetryItsOutcomeAndItsBudget)
{
    const std::string recovered = R"(retry_attempts_total{name="broker.alpaca",outcome="recovered"})";
    const std::string retried = R"(retry_attempts_total{name="broker.alpaca",outcome="retried"})";
    const double before = metric(recovered);
    ASSERT_GE(before, 0) << "the series is there from the start";
    EXPECT_GE(metric(R"(retry_budget_ratio{name="broker.alpaca"})"), 0);
    EXPECT_GE(metric(R"(retry_waiting{name="broker.alpaca"})"), 0);
    m_stage.fault(R"({"kind":"http_status","status":503,"path":"/v2/positions","count":1})");
    const auto gaveUp = metric(R"(retry_attempts_total{name="broker.alpaca",outcome="gave_up"})");
    m_stage.call("POST", "/v1/trading/reconcile"); // asks for the positions
    m_stage.await("the second try is told", 20s, [&] { return metric(recovered) == before + 1; });
    EXPECT_GE(metric(retried), 1);
    EXPECT_EQ(metric(R"(retry_attempts_total{name="broker.alpaca",outcome="gave_up"})"), gaveUp);
}

TEST_F(Observed, EachLimitersDecisions)
{
    const std::string allowed = R"(ratelimit_decisions_total{decision="allowed",name="api.orders"})";
    const std::string refused = R"(ratelimit_decisions_total{decision="refused",name="api.orders"})";
    EXPECT_GT(metric(R"(ratelimit_decisions_total{decision="allowed",name="api.queries"})"), 0);
    ASSERT_EQ(metric(refused), 0);
    const auto before = metric(allowed);
    const auto statuses = rush(900, "POST", "/v1/orders"); // a burst is 400
    const auto limited = countOf(statuses, 429);
    ASSERT_GT(limited, 0);
    EXPECT_EQ(metric(refused), static_cast<double>(limited));
    EXPECT_EQ(metric(allowed), before + static_cast<double>(statuses.size()) -
                                   static_cast<double>(limited) -
                                   static_cast<double>(countOf(statuses, 503)));
    EXPECT_GT(metric(R"(ratelimit_remaining{name="broker.alpaca"})"), 0) << "the venue's own limit";
}

TEST_F(Observed, WhatTheCollectorOfTracesDidNotTake)
{
    const std::string failed = R"(trace_export_batches_total{outcome="failed"})";
    m_stage.await("a batch is told as failed", 60s, [&] { return metric(failed) >= 1; });
    EXPECT_EQ(metric(R"(trace_export_batches_total{outcome="taken"})"), 0);
}

TEST_F(Observed, StrangersWhoCameTooOften)
{
    const std::string refused =
        R"(ratelimit_decisions_total{decision="refused",name="api.strangers"})";
    ASSERT_EQ(metric(refused), 0) << "the series is there from the start";
    const auto statuses = rush(200, "POST", "/v1/session/refresh"); // a burst is 60
    const auto limited = countOf(statuses, 429);
    ASSERT_GT(limited, 0);
    EXPECT_EQ(metric(refused), static_cast<double>(limited));
}

TEST_F(Observed, TheBulkheadsRoomAndWhomItTurnedAway)
{
    const auto text = m_stage.get("/metrics").body;
    const auto at = text.find("\nbulkhead_refused_total{name=\"");
    ASSERT_NE(at, std::string::npos) << text;
    const auto series = text.substr(at + 1, text.find('}', at) - at);
    ASSERT_EQ(metric(series), 0);
    const auto statuses = rush(400, "GET", "/v1/log/verify");
    const auto turnedAway = countOf(statuses, 503);
    ASSERT_GT(turnedAway, 0) << "two run and 32 wait: 400 at once must be too many";
    EXPECT_GT(countOf(statuses, 200), 0);
    EXPECT_EQ(metric(series), static_cast<double>(turnedAway));
    m_stage.await("the bulkhead empties", 10s, [&] {
        return metric("bulkhead_running" + series.substr(series.find('{'))) == 0 &&
               metric("bulkhead_waiting" + series.substr(series.find('{'))) == 0;
    });
}

TEST_F(Observed, EveryBreakersStateHereAndThere)
{
    m_stage.cut("rest");
    m_stage.await("the breaker opens", 60s, [&] {
        m_stage.call("POST", "/v1/trading/reconcile"); // asks the broker
        return m_stage.breaker("broker.alpaca").text("state") == "open";
    });
    EXPECT_EQ(metric(R"(breaker_state{name="broker.alpaca",state="open"})"), 1);
    EXPECT_EQ(metric(R"(breaker_state{name="broker.alpaca",state="closed"})"), 0);
    m_stage.healNetwork();
}

} // namespace
} // namespace qd::drills
