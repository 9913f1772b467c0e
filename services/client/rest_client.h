#pragma once

#include <functional>
#include <memory>

#include <QByteArray>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QSslConfiguration>

#include "services/client/net_session.h"

namespace qd::client {

/// One HTTP call of the API.
struct RestCall {
    QByteArray verb = "GET";
    std::string target;         ///< "/v1/orders?status=open"
    std::string body = {};      ///< JSON, empty if none
    bool isCommand = false;     ///< changes something: no answer means an unknown outcome
    bool evenOffline = false;   ///< takes risk away: tried whatever the stream says
    std::string idempotencyKey = {};
    bool isNobodys = false;     ///< goes without a token
};

/// HTTP to one backend: every call has a deadline and a bound on its answer, redirects are not
/// followed (the token stays with the host it is for). `net` thread.
class RestClient : public QObject {
    Q_OBJECT
public:
    /// The body of a 2xx answer, or why there is none. Called exactly once, later than `send`.
    using Done = std::function<void(Answer<QByteArray>)>;

    explicit RestClient(const NetSettings& settings);

    /// Calls in flight to another server end as "client.offline".
    void setServer(ServerAddress server);
    /// For later calls; those in flight go on.
    void setToken(runtime::Secret token) { m_server.token = std::move(token); }
    void send(const RestCall& call, Done done);

private:
    struct Flight {
        Done done;
        QByteArray body;
        bool isCommand = false, isLate = false, isTooLarge = false;
    };
    void take(QNetworkReply* reply, Flight& flight);
    static Answer<QByteArray> judge(QNetworkReply* reply, const Flight& flight);

    NetSettings m_settings;
    ServerAddress m_server;
    QSslConfiguration m_tls;
    QNetworkAccessManager* m_manager = nullptr; ///< made on first use, on its thread
};

} // namespace qd::client
