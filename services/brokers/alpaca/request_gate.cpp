#include "services/brokers/alpaca/request_gate.h"

#include <algorithm>

namespace qd::brokers::alpaca {

namespace {

using resilience::Priority;

/// Alpaca allows 200 requests a minute and key; a fifth of the burst is kept for orders and cancels.
constexpr resilience::RateLimit kRateLimit{
    .count = 200, .period = std::chrono::minutes(1), .burst = 60, .reserve = 20};
constexpr std::string_view kKey = "alpaca";
/// However long the venue asks us to wait, we look again after this.
constexpr Duration kHoldMax = std::chrono::minutes(2);

/// Opens at the fifth failure in a row at the latest (PE-3.7).
resilience::BreakerSettings breakerSettings(std::string name)
{
    resilience::BreakerSettings settings;
    settings.name = std::move(name);
    settings.windowSize = 10;
    settings.minimumCalls = 5;
    settings.failurePercent = 50;
    settings.probes = 1;
    settings.openWait = std::chrono::seconds(5);
    settings.openWaitMax = std::chrono::seconds(60);
    return settings;
}

Duration secondsOf(std::string_view text)
{
    const auto value = Decimal::parse(text);
    if (!value || value->isNegative()) return {};
    constexpr auto kLongest = std::chrono::floor<std::chrono::seconds>(Duration::max());
    return std::min(std::chrono::seconds(value->units() / Decimal::kOne), kLongest);
}

Priority priorityOf(Purpose purpose)
{
    return purpose == Purpose::Query ? Priority::Background : Priority::Urgent;
}

} // namespace

struct RequestGate::Flight {
    resilience::CircuitBreaker::Permit permit;
    observability::Span span;
    Done done;
    Duration startedAt;
};

RequestGate::RequestGate(const AlpacaSettings& settings, std::string baseUrl,
                         std::string breakerName, wire::HttpClient& http, runtime::Executor& core,
                         runtime::Random& random, observability::Tracer* tracer)
    : m_settings(settings), m_baseUrl(std::move(baseUrl)), m_http(http), m_core(core),
      m_tracer(tracer), m_breaker(breakerSettings(std::move(breakerName)), core.clock(), random),
      m_limiter(kRateLimit, core.clock()), m_alive(std::make_shared<bool>(true))
{
}

RequestGate::~RequestGate()
{
    *m_alive = false;
}

void RequestGate::send(Request request, Done done)
{
    if (m_settings.keyId.empty() || m_settings.secretKey.empty())
        return done(fail(ErrorKind::Denied, "broker.credentials_missing",
                         "no Alpaca key is configured; set alpaca.key_id and alpaca.secret_key, or "
                         "connect the broker again"));

    // Behind an open breaker there is no line to stand in: the answer comes at once.
    const bool isShut = request.purpose != Purpose::Cancel && m_breaker.retryIn() > Duration{};
    const auto wait = isShut ? std::nullopt : waitFor(request.purpose);
    if (wait) {
        const auto longest = request.purpose == Purpose::Order    ? kOrderWaitMax
                             : request.purpose == Purpose::Cancel ? kCancelWaitMax
                                                                  : kQueryWaitMax;
        if (*wait > longest || m_waiting.size() >= kWaitingMax)
            return done(fail(ErrorKind::Unavailable, "broker.rate_limited",
                             "Alpaca's limit of requests is used up; next try at " +
                                 (m_core.clock().now() + *wait).toString(0)));
        // Orders and cancels go to the head of the line, behind earlier ones of their kind.
        auto at = m_waiting.end();
        if (request.purpose != Purpose::Query)
            at = std::ranges::find_if(m_waiting, [](const Waiting& waiting) {
                return waiting.request.purpose == Purpose::Query;
            });
        m_waiting.insert(at, Waiting{std::move(request), std::move(done)});
        return schedulePump();
    }
    leave(std::move(request), std::move(done));
}

/// How long a newcomer would stand in line; nothing when it may pass now.
std::optional<Duration> RequestGate::waitFor(Purpose purpose) const
{
    const auto ahead = std::ranges::count_if(m_waiting, [purpose](const Waiting& waiting) {
        return purpose == Purpose::Query || waiting.request.purpose != Purpose::Query;
    });
    const auto held = holdOf(purpose);
    if (ahead == 0 && held == Duration{}) return std::nullopt;
    return std::max(held, Duration(std::chrono::milliseconds(1))) + kRateLimit.interval() * ahead;
}

/// How long nothing of this purpose may pass, whoever stands in line.
Duration RequestGate::holdOf(Purpose purpose) const
{
    const auto decision = m_limiter.peek(kKey, priorityOf(purpose));
    Duration held = decision.allowed ? Duration{} : decision.retryAfter;
    if (purpose == Purpose::Query)
        held = std::max(held, m_queriesHeldUntil - m_core.clock().steady());
    return std::max(held, Duration{});
}

/// Through the door now: whoever calls has seen that nothing holds it.
void RequestGate::leave(Request request, Done done)
{
    resilience::CircuitBreaker::Permit permit;
    if (request.purpose == Purpose::Cancel) {
        permit = m_breaker.acquireAnyway();
    } else {
        auto acquired = m_breaker.tryAcquire();
        if (!acquired) return done(tl::unexpected(acquired.error()));
        permit = std::move(*acquired);
    }
    m_limiter.acquire(kKey, priorityOf(request.purpose));
    launch(std::move(request), std::move(permit), std::move(done));
}

void RequestGate::launch(Request request, resilience::CircuitBreaker::Permit permit, Done done)
{
    wire::HttpRequest http;
    http.method = std::move(request.method);
    http.target = m_baseUrl + request.path;
    http.body = std::move(request.body);
    http.timeout = request.purpose == Purpose::Query ? m_settings.queryTimeout
                                                     : m_settings.commandTimeout;
    http.headers.set("APCA-API-KEY-ID", std::string(m_settings.keyId.revealForUse()));
    http.headers.set("APCA-API-SECRET-KEY", std::string(m_settings.secretKey.revealForUse()));
    http.headers.set("Accept", "application/json");
    if (!http.body.empty()) http.headers.set("Content-Type", "application/json");
    observability::Span span;
    if (m_tracer != nullptr && !request.traceParent.empty()) {
        const auto resource = request.path.substr(0, request.path.find('?'));
        span = m_tracer->startFrom(request.traceParent, "alpaca " + http.method + " " + resource,
                                   observability::SpanKind::Client);
        request.traceParent = span.context().toTraceParent();
    }
    if (!request.traceParent.empty()) http.headers.set("traceparent", request.traceParent);

    const auto flight = std::make_shared<Flight>(Flight{
        std::move(permit), std::move(span), std::move(done), m_core.clock().steady()});
    m_http.send(std::move(http), [this, alive = m_alive, flight](Result<wire::HttpResponse> result) {
        if (!*alive) return; // whoever asked has gone with us
        if (result) hideKeys(result->body, m_settings);
        settle(*flight, result);
        flight->done(std::move(result));
    });
}

void RequestGate::settle(Flight& flight, const Result<wire::HttpResponse>& result)
{
    m_lastLatency = m_core.clock().steady() - flight.startedAt;
    if (!result) {
        m_lastError = result.error();
        m_lastErrorAt = m_core.clock().now();
        flight.span.setError(describe(result.error()));
        flight.span.end();
        flight.permit.failed(describe(result.error()));
        return;
    }
    readRateHeaders(*result);
    flight.span.setAttribute("http.response.status_code", static_cast<std::int64_t>(result->status));
    if (result->status < 400)
        flight.span.setOk();
    else
        flight.span.setError("HTTP " + std::to_string(result->status));
    flight.span.end();
    if (result->status == 401) {
        m_authorized = false;
    } else if (result->status < 400) {
        m_authorized = true;
    }
    if (result->status >= 500) {
        m_lastError = Error{ErrorKind::Unavailable, "broker.server_error",
                            "HTTP " + std::to_string(result->status), {}};
        m_lastErrorAt = m_core.clock().now();
        flight.permit.failed(m_lastError.detail, secondsOf(result->headers.find("Retry-After")));
        return;
    }
    flight.permit.succeeded(); // a refusal is an answer too
}

/// The venue's own count is believed: several programs may share one key.
void RequestGate::readRateHeaders(const wire::HttpResponse& response)
{
    const auto& headers = response.headers;
    const auto now = Duration(m_core.clock().now().nanos());
    const auto reset = secondsOf(headers.find("X-RateLimit-Reset"));
    const Duration untilReset =
        reset > now ? std::min(reset - now, kHoldMax) : Duration(std::chrono::seconds(1));
    if (const auto remaining = Decimal::parse(headers.find("X-RateLimit-Remaining"))) {
        m_rateRemaining = static_cast<int>(
            std::clamp<std::int64_t>(remaining->units() / Decimal::kOne, 0, 1'000'000));
        // The last of the window is left to orders and cancels.
        if (m_rateRemaining <= kRateLimit.reserve && reset > now)
            m_queriesHeldUntil = m_core.clock().steady() + untilReset;
        if (m_rateRemaining == 0 && reset > now) m_limiter.holdOff(kKey, untilReset);
    }
    if (response.status != 429) return;
    const Duration asked = secondsOf(headers.find("Retry-After"));
    m_limiter.holdOff(kKey, asked == Duration{} ? untilReset : std::min(asked, kHoldMax));
}

void RequestGate::schedulePump()
{
    if (m_waiting.empty()) return;
    const Duration wait = std::max(holdOf(m_waiting.front().request.purpose),
                                   Duration(std::chrono::milliseconds(1)));
    // An order at the head may pass earlier than the query that the timer was set for.
    m_pumpTimer = m_core.after(wait, [this] { pump(); });
}

void RequestGate::pump()
{
    const auto alive = m_alive; // an answer may end us
    while (*alive && !m_waiting.empty() &&
           holdOf(m_waiting.front().request.purpose) == Duration{}) {
        auto next = std::move(m_waiting.front());
        m_waiting.pop_front();
        leave(std::move(next.request), std::move(next.done));
    }
    if (*alive) schedulePump();
}

} // namespace qd::brokers::alpaca
