#include "app/terminal/keys.h"

#include <QStandardPaths>

#include "services/client/desktop_key_store.h"

namespace qd {

// Pictures are taken of a world that is gone afterwards: it has no place in anybody's keyring.
TerminalKeys::TerminalKeys(const Options& options)
    : m_usesKeyring(!options.noKeyring && options.shootFolder.isEmpty())
{
    const QString folder = QStandardPaths::writableLocation(QStandardPaths::AppConfigLocation) +
                           QStringLiteral("/keys");
    if (m_usesKeyring) m_ofPeople = std::make_unique<client::DesktopKeyStore>(m_keyring, folder);
    else m_ofPeople = std::make_unique<client::FileKeyStore>(folder);
}

} // namespace qd
