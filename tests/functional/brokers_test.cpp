// Each broker's protocol through the real programs: quarterdeckd at quarterdeck-sandbox, every
// connection through the fault proxy.
#include <filesystem>

#include <gtest/gtest.h>

#include "services/drills/stage.h"
#include "tests/support/temp_dir.h"

namespace qd::drills {
namespace {

using namespace std::chrono_literals;

class BrokerPrograms : public ::testing::TestWithParam<const char*> {
protected:
    /// What a stage finds wrong fails the test.
    template <typename Story>
    void tell(Story story)
    {
        try {
            story();
        } catch (const BrokenPromise& promise) {
            FAIL() << promise.what;
        } catch (const CannotRun& cannot) {
            FAIL() << cannot.why;
        }
    }
    /// With a part of 100 filled at 175, and the rest waiting because the price ran away.
    std::string placeAndFillPartly()
    {
        for (int i = 0; i < 10; ++i) {
            m_stage.pinPrice("PG", "174.90", "175.00");
            const auto id = m_stage.place({.symbol = "PG", .type = "limit", .quantity = "100",
                                           .limitPrice = "175.00", .timeInForce = "gtc"});
            const auto isTraded = [](const Answer& now) {
                return !now["filledQuantity"].decimalOr(Decimal()).isZero();
            };
            m_stage.awaitOrder(id, "filled in part or whole", isTraded);
            m_stage.pinPrice("PG", "179.90", "180.00");
            if (m_stage.order(id).text("state") == "partially_filled") return id;
        }
        broken("no order was left partially filled in ten tries");
    }
    void expectPositionsAgree(const std::string& symbol)
    {
        m_stage.await("the positions in " + symbol + " agree", 40s, [&] {
            return m_stage.position(symbol) == m_stage.venuePosition(symbol);
        });
    }

