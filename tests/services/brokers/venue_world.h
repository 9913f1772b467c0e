#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/brokers/alpaca/alpaca_settings.h"
#include "tests/support/sim_network.h"
#include "tests/support/sim_world.h"

namespace qd::brokers::test {

/// A venue that answers what the test says, and remembers what it was asked.
class ScriptedVenue final : public wire::Service {
public:
    /// Nothing: silence.
    using Answer = std::function<std::optional<wire::HttpResponse>(const wire::HttpRequest&)>;
    struct Session {
        std::shared_ptr<wire::WebSocket> socket;
        std::vector<std::string> received;
        bool closed = false;
        void tell(std::string text) { socket->send({false, std::move(text)}); }
    };
    using SessionPtr = std::shared_ptr<Session>;

    void handle(wire::HttpRequest request, Respond respond) override;
    tl::expected<wire::WebSocketEvents, wire::HttpResponse>
    upgrade(const wire::HttpRequest& request) override;

    void next(int status, std::string body = {}, wire::Headers headers = {})
    {
        script.push_back(wire::HttpResponse{status, std::move(headers), std::move(body)});
    }

    std::deque<std::optional<wire::HttpResponse>> script; ///< used up first
    Answer answer = [](const auto&) { return wire::HttpResponse{200, {}, "{}"}; };
    std::vector<wire::HttpRequest> requests;
    std::vector<SessionPtr> sessions;
    /// Called at each opening and for each text of a stream's client.
    std::function<void(Session&)> onOpen = [](Session&) {};
    std::function<void(Session&, const std::string&)> onText = [](Session&, const std::string&) {};
};

/// A venue called "alpaca.test", the network to it, and a core executor, in virtual time.
struct VenueWorld {
    explicit VenueWorld(std::uint64_t seed = 1);
    ~VenueWorld();

    static AlpacaSettings settings();
    void run(Duration time) { world.run(time); }

    qd::test::SimWorld world;
    qd::test::SimExecutor wires, far, core;
    ScriptedVenue venue;
    qd::test::SimNetwork network;
    std::unique_ptr<wire::HttpClient> http;
    std::unique_ptr<wire::WebSocketClient> sockets;
};

/// An order as Alpaca writes it; `more` replaces or adds members: {"status", "\"filled\""}.
std::string alpacaOrder(const std::string& clientOrderId,
                        std::vector<std::pair<std::string, std::string>> more = {});

} // namespace qd::brokers::test
