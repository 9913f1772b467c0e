#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "models/market/calendar.h"
#include "services/brokers/broker.h"
#include "services/market/history.h"
#include "services/market/symbol_state.h"
#include "services/runtime/executor.h"

namespace qd::market {

class InstrumentDirectory;
struct Viewer;

struct MarketSettings {
    Duration publishEvery = std::chrono::milliseconds(10);
    /// A symbol nobody watches any more stays subscribed this long: people flip between views.
    Duration unsubscribeAfter = std::chrono::seconds(30);
    Duration judgeEvery = std::chrono::seconds(1); ///< how often freshness is looked at
    std::size_t symbolsMax = 2000;                 ///< watched at once
    /// A venue that never shuts, as the bundled one: its days are UTC's, whatever is traded there.
    bool alwaysOpen = false;
    HistorySettings history;
};

/// What one viewer wants to be told of.
struct Interest {
    std::vector<Symbol> quotes;
    std::vector<Symbol> trades;
    std::vector<std::pair<Symbol, BarInterval>> bars;
};

/// What was received and what was thrown away, and why.
struct FeedCounts {
    std::uint64_t quotes = 0, trades = 0;
    std::uint64_t crossed = 0;    ///< bid above ask
    std::uint64_t negative = 0;   ///< a price or size below zero, or a trade at or for nothing
    std::uint64_t absurd = 0;     ///< far off the market, or from the future
    std::uint64_t outOfOrder = 0; ///< older than what is known
    std::uint64_t unwanted = 0;   ///< for symbols nobody asked for
    std::uint64_t malformed = 0;  ///< the adapter could not read it
};

/// How one feed is doing.
struct FeedView {
    std::string name;
    FeedClass feedClass = FeedClass::RealTime;
    bool connected = false;
    Freshness freshness = Freshness::NoData;
    Duration age{};         ///< since its last event
    Timestamp nextAttempt;  ///< when disconnected
    std::string reason;
    FeedCounts counts;
    std::vector<brokers::FeedKey> keys;
};

/// Two sources disagree about a symbol. Times and prices of their newest quotes.
struct SourceSkew {
    Symbol symbol;
    std::string preferred, other;
    Duration time{};        ///< how much older the older one is
    double basisPoints = 0; ///< between the middles
    bool warn = false;      ///< beyond 2 s or 50 basis points
};

/// The market as this program knows it: one upstream subscription for any number of viewers, the
/// newest of everything, bars, freshness, halts. Core executor only.
/// A quote costs one look-up and no allocation; viewers are called at most every `publishEvery`.
class MarketData {
public:
    using Observer = std::function<void(const MarketUpdate&)>;

    /// A viewer's wish. Its end ends the wish; it may outlive MarketData.
    class Subscription {
    public:
        Subscription() = default;
        Subscription(Subscription&&) noexcept = default;
        Subscription& operator=(Subscription&& other) noexcept;
        Subscription(const Subscription&) = delete;
        Subscription& operator=(const Subscription&) = delete;
        ~Subscription() { end(); }

        /// The whole wish list anew. What is newly wanted and known comes with the next update.
        /// Fails with: Invalid "market.too_many_symbols"; the old list then stays.
        Result<void> replace(const Interest& interest);
        void end();
        bool isActive() const { return m_viewer != nullptr; }

    private:
        friend class MarketData;
        std::shared_ptr<Viewer> m_viewer;
    };

    /// `feeds`: the preferred one first; they, the executor and `instruments` outlive this.
    MarketData(MarketSettings settings, std::vector<brokers::MarketFeed*> feeds,
               runtime::Executor& executor, const InstrumentDirectory& instruments);
    ~MarketData();
    MarketData(const MarketData&) = delete;
    MarketData& operator=(const MarketData&) = delete;

    void start();
    void stop();

    /// Start watching with an empty wish list.
    [[nodiscard]] Subscription subscribe(Observer observer);
    /// Null if nobody has asked for it yet. Good until the next return to the executor.
    const SymbolState* find(const Symbol& symbol) const;
    /// As `find`, but judged at this moment, and "no data" for what is not watched.
    SymbolState view(const Symbol& symbol) const;
    /// Keep a symbol watched without being told: what risk checks and positions need.
    [[nodiscard]] Subscription watch(const std::vector<Symbol>& symbols);

    /// Bars of [from, to), oldest first, live ones included. `to` unset: now.
    /// See History for queueing, caching and errors.
    void bars(const BarsQuery& query, BarsCallback done);
    HistoryStatus historyStatus() const;

    std::vector<FeedView> feeds() const;
    /// Of the market as a whole: New York's, or one without a close (see `alwaysOpen`).
    const Calendar& calendar() const;
    /// Symbols for which two feeds have given quotes, worst first; one feed: empty.
    std::vector<SourceSkew> skews() const;
    std::size_t watchedCount() const;

private:
    struct State;
    std::shared_ptr<State> m_state;
};

} // namespace qd::market
