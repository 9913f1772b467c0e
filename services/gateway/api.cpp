#include "services/gateway/api.h"

#include <algorithm>

#include "models/base/network_address.h"

namespace qd::gateway {

namespace {

std::vector<std::string> split(const std::string& path)
{
    std::vector<std::string> parts;
    std::size_t at = 1;
    while (at <= path.size()) {
        const auto slash = path.find('/', at);
        parts.push_back(path.substr(at, slash - at));
        if (slash == std::string::npos) break;
        at = slash + 1;
    }
    return parts;
}

bool isParameter(const std::string& part)
{
    return part.size() > 2 && part.front() == '{' && part.back() == '}';
}

/// Does `segments` fit `pattern`? Fills the parameters.
bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& segments,
          std::map<std::string, std::string>& parameters)
{
    if (pattern.size() != segments.size()) return false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (isParameter(pattern[i])) {
            if (segments[i].empty()) return false;
            parameters[pattern[i].substr(1, pattern[i].size() - 2)] = segments[i];
        } else if (pattern[i] != segments[i]) {
            return false;
        }
    }
    return true;
}

std::chrono::milliseconds toMillis(Duration duration)
{
    return std::chrono::ceil<std::chrono::milliseconds>(duration);
}

} // namespace

Api::Api(ApiSettings settings, const Authenticator& authenticator, runtime::Executor& core,
         runtime::Random& random)
    : m_settings(std::move(settings)), m_authenticator(authenticator), m_core(core),
      m_random(random), m_budgets{Budget(m_settings.orders, core.clock()),
                                  Budget(m_settings.queries, core.clock()),
                                  Budget(m_settings.strangers, core.clock())}
{
}

Api::~Api() = default;

void Api::add(EndpointSpec spec, Handler handler)
{
    auto segments = split(spec.path);
    m_endpoints.push_back(std::make_unique<Endpoint>(
        Endpoint{std::move(spec), std::move(handler), std::move(segments)}));
}

void Api::serveStream(Upgrade upgrade)
{
    m_upgrade = std::move(upgrade);
}

void Api::observe(std::function<void(const FinishedCall&)> observer)
{
    m_observer = std::move(observer);
}

Api::Match Api::route(const std::string& method, const wire::Target& target) const
{
    Match match;
    const auto segments = split(target.path);
    const auto& decoded = target.segments.size() == segments.size() ? target.segments : segments;
    for (const auto& endpoint : m_endpoints) {
        std::map<std::string, std::string> parameters;
        if (!fits(endpoint->segments, decoded, parameters)) continue;
        match.pathExists = true;
        if (endpoint->spec.method != method) continue;
        match.endpoint = endpoint.get();
        match.parameters = std::move(parameters);
        break;
    }
    return match;
}

bool Api::isOriginAllowed(const wire::HttpRequest& request) const
{
    const auto origin = request.headers.find("Origin");
    return origin.empty() || std::ranges::find(m_settings.allowedOrigins, origin) !=
                                 m_settings.allowedOrigins.end();
}

/// Everything that must hold before the request is even read.
std::optional<Problem> Api::admit(const wire::HttpRequest& request, const Match& match,
                                  Caller& caller, resilience::RateDecision& rate)
{
    if (!isOriginAllowed(request))
        return problem(403, "Origin not allowed", "auth.origin",
                       "web pages of this origin may not call; add it to api.allowed_origins");
    if (match.endpoint == nullptr)
        return match.pathExists
                   ? problem(405, "Method not allowed", "request.method",
                             request.method + " is not a method of this resource")
                   : problem(404, "No such resource", "request.path",
                             "nothing is at this address; see /v1/openapi.json");
    const auto& spec = match.endpoint->spec;
    auto refused = admitCaller(request, spec, caller);
    return refused ? std::move(refused) : admitRate(request, spec, caller, rate);
}

std::optional<Problem> Api::admitCaller(const wire::HttpRequest& request, const EndpointSpec& spec,
                                        Caller& caller) const
{
    if (!spec.asksForToken()) return {};
    auto known = m_authenticator.authenticate(bearerToken(request));
    if (!known) return problem(401, "Not signed in", known.error().code, known.error().detail);
    caller = std::move(*known);
    if (spec.role != Role::Anyone && !includes(caller.roles, spec.role))
        return problem(403, "Not allowed", "auth.role",
                       "this needs the role " + std::string(toString(spec.role)));
    if (spec.stepUp && !caller.isSteppedUp) return stepUpRequired();
    return {};
}

