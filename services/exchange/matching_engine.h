#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "models/orders/order.h"
#include "services/exchange/price_ladder.h"

namespace qd::exchange {

/// A book inside the engine: 0, 1, 2 … in the order of `addBook`.
using BookIndex = std::uint32_t;
/// Names one order for ever: a pool slot and the generation of its use. Never zero. An id of an
/// order that is gone is harmless: everything done with it is a no-op.
using EngineOrderId = std::uint64_t;
/// Whose order; 0 is nobody in particular and never trades with itself by rule.
using OwnerId = std::uint32_t;

/// What happens when two orders of one owner would trade.
enum class SelfTrade { Allow, CancelNewest, CancelOldest, CancelBoth };

/// One order as the engine sees it. Prices and quantities are integers of any unit the caller
/// chooses (here: 1e-8 units, or LOBSTER's 1e-4 dollars and shares).
struct EngineOrder {
    BookIndex book = 0;
    OwnerId owner = 0;
    Side side = Side::Buy;
    OrderType type = OrderType::Limit;
    TimeInForce timeInForce = TimeInForce::Gtc; ///< Ioc and Fok never rest; all others do
    std::int64_t quantity = 0;                  ///< > 0
    std::int64_t price = 0;                     ///< Limit, StopLimit
    std::int64_t stopPrice = 0;                 ///< Stop, StopLimit
    std::int64_t trail = 0;                     ///< TrailingStop: distance from the high-water mark
    std::uint64_t tag = 0;                      ///< the caller's, returned in events
};

enum class EngineEventKind : std::uint8_t {
    Rested,    ///< is in the book with `quantity` open
    Traded,    ///< `id` took `quantity` from `makerId` at `price` (the maker's)
    Canceled,  ///< left with `quantity` unfilled: asked for, IOC/FOK remainder, market on empty
    Triggered, ///< a stop became live
    Reduced,   ///< open quantity is now `quantity`; priority kept
    Replaced,  ///< price or a larger quantity: now at the end of its queue
    Refused,   ///< quantity or price not positive; nothing happened
};

struct EngineEvent {
    EngineEventKind kind = EngineEventKind::Rested;
    Side side = Side::Buy; ///< of `id`
    BookIndex book = 0;
    EngineOrderId id = 0, makerId = 0;
    std::uint64_t tag = 0, makerTag = 0;
    std::int64_t price = 0, quantity = 0;
    std::int64_t leaves = 0, makerLeaves = 0; ///< open quantity after a trade
};
using EngineEvents = std::vector<EngineEvent>;

struct EngineLevel {
    std::int64_t price = 0, quantity = 0;
    std::uint32_t orderCount = 0;
    friend bool operator==(const EngineLevel&, const EngineLevel&) = default;
};

/// Price-time priority matching for many books. Deterministic: no clock, no hash order, no calls
/// back; what happened is appended to the caller's buffer. One thread.
/// Orders sit in one pool, a cache line each, and are linked by index into the queues of ladders.
class MatchingEngine {
public:
    /// Room for `reserve` open orders is made at once; more is made when needed.
    explicit MatchingEngine(SelfTrade selfTrade = SelfTrade::Allow, std::size_t reserve = 1024);

    BookIndex addBook();

    /// Match, then rest or cancel what is left. Returns the order's id even if it is already gone.
    /// A fill-or-kill trades its whole quantity or nothing. Returns 0 (event Refused) when the
    /// quantity is not positive or a limit order has no positive price.
    EngineOrderId submit(const EngineOrder& order, EngineEvents& out);
    /// False, and no event, if the order is gone.
    bool cancel(EngineOrderId id, EngineEvents& out);
    /// Open quantity to `quantity`: smaller keeps the place in the queue, larger goes to its end.
    /// `price` as it is, or a new one (which may trade at once). False if the order is gone.
    bool modify(EngineOrderId id, std::int64_t price, std::int64_t quantity, EngineEvents& out);
    /// Tell stops and trailing stops of a trade that happened outside the engine.
    void observeTrade(BookIndex book, std::int64_t price, EngineEvents& out);

