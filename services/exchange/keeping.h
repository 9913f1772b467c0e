#pragma once

#include <map>
#include <optional>
#include <vector>

#include "models/market/calendar.h"
#include "services/exchange/account_book.h"

namespace qd::exchange {

/// One order as it has to be kept for a venue that opens again where it closed.
struct KeptOrder {
    std::uint64_t number = 0; ///< rising with every order: time priority
    VenueOrder order;
    bool watched = false;     ///< at the market
    bool feeCharged = false;
    bool waitsForAuction = false;
    bool cancelAsked = false; ///< a cancellation was taken and has not happened yet
    std::optional<Price> protection; ///< limit put on a triggered buy stop
    VenueOrderId replacement;        ///< the order that is about to take its place
    Money traded;                    ///< sum of price × quantity of its executions
    friend bool operator==(const KeptOrder&, const KeptOrder&) = default;
};

/// One account without its executions.
struct KeptAccount {
    AccountTerms terms;
    std::string number, uuid;
    Timestamp createdAt;
    bool blocked = false;
    Money cash, lastEquity, fees, deposits;
    std::map<Symbol, Holding> holdings;
    std::uint64_t executionsBegin = 0; ///< executions with lower numbers are forgotten (a reset)
    friend bool operator==(const KeptAccount&, const KeptAccount&) = default;
};

/// An execution and its place among its account's, counted from 1.
struct KeptExecution {
    std::uint64_t number = 0;
    VenueExecution execution;
};

/// The session under way: what ends with it has to end even if the venue was shut meanwhile.
struct KeptSession {
    std::int64_t number = 0;
    SessionPhase phase = SessionPhase::Closed;
    friend bool operator==(const KeptSession&, const KeptSession&) = default;
};

/// What a venue is, or what has changed of it. Orders and executions oldest first.
struct KeptVenue {
    std::vector<KeptOrder> orders;
    std::vector<KeptAccount> accounts;
    std::vector<KeptExecution> executions;
    std::optional<KeptSession> session;

    bool isEmpty() const
    {
        return orders.empty() && accounts.empty() && executions.empty() && !session;
    }
};

} // namespace qd::exchange
