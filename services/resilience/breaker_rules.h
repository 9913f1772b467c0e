#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "models/base/timestamp.h"

namespace qd::resilience {

/// Closed: calls pass and are judged. Open: calls are refused until a time. HalfOpen: a few probes
/// pass and decide. The last three are the operator's: pass all without judging, refuse all, pass
/// all but measure.
enum class BreakerState { Closed, Open, HalfOpen, Disabled, ForcedOpen, MetricsOnly };
/// "closed", "open", "half_open", "disabled", "forced_open", "metrics_only".
std::string_view toString(BreakerState state);

/// Count: the last N calls. Time: the calls of the last N seconds.
enum class WindowKind { Count, Time };

struct BreakerSettings {
    std::string name; ///< "broker.alpaca"
    WindowKind windowKind = WindowKind::Count;
    int windowSize = 20;           ///< calls, or seconds
    int minimumCalls = 5;          ///< no judgement on fewer
    int failurePercent = 50;       ///< opens at or above
    int slowPercent = 100;         ///< opens at or above
    Duration slowCall = std::chrono::seconds(5); ///< longer than this is slow
    int probes = 2;                ///< calls let through while half open
    Duration halfOpenMax = std::chrono::seconds(30); ///< a probe silent for longer: open again
    Duration openWait = std::chrono::seconds(5);     ///< doubles with each opening in a row …
    Duration openWaitMax = std::chrono::seconds(60); ///< … up to this
    int openJitterPercent = 20;    ///< shortened at random by up to this much
    Duration retryAfterMax = std::chrono::minutes(15); ///< longest Retry-After that is believed
};

enum class CallResult { Success, Failure };

/// What happens to a breaker.
struct PermitAsked {};
/// A call that must be tried in any state, such as a cancel.
struct PassageAsked {};
struct CallFinished {
    std::uint64_t epoch = 0; ///< of its permit; a result of an older epoch is dropped
    CallResult result = CallResult::Success;
    Duration duration{};
    Duration retryAfter{};   ///< the provider's; keeps an open breaker open
    std::string sample;      ///< of a failure, for people: "503 Service Unavailable"
    bool passage = false;    ///< its permit came from PassageAsked
};
/// A permit ended without a result: cancelled, or never sent. It is given back.
struct PermitAbandoned {
    std::uint64_t epoch = 0;
};
/// Time passed. For observers only: every other event looks at the time too.
struct TimePassed {};
/// An operator's decision. To Closed: start afresh.
struct StateForced {
    BreakerState state = BreakerState::Closed;
    std::string reason;
};
using BreakerEvent = std::variant<PermitAsked, PassageAsked, CallFinished, PermitAbandoned,
                                  TimePassed, StateForced>;

struct BreakerTransition {
    std::string name;
    BreakerState from = BreakerState::Closed, to = BreakerState::Closed;
    std::string reason; ///< "failure rate 60% of 10 calls, at least 50%; last: …"
    Timestamp at;       ///< UTC; filled in by CircuitBreaker
    Timestamp nextAttempt; ///< when `to` is Open
};

/// Calls of one window slot, or of all.
struct CallCounts {
    int calls = 0, failures = 0, slow = 0;
    friend bool operator==(const CallCounts&, const CallCounts&) = default;
};

/// The outcomes a breaker judges by, kept as totals: recording costs the same for any size.
class CallWindow {
public:
    CallWindow() = default;
    CallWindow(WindowKind kind, int size);
    void record(CallResult result, bool slow, Duration now);
    /// Forget what is too old at `now` (Time only).
    void advance(Duration now);
    const CallCounts& counts() const { return m_total; }

private:
    WindowKind m_kind = WindowKind::Count;
    std::vector<CallCounts> m_slots; ///< a call each, or a second each
    std::size_t m_at = 0;            ///< Count: next slot
    std::int64_t m_second = 0;       ///< Time: the second of the newest slot
    CallCounts m_total;
};

/// All that a breaker remembers. A value.
struct BreakerMemory {
    explicit BreakerMemory(const BreakerSettings& settings);
    BreakerState state = BreakerState::Closed;
    std::uint64_t epoch = 1; ///< grows with each transition
    CallWindow window;       ///< of the state it is in
    int permitsOut = 0;      ///< HalfOpen: probes given and not answered
    int openings = 0;        ///< in a row, without a close between
    Duration probedAt{};     ///< HalfOpen: when the newest probe was let through
    Duration openUntil{};    ///< Open: when a probe may go
    Duration notBefore{};    ///< the provider's latest Retry-After, as a steady time
    std::string reason;      ///< of the last transition
    std::string sample;      ///< the last failure
    std::uint64_t refused = 0;  ///< calls not permitted since the start
    bool reported = false;   ///< MetricsOnly: has said once that it would have opened
};

/// What the world must do after an event.
struct BreakerEffects {
    bool permitted = false;  ///< answer to PermitAsked and PassageAsked
    Duration retryIn{};      ///< when refused by Open: time to the next probe
    std::vector<BreakerTransition> transitions; ///< in order; `at` not set
    bool wouldOpen = false;  ///< MetricsOnly: crossed the line, told once
};

struct BreakerStep {
    BreakerMemory memory;
    BreakerEffects effects;
};

/// The whole behaviour of a breaker: no clock, no lock, no chance. `now` is steady time and `roll`
/// a random number 0 ≤ roll < 1 that the open time's jitter is drawn with.
BreakerStep decide(BreakerMemory memory, const BreakerSettings& settings, const BreakerEvent& event,
                   Duration now, double roll);

} // namespace qd::resilience
