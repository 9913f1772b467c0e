#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "services/exchange/exchange.h"
#include "services/exchange/matching_engine.h"

namespace qd::exchange {

/// One order and what only the venue knows of it.
struct OrderRecord {
    VenueOrder order;
    InstrumentIndex instrument = 0;
    std::uint64_t number = 0;      ///< rising with every order: time priority
    bool watched = false;          ///< at the market: looked at when the market moves
    bool feeCharged = false;       ///< the minimum fee was taken
    bool waitsForAuction = false;  ///< opg or cls, before its auction
    std::optional<Price> protection; ///< limit put on a triggered buy stop
    VenueOrderId replacement;      ///< the order that is about to take its place
    Money traded;                  ///< sum of price × quantity of its executions
    EngineOrderId engineId = 0;    ///< while it rests in a book
};

/// Every order of the venue. Records stay where they are until they are forgotten.
class OrderStore {
public:
    OrderStore(std::size_t instruments, std::size_t closedKept);

    OrderRecord& add(VenueOrder order, InstrumentIndex instrument);
    /// Take up a kept order again; in the order of their numbers.
    OrderRecord& restore(VenueOrder order, InstrumentIndex instrument, std::uint64_t number);
    /// Records with numbers above `number`, oldest first.
    std::vector<const OrderRecord*> after(std::uint64_t number) const;
    OrderRecord* find(const VenueOrderId& id);
    const OrderRecord* find(const VenueOrderId& id) const;
    OrderRecord* findByClientId(const AccountId& account, const std::string& clientOrderId);
    OrderRecord* findByNumber(std::uint64_t number);
    /// Records at the market for one instrument, oldest first.
    const std::vector<OrderRecord*>& watched(InstrumentIndex instrument) const;
    void watch(OrderRecord& record);
    void unwatch(OrderRecord& record);
    /// Orders that have not ended, oldest first.
    std::vector<OrderRecord*> open() const;
    std::vector<OrderRecord*> openOf(const AccountId& account) const;
    /// Note that `record` has ended. It is forgotten once enough others have ended after it.
    void close(OrderRecord& record);
    std::vector<VenueOrder> select(const AccountId& account, const OrderFilter& filter) const;
    /// Forget the oldest ended orders beyond the limit; invalidates pointers to them.
    void prune();

private:
    OrderRecord& insert(VenueOrder order, InstrumentIndex instrument, std::uint64_t number);
    static std::string clientKey(const AccountId& account, const std::string& clientOrderId);

    std::size_t m_closedKept;
    std::uint64_t m_nextNumber = 1;
    std::map<std::uint64_t, std::unique_ptr<OrderRecord>> m_records;
    std::map<std::uint64_t, OrderRecord*> m_open;
    std::unordered_map<std::string, OrderRecord*> m_byId, m_byClientId;
    std::vector<std::vector<OrderRecord*>> m_watched;
    std::deque<std::uint64_t> m_closed;
};

} // namespace qd::exchange
