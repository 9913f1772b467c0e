#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "services/brokers/ibkr/conid_book.h"
#include "services/brokers/ibkr/order_json.h"

namespace qd::brokers::ibkr {

/// What is known of each order: put together from what we asked for, from lists, and from the stream,
/// which tells only what changed, and executions that name their order by the client's id alone.
/// Core executor.
class OrderTracker {
public:
    static constexpr std::size_t kOrdersMax = 20'000;      ///< the oldest are forgotten beyond it
    static constexpr std::size_t kExecutionsMax = 10'000;  ///< of one order, for telling twice from new
    static constexpr std::size_t kExitsMax = 32;           ///< of one entry

    OrderTracker(ConidBook& conids, AccountId account) : m_conids(conids), m_account(std::move(account)) {}

    /// An order that IBKR has just taken from us, and its exits.
    void noteTaken(const OrderRequest& request, std::int64_t conid, const Taken& taken, Timestamp at);
    /// A change that IBKR has just taken.
    void noteChanged(const std::string& orderId, const OrderRequest& request);

    /// What an order message or a list says. Fails with Invalid "ibkr.unknown_order" when it tells only
    /// what changed of an order that we do not know yet, and "ibkr.schema".
    Result<void> merge(const LiveOrder& order);
    /// What is news since it was told last: the order's state, or other terms. Its exits' too, as they
    /// live when their entry is filled.
    std::vector<OrderUpdate> news(const std::string& orderId, Timestamp receiveTime);

    /// An execution with its symbol, and its order's id if that is known.
    Result<Fill> fillOf(Execution execution);
    /// The event of an execution; its order's totals count it once.
    OrderUpdate executed(const Fill& fill);
    bool knowsRef(const std::string& orderRef) const { return m_idsByRef.contains(orderRef); }

    std::optional<OrderReport> find(const std::string& orderId) const;
    std::optional<OrderReport> findByRef(const std::string& orderRef) const;
    /// The number of its contract; 0 if it is not known.
    std::int64_t conidOf(const std::string& orderId) const;

private:
    struct Tracked {
        std::string orderId, orderRef, venueStatus, reason, parentId;
        OrderRequest request;
        std::int64_t conid = 0;
        std::optional<OrderState> state; ///< as the status says; none: an unknown word
        bool isWhole = false;            ///< its terms are known
        bool isDead = false;             ///< `Inactive` for good
        std::string unknownWord;
        Quantity filledTold;             ///< by order messages
        Price averageTold;
        Quantity executed;               ///< by executions
        NotionalSum traded;
        std::set<ExecutionId> executions;
        bool isOurs = false;             ///< seen from its birth: `traded` is all of it
        Timestamp createdAt, updatedAt;
        std::optional<OrderState> toldState;
        std::optional<OrderRequest> toldRequest;
        std::vector<std::string> exits;  ///< their ids
    };

    Tracked& add(const std::string& orderId);
    void setRef(Tracked& tracked, const std::string& orderRef);
    void attach(Tracked& tracked);
    Result<void> readTerms(Tracked& tracked, const LiveOrder& order);
    static void readPrices(OrderRequest& request, const LiveOrder& order);
    OrderState stateOf(const Tracked& tracked) const;
    OrderReport reportOf(const Tracked& tracked) const; ///< with its exits
    OrderReport reportAlone(const Tracked& tracked) const;
    std::optional<OrderUpdate> newsOf(Tracked& tracked, Timestamp receiveTime);

    ConidBook& m_conids;
    AccountId m_account;
    std::unordered_map<std::string, Tracked> m_orders; ///< by IBKR's id
    std::unordered_map<std::string, std::string> m_idsByRef;
    std::deque<std::string> m_order; ///< of arrival
};

} // namespace qd::brokers::ibkr
