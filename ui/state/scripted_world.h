#pragma once

#include <memory>
#include <vector>

#include "services/client/facts.h"
#include "services/runtime/clock.h"
#include "services/runtime/random.h"

namespace qd::ui {

/// A clock that stands still until it is moved.
class ScriptedClock final : public runtime::Clock {
public:
    explicit ScriptedClock(Timestamp now) : m_now(now) {}
    Timestamp now() const override { return m_now; }
    Duration steady() const override { return m_now - Timestamp(); }
    void advance(Duration by) { m_now = m_now + by; }

private:
    Timestamp m_now;
};

/// A market day and a trader's day in it, made from a seed: the same seed and instant give the same
/// pictures. Pure values; what a backend would have told.
class ScriptedWorld {
public:
    ScriptedWorld(const ScriptedClock& clock, std::uint64_t seed);

    std::vector<Symbol> symbols() const;
    std::vector<Instrument> find(const std::string& query, int limit) const;
    /// Nothing for a symbol that is not in this world.
    std::optional<client::QuoteFacts> quote(const Symbol& symbol) const;
    client::BarSeries bars(const Symbol& symbol, BarInterval interval, int limit) const;
    client::Snapshot snapshot() const;
    client::StatusReport status() const;
    std::vector<client::TimelineEvent> timeline(const Order& order) const;
    /// The steps of kTraceId; nothing for any other.
    std::vector<client::Span> trace(const std::string& traceId) const;
    /// A position and cash on which the broker says something else.
    static std::vector<client::Difference> differences(Timestamp since);
    static constexpr const char* kTraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    client::OrderPreview preview(const OrderRequest& order) const;
    /// Move `updates` prices by a tick or two.
    client::MarketBatch step(int updates);

private:
    struct Listing {
        Instrument instrument;
        client::QuoteFacts facts;
    };
    Listing* findListing(const Symbol& symbol);
    const Listing* findListing(const Symbol& symbol) const;
    void addListing(const char* symbol, const char* name, const char* exchange, const char* last,
                    const char* previousClose);
    Order order(int number, const char* minutesAgo, Side side, const char* symbol, OrderType type,
                const char* quantity, const char* price, OrderState state, const char* filled,
                const char* average) const;
    Fill fill(int number, const Order& order, const char* quantity) const;

    const ScriptedClock& m_clock;
    std::uint64_t m_seed;
    mutable runtime::SeededRandom m_random;
    std::vector<Listing> m_listings;
};

} // namespace qd::ui
