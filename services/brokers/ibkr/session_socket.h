#pragma once

#include "services/brokers/ibkr/session_keeper.h"
#include "services/wire/http.h"

namespace qd::brokers::ibkr {

/// How the gateway's socket is opened: the session it belongs to is named in the cookie.
wire::WebSocketOptions socketOptions(const IbkrSettings& settings, const SessionKeeper& session);

} // namespace qd::brokers::ibkr
