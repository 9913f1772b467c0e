#pragma once

#include <functional>
#include <memory>

#include "app/terminal/options.h"
#include "services/client/embedded_backend.h"
#include "ui/state/desk.h"

class QWidget;

namespace qd {

/// Are sandbox and backend beside this program?
bool programsExist();

client::EmbeddedBackend::Options embeddedOptions(const Options& options);

/// Market and backend as children that the session is kept pointed at; not started yet. While
/// `isOwner` says no, somebody is signed in, and a backend that was started again is not met with the
/// owner's token; empty: always.
std::unique_ptr<client::EmbeddedBackend> embed(client::NetSession& session, ui::Desk& desk,
                                               client::EmbeddedBackend::Options options,
                                               std::function<bool()> isOwner = {});

/// Ask in `window`, each time the backend is held by its key, whether to try again.
void askWhenHeld(QWidget& window, client::EmbeddedBackend& backend);

/// What a terminal without a workspace looks at.
std::vector<Symbol> firstWatchlist();

/// Show the symbols that the market trades in a list of their own, once it can name them.
void listWhatIsTraded(client::NetSession& session, ui::Desk& desk);

} // namespace qd
