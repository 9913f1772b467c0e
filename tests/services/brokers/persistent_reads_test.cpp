#include <gtest/gtest.h>

#include <deque>

#include "services/brokers/persistent_reads.h"
#include "tests/support/sim_world.h"

namespace qd::brokers {
namespace {

using namespace std::chrono_literals;

/// A broker that answers as the script says: a code is a failure, nothing more in it is a success.
class Scripted final : public Broker {
public:
    std::deque<Error> failures;
    int asked = 0, commands = 0, singles = 0;

    const Capabilities& capabilities() const override { return m_capabilities; }
    BrokerStatus status() const override { return {}; }
    void submit(const OrderRequest&, const std::string&, OutcomeCallback done) override
    {
        ++commands;
        done(Refused{failures.front()});
    }
    void modify(const VenueOrderId&, const Modification&, const std::string&, OutcomeCallback) override {}
    void cancel(const VenueOrderId&, const std::string&, OutcomeCallback) override {}
    void findByClientId(const ClientOrderId&, Callback<OrderReport> done) override
    {
        ++singles;
        done(tl::unexpected(failures.front()));
    }
    void listOrders(const OrderQuery&, Callback<std::vector<OrderReport>> done) override
    {
        answer<std::vector<OrderReport>>(std::move(done));
    }
    void listExecutions(Timestamp, Callback<std::vector<Fill>> done) override
    {
        answer<std::vector<Fill>>(std::move(done));
    }
    void listPositions(Callback<std::vector<Position>> done) override
    {
        answer<std::vector<Position>>(std::move(done));
    }
    void account(Callback<AccountSnapshot> done) override { answer<AccountSnapshot>(std::move(done)); }
    void listInstruments(Callback<std::vector<Instrument>> done) override
    {
        answer<std::vector<Instrument>>(std::move(done));
    }
    void start(std::function<void(BrokerEvent)>) override {}
    void stop() override {}

private:
    template <typename T>
    void answer(Callback<T> done)
    {
        ++asked;
        if (failures.empty()) return done(T());
        const Error error = failures.front();
        failures.pop_front();
        done(tl::unexpected(error));
    }
    Capabilities m_capabilities;
};

Error unavailable(const char* code)
{
    return {ErrorKind::Unavailable, code, "not now", {}};
}

class PersistentReadsTest : public testing::Test {
protected:
    qd::test::SimWorld m_world{1};
    qd::test::SimExecutor m_core{m_world, "core"};
    Scripted m_broker;
    PersistentReads m_reads{m_broker, m_core, m_world.random()};
    std::optional<Result<AccountSnapshot>> m_answer;

    void ask()
    {
        m_reads.account([this](Result<AccountSnapshot> answer) { m_answer = std::move(answer); });
        m_world.run(30s);
    }
};

TEST_F(PersistentReadsTest, AMomentsTroubleIsNotTold)
{
    m_broker.failures = {unavailable("wire.reset"), unavailable("broker.http_503")};
    ask();
    ASSERT_TRUE(m_answer && m_answer->has_value());
    EXPECT_EQ(m_broker.asked, 3);
    EXPECT_EQ(m_reads.counts().retried, 2u);
    EXPECT_EQ(m_reads.counts().recovered, 1u);
    EXPECT_EQ(m_reads.counts().gaveUp, 0u);
    EXPECT_LT(m_reads.budgetPermille(), resilience::RetryBudget::kCapPermille);
}

TEST_F(PersistentReadsTest, AfterThreeTriesTheTroubleIsTold)
{
    m_broker.failures = {unavailable("wire.reset"), unavailable("wire.reset"),
                         unavailable("wire.timeout"), unavailable("wire.reset")};
    ask();
    ASSERT_TRUE(m_answer && !m_answer->has_value());
    EXPECT_EQ(m_answer->error().code, "wire.timeout");
    EXPECT_EQ(m_broker.asked, 3);
    EXPECT_EQ(m_reads.counts().gaveUp, 1u);
}

TEST_F(PersistentReadsTest, AnOpenBreakerALimitAndARefusalAreNotAskedAgain)
{
    for (const Error& error :
         {unavailable("resilience.breaker_open"), unavailable("broker.rate_limited"),
          Error{ErrorKind::Denied, "broker.unauthorized", "no", {}}}) {
        m_answer.reset();
        m_broker.asked = 0;
        m_broker.failures = {error};
        ask();
        ASSERT_TRUE(m_answer && !m_answer->has_value()) << error.code;
        EXPECT_EQ(m_answer->error().code, error.code);
        EXPECT_EQ(m_broker.asked, 1) << error.code;
    }
}

TEST_F(PersistentReadsTest, CommandsAndTheSearchForOneOrderPassOnce)
{
    m_broker.failures = {unavailable("wire.reset")};
    int told = 0;
    m_reads.submit({}, {}, [&](const Outcome&) { ++told; });
    m_reads.findByClientId(ClientOrderId("a"), [&](const Result<OrderReport>&) { ++told; });
    m_world.run(1min);
    EXPECT_EQ(told, 2);
    EXPECT_EQ(m_broker.commands, 1);
    EXPECT_EQ(m_broker.singles, 1);
}

TEST_F(PersistentReadsTest, InAnOutageTheBudgetKeepsTriesToATenth)
{
    for (int i = 0; i < 1000; ++i) m_broker.failures.push_back(unavailable("wire.connect"));
    for (int i = 0; i < 100; ++i) ask();
    EXPECT_LE(m_broker.asked, 100 + 10 + 10) << "a hundred reads, ten saved-up tries and a tenth";
    EXPECT_GE(m_broker.asked, 110);
}

} // namespace
} // namespace qd::brokers
