#include <cstdio>

#include "models/base/civil.h"
#include "models/market/calendar.h"

namespace qd {

namespace {

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kStandardOffset = -5 * 3600;
constexpr std::int64_t kDaylightOffset = -4 * 3600;

std::int64_t daysOf(const Date& date)
{
    return daysFromCivil(
        {date.year, static_cast<unsigned>(date.month), static_cast<unsigned>(date.day)});
}

Date dateOfDays(std::int64_t days)
{
    const Civil civil = civilFromDays(days);
    return {static_cast<int>(civil.year), static_cast<int>(civil.month),
            static_cast<int>(civil.day)};
}

std::int64_t floorSeconds(Timestamp instant)
{
    constexpr std::int64_t kSecond = 1'000'000'000;
    const std::int64_t nanos = instant.nanos();
    return nanos / kSecond - (nanos % kSecond < 0 ? 1 : 0);
}

/// The first Sunday on or after `year-month-day`.
std::int64_t sundayFrom(int year, int month, int day)
{
    const Date date{year, month, day};
    return daysOf(date) + (7 - weekday(date)) % 7;
}

/// [begin, end) of daylight saving in New York, in UTC seconds.
struct DaylightSpan {
    std::int64_t begin, end;
};

/// The United States rules: the Uniform Time Act from 1967, the energy crisis years 1974 and 1975,
/// the first Sunday of April from 1987, the Energy Policy Act from 2007.
DaylightSpan daylightOf(int year)
{
    std::int64_t first = 0, last = sundayFrom(year, 10, 25);
    if (year >= 2007) {
        first = sundayFrom(year, 3, 8);
        last = sundayFrom(year, 11, 1);
    } else if (year >= 1987) {
        first = sundayFrom(year, 4, 1);
    } else if (year == 1974) {
        first = daysOf({1974, 1, 6});
    } else if (year == 1975) {
        first = daysOf({1975, 2, 23});
    } else {
        first = sundayFrom(year, 4, 24);
    }
    // Both at 02:00 by the wall: standard time on the way in, daylight time on the way out.
    return {first * kDaySeconds + 7 * 3600, last * kDaySeconds + 6 * 3600};
}

bool isDaylight(std::int64_t utcSeconds)
{
    // Near New Year the year is the same either way: no rule changes the clock then.
    const auto span = daylightOf(dateOfDays(utcSeconds / kDaySeconds).year);
    return utcSeconds >= span.begin && utcSeconds < span.end;
}

} // namespace

std::string toString(const Date& date)
{
    char text[40];
    const int length =
        std::snprintf(text, sizeof text, "%04d-%02d-%02d", date.year, date.month, date.day);
    return {text, static_cast<std::size_t>(length)};
}

Result<Date> parseDate(std::string_view text)
{
    const auto refuse = [&] {
        return fail(ErrorKind::Invalid, "date.syntax",
                    "expected a day like 2013-10-07, was \"" + std::string(text.substr(0, 40)) +
                        "\"");
    };
    if (text.size() != 10) return refuse();
    int numbers[3] = {0, 0, 0};
    int field = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (i == 4 || i == 7) {
            if (text[i] != '-') return refuse();
            ++field;
        } else if (text[i] < '0' || text[i] > '9') {
            return refuse();
        } else {
            numbers[field] = numbers[field] * 10 + (text[i] - '0');
        }
    }
    const Date date{numbers[0], numbers[1], numbers[2]};
    // Timestamp holds the years 1678 … 2262; the first and last are not whole.
    if (date.year < 1678 || date.year > 2261 || date.month < 1 || date.month > 12 || date.day < 1 ||
        date.day > static_cast<int>(daysInMonth(date.year, static_cast<unsigned>(date.month))))
        return refuse();
    return date;
}

Date addDays(const Date& date, int days)
{
    return dateOfDays(daysOf(date) + days);
}

int weekday(const Date& date)
{
    const std::int64_t days = daysOf(date) + 4; // 1970-01-01 was a Thursday
    return static_cast<int>((days % 7 + 7) % 7);
}

Date utcDate(Timestamp instant)
{
    const std::int64_t seconds = floorSeconds(instant);
    return dateOfDays(seconds / kDaySeconds - (seconds % kDaySeconds < 0 ? 1 : 0));
}

Timestamp utcMidnight(const Date& date)
{
    return Timestamp::fromSeconds(daysOf(date) * kDaySeconds);
}

NewYorkTime toNewYork(Timestamp instant)
{
    const bool daylight = isDaylight(floorSeconds(instant));
    const Timestamp wall =
        instant + std::chrono::seconds(daylight ? kDaylightOffset : kStandardOffset);
    const Date date = utcDate(wall);
    return {date, wall - utcMidnight(date)};
}

Timestamp fromNewYork(const Date& date, Duration sinceMidnight)
{
    const Timestamp wall = utcMidnight(date) + sinceMidnight;
    const Timestamp daylight = wall - std::chrono::seconds(kDaylightOffset);
    if (isDaylight(floorSeconds(daylight))) return daylight;
    const Timestamp standard = wall - std::chrono::seconds(kStandardOffset);
    if (!isDaylight(floorSeconds(standard))) return standard;
    return Timestamp::fromSeconds(daylightOf(date.year).begin);
}

} // namespace qd
