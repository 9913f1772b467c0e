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

void writeConnection(json::Writer& out, const BrokerLink& link)
{
    out.beginObject()
        .member("broker", link.broker.text())
        .member("method", toString(link.method))
        .member("status", toString(link.status))
        .key("scopes")
        .beginArray();
    for (const std::string& scope : link.scopes) out.value(scope);
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
    out.endObject();
}

std::string connectionJson(const BrokerLink& link)
{
    json::Writer out;
    writeConnection(out, link);
    return out.take();
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

} // namespace

void ConnectionsApi::list(const CallPtr& call)
{
    m_connections.list(call->caller().name, [call](const Result<std::vector<BrokerLink>>& links) {
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
            .member("configured", each.isConfigured)
            .key("missingKeys")
            .beginArray();
        for (const std::string& key : each.missingKeys) out.value(key);
        out.endArray().endObject();
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
    m_connections.authorizer().begin(
        call->caller().name, broker, *method,
        [call, broker](const Result<Authorizer::Begun>& begun) {
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
        [call, broker](const Result<BrokerLink>& link) {
            if (!link)
                return call->answer(connectionProblem(link.error(), broker, "Not connected"));
            call->answer(200, connectionJson(*link));
        });
}

void ConnectionsApi::disconnect(const CallPtr& call)
{
    const BrokerId broker(call->parameter("broker"));
    m_connections.disconnect(
        call->caller().name, broker, [call](const Result<Revoker::Begun>& begun) {
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
         .summary = "Where the user consents in a browser",
         .query = {},
         .body = {{.name = "method",
                   .required = true,
                   .help = "said in words: none is taken instead of another",
                   .allowed = {"oauth", "key", "session"}}},
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
         .summary = "Use it no more, and have its access revoked by the broker",
         .query = {},
         .body = {},
         .errors = {404, 503}},
        &ConnectionsApi::disconnect);
}

} // namespace qd::gateway
