#pragma once

#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "services/brokers/tradier/order_json.h"

namespace qd::brokers::tradier {

/// What is known of each order. Tradier tells of no executions: they are worked out from the totals,
/// px = Δ(q·avg)/Δq, half-even at 1e-8, and called "tradier-<id>-<cumulative quantity>", so that the
/// same step has the same id from the stream and from a list. Core executor.
class OrderTracker {
public:
    static constexpr std::size_t kOrdersMax = 20'000; ///< the oldest are forgotten beyond it

    /// Orders made since `startedAt` are followed from their beginning. Of older ones only what is
    /// added to the totals that they are first seen with is an execution: the steps before are not known.
    OrderTracker(AccountId account, Timestamp startedAt)
        : m_account(std::move(account)), m_startedAt(startedAt)
    {
    }

    /// An order that Tradier has just taken from us.
    void noteTaken(std::int64_t id, const OrderRequest& request, Timestamp at);
    void noteChanged(std::int64_t id, const Modification& change);
    /// What a list or a question tells, exits too.
    void noteTold(const ToldOrder& told);

    bool knows(std::int64_t id) const { return m_containers.contains(id); }
    std::optional<OrderReport> find(std::int64_t id) const;
    /// Which events a message of the stream is; none when it is no news.
    Result<std::vector<OrderUpdate>> apply(const ToldEvent& event, Timestamp receiveTime);
    /// All executions of a listed order become known.
    void settle(const ToldOrder& told, Timestamp receiveTime);
    /// Those known, oldest first.
    std::vector<Fill> fillsSince(Timestamp since) const;

private:
    struct Tracked {
        OrderReport report;
        std::int64_t fillsId = 0;
        Quantity quantity; ///< filled, as far as `fills` tell of it
        Int128 notional = 0; ///< of `quantity`, at 1e-16
        std::vector<Fill> fills;
        bool accepted = false; ///< has been told
    };

    Tracked& add(std::int64_t id, std::int64_t fillsId);
    void noteOne(const ToldOrder& told);
    /// The next execution, if the totals have grown.
    Result<std::optional<Fill>> advance(Tracked& tracked, Quantity filled, Price average, Timestamp at,
                                        Timestamp receiveTime);

    AccountId m_account;
    Timestamp m_startedAt;
    std::unordered_map<std::int64_t, Tracked> m_orders;
    std::unordered_map<std::int64_t, std::int64_t> m_containers; ///< by its own id and its entry's
    std::deque<std::int64_t> m_arrival;
};

} // namespace qd::brokers::tradier
