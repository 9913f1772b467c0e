#include "services/exchange/sessions.h"

#include "services/exchange/spans.h"

namespace qd::exchange {

SessionPhase SessionSchedule::phase(Timestamp now) const
{
    return m_mode == SessionMode::AlwaysOpen ? SessionPhase::Regular : Calendar::nyse().phase(now);
}

VenueClock SessionSchedule::clock(Timestamp now) const
{
    VenueClock clock;
    clock.now = now;
    clock.phase = phase(now);
    clock.isOpen = clock.phase == SessionPhase::Regular;
    if (m_mode == SessionMode::AlwaysOpen) {
        clock.nextOpen = Timestamp::fromNanos((utcDay(now) + 1) * kDayNanos);
        clock.nextClose = clock.nextOpen;
        return clock;
    }
    const auto& calendar = Calendar::nyse();
    const auto next = calendar.next(now + Duration(1));
    clock.nextOpen = next.open;
    const auto today = calendar.current(now);
    clock.nextClose = today && now < today->close ? today->close : next.close;
    return clock;
}

Timestamp SessionSchedule::dayStart(Timestamp at, AssetClass assetClass) const
{
    if (m_mode == SessionMode::AlwaysOpen || assetClass == AssetClass::Crypto)
        return Timestamp::fromNanos(utcDay(at) * kDayNanos);
    return fromNewYork(toNewYork(at).date, Duration::zero());
}

std::int64_t SessionSchedule::sessionNumber(Timestamp now) const
{
    if (m_mode == SessionMode::AlwaysOpen)
        return utcDay(now);
    // Regular hours lie within one New York day; the phase tells the rest.
    return utcDay(dayStart(now, AssetClass::Equity)) * 4 + static_cast<std::int64_t>(phase(now));
}

bool SessionSchedule::auctionAccepts(TimeInForce timeInForce, Timestamp now) const
{
    using namespace std::chrono_literals;
    if (m_mode == SessionMode::AlwaysOpen)
        return true;
    const auto time = toNewYork(now).sinceMidnight;
    const bool evening = time >= 19h;
    if (timeInForce == TimeInForce::Opg)
        return evening || time < 9h + 28min;
    if (timeInForce == TimeInForce::Cls)
        return evening || time < 15h + 50min;
    return true;
}

} // namespace qd::exchange
