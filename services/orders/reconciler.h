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
    /// Take the broker's word in one difference: an event of its own, then another comparison.
    void accept(const std::string& id, const std::string& reason, const CommandContext& context,
                OrderService::AcceptDone done);

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
        std::uint64_t fillCount = 0;                          ///< when the account was asked for
        bool cashOvertaken = false; ///< fills came while the account was being read
    };
    /// The same disagreement, seen how often.
    struct Look {
        Quantity delta;
        int times = 0;
    };
    struct CashLook {
        Money delta;
        int times = 0;
    };
    /// A position that differs, with the broker's average price, for whoever accepts it.
    struct Differing {
        Difference difference;
        Quantity delta;
        Price theirAverage;
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
    bool isSettled(const Symbol& symbol, Quantity delta);
    void compareOrders(std::vector<Difference>& differences);
    void compareCash(Change& change, std::vector<Difference>& differences);
    void agreeCash(Change& change, Money cash);
    void compareProtection(Change& change);
    void keepDifferences(Change& change, std::vector<Difference> differences);
    void tellOf(Change& change, const Difference& difference);
    void takeAccount(Change& change, const AccountSnapshot& account, Timestamp askedAt);
    void recordReport(Change& change);
    std::optional<Refusal> notReadyToAccept() const;
    bool accept(Change& change, const Difference& difference, const Source& source);
    bool acceptOrder(Change& change, const Difference& difference, const Source& source);
    std::optional<Refusal> notAcceptable(const Difference& difference) const;
    void acceptPosition(Entry& entry, const Differing& differing);
    void acceptCash(Entry& entry, Money delta);
    void answerFromLog(const std::string& id, OrderService::AcceptDone done);
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
    bool m_lookAgain = false; ///< as `m_recheck`, but trading need not wait for it
    std::map<ClientOrderId, Look> m_missingFills;
    std::map<Symbol, Look> m_looks;
    std::map<Symbol, Differing> m_differing;
    CashLook m_cashLook;
    std::optional<Difference> m_cashDiffers;
    std::unordered_set<std::string> m_unprotectedTold;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::orders
