#include "services/orders/order_service.h"

#include "services/orders/intake.h"
#include "services/orders/reconciler.h"

namespace qd::orders {
namespace {

constexpr const char* kNeverTurnedOn =
    "nobody has turned on trading with real money here yet, which takes a fresh proof of who they are";

} // namespace

/// The room with its steps, in the order of an order's path.
struct OrderService::Desk {
    Desk(Dependencies dependencies, Settings settings)
        : room(dependencies, std::move(settings),
               {[this](Change& change) { committed(change); },
                [this](const Error& error) { writeFailed(error); }}),
          applier(room), resolver(room, applier), sender(room, applier, resolver),
          intake(room, sender), reconciler(room, applier, resolver)
    {
        applier.onExecutionsMissing([this] { reconciler.runSoon(); });
        applier.onDoubt([this](const ClientOrderId& id) { resolver.watch(id, {}); });
        resolver.onVanished([this] { reconciler.runSoon(); });
        resolver.onResendCancel([this](const ClientOrderId& id) { sender.cancel(id, {}); });
    }

    void start(std::function<void(Result<void>)> done);
    void loadTables(std::function<void(Result<void>)> done);
    void take(const Loaded& loaded);
    void takeCash(const Loaded& loaded);
    void recordHalt();
    void brokerEvent(const brokers::BrokerEvent& event);
    void committed(Change& change);
    void writeFailed(const Error& error);
    void reload();

