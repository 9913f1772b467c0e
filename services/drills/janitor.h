#pragma once

#include <string>

#include <sys/types.h>

namespace qd::drills {

/// Removes folders when this process is gone, however it went: a small process of its own that waits
/// for the end of ours. Ctrl+C and SIGKILL leave nothing behind. One thread.
class Janitor {
public:
    Janitor();
    /// Removes what is still there, and ends.
    ~Janitor();
    Janitor(const Janitor&) = delete;
    Janitor& operator=(const Janitor&) = delete;

    /// `folder` is to go when we do. Without a janitor (no process could be started) nothing happens.
    void watch(const std::string& folder);

private:
    pid_t m_pid = -1;
    int m_line = -1; ///< folders, one after the other; its end is the news of our end
};

} // namespace qd::drills
