#include "services/brokers/ibkr/session_socket.h"

namespace qd::brokers::ibkr {

wire::WebSocketOptions socketOptions(const IbkrSettings& settings, const SessionKeeper& session)
{
    wire::WebSocketOptions options;
    options.url = settings.streamUrl;
    options.idleTimeout = settings.streamIdleTimeout;
    options.headers.set("Cookie", "api={\"session\":" + json::quote(session.sessionId()) + "}");
    options.headers.set("User-Agent", "quarterdeck");
    return options;
}

} // namespace qd::brokers::ibkr
