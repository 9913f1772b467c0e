#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/result.h"
#include "models/base/timestamp.h"
#include "services/runtime/random.h"

namespace qd::resilience {

/// What an armed point does to those who come by.
enum class FaultKind {
    Fail,  ///< the step answers with `error` instead of happening
    Delay, ///< the step happens `delay` later
    Crash, ///< the process ends here, without clean-up
};
/// "fail", "delay", "crash".
std::string_view toString(FaultKind kind);

struct Fault {
    FaultKind kind = FaultKind::Fail;
    Error error{ErrorKind::Unavailable, "fault.injected", "failed on purpose by a drill", ""};
    Duration delay{};
    int skip = 0;            ///< let this many pass first
    int times = 1;           ///< then act on this many; −1 = on all
    double probability = 1;  ///< of acting on each of those
};

/// What the passer-by must do: nothing, wait, or give up with an error.
struct FaultEffect {
    Duration delay{};
    std::optional<Error> error;
    explicit operator bool() const { return error.has_value() || delay > Duration{}; }
};

/// Named places where a drill can make things go wrong. An object handed to those who have such
/// places, never a global; with nothing armed a passage costs one load. Any thread.
class FaultPoints {
public:
    struct Description {
        std::string name;
        std::string meaning;
        bool armed = false;
        std::uint64_t passed = 0; ///< while something was armed anywhere
        std::uint64_t acted = 0;
    };

    /// `random` decides probabilities; `crash` ends the process (tests give their own).
    explicit FaultPoints(runtime::Random& random, std::function<void()> crash = {});
    ~FaultPoints();

    /// "storage.commit", "the writer is about to commit a group". Idempotent.
    void declare(std::string name, std::string meaning);
    /// Fails with: NotFound "fault.unknown_point" (the detail lists the known ones).
    Result<void> arm(std::string_view name, Fault fault);
    void disarm(std::string_view name);
    void disarmAll();

    /// Say that the step `name` is about to happen.
    FaultEffect pass(std::string_view name);
    std::vector<Description> describe() const;

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace qd::resilience
