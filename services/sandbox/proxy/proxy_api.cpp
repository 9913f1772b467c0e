#include "services/sandbox/proxy/proxy_api.h"

#include <algorithm>

namespace qd::sandbox {

namespace {

wire::HttpResponse jsonAnswer(int status, std::string body)
{
    return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

wire::HttpResponse refusal(int status, std::string_view why)
{
    json::Writer out;
    out.beginObject().member("error", why).member("status", status).endObject();
    return jsonAnswer(status, out.take());
}

wire::HttpResponse refusal(const Error& error)
{
    switch (error.kind) {
    case ErrorKind::NotFound: return refusal(404, error.detail);
    case ErrorKind::Conflict: return refusal(409, error.detail);
    case ErrorKind::Unavailable: return refusal(500, error.detail);
    default: return refusal(400, error.detail);
    }
}

void writeProxy(json::Writer& out, const ProxySpec& spec)
{
    out.beginObject()
        .member("name", spec.name)
        .member("listen", spec.listen)
        .member("upstream", spec.upstream)
        .member("enabled", spec.enabled)
        .key("toxics")
        .beginArray();
    for (const Toxic& toxic : spec.toxics)
        writeToxic(out, toxic);
    out.endArray().endObject();
}

wire::HttpResponse proxyAnswer(int status, const Result<ProxySpec>& spec)
{
    if (!spec)
        return refusal(spec.error());
    json::Writer out;
    writeProxy(out, *spec);
    return jsonAnswer(status, out.take());
}

wire::HttpResponse toxicAnswer(const Toxic& toxic)
{
    json::Writer out;
    writeToxic(out, toxic);
    return jsonAnswer(200, out.take());
}

Result<ProxySpec> parseProxy(const json::Value& body)
{
    ProxySpec spec;
    spec.name = std::string(body["name"].stringOr(""));
    spec.listen = std::string(body["listen"].stringOr("127.0.0.1:0"));
    spec.upstream = std::string(body["upstream"].stringOr(""));
    spec.enabled = body["enabled"].booleanOr(true);
    if (spec.name.empty())
        return fail(ErrorKind::Invalid, "proxy.name", "missing required field: name");
    if (spec.upstream.empty())
        return fail(ErrorKind::Invalid, "proxy.upstream", "missing required field: upstream");
    return spec;
}

bool isUpdate(const std::string& method)
{
    return method == "POST" || method == "PATCH" || method == "PUT";
}

} // namespace

ProxyApi::ProxyApi(FaultProxy& proxy) : m_proxy(proxy) {}

void ProxyApi::handle(wire::HttpRequest request, Respond respond)
{
    respond(answer(request));
}

tl::expected<wire::WebSocketEvents, wire::HttpResponse>
ProxyApi::upgrade(const wire::HttpRequest&)
{
    return tl::unexpected(refusal(404, "not found"));
}

wire::HttpResponse ProxyApi::answer(const wire::HttpRequest& request)
{
    const auto target = wire::Target::parse(request.target);
    if (!target)
        return refusal(400, "bad request target");
    const auto& path = target->segments;
    if (path.size() == 1 && path[0] == "version")
        return jsonAnswer(200, R"({"version":"2.9.0"})");
    if (path.size() == 1 && path[0] == "reset" && request.method == "POST") {
        m_proxy.reset();
        return {204, {}, {}};
    }
    if (path.size() == 1 && (path[0] == "proxies" || path[0] == "populate")) {
        if (request.method == "GET" && path[0] == "proxies")
            return list();
        const auto body = json::Document::parse(request.body);
        if (request.method != "POST" || !body)
            return refusal(request.method == "POST" ? 400 : 405, "bad request body");
        return path[0] == "proxies" ? create(body->root()) : populate(body->root());
    }
    if (path.size() < 2 || path.size() > 4 || path[0] != "proxies"
        || (path.size() > 2 && path[2] != "toxics"))
        return refusal(404, "not found");
    const auto spec = m_proxy.find(path[1]);
    if (!spec)
        return refusal(404, "proxy not found");
    if (path.size() == 2)
        return answerProxy(request, *spec);
    return path.size() == 3 ? answerToxics(request, *spec) : answerToxic(request, *spec, path[3]);
}

wire::HttpResponse ProxyApi::list() const
{
    json::Writer out;
    out.beginObject();
    for (const ProxySpec& spec : m_proxy.all()) {
        out.key(spec.name);
        writeProxy(out, spec);
    }
    out.endObject();
    return jsonAnswer(200, out.take());
}

wire::HttpResponse ProxyApi::create(const json::Value& body)
{
    auto spec = parseProxy(body);
    if (!spec)
        return refusal(spec.error());
    return proxyAnswer(201, m_proxy.create(std::move(*spec)));
}

wire::HttpResponse ProxyApi::populate(const json::Value& body)
{
    if (!body.isArray())
        return refusal(400, "bad request body: expected a JSON array of proxies");
    json::Writer out;
    out.beginObject().key("proxies").beginArray();
    for (const json::Value& item : body.items()) {
        auto spec = parseProxy(item);
        if (!spec)
            return refusal(spec.error());
        const auto existing = m_proxy.find(spec->name);
        if (existing && existing->listen == spec->listen && existing->upstream == spec->upstream) {
            writeProxy(out, *existing);
            continue;
        }
        const auto started =
            existing ? m_proxy.update(*spec) : m_proxy.create(std::move(*spec));
        if (!started)
            return refusal(started.error());
        writeProxy(out, *started);
    }
    out.endArray().endObject();
    return jsonAnswer(201, out.take());
}

wire::HttpResponse ProxyApi::answerProxy(const wire::HttpRequest& request, ProxySpec spec)
{
    if (request.method == "GET")
        return proxyAnswer(200, spec);
    if (request.method == "DELETE") {
        const auto removed = m_proxy.remove(spec.name);
        return removed ? wire::HttpResponse{204, {}, {}} : refusal(removed.error());
    }
    if (!isUpdate(request.method))
        return refusal(405, "method not allowed");
    const auto body = json::Document::parse(request.body);
    if (!body)
        return refusal(400, "bad request body");
    spec.listen = std::string(body->root()["listen"].stringOr(spec.listen));
    spec.upstream = std::string(body->root()["upstream"].stringOr(spec.upstream));
    spec.enabled = body->root()["enabled"].booleanOr(spec.enabled);
    return proxyAnswer(200, m_proxy.update(spec));
}

wire::HttpResponse ProxyApi::answerToxics(const wire::HttpRequest& request, const ProxySpec& spec)
{
    if (request.method == "GET") {
        json::Writer out;
        out.beginArray();
        for (const Toxic& toxic : spec.toxics)
            writeToxic(out, toxic);
        out.endArray();
        return jsonAnswer(200, out.take());
    }
    if (request.method != "POST")
        return refusal(405, "method not allowed");
    const auto body = json::Document::parse(request.body);
    if (!body)
        return refusal(400, "bad request body");
    auto toxic = parseToxic(body->root());
    if (!toxic)
        return refusal(toxic.error());
    std::vector<Toxic> toxics = spec.toxics;
    if (std::any_of(toxics.begin(), toxics.end(),
                    [&](const Toxic& other) { return other.name == toxic->name; }))
        return refusal(409, "toxic already exists");
    toxics.push_back(*toxic);
    const auto set = m_proxy.setToxics(spec.name, std::move(toxics));
    return set ? toxicAnswer(*toxic) : refusal(set.error());
}

wire::HttpResponse ProxyApi::answerToxic(const wire::HttpRequest& request, const ProxySpec& spec,
                                         const std::string& toxicName)
{
    std::vector<Toxic> toxics = spec.toxics;
    const auto found = std::find_if(toxics.begin(), toxics.end(),
                                    [&](const Toxic& toxic) { return toxic.name == toxicName; });
    if (found == toxics.end())
        return refusal(404, "toxic not found");
    if (request.method == "GET")
        return toxicAnswer(*found);
    if (request.method == "DELETE") {
        toxics.erase(found);
        const auto set = m_proxy.setToxics(spec.name, std::move(toxics));
        return set ? wire::HttpResponse{204, {}, {}} : refusal(set.error());
    }
    if (!isUpdate(request.method))
        return refusal(405, "method not allowed");
    const auto body = json::Document::parse(request.body);
    if (!body)
        return refusal(400, "bad request body");
    auto updated = updateToxic(*found, body->root());
    if (!updated)
        return refusal(updated.error());
    *found = *updated;
    const auto set = m_proxy.setToxics(spec.name, std::move(toxics));
    return set ? toxicAnswer(*updated) : refusal(set.error());
}

} // namespace qd::sandbox
