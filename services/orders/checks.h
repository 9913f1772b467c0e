#pragma once

#include <span>
#include <vector>

#include "services/brokers/broker.h"
#include "services/orders/book.h"
#include "services/orders/facts.h"
#include "services/orders/market_view.h"
#include "services/orders/settings.h"

namespace qd::orders {

/// All that the rules look at: a picture of one moment. Rules are pure functions of it.
struct CheckInput {
    const OrderRequest& request;
    const Settings& settings;
    const TradingStatus& trading;
    const brokers::Capabilities& capabilities;
    const brokers::BrokerStatus& broker;
    const Instrument* instrument = nullptr; ///< null: unknown
    std::vector<Symbol> nearMatches = {};        ///< when unknown
    MarketPicture picture = {};
    SessionPhase phase = SessionPhase::Closed;
    Timestamp nextOpen = {};
    Timestamp now = {};
    Position position = {};
    Exposure exposure = {}; ///< without the order that this one replaces
    std::optional<AccountSnapshot> account = {};
    Money reserved = {};    ///< by our open orders that `account` does not know of
    Money ownReserve = {};  ///< what the order that this one replaces has already reserved
    int submitsInLastMinute = 0;
};

/// Something a rule objects to. An empty code stands for the rule's own.
struct Finding {
    std::string detail;
    std::string field;
    std::string example;
    std::string code;
};

/// One rule. Applied in the order of `rules()`.
struct Rule {
    const char* code;
    const char* title;
    Check::Severity severity;
    std::vector<Finding> (*find)(const CheckInput& input);
};

/// The rules that refuse, in the order that they are applied: trading state, broker ready, known and
/// tradable, reduce-only, price and quantity, trailing, value, buying power alone and with open
/// orders, rate, capability, market hours, short sale, crossing zero.
std::span<const Rule> riskRules();
/// The rules that ask.
std::span<const Rule> precautions();

/// How much may be bought or sold on the order's side before the position is flat.
Quantity closableQuantity(const CheckInput& input);
/// Does the order only bring the position towards zero, whatever else is open?
bool onlyReduces(const CheckInput& input);
/// The part of the order's quantity that opens or adds to a position.
Quantity openingQuantity(const CheckInput& input);
/// The price at which the order's cost is estimated: its limit, its stop, or the market's far side.
std::optional<Price> costPrice(const CheckInput& input);
/// price × quantity × contract size.
Money costOf(const CheckInput& input, Quantity quantity);
/// Units of the underlying in one unit of quantity: 100 for options.
Decimal contractSize(const CheckInput& input);

} // namespace qd::orders
