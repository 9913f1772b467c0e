#include "services/exchange/csv_lines.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "models/base/whole_number.h"

namespace qd::exchange {

namespace {

bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

std::string_view trimmed(std::string_view text)
{
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '"'; };
    while (!text.empty() && blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && blank(text.back()))
        text.remove_suffix(1);
    return text;
}

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count)
{
    if (at + count > text.size())
        return std::nullopt;
    int value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (!isDigit(text[i]))
            return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/// "HH:MM[:SS[.fraction]]" or nothing.
std::optional<Duration> parseClock(std::string_view text)
{
    const auto hour = digits(text, 0, 2), minute = digits(text, 3, 2);
    if (!hour || !minute || text[2] != ':' || *hour > 23 || *minute > 59)
        return std::nullopt;
    Duration result = std::chrono::hours(*hour) + std::chrono::minutes(*minute);
    if (text.size() == 5)
        return result;
    const auto second = digits(text, 6, 2);
    if (!second || text[5] != ':' || *second > 59)
        return std::nullopt;
    result += std::chrono::seconds(*second);
    if (text.size() == 8)
        return result;
    if (text[8] != '.' || text.size() > 18)
        return std::nullopt;
    std::int64_t nanos = 0;
    for (std::size_t i = 9; i < 18; ++i) {
        if (i < text.size() && !isDigit(text[i]))
            return std::nullopt;
        nanos = nanos * 10 + (i < text.size() ? text[i] - '0' : 0);
    }
    return result + Duration(nanos);
}

/// A date of 8 or 10 characters at the beginning of `text`, and how long it is.
std::optional<std::pair<Date, std::size_t>> leadingDate(std::string_view text)
{
    const bool dashed = text.size() >= 10 && (text[4] == '-' || text[4] == '/');
    const auto year = digits(text, 0, 4);
    const auto month = digits(text, dashed ? 5 : 4, 2);
    const auto day = digits(text, dashed ? 8 : 6, 2);
    if (!year || !month || !day || (dashed && text[7] != text[4]))
        return std::nullopt;
    const std::size_t length = dashed ? 10 : 8;
    if (!parseDate(fmt::format("{:04}-{:02}-{:02}", *year, *month, *day))
        || *year < 1900 || *year > 2200 || (text.size() > length && isDigit(text[length])))
        return std::nullopt;
    return std::pair(Date{*year, *month, *day}, length);
}

} // namespace

CsvLines::CsvLines(std::string_view name, std::string_view text, char separator)
    : m_name(name), m_rest(text), m_separator(separator)
{
    if (m_rest.starts_with("\xef\xbb\xbf"))
        m_rest.remove_prefix(3);
}

bool CsvLines::next()
{
    while (!m_rest.empty()) {
        const auto end = std::min(m_rest.find('\n'), m_rest.size());
        auto line = m_rest.substr(0, end);
        m_rest.remove_prefix(std::min(end + 1, m_rest.size()));
        ++m_line;
        if (line.size() > kMaxLineBytes) {
            m_tooLong = true;
            return false;
        }
        if (trimmed(line).empty())
            continue;
        m_fields.clear();
        while (true) {
            const auto cut = line.find(m_separator);
            m_fields.push_back(trimmed(line.substr(0, cut)));
            if (cut == std::string_view::npos)
                return true;
            line.remove_prefix(cut + 1);
        }
    }
    return false;
}

std::string_view CsvLines::field(std::size_t index) const
{
    return index < m_fields.size() ? m_fields[index] : std::string_view();
}

Error CsvLines::error(std::string_view expected, std::string_view was) const
{
    return {ErrorKind::Invalid, "recording.csv",
            fmt::format("{}:{}: expected {}, was '{}'", m_name, m_line, expected, was.substr(0, 40)),
            {}};
}

Result<std::int64_t> CsvLines::integer(std::size_t index, std::string_view what) const
{
    const auto text = field(index);
    if (const auto value = wholeNumber<std::int64_t>(text)) return *value;
    return tl::unexpected(error(fmt::format("{} (a whole number)", what), text));
}

Result<Decimal> CsvLines::decimal(std::size_t index, std::string_view what) const
{
    auto value = Decimal::parse(field(index), Rounding::HalfEven);
    if (!value)
        return tl::unexpected(error(fmt::format("{} (a number)", what), field(index)));
    return value;
}

Result<Timestamp> parseRecordedTime(std::string_view text, bool newYork)
{
    const auto bad = [text] {
        return fail(ErrorKind::Invalid, "recording.time",
                    fmt::format("expected a date or time, was '{}'", text.substr(0, 40)));
    };
    if (const auto date = leadingDate(text)) {
        auto rest = text.substr(date->second);
        if (rest.empty())
            return newYork ? fromNewYork(date->first, Duration::zero())
                           : Timestamp::parse(toString(date->first) + "T00:00:00Z");
        if (rest.front() != ' ' && rest.front() != 'T')
            return bad();
        rest.remove_prefix(1);
        const auto clock = parseClock(rest);
        if (!clock)
            return Timestamp::parse(toString(date->first) + "T" + std::string(rest));
        if (newYork)
            return fromNewYork(date->first, *clock);
        return Timestamp::parse(toString(date->first) + "T00:00:00Z")
            .map([&clock](Timestamp midnight) { return midnight + *clock; });
    }
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || number <= 0)
        return bad();
    const std::string_view fraction(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (!fraction.empty() && fraction.front() != '.')
        return bad();
    // Seconds, milliseconds, microseconds and nanoseconds of the years 1973 to 2255 do not overlap.
    constexpr std::int64_t kLastSecond = 9'000'000'000;
    if (number < kLastSecond)
        return Timestamp::fromSeconds(number);
    if (number >= 100'000'000'000 && number < kLastSecond * 1000)
        return Timestamp::fromMillis(number);
    if (number >= 100'000'000'000'000 && number < kLastSecond * 1'000'000)
        return Timestamp::fromNanos(number * 1000);
    if (number >= 100'000'000'000'000'000 && number < kLastSecond * 1'000'000'000)
        return Timestamp::fromNanos(number);
    return bad();
}

std::optional<Date> dateInName(std::string_view name)
{
    for (std::size_t at = 0; at + 8 <= name.size(); ++at) {
        if (at > 0 && isDigit(name[at - 1]))
            continue;
        const auto piece = name.substr(at);
        const auto date = leadingDate(piece);
        if (date)
            return date->first;
    }
    return std::nullopt;
}

} // namespace qd::exchange
