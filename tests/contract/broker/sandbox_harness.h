#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "tests/contract/broker/harness.h"
#include "tests/support/sim_venue.h"

namespace qd::brokers::test {

/// An adapter against the sandbox's venue of its protocol: two pieces of code that share nothing
/// but the protocol. What differs is in the harness of each: how the venue is made, how it names
/// orders, how its key is taken away.
class SandboxHarness : public Harness {
public:
    ~SandboxHarness() override;

    qd::test::SimWorld& world() override { return m_world; }
    Broker& broker() override { return *m_broker; }
    qd::test::SimFaults& faults() override { return m_venue->network().faults(); }
    void dropStream() override { m_venue->dropSockets(); }

    void quote(const char* symbol, const char* bid, const char* ask) override;
    void placeForeign(int count, const char* limit) override;
    void misbehave(const std::string& json) override;

protected:
    explicit SandboxHarness(std::uint64_t seed);

    static std::vector<Instrument> listings();
    /// No luck: partial fills are asked for.
    static exchange::ExchangeOptions exchangeOptions();

    /// The venue that all this is about. Once, before `speak`.
    template <typename Venue>
    Venue& found(std::unique_ptr<Venue> venue)
    {
        Venue& kept = *venue;
        m_venue = std::move(venue);
        m_http = kept.network().makeHttpClient(m_core);
        m_sockets = kept.network().makeWebSocketClient(m_core);
        return kept;
    }
    /// The adapter that speaks to it; then the market opens.
    template <typename Adapter, typename Settings>
    void speak(Settings settings)
    {
        m_broker = std::make_unique<Adapter>(std::move(settings), *m_http, *m_sockets, m_core,
                                             m_world.random());
        openMarket();
    }

private:
    void openMarket();

    qd::test::SimWorld m_world;
    qd::test::SimExecutor m_core;
    std::unique_ptr<qd::test::SimVenue> m_venue;
    std::unique_ptr<wire::HttpClient> m_http;
    std::unique_ptr<wire::WebSocketClient> m_sockets;
    std::unique_ptr<Broker> m_broker;
};

} // namespace qd::brokers::test
