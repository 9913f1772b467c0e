#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "models/market/quote.h"
#include "services/brokers/broker.h"
#include "services/resilience/rate_limiter.h"
#include "services/runtime/executor.h"

namespace qd::market {

struct HistorySettings {
    resilience::RateLimit limit{/*count=*/180, std::chrono::minutes(1), /*burst=*/20,
                                /*reserve=*/0};
    std::size_t queueMax = 200;                    ///< distinct fetches waiting
    Duration answerWithin = std::chrono::seconds(30); ///< an asker waits no longer
    /// A longer wait for the rate limit is told at once; the question stays in the queue.
    Duration waitMax = std::chrono::seconds(2);
    std::size_t cachedBarsMax = 2'000'000;         ///< over all series; least recently used go
    Duration holdOff = std::chrono::seconds(15);   ///< after a provider's "too many requests"
};

struct BarsQuery {
    static constexpr std::size_t kLimitMax = 10'000;
    Symbol symbol;
    BarInterval interval = BarInterval::Minute1;
    Timestamp from, to; ///< [from, to)
    std::size_t limit = kLimitMax; ///< the newest so many
    bool background = false;       ///< nobody is waiting at a screen: others go first
};

struct BarsAnswer {
    std::vector<Bar> bars; ///< oldest first
    std::string source;    ///< of the fetched ones
    bool partial = false;  ///< the provider holds us: only what was kept; the rest is being fetched
    Timestamp nextTry;     ///< of a partial answer: when the provider is asked again
};
/// Fails with: Invalid "market.bars_range" (`from` not before `to`, limit), Unavailable
/// "market.history_rate_limited" (the provider holds us and nothing is kept),
/// "market.history_queue_full", "market.history_delayed" (not answered in time); these tell when
/// the next try is. Otherwise what the feed said.
using BarsCallback = std::function<void(Result<BarsAnswer>)>;

/// The queue to the provider, for status displays.
struct HistoryStatus {
    std::size_t waiting = 0;  ///< fetches queued
    std::size_t underWay = 0;
    Timestamp nextTry;        ///< when the next may be sent; unset: at once
    std::uint64_t fetched = 0, coalesced = 0, answeredFromCache = 0, answeredPartly = 0;
    std::size_t cachedBars = 0;
};

/// Fetched bars: asked for once however many want them, kept, and asked for no faster than the
/// provider allows. Core executor only. `feed` and `executor` outlive it; askers still waiting when
/// it ends are dropped.
class History {
public:
    History(HistorySettings settings, brokers::MarketFeed& feed, runtime::Executor& executor);
    ~History();

    void bars(const BarsQuery& query, BarsCallback done);
    /// A bar that ended before our eyes, see BarSeries::extend.
    void extend(const Symbol& symbol, BarInterval interval, Timestamp wholeSince, const Bar& bar,
                Timestamp end);
    HistoryStatus status() const;

private:
    struct State;
    std::shared_ptr<State> m_state;
};

} // namespace qd::market
