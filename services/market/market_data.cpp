#include "services/market/market_data.h"

#include <algorithm>
#include <cmath>

#include "services/market/market_state.h"

namespace qd::market {

namespace {

constexpr Duration kSkewTime = std::chrono::seconds(2);
constexpr double kSkewBasisPoints = 50;

brokers::MarketFeed& firstOf(const std::vector<brokers::MarketFeed*>& feeds)
{
    QD_ASSERT(!feeds.empty() && feeds.front());
    return *feeds.front();
}

} // namespace

MarketData::State::State(MarketSettings given, std::vector<brokers::MarketFeed*> sources,
                         runtime::Executor& where, const InstrumentDirectory& directory)
    : settings(given), executor(where), instruments(directory),
      history(given.history, firstOf(sources), where)
{
    for (brokers::MarketFeed* source : sources) {
        QD_ASSERT(source);
        Feed feed;
        feed.source = source;
        feed.name = source->name();
        feed.view.name = feed.name;
        feed.view.feedClass = source->feedClass();
        feeds.push_back(std::move(feed));
    }
}

Entry& MarketData::State::watched(const Symbol& symbol)
{
    auto& slot = entries[symbol];
    if (slot) return *slot;
    slot = std::make_unique<Entry>();
    Entry& entry = *slot;
    entry.state.symbol = symbol;
    entry.state.source = feeds.front().name;
    entry.state.feedClass = feeds.front().source->classOf(symbol);
    const Instrument* instrument = instruments.find(symbol);
    entry.calendar = settings.alwaysOpen ? &Calendar::crypto()
                     : instrument        ? &calendarOf(*instrument)
                                         : &calendarOf(assetClassOf(symbol));
    if (feeds.size() > 1) entry.slots.resize(feeds.size());
    if (feeds.front().view.connected) entry.bars.listenSince(now());
    rollSession(entry, now());
    judgeSymbol(entry);
    if (!wishesPosted) {
        wishesPosted = true;
        executor.post([state = weak_from_this()] {
            if (const auto alive = state.lock()) alive->sendWishes();
        });
    }
    return entry;
}

Result<void> MarketData::State::replaceWishes(Viewer& viewer, const Interest& interest)
{
    std::unordered_map<Symbol, Wish> wanted;
    for (const Symbol& symbol : interest.quotes) wanted[symbol].quotes = true;
    for (const Symbol& symbol : interest.trades) wanted[symbol].trades = true;
    for (const auto& [symbol, interval] : interest.bars)
        wanted[symbol].bars |= 1U << indexOf(interval);

    std::size_t isNew = 0;
    for (const auto& [symbol, wish] : wanted) isNew += entries.count(symbol) == 0 ? 1 : 0;
    if (entries.size() + isNew > settings.symbolsMax)
        return fail(ErrorKind::Invalid, "market.too_many_symbols",
                    "expected at most " + std::to_string(settings.symbolsMax) +
                        " watched symbols, was " + std::to_string(entries.size() + isNew));

    std::vector<Entry*> seen = viewer.wanted;
    std::sort(seen.begin(), seen.end());
    dropWishes(viewer);
    for (auto& [symbol, wish] : wanted) {
        Entry& entry = watched(symbol);
        wish.viewer = &viewer;
        entry.wishes.push_back(wish);
        viewer.wanted.push_back(&entry);
        if (wish.quotes && !std::binary_search(seen.begin(), seen.end(), &entry))
            viewer.unseen.push_back(&entry);
    }
    if (!viewer.unseen.empty() && viewer.observer) schedulePublication();
    return {};
}

void MarketData::State::dropWishes(Viewer& viewer)
{
    for (Entry* entry : viewer.wanted) {
        std::erase_if(entry->wishes, [&](const Wish& wish) { return wish.viewer == &viewer; });
        if (entry->wishes.empty()) entry->idleSince = steady();
    }
    viewer.wanted.clear();
    viewer.unseen.clear();
}

void MarketData::State::sendWishes()
{
    wishesPosted = false;
    if (!started) return;
    brokers::Subscriptions all;
    all.quotes.reserve(entries.size());
    for (const auto& [symbol, entry] : entries) all.quotes.push_back(symbol);
    std::sort(all.quotes.begin(), all.quotes.end()); // the same wishes always look the same
    all.trades = all.quotes;
    for (Feed& feed : feeds) {
        if (feed.sent.quotes == all.quotes) continue;
        feed.sent = all;
        feed.source->subscribe(all);
    }
    askSnapshots();
}

void MarketData::State::forgetIdle(Duration steadyNow)
{
    const auto isOver = [&](const Entry& entry) {
        return entry.wishes.empty() && !entry.dirty &&
               steadyNow - entry.idleSince >= settings.unsubscribeAfter;
    };
    const auto forgotten =
        std::erase_if(entries, [&](const auto& item) { return isOver(*item.second); });
    if (forgotten > 0) sendWishes();
}

MarketData::MarketData(MarketSettings settings, std::vector<brokers::MarketFeed*> feeds,
                       runtime::Executor& executor, const InstrumentDirectory& instruments)
    : m_state(std::make_shared<State>(settings, std::move(feeds), executor, instruments))
{
}

MarketData::~MarketData()
{
    stop();
}

void MarketData::start()
{
    if (m_state->started) return;
    m_state->started = true;
    const std::weak_ptr<State> weak = m_state;
    for (std::size_t i = 0; i < m_state->feeds.size(); ++i)
        m_state->feeds[i].source->start([weak, i](std::vector<brokers::MarketEvent> events) {
            if (const auto state = weak.lock()) state->receive(i, std::move(events));
        });
    m_state->sendWishes();
    m_state->tick();
}

void MarketData::stop()
{
    if (!m_state->started) return;
    m_state->started = false;
    m_state->publishTimer.cancel();
    m_state->tickTimer.cancel();
    for (Feed& feed : m_state->feeds) {
        feed.source->stop();
        feed.sent = {};
    }
}

MarketData::Subscription& MarketData::Subscription::operator=(Subscription&& other) noexcept
{
    if (this != &other) {
        end();
        m_viewer = std::move(other.m_viewer);
    }
    return *this;
}

Result<void> MarketData::Subscription::replace(const Interest& interest)
{
    QD_ASSERT(m_viewer);
    return m_viewer->replace(*m_viewer, interest);
}

void MarketData::Subscription::end()
{
    const auto viewer = std::move(m_viewer);
    if (viewer) viewer->end(*viewer);
}

MarketData::Subscription MarketData::subscribe(Observer observer)
{
    Subscription subscription;
    subscription.m_viewer = std::make_shared<Viewer>();
    Viewer& viewer = *subscription.m_viewer;
    const std::weak_ptr<State> weak = m_state;
    viewer.replace = [weak](Viewer& self, const Interest& interest) -> Result<void> {
        const auto state = weak.lock();
        return state ? state->replaceWishes(self, interest) : Result<void>{};
    };
    viewer.end = [weak](Viewer& self) {
        self.active = false;
        const auto state = weak.lock();
        if (!state) return;
        state->dropWishes(self);
        std::erase_if(state->viewers, [&](const auto& other) { return other.get() == &self; });
    };
    viewer.observer = std::move(observer);
    m_state->viewers.push_back(subscription.m_viewer);
    return subscription;
}

MarketData::Subscription MarketData::watch(const std::vector<Symbol>& symbols)
{
    Subscription subscription = subscribe({});
    // Too many to watch: the symbols then have no data, which is what callers look at anyway.
    (void)subscription.replace(Interest{symbols, {}, {}});
    return subscription;
}

const SymbolState* MarketData::find(const Symbol& symbol) const
{
    const auto found = m_state->entries.find(symbol);
    return found == m_state->entries.end() ? nullptr : &found->second->state;
}

SymbolState MarketData::view(const Symbol& symbol) const
{
    const auto found = m_state->entries.find(symbol);
    SymbolState state;
    if (found == m_state->entries.end()) {
        state.symbol = symbol;
        state.source = m_state->feeds.front().name;
        state.feedClass = m_state->feeds.front().view.feedClass;
        state.refused = true;
        return state;
    }
    state = found->second->state;
    const FreshnessVerdict verdict = m_state->verdictOn(*found->second);
    state.freshness = verdict.freshness;
    state.old = verdict.old;
    state.refused = verdict.refused;
    return state;
}

void MarketData::bars(const BarsQuery& query, BarsCallback done)
{
    BarsQuery asked = query;
    const Timestamp now = m_state->now();
    if (!asked.to.isSet()) asked.to = now;
    const auto found = m_state->entries.find(asked.symbol);
    const Bar* live = found == m_state->entries.end()
                          ? nullptr
                          : found->second->bars.current(asked.interval);
    // The bar under way is known here better than there when it was seen from its beginning.
    const bool whole = live && found->second->bars.isWhole(asked.interval) &&
                       live->start < asked.to && asked.from < live->start;
    if (!whole) {
        return m_state->history.bars(
            asked, [weak = std::weak_ptr(m_state), asked, done = std::move(done)](
                       Result<BarsAnswer> answer) {
                const auto state = weak.lock();
                if (state && answer)
                    state->completeLive(asked.symbol, asked.interval, answer->bars);
                done(std::move(answer));
            });
    }
    asked.to = live->start;
    m_state->history.bars(asked, [bar = *live, limit = asked.limit,
                                  done = std::move(done)](Result<BarsAnswer> answer) {
        if (answer) {
            answer->bars.push_back(bar);
            if (answer->bars.size() > limit) answer->bars.erase(answer->bars.begin());
        }
        done(std::move(answer));
    });
}

void MarketData::State::completeLive(const Symbol& symbol, BarInterval interval,
                                     std::vector<Bar>& fetched)
{
    const auto found = entries.find(symbol);
    if (found == entries.end() || fetched.empty()) return;
    Entry& entry = *found->second;
    Bar& newest = fetched.back();
    if (now() >= barSpan(interval, *entry.calendar, newest.start).end) return;
    entry.bars.seed(interval, newest, *entry.calendar);
    const Bar* live = entry.bars.current(interval);
    if (live && live->start == newest.start) newest = *live;
}

HistoryStatus MarketData::historyStatus() const
{
    return m_state->history.status();
}

const Calendar& MarketData::calendar() const
{
    return m_state->settings.alwaysOpen ? Calendar::crypto() : Calendar::nyse();
}

std::vector<FeedView> MarketData::feeds() const
{
    std::vector<FeedView> views;
    for (const Feed& feed : m_state->feeds) {
        FeedView view = feed.view;
        view.age = feed.cadence.any() ? m_state->steady() - feed.cadence.last() : Duration{};
        view.keys = feed.source->keys();
        views.push_back(std::move(view));
    }
    return views;
}

std::vector<SourceSkew> MarketData::skews() const
{
    std::vector<SourceSkew> skews;
    for (const auto& [symbol, entry] : m_state->entries) {
        for (std::size_t i = 1; i < entry->slots.size(); ++i) {
            const FeedSlot &preferred = entry->slots[0], &other = entry->slots[i];
            if (preferred.arrived == Duration{} || other.arrived == Duration{}) continue;
            SourceSkew skew;
            skew.symbol = symbol;
            skew.preferred = m_state->feeds[0].name;
            skew.other = m_state->feeds[i].name;
            const Duration apart = preferred.eventTime - other.eventTime;
            skew.time = apart < Duration{} ? -apart : apart;
            skew.basisPoints = 1e4 *
                               std::abs(other.middle.toDouble() - preferred.middle.toDouble()) /
                               preferred.middle.toDouble();
            skew.warn = skew.time > kSkewTime || skew.basisPoints > kSkewBasisPoints;
            skews.push_back(std::move(skew));
        }
    }
    std::sort(skews.begin(), skews.end(), [](const SourceSkew& a, const SourceSkew& b) {
        if (a.basisPoints != b.basisPoints) return a.basisPoints > b.basisPoints;
        return a.symbol < b.symbol;
    });
    return skews;
}

std::size_t MarketData::watchedCount() const
{
    return m_state->entries.size();
}

} // namespace qd::market
