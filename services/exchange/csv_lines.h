#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/base/decimal.h"
#include "models/market/calendar.h"

namespace qd::exchange {

/// Walks a CSV text line by line and reads fields, with errors that name file and line. No quoting:
/// numeric recordings have none. Empty lines are passed over. "\n" and "\r\n" both end a line.
class CsvLines {
public:
    static constexpr std::size_t kMaxLineBytes = 4096;

    CsvLines(std::string_view name, std::string_view text, char separator = ',');

    /// The next line with content; false at the end, or if it is too long (see `failed`).
    bool next();
    std::size_t size() const { return m_fields.size(); }
    std::string_view field(std::size_t index) const; ///< trimmed; empty beyond the last
    bool failed() const { return m_tooLong; }

    /// The field as a number; `what` names it in the error.
    Result<std::int64_t> integer(std::size_t index, std::string_view what) const;
    Result<Decimal> decimal(std::size_t index, std::string_view what) const;
    /// "file:line: expected <expected>, was '<text>'".
    Error error(std::string_view expected, std::string_view was) const;

private:
    std::string m_name;
    std::string_view m_rest;
    char m_separator;
    std::size_t m_line = 0;
    bool m_tooLong = false;
    std::vector<std::string_view> m_fields;
};

/// A time in one of the usual spellings: RFC 3339, "2021-12-31 23:01:00.000000", "2006-01-02",
/// "19980102 00:00", "20131007", seconds or milliseconds since the epoch. Without a zone it means
/// UTC, or New York if `newYork`.
Result<Timestamp> parseRecordedTime(std::string_view text, bool newYork);
/// "20131007" or "2013-10-07" anywhere in `name`.
std::optional<Date> dateInName(std::string_view name);

} // namespace qd::exchange
