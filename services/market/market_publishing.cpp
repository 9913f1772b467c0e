#include "services/market/market_state.h"

namespace qd::market {

void MarketData::State::markDirty(Entry& entry)
{
    ++entry.state.version;
    if (entry.dirty) return;
    entry.dirty = true;
    dirty.push_back(&entry);
    schedulePublication();
}

void MarketData::State::schedulePublication()
{
    if (!started || publishTimer.isActive()) return;
    publishTimer = executor.after(settings.publishEvery, [state = weak_from_this()] {
        if (const auto alive = state.lock()) alive->publish();
    });
}

/// Sort what changed to those who want it.
void MarketData::State::gather()
{
    for (Entry* entry : dirty)
        for (const Wish& wish : entry->wishes)
            if (wish.quotes) wish.viewer->symbols.push_back(&entry->state);
    for (const auto& viewer : viewers)
        for (Entry* entry : viewer->unseen)
            if (!entry->dirty) viewer->symbols.push_back(&entry->state);
    for (const auto& [entry, trade] : tradesOut)
        for (const Wish& wish : entry->wishes)
            if (wish.trades) wish.viewer->trades.push_back(&trade);
    for (const auto& [entry, update] : barsOut)
        for (const Wish& wish : entry->wishes)
            if ((wish.bars & (1U << indexOf(update.interval))) != 0)
                wish.viewer->bars.push_back(&update);
}

void MarketData::State::publish()
{
    publishTimer.cancel();
    gather();
    const std::uint64_t folded = conflated;
    conflated = 0;
    for (Entry* entry : dirty) {
        entry->dirty = false;
        entry->pendingQuotes = 0;
    }
    for (const auto& [entry, update] : barsOut) entry->pendingBar = {};
    dirty.clear();
    for (const auto& viewer : viewers) viewer->unseen.clear();

    // Observers may subscribe, change their wishes or end; what they cause comes next time.
    const auto told = viewers;
    for (const auto& viewer : told) {
        const MarketUpdate update{viewer->symbols, viewer->trades, viewer->bars, folded};
        const bool something =
            !update.symbols.empty() || !update.trades.empty() || !update.bars.empty();
        if (viewer->active && viewer->observer && something) viewer->observer(update);
        viewer->symbols.clear();
        viewer->trades.clear();
        viewer->bars.clear();
    }
    tradesOut.clear();
    barsOut.clear();
}

} // namespace qd::market