    bool isOpen(EngineOrderId id) const;
    std::int64_t openQuantity(EngineOrderId id) const; ///< 0 if gone
    std::optional<EngineLevel> best(BookIndex book, Side side) const;
    /// Best first, at most `depth`.
    std::vector<EngineLevel> levels(BookIndex book, Side side, std::size_t depth) const;
    /// Open quantity ahead of the order at its own price; 0 if gone or first.
    std::int64_t quantityAhead(EngineOrderId id) const;
    std::size_t openOrders(BookIndex book) const;
    std::int64_t lastTrade(BookIndex book) const; ///< 0 if none

private:
    using Level = PriceLadder::Level;
    static constexpr std::uint32_t kNone = PriceLadder::kNone;
    static constexpr std::int64_t kNoLow = std::numeric_limits<std::int64_t>::max();
    static constexpr std::int64_t kNoHigh = std::numeric_limits<std::int64_t>::min();
    enum class Place : std::uint8_t { Free, Resting, Stopped, Trailing };
    struct alignas(64) Slot {
        std::int64_t quantity = 0;
        std::uint64_t tag = 0;
        std::int64_t key = 0; ///< of its level; none if trailing
        std::uint32_t next = kNone, previous = kNone;
        std::uint32_t generation = 1;
        std::uint32_t stop = kNone; ///< index into m_stops
        OwnerId owner = 0;
        BookIndex book = 0;
        Place place = Place::Free;
        Side side = Side::Buy;
        OrderType type = OrderType::Limit;
        TimeInForce timeInForce = TimeInForce::Gtc;
    };
    struct StopTerms {
        std::int64_t limitPrice = 0, trail = 0, highWater = 0;
    };
    /// What most messages look at comes first: two cache lines.
    struct alignas(64) BookState {
        PriceLadder sides[2];
        std::int64_t lastTrade = 0;
        std::uint32_t stops = 0; ///< waiting, trailing ones included
        /// Range of the trades that stops have not been shown yet; empty while low > high.
        std::int64_t low = kNoLow, high = kNoHigh;
        /// Trailing stops in the order they came.
        std::vector<std::uint32_t> trailing;
        /// Stops by trigger, nearest first; the key is negated for sells.
        PriceLadder triggers[2];
    };

    static std::size_t at(Side side) { return side == Side::Buy ? 0u : 1u; }
    // Inline are the steps of every message that only matching_engine.cpp takes: as calls they cost
    // a sixth of the time.
    static EngineOrderId idOf(std::uint32_t slot, const Slot& order);
    inline std::uint32_t find(EngineOrderId id) const;
    inline std::uint32_t take();
    inline void release(std::uint32_t slot);
    inline PriceLadder& ladderOf(const Slot& order);
    inline void append(std::uint32_t slot, std::int64_t key);
    void unlink(std::uint32_t slot);
    inline void unlinkFrom(PriceLadder& ladder, Level& level, const Slot& order);
    bool canFillWhole(const Slot& taker, std::int64_t limit) const;
    inline void match(std::uint32_t taker, std::int64_t limit, EngineEvents& out);
    bool preventSelfTrade(std::uint32_t taker, std::uint32_t maker, EngineEvents& out);
    inline void trade(std::uint32_t taker, PriceLadder& makers, EngineEvents& out);
    void execute(std::uint32_t slot, std::int64_t price, EngineEvents& out);
    void hold(std::uint32_t slot, const EngineOrder& order);
    inline void remove(std::uint32_t slot, EngineEvents& out);
    void noteTrade(BookState& book, std::int64_t price);
    void settleStops(BookIndex book, EngineEvents& out);
    std::uint32_t nextTriggered(const BookState& book) const;
    void trigger(std::uint32_t slot, EngineEvents& out);
    EngineEvent& tell(EngineEventKind kind, std::uint32_t slot, std::int64_t price,
                      EngineEvents& out) const;

    SelfTrade m_selfTrade;
    std::vector<BookState> m_books;
    std::vector<Slot> m_slots;
    std::vector<std::uint32_t> m_free;
    std::vector<StopTerms> m_stops;
    std::vector<std::uint32_t> m_freeStops;
};

} // namespace qd::exchange
