#pragma once

#include <QSslConfiguration>
#include <QString>

namespace qd::client {

/// How TLS is spoken to a server whose certificate must come from an authority in `caFile` (PEM): no
/// other is trusted then, and nobody is if the file cannot be read. Empty: the machine's authorities.
QSslConfiguration tlsTrusting(const QString& caFile);

} // namespace qd::client
