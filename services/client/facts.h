#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/base/result.h"
#include "models/market/calendar.h"
#include "models/market/quote.h"
#include "models/orders/order.h"

/// What the backend tells a terminal, as values. `resources/api.md` is the wire form.
namespace qd::client {

/// Everything known of one symbol's market.
struct QuoteFacts {
    Quote quote;
    Price last;
    Quantity lastSize;
    Price previousClose;
    Price dayOpen, dayHigh, dayLow;
    Quantity volume;
    std::string source;
    FeedClass feedClass = FeedClass::Simulated;
    Freshness freshness = Freshness::NoData;
};

/// The fast-moving part of QuoteFacts, as the stream sends it.
struct QuoteTick {
    Symbol symbol;
    Price bid, ask;
    Quantity bidSize, askSize;
    Price last;
    Quantity lastSize;
    Quantity volume;
    Timestamp eventTime, receiveTime;
    Freshness freshness = Freshness::Live;
};

struct BarTick {
    Symbol symbol;
    BarInterval interval = BarInterval::Minute1;
    Bar bar;
    bool closed = false;
};

/// What came from the market since the last batch: newest per symbol, trades in order.
struct MarketBatch {
    std::vector<QuoteTick> quotes;
    std::vector<Trade> trades;
    std::vector<BarTick> bars;
    std::int64_t conflated = 0; ///< updates that a newer one replaced
    bool empty() const { return quotes.empty() && trades.empty() && bars.empty(); }
};

struct BarSeries {
    Symbol symbol;
    BarInterval interval = BarInterval::Minute1;
    std::vector<Bar> bars; ///< oldest first
    std::string source;
    bool adjusted = false;
};

/// An order as it came. A word that this version does not know is kept beside the nearest it knows:
/// an unknown state counts as accepted, so that the order stays in sight and can be cancelled.
struct OrderFacts : Order {
    OrderFacts() = default;
    OrderFacts(Order order) : Order(std::move(order)) {}
    std::string stateWord, sideWord, typeWord, timeInForceWord; ///< empty: known
};

struct PositionFacts {
    Position position;
    Price lastPrice;
    Money marketValue, unrealised, dayChange;
    bool reconciled = true;
};

struct AccountFacts {
    AccountSnapshot snapshot;
    Money dayProfit;
    Decimal dayProfitPercent;
    Money openRisk;
    bool live = false; ///< real money
};

enum class TradingState { Active, Reducing, Halted };
std::string_view toString(TradingState state);

/// What we and the broker disagree on. `id` names exactly this disagreement.
struct Difference {
    std::string id, code;
    std::string kind; ///< "position", "order", "cash"
    std::string symbol, ours, theirs, difference;
    Timestamp since;
    bool blocksEntries = false;
    bool acceptable = false; ///< the broker's word may be taken
    std::string whatToDo;
    friend bool operator==(const Difference&, const Difference&) = default;
};

struct TradingFacts {
    TradingState state = TradingState::Active;
    std::string stateWord; ///< as it came, if this version does not know it; then `state` is Halted
    std::string reason;
    Timestamp since;
    bool reconciling = false;
    std::vector<Difference> differences;
};

struct MarketFacts {
    std::string calendar;
    SessionPhase phase = SessionPhase::Closed;
    Timestamp opensAt, closesAt, now;
    bool earlyClose = false;
    bool alwaysOpen = false; ///< a market that never shuts, as the simulated one
};

struct FeedFacts {
    std::string name;
    bool connected = false;
    Duration age{};
    Freshness freshness = Freshness::NoData;
    Timestamp nextAttempt;
    std::string reason;
};

struct BrokerFacts {
    std::string name;
    bool connected = false;
    std::string breaker; ///< "closed", "open", "half_open"
    double latencyMs = 0;
    std::int64_t rateRemaining = -1; ///< -1: not known
    Timestamp nextAttempt;
    std::string reason;
    std::string code;          ///< of the reason, where it has one
    bool sessionTaken = false; ///< another program has the only session that the broker allows
};

struct StatusReport {
    std::vector<FeedFacts> feeds;
    std::vector<BrokerFacts> brokers;
    std::int64_t queuedDb = 0, queuedCore = 0;
    std::optional<MarketFacts> market;
};

enum class Severity { Info, Warning, Critical };
struct Notice {
    Severity severity = Severity::Info;
    std::string title, text;
    Timestamp time;
};

/// All state at one point of the stream.
struct Snapshot {
    std::uint64_t sequence = 0;
    std::vector<OrderFacts> orders;
    std::vector<Fill> fills;
    std::vector<PositionFacts> positions;
    std::optional<AccountFacts> account;
    std::optional<TradingFacts> trading;
    std::optional<MarketFacts> market;
};

/// One committed change; only what it carries is set.
struct StreamEvent {
    std::uint64_t sequence = 0;
    std::string kind; ///< "order.accepted"
    Timestamp time;
    std::optional<OrderFacts> order;
    std::optional<Fill> fill;
    std::optional<PositionFacts> position;
    std::optional<AccountFacts> account;
    std::optional<TradingFacts> trading;
    std::optional<Notice> notice;
};

struct TimelineEvent {
    std::uint64_t sequence = 0;
    Timestamp time;      ///< when it was committed
    Timestamp eventTime; ///< the venue's, if it told one
    std::string kind, actor, traceId;
    std::string detail;  ///< compact "key: value" pairs
};

/// One line of the backend's log.
struct LogEvent {
    std::uint64_t sequence = 0;
    Timestamp time;
    std::string kind, subject, actor, traceId;
    std::string detail; ///< compact "key: value" pairs
    std::optional<Notice> notice;
};

/// One step of a request as the backend timed it.
struct Span {
    std::string id, parent; ///< 16 hexadecimal digits; the parent may be another program's
    std::string name;       ///< "POST /v1/orders"
    Timestamp start;
    Duration duration{};
    std::string status, message; ///< "unset", "ok", "error"
    std::string attributes;      ///< compact "key: value" pairs
};

struct PreviewCheck {
    std::string code, title, detail;
    bool passed = true;
    bool asks = false; ///< failing asks for a confirmation instead of refusing
};

struct OrderPreview {
    Money notional, estimatedFee, buyingPowerBefore, buyingPowerAfter;
    Quantity positionAfter;
    std::vector<PreviewCheck> checks;
    Freshness freshness = Freshness::NoData;
};

struct Confirmation {
    std::string code, text;
};

struct FieldProblem {
    std::string field, code, detail;
};

/// Why a call was not done (RFC 9457), or why no answer came (`status` 0).
struct Problem {
    int status = 0;
    std::string code;   ///< "orders.qty_below_lot", "client.offline", "client.deadline"
    std::string title, detail;
    std::string traceId;
    std::vector<FieldProblem> fields;
    std::vector<Confirmation> confirmations; ///< status 412
    std::optional<Duration> retryAfter;
    /// The request left and no answer came: it may or may not have been done.
    bool outcomeUnknown = false;
    std::string challenge; ///< a puzzle to be solved first (models/accounts/proof_of_work.h)
    bool mayRepeat = false; ///< a consent: the same may be sent again, nobody is asked anew
    bool mustRestart = false; ///< a consent: it has to be begun anew
    std::vector<std::string> reasons, suggestions; ///< of a weak password
};

template <typename T>
using Answer = tl::expected<T, Problem>;

struct OrderChange {
    ClientOrderId order;
    std::optional<Quantity> quantity;
    std::optional<Price> limitPrice, stopPrice;
};

enum class LinkState { Offline, Connecting, Synchronising, Online };
struct LinkFacts {
    LinkState state = LinkState::Offline;
    std::string detail;        ///< why, for people
    int attempt = 0;           ///< of this outage
    Timestamp nextAttempt;     ///< unset while connected
    std::int64_t reconnects = 0, resynchronisations = 0;
    double roundTripMs = 0;
    std::string serverVersion;
    std::int64_t unreadableFrames = 0;
    std::int64_t marketGaps = 0; ///< market frames that went missing; the picture was sent anew
};

struct WishList {
    std::vector<Symbol> quotes, trades;
    std::vector<std::pair<Symbol, BarInterval>> bars;
    friend bool operator==(const WishList&, const WishList&) = default;
};

} // namespace qd::client
