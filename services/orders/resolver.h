#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>

#include "services/orders/applier.h"

namespace qd::orders {

/// Finds out what became of commands whose outcome we do not know: asks the venue for the order by
/// its client id, again and again with growing pauses, until there is proof. An error is no proof.
/// "Not found" is one only when it is said twice after the request can no longer be under way.
/// Nothing is ever sent again, except cancels, which may be. Core executor.
class Resolver {
public:
    Resolver(Room& room, Applier& applier);

    /// How a cancel that the venue shows no sign of is sent again.
    void onResendCancel(std::function<void(const ClientOrderId&)> hook)
    {
        m_resendCancel = std::move(hook);
    }
    /// An open order turns out to be unknown to the broker.
    void onVanished(std::function<void()> hook) { m_vanished = std::move(hook); }

    /// A request for the order left at this moment: an answer is due.
    void requestSent(const ClientOrderId& id);
    /// Ask for the order after `delay`, until it is settled.
    void watch(const ClientOrderId& id, Duration delay);
    /// Ask once whatever its state: the venue's open orders do not list it.
    void verify(const ClientOrderId& id);
    /// After loading: everything in flight may have been sent just before the end.
    void watchAllInFlight();
    std::size_t count() const { return m_watches.size(); }
    void clear();

private:
    struct Watch {
        int asked = 0;
        int absences = 0; ///< after the time of proof
        int cancelsSent = 0;
        bool asking = false;
        bool verifyOnly = false;
        Timestamp sentAt; ///< when the last request left, at the latest
        runtime::Timer timer;
    };

    bool needsProof(const Order& order) const;
    void ask(const ClientOrderId& id);
    void again(const ClientOrderId& id, Duration delay);
    Duration backoff(int asked) const;
    void answered(const ClientOrderId& id, Result<brokers::OrderReport> answer);
    void found(const ClientOrderId& id, const brokers::OrderReport& report);
    void settleCancel(Change& change, const Order& order, const brokers::OrderReport& report);
    void settleUpdate(Change& change, const Order& order, const brokers::OrderReport& report);
    void absent(const ClientOrderId& id);
    void declareAbsent(const ClientOrderId& id);
    void giveUpReplacement(Change& change, const Order& order, const Source& source);
    void lookForOverdue();

    Room& m_room;
    Applier& m_applier;
    std::function<void(const ClientOrderId&)> m_resendCancel;
    std::function<void()> m_vanished;
    std::map<ClientOrderId, Watch> m_watches;
    std::deque<std::pair<Timestamp, ClientOrderId>> m_due; ///< answers, by when they are overdue
    runtime::Timer m_overdueTimer;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::orders
