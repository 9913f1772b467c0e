#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/orders/order_service.h"
#include "tests/support/orders_dsl.h"
#include "tests/support/orders_link.h"
#include "tests/support/temp_dir.h"

namespace qd::test {

/// The order room with its real database in virtual time, and a venue that does as it is told.
/// `crash` is kill -9 at that moment; `restart` begins again with what is on the disk.
class Backend {
public:
    /// Wraps the broker in something faulty; empty = as it is.
    using Decorate = std::function<std::unique_ptr<brokers::Broker>(brokers::Broker&)>;

    explicit Backend(orders::Settings settings = {}, std::uint64_t seed = 1, bool started = true)
        : world(seed), outside(world, "venue"), venue(world.clock()), m_settings(std::move(settings))
    {
        if (started) start();
    }
    ~Backend() { crash(); }

    void start()
    {
        boot();
        const bool ready = world.runUntil([this] { return isReady(); }, std::chrono::minutes(5));
        QD_ASSERT(ready);
    }
    /// Start without waiting for the broker to be compared.
    void boot()
    {
        m_process = std::make_unique<SimProcess>(world);
        SimExecutor& core = m_process->executor("core");
        auto database = storage::Database::open(databasePath(), storage::Durability::Off);
        QD_ASSERT(database.has_value());
        const auto migrated = storage::migrateAll(
            *database, {storage::storageMigrations(), orders::orderMigrations()});
        QD_ASSERT(migrated.has_value());
        m_writer = std::move(storage::Writer::open(std::move(*database), m_process->executor("db"),
                                                   m_writerOptions)
                                 .value());
        link = std::make_unique<VenueLink>(venue, outside, core);
        link->faults = faults;
        if (decorate) m_decorated = decorate(*link);
        brokers::Broker& broker = m_decorated ? *m_decorated : *link;
        m_random = std::make_unique<runtime::SeededRandom>(world.random().next());
        m_service = std::make_unique<orders::OrderService>(
            orders::OrderService::Dependencies{*m_writer, core, *m_random, broker, market},
            m_settings);
        m_service->observe([this](const orders::Committed& fact) {
            committed.push_back(fact);
            if (fact.notice) notices.push_back(*fact.notice);
        });
        m_service->start([](const Result<void>&) {});
    }
    void crash()
    {
        if (m_process) m_process->kill();
        m_service.reset();
        m_decorated.reset();
        link.reset();
        m_writer.reset();
        m_process.reset();
    }
    void restart()
    {
        crash();
        start();
    }
    bool isRunning() const { return m_service != nullptr; }
    bool isReady() const
    {
        if (!m_service || !m_service->figures().loaded) return false;
        const orders::TradingStatus status = m_service->trading();
        return status.brokerConnected && !status.reconciling;
    }

    // ── commands, as stories tell them ───────────────────────────────────────────────────────────
    tl::expected<Order, orders::Refusal> trySubmit(const OrderRequest& request)
    {
        std::optional<tl::expected<Order, orders::Refusal>> answer;
        m_service->submit(request, {}, [&](auto outcome) { answer = std::move(outcome); });
        world.runUntil([&] { return answer.has_value(); });
        QD_ASSERT(answer.has_value());
        return *answer;
    }
    ClientOrderId submit(const OrderRequest& request)
    {
        const auto answer = trySubmit(request);
        if (!answer) promiseBroken(describe(answer.error().error).c_str(), __FILE__, __LINE__);
        return request.clientOrderId;
    }
    /// The code of the refusal; empty if the order was taken.
    std::string refusalOf(const OrderRequest& request)
    {
        const auto answer = trySubmit(request);
        return answer ? std::string() : answer.error().error.code;
    }
    tl::expected<Order, orders::Refusal> cancel(const ClientOrderId& id)
    {
        std::optional<tl::expected<Order, orders::Refusal>> answer;
        m_service->cancel(id, {}, [&](auto outcome) { answer = std::move(outcome); });
        world.runUntil([&] { return answer.has_value(); });
        return *answer;
    }
    tl::expected<Order, orders::Refusal> modify(const ClientOrderId& id,
                                                const orders::ChangeRequest& change)
    {
        std::optional<tl::expected<Order, orders::Refusal>> answer;
        m_service->modify(id, change, {}, [&](auto outcome) { answer = std::move(outcome); });
        world.runUntil([&] { return answer.has_value(); });
        return *answer;
    }
    orders::ReconcileReport reconcile()
    {
        std::optional<orders::ReconcileReport> report;
        m_service->reconcileNow({}, [&](const orders::ReconcileReport& made) { report = made; });
        world.runUntil([&] { return report.has_value(); });
        return *report;
    }
    void setTrading(orders::TradingState state)
    {
        bool isDone = false;
        m_service->setTradingState(state, "test", {}, [&](const auto&) { isDone = true; });
        world.runUntil([&] { return isDone; });
    }
    void fill(const ClientOrderId& id, int quantity, std::string_view price)
    {
        const bool done = venue.fill(venue.idOf(id), Quantity(Decimal::fromInt(quantity)),
                                     Price::of(price));
        QD_ASSERT(done);
        run(std::chrono::milliseconds(50));
    }
    void run(Duration duration) { world.run(duration); }

    // ── what can be seen ─────────────────────────────────────────────────────────────────────────
    orders::OrderService& service() { return *m_service; }
    Order order(const ClientOrderId& id) { return m_service->order(id).value_or(Order()); }
    OrderState state(const ClientOrderId& id) { return order(id).state; }
    Quantity position(std::string_view symbol)
    {
        const auto held = m_service->position(Symbol::of(symbol));
        return held ? held->quantity : Quantity();
    }
    bool noticed(std::string_view title) const
    {
        return std::ranges::any_of(notices, [&](const orders::Notice& notice) {
            return notice.title.find(title) != std::string::npos;
        });
    }
    std::string databasePath() const { return (m_directory / "orders.db").string(); }
    storage::Database openDatabase() const
    {
        return std::move(storage::Database::open(databasePath(), storage::Durability::Off).value());
    }
    storage::WriterOptions& writerOptions() { return m_writerOptions; }

    SimWorld world;
    SimExecutor outside;
    OrderVenue venue;
    FakeMarket market;
    LinkFaults faults; ///< of the next boot
    Decorate decorate;
    std::unique_ptr<VenueLink> link;
    std::vector<orders::Committed> committed;
    std::vector<orders::Notice> notices;

private:
    orders::Settings m_settings;
    TempDir m_directory;
    storage::WriterOptions m_writerOptions;
    std::unique_ptr<SimProcess> m_process;
    std::unique_ptr<storage::Writer> m_writer;
    std::unique_ptr<brokers::Broker> m_decorated;
    std::unique_ptr<runtime::SeededRandom> m_random;
    std::unique_ptr<orders::OrderService> m_service;
};

} // namespace qd::test
