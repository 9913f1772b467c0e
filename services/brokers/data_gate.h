#pragma once

#include <memory>
#include <vector>

#include "services/brokers/request_gate.h"

namespace qd::brokers {

/// The way to a provider's market data: a gate (limit, breaker) for each key that is configured. A
/// question leaves by the key in use; when that one is refused (401, 403) or used up (429, our own
/// limit), the next one that is free is used from then on. Questions only: asking twice harms nobody.
/// Core executor.
class DataGate {
public:
    using Request = RequestGate::Request;
    using Done = RequestGate::Done;
    /// A refused key is tried again after this: somebody may have mended it.
    static constexpr Duration kRefusedFor = std::chrono::minutes(5);

    /// The terms of each key, at least one, in the order in which they are used.
    DataGate(std::vector<GateTerms> keys, wire::HttpClient& http, runtime::Executor& core,
             runtime::Random& random);
    ~DataGate();

    /// As RequestGate::send; an answer of 401, 403 or 429 is handed over only when every key got one.
    void send(Request request, Done done);

    /// Until when every key is held by a limit; unset: a question leaves at once.
    Timestamp heldUntil() const;
    std::vector<FeedKey> keys() const;
    std::vector<const resilience::CircuitBreaker*> breakers() const;

private:
    struct Way {
        std::unique_ptr<RequestGate> gate;
        Duration refusedUntil{}; ///< steady
    };

    bool isFree(const Way& way) const;
    std::size_t choose() const;
    void attempt(Request request, std::size_t triesLeft, Done done);

    runtime::Executor& m_core;
    std::vector<std::unique_ptr<Way>> m_ways;
    std::size_t m_inUse = 0;
};

} // namespace qd::brokers
