#pragma once

#include <memory>
#include <string>

#include "services/runtime/random.h"
#include "services/wire/network.h"

namespace qd::test {

/// What the simulated network may do to traffic; chances from 0 to 1, drawn anew for each request or
/// message. All zero: a fast, faithful network.
struct SimFaults {
    Duration delayMin = std::chrono::milliseconds(1), delayMax = std::chrono::milliseconds(20);
    double slow = 0; ///< a request takes `slowBy` longer to arrive, perhaps after its deadline
    Duration slowBy = std::chrono::seconds(15);

    double connectRefused = 0;   ///< nothing is delivered: Unavailable "wire.connect"
    double requestLost = 0;      ///< nothing is delivered: OutcomeUnknown "wire.timeout"
    double requestReset = 0;     ///< nothing is delivered: OutcomeUnknown "wire.reset"
    double answerLost = 0;       ///< delivered: OutcomeUnknown "wire.timeout"
    double answerReset = 0;      ///< delivered: OutcomeUnknown "wire.reset"
    double answerCut = 0;        ///< delivered, yet only a part of the answer's body arrives
    double serverError = 0;      ///< nothing is delivered, the answer is 503
    double serverErrorAfter = 0; ///< delivered, yet the answer is 502

    double socketDropped = 0; ///< per message: the connection dies, the message with it
    double messageLost = 0;
    double messageDuplicated = 0;
};

/// The internet in a test: clients that reach a `Service` directly, through delays and faults drawn
/// from `random`, in the time of `executor`. HTTP requests are delivered once at most; each direction
/// of a WebSocket keeps its order. One thread, deterministic.
///
///   SimExecutor wires(world, "wires"), venue(world, "venue"), core(world, "core");
///   SimNetwork network(wires, world.random());
///   network.serve("paper.test", server, venue);
///   auto http = network.makeHttpClient(core);   // knows http://paper.test and https://paper.test
class SimNetwork {
public:
    SimNetwork(runtime::Executor& executor, runtime::Random& random);
    ~SimNetwork();
    SimNetwork(const SimNetwork&) = delete;
    SimNetwork& operator=(const SimNetwork&) = delete;

    /// Requests to `authority` ("host" or "host:port") go to `service` on `executor`.
    void serve(const std::string& authority, wire::Service& service, runtime::Executor& executor);
    /// The server's process is gone: its sockets end, connections are refused, nothing more is
    /// called. Before `service` or its executor is destroyed.
    void unserve(const std::string& authority);

    /// Callbacks come on `executor`, until the client is destroyed; its sockets then die.
    std::unique_ptr<wire::HttpClient> makeHttpClient(runtime::Executor& executor);
    std::unique_ptr<wire::WebSocketClient> makeWebSocketClient(runtime::Executor& executor);

    SimFaults& faults();
    /// A cut cable: requests time out, sockets stall and die after their idle timeout.
    void cut(const std::string& authority);
    void heal(const std::string& authority);
    /// All open sockets to `authority` die now.
    void dropSockets(const std::string& authority);

    struct Counts {
        std::uint64_t requests = 0, delivered = 0, refused = 0, lost = 0, reset = 0, replaced = 0,
                      timeouts = 0, messages = 0, messagesLost = 0, messagesDuplicated = 0,
                      socketsDropped = 0;
    };
    const Counts& counts() const;

    struct Core; ///< shared with what is under way

private:
    std::shared_ptr<Core> m_core;
};

} // namespace qd::test
