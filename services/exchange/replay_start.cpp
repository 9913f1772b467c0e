#include "services/exchange/replay_start.h"

#include <algorithm>

#include "models/market/calendar.h"

namespace qd::exchange {

Timestamp suggestedStart(const std::vector<Recording>& recordings)
{
    constexpr Duration kIntoSession = std::chrono::minutes(15);
    Timestamp begin, end;
    bool equities = true;
    for (const auto& recording : recordings) {
        if (recording.size() == 0) continue;
        begin = begin.isSet() ? std::min(begin, recording.begin()) : recording.begin();
        end = std::max(end, recording.end());
        equities &= recording.instrument.assetClass != AssetClass::Crypto &&
                    recording.barLength < std::chrono::hours(1);
    }
    if (!begin.isSet()) return begin;
    if (equities) {
        const auto day = Calendar::nyse().tradingDay(toNewYork(begin).date);
        if (day && day->open + kIntoSession > begin && day->open + kIntoSession < end)
            return day->open + kIntoSession;
    }
    return begin + (end - begin) / 4;
}

} // namespace qd::exchange
