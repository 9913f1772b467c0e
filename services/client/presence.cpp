#include "services/client/presence.h"

#include "services/client/identity.h"
#include "services/client/net_session.h"

namespace qd::client {

namespace {

constexpr int kHttpsPort = 443;

/// What is no plain letter becomes "X3a", so that different hosts stay different: theirs are small.
void addPlainly(std::string& name, const std::string& text)
{
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (const char c : text) {
        const bool isPlain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
        const auto byte = static_cast<unsigned char>(c);
        if (isPlain)
            name += c;
        else
            name.append({'X', kDigits[byte >> 4U], kDigits[byte & 15U]});
    }
}

} // namespace

std::string keyNameOf(const QUrl& backend)
{
    if (backend.isEmpty()) return "embedded";
    std::string name = "backend-";
    addPlainly(name, backend.host().toStdString());
    return name + '-' + std::to_string(backend.port(kHttpsPort));
}

void followIdentity(NetSession& session, Identity& identity)
{
    QObject::connect(&session, &Session::linkChanged, &identity, &Identity::takeLink);
    QObject::connect(&identity, &Identity::signedIn, &session, [&session, &identity] {
        const bool isOwner = identity.state() == Identity::State::Owner;
        if (isOwner) session.start();
        else session.rejoin();
    });
    QObject::connect(&identity, &Identity::signedOut, &session, [&session] { session.leave(); });
}

} // namespace qd::client
