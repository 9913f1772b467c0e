// What one order costs with 1,000 and with 100,000 orders in the book: flat within 20 %. And what it
// leaves in memory once it is filled: orders, executions and their names are kept for good.
// uses: models/base models/orders services/runtime services/storage services/brokers services/orders
// From the command over the disk to its fill on the disk; both books run side by side.

#include <algorithm>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <utility>
#include <vector>

#include <unistd.h>

#include "services/orders/order_json.h"
#include "services/orders/order_service.h"
#include "tests/bench/median.h"
#include "tests/support/instant_broker.h"

namespace {

using namespace qd;
using bench::median;

/// Runs what was posted when told to, and then what was to wait some milliseconds; later timers never
/// fire. One thread.
class ManualExecutor final : public runtime::Executor {
public:
    void post(runtime::Task task) override { m_tasks.push_back(std::move(task)); }
    runtime::Timer after(Duration delay, runtime::Task task) override
    {
        auto alive = std::make_shared<bool>(true);
        if (delay <= std::chrono::milliseconds(10)) m_soon.push_back({alive, std::move(task)});
        return runtime::Timer(std::move(alive));
    }
    const runtime::Clock& clock() const override { return runtime::systemClock(); }
    bool isCurrent() const override { return true; }
    bool runOne()
    {
        if (m_tasks.empty()) takeSoon();
        if (m_tasks.empty()) return false;
        const runtime::Task task = std::move(m_tasks.front());
        m_tasks.pop_front();
        task();
        return true;
    }

private:
    struct Soon {
        std::shared_ptr<bool> alive;
        runtime::Task task;
    };
    void takeSoon()
    {
        for (Soon& soon : std::exchange(m_soon, {})) {
            if (std::exchange(*soon.alive, false)) m_tasks.push_back(std::move(soon.task));
        }
    }

