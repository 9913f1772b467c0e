#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/support/order_process.h"

namespace qd::simulation {

/// What the clients remember.
struct Facts {
    std::set<ClientOrderId> issued;       ///< every id that anybody made
    std::set<ClientOrderId> acknowledged; ///< answered with success
    std::set<ClientOrderId> foreign;      ///< placed at the venue by others
};

/// What the venue would swear to.
struct VenueTruth {
    struct Placed {
        ClientOrderId clientOrderId;
        bool isLeg = false; ///< of a bracket: the venue made its id
        OrderState state = OrderState::Accepted;
        Quantity quantity, filledQuantity;
        Price averagePrice;
        Timestamp updatedAt;
        int timesAsked = 1; ///< how often an order of this id was asked for
        /// The venue told of an execution twice; its state, its average and the account's cash do not
        /// know of the second one.
        bool isOverfilled = false;
    };
    std::vector<Placed> orders;
    std::map<Symbol, Quantity> positions;
};

/// Orders that still wait for something, in words; empty: all have settled.
std::vector<std::string> unsettled(test::OrderProcess& backend);

/// What holds at every moment, also in the middle of the storm.
void checkAlways(test::OrderProcess& backend, std::vector<std::string>& violations);

/// The promises of the order room once everything has settled, held against the venue.
void checkAll(test::OrderProcess& backend, const VenueTruth& truth, const Facts& facts,
              std::vector<std::string>& violations);

/// Two exits must never sell more than the entry bought. Not at a venue that fills what it has
/// canceled.
void checkExits(test::OrderProcess& backend, std::vector<std::string>& violations);

/// The event log's chain; its head goes to `head`. The backend must not be running.
void verifyLog(test::OrderProcess& backend, std::vector<std::string>& violations,
               std::string& head);

/// Somebody rewrites one event of the log. The backend must not be running.
void tamperWithLog(test::OrderProcess& backend);

/// Everything that queries show of orders and positions, as text.
std::string snapshotOf(test::OrderProcess& backend);

} // namespace qd::simulation
