#pragma once

#include <memory>

#include "app/terminal/options.h"
#include "services/client/embedded_backend.h"
#include "services/client/identity.h"
#include "services/client/net_session.h"
#include "ui/shell/workspaces.h"

namespace qd {

/// Who sits at this terminal, and where it keeps what it is known by.
class TerminalPeople {
public:
    /// `session` outlives it.
    TerminalPeople(client::NetSession& session, const Options& options);

    client::Identity& identity() { return *m_identity; }
    /// For the window. `embedded` is asked when it is needed, and may come later.
    ui::People forWindow(const std::unique_ptr<client::EmbeddedBackend>& embedded);

private:
    client::NetSession& m_session;
    const Options& m_options;
    std::unique_ptr<client::KeyStore> m_keys;
    std::unique_ptr<client::Identity> m_identity;
};

} // namespace qd
