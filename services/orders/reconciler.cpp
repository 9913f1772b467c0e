#include "services/orders/reconciler.h"

#include <algorithm>

#include <fmt/format.h>

namespace qd::orders {

namespace {

using namespace std::chrono_literals;

/// Lists are read again from a little before the last complete comparison: clocks differ.
constexpr Duration kOverlap = 5min;
constexpr Duration kRunLongest = 2min;
constexpr int kFailureDoublingsMax = 4;
/// Brokers list by pages; more open orders than this cannot be compared as a whole.
constexpr std::size_t kOrdersListMax = 20'000;

} // namespace

Reconciler::Reconciler(Room& room, Applier& applier, Resolver& resolver)
    : m_room(room), m_applier(applier), m_resolver(resolver)
{
}

void Reconciler::clear()
{
    m_run.reset();
    m_next.clear();
    m_timer.cancel();
    m_soon.cancel();
    m_accountTimer.cancel();
    m_watchdog.cancel();
    m_looks.clear();
    m_missingFills.clear();
    m_differing.clear();
    m_cashLook = {};
    m_cashDiffers.reset();
    m_recheck = m_lookAgain = false;
    m_alive = std::make_shared<bool>(true);
}

void Reconciler::startTimer()
{
    m_timer = m_room.core.after(m_room.settings.reconcileEvery, [this] {
        startTimer();
        if (m_room.trading.brokerConnected && !m_run) run("timer");
    });
}

void Reconciler::runSoon()
{
    if (m_soon.isActive()) return;
    const int doublings = std::min(m_failures, kFailureDoublingsMax);
    m_soon = m_room.core.after(m_room.settings.reconcileRetry * (1 << doublings), [this] {
        run("recheck");
    });
}

void Reconciler::connectionChanged(const brokers::ConnectionChange& change)
{
    TradingStatus& trading = m_room.trading;
    trading.brokerConnected = change.connected;
    trading.reconciling = true;
    Change entries;
    Source source{m_room.brokerActor()};
    m_room.recordTrading(entries, source);
    m_room.journal.commit(std::move(entries));
    if (change.connected) run("reconnect");
}

// ── gathering ───────────────────────────────────────────────────────────────────────────────────

void Reconciler::run(std::string trigger, Done done)
{
    if (m_run) {
        m_next.emplace_back(std::move(trigger), std::move(done));
        return;
    }
    m_soon.cancel();
    m_run = std::make_unique<Run>();
    m_run->report.trigger = std::move(trigger);
    m_run->report.startedAt = m_room.now();
    if (done) m_run->done.push_back(std::move(done));
    m_watchdog = m_room.core.after(kRunLongest, [this] {
        fail({ErrorKind::Unavailable, "orders.reconcile_overdue",
              "the broker has not answered within two minutes", {}});
    });
    readOrders();
}

/// A callback that goes on with `take` if the same run still is the current one.
template <typename T, typename Take>
brokers::Broker::Callback<T> Reconciler::step(const Take& take)
{
    return [this, take, alive = std::weak_ptr<bool>(m_alive)](Result<T> answer) {
        if (alive.expired() || !m_run) return;
        if (!answer) return fail(answer.error());
        take(std::move(*answer));
    };
}

bool Reconciler::isDeep() const
{
    return m_run->report.trigger != "timer" && m_run->report.trigger != "recheck";
}

Timestamp Reconciler::ordersSince() const
{
    return m_room.reconciledAt ? *m_room.reconciledAt - kOverlap : Timestamp();
}

Timestamp Reconciler::executionsSince() const
{
    if (!m_room.reconciledAt) return m_room.now() - m_room.settings.executionOverlap;
    return *m_room.reconciledAt - (isDeep() ? m_room.settings.executionOverlap : kOverlap);
}

void Reconciler::readOrders()
{
    if (!m_room.adoptedAt) return readOpenOrders(); // history is in the opening balances
    m_room.broker.listOrders({/*openOnly=*/false, ordersSince(), kOrdersListMax},
                             step<std::vector<brokers::OrderReport>>([this](auto orders) {
                                 m_run->orders = std::move(orders);
                                 readOpenOrders();
                             }));
}

void Reconciler::readOpenOrders()
{
    m_room.broker.listOrders({/*openOnly=*/true, {}, kOrdersListMax},
                             step<std::vector<brokers::OrderReport>>([this](auto open) {
                                 m_run->openListComplete = open.size() < kOrdersListMax;
                                 std::ranges::move(open, std::back_inserter(m_run->orders));
                                 readExecutions();
                             }));
}

void Reconciler::readExecutions()
{
    m_room.broker.listExecutions(executionsSince(),
                                 step<std::vector<Fill>>([this](auto executions) {
                                     m_run->executions = std::move(executions);
                                     readPositions();
                                 }));
}

void Reconciler::readPositions()
{
    for (const auto& [symbol, position] : m_room.book.positions()) {
        m_run->fillCounts[symbol] = m_room.book.fillCount(symbol);
    }
    m_room.broker.listPositions(step<std::vector<Position>>([this](auto positions) {
        m_run->positions = std::move(positions);
        readAccount();
    }));
}

void Reconciler::readAccount()
{
    m_run->accountAskedAt = m_room.now();
    m_run->fillCount = m_room.cash.fillCount();
    m_room.broker.account(step<AccountSnapshot>([this](AccountSnapshot account) {
        m_run->account = std::move(account);
        if (m_room.adoptedAt) return finish();
        readExecutionsAgain();
    }));
}

void Reconciler::readExecutionsAgain()
{
    // Opening balances must contain exactly the executions that we then never book.
    m_room.broker.listExecutions(
        executionsSince(), step<std::vector<Fill>>([this](auto executions) {
            if (executions.size() == m_run->executions.size() && ordersAgreeWithExecutions()) {
                return finish();
            }
            fail({ErrorKind::Conflict, "orders.opening_moved",
                  "positions changed while they were being taken as opening balances", {}});
        }));
}

bool Reconciler::ordersAgreeWithExecutions() const
{
    std::unordered_map<VenueOrderId, Int128> filled; // 1e-8 units: the broker's word is not bounded
    for (const Fill& execution : m_run->executions) {
        filled[execution.venueOrderId] += execution.quantity.units();
    }
    return std::ranges::all_of(m_run->orders, [&](const brokers::OrderReport& report) {
        const auto found = filled.find(report.venueOrderId);
        return found == filled.end() || found->second <= report.filledQuantity.units();
    });
}

void Reconciler::fail(const Error& error)
{
    if (!m_run) return;
    ++m_failures;
    m_alive = std::make_shared<bool>(true); // answers of this run are not wanted any more
    m_run->report.failure = describe(error);
    m_run->report.finishedAt = m_room.now();
    if (m_room.trading.brokerConnected) runSoon();
    finished();
}

void Reconciler::finished()
{
    m_watchdog.cancel();
    const std::unique_ptr<Run> ended = std::move(m_run);
    for (const Done& done : ended->done) done(ended->report);
    if (m_next.empty()) return;
    auto next = std::exchange(m_next, {});
    std::vector<Done> waiting;
    for (auto& [trigger, done] : next) {
        if (done) waiting.push_back(std::move(done));
    }
    // One run answers them all. It may be over before this returns: a broker behind an open breaker
    // answers at once.
    run(next.front().first, [waiting = std::move(waiting)](const ReconcileReport& report) {
        for (const Done& done : waiting) done(report);
    });
}

void Reconciler::refreshAccountSoon()
{
    if (m_accountTimer.isActive()) return;
    m_accountTimer = m_room.core.after(m_room.settings.accountRefreshDelay, [this] {
        const Timestamp askedAt = m_room.now();
        m_room.broker.account(
            [this, askedAt, alive = std::weak_ptr<bool>(m_alive)](Result<AccountSnapshot> answer) {
                if (alive.expired() || !answer) return;
                Change change;
                takeAccount(change, *answer, askedAt);
                m_room.journal.commit(std::move(change));
            });
    });
}

// ── judging ─────────────────────────────────────────────────────────────────────────────────────

void Reconciler::finish()
{
    m_failures = 0;
    m_recheck = m_lookAgain = false;
    Change change;
    std::vector<Difference> differences;
    m_run->cashOvertaken = m_room.cash.fillCount() != m_run->fillCount;
    if (!m_room.adoptedAt) adoptOpening(change);
    applyOrders(change);
    applyExecutions(change);
    inferFills(change);
    verifyUnlisted();
    comparePositions(differences);
    compareOrders(differences);
    compareCash(change, differences);
    compareProtection(change);
    takeAccount(change, *m_run->account, m_run->accountAskedAt);
    ReconcileReport& report = m_run->report;
    report.complete = true;
    report.finishedAt = m_room.now();
    keepDifferences(change, std::move(differences));
    report.differences = m_room.trading.differences;
    recordReport(change);
    m_room.journal.commit(std::move(change));
    if (m_recheck || m_lookAgain) runSoon();
    finished();
}

void Reconciler::adoptOpening(Change& change)
{
    Entry entry;
    entry.fact.kind = "position.opening_adopted";
    entry.subject = "account/" + m_room.settings.account.text();
    entry.source.actor = "system:reconcile";
    for (Position opening : m_run->positions) {
        opening.account = m_room.settings.account;
        opening.realised = {};
        m_room.book.addOpening(opening);
        entry.openings.push_back(std::move(opening));
    }
    // Every execution so far is in these positions; none may be booked on top of them.
    for (const Fill& execution : m_run->executions) {
        const std::string& orderId = execution.clientOrderId.empty()
                                         ? execution.venueOrderId.text()
                                         : execution.clientOrderId.text();
        const ExplainedExecution explained{execution.executionId, openingKey(orderId),
                                           execution.quantity};
        m_room.book.addExplained(explained);
        entry.explained.push_back(explained);
    }
    entry.adoptedAt = m_run->report.startedAt;
    m_room.adoptedAt = entry.adoptedAt;
    m_run->report.openingAdopted = true;
    change.push_back(std::move(entry));
    for (const brokers::OrderReport& report : m_run->orders) {
        if (m_applier.locate(report.clientOrderId, report.venueOrderId)) continue;
        m_applier.adopt(change, report, Source{"system:reconcile"}, report.filledQuantity);
        ++m_run->report.ordersAdopted;
    }
}

void Reconciler::applyOrders(Change& change)
{
    std::ranges::stable_sort(m_run->orders, {}, &brokers::OrderReport::createdAt);
    for (const brokers::OrderReport& report : m_run->orders) {
        ++m_run->report.ordersCompared;
        const Tracked* known = m_applier.locate(report.clientOrderId, report.venueOrderId);
        const bool isKnown = known != nullptr;
        if (isKnown) m_room.vanished.erase(known->order->request.clientOrderId);
        const bool isLeg = !report.parent.empty() && m_room.book.find(report.parent);
        // Others' orders that came and went without moving our position are none of our business.
        const bool isNews = report.filledQuantity >
                            m_room.book.filledBeforeOpening(report.clientOrderId,
                                                            report.venueOrderId);
        if (!isKnown && !isLeg && isClosed(report.state) && !isNews) continue;
        Source source{"system:reconcile"};
        source.eventTime = report.updatedAt;
        const bool changed = m_applier.applyReport(change, report, source);
        if (!isKnown) {
            ++m_run->report.ordersAdopted;
        } else if (changed) {
            ++m_run->report.ordersCorrected;
        }
    }
}

void Reconciler::applyExecutions(Change& change)
{
    for (const Fill& execution : m_run->executions) {
        Source source{"system:reconcile"};
        source.eventTime = execution.eventTime;
        switch (m_applier.applyFill(change, execution, source)) {
        case Applier::FillOutcome::Booked: ++m_run->report.fillsRecovered; break;
        case Applier::FillOutcome::UnknownOrder: m_recheck = true; break;
        default: break;
        }
    }
}

void Reconciler::inferFills(Change& change)
{
    for (const brokers::OrderReport& report : m_run->orders) {
        const Tracked* tracked = m_applier.locate(report.clientOrderId, report.venueOrderId);
        if (!tracked) continue;
        const ClientOrderId id = tracked->order->request.clientOrderId;
        const Quantity missing = report.filledQuantity - tracked->order->filledQuantity;
        if (!missing.isPositive()) {
            m_missingFills.erase(id);
            continue;
        }
        Look& look = m_missingFills[id];
        look.times = look.delta == missing ? look.times + 1 : 1;
        look.delta = missing;
        m_recheck = true;
        if (look.times <= m_room.settings.differenceLooks) continue;
        Fill fill;
        fill.executionId = ExecutionId(fmt::format("inferred:{}:{}", report.venueOrderId.text(),
                                                   report.filledQuantity.toString()));
        fill.clientOrderId = id;
        fill.venueOrderId = report.venueOrderId;
        fill.symbol = tracked->order->request.symbol;
        fill.side = tracked->order->request.side;
        fill.quantity = missing;
        // The price with which the averages agree.
        const Int128 total =
            static_cast<Int128>(report.averagePrice.units()) * report.filledQuantity.units();
        fill.price = Price::fromUnits(static_cast<std::int64_t>(divideRounded(
            total - tracked->filledNotional, missing.units(), Rounding::HalfEven)));
        fill.eventTime = report.updatedAt;
        fill.inferred = true;
        if (!fill.price.isPositive()) continue;
        m_applier.applyFill(change, fill, Source{"system:reconcile"});
        ++m_run->report.fillsInferred;
        m_missingFills.erase(id);
        m_room.notify(change, Severity::Warning, "A fill was worked out from the totals",
                      fmt::format("the broker reports {} filled of {} but lists no execution for {}",
                                  report.filledQuantity.toString(),
                                  report.request.quantity.toString(), missing.toString()),
                      "order/" + id.text());
    }
}

void Reconciler::verifyUnlisted()
{
    if (!m_run->openListComplete) return;
    std::unordered_set<ClientOrderId> listed;
    for (const brokers::OrderReport& report : m_run->orders) {
        if (const Tracked* tracked = m_applier.locate(report.clientOrderId, report.venueOrderId)) {
            listed.insert(tracked->order->request.clientOrderId);
        }
    }
    const Timestamp quietSince = m_run->report.startedAt;
    std::vector<ClientOrderId> unlisted;
    for (const ClientOrderId& id : m_room.book.openOrders()) {
        const Order& order = *m_room.book.find(id)->order;
        if (!listed.contains(id) && order.updatedAt < quietSince) unlisted.push_back(id);
    }
    // A listing cannot prove absence: ask for each by name.
    for (const ClientOrderId& id : unlisted) m_resolver.verify(id);
}

} // namespace qd::orders
