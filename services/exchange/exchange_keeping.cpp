// Closing a venue and opening it again where it was: what has changed, and how it is taken up.

#include "services/exchange/exchange.h"
#include "services/exchange/exchange_state.h"

namespace qd::exchange {

KeptVenue Exchange::takeChanges()
{
    return m_state->takeChanges();
}

void Exchange::forgetChangesTold()
{
    m_state->told = {};
}

Result<void> Exchange::restore(KeptVenue kept)
{
    return m_state->restore(std::move(kept));
}

KeptVenue Exchange::State::takeChanges()
{
    KeptVenue changes;
    takeOrders(changes);
    takeAccounts(changes);
    const KeptSession current{session, phase};
    if (told.session != current)
        told.session = changes.session = current;
    return changes;
}

KeptOrder Exchange::State::kept(const OrderRecord& record) const
{
    KeptOrder result;
    result.number = record.number;
    result.order = record.order;
    result.watched = record.watched;
    result.feeCharged = record.feeCharged;
    result.waitsForAuction = record.waitsForAuction;
    for (const auto& [due, step] : work)
        result.cancelAsked |= step.step == Step::Cancel && step.order == record.order.id;
    result.protection = record.protection;
    result.replacement = record.replacement;
    result.traded = record.traded;
    return result;
}

/// Orders only change while they are open: those that were open at the last look, and newer ones.
void Exchange::State::takeOrders(KeptVenue& out)
{
    for (auto at = told.open.begin(); at != told.open.end();) {
        const auto* record = orders.findByNumber(at->first);
        if (record == nullptr) { // ended and forgotten since: a flood of orders
            at = told.open.erase(at);
            continue;
        }
        auto now = kept(*record);
        if (now != at->second)
            out.orders.push_back(now);
        at->second = std::move(now);
        at = isFinal(record->order.status) ? told.open.erase(at) : std::next(at);
    }
    for (const auto* record : orders.after(told.lastOrder)) {
        out.orders.push_back(kept(*record));
        told.lastOrder = record->number;
        if (!isFinal(record->order.status))
            told.open.emplace(record->number, out.orders.back());
    }
}

void Exchange::State::takeAccounts(KeptVenue& out)
{
    for (const auto& id : accounts.ids()) {
        const auto& account = *accounts.find(id);
        KeptAccount now{account.terms,      account.number, account.uuid, account.createdAt,
                        account.blocked,    account.cash,   account.lastEquity, account.fees,
                        account.deposits,   account.holdings,
                        account.executionCount - account.executions.size() + 1};
        auto& ledger = told.accounts[id];
        const auto first = std::max(ledger.executions + 1, now.executionsBegin);
        for (auto number = first; number <= account.executionCount; ++number)
            out.executions.push_back(
                {number, account.executions[static_cast<std::size_t>(number - now.executionsBegin)]});
        ledger.executions = account.executionCount;
        if (now != ledger.account)
            out.accounts.push_back(now);
        ledger.account = std::move(now);
    }
}

Result<void> Exchange::State::restore(KeptVenue venue)
{
    const auto unknown = [](const Symbol& symbol) {
        return fail(ErrorKind::Invalid, "exchange.unknown_symbol",
                    "the account is in " + symbol.text() + ", which this market does not trade");
    };
    for (const auto& account : venue.accounts)
        for (const auto& [symbol, holding] : account.holdings)
            if (!bySymbol.contains(symbol))
                return unknown(symbol);
    for (const auto& order : venue.orders)
        if (!isFinal(order.order.status) && !bySymbol.contains(order.order.symbol))
            return unknown(order.order.symbol);

    for (auto& keptAccount : venue.accounts) {
        auto& account = accounts.add(keptAccount.terms, keptAccount.number, keptAccount.uuid,
                                     keptAccount.createdAt);
        account.blocked = keptAccount.blocked;
        account.cash = keptAccount.cash;
        account.lastEquity = keptAccount.lastEquity;
        account.fees = keptAccount.fees;
        account.deposits = keptAccount.deposits;
        account.holdings = keptAccount.holdings;
        account.executionCount = keptAccount.executionsBegin - 1;
    }
    for (auto& [number, execution] : venue.executions) {
        auto* account = accounts.find(execution.account);
        if (account == nullptr || number <= account->executionCount)
            continue;
        account->executions.push_back(std::move(execution));
        account->executionCount = number;
    }
    for (auto& order : venue.orders)
        if (const auto instrument = bySymbol.find(order.order.symbol); instrument != bySymbol.end())
            restoreOrder(std::move(order), instrument->second);
    if (venue.session) {
        session = venue.session->number;
        phase = venue.session->phase;
    }
    static_cast<void>(takeChanges()); // all of this is kept already,
    told.session = venue.session;     // the session only if there was one
    return {};
}

void Exchange::State::restoreOrder(KeptOrder keptOrder, InstrumentIndex instrument)
{
    auto& record = orders.restore(keptOrder.order, instrument, keptOrder.number);
    record.feeCharged = keptOrder.feeCharged;
    record.waitsForAuction = keptOrder.waitsForAuction;
    record.protection = keptOrder.protection;
    record.replacement = keptOrder.replacement;
    record.traded = keptOrder.traded;
    if (!isFinal(record.order.status))
        resume(record, keptOrder);
}

/// What a closing interrupted is as good as asked for just now.
void Exchange::State::resume(OrderRecord& record, const KeptOrder& keptOrder)
{
    const auto& order = record.order;
    if (keptOrder.watched)
        orders.watch(record);
    if (keptOrder.cancelAsked || order.status == VenueStatus::PendingCancel)
        schedule(Step::Cancel, order.id, options.cancelAfter);
    else if (order.status == VenueStatus::PendingNew && order.replaces)
        schedule(Step::Replace, order.id, options.acknowledgeAfter);
    else if (order.status == VenueStatus::PendingNew
             || (order.status == VenueStatus::Accepted && !keptOrder.watched))
        schedule(Step::Acknowledge, order.id, options.acknowledgeAfter);
    if (books && keptOrder.watched && !isWaitingForTrigger(record))
        schedule(Step::Enter, order.id, Duration::zero());
}

} // namespace qd::exchange
