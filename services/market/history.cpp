#include "services/market/history.h"

#include <algorithm>
#include <list>
#include <map>

#include "services/market/bar_series.h"

namespace qd::market {

namespace {

using namespace std::chrono_literals;

constexpr int kUnderWayMax = 4;
/// A fetch that the provider refuses for its rate is put back this often.
constexpr int kAttemptsMax = 5;
/// Another asker may have moved the cache on; look again this often.
constexpr int kRoundsMax = 3;
/// Providers need a moment to finish a bar that has just ended.
constexpr Duration kSettle = 5s;
const std::string kBucket = "history";

bool isRateLimit(const Error& error)
{
    return error.kind == ErrorKind::Unavailable &&
           error.code.find("rate_limit") != std::string::npos;
}

} // namespace

struct History::State : std::enable_shared_from_this<History::State> {
    using Key = std::pair<Symbol, BarInterval>;
    struct Waiter {
        BarsQuery query;
        TimeRange range; ///< aligned
        BarsCallback done;
        runtime::Timer limit;
        int pending = 0; ///< fetches it waits for
        int rounds = 0;
        bool answered = false;
    };
    struct Fetch {
        Key key;
        TimeRange range;
        bool background = false;
        bool underWay = false;
        int attempts = 0;
        std::vector<std::shared_ptr<Waiter>> waiters;
    };
    struct Cached {
        BarSeries series;
        std::uint64_t lastUsed = 0;
    };

    State(HistorySettings given, brokers::MarketFeed& provider, runtime::Executor& where)
        : settings(given), feed(provider), executor(where), limiter(given.limit, where.clock(), 1)
    {
    }

    Cached& cached(const Key& key);
    /// Answer from the cache or queue what is missing.
    void serve(const std::shared_ptr<Waiter>& waiter);
    void request(const Key& key, TimeRange range, const std::shared_ptr<Waiter>& waiter);
    void pump();
    void pumpAfter(Duration wait);
    std::shared_ptr<Fetch> nextQueued() const;
    void send(const std::shared_ptr<Fetch>& fetch);
    void arrived(const std::shared_ptr<Fetch>& fetch, Result<std::vector<Bar>> bars);
    void answer(Waiter& waiter, Result<BarsAnswer> result);
    void trim(const Key& keep);
    /// The provider holds us: whoever waits at a screen gets what is kept, or is told so.
    void answerHeld(Waiter& waiter);
    void answerAllHeld();
    /// Does it wait for a question that has not left yet?
    bool isInLine(const Waiter& waiter) const;
    bool isHeld() const { return nextTry() > now() + settings.waitMax; }
    Error delayed(const char* code, const std::string& what) const;
    Timestamp nextTry() const;
    /// Bars that start before this have ended, and the provider has had time to finish them.
    Timestamp settledTo(BarInterval interval) const;
    Timestamp now() const { return executor.clock().now(); }

