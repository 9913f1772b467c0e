#include "services/client/loopback_listener.h"

#include <algorithm>

#include <QTcpSocket>
#include <QUrlQuery>

namespace qd::client {

namespace {

constexpr int kStateMin = 16, kStateMax = 256, kCodeMax = 4'096;

bool isStateShaped(const QString& state)
{
    if (state.size() < kStateMin || state.size() > kStateMax) return false;
    return std::all_of(state.begin(), state.end(), [](QChar c) {
        return (c >= u'a' && c <= u'z') || (c >= u'A' && c <= u'Z') || (c >= u'0' && c <= u'9') ||
               c == u'-' || c == u'_' || c == u'.' || c == u'~';
    });
}

/// RFC 6749 §4.1.2: a state, and either a code or an error; none of them twice.
bool isAnswerShaped(const QUrlQuery& query)
{
    const auto count = [&](const char* name) {
        return query.allQueryItemValues(QLatin1String(name)).size();
    };
    if (count("state") != 1 || count("code") + count("error") != 1) return false;
    if (query.queryItemValue(QStringLiteral("code")).size() > kCodeMax) return false;
    return isStateShaped(query.queryItemValue(QStringLiteral("state")));
}

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

QByteArray headerOf(const QByteArray& head, const QByteArray& name)
{
    for (const QByteArray& line : head.split('\n')) {
        const auto colon = line.indexOf(':');
        if (colon > 0 && line.left(colon).trimmed().toLower() == name) {
            return line.mid(colon + 1).trimmed();
        }
    }
    return {};
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
    if (end < 0) {
        if (seen.size() >= m_settings.headBytesMax) refuse(socket, 431, tr("Too much at once."));
        return;
    }
    socket->disconnect(this);
    connect(socket, &QObject::destroyed, this, [this] { --m_open; });
    const QByteArray head = seen.left(end);
    const auto first = head.left(head.indexOf('\r')).split(' ');
    if (!isListening()) return refuse(socket, 410, tr("Nobody waits for this any more."));
    if (first.size() != 3 || first[0] != "GET" || !first[1].startsWith('/')) {
        return refuse(socket, 405, tr("Only the answer of a broker is taken here."));
    }
    if (!isOurHost(headerOf(head, "host"))) {
        return refuse(socket, 403, tr("This address is for this machine alone."));
    }
    const QUrl target(QString::fromLatin1(first[1]), QUrl::StrictMode);
    if (target.path() != m_path) return refuse(socket, 404, tr("There is nothing here."));
    if (!isAnswerShaped(QUrlQuery(target))) {
        return refuse(socket, 400, tr("This is not the answer of a broker."));
    }
    const QString query = target.query(QUrl::FullyEncoded);
    cancel();
    socket->write(page(200, tr("Thank you"), tr("Quarterdeck has the broker's answer. You can "
                                                "close this window and go back to it.")));
    socket->disconnectFromHost();
    Q_EMIT arrived(query);
}

void LoopbackListener::refuse(QTcpSocket* socket, int status, const QString& text)
{
    socket->write(page(status, tr("Not here"), text));
    socket->disconnectFromHost();
    if (++m_refusals >= m_settings.refusalsMax) {
        giveUp(tr("Something else kept knocking at this address."));
    }
}

/// A page elsewhere may resolve its own name to this machine; it is not whom we wait for.
bool LoopbackListener::isOurHost(const QByteArray& host) const
{
    const QByteArray port = ':' + QByteArray::number(m_v4.serverPort());
    return host == "127.0.0.1" + port || host == "localhost" + port || host == "[::1]" + port;
}

} // namespace qd::client
