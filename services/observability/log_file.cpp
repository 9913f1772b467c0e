#include "services/observability/log_file.h"

#include <atomic>
#include <condition_variable>
#include <mutex>

#include <spdlog/async.h>
#include <spdlog/sinks/base_sink.h>

#include "services/observability/log_target.h"

namespace qd::observability {
namespace {

// Runs on the log's own thread only, so it needs no lock of its own.
class TargetSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
public:
    TargetSink(const LogFileOptions& options, const runtime::Clock& clock)
        : target(options, clock), m_clock(clock)
    {
    }

    LogTarget target;
    std::function<std::uint64_t()> lost; ///< records lost so far

    std::uint64_t flushesSeen() const
    {
        std::lock_guard lock(m_flushMutex);
        return m_flushesSeen;
    }

    bool waitForFlushAfter(std::uint64_t seen, std::chrono::milliseconds limit)
    {
        std::unique_lock lock(m_flushMutex);
        return m_flushed.wait_for(lock, limit, [&] { return m_flushesSeen > seen; });
    }

private:
    void sink_it_(const spdlog::details::log_msg& message) override
    {
        reportLost();
        target.append({message.payload.data(), message.payload.size()});
    }

    void flush_() override
    {
        reportLost();
        std::lock_guard lock(m_flushMutex);
        ++m_flushesSeen;
        m_flushed.notify_all();
    }

    // Whoever reads the log must see that something is not in it.
    void reportLost()
    {
        const std::uint64_t total = lost();
        if (total == m_lostReported) return;
        const LogField fields[] = {{"lost", total - m_lostReported}, {"lostInTotal", total}};
        m_lostReported = total;
        target.append(renderLine({m_clock.now(), LogLevel::Warning, "log",
                                  "the queue was full: records were lost", {}, fields}));
    }

    const runtime::Clock& m_clock;
    std::uint64_t m_lostReported = 0;
    mutable std::mutex m_flushMutex;
    std::condition_variable m_flushed;
    std::uint64_t m_flushesSeen = 0;
};

} // namespace

struct LogFile::State {
    State(const LogFileOptions& options, const runtime::Clock& clock)
        : level(options.level), sink(std::make_shared<TargetSink>(options, clock)),
          pool(std::make_shared<spdlog::details::thread_pool>(
              options.queueMax, 1, [] { pthread_setname_np(pthread_self(), "log"); }))
    {
        sink->lost = [counted = pool.get()] { return counted->overrun_counter(); };
        logger = std::make_shared<spdlog::async_logger>(
            "quarterdeck", sink, pool, spdlog::async_overflow_policy::overrun_oldest);
        logger->set_level(spdlog::level::trace);
    }

    std::atomic<LogLevel> level;
    std::shared_ptr<TargetSink> sink;
    std::shared_ptr<spdlog::details::thread_pool> pool;
    std::shared_ptr<spdlog::async_logger> logger;
};

LogFile::LogFile(LogFileOptions options, const runtime::Clock& clock)
    : m_state(std::make_unique<State>(options, clock))
{
}

LogFile::~LogFile()
{
    flush();
}

bool LogFile::isEnabled(LogLevel level) const
{
    return level >= m_state->level.load(std::memory_order_relaxed);
}

void LogFile::setLevel(LogLevel level)
{
    m_state->level = level;
}

void LogFile::write(const LogRecord& record) noexcept
{
    const std::string line = renderLine(record);
    m_state->logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

void LogFile::flush()
{
    // The request itself may be pushed out of a full queue: ask until it is seen.
    constexpr std::chrono::milliseconds kAskAgainAfter(50);
    const std::uint64_t seen = m_state->sink->flushesSeen();
    do {
        m_state->logger->flush();
    } while (!m_state->sink->waitForFlushAfter(seen, kAskAgainAfter));
}

LogFileStats LogFile::stats() const
{
    LogFileStats stats = m_state->sink->target.stats();
    stats.dropped = m_state->pool->overrun_counter();
    return stats;
}

} // namespace qd::observability
