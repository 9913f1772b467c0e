#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "services/wire/url.h"
#include "tests/support/sim_network.h"

namespace qd::test {

/// A user of the network, as long as it is there: the executor may be destroyed once `open` is false.
struct SimEndpoint {
    runtime::Executor* executor = nullptr;
    wire::Service* service = nullptr; ///< servers only
    bool open = true;
    void post(runtime::Task task)
    {
        if (open) executor->post(std::move(task));
    }
};

class SimSocket;

/// What SimNetwork's parts share.
struct SimNetwork::Core : std::enable_shared_from_this<SimNetwork::Core> {
    Core(runtime::Executor& e, runtime::Random& r) : executor(e), random(r) {}

    bool happens(double chance) { return chance > 0 && random.uniform() < chance; }
    Duration delay();
    /// Run `task` on the network's executor after `wait`. From any executor.
    void later(Duration wait, runtime::Task task);
    bool isCut(const std::string& authority) const { return cutOff.contains(authority); }
    std::shared_ptr<SimEndpoint> server(const std::string& authority) const;
    void forEachSocket(const std::string& authority, void (*use)(SimSocket&));

    runtime::Executor& executor;
    runtime::Random& random;
    SimFaults faults;
    Counts counts;
    bool open = true;
    std::map<std::string, std::shared_ptr<SimEndpoint>> servers;
    std::set<std::string> cutOff;
    std::vector<std::weak_ptr<SimSocket>> sockets;
    std::map<std::uint64_t, runtime::Timer> timers;
    std::uint64_t nextTimer = 0;
};

/// One end of a simulated WebSocket.
class SimSocket final : public wire::WebSocket, public std::enable_shared_from_this<SimSocket> {
public:
    SimSocket(std::shared_ptr<SimNetwork::Core> core, std::shared_ptr<SimEndpoint> endpoint,
              std::string authority, wire::WebSocketEvents events, wire::WebSocketOptions options);

    bool send(wire::WebSocketMessage message) override;
    bool sendShared(std::shared_ptr<const std::string> payload, bool binary) override;
    std::size_t queuedBytes() const override { return m_queuedBytes; }
    void close(wire::CloseReason reason) override;
    bool isOpen() const override { return m_open; }

    static void join(const std::shared_ptr<SimSocket>& a, const std::shared_ptr<SimSocket>& b);
    /// Tell the owner that it is open, in order with what follows.
    void open();
    /// Tell the owner that it has ended; once.
    void finish(wire::CloseReason reason);
    /// Both ends die, each after the time the news takes.
    void drop(const std::string& why);
    /// What was stalled by a cut goes on.
    void flush();
    void dieIfStillCut();
    /// The network is gone: nothing arrives any more. Both ends, and what they tell, let go of each
    /// other.
    void letGo();
    bool isEnded() const { return m_ended; }
    const std::string& authority() const { return m_authority; }
    const SimEndpoint* endpoint() const { return m_endpoint.get(); }

private:
    /// Run `arrival` at the other end, behind everything sent before.
    void transmit(std::function<void(SimSocket&)> arrival);
    void arriveNext();
    void receive(const wire::WebSocketMessage& message);

    std::shared_ptr<SimNetwork::Core> m_core;
    std::shared_ptr<SimEndpoint> m_endpoint;
    std::string m_authority;
    std::shared_ptr<wire::WebSocketEvents> m_events;
    wire::WebSocketOptions m_options;
    std::shared_ptr<SimSocket> m_peer; ///< until one has ended
    std::deque<std::function<void(SimSocket&)>> m_underWay;  ///< in order
    std::vector<std::function<void(SimSocket&)>> m_stalled; ///< arrived at a cut
    Duration m_lastDue{0};
    std::size_t m_queuedBytes = 0;
    bool m_open = false, m_ended = false;
};

} // namespace qd::test
