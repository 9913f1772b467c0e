#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "services/brokers/broker.h"
#include "services/json/json.h"

/// IBKR's order, execution, position and account texts ↔ our values (Client Portal Web API v1).
/// Readers tolerate unknown members; a missing required one is Invalid "ibkr.schema". Numbers that cannot
/// be meant are Invalid "ibkr.schema" too: the rooms behind add and subtract what they are told.
namespace qd::brokers::ibkr {

/// The most of an order, an execution or a holding; a few of them still add up.
inline constexpr Quantity kQuantityMax = Quantity::fromUnits(20'000'000'000 * Decimal::kOne);
inline constexpr Price kPriceMax = Price::fromUnits(1'000'000'000 * Decimal::kOne);
inline constexpr Money kMoneyMax = Money(Decimal::fromUnits(90'000'000'000 * Decimal::kOne));

/// How the exits of an order are called: its own client id and one of these.
inline constexpr std::string_view kTakeProfitSuffix = ".tp", kStopLossSuffix = ".sl";

/// Body of POST …/orders: the order and its exits, in one object.
std::string writeOrder(const OrderRequest& request, std::int64_t conid);
/// Body of POST …/order/{id}: everything that the order has, changed or not.
std::string writeChange(const OrderRequest& request, std::int64_t conid);

// ── what a command is answered: three forms, all with status 200 ─────────────────────────────────
struct TakenOrder {
    std::string orderId, localOrderId, status;
};
struct Taken {
    std::vector<TakenOrder> orders; ///< the order, then its exits
};
struct Asked { ///< nothing is done until it is confirmed
    std::string replyId;
    std::vector<std::string> messageIds; ///< "o163"
    std::string text;
};
struct Declined {
    Error error;
};
using Answer = std::variant<Taken, Asked, Declined>;
Result<Answer> readAnswer(const json::Value& root);
/// {"msg":"Request was submitted",…}, or why not.
Result<void> readCancelAnswer(const json::Value& root);

/// What IBKR's words mean: of an HTTP error, or of an {"error":…} with status 200.
Error readError(int status, std::string_view text);
/// As above, from a whole answer.
Error readErrorBody(int status, std::string_view body);

// ── orders and executions ────────────────────────────────────────────────────────────────────────
/// One of the live orders, or what a stream message says of one: there only what changed is present.
struct LiveOrder {
    std::string orderId;
    std::optional<std::string> orderRef, ticker, secType, status, reason, parentId;
    std::optional<std::int64_t> conid;
    std::optional<Side> side;
    std::optional<OrderType> type;
    std::optional<TimeInForce> timeInForce;
    std::optional<Quantity> total, filled;
    std::optional<Price> price, auxPrice, averagePrice;
    std::optional<Decimal> trailingAmount;
    bool trailsByPercent = false;
    std::optional<bool> extendedHours;
    bool cannotBeCanceled = false;
    std::string unknownWord; ///< of the type or time in force, if it is none of ours
    Timestamp changedAt;
};
Result<LiveOrder> readLiveOrder(const json::Value& order);

/// IBKR's status word → ours; nothing for a word that we do not know. `Inactive` is Held: whether the
/// order is dead is told beside it.
std::optional<OrderState> readStatus(std::string_view word);

/// An execution. It names its order by the client's id alone.
struct Execution {
    Fill fill; ///< without symbol
    std::int64_t conid = 0;
    std::string ticker, secType;
};
Result<Execution> readExecution(const json::Value& execution, const AccountId& account,
                                Timestamp receiveTime);

// ── the account ──────────────────────────────────────────────────────────────────────────────────
struct Holding {
    Position position; ///< without symbol
    std::int64_t conid = 0;
    std::string ticker, secType;
};
Result<Holding> readHolding(const json::Value& position, const AccountId& account);
/// Of GET /portfolio/{account}/summary.
Result<AccountSnapshot> readSummary(const json::Value& summary, const AccountId& account,
                                    Timestamp asOf);

/// "BRK B", "STK" → BRK.B; "BTC", "CRYPTO" → BTC/USD.
Result<Symbol> symbolOf(std::string_view ticker, std::string_view secType);
/// BRK.B → "BRK B"; BTC/USD → "BTC".
std::string tickerOf(const Symbol& symbol);

/// A number that may come as a text, with thousands separators, or with the noise of binary fractions.
Result<Decimal> readNumber(const json::Value& value, const char* field);

} // namespace qd::brokers::ibkr
