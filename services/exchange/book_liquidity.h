#pragma once

#include <map>
#include <unordered_map>
#include <vector>

#include "services/exchange/market_source.h"
#include "services/exchange/matching_engine.h"
#include "services/exchange/order_store.h"

namespace qd::exchange {

/// What the book did with a customer's order.
struct BookOutcome {
    std::uint64_t orderNumber = 0;
    Price price;
    Quantity quantity; ///< filled; zero: the order left the book unfilled
};

/// Customers' orders in matching-engine books, among the market's own liquidity: for FillModel::Book.
/// A book exists only for instruments with customers' orders. The market's liquidity follows its
/// depth: what it adds comes behind the customers, what it takes away leaves from the end, so that a
/// customer's place in the queue is honest. Prints on the tape hit the queue in turn.
class BookLiquidity {
public:
    static constexpr int kDepth = 10;

    explicit BookLiquidity(const MarketSource& source);

    /// Bring the liquidity of an instrument's book in line with the market, if it has a book.
    void refresh(InstrumentIndex instrument);
    /// A trade happened in the market at large.
    void tradePrinted(const TradeTick& trade);
    /// Put an order in; without `limit` it takes what it gets. Sets the record's engine id.
    void enter(OrderRecord& record, std::optional<Price> limit);
    /// Take an order out; nothing is reported.
    void leave(OrderRecord& record);
    /// What has happened since the last call, in order.
    std::vector<BookOutcome> take();

private:
    struct Venue {
        BookIndex book = 0;
        /// The market's orders at each price, oldest first; bids, asks.
        std::map<std::int64_t, std::vector<EngineOrderId>> liquidity[2];
    };

    Venue& venueOf(InstrumentIndex instrument);
    void follow(Venue& venue, Side side, const std::vector<BookLevel>& levels);
    void collect(EngineEvents& events);

    const MarketSource& m_source;
    MatchingEngine m_engine;
    std::unordered_map<InstrumentIndex, Venue> m_venues;
    std::unordered_map<std::string, OwnerId> m_owners;
    std::vector<BookOutcome> m_outcomes;
};

} // namespace qd::exchange
