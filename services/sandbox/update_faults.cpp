#include "services/sandbox/update_faults.h"

#include <utility>

namespace qd::sandbox {

using exchange::OrderEvent;

namespace {

FaultSubject subjectOfUpdate(const exchange::OrderUpdate& update)
{
    FaultSubject subject;
    subject.symbol = update.order.symbol.text();
    subject.side = toString(update.order.side);
    subject.clientOrderId = update.order.clientOrderId;
    return subject;
}

/// What the next version of the API may say: a status and a field that no document knows.
void useUnknownWords(std::string& json, const std::string& status)
{
    constexpr std::string_view kStatus = R"("status":")";
    const auto begin = json.find(kStatus);
    if (begin == std::string::npos)
        return;
    const auto end = json.find('"', begin + kStatus.size());
    json.replace(begin, end + 1 - begin,
                 R"("status":")" + status + R"(","thawing_at":{"session":[1]})");
}

} // namespace

void UpdateFaults::publish(const exchange::OrderUpdate& update)
{
    if (update.execution)
        publishFill(update);
    else
        emit(update, Duration::zero());
}

void UpdateFaults::publishFill(const exchange::OrderUpdate& update)
{
    const FaultSubject subject = subjectOfUpdate(update);
    Duration delay{};
    if (const auto late = m_desk.strike("fill_late", subject))
        delay = std::chrono::milliseconds(late->delayMs);
    if (publishInTwo(update, delay))
        return;
    emit(update, delay);
    if (const auto twice = m_desk.strike("fill_twice", subject)) {
        exchange::OrderUpdate again = update;
        again.execution->id = ExecutionId(m_desk.random.uuidV4());
        again.execution->cumulative += update.execution->quantity;
        m_desk.records.addExecution(*again.execution);
        again.order = m_desk.records.distorted(again.order);
        again.positionQuantity =
            m_desk.records.positionQuantity(again.order.account, again.order.symbol);
        emit(again, delay + std::chrono::milliseconds(twice->delayMs));
    }
}

/// One execution told as two, if a fault will have it so.
bool UpdateFaults::publishInTwo(const exchange::OrderUpdate& update, Duration delay)
{
    const auto partial = m_desk.strike("fill_partial", subjectOfUpdate(update));
    if (!partial)
        return false;
    const exchange::VenueExecution& execution = *update.execution;
    const auto given = Quantity::parse(partial->quantity);
    const Quantity first =
        given.value_or(Quantity(Decimal::fromUnits(execution.quantity.units() / 2)));
    if (!first.isPositive() || first >= execution.quantity)
        return false;
    const Quantity rest = execution.quantity - first;
    exchange::OrderUpdate one = update;
    exchange::OrderUpdate two = update;
    one.event = OrderEvent::PartialFill;
    one.order.status = exchange::VenueStatus::PartiallyFilled;
    one.order.filledAt.reset();
    one.order.filledQuantity -= rest;
    one.execution->quantity = first;
    one.execution->cumulative -= rest;
    one.execution->leaves += rest;
    one.positionQuantity -= update.order.side == Side::Buy ? rest : -rest;
    two.execution->quantity = rest;
    two.execution->id = ExecutionId(m_desk.random.uuidV4());
    m_desk.records.split(execution.id, first, two.execution->id);
    emit(one, delay);
    emit(two, delay + std::chrono::milliseconds(partial->delayMs));
    return true;
}

void UpdateFaults::emit(const exchange::OrderUpdate& update, Duration delay)
{
    FaultSubject subject = subjectOfUpdate(update);
    const std::string event(toString(update.event));
    subject.event = event;
    if (m_desk.strike("drop_trade_update", subject))
        return;
    std::string message = m_words.write(update);
    if (m_desk.strike("unknown_word", subject))
        useUnknownWords(message, m_words.unknownStatus);
    if (m_desk.strike("malformed_message", subject))
        message = m_words.malformed(event);
    const AccountId account = update.order.account;
    if (m_desk.strike("truncate_message", subject))
        message.resize(message.size() / 2);
    if (m_desk.strike("reorder", subject) && !m_held) {
        m_held = Held{account, std::move(message)};
        return;
    }
    const bool twice = m_desk.strike("duplicate_trade_update", subject).has_value();
    const auto go = [this, account, message, twice] {
        m_words.deliver(account, message);
        if (twice)
            m_words.deliver(account, message);
        if (const auto held = std::exchange(m_held, std::nullopt))
            m_words.deliver(held->account, held->message);
    };
    if (delay > Duration::zero())
        later(delay, go);
    else
        go();
}

void UpdateFaults::later(Duration delay, runtime::Task task)
{
    std::erase_if(m_delayed, [](const runtime::Timer& timer) { return !timer.isActive(); });
    m_delayed.push_back(m_desk.executor.after(delay, std::move(task)));
}

} // namespace qd::sandbox
