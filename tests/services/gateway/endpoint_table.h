#pragma once

#include <array>
#include <string_view>

#include "models/accounts/role.h"

namespace qd::gateway::test {

/// What the API serves and whom it serves: written down a second time on purpose. An endpoint that
/// is not listed here, or that asks for another role than here, is a mistake in one of the places.
enum class Asks {
    Role,    ///< nothing more
    Session, ///< a token, whatever its roles
    StepUp,  ///< also a fresh proof of who it is
};
struct Row {
    std::string_view method, path;
    Role role;
    Asks asks = Asks::Role;
};
inline constexpr std::array kEndpoints{
    Row{"POST", "/v1/orders", Role::Trader},
    Row{"POST", "/v1/orders/preview", Role::Trader},
    Row{"PATCH", "/v1/orders/{clientOrderId}", Role::Trader},
    Row{"DELETE", "/v1/orders/{clientOrderId}", Role::Trader},
    Row{"DELETE", "/v1/orders", Role::Trader},
    Row{"GET", "/v1/orders", Role::Viewer},
    Row{"GET", "/v1/orders/{clientOrderId}", Role::Viewer},
    Row{"GET", "/v1/orders/{clientOrderId}/timeline", Role::Viewer},
    Row{"GET", "/v1/fills", Role::Viewer},
    Row{"GET", "/v1/positions", Role::Viewer},
    Row{"GET", "/v1/account", Role::Viewer},
    Row{"GET", "/v1/trading", Role::Viewer},
    Row{"PUT", "/v1/trading", Role::Trader},
    Row{"POST", "/v1/trading/reconcile", Role::Trader},
    Row{"POST", "/v1/trading/differences/{id}/accept", Role::Trader},
    Row{"GET", "/v1/quotes", Role::Viewer},
    Row{"GET", "/v1/bars", Role::Viewer},
    Row{"GET", "/v1/instruments", Role::Viewer},
    Row{"GET", "/v1/instruments/{symbol}", Role::Viewer},
    Row{"GET", "/v1/market/status", Role::Viewer},
    Row{"GET", "/health/live", Role::Anyone},
    Row{"GET", "/health/ready", Role::Anyone},
    Row{"GET", "/health/report", Role::Anyone},
    Row{"GET", "/metrics", Role::Anyone},
    Row{"GET", "/v1/breakers", Role::Viewer},
    Row{"GET", "/v1/events", Role::Viewer},
    Row{"GET", "/v1/log/verify", Role::Operator},
    Row{"POST", "/v1/backup", Role::Operator},
    Row{"GET", "/v1/traces", Role::Viewer},
    Row{"GET", "/v1/traces/{traceId}", Role::Viewer},
    Row{"GET", "/v1/openapi.json", Role::Anyone},
    Row{"GET", "/v1/vault", Role::Admin},
    Row{"POST", "/v1/vault/rotate", Role::Admin, Asks::StepUp},
    Row{"POST", "/v1/vault/import", Role::Admin, Asks::StepUp},
    Row{"GET", "/v1/broker/session", Role::Viewer},
    Row{"POST", "/v1/broker/session/take-over", Role::Trader},
    Row{"GET", "/v1/connections", Role::Viewer},
    Row{"GET", "/v1/connections/available", Role::Viewer},
    Row{"POST", "/v1/connections/{broker}/begin", Role::Trader},
    Row{"POST", "/v1/connections/{broker}/finish", Role::Trader},
    Row{"DELETE", "/v1/connections/{broker}", Role::Trader},
    Row{"POST", "/v1/sign-up", Role::Anyone},
    Row{"POST", "/v1/email/verify", Role::Anyone},
    Row{"POST", "/v1/password/forgot", Role::Anyone},
    Row{"POST", "/v1/password/reset", Role::Anyone},
    Row{"POST", "/v1/session", Role::Anyone},
    Row{"POST", "/v1/session/refresh", Role::Anyone},
    Row{"GET", "/v1/session", Role::Anyone, Asks::Session},
    Row{"DELETE", "/v1/session", Role::Anyone, Asks::Session},
    Row{"POST", "/v1/session/step-up", Role::Anyone, Asks::Session},
    Row{"GET", "/v1/sessions", Role::Anyone, Asks::Session},
    Row{"DELETE", "/v1/sessions", Role::Anyone, Asks::Session},
    Row{"DELETE", "/v1/sessions/{session}", Role::Anyone, Asks::Session},
    Row{"PUT", "/v1/password", Role::Anyone, Asks::Session},
    Row{"POST", "/v1/totp", Role::Anyone, Asks::StepUp},
    Row{"POST", "/v1/totp/confirm", Role::Anyone, Asks::StepUp},
    Row{"DELETE", "/v1/totp", Role::Anyone, Asks::StepUp},
    Row{"GET", "/v1/users", Role::Admin},
    Row{"POST", "/v1/users", Role::Admin, Asks::StepUp},
    Row{"GET", "/v1/users/{user}", Role::Admin},
    Row{"PUT", "/v1/users/{user}/roles/{role}", Role::Admin, Asks::StepUp},
    Row{"DELETE", "/v1/users/{user}/roles/{role}", Role::Admin, Asks::StepUp},
    Row{"POST", "/v1/users/{user}/disable", Role::Admin, Asks::StepUp},
    Row{"POST", "/v1/users/{user}/enable", Role::Admin, Asks::StepUp},
    Row{"GET", "/v1/users/{user}/sessions", Role::Admin},
    Row{"DELETE", "/v1/users/{user}/sessions", Role::Admin, Asks::StepUp},
    Row{"GET", "/v1/mailbox", Role::Admin},
    Row{"POST", "/v1/internal/token", Role::Admin, Asks::StepUp},
    Row{"POST", "/v1/internal/rotate", Role::Admin, Asks::StepUp},
    Row{"GET", "/v1/faults", Role::Admin},
    Row{"PUT", "/v1/faults/{name}", Role::Admin},
    Row{"DELETE", "/v1/faults", Role::Admin},
};

} // namespace qd::gateway::test
