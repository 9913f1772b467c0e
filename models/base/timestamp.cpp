#include "models/base/timestamp.h"

#include <cstdio>

#include "models/base/civil.h"

namespace qd {

namespace {

/// Reads exactly `count` digits at `position`; -1 if there are none.
int digits(std::string_view text, std::size_t position, std::size_t count)
{
    if (position + count > text.size()) return -1;
    int value = 0;
    for (std::size_t i = position; i < position + count; ++i) {
        if (text[i] < '0' || text[i] > '9') return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

} // namespace

Result<Timestamp> Timestamp::parse(std::string_view text)
{
    const auto syntax = [&] {
        return fail(ErrorKind::Invalid, "timestamp.syntax",
                    "expected RFC 3339, was \"" + std::string(text.substr(0, 40)) + "\"");
    };
    const int year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
    const int hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
    if (year < 1678 || year > 2261 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 ||
        minute < 0 || minute > 59 || second < 0 || second > 60)
        return syntax();
    if (static_cast<unsigned>(day) > daysInMonth(year, static_cast<unsigned>(month))) return syntax();
    const char separator = text[10];
    if (text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':' ||
        (separator != 'T' && separator != 't' && separator != ' '))
        return syntax();

    std::size_t at = 19;
    std::int64_t fraction = 0;
    if (at < text.size() && text[at] == '.') {
        ++at;
        int count = 0;
        for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++count)
            if (count < 9) fraction = fraction * 10 + (text[at] - '0');
        if (count == 0) return syntax();
        for (; count < 9; ++count) fraction *= 10;
    }
    std::int64_t offsetSeconds = 0;
    if (at < text.size() && (text[at] == 'Z' || text[at] == 'z')) {
        ++at;
    } else if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
        const int h = digits(text, at + 1, 2), m = digits(text, at + 4, 2);
        if (h < 0 || h > 23 || m < 0 || m > 59 || text[at + 3] != ':') return syntax();
        offsetSeconds = (text[at] == '-' ? -1 : 1) * (h * 3600 + m * 60);
        at += 6;
    } else {
        return syntax();
    }
    if (at != text.size()) return syntax();

    const std::int64_t days =
        daysFromCivil({year, static_cast<unsigned>(month), static_cast<unsigned>(day)});
    const std::int64_t seconds = days * 86400 + hour * 3600 + minute * 60 + second - offsetSeconds;
    return Timestamp(seconds * 1'000'000'000 + fraction);
}

Timestamp Timestamp::of(std::string_view text)
{
    const auto parsed = parse(text);
    QD_ASSERT(parsed.has_value());
    return *parsed;
}

std::string Timestamp::toString(int fractionDigits) const
{
    std::int64_t seconds = m_nanos / 1'000'000'000;
    std::int64_t rest = m_nanos % 1'000'000'000;
    if (rest < 0) {
        rest += 1'000'000'000;
        --seconds;
    }
    std::int64_t days = seconds / 86400, time = seconds % 86400;
    if (time < 0) {
        time += 86400;
        --days;
    }
    const Civil date = civilFromDays(days);
    char buffer[48];
    int length = std::snprintf(buffer, sizeof buffer, "%04lld-%02u-%02uT%02lld:%02lld:%02lld",
                               static_cast<long long>(date.year), date.month, date.day,
                               static_cast<long long>(time / 3600),
                               static_cast<long long>(time / 60 % 60),
                               static_cast<long long>(time % 60));
    std::string text(buffer, static_cast<std::size_t>(length));
    if (fractionDigits > 0) {
        length = std::snprintf(buffer, sizeof buffer, "%09lld", static_cast<long long>(rest));
        text += '.';
        text.append(buffer, static_cast<std::size_t>(fractionDigits < 9 ? fractionDigits : 9));
    }
    return text += 'Z';
}

} // namespace qd
