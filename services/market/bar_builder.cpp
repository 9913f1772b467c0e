#include "services/market/bar_builder.h"

#include <algorithm>

#include "models/base/clamped.h"

namespace qd::market {

namespace {

/// Coins trade in numbers that no Quantity holds for a day; a volume stays at the largest there is.
Quantity volumeWith(Quantity volume, Quantity more)
{
    return clampedSum(volume, more);
}

void apply(Bar& bar, bool& priced, const Trade& trade, TradeEffect effect, bool late)
{
    if (effect.volume) {
        bar.volume = volumeWith(bar.volume, trade.size);
        ++bar.tradeCount;
    }
    if (!effect.last && !effect.range) return;
    if (!priced) {
        // The first print that may set a price sets them all, or there would be a bar without.
        bar.open = bar.high = bar.low = bar.close = trade.price;
        priced = true;
        return;
    }
    if (effect.range) {
        bar.high = std::max(bar.high, trade.price);
        bar.low = std::min(bar.low, trade.price);
    }
    if (effect.last && !late) bar.close = trade.price;
}

} // namespace

Timestamp floorTo(Timestamp instant, Duration length)
{
    const std::int64_t step = length.count(), nanos = instant.nanos();
    const std::int64_t rest = nanos % step;
    return Timestamp::fromNanos(nanos - (rest < 0 ? rest + step : rest));
}

BarSpan barSpan(BarInterval interval, const Calendar& calendar, Timestamp instant)
{
    const bool local = interval == BarInterval::Hour4 || interval == BarInterval::Day1;
    if (!local || &calendar == &Calendar::crypto()) {
        const Timestamp start = floorTo(instant, lengthOf(interval));
        return {start, start + lengthOf(interval)};
    }
    const NewYorkTime wall = toNewYork(instant);
    if (interval == BarInterval::Day1)
        return {fromNewYork(wall.date, Duration{}), fromNewYork(addDays(wall.date, 1), Duration{})};
    const Duration since = wall.sinceMidnight - wall.sinceMidnight % lengthOf(interval);
    return {fromNewYork(wall.date, since), fromNewYork(wall.date, since + lengthOf(interval))};
}

void BarBuilder::listenSince(Timestamp now)
{
    m_wholeSince = now;
}

void BarBuilder::missed()
{
    m_wholeSince = {};
}

void BarBuilder::add(const Trade& trade, TradeEffect effect, const Calendar& calendar,
                     const Sink& sink)
{
    if (!effect.volume && !effect.last && !effect.range) return;
    for (const BarInterval interval : kBarIntervals)
        addTo(m_slots[indexOf(interval)], interval, trade, effect, calendar, sink);
}

void BarBuilder::addTo(Slot& slot, BarInterval interval, const Trade& trade, TradeEffect effect,
                       const Calendar& calendar, const Sink& sink)
{
    if (slot.end.isSet() && trade.eventTime < slot.bar.start) {
        const bool previous = slot.previousEnd.isSet() && trade.eventTime >= slot.previous.start &&
                              trade.eventTime < slot.previousEnd;
        if (!previous || interval == BarInterval::Day1) return;
        bool priced = true;
        apply(slot.previous, priced, trade, effect, /*late=*/true);
        return sink(interval, slot.previous, true);
    }
    if (slot.end.isSet() && trade.eventTime >= slot.end) close(slot, interval, sink);
    if (!slot.end.isSet()) begin(slot, interval, calendar, trade.eventTime);
    if (interval == BarInterval::Day1 &&
        (trade.eventTime < slot.opensAt || trade.eventTime >= slot.closesAt))
        return;
    apply(slot.bar, slot.priced, trade, effect, /*late=*/false);
    if (slot.priced) sink(interval, slot.bar, false);
}

void BarBuilder::begin(Slot& slot, BarInterval interval, const Calendar& calendar, Timestamp at)
{
    const BarSpan span = barSpan(interval, calendar, at);
    slot.bar = {};
    slot.bar.start = span.start;
    slot.end = span.end;
    slot.priced = false;
    slot.opensAt = slot.closesAt = {};
    if (interval != BarInterval::Day1) return;
    const auto day = calendar.tradingDay(&calendar == &Calendar::crypto() ? utcDate(at)
                                                                          : toNewYork(at).date);
    if (!day) return;
    slot.opensAt = day->open;
    slot.closesAt = day->close;
}

void BarBuilder::close(Slot& slot, BarInterval interval, const Sink& sink)
{
    const Timestamp end = slot.end;
    slot.end = {};
    if (!slot.priced) return;
    slot.previous = slot.bar;
    slot.previousEnd = end;
    sink(interval, slot.previous, true);
}

void BarBuilder::closeUntil(Timestamp now, const Sink& sink)
{
    for (const BarInterval interval : kBarIntervals) {
        Slot& slot = m_slots[indexOf(interval)];
        if (slot.end.isSet() && slot.end <= now) close(slot, interval, sink);
    }
}

const Bar* BarBuilder::current(BarInterval interval) const
{
    const Slot& slot = m_slots[indexOf(interval)];
    return slot.end.isSet() && slot.priced ? &slot.bar : nullptr;
}

bool BarBuilder::isWhole(BarInterval interval) const
{
    const Bar* bar = current(interval);
    return bar && m_wholeSince.isSet() && bar->start >= m_wholeSince;
}

void BarBuilder::seed(BarInterval interval, const Bar& fetched, const Calendar& calendar)
{
    Slot& slot = m_slots[indexOf(interval)];
    if (!slot.end.isSet()) begin(slot, interval, calendar, fetched.start);
    if (slot.bar.start != fetched.start) return;
    if (!slot.priced) {
        const Quantity seen = slot.bar.volume;
        slot.bar = fetched;
        slot.bar.volume = std::max(seen, fetched.volume);
        slot.priced = true;
        return;
    }
    // The fetched bar holds the trades up to some moment, ours those since we listen; the larger
    // volume is the better guess, and the next fetch of the ended bar is exact.
    slot.bar.open = fetched.open;
    slot.bar.high = std::max(slot.bar.high, fetched.high);
    slot.bar.low = std::min(slot.bar.low, fetched.low);
    slot.bar.volume = std::max(slot.bar.volume, fetched.volume);
    slot.bar.tradeCount = std::max(slot.bar.tradeCount, fetched.tradeCount);
}

} // namespace qd::market
