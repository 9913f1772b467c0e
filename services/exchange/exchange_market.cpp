// Time: the market moves on, sessions open and close, instruments halt.

#include <algorithm>

#include "services/exchange/book_liquidity.h"
#include "services/exchange/exchange_state.h"

namespace qd::exchange {

Timestamp Exchange::State::now() const
{
    return source->venueTime(executor.clock().now());
}

void Exchange::State::tick()
{
    moveOn();
    if (source->finished())
        return;
    armTick();
}

void Exchange::State::armTick()
{
    tickTimer = executor.after(options.tickInterval, [this] { tick(); });
}

void Exchange::State::moveOn()
{
    const auto until = now();
    turnSession(until);
    incoming.clear();
    outgoing.clear();
    source->advance(until, incoming);
    for (const auto& event : incoming) {
        if (const auto* status = std::get_if<StatusTick>(&event)) {
            applyStatus(*status);
            continue;
        }
        tape.note(event, outgoing);
        outgoing.push_back(event);
        if (const auto* quote = std::get_if<QuoteTick>(&event))
            onQuote(*quote);
        else if (const auto* trade = std::get_if<TradeTick>(&event))
            onTrade(*trade);
    }
    tape.finishMinutes(until, outgoing);
    if (!outgoing.empty())
        listener.marketMoved(outgoing);
    orders.prune();
}

/// A halt by hand outlasts the market's own resumption.
void Exchange::State::applyStatus(StatusTick status)
{
    if (haltedByHand[status.instrument])
        return;
    tape.setStatus(status.instrument, status.status, status.reason);
    outgoing.emplace_back(status);
    if (books && status.status == TradingStatus::Trading)
        reenterBook(status.instrument);
}

bool Exchange::State::setHalted(InstrumentIndex instrument, bool halted)
{
    if (instrument >= haltedByHand.size() || haltedByHand[instrument] == halted)
        return false;
    StatusTick status;
    status.instrument = instrument;
    status.status = halted ? TradingStatus::Halted : TradingStatus::Trading;
    status.reason = halted ? HaltReason::Operator : HaltReason::None;
    status.time = now();
    haltedByHand[instrument] = halted;
    tape.setStatus(instrument, status.status, status.reason);
    if (books && !halted)
        reenterBook(instrument);
    const MarketBatch batch{status};
    listener.marketMoved(batch);
    return true;
}

/// Orders that were entered during a halt come to the book when trading resumes.
void Exchange::State::reenterBook(InstrumentIndex instrument)
{
    const auto watched = orders.watched(instrument);
    for (auto* record : watched) {
        if (record->watched && record->engineId == 0 && !isWaitingForTrigger(*record))
            enterMarket(*record);
    }
}

void Exchange::State::turnSession(Timestamp at)
{
    const auto number = sessions.sessionNumber(at);
    if (number == session)
        return;
    const bool first = session == 0;
    session = number;
    const auto next = sessions.phase(at);
    if (first) {
        phase = next;
        return;
    }
    if (phase == SessionPhase::Regular)
        closeSession(next);
    const auto previous = phase;
    phase = next;
    if (next == SessionPhase::Closed && previous != SessionPhase::Closed) {
        for (auto* record : orders.open()) {
            if (record->order.timeInForce == TimeInForce::Day && record->order.extendedHours
                && !isFinal(record->order.status))
                end(*record, VenueStatus::Expired, "the extended session has ended");
        }
    }
    openSession();
    listener.sessionChanged(phase, at);
}

/// The closing auction, then the end of day orders.
void Exchange::State::closeSession(SessionPhase next)
{
    for (auto* record : orders.open()) {
        const bool atClose = record->order.timeInForce == TimeInForce::Cls;
        if (!atClose || isFinal(record->order.status) || !record->waitsForAuction)
            continue;
        record->waitsForAuction = false;
        activate(*record);
        if (!isFinal(record->order.status))
            end(*record, VenueStatus::Expired, "not filled in the closing auction");
    }
    for (auto* record : orders.open()) {
        const auto& order = record->order;
        const bool day = order.timeInForce == TimeInForce::Day
                         && order.assetClass != AssetClass::Crypto
                         && !(order.extendedHours && next == SessionPhase::PostMarket);
        if (day && !isFinal(order.status))
            end(*record, VenueStatus::Expired, "the session has ended");
    }
    for (const auto& id : accounts.ids()) {
        auto* account = accounts.find(id);
        account->lastEquity = valuate(*account, marks()).equity;
    }
}

/// Orders that waited go to the market; opening orders have their one chance.
void Exchange::State::openSession()
{
    for (auto* record : orders.open()) {
        if (record->order.status != VenueStatus::Accepted)
            continue;
        const bool opening = record->order.timeInForce == TimeInForce::Opg
                             && phase == SessionPhase::Regular;
        if (opening)
            record->waitsForAuction = false;
        if (!mayTrade(*record))
            continue;
        activate(*record);
        if (opening && !isFinal(record->order.status))
            end(*record, VenueStatus::Expired, "not filled in the opening auction");
    }
}

} // namespace qd::exchange
