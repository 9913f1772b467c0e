#include "services/exchange/unrest.h"

#include <algorithm>
#include <cmath>

#include "services/exchange/spans.h"

namespace qd::exchange {

namespace {

constexpr std::int64_t kSecondNanos = 1'000'000'000;
/// At its highest, and the minutes in which it falls to a third.
constexpr double kAtOpen = 2.0, kOpenFades = 8;
constexpr double kAtClose = 1.0, kCloseRises = 5;
constexpr double kAtJump = 4.0, kJumpFades = 4;
constexpr double kOutsideHours = 1.5;
/// One of so many spans of twenty seconds is thin.
constexpr std::int64_t kThinSpanNanos = 20 * kSecondNanos;
constexpr double kThinShare = 1.0 / 12, kThinLeast = 0.5, kThinMost = 2.0;
constexpr std::uint64_t kThinStream = 5; ///< of chances; others are other streams

double ofHours(const SessionDay& session, double minute)
{
    const double sinceOpen = minute - session.regularFrom, toClose = session.regularTo - minute;
    if (sinceOpen < 0 || toClose <= 0)
        return kOutsideHours;
    return kAtOpen * std::exp(-sinceOpen / kOpenFades)
           + kAtClose * std::exp(-toClose / kCloseRises);
}

double ofJump(const PricePath::Minutes& minutes, double minute)
{
    if (minutes.jumpMinute < 0 || minute < minutes.jumpMinute)
        return 0;
    const double sinceResumed = minute - (minutes.jumpMinute + 1 + kPauseMinutes);
    return kAtJump * std::exp(-std::max(0.0, sinceResumed) / kJumpFades);
}

double ofThinMoment(std::uint64_t seed, std::size_t name, Timestamp at)
{
    const auto bits = hashOf(seed, kThinStream, name,
                             static_cast<std::uint64_t>(at.nanos() / kThinSpanNanos));
    const double part = uniformFrom(bits);
    return part < kThinShare ? kThinLeast + (kThinMost - kThinLeast) * part / kThinShare : 0;
}

} // namespace

double unrestAt(std::uint64_t seed, std::size_t name, bool isCoin, const PricePath::Minutes& minutes,
                Timestamp at)
{
    const auto second = (at - minutes.session.start).count() / kSecondNanos;
    const double minute = static_cast<double>(second) / 60;
    return (isCoin ? 0 : ofHours(minutes.session, minute)) + ofJump(minutes, minute)
           + ofThinMoment(seed, name, at);
}

} // namespace qd::exchange
