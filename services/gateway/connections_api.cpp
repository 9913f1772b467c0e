#include "services/gateway/connections_api.h"

#include <algorithm>

#include <fmt/format.h>

namespace qd::gateway {
namespace {

using brokers::oauth::Authorizer;
using brokers::oauth::Revoker;

constexpr int kAccepted = 202;

std::string beginPath(const BrokerId& broker)
{
    return fmt::format("/v1/connections/{}/begin", wire::percentEncode(broker.text()));
}

void writeTime(json::Writer& out, const char* name, Timestamp time)
{
    out.key(name);
    time.isSet() ? out.value(time) : out.null();
}

/// What the caller can do about it: ask again with the same, or send the user out once more.
Problem connectionProblem(const Error& error, const BrokerId& broker, std::string title)
{
    Problem problem = problemOf(error, std::move(title));
    const bool isSame = error.code == "oauth.exchange_failed" || error.code == "oauth.in_progress";
    const bool isAgain = error.code == "oauth.expired" || error.code == "oauth.code_refused" ||
                         error.code == "oauth.issuer" || error.code == "oauth.refused" ||
                         error.code == "oauth.not_stored" || error.code == "oauth.state";
    if (isSame) problem.extraMembers = "\"retry\":true";
    if (isAgain) problem.extraMembers = "\"restart\":" + json::quote(beginPath(broker));
    return problem;
}

/// What health says of links that are not as they should be, the worst first.
HealthStatus healthOf(LinkStatus status)
{
    return status == LinkStatus::Connected ? HealthStatus::Ok : HealthStatus::Degraded;
}

} // namespace

void ConnectionsApi::writeConnection(json::Writer& out, const BrokerLink& link) const
{
    out.beginObject()
        .member("broker", link.broker.text())
        .member("method", toString(link.method))
        .member("status", toString(link.status))
        .key("scopes")
        .beginArray();
    for (const std::string& scope : link.scopes) out.value(scope);
    out.endArray().key("missingScopes").beginArray();
    for (const std::string& scope : m_connections.missingScopes(link)) out.value(scope);
    out.endArray();
    writeTime(out, "connectedAt", link.connectedAt);
    writeTime(out, "expiresAt", link.expiresAt);
    writeTime(out, "refreshExpiresAt", link.refreshExpiresAt);
    out.key("lastError");
    link.lastError.empty() ? out.null() : out.value(link.lastError);
    writeTime(out, "lastErrorAt", link.lastErrorAt);
    const bool needsUser =
        link.status == LinkStatus::ReauthNeeded || link.status == LinkStatus::Failing;
    out.key("reauthorise");
    needsUser ? out.value(beginPath(link.broker)) : out.null();
    out.member("trades", isDesk(link)).endObject();
}

std::string ConnectionsApi::connectionJson(const BrokerLink& link) const
{
    json::Writer out;
    writeConnection(out, link);
    return out.take();
}

bool ConnectionsApi::isDesk(const BrokerLink& link) const
{
    return link.owner == m_desk.owner && link.broker == m_desk.broker &&
           link.status != LinkStatus::RevocationPending;
}

/// A key or session is no connection; the backend has one, or could not have started.
bool ConnectionsApi::isDeskWay(const brokers::oauth::Availability& way) const
{
    return way.method != LinkMethod::OAuth && way.method == m_desk.method &&
           way.broker == m_desk.broker;
}

ComponentHealth ConnectionsApi::connectionsHealth() const
{
    const auto& overview = m_connections.overview();
    ComponentHealth health{.name = "connections", .detail = "every connection by consent works"};
    if (overview.links.empty()) health.detail = "nobody has connected a broker by consent";
    int pending = 0;
    bool isDeskThere = m_desk.owner.empty();
    for (const BrokerLink& link : overview.links) {
        isDeskThere |= isDesk(link);
        pending += link.status == LinkStatus::RevocationPending ? 1 : 0;
        if (healthOf(link.status) == HealthStatus::Ok) continue;
        health.status = HealthStatus::Degraded;
        health.detail = fmt::format("{} is {}", link.broker.text(), toString(link.status));
        health.lastError = link.lastError;
        health.lastErrorAt = link.lastErrorAt;
    }
    if (!isDeskThere) {
        health.status = HealthStatus::Degraded;
        health.detail = fmt::format("{} is not connected, and orders go by that; connect it with "
                                    "POST {} or quarterdeckctl connection add {}",
                                    m_desk.broker.text(), beginPath(m_desk.broker),
                                    m_desk.broker.text());
    }
    if (overview.orphans > 0) {
        health.status = HealthStatus::Degraded;
        health.detail = fmt::format("{} rows belong to no connection", overview.orphans);
    }
    if (!overview.lastError.code.empty()) {
        health.status = HealthStatus::Degraded;
        health.detail = "connections cannot be looked up: " + overview.lastError.detail;
        health.lastError = overview.lastError.code;
    }
    health.figures = {{"links", static_cast<double>(overview.links.size())},
                      {"revocationPending", pending},
                      {"orphans", static_cast<double>(overview.orphans)}};
    return health;
}

void ConnectionsApi::addTo(Health& health) const
{
    health.add([this] { return connectionsHealth(); });
}

void ConnectionsApi::list(const CallPtr& call)
{
    m_connections.list(call->caller().name, [this, call, alive = std::weak_ptr(m_alive)](
                                                const Result<std::vector<BrokerLink>>& links) {
        if (alive.expired()) return;
        if (!links) return call->answer(problemOf(links.error(), "Connections not read"));
        json::Writer out;
        out.beginObject().key("connections").beginArray();
        for (const BrokerLink& link : *links) writeConnection(out, link);
        call->answer(200, out.endArray().endObject().take());
    });
}

void ConnectionsApi::available(const CallPtr& call) const
{
    json::Writer out;
    out.beginObject().key("brokers").beginArray();
    for (const auto& each : m_connections.available()) {
        out.beginObject()
            .member("broker", each.broker.text())
            .member("name", each.name)
            .member("method", toString(each.method))
            .member("configured", each.isConfigured || isDeskWay(each))
            .key("missingKeys")
            .beginArray();
        for (const std::string& key : each.missingKeys) out.value(key);
        out.endArray().key("redirectUri");
        each.redirectUri.empty() ? out.null() : out.value(each.redirectUri);
        out.endObject();
    }
    call->answer(200, out.endArray().endObject().take());
}

void ConnectionsApi::begin(const CallPtr& call)
{
    const BrokerId broker(call->parameter("broker"));
    const auto method = parseLinkMethod(call->body()["method"].stringOr({}));
    if (!method)
        return call->answer(problemOf({ErrorKind::Invalid, "oauth.method_not_supported",
                                       "expected oauth, key or session", "method"},
                                      "Not begun"));
    Authorizer::Wish wish{call->caller().name, broker, *method, {}};
    if (const auto port = call->body()["redirectPort"].integer(); port) wish.redirectPort = *port;
    m_connections.authorizer().begin(
        wish, [call, broker](const Result<Authorizer::Begun>& begun) {
            if (!begun) return call->answer(connectionProblem(begun.error(), broker, "Not begun"));
            json::Writer out;
            out.beginObject()
                .member("broker", broker.text())
                .member("method", toString(begun->method))
                .member("authorizeUrl", begun->authorizeUrl)
                .member("expiresAt", begun->expiresAt)
                .endObject();
            call->answer(201, out.take());
        });
}

void ConnectionsApi::finish(const CallPtr& call)
{
    const BrokerId broker(call->parameter("broker"));
    m_connections.authorizer().finish(
        {call->caller().name, broker, std::string(call->body()["redirect"].stringOr({})),
         call->request().peerAddress},
        [this, call, broker, alive = std::weak_ptr(m_alive)](const Result<BrokerLink>& link) {
            if (alive.expired()) return;
            if (!link)
                return call->answer(connectionProblem(link.error(), broker, "Not connected"));
            call->answer(200, connectionJson(*link));
        });
}

void ConnectionsApi::disconnect(const CallPtr& call)
{
    const BrokerId broker(call->parameter("broker"));
    m_connections.disconnect(
        call->caller().name, broker,
        [this, call, alive = std::weak_ptr(m_alive)](const Result<Revoker::Begun>& begun) {
            if (alive.expired()) return;
            if (!begun) return call->answer(problemOf(begun.error(), "Not disconnected"));
            json::Writer out;
            out.beginObject().key("connection");
            writeConnection(out, begun->link);
            out.key("manageUrl");
            begun->manageUrl.empty() ? out.null() : out.value(begun->manageUrl);
            call->answer(kAccepted, out.endObject().take());
        });
}

void ConnectionsApi::addTo(Api& api)
{
    const auto add = [this, &api](EndpointSpec spec,
                                  void (ConnectionsApi::*handle)(const CallPtr&)) {
        api.add(std::move(spec),
                [this, handle, alive = std::weak_ptr(m_alive)](const CallPtr& call) {
                    if (!alive.expired()) (this->*handle)(call);
                });
    };
    add({.method = "GET",
         .path = "/v1/connections",
         .role = Role::Viewer,
         .summary = "The caller's connections to brokers; never a token",
         .query = {},
         .body = {},
         .errors = {503}},
        &ConnectionsApi::list);
    api.add({.method = "GET",
             .path = "/v1/connections/available",
             .role = Role::Viewer,
             .summary = "Which brokers there are, by which methods, and what is missing for them",
             .query = {},
             .body = {},
             .errors = {}},
            [this](const CallPtr& call) { available(call); });
    add({.method = "POST",
         .path = "/v1/connections/{broker}/begin",
         .role = Role::Trader,
         .stepUp = m_desk.isLive,
         .summary = "Where the user consents in a browser",
         .query = {},
         .body = {{.name = "method",
                   .required = true,
                   .help = "said in words: none is taken instead of another",
                   .allowed = {"oauth", "key", "session"}},
                  {.name = "redirectPort",
                   .type = FieldType::Integer,
                   .help = "where a listener waits, if the address of return leaves that open",
                   .example = "43123"}},
         .errors = {422, 503}},
        &ConnectionsApi::begin);
    add({.method = "POST",
         .path = "/v1/connections/{broker}/finish",
         .role = Role::Trader,
         .summary = "Connect with what the browser brought back; the same again is the same",
         .query = {},
         .body = {{.name = "redirect",
                   .required = true,
                   .help = "the address that the browser was sent to, or what follows its ?",
                   .lengthMax = brokers::oauth::kRedirectBytesMax}},
         .errors = {409, 422, 503}},
        &ConnectionsApi::finish);
    add({.method = "DELETE",
         .path = "/v1/connections/{broker}",
         .role = Role::Trader,
         .stepUp = m_desk.isLive,
         .summary = "Use it no more, and have its access revoked by the broker",
         .query = {},
         .body = {},
         .errors = {404, 503}},
        &ConnectionsApi::disconnect);
}

} // namespace qd::gateway
