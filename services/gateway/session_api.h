#pragma once

#include "services/gateway/people.h"

namespace qd::gateway {

/// What whoever is signed in may do about themselves: who am I, sessions, step-up, password, second
/// factor. Any role, and none. Core executor.
struct SessionApi {
    People people;

    void addTo(Api& api) const;
};

} // namespace qd::gateway
