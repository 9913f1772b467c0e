#include "services/client/rest_client.h"

#include <QNetworkProxy>
#include <QNetworkRequest>
#include <QTimer>

#include "services/client/problem_json.h"
#include "services/client/trust.h"

namespace qd::client {

namespace {

constexpr qint64 kReadAhead = 256 << 10;
constexpr int kRetryAfterMax = 86'400; ///< seconds; more is not meant for somebody who waits

/// Where a body that was aborted half-way is still an answer: the status says everything.
bool isRefusal(int status) { return status >= 300; }

bool neverLeft(QNetworkReply::NetworkError error)
{
    return error == QNetworkReply::ConnectionRefusedError ||
           error == QNetworkReply::HostNotFoundError ||
           error == QNetworkReply::SslHandshakeFailedError ||
           error == QNetworkReply::ProtocolUnknownError;
}

/// W3C Trace Context: a request begins here, and can be followed from here on.
QByteArray traceParent(runtime::Random& random)
{
    auto trace = QByteArray::fromStdString(random.uuidV4()).replace('-', "");
    const auto span = QByteArray::fromStdString(random.uuidV4()).replace('-', "").right(16);
    return "00-" + trace + '-' + span + "-01";
}

std::optional<Duration> retryAfterHeader(const QNetworkReply* reply)
{
    bool isNumber = false;
    const int seconds = reply->rawHeader("Retry-After").toInt(&isNumber);
    if (!isNumber || seconds < 0 || seconds > kRetryAfterMax) return std::nullopt;
    return std::chrono::seconds(seconds);
}

} // namespace

RestClient::RestClient(const NetSettings& settings) : m_settings(settings) {}

void RestClient::setServer(ServerAddress server)
{
    m_server = std::move(server);
    m_tls = tlsTrusting(m_server.caFile);
    if (!m_manager) return;
    for (auto* reply : m_manager->findChildren<QNetworkReply*>()) reply->abort();
    m_manager->clearConnectionCache();
}

void RestClient::send(const RestCall& call, Done done)
{
    if (m_server.url.isEmpty()) {
        QMetaObject::invokeMethod(
            this,
            [done = std::move(done)] {
                done(tl::unexpected(noAnswer("client.offline", "there is no backend yet", false)));
            },
            Qt::QueuedConnection);
        return;
    }
    if (!m_manager) {
        m_manager = new QNetworkAccessManager(this);
        m_manager->setProxy(QNetworkProxy::NoProxy);
        m_manager->setRedirectPolicy(QNetworkRequest::ManualRedirectPolicy);
        m_manager->setAutoDeleteReplies(false);
    }
    const QUrl resource(QString::fromStdString(call.target), QUrl::StrictMode);
    QNetworkRequest request(m_server.url.resolved(resource));
    if (request.url().scheme() == QLatin1String("https")) request.setSslConfiguration(m_tls);
    const auto token = m_server.token.revealForUse();
    if (!token.empty() && !call.isNobodys)
        request.setRawHeader("Authorization",
                             "Bearer " + QByteArray(token.data(), qsizetype(token.size())));
    request.setHeader(QNetworkRequest::UserAgentHeader, QByteArray("quarterdeck"));
    request.setRawHeader("Accept", "application/json");
    request.setRawHeader("traceparent", traceParent(*m_settings.random));
    request.setRawHeader("Accept-Encoding", "identity"); // what is bounded is what is sent
    request.setAttribute(QNetworkRequest::Http2AllowedAttribute, false);
    if (!call.body.empty())
        request.setHeader(QNetworkRequest::ContentTypeHeader, QByteArray("application/json"));
    if (!call.idempotencyKey.empty())
        request.setRawHeader("Idempotency-Key", QByteArray::fromStdString(call.idempotencyKey));

    auto flight = std::make_shared<Flight>();
    flight->done = std::move(done);
    flight->isCommand = call.isCommand;
    auto* reply = m_manager->sendCustomRequest(request, call.verb,
                                               QByteArray::fromStdString(call.body));
    reply->setReadBufferSize(kReadAhead);
    auto* deadline = new QTimer(reply);
    deadline->setSingleShot(true);
    connect(deadline, &QTimer::timeout, reply, [reply, flight] {
        flight->isLate = true;
        reply->abort();
    });
    connect(reply, &QNetworkReply::readyRead, this,
            [this, reply, flight] { take(reply, *flight); });
    connect(reply, &QNetworkReply::finished, this, [reply, flight] {
        if (reply->isOpen()) flight->body += reply->readAll();
        reply->deleteLater();
        flight->done(judge(reply, *flight));
    });
    deadline->start(call.isCommand ? m_settings.commandDeadline : m_settings.questionDeadline);
}

void RestClient::take(QNetworkReply* reply, Flight& flight)
{
    flight.body += reply->readAll();
    if (static_cast<std::size_t>(flight.body.size()) <= m_settings.bodyBytesMax) return;
    flight.isTooLarge = true;
    reply->abort();
}

Answer<QByteArray> RestClient::judge(QNetworkReply* reply, const Flight& flight)
{
    const int status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    if (flight.isLate)
        return tl::unexpected(noAnswer("client.deadline", "no answer within the time allowed",
                                       flight.isCommand));
    if (flight.isTooLarge)
        return tl::unexpected(
            noAnswer("client.unreadable", "the answer is larger than allowed", flight.isCommand));
    if (isRefusal(status)) {
        auto problem = readProblem(
            status, {flight.body.constData(), static_cast<std::size_t>(flight.body.size())});
        if (!problem.retryAfter) problem.retryAfter = retryAfterHeader(reply);
        if (!flight.isCommand) problem.outcomeUnknown = false;
        return tl::unexpected(std::move(problem));
    }
    if (status >= 200 && reply->error() == QNetworkReply::NoError) return flight.body;
    return tl::unexpected(noAnswer("client.offline", reply->errorString().toStdString(),
                                   flight.isCommand && !neverLeft(reply->error())));
}

} // namespace qd::client
