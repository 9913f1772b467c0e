#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "models/market/quote.h"
#include "models/orders/order.h"
#include "models/orders/order_states.h"
#include "services/runtime/executor.h"

namespace qd::brokers {

/// What a broker can do. Checked before anything is sent; refusals are ours, coded and explained.
struct Capabilities {
    BrokerId broker;
    std::vector<OrderType> orderTypes;
    std::vector<TimeInForce> timesInForce;
    std::vector<OrderClass> orderClasses;
    bool fractionalShares = false;
    bool extendedHours = false;
    bool modifyKeepsId = false;    ///< false: a change makes a new venue order (Alpaca)
    bool shortSelling = false;
    bool crossesZero = false;      ///< one order may turn long into short
    bool options = false;          ///< takes orders for option contracts, a hundred shares each
    std::size_t clientOrderIdMax = 48;
    int ordersPerMinuteMax = 200;
};

/// Why `request` cannot be sent to this broker: Invalid "broker.unsupported_…" with the field.
Result<void> checkCapabilities(const Capabilities& capabilities, const OrderRequest& request,
                               const Instrument& instrument);

/// The broker's picture of one order, from a query or a stream.
struct OrderReport {
    ClientOrderId clientOrderId; ///< as given to the venue; foreign orders have the venue's
    VenueOrderId venueOrderId;
    OrderRequest request;        ///< what the venue says was asked
    OrderState state = OrderState::Submitted; ///< mapped from the venue's status
    std::string venueStatus;     ///< the venue's own word
    Quantity filledQuantity;
    Price averagePrice;
    ClientOrderId parent;
    VenueOrderId replaces, replacedBy;
    std::string reason;
    std::vector<OrderReport> legs;
    Timestamp createdAt, updatedAt;
};

/// What became of a command that was sent.
struct Accepted {
    OrderReport report;
};
struct Refused { ///< definitely not acted on; `error.kind` is Invalid, Denied, NotFound or Conflict,
    Error error; ///< or Unavailable when it was never sent (breaker open, rate limit, not connected)
};
struct Unknown { ///< it may or may not have been acted on: query, never resend
    Error error;
};
using Outcome = std::variant<Accepted, Refused, Unknown>;

struct Modification {
    std::optional<Quantity> quantity;
    std::optional<Price> limitPrice, stopPrice;
    std::optional<Decimal> trail;
    std::optional<TimeInForce> timeInForce;
    ClientOrderId newClientOrderId; ///< of the order that replaces it
};

/// Something the broker told us. Immutable; at least once, possibly late or out of order.
struct OrderUpdate {
    OrderEventKind kind = OrderEventKind::Accepted;
    OrderReport report;
    std::optional<Fill> fill; ///< when kind is Filled
    Timestamp eventTime, receiveTime;
};
/// The stream is up (and must be followed by reconciliation), or down (with the reason and the time
/// of the next try).
struct ConnectionChange {
    bool connected = false;
    std::string reason;
    Timestamp nextAttempt;
};
/// A message that did not make sense: kept whole for the quarantine.
struct Malformed {
    std::string message;
    Error error;
};
using BrokerEvent = std::variant<OrderUpdate, ConnectionChange, Malformed>;

struct OrderQuery {
    bool openOnly = true;
    Timestamp since; ///< submitted at or after; unset = all. Older ones may have changed since
    std::size_t limit = 500;
};

/// What the broker's breaker, limits and stream look like right now, for health and status bar.
struct BrokerStatus {
    bool connected = false;
    bool authenticated = false;
    /// Why it is not authenticated, if the broker said: Denied (key, log-in, session), Unavailable (it
    /// cannot be asked). No code: nothing is known.
    Error refusal = {};
    bool sessionTaken = false; ///< another program of the user has the session: see SharedSession
    std::string_view wayBack = {}; ///< what a person does to be let in again, a whole phrase
    std::string breakerState; ///< "closed", "open", "half_open"
    Timestamp nextAttempt;    ///< when an open breaker lets the next call through
    int rateRemaining = -1;   ///< requests left in the venue's window; -1 unknown
    Duration lastLatency{};
    Error lastError;
    Timestamp lastErrorAt;
    std::uint64_t malformedCount = 0;
};

/// The contract every adapter fulfils (tests/contract/broker, BC-01 …). Methods are called, and
/// callbacks come, on the core executor; the adapter does its I/O elsewhere. One callback per call.
/// It never resends an order, never retries a command whose outcome is unknown, and lets cancels
/// through an open breaker.
class Broker {
public:
    template <typename T>
    using Callback = std::function<void(Result<T>)>;
    using OutcomeCallback = std::function<void(Outcome)>;

