#include "services/sandbox/ibkr/order_teller.h"

#include <utility>

namespace qd::sandbox::ibkr {

namespace {

/// Between the two messages of a fill; JSON has none inside.
constexpr char kBetweenMessages = '\n';

std::string malformedMessage(std::string_view event)
{
    const bool isFill = event == "fill" || event == "partial_fill";
    return isFill ? R"({"topic":"str","args":[{"execution_id":17,"size":"a few"}]})"
                  : R"({"topic":"sor","args":[{"orderId":"a few","status":17}]})";
}

} // namespace

OrderTeller::OrderTeller(alpaca::Desk& desk, const Contracts& contracts, OrderLedger& ledger,
                         std::string accountNumber, std::function<void(const std::string&)> deliver)
    : m_desk(desk), m_contracts(contracts), m_ledger(ledger),
      m_accountNumber(std::move(accountNumber)), m_deliver(std::move(deliver)),
      m_faults(desk, {[this](const exchange::OrderUpdate& update) { return write(update); },
                      malformedMessage, "Frozen",
                      [this](const AccountId&, const std::string& messages) { deliverEach(messages); }})
{
}

void OrderTeller::publish(const exchange::OrderUpdate& update)
{
    if (update.order.account != m_ledger.account() || m_desk.records.isHidden(update.order.id)
        || m_contracts.conidOf(update.order.symbol) == 0)
        return;
    if (m_ledger.tookOrder(update.order.id))
        m_faults.publish(update);
    else
        deliverEach(write(update));
}

std::string OrderTeller::write(const exchange::OrderUpdate& update)
{
    const LiveOrder order = m_ledger.orderOf(update.order);
    if (m_told.size() >= kToldMax)
        m_told.clear();
    const bool isFirst = m_told.insert(order.number).second;
    json::Writer out;
    out.beginObject().member("topic", "sor").key("args").beginArray();
    writeLiveOrder(out, order, m_contracts, m_accountNumber,
                   isFirst ? Extent::Whole : Extent::Changes);
    out.endArray().endObject();
    if (!update.execution)
        return out.take();
    std::string messages = out.take() + kBetweenMessages;
    out.beginObject().member("topic", "str").key("args").beginArray();
    writeExecution(out, *update.execution, order, m_contracts, m_accountNumber);
    return messages + out.endArray().endObject().take();
}

void OrderTeller::deliverEach(const std::string& messages) const
{
    std::size_t begin = 0;
    while (begin < messages.size()) {
        const auto end = std::min(messages.find(kBetweenMessages, begin), messages.size());
        m_deliver(messages.substr(begin, end - begin));
        begin = end + 1;
    }
}

} // namespace qd::sandbox::ibkr