    test::TempDir m_folder;
    Stage m_stage{{.sandbox = {"partial-fill-percent=100"}, .broker = GetParam()},
                  Programs::beside(QD_BINARY_DIR "/bin/quarterdeckctl"),
                  (m_folder.path() / "stage").string()};
};

const auto kBrokerName = [](const auto& info) { return std::string(info.param); };
INSTANTIATE_TEST_SUITE_P(Protocols, BrokerPrograms, ::testing::Values("alpaca", "tradier", "ibkr"),
                         kBrokerName);

TEST_P(BrokerPrograms, AnOrderIsPartlyFilledCanceledAndStillSoAfterARestart)
{
    m_stage.setLimit(4min);
    tell([&] {
        m_stage.startAll();
        m_stage.awaitLiveQuote("PG");
        const auto id = placeAndFillPartly();
        EXPECT_EQ(m_stage.call("DELETE", "/v1/orders/" + id).status, 202);
        const auto canceled = m_stage.awaitState(id, "canceled");
        const auto filled = canceled.text("filledQuantity");
        expectPositionsAgree("PG");
        m_stage.restartBackend(); // as by kill -9
        m_stage.awaitSettled();
        const auto after = m_stage.order(id);
        EXPECT_EQ(after.text("state"), "canceled");
        EXPECT_EQ(after.text("filledQuantity"), filled);
        EXPECT_EQ(m_stage.venueOrderCount(id), 1);
        expectPositionsAgree("PG");
    });
}

TEST_P(BrokerPrograms, WhatHappensWhileTheBackendIsDeadIsFoundByComparison)
{
    m_stage.setLimit(4min);
    tell([&] {
        m_stage.startAll();
        m_stage.pinPrice("PG", "174.90", "175.00");
        const auto id = m_stage.place({.symbol = "PG", .type = "limit", .quantity = "10",
                                       .limitPrice = "170.00", .timeInForce = "gtc"});
        m_stage.awaitState(id, "accepted");
        m_stage.killBackend();
        m_stage.pinPrice("PG", "169.80", "169.90");
        m_stage.await("the venue fills it", 20s, [&] { return m_stage.venuePosition("PG") != "0"; });
        m_stage.pinPrice("PG", "174.90", "175.00"); // what is left of it waits
        m_stage.startBackend();
        const auto there = m_stage.venuePosition("PG");
        m_stage.awaitOrder(id, "filled as far as the venue says",
                           [&](const Answer& now) { return now.text("filledQuantity") == there; }, 40s);
        expectPositionsAgree("PG");
        m_stage.awaitSettled();
        EXPECT_EQ(m_stage.venueOrderCount(id), 1) << "it was sent again";
    });
}

TEST_P(BrokerPrograms, AnAnswerThatIsLostIsFoundAndTheOrderIsNotSentAgain)
{
    m_stage.setLimit(4min);
    tell([&] {
        m_stage.startAll();
        m_stage.pinPrice("PG", "174.90", "175.00");
        const auto id = Stage::newId();
        m_stage.fault(R"({"kind":"lose_ack","method":"POST","clientOrderId":")" + id + "\",\"count\":1}");
        m_stage.place({.symbol = "PG", .type = "limit", .quantity = "10", .limitPrice = "170.00",
                       .timeInForce = "gtc", .id = id});
        m_stage.awaitState(id, "accepted", 60s);
        EXPECT_EQ(m_stage.venueOrderCount(id), 1);
        EXPECT_EQ(m_stage.call("DELETE", "/v1/orders/" + id).status, 202);
        m_stage.awaitState(id, "canceled");
    });
}

TEST_P(BrokerPrograms, WhateverTheRoadDoesAnOrderIsThereOnceOrNotAtAll)
{
    m_stage.setLimit(4min);
    tell([&] {
        m_stage.startAll();
        m_stage.pinPrice("PG", "174.90", "175.00");
        std::vector<std::string> taken;
        for (const char* toxic : {R"({"type":"lose_ack","attributes":{"count":3}})",
                                  R"({"type":"reset_peer","attributes":{"timeout":0}})",
                                  R"({"type":"truncate","attributes":{"bytes":60,"count":2}})",
                                  R"({"type":"http_status","stream":"upstream","attributes":{"status":503,"count":2}})",
                                  R"({"type":"http_status","stream":"upstream","attributes":{"status":429,"count":1}})",
                                  R"({"type":"latency","attributes":{"latency":700}})"}) {
            m_stage.toxic("rest", toxic);
            const auto id = Stage::newId();
            const auto answer = m_stage.submit({.symbol = "PG", .type = "limit", .quantity = "10",
                                                .limitPrice = "170.00", .timeInForce = "gtc", .id = id});
            EXPECT_TRUE(answer.status == 202 || answer.status == 503 || answer.status == 401)
                << toxic << ": " << answer.body;
            if (answer.status == 202) {
                taken.push_back(id);
                m_stage.awaitOrder(id, std::string("answered in some way, with ") + toxic,
                                   [](const Answer& now) {
                                       return now.text("state") != "submitted" ||
                                              now["outcomeUnknown"].booleanOr(false);
                                   });
            }
            m_stage.healNetwork();
        }
        EXPECT_FALSE(taken.empty());
        for (const auto& id : taken) {
            const auto end = m_stage.awaitOrder(
                id, "accepted or proven absent",
                [](const Answer& now) {
                    return !now["outcomeUnknown"].booleanOr(true) && now.text("state") != "submitted";
                },
                90s);
            EXPECT_EQ(m_stage.venueOrderCount(id), end.text("state") == "accepted" ? 1 : 0)
                << end.text("state") << " here";
        }
        m_stage.awaitSettled(90s);
    });
}

TEST_P(BrokerPrograms, QuotesBarsAndTheAccountCome)
{
    m_stage.setLimit(3min);
    tell([&] {
        m_stage.startAll();
        m_stage.awaitLiveQuote("SPY");
        m_stage.pinPrice("PG", "174.90", "175.00");
        m_stage.await("the quote that the venue shows", 45s, [&] {
            const auto answer = m_stage.get("/v1/quotes?symbols=PG");
            const auto quote = answer["quotes"].at(0);
            return quote["bid"].stringOr({}) == "174.9" && quote["ask"].stringOr({}) == "175";
        });
        for (const char* interval : {"1m", "15m", "1h", "1d"})
            m_stage.await(std::string("bars of ") + interval, 30s, [&] {
                const auto answer = m_stage.api().call(
                    "GET", std::string("/v1/bars?symbol=SPY&limit=5&interval=") + interval);
                return answer && answer->status == 200 && (*answer)["bars"].size() > 0;
            });
        EXPECT_FALSE(m_stage.get("/v1/account")["cash"].stringOr({}).empty());
        EXPECT_EQ(m_stage.component(std::string("feed.") + GetParam(), "name"),
                  std::string("feed.") + GetParam());
    });
}

TEST_P(BrokerPrograms, WhatTheBrokerCannotDoIsRefusedBeforeItIsSent)
{
    m_stage.setLimit(2min);
    tell([&] {
        m_stage.startAll();
        m_stage.awaitLiveQuote("PG");
        const auto id = Stage::newId();
        const auto refused = m_stage.submit({.symbol = "PG", .type = "limit", .quantity = "10",
                                             .limitPrice = "170.00", .timeInForce = "fok", .id = id});
        if (GetParam() == std::string("alpaca")) {
            EXPECT_EQ(refused.status, 202) << refused.body;
            return;
        }
        EXPECT_EQ(refused.status, 422) << refused.body;
        EXPECT_EQ(refused.text("code"), "broker.unsupported_time_in_force");
        EXPECT_EQ(m_stage.venueOrderCount(id), 0);
    });
}

/// Play money and real money are told apart before anything is made.
class BrokerMoney : public ::testing::Test {
protected:
    /// What it says while it does not start.
    std::string refusal(const std::vector<std::string>& arguments)
    {
        auto all = arguments;
        all.push_back("--data-dir=" + (m_folder / "never").string());
        auto child = Child::start({QD_BINARY_DIR "/bin/quarterdeckd", std::move(all), {},
                                   (m_folder / "out").string(), (m_folder / "err").string()});
        if (!child) return describe(child.error());
        const auto exit = (*child)->waitFor(20s);
        EXPECT_TRUE(exit && exit->code == 78) << (exit ? exit->code : -1);
        EXPECT_FALSE(std::filesystem::exists(m_folder / "never"));
        return (*child)->errors();
    }

