// uses: models/base models/market models/orders services/runtime services/exchange
// The matching engine against the textbook book (std::map of std::list, unordered_map of ids), same
// messages in the same run: 52 % limit orders, 40 % cancels, 8 % market orders. Then the simulated
// market: what generating 50,000 updates a second costs.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <list>
#include <map>
#include <tuple>
#include <unordered_map>
#include <vector>

#include <malloc.h>

#include "services/exchange/matching_engine.h"
#include "services/exchange/simulated_market.h"
#include "services/runtime/random.h"
#include "tests/bench/median.h"

namespace {

using namespace qd;
using bench::median;
using namespace qd::exchange;

struct Message {
    enum class Kind { Limit, Cancel, Market } kind = Kind::Limit;
    Side side = Side::Buy;
    std::uint32_t book = 0;
    std::uint32_t number = 0; ///< of the new order, or of the one to cancel
    std::int64_t price = 0, quantity = 0;
};

std::vector<Message> messages(std::size_t count, std::uint32_t books)
{
    runtime::SeededRandom random(42);
    std::vector<Message> result;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> placed;
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < count; ++i) {
        Message message;
        const auto dice = random.below(100);
        message.book = static_cast<std::uint32_t>(random.below(books));
        message.side = random.below(2) == 0 ? Side::Buy : Side::Sell;
        message.quantity = static_cast<std::int64_t>(1 + random.below(500));
        if (dice < 40 && !placed.empty()) {
            message.kind = Message::Kind::Cancel;
            // Most cancels are of recent orders; some of those have been filled by then.
            const auto recent = std::min<std::size_t>(placed.size(), 400 + 20 * books);
            const auto which = placed.size() - 1 - random.below(recent);
            std::tie(message.book, message.number) = placed[which];
            placed[which] = placed.back();
            placed.pop_back();
        } else if (dice < 48) {
            message.kind = Message::Kind::Market;
            message.number = number++;
        } else {
            const auto away = static_cast<std::int64_t>(random.below(100));
            message.price = message.side == Side::Buy ? 10'002 - away : 9'998 + away;
            message.number = number++;
            placed.emplace_back(message.book, message.number);
        }
        result.push_back(message);
    }
    return result;
}

struct Tape {
    std::uint64_t hash = 1469598103934665603ull;
    std::uint64_t trades = 0;
    void add(std::uint32_t taker, std::uint32_t maker, std::int64_t price, std::int64_t quantity)
    {
        for (const std::uint64_t part : {std::uint64_t{taker}, std::uint64_t{maker},
                                         static_cast<std::uint64_t>(price),
                                         static_cast<std::uint64_t>(quantity)})
            hash = (hash ^ part) * 1099511628211ull;
        ++trades;
    }
};

/// What a textbook says; correct, and the control.
class TextbookBook {
public:
    void limit(const Message& m, Tape& tape)
    {
        const auto left = match(m, m.price, tape);
        if (left == 0)
            return;
        auto& queue = m.side == Side::Buy ? m_bids[m.price] : m_asks[m.price];
        queue.push_back({m.number, left});
        m_orders[m.number] = {m.side, m.price, std::prev(queue.end())};
    }
    void market(const Message& m, Tape& tape)
    {
        match(m, m.side == Side::Buy ? 1'000'000 : 0, tape);
    }
    void cancel(std::uint32_t number)
    {
        const auto found = m_orders.find(number);
        if (found == m_orders.end())
            return;
        const auto [side, price, where] = found->second;
        m_orders.erase(found);
        if (side == Side::Buy)
            erase(m_bids, price, where);
        else
            erase(m_asks, price, where);
    }

private:
    struct Resting {
        std::uint32_t number;
        std::int64_t quantity;
    };
    using Queue = std::list<Resting>;
    struct Where {
        Side side;
        std::int64_t price;
        Queue::iterator position;
    };
    template <typename Ladder>
    void erase(Ladder& ladder, std::int64_t price, Queue::iterator where)
    {
        const auto level = ladder.find(price);
        level->second.erase(where);
        if (level->second.empty())
            ladder.erase(level);
    }
    template <typename Ladder, typename Crosses>
    std::int64_t take(Ladder& ladder, const Message& m, Crosses crosses, Tape& tape)
    {
        auto left = m.quantity;
        while (left > 0 && !ladder.empty() && crosses(ladder.begin()->first)) {
            auto& [price, queue] = *ladder.begin();
            auto& maker = queue.front();
            const auto quantity = std::min(left, maker.quantity);
            tape.add(m.number, maker.number, price, quantity);
            left -= quantity;
            maker.quantity -= quantity;
            if (maker.quantity > 0)
                continue;
            m_orders.erase(maker.number);
            queue.pop_front();
            if (queue.empty())
                ladder.erase(ladder.begin());
        }
        return left;
    }
    std::int64_t match(const Message& m, std::int64_t limit, Tape& tape)
    {
        if (m.side == Side::Buy)
            return take(m_asks, m, [limit](std::int64_t price) { return price <= limit; }, tape);
        return take(m_bids, m, [limit](std::int64_t price) { return price >= limit; }, tape);
    }

    std::map<std::int64_t, Queue, std::greater<>> m_bids;
    std::map<std::int64_t, Queue> m_asks;
    std::unordered_map<std::uint32_t, Where> m_orders;
};

