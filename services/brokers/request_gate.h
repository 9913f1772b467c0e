#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "services/brokers/broker.h"
#include "services/observability/spans.h"
#include "services/resilience/circuit_breaker.h"
#include "services/resilience/rate_limiter.h"
#include "services/wire/http.h"

namespace qd::brokers {

/// What a request is for: this decides who goes first and who must be tried in any case.
enum class Purpose {
    Order,  ///< ahead of queries; refused while the breaker is open
    Cancel, ///< ahead of queries; tried even while the breaker is open
    Query,  ///< waits in line when the rate limit is used up
};

/// What a gate has to know of its venue.
struct GateTerms {
    std::string venue;   ///< for people: "Alpaca"
    std::string baseUrl; ///< "https://api.alpaca.markets": one gate a host
    std::string breaker; ///< "broker.alpaca"
    resilience::RateLimit limit;
    /// The venue counts orders and cancels apart from questions; unset: all are counted together.
    std::optional<resilience::RateLimit> ordersLimit = {};
    std::string remainingHeader = "X-RateLimit-Remaining";
    std::string resetHeader = "X-RateLimit-Reset"; ///< seconds or milliseconds since 1970
    std::chrono::milliseconds commandTimeout{10'000}; ///< of orders and cancels
    std::chrono::milliseconds queryTimeout{10'000};
    std::string bodyType = "application/json"; ///< `Content-Type` of what is sent
    std::string howToConnect; ///< what to do without credentials, a whole sentence
    std::function<bool()> hasCredentials;
    std::function<void(wire::Headers&)> sign;   ///< adds the credentials
    std::function<void(std::string&)> hideKeys; ///< takes our credentials out of what the venue sent
    /// The venue has answered 401 to what was signed so: tells whether there are other credentials
    /// now. Unset: a 401 is the answer.
    std::function<void(const wire::Headers& refused, std::function<void(bool)>)> renew = {};
};

/// The one door through which REST calls leave for a venue: credentials, circuit breaker, rate limit
/// (ours ahead of theirs; their headers believed), deadlines. Core executor.
class RequestGate {
public:
    struct Request {
        Purpose purpose = Purpose::Query;
        std::string method = "GET";
        std::string path; ///< with query, "/v2/orders?status=open"
        std::string body;
        std::string traceParent;
    };
    using Done = wire::HttpClient::Callback;

    /// Requests that stand in line for the rate limit; one more is refused.
    static constexpr std::size_t kWaitingMax = 256;
    /// How long an order may stand in line: a trader is told rather than filled at a later price.
    static constexpr Duration kOrderWaitMax = std::chrono::seconds(2);
    /// A cancel is as good later as now.
    static constexpr Duration kCancelWaitMax = std::chrono::seconds(10);
    static constexpr Duration kQueryWaitMax = std::chrono::minutes(3);

    /// What `terms` call, and everything else given, outlives the gate.
    RequestGate(GateTerms terms, wire::HttpClient& http, runtime::Executor& core,
                runtime::Random& random, observability::Tracer* tracer = nullptr);
    ~RequestGate();

    /// One call of `done`, and none once the gate has ended. A request that was answered 401 was not
    /// acted on: where credentials can be renewed it is made once more with the new ones, unless that
    /// takes longer than such a request may stand in line. Beside what HttpClient::send fails with:
    /// Denied "broker.credentials_missing", Unavailable "resilience.breaker_open",
    /// Unavailable "broker.rate_limited" (the detail tells the time of the next try).
    void send(Request request, Done done);

    resilience::CircuitBreaker& breaker() { return m_breaker; }
    const resilience::CircuitBreaker& breaker() const { return m_breaker; }
    int rateRemaining() const { return m_rateRemaining; }
    Duration lastLatency() const { return m_lastLatency; }
    const Error& lastError() const { return m_lastError; }
    Timestamp lastErrorAt() const { return m_lastErrorAt; }
    /// False once the venue has refused our key; true again after any accepted call.
    bool isAuthorized() const { return m_authorized; }
    std::size_t waiting() const { return m_waiting.size(); }
    /// How long the limits, ours and theirs, let nothing of this purpose pass.
    Duration holdOf(Purpose purpose) const;

private:
    struct Waiting {
        Request request;
        Done done;
    };
    struct Flight; ///< one call under way
    using FlightPtr = std::shared_ptr<Flight>;
    enum class Try { First, Second };

    void launch(Request request, resilience::CircuitBreaker::Permit permit, Done done, Try which);
    void askAgain(const FlightPtr& flight, const wire::HttpResponse& refusal);
    void settle(Flight& flight, const Result<wire::HttpResponse>& result);
    void readRateHeaders(const wire::HttpResponse& response, Purpose purpose);
    std::optional<Duration> waitFor(Purpose purpose) const;
    void leave(Request request, Done done, Try which = Try::First);
    void pump();
    void schedulePump();

    resilience::RateLimiter& limiterOf(Purpose purpose);
    const resilience::RateLimiter& limiterOf(Purpose purpose) const;

    GateTerms m_terms;
    wire::HttpClient& m_http;
    runtime::Executor& m_core;
    observability::Tracer* m_tracer; ///< may be null: no spans
    resilience::CircuitBreaker m_breaker;
    resilience::RateLimiter m_limiter;
    std::optional<resilience::RateLimiter> m_ordersLimiter; ///< where the venue counts them apart
    std::deque<Waiting> m_waiting;
    runtime::Timer m_pumpTimer;
    Duration m_queriesHeldUntil{}; ///< steady; the venue's window is nearly used up
    std::shared_ptr<bool> m_alive; ///< false once destroyed: late answers are dropped
    int m_rateRemaining = -1;
    Duration m_lastLatency{};
    Error m_lastError;
    Timestamp m_lastErrorAt;
    bool m_authorized = true;
};

} // namespace qd::brokers
