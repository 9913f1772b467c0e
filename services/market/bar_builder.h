#pragma once

#include <array>
#include <functional>

#include "models/market/calendar.h"
#include "models/market/quote.h"
#include "services/market/trade_conditions.h"

namespace qd::market {

inline constexpr std::array kBarIntervals = {BarInterval::Minute1, BarInterval::Minute5,
                                             BarInterval::Minute15, BarInterval::Hour1,
                                             BarInterval::Hour4, BarInterval::Day1};
constexpr std::size_t indexOf(BarInterval interval)
{
    return static_cast<std::size_t>(interval);
}

/// The latest whole multiple of `length` since the epoch that is not after `instant`.
Timestamp floorTo(Timestamp instant, Duration length);

/// The bar that `instant` falls in: [start, end). Up to an hour: whole multiples since the epoch.
/// Four hours and days count from midnight where the market is.
struct BarSpan {
    Timestamp start, end;
};
BarSpan barSpan(BarInterval interval, const Calendar& calendar, Timestamp instant);

/// Makes the bars of one symbol from its trades, all intervals at once. Day bars hold the regular
/// session only. Prints up to one bar late amend the closed bar. No allocation, no clock.
class BarBuilder {
public:
    /// A bar changed or ended. Called from within `add` and `closeUntil`.
    using Sink = std::function<void(BarInterval, const Bar&, bool closed)>;

    /// From `now` on every trade is seen: bars that start later are whole.
    void listenSince(Timestamp now);
    /// Trades were missed: the bars that are open now are not whole.
    void missed();

    void add(const Trade& trade, TradeEffect effect, const Calendar& calendar, const Sink& sink);
    /// End the bars that are over at `now`, so that viewers need not wait for the next trade.
    void closeUntil(Timestamp now, const Sink& sink);

    /// The bar under way, or null before the first trade and after its end.
    const Bar* current(BarInterval interval) const;
    bool isWhole(BarInterval interval) const;
    /// Every bar of this interval that starts here or later is whole; unset while nothing is heard.
    Timestamp wholeSince() const { return m_wholeSince; }
    /// What the provider says of the bar under way, for trades before we listened.
    void seed(BarInterval interval, const Bar& fetched, const Calendar& calendar);

private:
    struct Slot {
        Bar bar, previous;
        Timestamp end;           ///< of `bar`; unset: none is open
        Timestamp previousEnd;   ///< unset: none
        Timestamp opensAt, closesAt; ///< day bars: the regular session
        bool priced = false;         ///< open, high, low and close are set
    };

    void addTo(Slot& slot, BarInterval interval, const Trade& trade, TradeEffect effect,
               const Calendar& calendar, const Sink& sink);
    static void begin(Slot& slot, BarInterval interval, const Calendar& calendar, Timestamp at);
    static void close(Slot& slot, BarInterval interval, const Sink& sink);

    std::array<Slot, kBarIntervals.size()> m_slots;
    Timestamp m_wholeSince;
};

} // namespace qd::market
