#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/market/calendar.h"
#include "services/exchange/market_source.h"
#include "services/exchange/venue_account.h"
#include "services/exchange/venue_order.h"
#include "services/runtime/executor.h"
#include "services/runtime/random.h"

namespace qd::exchange {

/// How orders meet the market.
enum class FillModel {
    /// As Alpaca's paper trading: filled when marketable against the best bid and offer, whatever
    /// its size; one time in ten only a random part, the rest is looked at again with the next quote.
    AlpacaPaper,
    /// Orders rest in a matching engine among the market's own liquidity: queue, size and priority
    /// count, and a large order walks the book.
    Book,
};

enum class SessionMode {
    /// One regular session after the other, each a UTC day: a fresh machine shows life at any hour.
    AlwaysOpen,
    /// NYSE hours and holidays for equities (by the venue's clock); crypto never shuts.
    Calendar,
};

struct ExchangeOptions {
    FillModel fillModel = FillModel::AlpacaPaper;
    SessionMode sessions = SessionMode::AlwaysOpen;
    FeeSchedule fees;
    Duration tickInterval = std::chrono::milliseconds(10); ///< how often the market moves on
    Duration acknowledgeAfter = std::chrono::milliseconds(5); ///< pending_new → new
    Duration cancelAfter = Duration::zero(); ///< pending_cancel → canceled
    double partialFillShare = 0.10; ///< AlpacaPaper only; 0 … 1
    bool refuseWashTrades = true;
    std::size_t clientOrderIdMax = 128;
    std::size_t closedOrdersKept = 50'000; ///< the oldest closed orders are forgotten beyond it
};

/// Hears everything, on the exchange's executor, after the call that caused it has returned or
/// while the market moves on. Must not call back into the exchange to change it from inside.
class ExchangeListener {
public:
    virtual ~ExchangeListener() = default;
    virtual void orderUpdated(const OrderUpdate& update) = 0;
    /// Quotes, trades, finished minute bars and halts of one tick interval, in time order.
    virtual void marketMoved(const MarketBatch& batch) = 0;
    /// A session opened or closed.
    virtual void sessionChanged(SessionPhase phase, Timestamp at)
    {
        static_cast<void>(phase);
        static_cast<void>(at);
    }
};

struct KeptVenue;

/// What the venue's clock says.
struct VenueClock {
    Timestamp now;
    bool isOpen = false; ///< regular session
    SessionPhase phase = SessionPhase::Closed;
    Timestamp nextOpen, nextClose;
};

/// Latest values of one instrument. Unset while nothing has been seen.
struct MarketSnapshot {
    std::optional<QuoteTick> quote;
    std::optional<TradeTick> trade;
    std::optional<Bar> minuteBar;        ///< the minute under way, or the last one with a trade
    std::optional<Bar> dailyBar;         ///< today so far
    std::optional<Bar> previousDailyBar;
    TradingStatus status = TradingStatus::Trading;
    HaltReason haltReason = HaltReason::None;
};

struct OrderFilter {
    enum class Which { Open, Closed, All };
    Which which = Which::Open;
    std::vector<Symbol> symbols;      ///< empty: all
    std::optional<Side> side;
    std::optional<Timestamp> after;   ///< submitted later than
    std::optional<Timestamp> until;   ///< submitted before (exclusive)
    bool newestFirst = true;
    bool topLevelOnly = false;        ///< leave out legs (they are named by their parent)
    std::size_t limit = 50;
};

/// A paper exchange: takes orders, matches them against a simulated or recorded market, keeps
/// accounts and positions. Pure core on one executor: every call on that executor's thread; what
/// happens later is reported to the listener. Deterministic given the executor's clock and `random`.
class Exchange {
public:
    /// `executor`, `random` and `listener` outlive the exchange.
    Exchange(runtime::Executor& executor, runtime::Random& random,
             std::unique_ptr<MarketSource> source, ExchangeOptions options,
             ExchangeListener& listener);
    ~Exchange();

    /// Start the market and the timers. Without it the market stands still (see `moveOn`).
    void start();
    /// Move the market on to the present by hand: tests and tools. `start` does it by itself.
    void moveOn();

