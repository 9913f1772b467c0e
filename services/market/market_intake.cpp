#include <algorithm>
#include <utility>

#include "services/market/market_state.h"

namespace qd::market {

namespace {

void count(FeedCounts& counts, Doubt doubt)
{
    switch (doubt) {
    case Doubt::None: break;
    case Doubt::Crossed: ++counts.crossed; break;
    case Doubt::Negative: ++counts.negative; break;
    case Doubt::Absurd: ++counts.absurd; break;
    case Doubt::OutOfOrder: ++counts.outOfOrder; break;
    }
}

/// An operator's clock and the venue's never agree to the millisecond; less than this is no delay.
constexpr Duration kClockDifference = std::chrono::seconds(1);
/// Prints from before a halt may be reported this much after it.
constexpr Duration kHaltStragglers = std::chrono::seconds(10);

} // namespace

void MarketData::State::receive(std::size_t feedIndex, std::vector<brokers::MarketEvent> events)
{
    batchNow = now();
    batchSteady = steady();
    // A line that is not paid for, or a market that shuts, is told while the feed runs.
    feeds[feedIndex].view.feedClass = feeds[feedIndex].source->feedClass();
    // Silence ends with the first word; the next judging would be up to a second late.
    if (feeds[feedIndex].view.connected) feeds[feedIndex].up = true;
    for (brokers::MarketEvent& event : events)
        std::visit([&](auto& happened) { on(feedIndex, happened); }, event);
}

Entry* MarketData::State::entryFor(Feed& feed, const Symbol& symbol)
{
    const auto found = entries.find(symbol);
    if (found != entries.end()) return found->second.get();
    ++feed.view.counts.unwanted;
    return nullptr;
}

void MarketData::State::on(std::size_t feedIndex, Quote& quote)
{
    Feed& feed = feeds[feedIndex];
    ++feed.view.counts.quotes;
    feed.cadence.arrived(batchSteady);
    Entry* entry = entryFor(feed, quote.symbol);
    if (!entry || !follows(*entry, feedIndex, quote)) return;
    const Doubt doubt = check(quote, batchNow, entry->believed);
    if (doubt != Doubt::None) return count(feed.view.counts, doubt);

    SymbolState& state = entry->state;
    state.bid = quote.bid;
    state.ask = quote.ask;
    state.bidSize = quote.bidSize;
    state.askSize = quote.askSize;
    if (entry->pendingQuotes++ > 0) ++conflated;
    arrived(*entry, feed, quote.eventTime, quote.receiveTime);
}

void MarketData::State::on(std::size_t feedIndex, Trade& trade)
{
    Feed& feed = feeds[feedIndex];
    ++feed.view.counts.trades;
    feed.cadence.arrived(batchSteady);
    Entry* entry = entryFor(feed, trade.symbol);
    if (!entry || !mayFollow(*entry, feedIndex)) return;
    const Doubt doubt = check(trade, batchNow, entry->believed);
    if (doubt != Doubt::None) return count(feed.view.counts, doubt);

    const TradeEffect effect = effectOf(trade.condition);
    SymbolState& state = entry->state;
    if (effect.last && trade.eventTime >= state.lastTime) {
        state.last = trade.price;
        state.lastSize = trade.size;
        state.lastTime = trade.eventTime;
        // Its end may have been announced while we were cut off; a later print proves it.
        if (state.halted && trade.eventTime > entry->haltedAt + kHaltStragglers) {
            state.halted = false;
            state.haltReason.clear();
        }
    }
    entry->bars.add(trade, effect, *entry->calendar,
                    [&](BarInterval interval, const Bar& bar, bool closed) {
                        barChanged(*entry, interval, bar, closed);
                    });
    const bool told = std::any_of(entry->wishes.begin(), entry->wishes.end(),
                                  [](const Wish& wish) { return wish.trades; });
    const Timestamp eventTime = trade.eventTime, receiveTime = trade.receiveTime;
    if (told) tradesOut.emplace_back(entry, std::move(trade));
    arrived(*entry, feed, eventTime, receiveTime);
}

void MarketData::State::on(std::size_t feedIndex, brokers::MarketStatus& status)
{
    Feed& feed = feeds[feedIndex];
    feed.cadence.arrived(batchSteady);
    Entry* entry = entryFor(feed, status.symbol);
    if (!entry || entry->feed != feedIndex) return;
    entry->state.halted = status.halted;
    entry->haltedAt = status.eventTime;
    entry->state.haltReason = status.halted ? std::move(status.reason) : std::string();
    judgeSymbol(*entry);
    markDirty(*entry);
}

void MarketData::State::on(std::size_t feedIndex, brokers::ConnectionChange& change)
{
    Feed& feed = feeds[feedIndex];
    const bool wasConnected = feed.view.connected;
    feed.view.connected = change.connected;
    feed.view.reason = std::move(change.reason);
    feed.view.nextAttempt = change.connected ? Timestamp{} : change.nextAttempt;
    if (wasConnected != change.connected) {
        if (change.connected) feed.cadence.arrived(batchSteady);
        for (auto& [symbol, entry] : entries) {
            if (entry->feed != feedIndex) continue;
            // What was traded meanwhile was not seen: ask for the day anew.
            if (change.connected) {
                entry->bars.listenSince(batchNow);
                entry->statisticsAt = batchSteady;
                entry->askedTimes = 0;
            } else {
                entry->bars.missed();
            }
        }
    }
    judgeFeeds();
}

void MarketData::State::on(std::size_t feedIndex, brokers::Malformed&)
{
    ++feeds[feedIndex].view.counts.malformed;
}

/// Values that are asked for fill in what the stream has not told yet, and never go before it.
void MarketData::State::applySnapshot(const brokers::MarketSnapshot& snapshot)
{
    const auto found = entries.find(snapshot.symbol);
    if (found == entries.end()) return;
    Entry& entry = *found->second;
    entry.askedTimes = 0;
    std::vector<Bar> days;
    for (const auto* day : {&snapshot.previousDay, &snapshot.day})
        if (*day) days.push_back(**day);
    entry.statisticsAt = Duration::max();
    if (entry.feed != 0) return applyStatistics(entry, days); // another feed's values are shown
    Feed& feed = feeds.front();
    SymbolState& state = entry.state;
    const Timestamp before = state.eventTime;
    // The trade first: it knows when the last price was made, a day's bar only when the day ended.
    if (snapshot.trade && snapshot.trade->eventTime > state.lastTime)
        seedTrade(entry, feed, snapshot);
    if (snapshot.quote && (!state.hasQuote() || snapshot.quote->eventTime > entry.believed.quoteTime))
        seedQuote(entry, feed, *snapshot.quote);
    applyStatistics(entry, days);
    if (state.eventTime <= before && state.receiveTime.isSet()) return;
    if (!state.hasQuote() && !state.hasTrade()) return;
    state.receiveTime = batchNow;
    const bool ownTime = feed.view.feedClass == FeedClass::Simulated;
    state.ageAtReceipt = ownTime || !state.eventTime.isSet()
                             ? Duration{}
                             : std::max(batchNow - state.eventTime, Duration{});
    entry.delay = {};
    entry.cadence.asked(batchSteady);
    judgeSymbol(entry);
    markDirty(entry);
}

/// A print that is no last price (an odd lot) leaves that to the day's bar.
void MarketData::State::seedTrade(Entry& entry, Feed& feed, const brokers::MarketSnapshot& snapshot)
{
    const Trade& trade = *snapshot.trade;
    const Doubt doubt = check(trade, batchNow, entry.believed);
    if (doubt != Doubt::None) return count(feed.view.counts, doubt);
    const bool counts = effectOf(trade.condition).last;
    if (!counts && (entry.state.hasTrade() || !snapshot.day)) return;
    entry.state.last = counts ? trade.price : snapshot.day->close;
    entry.state.lastSize = counts ? trade.size : Quantity();
    entry.state.lastTime = trade.eventTime;
    entry.state.eventTime = std::max(entry.state.eventTime, trade.eventTime);
}

void MarketData::State::seedQuote(Entry& entry, Feed& feed, const Quote& quote)
{
    const Doubt doubt = check(quote, batchNow, entry.believed);
    if (doubt != Doubt::None) return count(feed.view.counts, doubt);
    entry.state.bid = quote.bid;
    entry.state.ask = quote.ask;
    entry.state.bidSize = quote.bidSize;
    entry.state.askSize = quote.askSize;
    entry.state.eventTime = std::max(entry.state.eventTime, quote.eventTime);
}

bool MarketData::State::mayFollow(Entry& entry, std::size_t feedIndex)
{
    if (feedIndex == entry.feed) return true;
    const Feed& shown = feeds[entry.feed];
    const Duration silence = entry.cadence.any() ? batchSteady - entry.cadence.last()
                                                 : Duration::max();
    const bool shownIsGone =
        !shown.view.connected ||
        silence > staleAfter(entry.cadence.mean(), phaseOf(entry, shown));
    if (feedIndex > entry.feed && !shownIsGone) return false;
    entry.feed = feedIndex;
    entry.believed.quoteTime = {}; // each source keeps its own time
    entry.bars.listenSince(batchNow);
    entry.state.source = feeds[feedIndex].name;
    entry.state.feedClass = feeds[feedIndex].source->classOf(entry.state.symbol);
    return true;
}

bool MarketData::State::follows(Entry& entry, std::size_t feedIndex, const Quote& quote)
{
    if (entry.slots.empty()) return true;
    FeedSlot& slot = entry.slots[feedIndex];
    if (quote.bid.isPositive() && quote.ask >= quote.bid && quote.ask <= kPriceMax) {
        slot.eventTime = quote.eventTime;
        slot.middle = Price::fromUnits(quote.bid.units() / 2 + quote.ask.units() / 2);
        slot.arrived = batchSteady;
    }
    return mayFollow(entry, feedIndex);
}

void MarketData::State::arrived(Entry& entry, Feed& feed, Timestamp eventTime,
                                Timestamp receiveTime)
{
    SymbolState& state = entry.state;
    state.receiveTime = receiveTime.isSet() ? receiveTime : batchNow;
    state.eventTime = std::max(state.eventTime, eventTime);
    // A recording keeps its own year: how old it is says nothing of the way it came.
    const bool ownTime = feed.view.feedClass == FeedClass::Simulated;
    const Duration onTheWay =
        eventTime.isSet() && !ownTime ? state.receiveTime - eventTime : Duration{};
    entry.delay = onTheWay > kClockDifference ? onTheWay : Duration{};
    state.ageAtReceipt = entry.delay;
    entry.cadence.arrived(batchSteady);
    const FeedClass told = feed.source->classOf(state.symbol);
    const bool isOtherClass = std::exchange(state.feedClass, told) != told;
    // Most values are simply live; anything else deserves the whole rule.
    if (isOtherClass || state.freshness != Freshness::Live || entry.delay > Duration{} || !feed.up)
        judgeSymbol(entry);
    markDirty(entry);
}

void MarketData::State::barChanged(Entry& entry, BarInterval interval, const Bar& bar, bool closed)
{
    if (interval == BarInterval::Day1) {
        entry.state.dayOpen = bar.open;
        entry.state.dayHigh = bar.high;
        entry.state.dayLow = bar.low;
        entry.state.dayVolume = bar.volume;
        entry.sessionClose = bar.close;
    }
    const Timestamp since = entry.bars.wholeSince();
    if (closed && since.isSet() && bar.start >= since)
        history.extend(entry.state.symbol, interval, since, bar,
                       barSpan(interval, *entry.calendar, bar.start).end);

    const unsigned bit = 1U << indexOf(interval);
    const bool told = std::any_of(entry.wishes.begin(), entry.wishes.end(),
                                  [&](const Wish& wish) { return (wish.bars & bit) != 0; });
    if (!told) return;
    int& pending = entry.pendingBar[indexOf(interval)];
    if (pending > 0) {
        BarUpdate& known = barsOut[static_cast<std::size_t>(pending - 1)].second;
        if (known.bar.start == bar.start) {
            known.bar = bar;
            known.closed = closed;
            return;
        }
    }
    barsOut.push_back({&entry, BarUpdate{entry.state.symbol, interval, bar, closed}});
    // A late print amends an older bar; the one under way stays the one to conflate into.
    if (pending == 0 || !closed) pending = static_cast<int>(barsOut.size());
    schedulePublication();
}

} // namespace qd::market
