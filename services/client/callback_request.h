#pragma once

#include <QByteArray>
#include <QString>

namespace qd::client {

/// What a browser's request to the loopback listener is worth.
struct CallbackVerdict {
    int status = 200;
    QString query; ///< "state=…&code=…"; of a 200 alone
};

/// `head`: the request up to its blank line. 200 for a GET of `path` at this machine's own name and
/// `port`, with one state that looks like one and either a code or an error; else the status that
/// refuses it: 400, 403 (another host), 404 (another path), 405. Pure; whatever the bytes are.
CallbackVerdict judgeCallback(const QByteArray& head, const QString& path, quint16 port);

} // namespace qd::client
