// Quotes through the market cache: 1,000 symbols, 20 viewers, batches as a feed hands them over.
// The bar is 50,000 updates a second on a tenth of one core: 2 µs each.
// uses: models/base models/market models/orders services/runtime services/resilience services/brokers services/market
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "services/market/instrument_directory.h"
#include "services/market/market_data.h"

namespace {

using namespace qd;
using namespace std::chrono_literals;

class BenchClock final : public runtime::Clock {
public:
    Timestamp now() const override { return m_now; }
    Duration steady() const override { return m_steady; }
    void advance(Duration by)
    {
        m_now = m_now + by;
        m_steady += by;
    }

private:
    Timestamp m_now = Timestamp::of("2026-01-05T15:00:00Z");
    Duration m_steady = 1h;
};

/// Runs what is due when told; one thread.
class BenchExecutor final : public runtime::Executor {
public:
    void post(runtime::Task task) override { m_due.push_back({{}, std::move(task), nullptr}); }
    runtime::Timer after(Duration delay, runtime::Task task) override
    {
        auto alive = std::make_shared<bool>(true);
        m_due.push_back({time.steady() + delay, std::move(task), alive});
        return runtime::Timer(alive);
    }
    const runtime::Clock& clock() const override { return time; }
    bool isCurrent() const override { return true; }
    void run()
    {
        std::vector<Entry> entries;
        entries.swap(m_due);
        for (Entry& entry : entries) {
            if (entry.alive && !*entry.alive) continue;
            if (entry.at > time.steady()) {
                m_due.push_back(std::move(entry));
                continue;
            }
            if (entry.alive) *entry.alive = false;
            entry.task();
        }
    }
    BenchClock time;

private:
    struct Entry {
        Duration at;
        runtime::Task task;
        std::shared_ptr<bool> alive;
    };
    std::vector<Entry> m_due;
};

class BenchFeed final : public brokers::MarketFeed {
public:
    std::string name() const override { return "bench"; }
    FeedClass feedClass() const override { return FeedClass::Simulated; }
    void start(std::function<void(std::vector<brokers::MarketEvent>)> events) override
    {
        say = std::move(events);
    }
    void stop() override {}
    void subscribe(brokers::Subscriptions) override {}
    void bars(const Symbol&, BarInterval, Timestamp, Timestamp,
              std::function<void(Result<std::vector<Bar>>)> done) override
    {
        done(std::vector<Bar>{});
    }
    std::function<void(std::vector<brokers::MarketEvent>)> say;
};

} // namespace

int main()
{
    constexpr int kSymbols = 1000, kViewers = 20, kBatch = 500, kBatches = 1000;
    BenchExecutor core;
    BenchFeed feed;
    market::InstrumentDirectory instruments;
    market::MarketData data({}, {&feed}, core, instruments);
    data.start();
    feed.say({brokers::ConnectionChange{true, "", {}}});

    std::vector<Symbol> symbols;
    for (int i = 0; i < kSymbols; ++i) symbols.push_back(Symbol::of("S" + std::to_string(i)));
    std::uint64_t told = 0;
    std::vector<market::MarketData::Subscription> viewers;
    for (int i = 0; i < kViewers; ++i) {
        market::Interest interest;
        for (int j = 0; j < 50; ++j)
            interest.quotes.push_back(symbols[static_cast<std::size_t>(i * 50 + j)]);
        viewers.push_back(data.subscribe(
            [&](const market::MarketUpdate& update) { told += update.symbols.size(); }));
        if (!viewers.back().replace(interest)) return 1;
    }

    double nanoseconds = 0;
    for (int batch = 0; batch < kBatches; ++batch) {
        std::vector<brokers::MarketEvent> events;
        events.reserve(kBatch);
        for (int i = 0; i < kBatch; ++i) {
            const auto at = static_cast<std::size_t>((batch * kBatch + i * 7) % kSymbols);
            const auto cents = static_cast<std::int64_t>(10'000 + (batch + i) % 100);
            events.push_back(Quote{symbols[at], Price::fromUnits(cents * 1'000'000),
                                   Price::fromUnits((cents + 1) * 1'000'000),
                                   Quantity::of("100"), Quantity::of("200"), core.time.now(),
                                   core.time.now()});
        }
        const auto begin = std::chrono::steady_clock::now();
        feed.say(std::move(events));
        core.time.advance(10ms); // 500 quotes every 10 ms: 50,000 a second
        core.run();
        nanoseconds += std::chrono::duration<double, std::nano>(
                           std::chrono::steady_clock::now() - begin).count();
    }
    const double each = nanoseconds / (double(kBatch) * kBatches);
    std::printf("{\"bench\":\"market.quote\",\"value\":%.1f,\"unit\":\"ns\",\"bar\":\"<=2000 ns\","
                "\"told\":%llu,\"ok\":%s}\n",
                each, static_cast<unsigned long long>(told),
                each <= 2000 && told > 0 ? "true" : "false");
    return 0;
}
