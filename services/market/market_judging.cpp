#include <algorithm>

#include "services/market/market_state.h"

namespace qd::market {

namespace {

using namespace std::chrono_literals;

constexpr Duration kNever = Duration::max();
constexpr int kAskedTimesMax = 6;
/// A failed request for the day's statistics is made again after this.
constexpr Duration kStatisticsAgain = 60s;
/// Snapshots cost little: many symbols come with one request.
constexpr Duration kSnapshotAgainFirst = 2s;
/// Far enough back to find the session before a long weekend.
constexpr Duration kStatisticsBack = 24h * 10;

/// The trading day whose figures are shown at `now`: the last one that has begun.
struct Session {
    Date date;
    Timestamp next; ///< when the following one begins
};

Session sessionAt(const Calendar& calendar, Timestamp now)
{
    Date date = &calendar == &Calendar::crypto() ? utcDate(now) : toNewYork(now).date;
    const auto begun = [&](const Date& candidate) {
        const auto day = calendar.tradingDay(candidate);
        return day && day->preOpen <= now;
    };
    while (!begun(date)) date = addDays(date, -1);
    Date next = addDays(date, 1);
    while (!calendar.tradingDay(next)) next = addDays(next, 1);
    return {date, calendar.tradingDay(next)->preOpen};
}

} // namespace

void MarketData::State::tick()
{
    tickTimer = executor.after(settings.judgeEvery, [state = weak_from_this()] {
        if (const auto alive = state.lock()) alive->tick();
    });
    const Timestamp time = now();
    const Duration steadyNow = steady();
    judgeFeeds();
    for (auto& [symbol, entry] : entries) {
        Entry& watchedEntry = *entry;
        watchedEntry.bars.closeUntil(
            time - 1s, [&](BarInterval interval, const Bar& bar, bool closed) {
                barChanged(watchedEntry, interval, bar, closed);
            });
        if (time >= watchedEntry.nextSession) rollSession(watchedEntry, time);
        if (!hasSnapshots() && steadyNow >= watchedEntry.statisticsAt) askStatistics(watchedEntry);
    }
    askSnapshots();
    if (publishTimer.isActive()) publish(); // nothing waiting may point to what is forgotten
    forgetIdle(steadyNow);
}

void MarketData::State::judgeFeeds()
{
    const Duration steadyNow = steady();
    for (std::size_t i = 0; i < feeds.size(); ++i) {
        Feed& feed = feeds[i];
        SessionPhase phase = entries.empty() ? SessionPhase::Regular : SessionPhase::Closed;
        for (const auto& [symbol, entry] : entries)
            if (phase != SessionPhase::Regular) {
                const SessionPhase own = phaseOf(*entry, feed);
                if (own == SessionPhase::Regular || phase == SessionPhase::Closed) phase = own;
            }
        const Duration silence = feed.cadence.any() ? steadyNow - feed.cadence.last() : Duration{};
        // With nothing asked for, silence is what a healthy feed sounds like.
        const bool silent =
            !entries.empty() && silence > staleAfter(feed.cadence.mean(), phase);
        feed.up = feed.view.connected && !silent;
        if (entries.empty() && feed.view.connected)
            feed.view.freshness = Freshness::Live;
        else
            feed.view.freshness =
                judge({feed.cadence.any(), false, feed.view.feedClass, feed.up, phase, silence,
                       Duration{}, feed.cadence.mean()})
                    .freshness;
    }
    for (auto& [symbol, entry] : entries) {
        const FreshnessVerdict before{entry->state.freshness, entry->state.old,
                                      entry->state.refused};
        judgeSymbol(*entry);
        if (before != FreshnessVerdict{entry->state.freshness, entry->state.old,
                                       entry->state.refused})
            markDirty(*entry);
    }
}

SessionPhase MarketData::State::phaseOf(const Entry& entry, const Feed& feed) const
{
    // A simulated market keeps its own hours.
    if (feed.view.feedClass == FeedClass::Simulated) return SessionPhase::Regular;
    return phaseNow(*entry.calendar);
}

SessionPhase MarketData::State::phaseNow(const Calendar& calendar) const
{
    const std::int64_t second = now().seconds();
    for (KnownPhase& known : phases) {
        if (known.calendar != &calendar) continue;
        if (known.second != second) known = {&calendar, second, calendar.phase(now())};
        return known.phase;
    }
    phases.push_back({&calendar, second, calendar.phase(now())});
    return phases.back().phase;
}

FreshnessVerdict MarketData::State::verdictOn(const Entry& entry) const
{
    const Feed& feed = feeds[entry.feed];
    FreshnessSigns signs;
    signs.any = entry.cadence.any();
    signs.halted = entry.state.halted;
    signs.feedClass = entry.state.feedClass;
    signs.feedUp = feed.up;
    signs.phase = phaseOf(entry, feed);
    signs.age = signs.any ? steady() - entry.cadence.last() + entry.state.ageAtReceipt : Duration{};
    signs.delay = entry.delay;
    signs.cadence = entry.cadence.mean();
    return judge(signs);
}

void MarketData::State::judgeSymbol(Entry& entry)
{
    const FreshnessVerdict verdict = verdictOn(entry);
    entry.state.freshness = verdict.freshness;
    entry.state.old = verdict.old;
    entry.state.refused = verdict.refused;
}

void MarketData::State::rollSession(Entry& entry, Timestamp time)
{
    const Session session = sessionAt(*entry.calendar, time);
    const bool known = entry.nextSession.isSet() && entry.sessionClose.isPositive();
    entry.session = session.date;
    entry.nextSession = session.next;
    entry.state.previousClose = known ? entry.sessionClose : Price{};
    entry.state.dayOpen = entry.state.dayHigh = entry.state.dayLow = Price{};
    entry.state.dayVolume = {};
    entry.sessionClose = {};
    entry.statisticsAt = {}; // at the next tick
    entry.askedTimes = 0;
    if (known) markDirty(entry);
}

void MarketData::State::askStatistics(Entry& entry)
{
    entry.statisticsAt = kNever;
    BarsQuery query;
    query.symbol = entry.state.symbol;
    query.interval = BarInterval::Day1;
    query.from = now() - kStatisticsBack;
    query.background = true;
    history.bars(query, [state = weak_from_this(), symbol = query.symbol](
                            Result<BarsAnswer> answer) {
        const auto alive = state.lock();
        if (!alive) return;
        const auto found = alive->entries.find(symbol);
        if (found == alive->entries.end()) return;
        if (answer)
            alive->applyStatistics(*found->second, answer->bars);
        else
            found->second->statisticsAt = alive->steady() + kStatisticsAgain;
    });
}

bool MarketData::State::hasSnapshots() const
{
    return feeds.front().source->hasSnapshots();
}

/// Of every symbol whose values of the moment are not known: new ones, all of them after the stream
/// was cut, and when a session begins. What is not answered is asked for again, ever more rarely.
void MarketData::State::askSnapshots()
{
    if (!hasSnapshots()) return;
    const Duration steadyNow = steady();
    std::vector<Symbol> due;
    for (auto& [symbol, entry] : entries) {
        if (steadyNow < entry->statisticsAt) continue;
        due.push_back(symbol);
        entry->askedTimes = std::min(entry->askedTimes + 1, kAskedTimesMax);
        entry->statisticsAt =
            steadyNow + std::min(kSnapshotAgainFirst * (1 << entry->askedTimes), kStatisticsAgain);
    }
    if (due.empty()) return;
    std::sort(due.begin(), due.end()); // the same questions always look the same
    feeds.front().source->snapshots(
        due, [weak = weak_from_this()](std::vector<brokers::MarketSnapshot> snapshots) {
            const auto alive = weak.lock();
            if (!alive) return;
            alive->batchNow = alive->now();
            alive->batchSteady = alive->steady();
            for (const auto& snapshot : snapshots) alive->applySnapshot(snapshot);
        });
}

void MarketData::State::applyStatistics(Entry& entry, const std::vector<Bar>& days)
{
    const bool isCrypto = entry.calendar == &Calendar::crypto();
    for (Bar day : days) {
        // No day of a stock begins at midnight UTC: such a stamp is a bare date.
        const bool isDateOnly = day.start.nanos() % lengthOf(BarInterval::Day1).count() == 0;
        const Date date = isCrypto || isDateOnly ? utcDate(day.start) : toNewYork(day.start).date;
        if (!isCrypto && isDateOnly) day.start = fromNewYork(date, Duration{});
        if (date < entry.session) entry.state.previousClose = day.close;
        if (date != entry.session) continue;
        const auto hours = entry.calendar->tradingDay(date);
        const bool over = hours && now() >= hours->close;
        if (!over) entry.bars.seed(BarInterval::Day1, day, *entry.calendar);
        const Bar* live = over ? nullptr : entry.bars.current(BarInterval::Day1);
        barChanged(entry, BarInterval::Day1, live ? *live : day, over);
        if (!over || entry.state.hasTrade()) continue;
        // After hours and nothing heard yet: the close is the last price, of that time.
        entry.state.last = day.close;
        entry.state.lastTime = hours->close;
        entry.state.eventTime = std::max(entry.state.eventTime, hours->close);
    }
    markDirty(entry);
}

} // namespace qd::market
