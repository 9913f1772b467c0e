#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "services/observability/log_file.h"

namespace qd::observability {

/// The file behind a LogFile: appends lines, rotates by size, and falls back to standard error.
/// One thread, but for `stats`, which never waits for the disk.
class LogTarget {
public:
    LogTarget(const LogFileOptions& options, const runtime::Clock& clock);
    ~LogTarget();
    LogTarget(const LogTarget&) = delete;
    LogTarget& operator=(const LogTarget&) = delete;

    /// `line` without its newline.
    void append(std::string_view line);
    /// All but `dropped`.
    LogFileStats stats() const;

private:
    bool open();
    bool appendToFile(std::string_view line);
    void rotate();
    void noteFailure(std::string_view what);
    void closeFile();
    std::string rotatedName(int number) const;

    const std::string m_path;
    const std::uint64_t m_sizeBytesMax;
    const int m_filesKept;
    const runtime::Clock& m_clock;

    mutable std::mutex m_statsMutex; ///< never held during a system call
    LogFileStats m_stats;

    int m_file = -1;
    std::uint64_t m_sizeBytes = 0;
    bool m_isMidLine = false; ///< the last line was cut off by a full disk
    Duration m_retryAt{};     ///< after a failure: when to try the file, or its rotation, again
};

} // namespace qd::observability