std::optional<Problem> Api::admitRate(const wire::HttpRequest& request, const EndpointSpec& spec,
                                      const Caller& caller, resilience::RateDecision& rate)
{
    const bool urgent = spec.rate == RateClass::Orders;
    const int allowed = m_settings.callsMax - (urgent ? 0 : m_settings.callsReserved);
    if (spec.rate != RateClass::Free && *m_underWay >= allowed) {
        ++m_refusedOverload;
        auto overloaded = problem(503, "Overloaded", "gateway.overloaded",
                                  std::to_string(*m_underWay) +
                                      " calls are under way; nothing was done, try again");
        overloaded.retryAfter = std::chrono::milliseconds(1000);
        return overloaded;
    }
    if (spec.rate == RateClass::Free) return std::nullopt;
    Budget& budget = budgetOf(spec.rate);
    rate = budget.limiter.acquire(
        spec.asksForToken() ? caller.name : networkOf(request.peerAddress));
    ++(rate.allowed ? budget.counts.allowed : budget.counts.refused);
    if (rate.allowed) return std::nullopt;
    auto limited = problem(429, "Too many requests", "gateway.rate_limited",
                           "more than " + std::to_string(rate.limit) + " calls at once");
    limited.retryAfter = toMillis(rate.retryAfter);
    return limited;
}

Api::Budget& Api::budgetOf(RateClass rate)
{
    QD_ASSERT(rate != RateClass::Free);
    return m_budgets[static_cast<std::size_t>(rate) - 1];
}

const LimitCounts& Api::limitCounts(RateClass rate) const
{
    QD_ASSERT(rate != RateClass::Free);
    return m_budgets[static_cast<std::size_t>(rate) - 1].counts;
}

void Api::handle(wire::HttpRequest request, Respond respond)
{
    const auto startedAt = m_core.clock().now();
    const auto startedSteady = m_core.clock().steady();
    const auto parent = observability::TraceContext::parse(request.headers.find("traceparent"));
    const auto trace = parent ? parent->makeChild(m_random)
                              : observability::TraceContext::makeRoot(m_random);

    auto target = wire::Target::parse(request.target);
    auto match = target ? route(request.method, *target) : Match();
    Caller caller;
    resilience::RateDecision rate;
    auto refused = target ? admit(request, match, caller, rate)
                          : problem(400, "Unreadable address", target.error().code,
                                    target.error().detail);

    ++*m_underWay;
    const EndpointSpec* spec = match.endpoint ? &match.endpoint->spec : nullptr;
    auto finish = [this, underWay = m_underWay, respond = std::move(respond), spec, startedAt,
                   startedSteady, trace, parent, rate, code = refused ? refused->code : "",
                   peer = request.peerAddress,
                   name = caller.name](wire::HttpResponse response) {
        --*underWay;
        if (rate.limit > 0) {
            response.headers.set("RateLimit-Limit", std::to_string(rate.limit));
            response.headers.set("RateLimit-Remaining", std::to_string(rate.remaining));
            response.headers.set("RateLimit-Reset",
                                 std::to_string(toMillis(rate.resetAfter).count() / 1000));
        }
        response.headers.set("Cache-Control", "no-store");
        if (m_observer)
            m_observer({spec, response.status, startedAt, m_core.clock().steady() - startedSteady,
                        code, peer, trace, parent, name});
        respond(std::move(response));
    };

    static const EndpointSpec kNowhere;
    auto call = std::make_shared<Call>(spec ? *spec : kNowhere, std::move(request),
                                       target ? std::move(*target) : wire::Target(),
                                       std::move(match.parameters), std::move(caller),
                                       trace.traceIdHex(), trace.toTraceParent(),
                                       std::move(finish));
    if (refused) return call->answer(*refused);

    std::vector<FieldProblem> problems;
    if (const auto read = call->readInput(problems); !read)
        return call->answer(
            problem(400, "Unreadable request", read.error().code, read.error().detail));
    if (!problems.empty()) {
        auto bad = problem(422, "Request refused", problems.front().code,
                           problems.front().field + ": " + problems.front().detail);
        bad.errors = std::move(problems);
        return call->answer(bad);
    }
    match.endpoint->handler(std::move(call));
}

tl::expected<wire::WebSocketEvents, wire::HttpResponse>
Api::upgrade(const wire::HttpRequest& request)
{
    const auto refuse = [&](const Problem& reason) {
        return tl::unexpected(
            toResponse(reason, observability::TraceContext::makeRoot(m_random).traceIdHex()));
    };
    if (!isOriginAllowed(request))
        return refuse(problem(403, "Origin not allowed", "auth.origin",
                              "web pages of this origin may not connect"));
    const auto target = wire::Target::parse(request.target);
    if (!target || target->path != "/v1/stream" || !m_upgrade)
        return refuse(problem(404, "No such resource", "request.path",
                              "the stream is at /v1/stream"));
    std::optional<Caller> caller;
    if (const auto token = bearerToken(request); !token.empty()) {
        auto known = m_authenticator.authenticate(token);
        if (!known)
            return refuse(problem(401, "Not signed in", known.error().code, known.error().detail));
        if (!includes(known->roles, Role::Viewer))
            return refuse(problem(403, "Not allowed", "auth.role", "this needs the role viewer"));
        caller = std::move(*known);
    }
    return m_upgrade(request, std::move(caller));
}

} // namespace qd::gateway
