#pragma once

#include "services/gateway/people.h"

namespace qd::gateway {

/// What needs no token: signing up, verifying an address, resetting a password, signing in, and
/// refreshing a session. Answers for known and unknown addresses are alike. Core executor.
struct SignInApi {
    People people;

    void addTo(Api& api) const;
};

} // namespace qd::gateway
