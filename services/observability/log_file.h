#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "services/observability/log.h"

namespace qd::observability {

struct LogFileOptions {
    std::string path;                    ///< empty: standard error
    LogLevel level = LogLevel::Info;
    std::size_t queueMax = 8192;         ///< records waiting to be written
    std::uint64_t sizeBytesMax = 32 << 20; ///< a file that would pass this is rotated first
    int filesKept = 8;                   ///< rotated files: path.1 is the newest
};

/// Figures for health and metrics.
struct LogFileStats {
    std::uint64_t written = 0;      ///< records in the file or on standard error
    std::uint64_t dropped = 0;      ///< records that found the queue full: the oldest ones give way
    std::uint64_t failures = 0;     ///< times the file could not be opened, written or rotated
    bool isOnStandardError = false; ///< the file cannot be written now; it is tried again every 5 s
    std::string lastFailure;        ///< what happened, to which file
};

/// JSON lines in a file, written by a thread of its own. Recording never blocks: a full queue loses
/// its oldest records, counts them and says so in the log. A file that cannot be written makes the
/// lines go to standard error until it can be again. Any thread.
class LogFile final : public LogSink {
public:
    explicit LogFile(LogFileOptions options,
                     const runtime::Clock& clock = runtime::systemClock());
    ~LogFile() override; ///< writes what is queued

    bool isEnabled(LogLevel level) const override;
    void write(const LogRecord& record) noexcept override;
    /// From now on. Any thread.
    void setLevel(LogLevel level);
    /// Wait until all that was recorded before is written: shutdown and tests.
    void flush();
    LogFileStats stats() const;

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace qd::observability
