#pragma once

#include <map>
#include <unordered_map>
#include <vector>

#include "services/exchange/market_source.h"
#include "services/exchange/matching_engine.h"
#include "services/exchange/recording.h"

namespace qd::exchange {

/// Rebuilds a recorded order book, message by message. Orders that were in the book before the
/// recording began are unknown one by one; where the first true book is known, they stand in it as
/// one nameless order a price, and messages about unknown ids at that price are taken from it.
class BookReplay {
public:
    BookReplay();

    /// Begin from the true book after some message (that message must not be applied again).
    void seed(const Book& book);
    /// The print that the message means, if any.
    std::optional<TradeTick> apply(const BookMessage& message);
    /// Up to `depth` levels a side.
    Book book(int depth) const;

private:
    void reduce(const BookMessage& message, std::int64_t size);
    EngineOrderId* nameless(Side side, std::int64_t price);

    MatchingEngine m_engine;
    BookIndex m_book;
    std::unordered_map<std::int64_t, EngineOrderId> m_orders;
    std::map<std::int64_t, EngineOrderId> m_nameless[2]; ///< by price; bids, asks
};

} // namespace qd::exchange
