#include "app/terminal/people.h"

#include <QDesktopServices>
#include <QStandardPaths>
#include <QSysInfo>
#include <QUrl>

namespace qd {

using State = client::Identity::State;

namespace {

/// Which backend the keys are for, in letters that make a file's name.
std::string keyNameOf(const Options& options)
{
    if (options.connectUrl.isEmpty()) return "embedded";
    const QUrl url(options.connectUrl);
    std::string name = (url.host() + u'-' + QString::number(url.port(443))).toStdString();
    for (char& c : name) {
        const bool isPlain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.';
        if (!isPlain) c = '-';
    }
    return "backend-" + name;
}

} // namespace

TerminalPeople::TerminalPeople(client::NetSession& session, const Options& options)
    : m_session(session), m_options(options),
      m_keys(std::make_unique<client::FileKeyStore>(
          QStandardPaths::writableLocation(QStandardPaths::AppConfigLocation) +
          QStringLiteral("/keys"))),
      m_identity(std::make_unique<client::Identity>(
          session, *m_keys,
          client::Identity::Settings{.keyName = keyNameOf(options),
                                     .device = QSysInfo::machineHostName().left(40).toStdString() +
                                               ", terminal"}))
{
    QObject::connect(&session, &client::Session::linkChanged, m_identity.get(),
                     &client::Identity::takeLink);
    QObject::connect(m_identity.get(), &client::Identity::signedIn, &session, [this] {
        const bool isOwner = m_identity->state() == State::Owner;
        if (isOwner) m_session.start();
        else m_session.rejoin();
    });
    QObject::connect(m_identity.get(), &client::Identity::signedOut, &session,
                     [this] { m_session.leave(); });
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

void TerminalPeople::begin(ui::Workspaces& workspaces, bool isOwner)
{
    if (isOwner) return m_identity->beOwner();
    workspaces.openDoor({});
    m_identity->resume([](bool) {});
}

} // namespace qd
