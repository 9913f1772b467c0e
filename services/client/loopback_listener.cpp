#include "services/client/loopback_listener.h"

#include <QTcpSocket>

#include "services/client/callback_request.h"

namespace qd::client {

namespace {

QByteArray page(int status, const QString& title, const QString& text)
{
    const QByteArray body =
        QStringLiteral("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
                       "<title>Quarterdeck</title><style>body{background:#080B0F;color:#DCE3EA;"
                       "font:15px/1.5 Inter,Roboto,sans-serif;display:grid;place-items:center;"
                       "min-height:92vh;margin:0}main{background:#0E1318;border:1px solid #2C3844;"
                       "border-radius:4px;padding:28px 36px;max-width:30em}h1{font-size:18px;"
                       "font-weight:600;margin:0 0 6px}p{color:#93A1AF;margin:0}</style></head>"
                       "<body><main><h1>%1</h1><p>%2</p></main></body></html>")
            .arg(title.toHtmlEscaped(), text.toHtmlEscaped())
            .toUtf8();
    return "HTTP/1.1 " + QByteArray::number(status) +
           (status == 200 ? " OK" : " Refused") +
           "\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: " +
           QByteArray::number(body.size()) +
           "\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
           "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n"
           "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n" +
           body;
}

QString refusalOf(int status)
{
    switch (status) {
    case 400: return LoopbackListener::tr("This is not the answer of a broker.");
    case 403: return LoopbackListener::tr("This address is for this machine alone.");
    case 404: return LoopbackListener::tr("There is nothing here.");
    default: return LoopbackListener::tr("Only the answer of a broker is taken here.");
    }
}

} // namespace

LoopbackListener::LoopbackListener(Settings settings, QObject* parent)
    : QObject(parent), m_settings(settings)
{
    m_wait.setSingleShot(true);
    connect(&m_wait, &QTimer::timeout, this,
            [this] { giveUp(tr("Nobody came back from the browser in time.")); });
    connect(&m_v4, &QTcpServer::newConnection, this, [this] { take(m_v4); });
    connect(&m_v6, &QTcpServer::newConnection, this, [this] { take(m_v6); });
}

Result<QUrl> LoopbackListener::listen(const QString& path, quint16 port)
{
    QD_ASSERT(path.startsWith(u'/'));
    cancel();
    m_path = path;
    m_refusals = 0;
    if (!m_v4.listen(QHostAddress::LocalHost, port)) {
        return fail(ErrorKind::Unavailable, "client.loopback",
                    "cannot listen on 127.0.0.1: " + m_v4.errorString().toStdString());
    }
    m_v6.listen(QHostAddress::LocalHostIPv6, m_v4.serverPort()); // many machines have none
    m_wait.start(m_settings.waitMax);
    return QUrl(QStringLiteral("http://127.0.0.1:%1%2").arg(m_v4.serverPort()).arg(path));
}

void LoopbackListener::cancel()
{
    m_wait.stop();
    m_v4.close();
    m_v6.close();
}

void LoopbackListener::giveUp(const QString& why)
{
    if (!isListening()) return;
    cancel();
    Q_EMIT gaveUp(why);
}

void LoopbackListener::take(QTcpServer& server)
{
    while (QTcpSocket* socket = server.nextPendingConnection()) {
        if (m_open >= m_settings.connectionsMax) {
            socket->abort();
            socket->deleteLater();
            continue;
        }
        ++m_open;
        socket->setParent(this); // it may outlive the listening, to be told to close
        connect(socket, &QObject::destroyed, this, [this] { --m_open; });
        connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
        connect(socket, &QTcpSocket::readyRead, this, [this, socket] { read(socket); });
        QTimer::singleShot(m_settings.connectionMax, socket, [socket] {
            socket->abort();
            socket->deleteLater();
        });
    }
}

void LoopbackListener::read(QTcpSocket* socket)
{
    const QByteArray seen = socket->peek(m_settings.headBytesMax);
    const auto end = seen.indexOf("\r\n\r\n");
    if (end < 0 && seen.size() < m_settings.headBytesMax) return;
    socket->disconnect(this); // one answer each
    connect(socket, &QObject::destroyed, this, [this] { --m_open; });
    if (end < 0) return refuse(socket, 431, tr("Too much at once."));
    if (!isListening()) return refuse(socket, 410, tr("Nobody waits for this any more."));
    const CallbackVerdict verdict = judgeCallback(seen.left(end), m_path, m_v4.serverPort());
    if (verdict.status != 200) return refuse(socket, verdict.status, refusalOf(verdict.status));
    cancel();
    socket->write(page(200, tr("Thank you"), tr("Quarterdeck has the broker's answer. You can "
                                                "close this window and go back to it.")));
    socket->disconnectFromHost();
    Q_EMIT arrived(verdict.query);
}

void LoopbackListener::refuse(QTcpSocket* socket, int status, const QString& text)
{
    socket->write(page(status, tr("Not here"), text));
    socket->disconnectFromHost();
    if (++m_refusals >= m_settings.refusalsMax) {
        giveUp(tr("Something else kept knocking at this address."));
    }
}

} // namespace qd::client