    // ── instruments and market ────────────────────────────────────────────────────────────────
    const std::vector<Instrument>& instruments() const;
    std::optional<InstrumentIndex> find(const Symbol& symbol) const;
    MarketSnapshot snapshot(InstrumentIndex instrument) const;
    Book depth(InstrumentIndex instrument, int depth) const;
    /// Minute1 and Day1 directly, others built from them; from ≤ start < to, oldest first, the
    /// newest `limit`. Includes the bar under way.
    std::vector<Bar> bars(InstrumentIndex instrument, BarInterval interval, Timestamp from,
                          Timestamp to, std::size_t limit) const;
    /// The newest prints kept (a few hundred per instrument), oldest first.
    std::vector<TradeTick> recentTrades(InstrumentIndex instrument, std::size_t limit) const;
    /// As above, quotes; fewer where there are many instruments.
    std::vector<QuoteTick> recentQuotes(InstrumentIndex instrument, std::size_t limit) const;
    FeedClass feedClass() const;
    /// Of an option, where the market knows it.
    std::optional<Quantity> openInterest(InstrumentIndex instrument) const;

    // ── sessions and halts ────────────────────────────────────────────────────────────────────
    VenueClock clock() const;
    const Calendar& calendar() const; ///< the equities' calendar in SessionMode::Calendar
    SessionMode sessionMode() const;
    /// Halt or resume by hand. No orders fill while halted; they may be entered and canceled.
    /// False if the instrument is unknown or already so.
    bool setHalted(InstrumentIndex instrument, bool halted);

    // ── accounts ──────────────────────────────────────────────────────────────────────────────
    /// Conflict "exchange.account_exists" if the id is taken.
    Result<void> openAccount(const AccountTerms& terms);
    std::vector<AccountId> accounts() const;
    std::optional<VenueAccount> account(const AccountId& id) const;
    std::vector<VenuePosition> positions(const AccountId& id) const;
    std::optional<VenuePosition> position(const AccountId& id, const Symbol& symbol) const;
    /// Oldest first, at most the newest `limit`.
    std::vector<VenueExecution> executions(const AccountId& id, std::size_t limit) const;
    /// Deposit (> 0) or withdraw (< 0). False if the account is unknown.
    bool adjustCash(const AccountId& id, Money amount);
    bool setTradingBlocked(const AccountId& id, bool blocked);
    /// Cancel everything, forget positions, start again with `cash`. False if unknown.
    bool resetAccount(const AccountId& id, Money cash);

    // ── orders ────────────────────────────────────────────────────────────────────────────────
    /// Check and take an order. The copy returned is PendingNew, or Accepted while it must wait;
    /// New, fills and the rest come to the listener.
    VenueResult<VenueOrder> submit(const AccountId& account, const NewOrder& order);
    /// The new order that takes the place of `id`. Returned PendingNew; the old one is
    /// PendingReplace until the listener hears Replaced. If the old one fills first the new one is
    /// Rejected.
    VenueResult<VenueOrder> replace(const AccountId& account, const VenueOrderId& id,
                                    const OrderChange& change);
    /// Ask for cancellation; the outcome comes to the listener.
    VenueResult<void> cancel(const AccountId& account, const VenueOrderId& id);
    /// Every open order; ids and whether the cancellation was taken.
    std::vector<std::pair<VenueOrderId, bool>> cancelAll(const AccountId& account);
    /// A market order against the position: all of it, or `quantity` of it.
    VenueResult<VenueOrder> closePosition(const AccountId& account, const Symbol& symbol,
                                          std::optional<Quantity> quantity);

    std::optional<VenueOrder> order(const AccountId& account, const VenueOrderId& id) const;
    std::optional<VenueOrder> orderByClientId(const AccountId& account,
                                              const std::string& clientOrderId) const;
    std::vector<VenueOrder> orders(const AccountId& account, const OrderFilter& filter) const;

    // ── keeping (keeping.h) ───────────────────────────────────────────────────────────────────
    /// What has changed since the last call; everything the first time. Costs a look at each open
    /// order. Not for use from inside the listener.
    KeptVenue takeChanges();
    /// What `takeChanges` told was not kept: the next call tells everything.
    void forgetChangesTold();
    /// Go on where a venue closed; before `start`, with no account opened yet. Working orders are at
    /// the market again; what was under way (an acknowledgement, a cancellation, a replacement) is
    /// taken up again; what should have ended meanwhile ends with the market's first move.
    /// Fails with: Invalid "exchange.unknown_symbol" when something held or working is not traded
    /// here; ended orders of such symbols are forgotten.
    Result<void> restore(KeptVenue kept);

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace qd::exchange
