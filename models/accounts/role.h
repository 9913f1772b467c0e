#pragma once

#include <string>
#include <string_view>

#include "models/base/result.h"

namespace qd {

/// What a person (or program) may do, least first. Every endpoint of the API declares the role it
/// asks for; a caller passes when one of its roles includes it.
enum class Role {
    Anyone,   ///< no token needed: liveness and readiness on loopback
    Viewer,   ///< read orders, positions, market data
    Trader,   ///< and submit, change and cancel orders
    Support,  ///< read orders and payments, reconcile
    Operator, ///< health, breakers, backup, halt and resume, drills
    Admin,    ///< everything
};
std::string_view toString(Role role);

/// Does `held` include what `asked` allows?
bool includes(Role held, Role asked);

} // namespace qd
