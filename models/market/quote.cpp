#include "models/market/quote.h"

#include <array>

namespace qd {

namespace {

/// The value of `all` that prints as `text`.
template <typename Enum, std::size_t count>
Result<Enum> parseName(std::string_view text, const std::array<Enum, count>& all, const char* field)
{
    std::string accepted;
    for (const Enum value : all) {
        if (toString(value) == text) return value;
        accepted += accepted.empty() ? "" : ", ";
        accepted += toString(value);
    }
    return fail(ErrorKind::Invalid, "quote.unknown_value",
                "expected one of " + accepted + ", was \"" + std::string(text.substr(0, 40)) + "\"",
                field);
}

} // namespace

std::string_view toString(FeedClass feedClass)
{
    switch (feedClass) {
    case FeedClass::RealTime: return "real_time";
    case FeedClass::Delayed: return "delayed";
    case FeedClass::Frozen: return "frozen";
    case FeedClass::Simulated: return "simulated";
    }
    return "frozen";
}

Result<FeedClass> parseFeedClass(std::string_view text)
{
    using enum FeedClass;
    return parseName(text, std::array{RealTime, Delayed, Frozen, Simulated}, "feedClass");
}

std::string_view toString(BarInterval interval)
{
    switch (interval) {
    case BarInterval::Minute1: return "1m";
    case BarInterval::Minute5: return "5m";
    case BarInterval::Minute15: return "15m";
    case BarInterval::Hour1: return "1h";
    case BarInterval::Hour4: return "4h";
    case BarInterval::Day1: return "1d";
    }
    return "1m";
}

Result<BarInterval> parseBarInterval(std::string_view text)
{
    using enum BarInterval;
    return parseName(text, std::array{Minute1, Minute5, Minute15, Hour1, Hour4, Day1}, "interval");
}

Duration lengthOf(BarInterval interval)
{
    using namespace std::chrono_literals;
    switch (interval) {
    case BarInterval::Minute1: return 1min;
    case BarInterval::Minute5: return 5min;
    case BarInterval::Minute15: return 15min;
    case BarInterval::Hour1: return 1h;
    case BarInterval::Hour4: return 4h;
    case BarInterval::Day1: return 24h;
    }
    return 1min;
}

std::string_view toString(Freshness freshness)
{
    switch (freshness) {
    case Freshness::Live: return "live";
    case Freshness::Slow: return "slow";
    case Freshness::Stale: return "stale";
    case Freshness::Halted: return "halted";
    case Freshness::Closed: return "closed";
    case Freshness::Delayed: return "delayed";
    case Freshness::NoData: return "no_data";
    }
    return "no_data";
}

Result<Freshness> parseFreshness(std::string_view text)
{
    using enum Freshness;
    return parseName(text, std::array{Live, Slow, Stale, Halted, Closed, Delayed, NoData},
                     "freshness");
}

} // namespace qd
