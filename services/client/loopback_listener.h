#pragma once

#include <chrono>

#include <QTcpServer>
#include <QTimer>
#include <QUrl>

#include "models/base/result.h"

namespace qd::client {

/// Waits on this machine's loopback for the browser that comes back from a consent (RFC 8252 §7.3):
/// 127.0.0.1 and, where there is one, ::1 on the same port. Takes one answer and closes: GET of the
/// path it is for, with a state that looks like one and either a code or an error. Anything else
/// (another path, method or host, a favicon) is refused and does not end the wait. Says nothing of
/// what came but that the window can be closed. The path is that of the address that the broker has on
/// file and compares whole: it cannot be drawn anew each time. What nobody can guess is the state.
/// GUI thread.
class LoopbackListener final : public QObject {
    Q_OBJECT
public:
    struct Settings {
        std::chrono::milliseconds waitMax{std::chrono::minutes(30)}; ///< as long as the verifier lives
        std::chrono::milliseconds connectionMax{5'000};
        int connectionsMax = 8;         ///< side by side
        int refusalsMax = 200;          ///< then nobody is waited for any more
        qsizetype headBytesMax = 16 << 10;
    };

    explicit LoopbackListener(QObject* parent = nullptr) : LoopbackListener(Settings{}, parent) {}
    explicit LoopbackListener(Settings settings, QObject* parent = nullptr);

    /// Where the browser is to come: the port is free to choose unless `port` says which. `path`
    /// begins with '/'. Fails with: Unavailable "client.loopback" (the port is taken).
    Result<QUrl> listen(const QString& path, quint16 port = 0);
    /// Nothing comes any more.
    void cancel();
    bool isListening() const { return m_v4.isListening(); }
    int refusals() const { return m_refusals; }

Q_SIGNALS:
    /// What stood behind the "?", whole: "state=…&code=…". Once.
    void arrived(const QString& query);
    /// Nobody came in time, or too much else did.
    void gaveUp(const QString& why);

private:
    void take(QTcpServer& server);
    void read(QTcpSocket* socket);
    void refuse(QTcpSocket* socket, int status, const QString& text);
    void giveUp(const QString& why);

    const Settings m_settings;
    QTcpServer m_v4, m_v6;
    QTimer m_wait;
    QString m_path;
    int m_open = 0;
    int m_refusals = 0;
};

} // namespace qd::client
