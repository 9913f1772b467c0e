#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "services/brokers/broker.h"
#include "tests/support/sim_network.h"
#include "tests/support/sim_world.h"

namespace qd::brokers::test {

/// A broker and the venue behind it, in virtual time. One per test.
/// The venue knows ACME and THIN (not to be sold short) at 10.00 / 10.02 and BTC/USD, and one
/// account with 100,000.
class Harness {
public:
    virtual ~Harness() = default;

    virtual qd::test::SimWorld& world() = 0;
    virtual Broker& broker() = 0;
    /// The roads between the two.
    virtual qd::test::SimFaults& faults() = 0;
    virtual void dropStream() = 0;

    // ── at the venue's side ──────────────────────────────────────────────────────────────────────
    virtual void quote(const char* symbol, const char* bid, const char* ask) = 0;
    /// Orders that another program placed: buys of one ACME share each.
    virtual void placeForeign(int count, const char* limit) = 0;
    /// How many orders the venue has under this client id.
    virtual int ordersUnder(const ClientOrderId& id) = 0;
    /// One of the venue's own misdeeds, as its drills know them: {"kind":"lose_ack"}.
    virtual void misbehave(const std::string& json) = 0;
    virtual void revokeKey() = 0;
};

using HarnessFactory = std::unique_ptr<Harness> (*)(std::uint64_t seed);

/// What every test of the contract shares: calls that wait for their one answer, and the events.
class BrokerContract : public ::testing::TestWithParam<HarnessFactory> {
protected:
    void SetUp() override { begin(1); }
    void TearDown() override { m_harness.reset(); }
    /// A fresh broker and venue.
    void begin(std::uint64_t seed);

    Harness& the() { return *m_harness; }
    Broker& broker() { return m_harness->broker(); }
    void run(Duration time) { m_harness->world().run(time); }
    /// Starts the stream and waits until it is up.
    void listen();

    OrderRequest buy(const char* quantity, const char* limit = nullptr,
                     const char* symbol = "ACME");
    OrderRequest sell(const char* quantity, const char* limit = nullptr,
                      const char* symbol = "ACME");

    Outcome submit(const OrderRequest& request);
    Outcome cancel(const VenueOrderId& id);
    Outcome modify(const VenueOrderId& id, const Modification& change);
    Result<OrderReport> find(const ClientOrderId& id);
    std::vector<OrderReport> list(const OrderQuery& query);
    std::vector<Fill> executions(Timestamp since = {});
    std::vector<Position> positions();
    AccountSnapshot account();
    /// Submits, expects it to be accepted, and lets it come to the market.
    OrderReport place(const OrderRequest& request);

    std::vector<OrderUpdate> updates(const ClientOrderId& id) const;
    std::vector<OrderEventKind> kinds(const ClientOrderId& id) const;
    std::vector<ConnectionChange> connections() const;
    int malformed() const;

    std::vector<BrokerEvent> events;

private:
    OrderRequest request(Side side, const char* quantity, const char* limit, const char* symbol);
    std::unique_ptr<Harness> m_harness;
};

/// "accepted", "refused", "unknown".
const char* wordOf(const Outcome& outcome);
const Error& errorOf(const Outcome& outcome);

/// The same broker when the roads or the venue fail.
class BrokerContractFaults : public BrokerContract {};

} // namespace qd::brokers::test
