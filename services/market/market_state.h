#pragma once

#include <array>
#include <unordered_map>
#include <vector>

#include "services/market/bar_builder.h"
#include "services/market/freshness.h"
#include "services/market/instrument_directory.h"
#include "services/market/market_clock.h"
#include "services/market/market_data.h"
#include "services/market/value_checks.h"

namespace qd::market {

/// The inside of MarketData, shared by its four source files: market_data.cpp (who wants what),
/// market_intake.cpp (events in), market_judging.cpp (what time does), market_publishing.cpp
/// (updates out).

struct Entry;

/// One who watches.
struct Viewer {
    std::function<Result<void>(Viewer&, const Interest&)> replace; ///< does nothing once we are gone
    std::function<void(Viewer&)> end;
    MarketData::Observer observer; ///< empty for those who only keep symbols watched
    bool active = true;
    std::vector<Entry*> wanted;
    std::vector<Entry*> unseen; ///< newly wanted: told with the next update, changed or not
    std::vector<const SymbolState*> symbols;
    std::vector<const Trade*> trades;
    std::vector<const BarUpdate*> bars;
};

/// A viewer's wish for one symbol.
struct Wish {
    Viewer* viewer = nullptr;
    bool quotes = false;
    bool trades = false;
    unsigned bars = 0; ///< one bit an interval
};

/// The newest quote of one feed for one symbol.
struct FeedSlot {
    Timestamp eventTime;
    Price middle;
    Duration arrived{}; ///< steady; zero: nothing yet
};

/// One watched symbol.
struct Entry {
    SymbolState state;
    const Calendar* calendar = nullptr;
    std::vector<Wish> wishes;
    Duration idleSince{};  ///< steady; when the last wish ended
    Believed believed;
    Cadence cadence;
    Duration delay{};      ///< how long the newest value was on its way
    std::size_t feed = 0;  ///< whose values it shows
    std::vector<FeedSlot> slots; ///< by feed; empty with one feed
    BarBuilder bars;
    Timestamp haltedAt;    ///< the venue's time of the halt
    Date session;          ///< trading day of the day statistics
    Price sessionClose;    ///< of its day bar: tomorrow's previous close
    Timestamp nextSession; ///< when the next day's statistics begin
    Duration statisticsAt{}; ///< steady; when to ask for them; max: not needed
    int askedTimes = 0;    ///< in vain
    unsigned pendingQuotes = 0; ///< since the last publication
    bool dirty = false;
    std::array<int, kBarIntervals.size()> pendingBar{}; ///< index + 1 into `barUpdates`
};

struct Feed {
    brokers::MarketFeed* source = nullptr;
    std::string name;
    FeedView view; ///< `freshness` and `age` are worked out when asked
    Cadence cadence;
    bool up = false;            ///< connected and not silent, at the last judging
    brokers::Subscriptions sent; ///< what it was last asked for
};

struct MarketData::State : std::enable_shared_from_this<MarketData::State> {
    State(MarketSettings given, std::vector<brokers::MarketFeed*> sources, runtime::Executor& where,
          const InstrumentDirectory& directory);

    // Who wants what.
    Result<void> replaceWishes(Viewer& viewer, const Interest& interest);
    void dropWishes(Viewer& viewer);
    Entry& watched(const Symbol& symbol);
    void sendWishes();
    void forgetIdle(Duration steady);

    // Events in.
    void receive(std::size_t feedIndex, std::vector<brokers::MarketEvent> events);
    void on(std::size_t feedIndex, Quote& quote);
    void on(std::size_t feedIndex, Trade& trade);
    void on(std::size_t feedIndex, brokers::MarketStatus& status);
    void on(std::size_t feedIndex, brokers::ConnectionChange& change);
    void on(std::size_t feedIndex, brokers::Malformed& malformed);
    /// The first feed's answer to `askSnapshots`.
    void applySnapshot(const brokers::MarketSnapshot& snapshot);
    void seedTrade(Entry& entry, Feed& feed, const brokers::MarketSnapshot& snapshot);
    void seedQuote(Entry& entry, Feed& feed, const Quote& quote);
    Entry* entryFor(Feed& feed, const Symbol& symbol);
    /// Does `entry` show the values of this feed? May switch to it.
    bool follows(Entry& entry, std::size_t feedIndex, const Quote& quote);
    bool mayFollow(Entry& entry, std::size_t feedIndex);
    void arrived(Entry& entry, Feed& feed, Timestamp eventTime, Timestamp receiveTime);
    void barChanged(Entry& entry, BarInterval interval, const Bar& bar, bool closed);

    // What time does.
    void tick();
    void judgeFeeds();
    void judgeSymbol(Entry& entry);
    FreshnessVerdict verdictOn(const Entry& entry) const;
    SessionPhase phaseOf(const Entry& entry, const Feed& feed) const;
    /// Worked out once a second, not once a symbol.
    SessionPhase phaseNow(const Calendar& calendar) const;
    void rollSession(Entry& entry, Timestamp now);
    void askStatistics(Entry& entry);
    void applyStatistics(Entry& entry, const std::vector<Bar>& days);
    bool hasSnapshots() const;
    void askSnapshots();

    // Updates out.
    void markDirty(Entry& entry);
    void schedulePublication();
    void publish();
    void gather();
    /// What the provider said of the bar under way completes what was seen of it.
    void completeLive(const Symbol& symbol, BarInterval interval, std::vector<Bar>& fetched);

    MarketSettings settings;
    std::vector<Feed> feeds;
    runtime::Executor& executor;
    const InstrumentDirectory& instruments;
    History history;
    std::unordered_map<Symbol, std::unique_ptr<Entry>> entries;
    std::vector<std::shared_ptr<Viewer>> viewers;
    std::vector<Entry*> dirty;
    std::vector<std::pair<Entry*, Trade>> tradesOut;
    std::vector<std::pair<Entry*, BarUpdate>> barsOut;
    std::uint64_t conflated = 0;
    runtime::Timer publishTimer, tickTimer;
    struct KnownPhase {
        const Calendar* calendar;
        std::int64_t second;
        SessionPhase phase;
    };
    mutable std::vector<KnownPhase> phases; ///< one a calendar
    bool started = false;
    bool wishesPosted = false;
    /// Read once a batch, not once a value.
    Timestamp batchNow;
    Duration batchSteady{};

    Timestamp now() const { return executor.clock().now(); }
    Duration steady() const { return executor.clock().steady(); }
};

} // namespace qd::market
