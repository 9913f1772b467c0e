#include "services/market/market_clock.h"

namespace qd::market {

const Calendar& calendarOf(AssetClass assetClass)
{
    return assetClass == AssetClass::Crypto ? Calendar::crypto() : Calendar::nyse();
}

const Calendar& calendarOf(const Instrument& instrument)
{
    if (instrument.assetClass != AssetClass::Crypto && instrument.exchange == "NASDAQ")
        return Calendar::nasdaq();
    return calendarOf(instrument.assetClass);
}

MarketStatus marketStatus(const Calendar& calendar, Timestamp now)
{
    MarketStatus status;
    status.calendar = calendar.name();
    status.now = now;
    status.phase = calendar.phase(now);
    const auto today = calendar.current(now);
    const TradingDay day = today && now < today->close ? *today : calendar.next(now);
    status.opensAt = day.open;
    status.closesAt = day.close;
    status.earlyClose = day.earlyClose;
    if (!today) status.closureReason = calendar.closureReason(toNewYork(now).date);
    return status;
}

} // namespace qd::market
