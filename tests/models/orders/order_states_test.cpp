#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "models/orders/order_states.h"

namespace qd {
namespace {

using S = OrderState;
using E = OrderEventKind;

constexpr int kStates = static_cast<int>(S::Replaced) + 1;
constexpr int kEvents = static_cast<int>(E::OutcomeKnown) + 1;

TEST(OrderStates, NamesReadBack)
{
    for (int i = 0; i < kStates; ++i) {
        const S state = static_cast<S>(i);
        EXPECT_EQ(parseOrderState(toString(state)).value(), state);
    }
    for (int i = 0; i < kEvents; ++i) {
        const E kind = static_cast<E>(i);
        EXPECT_EQ(parseOrderEventKind(toString(kind)).value(), kind);
    }
    const auto unknown = parseSide("long");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, "order.unknown_value");
    EXPECT_EQ(unknown.error().field, "side");
    EXPECT_NE(unknown.error().detail.find("buy, sell"), std::string::npos);
}

TEST(OrderStates, EveryRowIsSaidOnce)
{
    std::set<std::pair<S, E>> seen;
    for (const Transition& row : orderTransitions()) {
        EXPECT_TRUE(seen.insert({row.from, row.event}).second)
            << toString(row.from) << " " << toString(row.event);
    }
}

TEST(OrderStates, WhatIsNotInTheTableIsForbidden)
{
    std::set<std::pair<S, E>> allowed;
    for (const Transition& row : orderTransitions()) allowed.insert({row.from, row.event});
    for (int from = 0; from < kStates; ++from) {
        for (int event = 0; event < kEvents; ++event) {
            const S state = static_cast<S>(from);
            const E kind = static_cast<E>(event);
            const bool isFlag = kind == E::OutcomeUnknown || kind == E::OutcomeKnown;
            const bool expected = isFlag ? !isClosed(state) : allowed.contains({state, kind});
            EXPECT_EQ(nextState(state, kind, true, S::Accepted).has_value(), expected)
                << toString(state) << " " << toString(kind);
        }
    }
}

TEST(OrderStates, EndedOrdersOnlyTakeLateFills)
{
    for (int from = 0; from < kStates; ++from) {
        const S state = static_cast<S>(from);
        if (!isClosed(state)) continue;
        for (int event = 0; event < kEvents; ++event) {
            for (const bool full : {false, true}) {
                const auto next = nextState(state, static_cast<E>(event), full, S::Accepted);
                EXPECT_TRUE(!next || isClosed(*next)) << toString(state);
            }
        }
    }
    EXPECT_EQ(nextState(S::Canceled, E::Filled, true, S::Accepted), S::Filled);
    EXPECT_EQ(nextState(S::Canceled, E::Filled, false, S::Accepted), S::Canceled);
    EXPECT_FALSE(nextState(S::Rejected, E::Filled, true, S::Accepted));
    EXPECT_FALSE(nextState(S::Filled, E::Canceled, true, S::Accepted));
}

TEST(OrderStates, RefusedChangesReturnToWhereTheyCameFrom)
{
    for (const S before : {S::Accepted, S::Triggered, S::PartiallyFilled, S::Held}) {
        EXPECT_EQ(nextState(S::PendingUpdate, E::ModifyRejected, false, before), before);
        EXPECT_EQ(nextState(S::PendingUpdate, E::Updated, false, before), before);
        EXPECT_EQ(nextState(S::PendingCancel, E::CancelRejected, false, before), before);
    }
}

TEST(OrderStates, PartialFillLeavesAPendingCancelPending)
{
    EXPECT_EQ(nextState(S::PendingCancel, E::Filled, false, S::Accepted), S::PendingCancel);
    EXPECT_EQ(nextState(S::PendingCancel, E::Filled, true, S::Accepted), S::Filled);
    EXPECT_EQ(nextState(S::Accepted, E::Filled, false, S::Accepted), S::PartiallyFilled);
    EXPECT_EQ(nextState(S::PartiallyFilled, E::Accepted, false, S::Accepted), S::PartiallyFilled);
}

TEST(OrderStates, ClassesDoNotOverlap)
{
    for (int i = 0; i < kStates; ++i) {
        const S state = static_cast<S>(i);
        EXPECT_FALSE(isClosed(state) && (isOpen(state) || isInFlight(state)));
    }
}

} // namespace
} // namespace qd
