#include <algorithm>

#include <fmt/format.h>

#include "services/orders/reconciler.h"

namespace qd::orders {

namespace {

using namespace std::chrono_literals;

/// The report is logged when it says something, and now and then to move the starting point.
constexpr Duration kQuietReportEvery = 10min;

bool saysSomething(const ReconcileReport& report)
{
    return report.trigger != "timer" || report.ordersCorrected > 0 || report.ordersAdopted > 0 ||
           report.fillsRecovered > 0 || report.fillsInferred > 0 || report.openingAdopted;
}

bool sameFigures(AccountSnapshot a, const AccountSnapshot& b)
{
    a.asOf = b.asOf;
    return a == b;
}

} // namespace

void Reconciler::comparePositions(std::vector<Difference>& differences)
{
    std::map<Symbol, std::pair<Quantity, Quantity>> all; ///< ours, theirs
    for (const auto& [symbol, position] : m_room.book.positions()) {
        all[symbol].first = position.quantity;
    }
    for (const Position& position : m_run->positions) all[position.symbol].second = position.quantity;
    m_differing.clear();
    for (const auto& [symbol, both] : all) {
        ++m_run->report.positionsCompared;
        const auto& [ours, theirs] = both;
        if (ours == theirs) {
            m_looks.erase(symbol);
            continue;
        }
        const auto counted = m_run->fillCounts.find(symbol);
        const std::uint64_t before = counted == m_run->fillCounts.end() ? 0 : counted->second;
        const bool overtaken = m_room.book.fillCount(symbol) != before;
        Look& look = m_looks[symbol];
        const Quantity delta = theirs - ours;
        look.times = !overtaken && look.delta == delta ? look.times + 1 : 1;
        look.delta = delta;
        if (look.times < m_room.settings.differenceLooks) {
            m_recheck = true; // fills may be under way: look again before calling it a difference
            continue;
        }
        Difference difference{"position",      symbol.text(),     symbol.text(),
                              ours.toString(), theirs.toString(), m_run->report.startedAt};
        m_differing[symbol] = difference;
        differences.push_back(std::move(difference));
    }
}

void Reconciler::compareProtection(Change& change)
{
    for (const ClientOrderId& id : m_room.book.openOrders()) {
        const Order& leg = m_room.book.find(id)->order;
        if (leg.parent.empty()) continue;
        const Tracked* entry = m_room.book.find(leg.parent);
        if (!entry || leg.state == OrderState::Held || isInFlight(leg.state)) continue;
        Quantity open = entry->order.filledQuantity;
        for (const ClientOrderId& member : m_room.book.membersOf(leg.groupId)) {
            const Order& other = m_room.book.find(member)->order;
            if (other.parent == leg.parent) open -= other.filledQuantity;
        }
        if (leg.leavesQuantity() == open || !m_unprotectedTold.insert(id.text()).second) continue;
        m_room.notify(change, Severity::Critical, "An exit does not match its position",
                      fmt::format("the exit is for {} {}, the position it protects is {}",
                                  leg.leavesQuantity().toString(), leg.request.symbol.text(),
                                  open.toString()),
                      "order/" + id.text());
    }
}

void Reconciler::keepDifferences(Change& change, std::vector<Difference> differences)
{
    TradingStatus& trading = m_room.trading;
    // A difference that we knew already keeps the time it was first seen.
    for (Difference& difference : differences) {
        for (const Difference& known : trading.differences) {
            if (known.kind == difference.kind && known.key == difference.key) {
                difference.since = known.since;
            }
        }
    }
    const bool isNew = std::ranges::any_of(differences, [&](const Difference& difference) {
        return std::ranges::find(trading.differences, difference) == trading.differences.end();
    });
    const bool reconciling = !trading.brokerConnected || m_recheck;
    const bool opens = trading.reconciling && !reconciling;
    if (trading.differences == differences && !opens) return;
    if (isNew) {
        const Difference& first = differences.front();
        m_room.notify(change, Severity::Critical, "We and the broker disagree",
                      fmt::format("{} {}: ours {}, theirs {}; new entries are stopped", first.kind,
                                  first.symbol, first.ours, first.theirs),
                      first.kind + "/" + first.key);
    }
    trading.differences = std::move(differences);
    if (opens) trading.reconciling = false;
    m_room.recordTrading(change, Source{"system:reconcile"});
}

void Reconciler::takeAccount(Change& change, const AccountSnapshot& told, Timestamp askedAt)
{
    m_room.reservations.absorb(askedAt);
    AccountSnapshot account = told;
    account.account = m_room.settings.account;
    const auto& known = m_room.projection.account();
    if (known && sameFigures(*known, account)) return;
    Entry entry;
    entry.fact.kind = "account.updated";
    entry.fact.account = std::move(account);
    entry.subject = "account/" + m_room.settings.account.text();
    entry.source.actor = m_room.brokerActor();
    change.push_back(std::move(entry));
}

void Reconciler::recordReport(Change& change)
{
    const ReconcileReport& report = m_run->report;
    m_room.counters.lastReconciled = report.finishedAt;
    const bool due = !m_room.reconciledAt ||
                     report.startedAt - *m_room.reconciledAt > kQuietReportEvery;
    if (!saysSomething(report) && !due) return;
    m_room.reconciledAt = report.startedAt;
    Entry entry;
    entry.fact.kind = "reconcile.finished";
    entry.fact.report = report;
    entry.subject = "account/" + m_room.settings.account.text();
    entry.source.actor = "system:reconcile";
    entry.reconciledAt = report.startedAt;
    change.push_back(std::move(entry));
}

} // namespace qd::orders
