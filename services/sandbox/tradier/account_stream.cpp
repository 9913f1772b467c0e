#include "services/sandbox/tradier/account_stream.h"

#include "services/sandbox/tradier/order_document.h"

namespace qd::sandbox::tradier {

namespace {

using exchange::OrderEvent;

/// The stream's word; it knows more than REST.
std::string_view streamWord(const exchange::OrderUpdate& update)
{
    switch (update.event) {
    case OrderEvent::PendingNew: return "pending";
    case OrderEvent::Held: return "held";
    case OrderEvent::DoneForDay: return "calculated";
    default: return statusWord(update.order.status);
    }
}

std::string malformedEvent(std::string_view)
{
    return R"({"id":"seventeen","event":"order","status":"open","exec_quantity":"a few"})";
}

} // namespace

AccountStream::AccountStream(alpaca::Desk& desk, const alpaca::KeyRing& keys, OrderChains& chains)
    : m_desk(desk),
      m_chains(chains),
      m_sessions(
          desk, keys,
          [this](EventSessions::SocketId id, const EventSessions::Listener&, const json::Value& asked) {
              bool orders = false;
              for (const json::Value& event : asked["events"].items())
                  orders = orders || event.stringOr("") == "order";
              if (orders)
                  m_listening.insert(id);
              else
                  m_listening.erase(id);
              m_sessions.send(id, heartbeat());
              if (!m_heartbeat.isActive())
                  beat();
          },
          [this](EventSessions::SocketId id) { m_listening.erase(id); }),
      m_faults(desk, {[this](const exchange::OrderUpdate& update) { return write(update); },
                      malformedEvent, "frozen",
                      [this](const AccountId& account, const std::string& message) {
                          deliver(account, message);
                      }})
{
}

std::string AccountStream::heartbeat() const
{
    json::Writer out;
    out.beginObject().member("event", "heartbeat").member("status", "active");
    out.member("timestamp", m_desk.exchange.clock().now.millis()).endObject();
    return out.take();
}

/// Regularly while anybody listens; a newcomer has had one at once, so that he knows he is heard.
void AccountStream::beat()
{
    if (m_sessions.listeners().empty())
        return;
    m_heartbeat = m_desk.executor.after(kHeartbeatEvery, [this] {
        const auto listening = m_listening; // sending may close
        for (const auto id : listening)
            m_sessions.send(id, heartbeat());
        beat();
    });
}

void AccountStream::publish(const exchange::OrderUpdate& update, bool faithfully)
{
    if (m_desk.records.isHidden(update.order.id) || update.event == OrderEvent::Replaced)
        return; // the order that takes its place tells of it under the same number
    const auto tell = [&](const exchange::OrderUpdate& told) {
        if (faithfully)
            deliver(told.order.account, write(told));
        else
            m_faults.publish(told);
    };
    tell(update);
    if (update.event != OrderEvent::New)
        return;
    exchange::OrderUpdate pending = update;
    pending.event = OrderEvent::PendingNew;
    tell(pending);
}

std::string AccountStream::write(const exchange::OrderUpdate& update) const
{
    const auto account = m_desk.exchange.account(update.order.account);
    return orderEvent(m_chains.chainOf(update.order), streamWord(update),
                      account ? account->number : std::string(), m_chains, m_desk);
}

void AccountStream::deliver(const AccountId& account, const std::string& message)
{
    const auto listening = m_listening;
    for (const auto id : listening) {
        const auto found = m_sessions.listeners().find(id);
        if (found != m_sessions.listeners().end() && found->second.account == account)
            m_sessions.send(id, message);
    }
    FaultSubject stream;
    stream.stream = "trade";
    if (!listening.empty())
        if (const auto fault = m_desk.strike("disconnect", stream))
            m_sessions.disconnect(fault->keyId);
}

} // namespace qd::sandbox::tradier
