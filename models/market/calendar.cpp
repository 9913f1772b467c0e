#include "models/market/calendar.h"

#include <array>

namespace qd {

namespace {

using namespace std::chrono_literals;

enum Weekday { Sunday, Monday, Tuesday, Wednesday, Thursday, Friday, Saturday };

struct OneOff {
    Date date;
    const char* reason;
};

/// Closures that no rule foretells.
constexpr std::array kOneOffClosures = {
    OneOff{{1994, 4, 27}, "Funeral of President Nixon"},
    OneOff{{2001, 9, 11}, "Attacks of September 11"},
    OneOff{{2001, 9, 12}, "Attacks of September 11"},
    OneOff{{2001, 9, 13}, "Attacks of September 11"},
    OneOff{{2001, 9, 14}, "Attacks of September 11"},
    OneOff{{2004, 6, 11}, "Funeral of President Reagan"},
    OneOff{{2007, 1, 2}, "Funeral of President Ford"},
    OneOff{{2012, 10, 29}, "Hurricane Sandy"},
    OneOff{{2012, 10, 30}, "Hurricane Sandy"},
    OneOff{{2018, 12, 5}, "Funeral of President G. H. W. Bush"},
    OneOff{{2025, 1, 9}, "Funeral of President Carter"},
};

/// Early closes that no rule foretells.
constexpr std::array kOneOffEarlyCloses = {
    Date{1997, 12, 26},
    Date{1999, 12, 31},
    Date{2003, 12, 26},
};

/// Day of the month of the `nth` (1 …) `wanted` weekday.
int nthWeekday(int year, int month, Weekday wanted, int nth)
{
    const int first = weekday({year, month, 1});
    return 1 + (wanted - first + 7) % 7 + 7 * (nth - 1);
}

/// Gregorian computus (Meeus, Jones, Butcher).
Date easterSunday(int year)
{
    const int a = year % 19, b = year / 100, c = year % 100;
    const int d = b / 4, e = b % 4, f = (b + 8) / 25, g = (b - f + 1) / 3;
    const int h = (19 * a + b - d - g + 15) % 30;
    const int i = c / 4, k = c % 4;
    const int l = (32 + 2 * e + 2 * i - h - k) % 7;
    const int m = (a + 11 * h + 22 * l) / 451;
    const int n = h + l - 7 * m + 114;
    return {year, n / 31, n % 31 + 1};
}

/// Is `date` the day on which a holiday of that month and day is kept: on the Friday before when it
/// falls on a Saturday, on the Monday after when it falls on a Sunday?
bool isObserved(const Date& date, int month, int day)
{
    const Date holiday{date.year, month, day};
    switch (weekday(holiday)) {
    case Saturday: return date == addDays(holiday, -1);
    case Sunday: return date == addDays(holiday, 1);
    default: return date == holiday;
    }
}

/// Holidays on the nth weekday of a month, and Good Friday.
const char* floatingHoliday(const Date& date)
{
    const auto isNth = [&](int month, Weekday wanted, int nth) {
        return date.month == month && date.day == nthWeekday(date.year, month, wanted, nth);
    };
    if (date.year >= 1998 && isNth(1, Monday, 3)) return "Martin Luther King Jr. Day";
    if (isNth(2, Monday, 3)) return "Washington's Birthday";
    if (date == addDays(easterSunday(date.year), -2)) return "Good Friday";
    if (date.month == 5 && weekday(date) == Monday && date.day > 24) return "Memorial Day";
    if (isNth(9, Monday, 1)) return "Labor Day";
    if (isNth(11, Thursday, 4)) return "Thanksgiving Day";
    return nullptr;
}

const char* nyseClosure(const Date& date)
{
    const int day = weekday(date);
    if (day == Saturday || day == Sunday) return "Weekend";
    // New Year's Day on a Saturday is not made up for: the Friday before closes the year's books.
    if (date.month == 1 && (date.day == 1 || (date.day == 2 && day == Monday)))
        return "New Year's Day";
    if (date.year >= 2022 && isObserved(date, 6, 19)) return "Juneteenth";
    if (isObserved(date, 7, 4)) return "Independence Day";
    if (isObserved(date, 12, 25)) return "Christmas Day";
    if (const char* holiday = floatingHoliday(date)) return holiday;
    for (const OneOff& closure : kOneOffClosures)
        if (date == closure.date) return closure.reason;
    return nullptr;
}

/// Around Independence Day. From 1995 the exchange closes early on July 3 (Monday to Thursday);
/// until 2012, when July 4 was a Thursday, on Friday July 5 instead.
bool isJulyEarlyClose(const Date& date)
{
    if (date.year < 1995 || date.month != 7) return false;
    const bool fourthIsThursday = weekday({date.year, 7, 4}) == Thursday;
    if (fourthIsThursday && date.year < 2013) return date.day == 5;
    return date.day == 3 && weekday(date) >= Monday && weekday(date) <= Thursday;
}

/// `date` is a trading day.
bool isEarlyClose(const Date& date)
{
    if (isJulyEarlyClose(date)) return true;
    if (date.month == 12 && date.day == 24) return true; // a Friday 24th is Christmas observed
    if (date.year >= 1992 && date.month == 11 &&
        date.day == nthWeekday(date.year, 11, Thursday, 4) + 1)
        return true;
    for (const Date& day : kOneOffEarlyCloses)
        if (date == day) return true;
    return false;
}

TradingDay nyseDay(const Date& date)
{
    TradingDay day;
    day.date = date;
    day.earlyClose = isEarlyClose(date);
    day.preOpen = fromNewYork(date, 4h);
    day.open = fromNewYork(date, 9h + 30min);
    const Duration early = date.year < 1993 ? 14h : 13h;
    day.close = fromNewYork(date, day.earlyClose ? early : Duration(16h));
    day.postClose = fromNewYork(date, day.earlyClose ? early + 4h : Duration(20h));
    return day;
}

TradingDay cryptoDay(const Date& date)
{
    const Timestamp midnight = utcMidnight(date);
    return {date, midnight, midnight, midnight + 24h, midnight + 24h, false};
}

} // namespace

Calendar::Calendar(std::string name, Kind kind) : m_name(std::move(name)), m_kind(kind) {}

const Calendar& Calendar::nyse()
{
    static const Calendar calendar("NYSE", Kind::Nyse);
    return calendar;
}

const Calendar& Calendar::nasdaq()
{
    static const Calendar calendar("Nasdaq", Kind::Nyse);
    return calendar;
}

const Calendar& Calendar::crypto()
{
    static const Calendar calendar("Crypto", Kind::Crypto);
    return calendar;
}

std::optional<TradingDay> Calendar::tradingDay(const Date& date) const
{
    if (m_kind == Kind::Crypto) return cryptoDay(date);
    if (nyseClosure(date)) return std::nullopt;
    return nyseDay(date);
}

std::optional<TradingDay> Calendar::current(Timestamp now) const
{
    // No session reaches past its own New York date.
    const Date date = m_kind == Kind::Crypto ? utcDate(now) : toNewYork(now).date;
    const auto day = tradingDay(date);
    if (!day || now < day->preOpen || now >= day->postClose) return std::nullopt;
    return day;
}

TradingDay Calendar::next(Timestamp now) const
{
    Date date = m_kind == Kind::Crypto ? utcDate(now) : toNewYork(now).date;
    for (;; date = addDays(date, 1)) {
        const auto day = tradingDay(date);
        if (day && day->open >= now) return *day;
    }
}

SessionPhase Calendar::phase(Timestamp now) const
{
    const auto day = current(now);
    if (!day) return SessionPhase::Closed;
    if (now < day->open) return SessionPhase::PreMarket;
    return now < day->close ? SessionPhase::Regular : SessionPhase::PostMarket;
}

std::string Calendar::closureReason(const Date& date) const
{
    if (m_kind == Kind::Crypto) return {};
    const char* reason = nyseClosure(date);
    return reason ? reason : "";
}

std::string_view toString(SessionPhase phase)
{
    switch (phase) {
    case SessionPhase::Closed: return "closed";
    case SessionPhase::PreMarket: return "pre_market";
    case SessionPhase::Regular: return "regular";
    case SessionPhase::PostMarket: return "post_market";
    }
    return "closed";
}

Result<SessionPhase> parseSessionPhase(std::string_view text)
{
    for (const auto phase : {SessionPhase::Closed, SessionPhase::PreMarket, SessionPhase::Regular,
                             SessionPhase::PostMarket})
        if (text == toString(phase)) return phase;
    return fail(ErrorKind::Invalid, "calendar.unknown_phase",
                "expected closed, pre_market, regular or post_market, was \"" +
                    std::string(text.substr(0, 40)) + "\"",
                "phase");
}

} // namespace qd
