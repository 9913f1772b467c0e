#pragma once

#include <functional>
#include <memory>

#include <CLI/CLI.hpp>

#include "app/ctl/session.h"

namespace qd::ctl {

/// What the command line has chosen; run once everything is parsed. The answer is the exit code.
using Chosen = std::function<int()>;

/// Each adds the commands of its subject to `app`. The session outlives the parsing and the action.
void addOrderCommands(CLI::App& app, Session& session, Chosen& chosen);
void addMarketCommands(CLI::App& app, Session& session, Chosen& chosen);
void addSystemCommands(CLI::App& app, Session& session, Chosen& chosen);
void addTradingCommands(CLI::App& app, Session& session, Chosen& chosen);
void addTokenCommands(CLI::App& app, Session& session, Chosen& chosen);
void addUserCommands(CLI::App& app, Session& session, Chosen& chosen);
void addBrokerCommands(CLI::App& app, Session& session, Chosen& chosen);
void addVaultCommands(CLI::App& app, Session& session, Chosen& chosen);
void addConnectionCommands(CLI::App& app, Session& session, Chosen& chosen);
void addFaultCommands(CLI::App& app, Session& session, Chosen& chosen);
void addDrillCommands(CLI::App& app, Session& session, Chosen& chosen);
/// Adds those of one's own account to `user`.
void addOwnAccountCommands(CLI::App& user, Session& session, Chosen& chosen);

} // namespace qd::ctl
