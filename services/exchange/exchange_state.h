#pragma once

#include <map>
#include <unordered_map>

#include "services/exchange/account_book.h"
#include "services/exchange/keeping.h"
#include "services/exchange/order_store.h"
#include "services/exchange/tape.h"

namespace qd::exchange {

class BookLiquidity;

/// Everything inside the exchange. Its parts are written by step of an order's path:
/// exchange_intake.cpp (checks and entry), exchange_life.cpp (acknowledge, cancel, replace, end),
/// exchange_fills.cpp (triggers and fills), exchange_market.cpp (time, sessions, halts),
/// exchange_keeping.cpp (closing and opening again).
struct Exchange::State {
    enum class Step { Acknowledge, Cancel, Replace, Enter };
    struct Work {
        Step step = Step::Acknowledge;
        VenueOrderId order;
    };

    /// What has been kept of the venue so far: what differs from it has changed.
    struct Told {
        std::map<std::uint64_t, KeptOrder> open; ///< by number
        std::uint64_t lastOrder = 0;
        struct Ledger {
            KeptAccount account;
            std::uint64_t executions = 0;
        };
        std::map<AccountId, Ledger> accounts;
        std::optional<KeptSession> session;
    };

    State(runtime::Executor& executorOfAll, runtime::Random& randomOfAll,
          std::unique_ptr<MarketSource> marketSource, ExchangeOptions exchangeOptions,
          ExchangeListener& exchangeListener);
    ~State();

    runtime::Executor& executor;
    runtime::Random& random;
    std::unique_ptr<MarketSource> source;
    ExchangeOptions options;
    ExchangeListener& listener;
    SessionSchedule sessions;
    Tape tape;
    AccountBook accounts;
    OrderStore orders;
    std::unordered_map<Symbol, InstrumentIndex> bySymbol;
    std::vector<bool> haltedByHand;
    std::multimap<Duration, Work> work; ///< by the steady time at which it is due
    runtime::Timer workTimer, tickTimer;
    std::unique_ptr<BookLiquidity> books; ///< FillModel::Book only
    std::int64_t session = 0;
    SessionPhase phase = SessionPhase::Closed;
    MarketBatch incoming, outgoing;
    Told told; ///< what `takeChanges` has said

    // exchange_keeping.cpp
    KeptVenue takeChanges();
    void takeOrders(KeptVenue& out);
    void takeAccounts(KeptVenue& out);
    KeptOrder kept(const OrderRecord& record) const;
    Result<void> restore(KeptVenue venue);
    void restoreOrder(KeptOrder keptOrder, InstrumentIndex instrument);
    void resume(OrderRecord& record, const KeptOrder& keptOrder);

    // exchange_intake.cpp
    VenueResult<VenueOrder> submit(const AccountId& account, const NewOrder& request);
    std::optional<VenueRefusal> checkRisk(const Account& account, const NewOrder& request,
                                          InstrumentIndex instrument, Quantity quantity);
    std::optional<VenueRefusal> checkSell(const Account& account, const NewOrder& request,
                                          InstrumentIndex instrument, Quantity quantity);
    std::optional<VenueRefusal> checkBuy(const Account& account, const NewOrder& request,
                                         InstrumentIndex instrument, Quantity quantity);
    std::optional<VenueRefusal> checkCost(const Account& account, const NewOrder& request,
                                          InstrumentIndex instrument, Quantity quantity);
    std::optional<VenueRefusal> checkWash(const AccountId& account, const NewOrder& request) const;
    VenueOrder makeOrder(const AccountId& account, const NewOrder& request,
                         const Instrument& instrument);
    void makeLegs(OrderRecord& parent, const NewOrder& request);
    OrderRecord& makeLeg(OrderRecord& parent, OrderType type, std::optional<Price> limit,
                         std::optional<Price> stop);
    /// What the order would cost if it opened a position, at limit or market.
    std::optional<Money> costOf(Side side, OrderType type, std::optional<Price> limit,
                                std::optional<Price> stop, InstrumentIndex instrument,
                                Quantity quantity) const;
    Money reservedBy(const Account& account) const;
    /// Quantity of open orders on `side` that would close a position.
    Quantity heldForOrders(const AccountId& account, const Symbol& symbol, Side side) const;
    VenueAccount describe(const Account& account) const;
    MarkOf marks() const;

    // exchange_life.cpp
    void schedule(Step step, const VenueOrderId& order, Duration delay);
    void doWork();
    void armWork();
    void acknowledge(OrderRecord& record);
    void activate(OrderRecord& record);
    VenueResult<VenueOrder> replace(const AccountId& account, const VenueOrderId& id,
                                    const OrderChange& change);
    void finishReplace(OrderRecord& successor);
    void adoptGroup(OrderRecord& successor, const OrderRecord& old);
    VenueResult<void> cancel(const AccountId& account, const VenueOrderId& id);
    /// End this order alone.
    void finish(OrderRecord& record, VenueStatus status, const std::string& reason);
    /// End with Canceled, Expired or Rejected, and the group with it.
    void end(OrderRecord& record, VenueStatus status, const std::string& reason);
    void endGroup(OrderRecord& record, VenueStatus status, const std::string& reason);
    OrderRecord* siblingOf(const OrderRecord& record);
    void activateLegs(OrderRecord& entry);
    void report(OrderEvent event, OrderRecord& record,
                std::optional<VenueExecution> execution = std::nullopt);

    // exchange_fills.cpp
    bool mayTrade(const OrderRecord& record) const;
    bool isWaitingForTrigger(const OrderRecord& record) const;
    void onQuote(const QuoteTick& quote);
    void onTrade(const TradeTick& trade);
    void watchTriggers(OrderRecord& record, const TradeTick& trade);
    void trigger(OrderRecord& record);
    void trail(OrderRecord& record, Price price);
    /// Look at one order against the quote; `first` is its first time at the market.
    void meetQuote(OrderRecord& record, bool first);
    void fill(OrderRecord& record, Price price, Quantity quantity);
    Quantity drawPartial(const OrderRecord& record);
    std::optional<Price> limitOf(const OrderRecord& record) const;
    void enterMarket(OrderRecord& record);
    void settleBook();

    // exchange_market.cpp
    void tick();
    void armTick();
    void moveOn();
    void applyStatus(StatusTick status);
    void reenterBook(InstrumentIndex instrument);
    void turnSession(Timestamp now);
    void closeSession(SessionPhase next);
    void openSession();
    bool setHalted(InstrumentIndex instrument, bool halted);
    Timestamp now() const;
};

} // namespace qd::exchange
