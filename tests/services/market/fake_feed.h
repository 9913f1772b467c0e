#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "services/brokers/broker.h"

namespace qd::market::test {

inline const Symbol kSpy = Symbol::of("SPY"), kQqq = Symbol::of("QQQ");

/// A feed that says what the test tells it to, and writes down what it is asked.
class FakeFeed final : public brokers::MarketFeed {
public:
    using BarsAnswer = std::function<void(Result<std::vector<Bar>>)>;
    struct BarsRequest {
        Symbol symbol;
        BarInterval interval;
        Timestamp from, to;
        BarsAnswer done;
    };

    explicit FakeFeed(std::string name = "fake", FeedClass feedClass = FeedClass::RealTime)
        : m_name(std::move(name)), m_class(feedClass)
    {
    }

    std::string name() const override { return m_name; }
    FeedClass feedClass() const override { return m_class; }
    FeedClass classOf(const Symbol& symbol) const override
    {
        const auto found = classes.find(symbol);
        return found == classes.end() ? m_class : found->second;
    }
    void start(std::function<void(std::vector<brokers::MarketEvent>)> events) override
    {
        m_events = std::move(events);
    }
    void stop() override { m_events = nullptr; }
    void subscribe(brokers::Subscriptions wanted) override { wishes.push_back(std::move(wanted)); }
    void bars(const Symbol& symbol, BarInterval interval, Timestamp from, Timestamp to,
              BarsAnswer done) override
    {
        requests.push_back({symbol, interval, from, to, std::move(done)});
    }

    Timestamp heldUntil() const override { return held; }
    bool hasSnapshots() const override { return knowsTheMoment; }
    void snapshots(const std::vector<Symbol>& symbols,
                   std::function<void(std::vector<brokers::MarketSnapshot>)> told) override
    {
        asked.push_back({symbols, std::move(told)});
    }

    void say(std::vector<brokers::MarketEvent> events)
    {
        if (m_events) m_events(std::move(events));
    }
    void connect(bool connected = true)
    {
        say({brokers::ConnectionChange{connected, connected ? "" : "cut", {}}});
    }

    std::vector<brokers::Subscriptions> wishes;
    std::deque<BarsRequest> requests;
    struct SnapshotRequest {
        std::vector<Symbol> symbols;
        std::function<void(std::vector<brokers::MarketSnapshot>)> told;
    };
    std::deque<SnapshotRequest> asked;
    Timestamp held; ///< by its provider's limits
    std::map<Symbol, FeedClass> classes; ///< of those that differ from the feed's
    bool knowsTheMoment = false; ///< may be asked for snapshots

private:
    std::string m_name;
    FeedClass m_class;
    std::function<void(std::vector<brokers::MarketEvent>)> m_events;
};

inline Quote quoteOf(const char* symbol, const char* bid, const char* ask, Timestamp at)
{
    return {Symbol::of(symbol), Price::of(bid), Price::of(ask), Quantity::of("100"),
            Quantity::of("100"), at, at};
}

inline Trade tradeOf(const char* symbol, const char* price, const char* size, Timestamp at)
{
    return {Symbol::of(symbol), Price::of(price), Quantity::of(size), 0, "@", "Q", at, at};
}

inline Bar barOf(Timestamp start, const char* price, const char* volume = "100")
{
    const Price p = Price::of(price);
    return {start, p, p, p, p, Quantity::of(volume), 1};
}

} // namespace qd::market::test
