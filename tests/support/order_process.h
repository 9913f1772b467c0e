#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/orders/order_service.h"
#include "tests/support/orders_dsl.h"
#include "tests/support/sim_world.h"
#include "tests/support/temp_dir.h"

namespace qd::test {

/// The order room with its real database, in a process in virtual time that can be killed and
/// started again on what is on the disk. Which broker it has, the derived class says; its destructor
/// calls `crash`.
class OrderProcess {
public:
    OrderProcess(orders::Settings settings, std::uint64_t seed)
        : world(seed), m_settings(std::move(settings))
    {
    }
    virtual ~OrderProcess() = default;
    OrderProcess(const OrderProcess&) = delete;
    OrderProcess& operator=(const OrderProcess&) = delete;

    void start()
    {
        boot();
        const bool ready = world.runUntil([this] { return isReady(); }, std::chrono::minutes(5));
        QD_ASSERT(ready);
    }
    /// Start without waiting for the broker to be compared.
    void boot()
    {
        const Result<void> booted = tryBoot();
        if (!booted) promiseBroken(describe(booted.error()).c_str(), __FILE__, __LINE__);
    }
    /// As `boot`, where the disk may be in the way.
    Result<void> tryBoot()
    {
        m_process = std::make_unique<SimProcess>(world);
        SimExecutor& core = m_process->executor("core");
        auto database = storage::Database::open(databasePath(), durability);
        if (!database) return giveUp(database.error());
        const auto migrated = storage::migrateAll(
            *database, {storage::storageMigrations(), orders::orderMigrations()});
        if (!migrated) return giveUp(migrated.error());
        auto writer = storage::Writer::open(std::move(*database), m_process->executor("db"),
                                            m_writerOptions);
        if (!writer) return giveUp(writer.error());
        m_writer = std::move(*writer);
        brokers::Broker& broker = openBroker(core);
        m_random = std::make_unique<runtime::SeededRandom>(world.random().next());
        m_service = std::make_unique<orders::OrderService>(
            orders::OrderService::Dependencies{*m_writer, core, *m_random, broker, market},
            m_settings);
        m_service->observe([this](const orders::Committed& fact) {
            committed.push_back(fact);
            if (fact.notice) notices.push_back(*fact.notice);
        });
        m_service->start([](const Result<void>&) {});
        return {};
    }
    /// kill -9 at this moment.
    void crash()
    {
        if (m_process) m_process->kill();
        m_service.reset();
        closeBroker();
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
    void run(Duration duration) { world.run(duration); }

    // ── what can be seen ─────────────────────────────────────────────────────────────────────────
    orders::OrderService& service() { return *m_service; }
    /// Where the order room lives, until the next crash.
    SimExecutor& core() { return m_process->executor("core"); }
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
    FakeMarket market;
    storage::Durability durability = storage::Durability::Off;
    std::vector<orders::Committed> committed;
    std::vector<orders::Notice> notices;

protected:
    /// The broker of this life of the process, until `closeBroker`.
    virtual brokers::Broker& openBroker(SimExecutor& core) = 0;
    virtual void closeBroker() = 0;

private:
    Result<void> giveUp(Error error)
    {
        crash();
        return tl::unexpected(std::move(error));
    }

    orders::Settings m_settings;
    TempDir m_directory;
    storage::WriterOptions m_writerOptions;
    std::unique_ptr<SimProcess> m_process;
    std::unique_ptr<storage::Writer> m_writer;
    std::unique_ptr<runtime::SeededRandom> m_random;
    std::unique_ptr<orders::OrderService> m_service;
};

} // namespace qd::test
