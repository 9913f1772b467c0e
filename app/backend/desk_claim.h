#pragma once

#include <optional>
#include <string>

#include "services/runtime/config.h"
#include "services/storage/database.h"

namespace qd::app {

/// Whose orders a database holds. Those of two accounts in one log would be compared with the wrong
/// one's: the first that is traded by keeps it.
struct TradedDesk {
    std::string broker; ///< "alpaca", "tradier", "ibkr"
    std::string money;  ///< "live", "paper", or "simulated" at the bundled sandbox
    std::string account; ///< its number; empty where the settings do not name one
};

storage::MigrationSet deskMigrations();

/// What the settings say.
TradedDesk tradedDesk(const runtime::Config& config);

/// That the database that the settings name is another desk's, and what to do; nothing if it is not, is
/// new, holds no orders or cannot be read.
std::optional<runtime::ConfigProblem> deskProblem(const runtime::Config& config);

/// A database and whose it is.
struct HeldDesk {
    TradedDesk desk;
    bool holdsOrders = false; ///< or executions, or positions
};

/// From now on the database is `desk`'s, if it holds nobody's orders or those of this desk; an account
/// whose number was known once stays known. Fails with: Conflict "config.other_desk".
Result<HeldDesk> claimDatabase(storage::Database& database, const TradedDesk& desk);
/// The broker has said which account it is.
Result<void> keepDesk(storage::Database& database, const TradedDesk& desk);

} // namespace qd::app
