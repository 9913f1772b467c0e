#pragma once

#include <functional>
#include <map>
#include <vector>

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTcpServer>
#include <QTcpSocket>
#include <QUrl>
#include <QWebSocket>
#include <QWebSocketServer>

namespace qd::test {

/// The other end of a NetSession: a real server on a free port that speaks the backend's protocol
/// and, when told, breaks it. Lives on the test's thread.
class FakeGateway : public QObject {
public:
    struct Answer {
        int status = 200;
        QByteArray body = "{}";
        QByteArray headers = {}; ///< "Retry-After: 3\r\n"
        bool never = false;
    };
    struct Request {
        QByteArray verb, target, headers, body;
    };

    FakeGateway() : m_sockets(QStringLiteral("fake"), QWebSocketServer::NonSecureMode)
    {
        connect(&m_server, &QTcpServer::newConnection, this, [this] {
            while (auto* tcp = m_server.nextPendingConnection())
                connect(tcp, &QTcpSocket::readyRead, this, [this, tcp] { sort(tcp); });
        });
        connect(&m_sockets, &QWebSocketServer::newConnection, this, [this] { welcomeSocket(); });
        listen();
    }

    void listen() { m_server.listen(QHostAddress::LocalHost, m_port); m_port = m_server.serverPort(); }
    void stopListening() { m_server.close(); }
    QUrl url() const { return QUrl(QStringLiteral("http://127.0.0.1:%1").arg(m_port)); }

    // REST: what to answer, by "VERB /path".
    std::map<QByteArray, Answer> answers;
    std::vector<Request> requests;

    // Stream.
    bool greets = true;            ///< answers hello with welcome, state and status
    bool replays = false;          ///< hello with `after`: no snapshot
    QByteArray expectedToken = "secret-token";
    int sequence = 812;
    int connections = 0;
    std::vector<QJsonObject> hellos, subscriptions;
    QWebSocket* socket = nullptr;

    void send(const QByteArray& text) { socket->sendTextMessage(QString::fromUtf8(text)); }
    void sendMarket(const QByteArray& json) { socket->sendBinaryMessage(json); }
    void sendEvent(int number, int previous, const QByteArray& members = {})
    {
        send("{\"type\":\"event\",\"sequence\":" + QByteArray::number(number) +
             ",\"previous\":" + QByteArray::number(previous) +
             ",\"kind\":\"notice\",\"time\":\"2026-01-05T15:00:00.000000Z\"" + members + "}");
    }
    void sendStatus()
    {
        send(R"({"type":"status","feeds":[{"name":"alpaca","connected":true,"ageMs":12,
            "freshness":"live","nextAttempt":null,"reason":""}],"brokers":[],
            "queue":{"db":3,"core":1},"market":null})");
    }
    void sendSnapshot()
    {
        send("{\"type\":\"snapshot\",\"sequence\":" + QByteArray::number(sequence) +
             R"(,"orders":[],"fills":[],"positions":[],"account":null,)"
             R"("trading":{"state":"active","reason":"","since":null,"reconciling":false,)"
             R"("differences":[]},"market":null})");
    }

private:
    void sort(QTcpSocket* tcp)
    {
        const auto seen = tcp->peek(64 << 10);
        const auto end = seen.indexOf("\r\n\r\n");
        if (end < 0) return;
        const auto head = seen.left(end).toLower();
        if (head.contains("upgrade: websocket")) {
            tcp->disconnect(this);
            m_sockets.handleConnection(tcp);
            return;
        }
        const auto at = head.indexOf("content-length:");
        const int size = at < 0 ? 0 : head.mid(at + 15, head.indexOf('\r', at) - at - 15).trimmed().toInt();
        if (seen.size() < end + 4 + size) return;
        const auto first = seen.left(seen.indexOf('\r')).split(' ');
        Request request{first.at(0), first.at(1), seen.left(end), seen.mid(end + 4, size)};
        tcp->read(end + 4 + size);
        const auto path = request.target.split('?').first();
        const auto found = answers.find(request.verb + ' ' + path);
        const Answer answer = found == answers.end() ? Answer{.status = 404} : found->second;
        requests.push_back(std::move(request));
        if (answer.never) return;
        tcp->write("HTTP/1.1 " + QByteArray::number(answer.status) + " Said\r\nContent-Length: " +
                   QByteArray::number(answer.body.size()) + "\r\n" + answer.headers + "\r\n" +
                   answer.body);
    }

    void welcomeSocket()
    {
        auto* fresh = m_sockets.nextPendingConnection();
        ++connections;
        socket = fresh;
        connect(fresh, &QWebSocket::textMessageReceived, this, [this, fresh](const QString& text) {
            socket = fresh;
            onMessage(QJsonDocument::fromJson(text.toUtf8()).object());
        });
        connect(fresh, &QWebSocket::disconnected, fresh, &QObject::deleteLater);
    }

    void onMessage(const QJsonObject& message)
    {
        const auto type = message[QStringLiteral("type")].toString();
        if (type == QStringLiteral("subscribe")) subscriptions.push_back(message);
        if (type != QStringLiteral("hello")) return;
        hellos.push_back(message);
        if (!greets) return;
        if (message[QStringLiteral("token")].toString().toUtf8() != expectedToken) {
            send(R"({"type":"error","code":1008,"detail":"the token is not known"})");
            socket->close(QWebSocketProtocol::CloseCodePolicyViolated, QStringLiteral("no"));
            return;
        }
        send("{\"type\":\"welcome\",\"session\":\"s\",\"sequence\":" + QByteArray::number(sequence) +
             R"(,"version":"0.1.0","environment":"paper","now":"2026-01-05T15:00:00Z"})");
        if (!replays || message[QStringLiteral("after")].isNull()) sendSnapshot();
        sendStatus();
    }

    QTcpServer m_server;
    QWebSocketServer m_sockets;
    quint16 m_port = 0;
};

} // namespace qd::test
