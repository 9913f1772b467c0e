#pragma once

#include <string>

#include <QUrl>

namespace qd::client {

class Identity;
class NetSession;

/// Which backend a terminal's keys are for, in letters that make a file's name. Two backends never have
/// one name, however their hosts are spelled. An empty address: the terminal's own backend.
std::string keyNameOf(const QUrl& backend);

/// The conversation follows who sits here: it begins, or is begun anew, as whoever is let in; when
/// nobody is any more it ends, and its token is forgotten. Both live as long as each other. GUI thread.
void followIdentity(NetSession& session, Identity& identity);

} // namespace qd::client
