#pragma once

#include <functional>
#include <string>
#include <vector>

#include "models/base/timestamp.h"

namespace qd::runtime {

/// Waits for SIGINT or SIGTERM, then runs the registered steps in reverse order of registration,
/// each once. A second signal ends the process at once. Main thread.
class Shutdown {
public:
    /// Blocks the signals in this and all later threads; construct before starting any thread.
    Shutdown();
    ~Shutdown();
    Shutdown(const Shutdown&) = delete;
    Shutdown& operator=(const Shutdown&) = delete;
    /// Before `wait`.
    void addStep(std::string name, std::function<void()> step);
    /// Returns after a signal or `request`, when all steps have run.
    void wait();
    /// As if a signal had come. Any thread.
    void request();
    /// Ask the kernel to send SIGTERM when the parent (strictly: the thread that started us) dies:
    /// children of the terminal.
    static void followParent();

private:
    struct Step {
        std::string name;
        std::function<void()> run;
    };
    std::vector<Step> m_steps;
    int m_wakeFd = -1;
};

} // namespace qd::runtime
