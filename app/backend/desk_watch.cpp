#include "app/backend/desk_watch.h"

namespace qd::app {

DeskWatch::DeskWatch(const Dependencies& dependencies, HeldDesk held)
    : m_the(dependencies), m_held(std::move(held))
{
}

DeskWatch::~DeskWatch()
{
    *m_alive = false;
}

void DeskWatch::saw(const std::string& number)
{
    if (number.empty() || number == m_held.desk.account || number == m_other) return;
    // Whoever tells of it may be in the middle of a change.
    m_the.core.post([this, alive = m_alive, number] {
        if (*alive && number != m_held.desk.account && number != m_other) take(number);
    });
}

void DeskWatch::take(const std::string& number)
{
    orders::OrderFilter any;
    any.limit = 1;
    const bool holdsOrders = m_held.holdsOrders || !m_the.orders.positions().empty() ||
                             !m_the.orders.orders(any).orders.empty();
    if (holdsOrders && !m_held.desk.account.empty()) {
        m_other = number;
        return halt();
    }
    m_held.desk.account = number;
    keep();
}

void DeskWatch::keep()
{
    m_the.writer.submit(
        [desk = m_held.desk](storage::Transaction& transaction) {
            return keepDesk(transaction.database(), desk);
        },
        m_the.core, [log = m_the.log](const Result<std::int64_t>& kept) {
            if (!kept) log.warning("the account's number is not kept", {{"error", kept.error()}});
        });
}

void DeskWatch::halt()
{
    const auto reason = "the broker's account is " + m_other + ", and the orders here are of " +
                        m_held.desk.account + ": name another storage.database for it";
    m_the.log.error("another account", {{"account", m_other}, {"expected", m_held.desk.account}});
    orders::CommandContext context;
    context.actor = "system:desk";
    m_the.orders.setTradingState(orders::TradingState::Halted, reason, context,
                                 [log = m_the.log](const Result<orders::TradingStatus>& halted) {
                                     if (!halted)
                                         log.error("not halted", {{"error", halted.error()}});
                                 });
}

} // namespace qd::app
