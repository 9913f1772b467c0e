#pragma once

#include <memory>

#include "app/terminal/options.h"
#include "services/client/embedded_backend.h"
#include "services/client/identity.h"
#include "services/client/net_session.h"
#include "ui/shell/workspaces.h"

namespace qd {

/// Who sits at this terminal.
class TerminalPeople {
public:
    /// All outlive it. `keys`: what the terminal is known by.
    TerminalPeople(client::NetSession& session, const Options& options, client::KeyStore& keys);

    client::Identity& identity() { return *m_identity; }
    /// For the window. `embedded` is asked when it is needed, and may come later.
    ui::People forWindow(const std::unique_ptr<client::EmbeddedBackend>& embedded);

private:
    client::NetSession& m_session;
    const Options& m_options;
    std::unique_ptr<client::Identity> m_identity;
};

} // namespace qd
