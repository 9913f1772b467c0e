#pragma once

#include <map>
#include <memory>
#include <string>

#include "services/brokers/alpaca/alpaca_broker.h"
#include "tests/simulation/invariants.h"
#include "tests/simulation/order_simulation.h"
#include "tests/support/faulty_disk.h"
#include "tests/support/sim_alpaca.h"

namespace qd::simulation {

/// Stands before the venue: counts what is asked for and keeps a hash over everything that passes.
class Witness final : public wire::Service {
public:
    explicit Witness(wire::Service& venue) : m_venue(venue) {}

    void handle(wire::HttpRequest request, Respond respond) override;
    tl::expected<wire::WebSocketEvents, wire::HttpResponse>
    upgrade(const wire::HttpRequest& request) override;

    /// How often a new order of this client id has reached the venue.
    int timesAsked(const ClientOrderId& id) const;
    void note(std::string_view text);
    std::uint64_t trace() const { return *m_trace; }

private:
    wire::Service& m_venue;
    std::map<ClientOrderId, int> m_asked;
    /// Answers come late, perhaps when nobody watches any more.
    std::shared_ptr<std::uint64_t> m_trace = std::make_shared<std::uint64_t>(14695981039346656037ULL);
};

/// The order room in its process, the Alpaca adapter, the network, Alpaca, and a disk: all of it real
/// but the wires, the platters and the time.
class WholeWorld final : public test::OrderProcess {
public:
    explicit WholeWorld(const Options& options);
    ~WholeWorld() override;

    test::SimAlpaca& alpaca() { return m_alpaca; }
    test::FaultyDisk& disk() { return m_disk; }
    Witness& witness() { return *m_witness; }

    /// The process dies: nothing that it wrote is lost, not even what was not synced.
    void kill();
    /// The machine dies: what was not synced may be lost.
    void cutPower();

    VenueTruth truth();

private:
    brokers::Broker& openBroker(test::SimExecutor& core) override;
    void closeBroker() override;

    const Options& m_options;
    test::FaultyDisk m_disk;
    runtime::SeededRandom m_diskLuck;
    Witness* m_witness = nullptr; ///< Alpaca's
    test::SimAlpaca m_alpaca;
    std::unique_ptr<wire::HttpClient> m_http, m_faultyHttp;
    std::unique_ptr<wire::WebSocketClient> m_sockets;
    std::unique_ptr<runtime::SeededRandom> m_brokerRandom;
    std::unique_ptr<brokers::Broker> m_broker, m_faultyBroker;
};

} // namespace qd::simulation
