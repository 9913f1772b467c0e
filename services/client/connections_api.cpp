#include "services/client/connections_api.h"

#include <QUrl>

#include "services/client/read_answer.h"

namespace qd::client {

namespace {

std::string connectionTarget(const BrokerId& broker, const char* rest)
{
    return "/v1/connections/" +
           QUrl::toPercentEncoding(QString::fromStdString(broker.text())).toStdString() + rest;
}

/// The word, if it is not known here.
template <typename Word>
std::string readWord(const json::Value& value, Word& place,
                     std::optional<Word> (*parse)(std::string_view))
{
    const std::string text(value.stringOr({}));
    if (const auto known = parse(text)) {
        place = *known;
        return {};
    }
    return text;
}

ConnectionFacts readConnection(FieldReader& read, const json::Value& value)
{
    ConnectionFacts facts;
    BrokerLink& link = facts.link;
    read.members(value, "broker", link.broker, "connectedAt", link.connectedAt, "expiresAt",
                 link.expiresAt, "refreshExpiresAt", link.refreshExpiresAt, "lastError",
                 link.lastError, "lastErrorAt", link.lastErrorAt, "trades", facts.trades);
    facts.methodWord = readWord(value["method"], link.method, parseLinkMethod);
    facts.statusWord = readWord(value["status"], link.status, parseLinkStatus);
    facts.needsUser = !value["reauthorise"].isAbsent();
    if (!value["scopes"].isAbsent()) {
        auto scopes = value["scopes"].strings();
        if (scopes) link.scopes = std::move(*scopes);
        else read.note(scopes.error());
    }
    if (auto missing = value["missingScopes"].strings()) facts.missingScopes = std::move(*missing);
    return facts;
}

std::vector<ConnectionFacts> readConnections(FieldReader& read, const json::Value& root)
{
    std::vector<ConnectionFacts> all;
    for (const auto& item : root["connections"].items()) all.push_back(readConnection(read, item));
    return all;
}

std::vector<OfferedBroker> readOffered(FieldReader& read, const json::Value& root)
{
    std::vector<OfferedBroker> all;
    for (const auto& item : root["brokers"].items()) {
        OfferedBroker& offered = all.emplace_back();
        read.members(item, "broker", offered.broker, "name", offered.name, "configured",
                     offered.isConfigured, "redirectUri", offered.redirectUri);
        offered.methodWord = readWord(item["method"], offered.method, parseLinkMethod);
        if (auto keys = item["missingKeys"].strings()) offered.missingKeys = std::move(*keys);
    }
    return all;
}

ConsentFacts readConsent(FieldReader& read, const json::Value& root)
{
    ConsentFacts facts;
    read.members(root, "authorizeUrl", facts.authorizeUrl, "expiresAt", facts.expiresAt);
    return facts;
}

EndedFacts readEnded(FieldReader& read, const json::Value& root)
{
    EndedFacts facts;
    facts.connection = readConnection(read, root["connection"]);
    read.members(root, "manageUrl", facts.manageUrl);
    return facts;
}

bool readTakenOver(FieldReader&, const json::Value&) { return true; }

template <typename T>
void askFor(Caller& caller, const ApiCall& call, T (*read)(FieldReader&, const json::Value&),
            QObject* owner, std::function<void(Answer<T>)> reply)
{
    caller.call(call, owner, [read, reply = std::move(reply)](const Answer<std::string>& text) {
        reply(readAnswer(text, read));
    });
}

} // namespace

void ConnectionsApi::list(QObject* owner, Reply<std::vector<ConnectionFacts>> reply)
{
    askFor(m_caller, {.target = "/v1/connections"}, readConnections, owner, std::move(reply));
}

void ConnectionsApi::offered(QObject* owner, Reply<std::vector<OfferedBroker>> reply)
{
    askFor(m_caller, {.target = "/v1/connections/available"}, readOffered, owner,
           std::move(reply));
}

void ConnectionsApi::begin(const BrokerId& broker, LinkMethod method, int redirectPort,
                           QObject* owner, Reply<ConsentFacts> reply)
{
    json::Writer body;
    body.beginObject().member("method", toString(method));
    if (redirectPort != 0) body.member("redirectPort", redirectPort);
    body.endObject();
    askFor(m_caller, {"POST", connectionTarget(broker, "/begin"), body.take()}, readConsent, owner,
           std::move(reply));
}

void ConnectionsApi::finish(const BrokerId& broker, const std::string& query, QObject* owner,
                            Reply<ConnectionFacts> reply)
{
    json::Writer body;
    body.beginObject().member("redirect", query).endObject();
    askFor(m_caller, {"POST", connectionTarget(broker, "/finish"), body.take()}, readConnection,
           owner, std::move(reply));
}

void ConnectionsApi::end(const BrokerId& broker, QObject* owner, Reply<EndedFacts> reply)
{
    askFor(m_caller, {"DELETE", connectionTarget(broker, "")}, readEnded, owner,
           std::move(reply));
}

void ConnectionsApi::takeOver(QObject* owner, Reply<bool> reply)
{
    askFor(m_caller, {"POST", "/v1/broker/session/take-over"}, readTakenOver, owner,
           std::move(reply));
}

} // namespace qd::client
