#include "services/brokers/request_gate.h"

#include <algorithm>
#include <utility>

namespace qd::brokers {

namespace {

using resilience::Priority;

constexpr std::string_view kOneBucket = "venue";
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

/// Seconds since 1970, or milliseconds, of which there are thirteen digits.
Duration sinceEpoch(std::string_view text)
{
    constexpr std::size_t kMillisDigits = 13;
    const bool isMillis = text.size() == kMillisDigits && text.find('.') == std::string_view::npos;
    return secondsOf(isMillis ? text.substr(0, kMillisDigits - 3) : text);
}

/// How long a request may be put off.
Duration longestWaitOf(Purpose purpose)
{
    return purpose == Purpose::Order    ? RequestGate::kOrderWaitMax
           : purpose == Purpose::Cancel ? RequestGate::kCancelWaitMax
                                        : RequestGate::kQueryWaitMax;
}

/// "Alpaca" → "alpaca".
std::string spanName(std::string venue)
{
    std::ranges::transform(venue, venue.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return venue;
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
    Purpose purpose;
    std::optional<Request> again = {}; ///< set if it may be made once more
    wire::Headers signedWith = {};
    runtime::Timer patience = {};
};

RequestGate::RequestGate(GateTerms terms, wire::HttpClient& http, runtime::Executor& core,
                         runtime::Random& random, observability::Tracer* tracer)
    : m_terms(std::move(terms)), m_http(http), m_core(core), m_tracer(tracer),
      m_breaker(breakerSettings(m_terms.breaker), core.clock(), random),
      m_limiter(m_terms.limit, core.clock()), m_alive(std::make_shared<bool>(true))
{
    if (m_terms.ordersLimit) m_ordersLimiter.emplace(*m_terms.ordersLimit, core.clock());
}

RequestGate::~RequestGate()
{
    *m_alive = false;
}

void RequestGate::send(Request request, Done done)
{
    if (!m_terms.hasCredentials())
        return done(fail(ErrorKind::Denied, "broker.credentials_missing", m_terms.howToConnect));

    // Behind an open breaker there is no line to stand in: the answer comes at once.
    const bool isShut = request.purpose != Purpose::Cancel && m_breaker.retryIn() > Duration{};
    const auto wait = isShut ? std::nullopt : waitFor(request.purpose);
    if (wait) {
        if (*wait > longestWaitOf(request.purpose) || m_waiting.size() >= kWaitingMax)
            return done(fail(ErrorKind::Unavailable, "broker.rate_limited",
                             m_terms.venue + "'s limit of requests is used up; next try at " +
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
    return std::max(held, Duration(std::chrono::milliseconds(1))) + limiterOf(purpose).limit().interval() * ahead;
}

resilience::RateLimiter& RequestGate::limiterOf(Purpose purpose)
{
    return m_ordersLimiter && purpose != Purpose::Query ? *m_ordersLimiter : m_limiter;
}

const resilience::RateLimiter& RequestGate::limiterOf(Purpose purpose) const
{
    return m_ordersLimiter && purpose != Purpose::Query ? *m_ordersLimiter : m_limiter;
}

/// How long nothing of this purpose may pass, whoever stands in line.
Duration RequestGate::holdOf(Purpose purpose) const
{
    const auto decision = limiterOf(purpose).peek(kOneBucket, priorityOf(purpose));
    Duration held = decision.allowed ? Duration{} : decision.retryAfter;
    if (purpose == Purpose::Query)
        held = std::max(held, m_queriesHeldUntil - m_core.clock().steady());
    return std::max(held, Duration{});
}

/// Through the door now: whoever calls has seen that nothing holds it.
void RequestGate::leave(Request request, Done done, Try which)
{
    // They may have been taken away while it stood in line.
    if (!m_terms.hasCredentials())
        return done(fail(ErrorKind::Denied, "broker.credentials_missing", m_terms.howToConnect));
    resilience::CircuitBreaker::Permit permit;
    if (request.purpose == Purpose::Cancel) {
        permit = m_breaker.acquireAnyway();
    } else {
        auto acquired = m_breaker.tryAcquire();
        if (!acquired) return done(tl::unexpected(acquired.error()));
        permit = std::move(*acquired);
    }
    limiterOf(request.purpose).acquire(kOneBucket, priorityOf(request.purpose));
    launch(std::move(request), std::move(permit), std::move(done), which);
}

void RequestGate::launch(Request request, resilience::CircuitBreaker::Permit permit, Done done,
                         Try which)
{
    std::optional<Request> again;
    if (m_terms.renew && which == Try::First) again = request;
    wire::HttpRequest http;
    http.method = std::move(request.method);
    http.target = m_terms.baseUrl + request.path;
    http.body = std::move(request.body);
    http.timeout = request.purpose == Purpose::Query ? m_terms.queryTimeout : m_terms.commandTimeout;
    m_terms.sign(http.headers);
    wire::Headers signedWith;
    if (again) signedWith = http.headers;
    http.headers.set("Accept", "application/json");
    if (!http.body.empty()) http.headers.set("Content-Type", m_terms.bodyType);
    if (http.body.empty() && http.method == "POST") http.headers.set("Content-Length", "0");
    observability::Span span;
    if (m_tracer != nullptr && !request.traceParent.empty()) {
        const auto resource = request.path.substr(0, request.path.find('?'));
        span = m_tracer->startFrom(request.traceParent, spanName(m_terms.venue) + " " + http.method + " " + resource,
                                   observability::SpanKind::Client);
        request.traceParent = span.context().toTraceParent();
    }
    if (!request.traceParent.empty()) http.headers.set("traceparent", request.traceParent);

    const auto flight = std::make_shared<Flight>(
        Flight{std::move(permit), std::move(span), std::move(done), m_core.clock().steady(),
               request.purpose, std::move(again), std::move(signedWith)});
    m_http.send(std::move(http), [this, alive = m_alive, flight](Result<wire::HttpResponse> result) {
        if (!*alive) return; // whoever asked has gone with us
        if (result) m_terms.hideKeys(result->body);
        settle(*flight, result);
        if (result && result->status == 401 && flight->again) return askAgain(flight, *result);
        flight->done(std::move(result));
    });
}

void RequestGate::askAgain(const FlightPtr& flight, const wire::HttpResponse& refusal)
{
    const auto isOver = std::make_shared<bool>(false);
    flight->patience = m_core.after(
        longestWaitOf(flight->purpose), [alive = m_alive, flight, isOver, refusal] {
            if (*alive && !std::exchange(*isOver, true)) flight->done(refusal);
        });
    m_terms.renew(flight->signedWith, [this, alive = m_alive, flight, isOver,
                                       refusal](bool isRenewed) {
        if (!*alive) return;
        if (!isRenewed) m_authorized = false;
        if (std::exchange(*isOver, true)) return;
        flight->patience.cancel();
        if (!isRenewed) return flight->done(refusal);
        leave(std::move(*flight->again), flight->done, Try::Second);
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
    readRateHeaders(*result, flight.purpose);
    flight.span.setAttribute("http.response.status_code", static_cast<std::int64_t>(result->status));
    if (result->status < 400)
        flight.span.setOk();
    else
        flight.span.setError("HTTP " + std::to_string(result->status));
    flight.span.end();
    if (result->status == 401) {
        m_authorized = flight.again.has_value() && m_authorized; // not said before it is certain
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
void RequestGate::readRateHeaders(const wire::HttpResponse& response, Purpose purpose)
{
    const auto& headers = response.headers;
    const auto now = Duration(m_core.clock().now().nanos());
    const auto reset = sinceEpoch(headers.find(m_terms.resetHeader));
    const Duration untilReset =
        reset > now ? std::min(reset - now, kHoldMax) : Duration(std::chrono::seconds(1));
    if (const auto remaining = Decimal::parse(headers.find(m_terms.remainingHeader))) {
        m_rateRemaining = static_cast<int>(
            std::clamp<std::int64_t>(remaining->units() / Decimal::kOne, 0, 1'000'000));
        // The last of the window is left to orders and cancels.
        const bool isOrders = m_ordersLimiter && purpose != Purpose::Query;
        if (!isOrders && m_rateRemaining <= m_terms.limit.reserve && reset > now)
            m_queriesHeldUntil = m_core.clock().steady() + untilReset;
        if (m_rateRemaining == 0 && reset > now)
            limiterOf(purpose).holdOff(kOneBucket, untilReset);
    }
    if (response.status != 429) return;
    const Duration asked = secondsOf(headers.find("Retry-After"));
    limiterOf(purpose).holdOff(kOneBucket, asked == Duration{} ? untilReset : std::min(asked, kHoldMax));
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

} // namespace qd::brokers
