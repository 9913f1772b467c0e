#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "models/base/result.h"
#include "services/runtime/clock.h"

namespace qd::drills {

/// How often a condition is looked at.
constexpr std::chrono::milliseconds kPollEvery{15};

/// Waits without burning the processor until `condition` holds; false after `limit`.
template <typename Condition>
bool waitUntil(std::chrono::milliseconds limit, Condition condition);
/// Let `time` pass: only where nothing happening is what must be seen.
void pauseFor(std::chrono::milliseconds time);

/// Another program, started by us and never left behind: it gets SIGKILL when this object ends and,
/// should this process die first, from the kernel. Start it on a thread that lives as long.
class Child {
public:
    struct Spec {
        std::string program;
        std::vector<std::string> arguments;
        /// "NAME=value" beside our own environment, of which QUARTERDECK_* is not handed down.
        std::vector<std::string> environment;
        std::string outputFile, errorFile; ///< created or continued
    };
    struct Exit {
        int code = -1;  ///< −1: it was killed
        int signal = 0; ///< by which; 0: it ended by itself
    };

    /// Fails with: Unavailable "drill.start".
    static Result<std::unique_ptr<Child>> start(Spec spec);
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    pid_t pid() const { return m_pid; }
    bool isRunning() { return !poll().has_value(); }
    /// How it ended; nothing while it runs.
    std::optional<Exit> poll();
    std::optional<Exit> waitFor(std::chrono::milliseconds limit);
    /// SIGKILL, and wait for the end.
    void kill();
    /// SIGTERM; SIGKILL after `limit`. True when it ended by itself.
    bool terminate(std::chrono::milliseconds limit);
    /// The first whole line it prints from now on; empty when it ends or `limit` passes before.
    std::string firstLine(std::chrono::milliseconds limit);
    std::string output() const; ///< of this start
    std::string errors() const;

private:
    explicit Child(Spec spec) : m_spec(std::move(spec)) {}
    Spec m_spec;
    pid_t m_pid = -1;
    std::size_t m_outputStart = 0, m_errorStart = 0; ///< bytes of earlier starts
    std::optional<Exit> m_exit;
};

/// The whole file; empty if it cannot be read.
std::string slurp(const std::string& path);

template <typename Condition>
bool waitUntil(std::chrono::milliseconds limit, Condition condition)
{
    const auto& clock = runtime::systemClock();
    const Duration end = clock.steady() + limit;
    while (!condition()) {
        if (clock.steady() >= end) return condition();
        pauseFor(kPollEvery);
    }
    return true;
}

} // namespace qd::drills
