#include "models/base/timestamp.h"

#include <random>

#include <gtest/gtest.h>

#include "models/base/civil.h"

namespace qd {
namespace {

TEST(Civil, CountsEveryDayOnceForEightHundredYears)
{
    Civil date{1600, 1, 1};
    const std::int64_t first = daysFromCivil(date);
    for (std::int64_t days = first; date.year < 2400; ++days) {
        ASSERT_EQ(daysFromCivil(date), days);
        const Civil back = civilFromDays(days);
        ASSERT_TRUE(back.year == date.year && back.month == date.month && back.day == date.day);
        if (++date.day <= daysInMonth(date.year, date.month)) continue;
        date.day = 1;
        if (++date.month > 12) {
            date.month = 1;
            ++date.year;
        }
    }
    EXPECT_EQ(daysFromCivil({1970, 1, 1}), 0);
    EXPECT_EQ(daysFromCivil({2000, 3, 1}), 11'017);
}

TEST(Timestamp, ReadsRfc3339AsVenuesWriteIt)
{
    struct Row {
        const char* text;
        std::int64_t nanos;
    };
    const Row rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2021-03-16T18:38:01.942282Z", 1'615'919'881'942'282'000},
        {"2021-03-16T14:38:01.942282-04:00", 1'615'919'881'942'282'000},
        {"2021-03-16t18:38:01.942282z", 1'615'919'881'942'282'000},
        {"2021-03-16 18:38:01+00:00", 1'615'919'881'000'000'000},
        {"2021-02-22T15:51:44.208123456Z", 1'614'009'104'208'123'456},
        {"2021-02-22T15:51:44.2081234569Z", 1'614'009'104'208'123'456}, // beyond ns: cut
        {"1969-12-31T23:59:59.5Z", -500'000'000},
        {"2016-12-31T23:59:60Z", 1'483'228'800'000'000'000}, // leap second
    };
    for (const Row& row : rows) {
        const auto parsed = Timestamp::parse(row.text);
        ASSERT_TRUE(parsed.has_value()) << row.text;
        EXPECT_EQ(parsed->nanos(), row.nanos) << row.text;
    }
}

TEST(Timestamp, RefusesWhatIsNoInstant)
{
    for (const char* text :
         {"", "2021", "2021-03-16", "2021-03-16T18:38:01", "2021-13-01T00:00:00Z",
          "2021-02-29T00:00:00Z", "2021-03-16T24:00:00Z", "2021-03-16T18:60:00Z",
          "2021-03-16T18:38:61Z", "2021-03-16T18:38:01.Z", "2021-03-16T18:38:01Zx",
          "2021-03-16T18:38:01+0400", "2021-03-16T18:38:01+04:0", "2021/03/16T18:38:01Z",
          "1500-01-01T00:00:00Z", "2300-01-01T00:00:00Z", " 2021-03-16T18:38:01Z",
          "2021-03-16T18:38:01+", "2021-03-16T18:38:01+04:", "2021-03-16T-1:38:01Z"})
        {
        const auto parsed = Timestamp::parse(text);
        ASSERT_FALSE(parsed.has_value()) << text;
        EXPECT_EQ(parsed.error().code, "timestamp.syntax") << text;
    }
}

TEST(Timestamp, SumsAndDifferencesStopAtTheEndsOfTime)
{
    const auto first = Timestamp::fromNanos(-INT64_MAX), last = Timestamp::fromNanos(INT64_MAX);
    EXPECT_EQ(last - first, Duration::max());
    EXPECT_EQ(first - last, -Duration::max());
    EXPECT_EQ(Timestamp::fromNanos(INT64_MIN) - Timestamp(), -Duration::max()); // can be negated
    EXPECT_EQ(Timestamp::of("2261-01-01T00:00:00Z") - Timestamp::of("1678-01-01T00:00:00Z"),
              Duration::max());
    EXPECT_EQ(last - last, Duration::zero());
    EXPECT_EQ(last + std::chrono::hours(1), last);
    EXPECT_EQ(first - std::chrono::hours(1), first);
    EXPECT_EQ(first + Duration::min(), first);
    EXPECT_EQ(last - Duration::min(), last);
    EXPECT_EQ(last - Duration(INT64_MAX), Timestamp());
    EXPECT_EQ(Timestamp() + Duration(5) - Timestamp(), Duration(5));
}

TEST(Timestamp, AVenuesNumberBeyondTheYearsIsTheEndOfTime)
{
    EXPECT_EQ(Timestamp::fromMillis(INT64_MAX), Timestamp::fromNanos(INT64_MAX));
    EXPECT_EQ(Timestamp::fromSeconds(-10'000'000'000), Timestamp::fromNanos(-INT64_MAX));
    EXPECT_GT(Timestamp::fromMillis(INT64_MAX), Timestamp::of("2261-12-31T23:59:59Z"));
    EXPECT_EQ(Timestamp::fromMillis(-1'500).nanos(), -1'500'000'000);
}

TEST(Timestamp, ReadsBackFromItsText)
{
    std::mt19937_64 engine(9);
    for (int i = 0; i < 100'000; ++i) {
        // 1700 … 2240
        const auto distance = static_cast<std::int64_t>(engine() % 8'500'000'000'000'000'000ULL);
        const std::int64_t nanos = i % 2 == 0 ? distance : -distance;
        const Timestamp instant = Timestamp::fromNanos(nanos);
        ASSERT_EQ(Timestamp::parse(instant.toString(9)).value(), instant) << instant.toString(9);
        const Timestamp micros = Timestamp::parse(instant.toString()).value();
        ASSERT_GE(instant - micros, Duration(0));
        ASSERT_LT(instant - micros, Duration(std::chrono::microseconds(1)));
    }
    EXPECT_EQ(Timestamp::fromSeconds(1).toString(0), "1970-01-01T00:00:01Z");
    EXPECT_EQ(Timestamp::fromNanos(-1).toString(3), "1969-12-31T23:59:59.999Z");
}

} // namespace
} // namespace qd
