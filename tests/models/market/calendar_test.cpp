#include "models/market/calendar.h"

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

namespace qd {
namespace {

using namespace std::chrono_literals;

const Calendar& nyse()
{
    return Calendar::nyse();
}

TEST(NewYorkTime, KnowsEveryRuleSince1967)
{
    struct Row {
        const char* utc;
        const char* date;
        Duration sinceMidnight;
    };
    const Row rows[] = {
        {"1967-04-30T06:59:59Z", "1967-04-30", 1h + 59min + 59s},
        {"1967-04-30T07:00:00Z", "1967-04-30", 3h},
        {"1974-01-06T06:59:59Z", "1974-01-06", 1h + 59min + 59s},
        {"1974-01-06T07:00:00Z", "1974-01-06", 3h},
        {"1975-02-23T07:00:00Z", "1975-02-23", 3h},
        {"1975-10-26T06:00:00Z", "1975-10-26", 1h},
        {"1976-04-25T07:00:00Z", "1976-04-25", 3h},
        {"1986-04-27T07:00:00Z", "1986-04-27", 3h},
        {"1987-04-05T07:00:00Z", "1987-04-05", 3h},
        {"2006-04-02T07:00:00Z", "2006-04-02", 3h},
        {"2007-03-11T07:00:00Z", "2007-03-11", 3h},
        {"2007-11-04T05:59:59Z", "2007-11-04", 1h + 59min + 59s},
        {"2007-11-04T06:00:00Z", "2007-11-04", 1h},
        {"2026-01-01T04:59:59Z", "2025-12-31", 23h + 59min + 59s},
    };
    for (const Row& row : rows) {
        const auto wall = toNewYork(Timestamp::of(row.utc));
        EXPECT_EQ(toString(wall.date), row.date) << row.utc;
        EXPECT_EQ(wall.sinceMidnight, row.sinceMidnight) << row.utc;
    }
}

TEST(NewYorkTime, RepeatedHourMeansTheFirstAndTheGapEndsAtTheJump)
{
    EXPECT_EQ(fromNewYork({2025, 11, 2}, 1h + 30min), Timestamp::of("2025-11-02T05:30:00Z"));
    EXPECT_EQ(fromNewYork({2025, 11, 2}, 2h), Timestamp::of("2025-11-02T07:00:00Z"));
    EXPECT_EQ(fromNewYork({2025, 3, 9}, 2h + 30min), Timestamp::of("2025-03-09T07:00:00Z"));
    EXPECT_EQ(fromNewYork({2025, 3, 9}, 3h), Timestamp::of("2025-03-09T07:00:00Z"));
    EXPECT_EQ(fromNewYork({2025, 3, 9}, 1h + 59min), Timestamp::of("2025-03-09T06:59:00Z"));
}

TEST(NewYorkTime, ThereAndBackIsTheSameInstantOutsideTheRepeatedHour)
{
    // Every 37 minutes over 40 years; only the second pass of the repeated hour may differ.
    for (auto at = Timestamp::of("1990-01-01T00:00:00Z"); at < Timestamp::of("2030-01-01T00:00:00Z");
         at = at + Duration(37min)) {
        const auto wall = toNewYork(at);
        const Timestamp back = fromNewYork(wall.date, wall.sinceMidnight);
        ASSERT_TRUE(back == at || back == at - Duration(1h)) << at.toString();
        ASSERT_LT(wall.sinceMidnight, Duration(24h));
    }
}

TEST(Dates, ArithmeticAndText)
{
    EXPECT_EQ(toString(addDays({2024, 2, 28}, 2)), "2024-03-01");
    EXPECT_EQ(toString(addDays({1970, 1, 1}, -1)), "1969-12-31");
    EXPECT_EQ(weekday({2026, 11, 25}), 3);
    EXPECT_EQ(weekday({1969, 12, 28}), 0);
    EXPECT_EQ(parseDate("2024-02-29").value(), (Date{2024, 2, 29}));
    for (const char* bad : {"", "2023-02-29", "2024-13-01", "2024-00-10", "24-01-01", "2024/01/01",
                            "2024-1-01x", "20240101--", "0000-01-01"})
        EXPECT_FALSE(parseDate(bad).has_value()) << bad;
    EXPECT_EQ(utcDate(Timestamp::fromNanos(-1)), (Date{1969, 12, 31}));
    EXPECT_EQ(utcMidnight({2001, 9, 9}), Timestamp::of("2001-09-09T00:00:00Z"));
}

TEST(Calendar, OneOffClosuresHaveTheirReasons)
{
    const char* dates[] = {"1994-04-27", "2001-09-11", "2001-09-14", "2004-06-11", "2007-01-02",
                           "2012-10-29", "2012-10-30", "2018-12-05", "2025-01-09"};
    for (const char* date : dates) {
        EXPECT_FALSE(nyse().tradingDay(parseDate(date).value()).has_value()) << date;
        EXPECT_FALSE(nyse().closureReason(parseDate(date).value()).empty()) << date;
    }
    EXPECT_EQ(nyse().closureReason({2025, 1, 9}), "Funeral of President Carter");
    EXPECT_EQ(nyse().closureReason({2026, 11, 26}), "Thanksgiving Day");
    EXPECT_EQ(nyse().closureReason({2026, 11, 28}), "Weekend");
    EXPECT_EQ(nyse().closureReason({2026, 11, 25}), "");
}

TEST(Calendar, HolidaysBeginAndMoveByRule)
{
    EXPECT_TRUE(nyse().tradingDay({1997, 1, 20}).has_value());  // no Martin Luther King Day yet
    EXPECT_FALSE(nyse().tradingDay({1998, 1, 19}).has_value());
    EXPECT_TRUE(nyse().tradingDay({2021, 6, 18}).has_value());  // no Juneteenth yet
    EXPECT_FALSE(nyse().tradingDay({2022, 6, 20}).has_value()); // Sunday: kept on Monday
    EXPECT_FALSE(nyse().tradingDay({2027, 6, 18}).has_value()); // Saturday: kept on Friday
    EXPECT_TRUE(nyse().tradingDay({2021, 12, 31}).has_value()); // New Year on Saturday: not made up
    EXPECT_FALSE(nyse().tradingDay({2023, 1, 2}).has_value());
    EXPECT_FALSE(nyse().tradingDay({2026, 7, 3}).has_value());  // July 4 on Saturday
}

TEST(Calendar, EarlyClosesShortenBothSessions)
{
    const auto eve = nyse().tradingDay({2025, 12, 24});
    ASSERT_TRUE(eve.has_value());
    EXPECT_TRUE(eve->earlyClose);
    EXPECT_EQ(eve->open, Timestamp::of("2025-12-24T14:30:00Z"));
    EXPECT_EQ(eve->close, Timestamp::of("2025-12-24T18:00:00Z"));
    EXPECT_EQ(eve->postClose, Timestamp::of("2025-12-24T22:00:00Z"));
    EXPECT_EQ(nyse().phase(Timestamp::of("2025-12-24T18:00:00Z")), SessionPhase::PostMarket);
    EXPECT_EQ(nyse().phase(Timestamp::of("2025-12-24T22:00:00Z")), SessionPhase::Closed);
    EXPECT_TRUE(nyse().tradingDay({2013, 7, 3})->earlyClose);  // Wednesday, from 2013
    EXPECT_FALSE(nyse().tradingDay({2002, 7, 3})->earlyClose); // Wednesday, before
    EXPECT_TRUE(nyse().tradingDay({2002, 7, 5})->earlyClose);
    EXPECT_FALSE(nyse().tradingDay({2022, 7, 1})->earlyClose); // July 4 on Monday
}

TEST(Calendar, PhasesMeetWithoutGaps)
{
    EXPECT_EQ(nyse().phase(Timestamp::of("2026-11-25T08:59:59Z")), SessionPhase::Closed);
    EXPECT_EQ(nyse().phase(Timestamp::of("2026-11-25T09:00:00Z")), SessionPhase::PreMarket);
    EXPECT_EQ(nyse().phase(Timestamp::of("2026-11-25T14:30:00Z")), SessionPhase::Regular);
    EXPECT_EQ(nyse().phase(Timestamp::of("2026-11-25T21:00:00Z")), SessionPhase::PostMarket);
    EXPECT_EQ(nyse().phase(Timestamp::of("2026-11-26T01:00:00Z")), SessionPhase::Closed);
    EXPECT_EQ(nyse().current(Timestamp::of("2026-11-26T00:59:59Z"))->date, (Date{2026, 11, 25}));
}

TEST(Calendar, NextFindsTheFirstOpenAtOrAfter)
{
    const auto open = Timestamp::of("2026-11-25T14:30:00Z");
    EXPECT_EQ(nyse().next(open).open, open);
    EXPECT_EQ(nyse().next(open + 1ns).date, (Date{2026, 11, 27})); // over Thanksgiving
    EXPECT_EQ(nyse().next(Timestamp::of("2001-09-10T20:00:00Z")).date, (Date{2001, 9, 17}));
}

TEST(Calendar, CryptoNeverShuts)
{
    const Calendar& crypto = Calendar::crypto();
    const auto christmas = Timestamp::of("2026-12-25T03:00:00Z");
    EXPECT_EQ(crypto.phase(christmas), SessionPhase::Regular);
    EXPECT_EQ(crypto.current(christmas)->open, Timestamp::of("2026-12-25T00:00:00Z"));
    EXPECT_EQ(crypto.current(christmas)->close, Timestamp::of("2026-12-26T00:00:00Z"));
    EXPECT_EQ(crypto.next(christmas).date, (Date{2026, 12, 26}));
    EXPECT_EQ(crypto.closureReason({2026, 12, 25}), "");
}

// ── against calendars that others keep ───────────────────────────────────────────────────────────

std::vector<std::string> fields(const std::string& line)
{
    std::vector<std::string> result;
    std::stringstream stream(line);
    for (std::string field; std::getline(stream, field, ',');) result.push_back(field);
    return result;
}

TEST(CalendarAgainstRecords, EverySessionFrom1990To2012)
{
    std::ifstream file(QD_SHARED_DATA "/calendars/xnys_sessions_to_2012.csv");
    if (!file) GTEST_SKIP() << "shared data not present";
    std::map<std::string, std::vector<std::string>> sessions;
    std::string line;
    std::getline(file, line);
    while (std::getline(file, line)) {
        auto row = fields(line);
        sessions[row[0].substr(0, 10)] = row;
    }
    ASSERT_GT(sessions.size(), 5'700U);
    for (Date date{1990, 1, 1}; date < Date{2013, 1, 1}; date = addDays(date, 1)) {
        const auto found = sessions.find(toString(date));
        const auto day = nyse().tradingDay(date);
        ASSERT_EQ(day.has_value(), found != sessions.end())
            << toString(date) << " " << nyse().closureReason(date);
        if (!day) continue;
        ASSERT_EQ(day->open, Timestamp::of(found->second[1])) << toString(date);
        ASSERT_EQ(day->close, Timestamp::of(found->second[2])) << toString(date);
    }
}

TEST(CalendarAgainstRecords, EveryClockChangeOfNewYork)
{
    std::ifstream file(QD_SHARED_DATA "/calendars/dst_transitions_tzdata.csv");
    if (!file) GTEST_SKIP() << "shared data not present";
    int checked = 0;
    for (std::string line; std::getline(file, line);) {
        const auto row = fields(line);
        if (row[0] != "America/New_York") continue;
        const auto offsetAt = [](Timestamp instant) {
            const auto wall = toNewYork(instant);
            return (utcMidnight(wall.date) + wall.sinceMidnight) - instant;
        };
        const Timestamp at = Timestamp::of(row[1]);
        EXPECT_EQ(offsetAt(at - 1ns), Duration(std::chrono::seconds(std::stol(row[2])))) << line;
        EXPECT_EQ(offsetAt(at), Duration(std::chrono::seconds(std::stol(row[3])))) << line;
        ++checked;
    }
    EXPECT_GE(checked, 90);
}

/// The dates of one list of the US equity entry: "7/3/2013".
std::set<Date> datesAfter(const std::string& text, const std::string& key, std::size_t from,
                          char close)
{
    std::set<Date> dates;
    std::size_t at = text.find('"' + key + '"', from) + key.size() + 2;
    const std::size_t end = text.find(close, at);
    while ((at = text.find('"', at)) < end) {
        const std::size_t stop = text.find('"', at + 1);
        int month = 0, day = 0, year = 0;
        if (std::sscanf(text.c_str() + at + 1, "%d/%d/%d", &month, &day, &year) == 3)
            dates.insert({year, month, day});
        at = stop + 1;
    }
    return dates;
}

TEST(CalendarAgainstRecords, HolidaysAndEarlyClosesFrom1998To2028)
{
    std::ifstream file(QD_SHARED_DATA "/calendars/market-hours-database.json");
    if (!file) GTEST_SKIP() << "shared data not present";
    std::stringstream buffer;
    buffer << file.rdbuf();
    const std::string text = buffer.str();
    const std::size_t entry = text.find("\"Equity-usa-[*]\"");
    ASSERT_NE(entry, std::string::npos);
    const auto holidays = datesAfter(text, "holidays", entry, ']');
    const auto earlyCloses = datesAfter(text, "earlyCloses", entry, '}');
    ASSERT_GT(holidays.size(), 280U);
    ASSERT_GT(earlyCloses.size(), 50U);

    // Its early closes before 2001 are not complete.
    for (Date date{1998, 1, 1}; date < Date{2028, 12, 31}; date = addDays(date, 1)) {
        if (weekday(date) == 0 || weekday(date) == 6) continue;
        const auto day = nyse().tradingDay(date);
        ASSERT_EQ(!day, holidays.count(date) == 1) << toString(date) << nyse().closureReason(date);
        if (day && date >= Date{2001, 1, 1}) {
            ASSERT_EQ(day->earlyClose, earlyCloses.count(date) == 1) << toString(date);
        }
    }
}

} // namespace
} // namespace qd
