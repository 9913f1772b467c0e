#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/support/orders_backend.h"

namespace qd::simulation {

/// What the clients remember.
struct Facts {
    std::set<ClientOrderId> issued;       ///< every id that anybody made
    std::set<ClientOrderId> acknowledged; ///< answered with success
    std::set<ClientOrderId> foreign;      ///< placed at the venue by others
};

/// Orders that still wait for something, in words; empty: all have settled.
std::vector<std::string> unsettled(test::Backend& backend);

/// The promises of the order room, held against the venue.
void checkAll(test::Backend& backend, const Facts& facts, std::vector<std::string>& violations);

/// The event log's chain; its head goes to `head`. The backend must not be running.
void verifyLog(test::Backend& backend, std::vector<std::string>& violations, std::string& head);

/// Everything that queries show of orders and positions, as text.
std::string snapshotOf(test::Backend& backend);

} // namespace qd::simulation
