#include "services/observability/log_target.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace qd::observability {
namespace {

constexpr Duration kRetryAfter = std::chrono::seconds(5);

// How many bytes were written; fewer than asked after an error.
std::size_t writeAll(int file, std::string_view bytes)
{
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t count = ::write(file, bytes.data() + done, bytes.size() - done);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        done += static_cast<std::size_t>(count);
    }
    return done;
}

} // namespace

LogTarget::LogTarget(const LogFileOptions& options, const runtime::Clock& clock)
    : m_path(options.path), m_sizeBytesMax(options.sizeBytesMax), m_filesKept(options.filesKept),
      m_clock(clock)
{
    // Now rather than with the first line, so that a bad path shows in the health report at once.
    if (!m_path.empty()) open();
}

LogTarget::~LogTarget()
{
    closeFile();
}

void LogTarget::append(std::string_view line)
{
    const std::string text = std::string(line) + '\n';
    if (m_path.empty() || !appendToFile(text)) writeAll(STDERR_FILENO, text);
    std::lock_guard lock(m_statsMutex);
    ++m_stats.written;
}

bool LogTarget::appendToFile(std::string_view text)
{
    if (m_file < 0 && (m_clock.steady() < m_retryAt || !open())) return false;
    if (m_sizeBytes > 0 && m_sizeBytes + text.size() > m_sizeBytesMax &&
        m_clock.steady() >= m_retryAt)
        rotate();
    if (m_file < 0) return false;
    if (m_isMidLine && writeAll(m_file, "\n") == 1) m_isMidLine = false;
    const std::size_t written = writeAll(m_file, text);
    m_sizeBytes += written;
    if (written == text.size()) return true;
    m_isMidLine = m_isMidLine || written > 0;
    noteFailure("cannot write");
    closeFile();
    return false;
}

bool LogTarget::open()
{
    m_file = ::open(m_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    struct stat status{};
    if (m_file < 0 || fstat(m_file, &status) != 0) {
        noteFailure("cannot open");
        closeFile();
        return false;
    }
    m_sizeBytes = static_cast<std::uint64_t>(status.st_size);
    std::lock_guard lock(m_statsMutex);
    m_stats.isOnStandardError = false;
    return true;
}

void LogTarget::rotate()
{
    closeFile();
    std::remove(rotatedName(m_filesKept).c_str());
    for (int number = m_filesKept - 1; number >= 1; --number)
        std::rename(rotatedName(number).c_str(), rotatedName(number + 1).c_str());
    const int moved = m_filesKept > 0 ? std::rename(m_path.c_str(), rotatedName(1).c_str())
                                      : std::remove(m_path.c_str());
    if (moved != 0) noteFailure("cannot rotate");
    open();
}

void LogTarget::noteFailure(std::string_view what)
{
    auto failure = fmt::format("{} {}: {}", what, m_path, std::strerror(errno));
    m_retryAt = m_clock.steady() + kRetryAfter;
    std::lock_guard lock(m_statsMutex);
    ++m_stats.failures;
    m_stats.lastFailure = std::move(failure);
}

void LogTarget::closeFile()
{
    if (m_file >= 0) ::close(m_file);
    m_file = -1;
    std::lock_guard lock(m_statsMutex);
    m_stats.isOnStandardError = !m_path.empty();
}

std::string LogTarget::rotatedName(int number) const
{
    return fmt::format("{}.{}", m_path, number);
}

LogFileStats LogTarget::stats() const
{
    std::lock_guard lock(m_statsMutex);
    return m_stats;
}

} // namespace qd::observability