/// Processor time: a busy machine must not decide who wins.
double processorSeconds()
{
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

double runTextbook(const std::vector<Message>& all, std::uint32_t books, Tape& tape)
{
    std::vector<TextbookBook> venue(books);
    const auto start = processorSeconds();
    for (const auto& m : all) {
        switch (m.kind) {
        case Message::Kind::Limit: venue[m.book].limit(m, tape); break;
        case Message::Kind::Market: venue[m.book].market(m, tape); break;
        case Message::Kind::Cancel: venue[m.book].cancel(m.number); break;
        }
    }
    return processorSeconds() - start;
}

double runEngine(const std::vector<Message>& all, std::uint32_t books, Tape& tape)
{
    MatchingEngine engine(SelfTrade::Allow, 200'000);
    for (std::uint32_t i = 0; i < books; ++i)
        engine.addBook();
    std::vector<EngineOrderId> ids(all.size());
    EngineEvents events;
    events.reserve(1024);
    const auto start = processorSeconds();
    for (const auto& m : all) {
        events.clear();
        if (m.kind == Message::Kind::Cancel) {
            engine.cancel(ids[m.number], events);
            continue;
        }
        EngineOrder order;
        order.book = m.book;
        order.side = m.side;
        order.quantity = m.quantity;
        order.tag = m.number;
        if (m.kind == Message::Kind::Market) {
            order.type = OrderType::Market;
            order.timeInForce = TimeInForce::Ioc;
        } else {
            order.price = m.price;
        }
        ids[m.number] = engine.submit(order, events);
        for (const auto& event : events) {
            if (event.kind == EngineEventKind::Traded)
                tape.add(static_cast<std::uint32_t>(event.tag),
                         static_cast<std::uint32_t>(event.makerTag), event.price, event.quantity);
        }
    }
    return processorSeconds() - start;
}

/// The two take turns, and each round has its own ratio: the speed of the machine drifts.
void compare(std::uint32_t books)
{
    constexpr int kRounds = 9;
    const auto all = messages(1'000'000, books);
    std::vector<double> times, controls, ratios;
    bool same = true;
    for (int round = 0; round <= kRounds; ++round) {
        Tape ours, textbook;
        double time = 0, control = 0;
        if (round % 2 == 0)
            control = runTextbook(all, books, textbook);
        time = runEngine(all, books, ours);
        if (round % 2 == 1)
            control = runTextbook(all, books, textbook);
        same = same && ours.hash == textbook.hash && ours.trades == textbook.trades;
        if (round == 0)
            continue; // memory is new to both
        times.push_back(time);
        controls.push_back(control);
        ratios.push_back(control / time);
    }
    const auto million = static_cast<double>(all.size()) / 1e6;
    const auto ratio = median(ratios);
    std::printf("{\"bench\":\"matching.%u_symbols\",\"value\":%.2f,\"unit\":\"M messages/s\","
                "\"control\":\"map_list_unordered_map %.2f\",\"ratio\":%.2f,\"bar\":\">=2\","
                "\"same_trades\":%s,\"ok\":%s}\n",
                books, million / median(times), million / median(controls), ratio,
                same ? "true" : "false", same && ratio >= 2.0 ? "true" : "false");
}

/// What a market's events cost that is only told and not made up: the same ones, copied.
double copyingSeconds(const std::vector<MarketBatch>& told)
{
    MarketBatch batch;
    batch.reserve(4096);
    std::size_t copied = 0;
    const auto start = processorSeconds();
    for (const MarketBatch& one : told) {
        batch.clear();
        batch.insert(batch.end(), one.begin(), one.end());
        copied += batch.size();
    }
    return copied == 0 ? 0 : processorSeconds() - start;
}

void generate()
{
    SimulationOptions options;
    options.symbols = 1000;
    options.updatesPerSecond = 50'000;
    SimulatedMarket market(options);
    auto now = Timestamp::of("2026-03-02T21:00:00Z");
    market.start(now);
    std::vector<MarketBatch> told;
    constexpr int kSeconds = 10;
    told.reserve(kSeconds * 100);
    MarketBatch batch;
    batch.reserve(4096);
    double spent = 0;
    std::size_t updates = 0;
    for (int i = 0; i < kSeconds * 100; ++i) {
        now = now + std::chrono::milliseconds(10);
        batch.clear();
        const auto start = processorSeconds();
        market.advance(now, batch);
        spent += processorSeconds() - start;
        updates += batch.size();
        told.push_back(batch);
    }
    const double share = spent / kSeconds, copying = copyingSeconds(told);
    const auto rate = static_cast<double>(updates) / kSeconds;
    std::printf("{\"bench\":\"simulation.core_share\",\"value\":%.4f,\"unit\":\"of a core at %.0f "
                "updates/s\",\"control\":\"the same events copied %.4f\",\"ratio\":%.1f,"
                "\"bar\":\"value <=0.25\",\"ok\":%s}\n",
                share, rate, copying / kSeconds, spent / std::max(copying, 1e-6),
                share <= 0.25 && rate >= 45'000 ? "true" : "false");
}

} // namespace

int main()
{
    // The textbook's nodes come from the heap. Memory given back between rounds would have to be
    // faulted in again, which is no part of its book.
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    compare(1);
    compare(500);
    generate();
    return 0;
}
