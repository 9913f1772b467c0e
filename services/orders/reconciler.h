#pragma once

#include <functional>
#include <map>
#include <memory>
#include <unordered_map>

#include "services/orders/applier.h"
#include "services/orders/resolver.h"

namespace qd::orders {

/// Compares the book with the broker: orders, executions, positions, cash; at start, after every
/// reconnect, every minute, on demand, and soon after anything that smells of a missing message.
/// What the broker knows and we do not is booked and marked; what disagrees is shown, and entries
/// stop until it vanishes. The first comparison ever takes the broker's positions as opening
/// balances, as an event of its own. Core executor.
class Reconciler {
public:
    using Done = std::function<void(ReconcileReport)>;

    Reconciler(Room& room, Applier& applier, Resolver& resolver);

    /// Start one comparison, or another one after the one that is under way.
    void run(std::string trigger, Done done = {});
    /// Run again shortly: something is missing.
    void runSoon();
    void connectionChanged(const brokers::ConnectionChange& change);
    void startTimer();
    /// Read only the account's figures, shortly: a fill has changed them.
    void refreshAccountSoon();
    void clear();
    bool agrees(const Symbol& symbol) const { return !m_differing.contains(symbol); }

private:
    /// What one comparison has gathered so far.
    struct Run {
        ReconcileReport report;
        std::vector<Done> done;
        std::vector<brokers::OrderReport> orders;
        bool openListComplete = false;
        std::vector<Fill> executions;
        std::vector<Position> positions;
        std::optional<AccountSnapshot> account;
        Timestamp accountAskedAt;
        std::unordered_map<Symbol, std::uint64_t> fillCounts; ///< when positions were asked for
    };
    /// The same disagreement, seen how often.
    struct Look {
        Quantity delta;
        int times = 0;
    };
    template <typename T, typename Take>
    brokers::Broker::Callback<T> step(const Take& take);

    void readOrders();
    void readOpenOrders();
    void readExecutions();
    void readPositions();
    void readAccount();
    void readExecutionsAgain();
    bool ordersAgreeWithExecutions() const;
    void fail(const Error& error);
    void finish();
    void finished();

    void adoptOpening(Change& change);
    void applyOrders(Change& change);
    void applyExecutions(Change& change);
    void inferFills(Change& change);
    void verifyUnlisted();
    void comparePositions(std::vector<Difference>& differences);
    void compareProtection(Change& change);
    void keepDifferences(Change& change, std::vector<Difference> differences);
    void takeAccount(Change& change, const AccountSnapshot& account, Timestamp askedAt);
    void recordReport(Change& change);
    Timestamp ordersSince() const;
    Timestamp executionsSince() const;
    bool isDeep() const;

    Room& m_room;
    Applier& m_applier;
    Resolver& m_resolver;
    std::unique_ptr<Run> m_run;
    std::vector<std::pair<std::string, Done>> m_next; ///< asked for while one was under way
    runtime::Timer m_timer, m_soon, m_accountTimer, m_watchdog;
    int m_failures = 0;
    bool m_recheck = false; ///< a first look disagreed: look again before judging
    std::map<ClientOrderId, Look> m_missingFills;
    std::map<Symbol, Look> m_looks;
    std::map<Symbol, Difference> m_differing;
    std::unordered_set<std::string> m_unprotectedTold;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::orders