    test::TempDir m_folder;
};

TEST_F(BrokerMoney, EverySettingThatABrokerNeedsIsNamedAtOnce)
{
    const auto tradier = refusal({"--broker-name=tradier"});
    for (const char* key : {"tradier.url", "tradier.stream_url", "tradier.account", "tradier.token"})
        EXPECT_NE(tradier.find(key), std::string::npos) << key << " in " << tradier;
    EXPECT_EQ(tradier.find("alpaca."), std::string::npos) << tradier;
    const auto ibkr = refusal({"--broker-name=ibkr"});
    for (const char* key : {"ibkr.url", "ibkr.stream_url", "QUARTERDECK_IBKR_URL"})
        EXPECT_NE(ibkr.find(key), std::string::npos) << key << " in " << ibkr;
    EXPECT_NE(refusal({"--broker-name=etrade"}).find("broker.name"), std::string::npos);
}

TEST_F(BrokerMoney, RealMoneyOnlyWithTheSwitchAndTheSwitchOnlyWithRealMoney)
{
    const std::vector<std::string> tradier{"--broker-name=tradier", "--tradier-account=VA1",
                                           "--tradier-token=token"};
    for (const char* host : {"https://api.tradier.com/v1", "https://API.Tradier.com.:443/v1"}) {
        auto arguments = tradier;
        arguments.push_back(std::string("--tradier-url=") + host);
        arguments.push_back("--tradier-stream-url=wss://ws.tradier.com");
        EXPECT_NE(refusal(arguments).find("real money"), std::string::npos) << host;
    }
    auto paper = tradier;
    paper.insert(paper.end(), {"--tradier-url=https://sandbox.tradier.com/v1",
                               "--tradier-stream-url=wss://sandbox-ws.tradier.com",
                               "--trading-live=true"});
    EXPECT_NE(refusal(paper).find("not the live address"), std::string::npos);
    const std::vector<std::string> ibkr{"--broker-name=ibkr", "--ibkr-url=http://127.0.0.1:1/v1/api",
                                        "--ibkr-stream-url=ws://127.0.0.1:1/v1/api/ws"};
    auto live = ibkr;
    live.push_back("--ibkr-account=U1234567");
    EXPECT_NE(refusal(live).find("real money"), std::string::npos);
    auto switched = ibkr;
    switched.insert(switched.end(), {"--ibkr-account=DU1234567", "--trading-live=true"});
    EXPECT_NE(refusal(switched).find("is a paper account"), std::string::npos);
}

} // namespace
} // namespace qd::drills