    virtual ~Broker() = default;
    virtual const Capabilities& capabilities() const = 0;
    virtual BrokerStatus status() const = 0;

    virtual void submit(const OrderRequest& request, const std::string& traceParent,
                        OutcomeCallback done) = 0;
    virtual void modify(const VenueOrderId& order, const Modification& change,
                        const std::string& traceParent, OutcomeCallback done) = 0;
    virtual void cancel(const VenueOrderId& order, const std::string& traceParent,
                        OutcomeCallback done) = 0;

    /// NotFound "broker.order_not_found" is a proof of absence only after the submit's deadline.
    virtual void findByClientId(const ClientOrderId& id, Callback<OrderReport> done) = 0;
    virtual void listOrders(const OrderQuery& query, Callback<std::vector<OrderReport>> done) = 0;
    virtual void listExecutions(Timestamp since, Callback<std::vector<Fill>> done) = 0;
    virtual void listPositions(Callback<std::vector<Position>> done) = 0;
    virtual void account(Callback<AccountSnapshot> done) = 0;
    virtual void listInstruments(Callback<std::vector<Instrument>> done) = 0;

    /// Start the event stream and keep it up. `events` comes on the core executor.
    virtual void start(std::function<void(BrokerEvent)> events) = 0;
    virtual void stop() = 0;
};

/// Live market data of one provider. Same threading as Broker.
struct Subscriptions {
    std::vector<Symbol> quotes, trades, bars;
};
struct MarketStatus { ///< a halt or its end
    Symbol symbol;
    bool halted = false;
    std::string reason;
    Timestamp eventTime;
};
using MarketEvent = std::variant<Quote, Trade, MarketStatus, ConnectionChange, Malformed>;

/// What a provider knows of one symbol at the moment: the stream tells changes only.
struct MarketSnapshot {
    Symbol symbol;
    std::optional<Quote> quote;
    std::optional<Trade> trade;
    std::optional<Bar> day;         ///< of the session under way, or the last one
    std::optional<Bar> previousDay; ///< of the session before `day`
};

/// How one of a provider's keys is doing. The key itself is told to nobody.
struct FeedKey {
    bool inUse = false;
    bool refused = false; ///< the provider did not let it in
    Timestamp heldUntil;  ///< its limit is used up; unset: it is not
};

class MarketFeed {
public:
    virtual ~MarketFeed() = default;
    virtual std::string name() const = 0;
    /// What kind of values it has now; where that differs by symbol, the worst.
    virtual FeedClass feedClass() const = 0;
    /// Of this symbol's.
    virtual FeedClass classOf(const Symbol&) const { return feedClass(); }
    /// Events arrive in batches so that a storm costs one hop each (design.md §7).
    virtual void start(std::function<void(std::vector<MarketEvent>)> events) = 0;
    virtual void stop() = 0;
    /// The whole wish list; the feed sends the difference upstream.
    virtual void subscribe(Subscriptions wanted) = 0;
    virtual void bars(const Symbol& symbol, BarInterval interval, Timestamp from, Timestamp to,
                      std::function<void(Result<std::vector<Bar>>)> done) = 0;
    /// Until when its provider's limits hold the next request for bars; unset: it leaves at once.
    virtual Timestamp heldUntil() const { return {}; }
    /// The keys it has, in the order in which they are used; empty when it needs none.
    virtual std::vector<FeedKey> keys() const { return {}; }
    /// Can it be asked for `snapshots`?
    virtual bool hasSnapshots() const { return false; }
    /// Ask what is known of the symbols, whether the stream is up or not. `told` is called for each
    /// part that is answered; symbols without any value, and parts that failed, are not told of.
    virtual void snapshots(const std::vector<Symbol>& symbols,
                           std::function<void(std::vector<MarketSnapshot>)> told)
    {
        static_cast<void>(symbols);
        static_cast<void>(told);
    }
};

} // namespace qd::brokers
