#include "models/accounts/role.h"

namespace qd {

std::string_view toString(Role role)
{
    switch (role) {
    case Role::Anyone: return "anyone";
    case Role::Viewer: return "viewer";
    case Role::Trader: return "trader";
    case Role::Support: return "support";
    case Role::Operator: return "operator";
    case Role::Admin: return "admin";
    }
    return "unknown";
}

bool includes(Role held, Role asked)
{
    if (asked == Role::Anyone || held == Role::Admin || held == asked) return true;
    return asked == Role::Viewer; // every signed-in role may look
}

} // namespace qd