    Room room;
    Applier applier;
    Resolver resolver;
    Sender sender;
    Intake intake;
    Reconciler reconciler;
    std::vector<Observer> observers;
    runtime::Timer reloadTimer;
    bool brokerStarted = false;
    bool brokerConnected = false;
    std::shared_ptr<bool> alive = std::make_shared<bool>(true);
};

// ── start, and start again ──────────────────────────────────────────────────────────────────────

void OrderService::Desk::start(std::function<void(Result<void>)> done)
{
    loadTables([this, done = std::move(done)](Result<void> loaded) {
        if (loaded && !brokerStarted) {
            brokerStarted = true;
            room.broker.start([this, guard = std::weak_ptr<bool>(alive)](
                                  const brokers::BrokerEvent& event) {
                if (!guard.expired()) brokerEvent(event);
            });
        }
        if (done) done(std::move(loaded));
    });
}

void OrderService::Desk::loadTables(std::function<void(Result<void>)> done)
{
    const auto loaded = std::make_shared<Loaded>();
    room.journal.read(
        [loaded](storage::Transaction& transaction) -> Result<void> {
            auto read = load(transaction);
            if (!read) return tl::unexpected(read.error());
            *loaded = std::move(*read);
            return {};
        },
        [this, loaded, done = std::move(done)](Result<void> outcome) {
            if (!outcome) {
                room.storageError = describe(outcome.error());
            } else {
                const bool mustBeTurnedOn = room.settings.live && loaded->isUntouched();
                if (mustBeTurnedOn) {
                    loaded->trading.state = TradingState::Halted;
                    loaded->trading.reason = kNeverTurnedOn;
                    loaded->trading.since = room.now();
                }
                take(*loaded);
                if (mustBeTurnedOn) recordHalt();
            }
            done(std::move(outcome));
        });
}

void OrderService::Desk::take(const Loaded& loaded)
{
    room.book = Book();
    room.reservations = Reservations();
    room.vanished.clear();
    for (const Loaded::StoredOrder& stored : loaded.orders) {
        room.book.put(stored.order);
        const ClientOrderId& id = stored.order->request.clientOrderId;
        room.book.setNumber(id, stored.number);
        // Of an order that nobody asked us for there is none, and a spoilt one fits no request.
        storage::Hash hash{};
        if (storage::parseHex(stored.requestHash, hash)) room.book.putHash(id, hash);
        room.book.markCommitted(id, stored.order->version);
    }
    replay(
        loaded, [this](const Position& opening) { room.book.addOpening(opening); },
        [this](const Fill& fill) { room.book.addFill(fill); });
    takeCash(loaded);
    room.book.completeNotionals();
    for (const ExplainedExecution& execution : loaded.explained) room.book.addExplained(execution);
    room.projection.reset(loaded);
    room.trading = loaded.trading;
    room.trading.reconciling = true;
    room.trading.brokerConnected = brokerConnected;
    room.trading.differences.clear(); // found again by the comparison that follows
    room.adoptedAt = loaded.adoptedAt;
    room.reconciledAt = loaded.reconciledAt;
    room.loaded = true;
    room.storageError.clear();
    Change change;
    for (const Notice& notice : loaded.repairs) {
        room.notify(change, notice.severity, notice.title, notice.text, notice.subject);
    }
    room.journal.commit(std::move(change));
    resolver.watchAllInFlight();
    reconciler.startTimer();
    if (brokerConnected) reconciler.run("start");
}

/// That trading waits to be turned on is a fact like any other: it is in the log, and lasts.
void OrderService::Desk::recordHalt()
{
    Change change;
    Source source;
    source.actor = "system:desk";
    room.recordTrading(change, source);
    room.journal.commit(std::move(change));
}

void OrderService::Desk::takeCash(const Loaded& loaded)
{
    room.cash = CashLedger();
    if (!loaded.agreedCash) return;
    room.cash.agree(loaded.agreedCash->amount);
    for (const auto& [fill, number] : loaded.fills) {
        if (number > loaded.agreedCash->afterFill) room.cash.add(fill);
    }
}

void OrderService::Desk::writeFailed(const Error& error)
{
    // The book says more than the disk. Forget it and begin again from what is certain.
    room.storageError = describe(error);
    room.loaded = false;
    room.journal.abandon();
    sender.abandon();
    resolver.clear();
    reconciler.clear();
    intake.abandon(error);
    reloadTimer = room.core.after(room.settings.reconcileRetry, [this] { reload(); });
}

void OrderService::Desk::reload()
{
    ++room.counters.reloads;
    loadTables([this](Result<void> loaded) {
        if (!loaded) {
            reloadTimer = room.core.after(room.settings.reconcileRetry, [this] { reload(); });
        }
    });
}

// ── what the broker tells, and what has been written ────────────────────────────────────────────

void OrderService::Desk::brokerEvent(const brokers::BrokerEvent& event)
{
    if (const auto* connection = std::get_if<brokers::ConnectionChange>(&event)) {
        brokerConnected = connection->connected;
    }
    // What is missed while the memory is rebuilt is found by the comparison after it.
    if (!room.loaded) return;
    if (const auto* connection = std::get_if<brokers::ConnectionChange>(&event)) {
        return reconciler.connectionChanged(*connection);
    }
    Change change;
    if (const auto* update = std::get_if<brokers::OrderUpdate>(&event)) {
        // Until opening balances are taken, everything that happens becomes part of them.
        if (!room.adoptedAt) return;
        applier.apply(change, *update);
        if (update->kind == OrderEventKind::Filled) reconciler.refreshAccountSoon();
    } else {
        applier.apply(change, std::get<brokers::Malformed>(event));
        reconciler.runSoon(); // what it would have told is asked for
    }
    room.journal.commit(std::move(change));
}

void OrderService::Desk::committed(Change& change)
{
    for (Entry& entry : change) {
        if (entry.fact.order) {
            entry.fact.order.amend().version = entry.fact.sequence;
            room.book.markCommitted(entry.fact.order->request.clientOrderId, entry.fact.sequence);
        }
        room.projection.apply(entry);
    }
    for (const Entry& entry : change) {
        for (const Observer& observer : observers) observer(entry.fact);
    }
}

// ── the door ────────────────────────────────────────────────────────────────────────────────────

OrderService::OrderService(Dependencies dependencies, Settings settings)
    : m_desk(std::make_unique<Desk>(dependencies, std::move(settings)))
{
}

OrderService::~OrderService() = default;

void OrderService::observe(Observer observer)
{
    m_desk->observers.push_back(std::move(observer));
}

void OrderService::start(std::function<void(Result<void>)> loaded)
{
    m_desk->start(std::move(loaded));
}

void OrderService::submit(const OrderRequest& request, const CommandContext& context,
                          OrderDone done)
{
    m_desk->intake.submit(request, context, std::move(done));
}

tl::expected<Preview, Refusal> OrderService::preview(const OrderRequest& request) const
{
    return m_desk->intake.preview(request);
}

void OrderService::modify(const ClientOrderId& id, const ChangeRequest& change,
                          const CommandContext& context, OrderDone done)
{
    m_desk->intake.modify(id, change, context, std::move(done));
}

void OrderService::cancel(const ClientOrderId& id, const CommandContext& context, OrderDone done)
{
    m_desk->intake.cancel(id, context, std::move(done));
}

void OrderService::cancelAll(std::optional<Symbol> symbol, std::optional<Side> side,
                             const CommandContext& context,
                             std::function<void(std::vector<ClientOrderId>)> done)
{
    auto asked = m_desk->intake.cancelAll(symbol, side, context);
    // Answered when the last of them is on disk: commits keep their order.
    m_desk->room.journal.read([](storage::Transaction&) -> Result<void> { return {}; },
                              [done = std::move(done), asked = std::move(asked)](
                                  const Result<void>&) { done(asked); });
}

void OrderService::setTradingState(TradingState state, std::string reason,
                                   const CommandContext& context,
                                   std::function<void(Result<TradingStatus>)> done)
{
    Room& room = m_desk->room;
    room.trading.state = state;
    room.trading.reason = std::move(reason);
    room.trading.since = room.now();
    Change change;
    Source source;
    source.actor = context.actor;
    source.traceId = context.traceId;
    room.recordTrading(change, source);
    room.journal.commit(std::move(change), [&room, done = std::move(done)](Result<void> committed) {
        done(committed.map([&room] { return room.projection.trading(); }));
    });
}

void OrderService::reconcileNow(const CommandContext&, std::function<void(ReconcileReport)> done)
{
    m_desk->reconciler.run("demand", std::move(done));
}

void OrderService::acceptDifference(const std::string& id, const std::string& reason,
                                    const CommandContext& context, AcceptDone done)
{
    m_desk->reconciler.accept(id, reason, context, std::move(done));
}

OrderPage OrderService::orders(const OrderFilter& filter) const
{
    return m_desk->room.projection.page(filter);
}

std::optional<Order> OrderService::order(const ClientOrderId& id) const
{
    const Order* found = m_desk->room.committed(id);
    return found ? std::optional(*found) : std::nullopt;
}

FillPage OrderService::fillPage(const FillFilter& filter) const
{
    return m_desk->room.projection.fills(filter);
}

std::vector<Fill> OrderService::fills(const FillFilter& filter) const
{
    return fillPage(filter).fills;
}

std::vector<Position> OrderService::positions() const { return m_desk->room.projection.positions(); }

std::optional<Position> OrderService::position(const Symbol& symbol) const
{
    return m_desk->room.projection.position(symbol);
}

bool OrderService::isReconciled(const Symbol& symbol) const
{
    return m_desk->reconciler.agrees(symbol);
}

std::optional<AccountSnapshot> OrderService::account() const
{
    return m_desk->room.projection.account();
}

Money OrderService::openRisk() const { return m_desk->room.projection.openRisk(); }

TradingStatus OrderService::trading() const { return m_desk->room.projection.trading(); }

std::int64_t OrderService::lastSequence() const { return m_desk->room.projection.lastSequence(); }

void OrderService::timeline(const ClientOrderId& id,
                            std::function<void(Result<std::vector<storage::Event>>)> done) const
{
    constexpr std::size_t kEventsMax = 1'000;
    const auto events = std::make_shared<std::vector<storage::Event>>();
    m_desk->room.journal.read(
        [events, subject = "order/" + id.text()](storage::Transaction& transaction) -> Result<void> {
            auto read = storage::readEventsOf(transaction.database(), subject, kEventsMax);
            if (!read) return tl::unexpected(read.error());
            *events = std::move(*read);
            return {};
        },
        [events, done = std::move(done)](Result<void> outcome) {
            done(outcome.map([&events] { return std::move(*events); }));
        });
}

OrderService::Figures OrderService::figures() const
{
    const Room& room = m_desk->room;
    Figures figures = room.counters;
    figures.orders = room.book.orderCount();
    figures.openOrders = room.book.openCount();
    figures.unresolved = m_desk->resolver.count();
    figures.pendingCommits = room.journal.pending();
    figures.loaded = room.loaded;
    figures.storageError = room.storageError;
    return figures;
}

} // namespace qd::orders
