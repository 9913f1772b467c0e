#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "models/base/clamped.h"
#include "services/json/json.h"
#include "services/orders/differences.h"
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
    struct Both {
        Quantity ours, theirs;
        Price theirAverage;
    };
    std::map<Symbol, Both> all;
    for (const auto& [symbol, position] : m_room.book.positions()) {
        all[symbol].ours = position.quantity;
    }
    for (const Position& position : m_run->positions) {
        Both& both = all[position.symbol];
        both.theirs = position.quantity;
        both.theirAverage = position.averagePrice;
    }
    const auto before = std::exchange(m_differing, {});
    for (const auto& [symbol, both] : all) {
        ++m_run->report.positionsCompared;
        if (both.ours == both.theirs) {
            m_looks.erase(symbol);
            continue;
        }
        const Quantity delta = clampedSum(both.theirs, -both.ours);
        if (!isSettled(symbol, delta)) {
            // Fills may be under way: look again before calling it a difference, or another one.
            m_recheck = true;
            const auto known = before.find(symbol);
            if (known == before.end()) continue;
            differences.push_back(known->second.difference);
            m_differing.insert(*known);
            continue;
        }
        Difference difference{std::string(kPositionDiffers), symbol.text(), symbol.text(),
                              both.ours.toString(), both.theirs.toString(),
                              m_run->report.startedAt, delta.toString()};
        differences.push_back(difference);
        m_differing[symbol] = {std::move(difference), delta, both.theirAverage};
    }
}

bool Reconciler::isSettled(const Symbol& symbol, Quantity delta)
{
    const auto counted = m_run->fillCounts.find(symbol);
    const std::uint64_t before = counted == m_run->fillCounts.end() ? 0 : counted->second;
    const bool overtaken = m_room.book.fillCount(symbol) != before;
    Look& look = m_looks[symbol];
    if (look.delta != delta) look = {delta, 0};
    if (!overtaken) ++look.times;
    return look.times >= m_room.settings.differenceLooks;
}

void Reconciler::compareOrders(std::vector<Difference>& differences)
{
    std::erase_if(m_room.vanished, [this](const auto& entry) {
        const Tracked* tracked = m_room.book.find(entry.first);
        return !tracked || isClosed(tracked->order->state);
    });
    for (const auto& [id, since] : m_room.vanished) {
        const Order& order = *m_room.book.find(id)->order;
        differences.push_back({std::string(kOrderDiffers), order.request.symbol.text(), id.text(),
                               std::string(toString(order.state)), "unknown", since});
    }
}

void Reconciler::compareCash(Change& change, std::vector<Difference>& differences)
{
    const Money theirs = m_run->account->cash;
    if (!m_room.cash.isAgreed()) {
        if (!m_run->cashOvertaken) agreeCash(change, theirs);
        return;
    }
    const Money ours = m_room.cash.expected();
    const Money delta = theirs - ours;
    const Settings& settings = m_room.settings;
    const Money tolerance = std::max(
        settings.cashTolerance,
        m_room.cash.traded().times(settings.cashTolerancePerTraded, Rounding::Up));
    if (!m_run->cashOvertaken && delta.abs() <= tolerance) {
        m_cashLook = {};
        m_cashDiffers.reset();
        if (!m_room.cash.traded().isZero() || !delta.isZero()) agreeCash(change, theirs);
        return;
    }
    if (m_cashLook.delta != delta) m_cashLook = {delta, 0};
    if (!m_run->cashOvertaken) ++m_cashLook.times;
    if (m_cashLook.times >= settings.differenceLooks) {
        m_cashDiffers = Difference{std::string(kCashDiffers), {}, {}, ours.toString(),
                                   theirs.toString(), m_run->report.startedAt, delta.toString()};
    } else {
        m_lookAgain = true;
    }
    if (m_cashDiffers) differences.push_back(*m_cashDiffers);
}

void Reconciler::agreeCash(Change& change, Money cash)
{
    json::Writer detail;
    detail.beginObject()
        .member("cash", cash)
        .member("traded", m_room.cash.traded())
        .endObject();
    m_room.cash.agree(cash);
    Entry entry;
    entry.fact.kind = "account.cash_agreed";
    entry.subject = "account/" + m_room.settings.account.text();
    entry.source.actor = "system:reconcile";
    entry.source.detail = detail.take();
    entry.agreedCash = cash;
    change.push_back(std::move(entry));
}

void Reconciler::compareProtection(Change& change)
{
    for (const ClientOrderId& id : m_room.book.openOrders()) {
        const Order& leg = *m_room.book.find(id)->order;
        if (leg.parent.empty()) continue;
        const Tracked* entry = m_room.book.find(leg.parent);
        if (!entry || leg.state == OrderState::Held || isInFlight(leg.state)) continue;
        // The parent of an OCO's stop is the other exit, not the entry.
        const bool isOco = entry->order->request.orderClass == OrderClass::Oco;
        Quantity open = isOco ? entry->order->request.quantity - entry->order->filledQuantity
                              : entry->order->filledQuantity;
        for (const ClientOrderId& member : m_room.book.membersOf(leg.groupId)) {
            const Order& other = *m_room.book.find(member)->order;
            if (other.parent == leg.parent) open = clampedSum(open, -other.filledQuantity);
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
        difference.id = differenceId(difference);
    }
    const auto isNew = [&](const Difference& difference) {
        return std::ranges::find(trading.differences, difference.id, &Difference::id) ==
               trading.differences.end();
    };
    for (const Difference& difference : differences) {
        if (isNew(difference)) tellOf(change, difference);
    }
    const bool reconciling = !trading.brokerConnected || m_recheck;
    const bool opens = trading.reconciling && !reconciling;
    if (trading.differences == differences && !opens) return;
    trading.differences = std::move(differences);
    if (opens) trading.reconciling = false;
    m_room.recordTrading(change, Source{"system:reconcile"});
}

void Reconciler::tellOf(Change& change, const Difference& difference)
{
    const bool blocks = blocksEntries(difference);
    const std::string what =
        difference.symbol.empty() ? difference.kind : difference.kind + " " + difference.symbol;
    m_room.notify(change, blocks ? Severity::Critical : Severity::Warning,
                  "We and the broker disagree",
                  fmt::format("{}: ours {}, theirs {}{}", what, difference.ours, difference.theirs,
                              blocks ? "; new entries are stopped" : ""),
                  difference.kind + "/" + difference.key);
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
