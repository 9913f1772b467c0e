#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "services/gateway/authenticator.h"
#include "services/gateway/endpoint.h"
#include "services/observability/trace.h"
#include "services/resilience/rate_limiter.h"
#include "services/runtime/executor.h"
#include "services/runtime/random.h"

namespace qd::gateway {

struct ApiSettings {
    /// Web origins that may call, "https://desk.example"; none = no browser may (PE-1.3).
    std::vector<std::string> allowedOrigins;
    resilience::RateLimit orders{.count = 6'000, .period = std::chrono::minutes(1), .burst = 400};
    /// Of each network, for what needs no token: signing in and up. Before the body is looked at.
    resilience::RateLimit strangers{.count = 240, .period = std::chrono::minutes(1), .burst = 60};
    resilience::RateLimit queries{.count = 60'000, .period = std::chrono::minutes(1), .burst = 2'000};
    /// Calls under way at once; one more is refused with 503 (PE-10.1).
    int callsMax = 2'000;
    /// Of those, kept free for orders and cancels.
    int callsReserved = 200;
};

/// What a rate limit of the door decided since the start.
struct LimitCounts {
    std::uint64_t allowed = 0, refused = 0;
};

/// One call that was answered, for metrics and traces.
struct FinishedCall {
    const EndpointSpec* spec = nullptr; ///< null: no such endpoint
    int status = 0;
    Timestamp startedAt;
    Duration duration{};
    std::string code;        ///< of a problem that the door itself answered: "auth.role"
    std::string peerAddress; ///< as the socket says
    observability::TraceContext trace;
    std::optional<observability::TraceContext> parent; ///< the caller's span, if it named one
    std::string caller;
};

/// The door: who is calling, may they, how often, is the request what its endpoint declares; then
/// the endpoint's handler. Core executor, which the server must call it on.
class Api final : public wire::Service {
public:
    using Upgrade = std::function<tl::expected<wire::WebSocketEvents, wire::HttpResponse>(
        const wire::HttpRequest&, std::optional<Caller>)>;

    Api(ApiSettings settings, const Authenticator& authenticator, runtime::Executor& core,
        runtime::Random& random);
    ~Api() override;

    /// Before the first call. Paths are unique per method.
    void add(EndpointSpec spec, Handler handler);
    /// What to do with `GET /v1/stream`; the caller is known when the request carries a token.
    void serveStream(Upgrade upgrade);
    void observe(std::function<void(const FinishedCall&)> observer);
    const std::vector<std::unique_ptr<Endpoint>>& endpoints() const { return m_endpoints; }

    void handle(wire::HttpRequest request, Respond respond) override;
    tl::expected<wire::WebSocketEvents, wire::HttpResponse>
    upgrade(const wire::HttpRequest& request) override;

    int callsUnderWay() const { return *m_underWay; }
    std::uint64_t refusedOverload() const { return m_refusedOverload; }
    /// Of any class but RateClass::Free.
    const LimitCounts& limitCounts(RateClass rate) const;

private:
    struct Match {
        const Endpoint* endpoint = nullptr;
        std::map<std::string, std::string> parameters;
        bool pathExists = false; ///< another method has this path
    };
    Match route(const std::string& method, const wire::Target& target) const;
    struct Budget {
        Budget(const resilience::RateLimit& limit, const runtime::Clock& clock)
            : limiter(limit, clock)
        {
        }
        resilience::RateLimiter limiter;
        LimitCounts counts;
    };
    Budget& budgetOf(RateClass rate);
    std::optional<Problem> admit(const wire::HttpRequest& request, const Match& match,
                                 Caller& caller, resilience::RateDecision& rate);
    std::optional<Problem> admitCaller(const wire::HttpRequest& request, const EndpointSpec& spec,
                                       Caller& caller) const;
    std::optional<Problem> admitRate(const wire::HttpRequest& request, const EndpointSpec& spec,
                                     const Caller& caller, resilience::RateDecision& rate);
    bool isOriginAllowed(const wire::HttpRequest& request) const;

    ApiSettings m_settings;
    const Authenticator& m_authenticator;
    runtime::Executor& m_core;
    runtime::Random& m_random;
    std::vector<std::unique_ptr<Endpoint>> m_endpoints;
    std::array<Budget, 3> m_budgets; ///< in the order of RateClass, without Free
    Upgrade m_upgrade;
    std::function<void(const FinishedCall&)> m_observer;
    std::shared_ptr<int> m_underWay = std::make_shared<int>(0);
    std::uint64_t m_refusedOverload = 0;
};

} // namespace qd::gateway
