#include "tests/services/brokers/venue_world.h"

#include <algorithm>

namespace qd::brokers::test {

void ScriptedVenue::handle(wire::HttpRequest request, Respond respond)
{
    requests.push_back(request);
    std::optional<wire::HttpResponse> response;
    if (script.empty()) {
        response = answer(request);
    } else {
        response = std::move(script.front());
        script.pop_front();
    }
    if (response) respond(std::move(*response));
}

tl::expected<wire::WebSocketEvents, wire::HttpResponse>
ScriptedVenue::upgrade(const wire::HttpRequest&)
{
    auto session = std::make_shared<Session>();
    sessions.push_back(session);
    wire::WebSocketEvents events;
    events.onOpen = [this, session](std::shared_ptr<wire::WebSocket> socket) {
        session->socket = std::move(socket);
        onOpen(*session);
    };
    events.onMessage = [this, session](const wire::WebSocketMessage& message) {
        session->received.push_back(message.payload);
        onText(*session, message.payload);
    };
    events.onClosed = [session](const wire::CloseReason&) { session->closed = true; };
    return events;
}

VenueWorld::VenueWorld(std::uint64_t seed)
    : world(seed),
      wires(world, "wires"),
      far(world, "venue"),
      core(world, "core"),
      network(wires, world.random())
{
    network.serve("alpaca.test", venue, far);
    http = network.makeHttpClient(core);
    sockets = network.makeWebSocketClient(core);
}

VenueWorld::~VenueWorld()
{
    network.unserve("alpaca.test");
}

AlpacaSettings VenueWorld::settings()
{
    AlpacaSettings settings;
    settings.tradingUrl = settings.dataUrl = "https://alpaca.test";
    settings.streamUrl = "wss://alpaca.test/stream";
    settings.dataStreamUrl = "wss://alpaca.test/v2/iex";
    settings.keyId = runtime::Secret("PKTEST");
    settings.secretKey = runtime::Secret("hush-hush");
    return settings;
}

std::string alpacaOrder(const std::string& clientOrderId,
                        std::vector<std::pair<std::string, std::string>> more)
{
    std::vector<std::pair<std::string, std::string>> members = {
        {"id", "\"904837e3-3b76-47ec-b432-046db621571b\""},
        {"client_order_id", "\"" + clientOrderId + "\""},
        {"created_at", "\"2026-01-05T15:00:00.123456789Z\""},
        {"updated_at", "\"2026-01-05T15:00:01Z\""},
        {"submitted_at", "\"2026-01-05T15:00:00.123456789Z\""},
        {"symbol", "\"AAPL\""},
        {"asset_class", "\"us_equity\""},
        {"notional", "null"},
        {"qty", "\"15\""},
        {"filled_qty", "\"0\""},
        {"filled_avg_price", "null"},
        {"order_class", "\"\""},
        {"order_type", "\"limit\""},
        {"type", "\"limit\""},
        {"side", "\"buy\""},
        {"time_in_force", "\"day\""},
        {"limit_price", "\"107.5\""},
        {"stop_price", "null"},
        {"status", "\"new\""},
        {"extended_hours", "false"},
        {"legs", "null"},
        {"trail_percent", "null"},
        {"trail_price", "null"},
    };
    for (auto& [name, value] : more) {
        const auto found = std::ranges::find(members, name, [](const auto& m) { return m.first; });
        if (found != members.end())
            found->second = value;
        else
            members.emplace_back(name, value);
    }
    std::string text = "{";
    for (const auto& [name, value] : members) {
        if (value.empty()) continue; // left out
        if (text.size() > 1) text += ',';
        text += "\"" + name + "\":" + value;
    }
    return text + "}";
}

} // namespace qd::brokers::test