    std::deque<runtime::Task> m_tasks;
    std::vector<Soon> m_soon;
};

/// Accepts at once and fills at once.
class FillingBroker final : public test::InstantBroker {
public:
    explicit FillingBroker(runtime::Executor& core) : InstantBroker(core) {}

private:
    void answered(brokers::OrderReport report) override
    {
        const Quantity whole = report.request.quantity;
        tell(fill(report, whole, ExecutionId("x" + report.venueOrderId.text())));
    }
};

class OneStock final : public orders::MarketView {
public:
    OneStock() { m_instrument.symbol = Symbol::of("ACME"); }
    const Instrument* instrument(const Symbol&) const override { return &m_instrument; }
    std::vector<Symbol> nearMatches(std::string_view, std::size_t) const override { return {}; }
    orders::MarketPicture picture(const Symbol&) const override
    {
        orders::MarketPicture picture;
        picture.last = Price::of("12.50");
        picture.freshness = Freshness::Live;
        return picture;
    }
    SessionPhase phase(const Instrument&, Timestamp) const override { return SessionPhase::Regular; }
    Timestamp nextOpen(const Instrument&, Timestamp) const override { return {}; }

private:
    Instrument m_instrument;
};

OrderRequest requestOf(runtime::Random& random)
{
    OrderRequest request;
    request.clientOrderId = ClientOrderId(random.uuidV4());
    request.account = AccountId("paper");
    request.symbol = Symbol::of("ACME");
    request.type = OrderType::Limit;
    request.timeInForce = TimeInForce::Gtc;
    request.quantity = Quantity::of("1");
    request.limitPrice = Price::of("12.50");
    return request;
}

/// `count` orders that are there already, every second one open.
void fillTable(storage::Database& database, int count, runtime::Random& random)
{
    const auto begun = database.begin();
    QD_ASSERT(begun.has_value());
    for (int i = 0; i < count; ++i) {
        Order order;
        order.request = requestOf(random);
        order.state = i % 2 == 0 ? OrderState::Accepted : OrderState::Canceled;
        order.createdAt = order.acceptedAt = Timestamp::fromSeconds(1'700'000'000);
        json::Writer body;
        orders::writeOrder(body, order, orders::Detail::Log);
        auto row = database.prepare("INSERT INTO orders(client_id, symbol, state, request_hash, "
                                    "version, body) VALUES(?,?,?,?,0,?)");
        const auto done = row->bind(1, order.request.clientOrderId.text())
                              .bind(2, "ACME")
                              .bind(3, toString(order.state))
                              .bind(4, "")
                              .bind(5, body.text())
                              .run();
        QD_ASSERT(done.has_value());
    }
    QD_ASSERT(database.commit().has_value());
}

/// One order room with its own database, run by hand.
struct Room {
    Room(const std::string& path, int orderCount) : broker(core)
    {
        auto database = storage::Database::open(path, storage::Durability::Off).value();
        QD_ASSERT(storage::migrateAll(database, {storage::storageMigrations(),
                                                 orders::orderMigrations()})
                      .has_value());
        fillTable(database, orderCount, random);
        writer = std::move(storage::Writer::open(std::move(database), db).value());
        orders::Settings settings;
        settings.submitsPerMinuteMax = 1'000'000'000;
        service = std::make_unique<orders::OrderService>(
            orders::OrderService::Dependencies{*writer, core, random, broker, market}, settings);
        service->start([](const Result<void>&) {});
        drain();
        QD_ASSERT(!service->trading().reconciling);
    }
    void drain()
    {
        while (core.runOne() || db.runOne()) {}
    }
    /// Microseconds per order of `count` orders that come together.
    double run(int count)
    {
        const Duration start = runtime::systemClock().steady();
        int answered = 0;
        for (int i = 0; i < count; ++i) {
            service->submit(requestOf(random), {}, [&](const auto& answer) { answered += answer ? 1 : 0; });
        }
        drain();
        const Duration took = runtime::systemClock().steady() - start;
        QD_ASSERT(answered == count);
        return static_cast<double>(took.count()) / 1e3 / count;
    }

    ManualExecutor core, db;
    runtime::SeededRandom random{1};
    FillingBroker broker;
    OneStock market;
    std::unique_ptr<storage::Writer> writer;
    std::unique_ptr<orders::OrderService> service;
};

/// Of this process, in memory.
double residentBytes()
{
    std::ifstream status("/proc/self/statm");
    double whole = 0, resident = 0;
    status >> whole >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

/// Bytes that stay of an order and its fill, by how the process grows.
double bytesKept(Room& room)
{
    constexpr int kWarm = 5'000, kOrders = 40'000, kTogether = 100;
    const auto trade = [&room](int count) {
        for (int done = 0; done < count; done += kTogether) room.run(kTogether);
    };
    trade(kWarm); // caches are full from here on
    const double before = residentBytes();
    trade(kOrders);
    return (residentBytes() - before) / kOrders;
}

} // namespace

int main()
{
    const auto directory =
        std::filesystem::temp_directory_path() / ("order_path_" + std::to_string(getpid()));
    std::filesystem::create_directories(directory);
    { // before others leave memory behind that this one would use
        Room room((directory / "kept.db").string(), 0);
        const double kept = bytesKept(room);
        std::printf("{\"bench\":\"orders.bytes_kept_per_order\",\"value\":%.0f,\"unit\":\"B\","
                    "\"bar\":\"<=2048\",\"ok\":%s}\n",
                    kept, kept <= 2048 ? "true" : "false");
    }
    {
        Room few((directory / "few.db").string(), 1'000);
        Room many((directory / "many.db").string(), 100'000);
        constexpr int kRounds = 15, kOrders = 100;
        std::vector<double> costFew, costMany;
        few.run(kOrders);
        many.run(kOrders);
        for (int round = 0; round < kRounds; ++round) {
            costFew.push_back(few.run(kOrders));
            costMany.push_back(many.run(kOrders));
        }
        const double ratio = median(costMany) / median(costFew);
        std::printf("{\"bench\":\"orders.cost_per_order\",\"value\":%.1f,\"unit\":\"us\","
                    "\"control\":\"with_1000_orders\",\"ratio\":%.3f,\"bar\":\"<=1.20\",\"ok\":%s}\n",
                    median(costMany), ratio, ratio <= 1.20 ? "true" : "false");
    }
    std::filesystem::remove_all(directory);
    return 0;
}
