#pragma once

#include <optional>
#include <string>

#include "models/accounts/role.h"
#include "services/identity/access_table.h"

namespace qd::gateway {

/// Who is calling, and what they may do.
struct Caller {
    std::string name = "anyone"; ///< "user:owner", "user:<id>"
    Roles roles = {};
    bool isSteppedUp = false; ///< may do what asks for a fresh proof of who they are
    bool isOwner = false;     ///< holds the owner token: has no account
    bool isProgram = false;   ///< holds a token for a minute: for calls, not for streams
    std::optional<identity::Access> session = {}; ///< of who signed in
};

} // namespace qd::gateway
