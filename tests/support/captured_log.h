#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "services/observability/log.h"

namespace qd::test {

/// Keeps every record as the line that a log file would hold. Any thread.
class CapturedLog final : public observability::LogSink {
public:
    bool isEnabled(observability::LogLevel) const override { return true; }
    void write(const observability::LogRecord& record) noexcept override;

    std::vector<std::string> lines() const;
    /// All lines in one text.
    std::string text() const;
    /// How many lines hold `part`.
    std::size_t count(std::string_view part) const;
    bool contains(std::string_view part) const { return count(part) > 0; }
    void clear();

private:
    mutable std::mutex m_mutex;
    std::vector<std::string> m_lines;
};

} // namespace qd::test