    HistorySettings settings;
    brokers::MarketFeed& feed;
    runtime::Executor& executor;
    resilience::RateLimiter limiter;
    std::map<Key, Cached> cache;
    std::list<std::shared_ptr<Fetch>> fetches; ///< queued and under way, oldest first
    runtime::Timer wakeUp;
    int underWay = 0;
    std::uint64_t uses = 0;
    HistoryStatus counts;
};

History::State::Cached& History::State::cached(const Key& key)
{
    Cached& entry = cache.try_emplace(key, Cached{BarSeries(key.second), 0}).first->second;
    entry.lastUsed = ++uses;
    return entry;
}

void History::State::serve(const std::shared_ptr<Waiter>& waiter)
{
    const Key key{waiter->query.symbol, waiter->query.interval};
    const BarSeries& series = cached(key).series;
    const auto missing = series.missing(waiter->range, now());
    const bool asked = waiter->rounds > 0;
    if (missing.empty() || (asked && series.reaches(waiter->range.from)) ||
        waiter->rounds == kRoundsMax) {
        if (!asked) ++counts.answeredFromCache;
        return answer(*waiter, BarsAnswer{series.slice({waiter->query.from, waiter->query.to},
                                                       waiter->query.limit),
                                          feed.name(), false, {}});
    }
    ++waiter->rounds;
    // Half of the queue is kept for those who wait at a screen.
    const std::size_t room =
        waiter->query.background ? settings.queueMax / 2 : settings.queueMax;
    if (fetches.size() >= room)
        return answer(*waiter, tl::unexpected<Error>(delayed(
                                   "market.history_queue_full",
                                   std::to_string(fetches.size()) + " requests are waiting")));
    for (const TimeRange& range : missing) request(key, range, waiter);
    pump();
    if (!waiter->answered && !waiter->query.background && isHeld() && isInLine(*waiter))
        answerHeld(*waiter);
}

void History::State::answerHeld(Waiter& waiter)
{
    const BarSeries& series = cached({waiter.query.symbol, waiter.query.interval}).series;
    auto kept = series.slice({waiter.query.from, waiter.query.to}, waiter.query.limit);
    if (kept.empty())
        return answer(waiter, tl::unexpected<Error>(delayed(
                                  "market.history_rate_limited",
                                  "the limit of requests is used up and nothing is kept")));
    ++counts.answeredPartly;
    answer(waiter, BarsAnswer{std::move(kept), feed.name(), /*partial=*/true, nextTry()});
}

bool History::State::isInLine(const Waiter& waiter) const
{
    return std::any_of(fetches.begin(), fetches.end(), [&](const auto& fetch) {
        return !fetch->underWay &&
               std::any_of(fetch->waiters.begin(), fetch->waiters.end(),
                           [&](const auto& other) { return other.get() == &waiter; });
    });
}

void History::State::answerAllHeld()
{
    std::vector<std::shared_ptr<Waiter>> held;
    for (const auto& fetch : fetches)
        for (const auto& waiter : fetch->waiters)
            if (!fetch->underWay && !waiter->answered && !waiter->query.background)
                held.push_back(waiter);
    for (const auto& waiter : held)
        if (!waiter->answered) answerHeld(*waiter);
}

void History::State::request(const Key& key, TimeRange range, const std::shared_ptr<Waiter>& waiter)
{
    ++waiter->pending;
    for (const auto& fetch : fetches) {
        if (fetch->key != key || fetch->range.from > range.from || fetch->range.to < range.to)
            continue;
        fetch->waiters.push_back(waiter);
        fetch->background = fetch->background && waiter->query.background;
        ++counts.coalesced;
        return;
    }
    fetches.push_back(std::make_shared<Fetch>(
        Fetch{key, range, waiter->query.background, false, 0, {waiter}}));
}

std::shared_ptr<History::State::Fetch> History::State::nextQueued() const
{
    std::shared_ptr<Fetch> background;
    for (const auto& fetch : fetches) {
        if (fetch->underWay) continue;
        if (!fetch->background) return fetch;
        if (!background) background = fetch;
    }
    return background;
}

void History::State::pump()
{
    while (underWay < kUnderWayMax) {
        const auto fetch = nextQueued();
        if (!fetch) return;
        // In the provider's line nobody could go ahead of anybody; here they can.
        if (const auto held = feed.heldUntil(); held > now()) return pumpAfter(held - now());
        const auto decision = limiter.acquire(kBucket);
        if (!decision.allowed) return pumpAfter(decision.retryAfter);
        send(fetch);
    }
}

void History::State::pumpAfter(Duration wait)
{
    wakeUp = executor.after(wait, [state = weak_from_this()] {
        if (const auto alive = state.lock()) alive->pump();
    });
}

void History::State::send(const std::shared_ptr<Fetch>& fetch)
{
    fetch->underWay = true;
    ++fetch->attempts;
    ++underWay;
    feed.bars(fetch->key.first, fetch->key.second, fetch->range.from, fetch->range.to,
              [state = weak_from_this(), fetch](Result<std::vector<Bar>> bars) {
                  if (const auto alive = state.lock()) alive->arrived(fetch, std::move(bars));
              });
}

void History::State::arrived(const std::shared_ptr<Fetch>& fetch, Result<std::vector<Bar>> bars)
{
    --underWay;
    fetch->underWay = false;
    if (!bars && isRateLimit(bars.error())) {
        limiter.holdOff(kBucket, settings.holdOff);
        if (fetch->attempts < kAttemptsMax) {
            const auto self = shared_from_this(); // an answer may be the end of this History
            answerAllHeld();
            return pump();
        }
    }
    fetches.remove(fetch);
    if (bars) {
        ++counts.fetched;
        cached(fetch->key)
            .series.merge(fetch->range, std::move(*bars), settledTo(fetch->key.second), now());
        trim(fetch->key);
    }
    const auto waiters = std::move(fetch->waiters);
    for (const auto& waiter : waiters) {
        --waiter->pending;
        if (waiter->answered) continue;
        if (!bars)
            answer(*waiter, tl::unexpected<Error>(bars.error()));
        else if (waiter->pending == 0)
            serve(waiter);
    }
    pump();
}

void History::State::answer(Waiter& waiter, Result<BarsAnswer> result)
{
    waiter.answered = true;
    waiter.limit.cancel();
    const BarsCallback done = std::move(waiter.done);
    done(std::move(result));
}

void History::State::trim(const Key& keep)
{
    std::size_t total = 0;
    for (const auto& [key, entry] : cache) total += entry.series.size();
    while (total > settings.cachedBarsMax && cache.size() > 1) {
        auto oldest = cache.end();
        for (auto at = cache.begin(); at != cache.end(); ++at)
            if (at->first != keep &&
                (oldest == cache.end() || at->second.lastUsed < oldest->second.lastUsed))
                oldest = at;
        total -= oldest->second.series.size();
        cache.erase(oldest);
    }
    counts.cachedBars = total;
}

Timestamp History::State::nextTry() const
{
    const auto decision = limiter.peek(kBucket);
    const Timestamp ours = decision.allowed ? Timestamp{} : now() + decision.retryAfter;
    return std::max(ours, feed.heldUntil());
}

Timestamp History::State::settledTo(BarInterval interval) const
{
    // Long bars count from the market's midnight, not UTC's: stay a whole bar behind.
    const bool isLong = interval == BarInterval::Hour4 || interval == BarInterval::Day1;
    const Timestamp ended = now() - kSettle - (isLong ? lengthOf(interval) : Duration{});
    return aligned({ended, ended}, interval).from;
}

Error History::State::delayed(const char* code, const std::string& what) const
{
    const Timestamp next = nextTry();
    return Error{ErrorKind::Unavailable, code,
                 what + "; " + feed.name() +
                     (next.isSet() ? " is asked again at " + next.toString(3)
                                   : " is being asked now"),
                 ""};
}

History::History(HistorySettings settings, brokers::MarketFeed& feed, runtime::Executor& executor)
    : m_state(std::make_shared<State>(settings, feed, executor))
{
}

History::~History() = default;

void History::bars(const BarsQuery& query, BarsCallback done)
{
    BarsQuery asked = query;
    if (!asked.to.isSet()) asked.to = m_state->now();
    if (!(asked.from < asked.to))
        return done(fail(ErrorKind::Invalid, "market.bars_range",
                         "expected a time before " + asked.to.toString(0) + ", was " +
                             asked.from.toString(0),
                         "from"));
    if (asked.limit < 1 || asked.limit > BarsQuery::kLimitMax)
        return done(fail(ErrorKind::Invalid, "market.bars_range",
                         "expected a limit of 1 … 10000, was " + std::to_string(asked.limit),
                         "limit"));
    const auto waiter = std::make_shared<State::Waiter>();
    waiter->query = std::move(asked);
    waiter->range = aligned({waiter->query.from, waiter->query.to}, waiter->query.interval);
    waiter->done = std::move(done);
    waiter->limit = m_state->executor.after(
        m_state->settings.answerWithin,
        [state = std::weak_ptr(m_state), weak = std::weak_ptr(waiter)] {
            const auto alive = state.lock();
            const auto late = weak.lock();
            if (alive && late && !late->answered)
                alive->answer(*late, tl::unexpected<Error>(alive->delayed(
                                         "market.history_delayed", "no answer in time")));
        });
    const auto state = m_state; // the answer may be the end of this History
    state->serve(waiter);
}

void History::extend(const Symbol& symbol, BarInterval interval, Timestamp wholeSince,
                     const Bar& bar, Timestamp end)
{
    const auto found = m_state->cache.find({symbol, interval});
    if (found != m_state->cache.end()) found->second.series.extend(wholeSince, bar, end);
}

HistoryStatus History::status() const
{
    HistoryStatus status = m_state->counts;
    status.underWay = static_cast<std::size_t>(m_state->underWay);
    status.waiting = m_state->fetches.size() - status.underWay;
    if (status.waiting > 0 || status.underWay > 0) status.nextTry = m_state->nextTry();
    return status;
}

} // namespace qd::market
