#include "app/terminal/people.h"

#include <QDesktopServices>
#include <QSysInfo>
#include <QUrl>

#include "services/client/presence.h"

namespace qd {

TerminalPeople::TerminalPeople(client::NetSession& session, const Options& options,
                               client::KeyStore& keys)
    : m_session(session), m_options(options),
      m_identity(std::make_unique<client::Identity>(
          session, keys,
          client::Identity::Settings{.keyName = client::keyNameOf(QUrl(options.connectUrl)),
                                     .device = QSysInfo::machineHostName().left(40).toStdString() +
                                               ", terminal"}))
{
    client::followIdentity(session, *m_identity);
}

ui::People TerminalPeople::forWindow(const std::unique_ptr<client::EmbeddedBackend>& embedded)
{
    ui::People people{m_session, *m_identity,
                      [](const QUrl& url) { return QDesktopServices::openUrl(url); }};
    if (!m_options.connectUrl.isEmpty()) {
        people.place = QUrl(m_options.connectUrl).toDisplayString();
        return people;
    }
    people.becomeOwner = [this, &embedded] {
        if (!embedded) return;
        auto address = embedded->address();
        if (!address) return;
        m_session.setServer(std::move(*address));
        m_identity->beOwner();
    };
    return people;
}

} // namespace qd
