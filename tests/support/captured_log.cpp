#include "tests/support/captured_log.h"

#include <algorithm>

namespace qd::test {

void CapturedLog::write(const observability::LogRecord& record) noexcept
{
    std::lock_guard lock(m_mutex);
    m_lines.push_back(observability::renderLine(record));
}

std::vector<std::string> CapturedLog::lines() const
{
    std::lock_guard lock(m_mutex);
    return m_lines;
}

std::string CapturedLog::text() const
{
    std::string text;
    for (const auto& line : lines()) text += line + '\n';
    return text;
}

std::size_t CapturedLog::count(std::string_view part) const
{
    const auto all = lines();
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const auto& line) {
        return line.find(part) != std::string::npos;
    }));
}

void CapturedLog::clear()
{
    std::lock_guard lock(m_mutex);
    m_lines.clear();
}

} // namespace qd::test
