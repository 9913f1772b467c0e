#include <gtest/gtest.h>

#include <algorithm>
#include <map>
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

constexpr S kBefore = S::Held; ///< where a refused change returns to, in the list below

/// The allowed steps of an order that is complete with its fill, written down a second time: the
/// usual ones first, then what this room's README adds. What is not here is forbidden.
constexpr Transition kUsual[] = {
    {S::Initialized, E::Denied, S::Denied},
    {S::Initialized, E::Emulated, S::Emulated},
    {S::Initialized, E::Released, S::Released},
    {S::Initialized, E::Submitted, S::Submitted},
    {S::Initialized, E::Rejected, S::Rejected},
    {S::Initialized, E::Accepted, S::Accepted},
    {S::Initialized, E::Canceled, S::Canceled},
    {S::Initialized, E::Expired, S::Expired},
    {S::Initialized, E::Triggered, S::Triggered},
    {S::Initialized, E::Updated, S::Initialized},
    {S::Emulated, E::Canceled, S::Canceled},
    {S::Emulated, E::Expired, S::Expired},
    {S::Emulated, E::Released, S::Released},
    {S::Emulated, E::Updated, S::Emulated},
    {S::Released, E::Submitted, S::Submitted},
    {S::Released, E::Denied, S::Denied},
    {S::Released, E::Canceled, S::Canceled},
    {S::Released, E::Updated, S::Released},
    {S::Submitted, E::PendingUpdate, S::PendingUpdate},
    {S::Submitted, E::PendingCancel, S::PendingCancel},
    {S::Submitted, E::Rejected, S::Rejected},
    {S::Submitted, E::Canceled, S::Canceled},
    {S::Submitted, E::Accepted, S::Accepted},
    {S::Submitted, E::Filled, S::Filled},
    {S::Submitted, E::Updated, S::Submitted},
    {S::Accepted, E::Rejected, S::Rejected},
    {S::Accepted, E::PendingUpdate, S::PendingUpdate},
    {S::Accepted, E::PendingCancel, S::PendingCancel},
    {S::Accepted, E::Canceled, S::Canceled},
    {S::Accepted, E::Triggered, S::Triggered},
    {S::Accepted, E::Expired, S::Expired},
    {S::Accepted, E::Filled, S::Filled},
    {S::Accepted, E::Updated, S::Accepted},
    {S::PendingUpdate, E::Rejected, S::Rejected},
    {S::PendingUpdate, E::Accepted, S::Accepted},
    {S::PendingUpdate, E::Canceled, S::Canceled},
    {S::PendingUpdate, E::Expired, S::Expired},
    {S::PendingUpdate, E::Triggered, S::Triggered},
    {S::PendingUpdate, E::PendingUpdate, S::PendingUpdate},
    {S::PendingUpdate, E::PendingCancel, S::PendingCancel},
    {S::PendingUpdate, E::Filled, S::Filled},
    {S::PendingUpdate, E::ModifyRejected, kBefore},
    {S::PendingUpdate, E::Updated, kBefore},
    {S::PendingCancel, E::Rejected, S::Rejected},
    {S::PendingCancel, E::PendingCancel, S::PendingCancel},
    {S::PendingCancel, E::Canceled, S::Canceled},
    {S::PendingCancel, E::Expired, S::Expired},
    {S::PendingCancel, E::Accepted, S::Accepted},
    {S::PendingCancel, E::Filled, S::Filled},
    {S::PendingCancel, E::CancelRejected, kBefore},
    {S::Triggered, E::Rejected, S::Rejected},
    {S::Triggered, E::PendingUpdate, S::PendingUpdate},
    {S::Triggered, E::PendingCancel, S::PendingCancel},
    {S::Triggered, E::Canceled, S::Canceled},
    {S::Triggered, E::Expired, S::Expired},
    {S::Triggered, E::Filled, S::Filled},
    {S::Triggered, E::Updated, S::Triggered},
    {S::PartiallyFilled, E::PendingUpdate, S::PendingUpdate},
    {S::PartiallyFilled, E::PendingCancel, S::PendingCancel},
    {S::PartiallyFilled, E::Canceled, S::Canceled},
    {S::PartiallyFilled, E::Expired, S::Expired},
    {S::PartiallyFilled, E::Filled, S::Filled},
    {S::PartiallyFilled, E::Accepted, S::PartiallyFilled},
    {S::PartiallyFilled, E::Updated, S::PartiallyFilled},
    {S::Canceled, E::Filled, S::Filled},
};
constexpr Transition kAdded[] = {
    // a broker that asks back
    {S::Initialized, E::ConfirmationAsked, S::AwaitingConfirmation},
    {S::Submitted, E::ConfirmationAsked, S::AwaitingConfirmation},
    {S::AwaitingConfirmation, E::Submitted, S::Submitted},
    {S::AwaitingConfirmation, E::Denied, S::Denied},
    {S::AwaitingConfirmation, E::Accepted, S::Accepted},
    {S::AwaitingConfirmation, E::Rejected, S::Rejected},
    {S::AwaitingConfirmation, E::Canceled, S::Canceled},
    {S::AwaitingConfirmation, E::PendingCancel, S::PendingCancel},
    {S::AwaitingConfirmation, E::Expired, S::Expired},
    {S::AwaitingConfirmation, E::Filled, S::Filled},
    // legs that wait for their parent
    {S::Initialized, E::Held, S::Held},
    {S::Submitted, E::Held, S::Held},
    {S::Held, E::Accepted, S::Accepted},
    {S::Held, E::Rejected, S::Rejected},
    {S::Held, E::PendingUpdate, S::PendingUpdate},
    {S::Held, E::PendingCancel, S::PendingCancel},
    {S::Held, E::Canceled, S::Canceled},
    {S::Held, E::Expired, S::Expired},
    {S::Held, E::Triggered, S::Triggered},
    {S::Held, E::Filled, S::Filled},
    {S::Held, E::Replaced, S::Replaced},
    {S::Held, E::Updated, S::Held},
    // a change that makes another order of it
    {S::Initialized, E::Replaced, S::Replaced},
    {S::Submitted, E::Replaced, S::Replaced},
    {S::Accepted, E::Replaced, S::Replaced},
    {S::PendingUpdate, E::Replaced, S::Replaced},
    {S::PendingCancel, E::Replaced, S::Replaced},
    {S::Triggered, E::Replaced, S::Replaced},
    {S::PartiallyFilled, E::Replaced, S::Replaced},
    // news that were missed in between
    {S::Submitted, E::Expired, S::Expired},
    {S::Submitted, E::Triggered, S::Triggered},
    // fills that are told after the end
    {S::Expired, E::Filled, S::Filled},
    {S::Replaced, E::Filled, S::Filled},
    {S::Filled, E::Filled, S::Filled},
};

TEST(OrderStates, TheAllowedStepsAreTheListedOnesAndNoOthers)
{
    std::map<std::pair<S, E>, S> listed;
    for (const Transition& row : kUsual) listed[{row.from, row.event}] = row.to;
    for (const Transition& row : kAdded) listed[{row.from, row.event}] = row.to;
    ASSERT_EQ(listed.size(), std::size(kUsual) + std::size(kAdded)) << "one is listed twice";
    EXPECT_EQ(listed.size(), orderTransitions().size());
    for (int from = 0; from < kStates; ++from) {
        for (int event = 0; event < kEvents; ++event) {
            const S state = static_cast<S>(from);
            const E kind = static_cast<E>(event);
            if (kind == E::OutcomeUnknown || kind == E::OutcomeKnown) continue;
            const auto found = listed.find({state, kind});
            const auto expected =
                found == listed.end() ? std::nullopt : std::optional(found->second);
            EXPECT_EQ(nextState(state, kind, true, kBefore), expected)
                << toString(state) << " " << toString(kind);
        }
    }
}

TEST(OrderStates, TheFlagOfTheOutcomeLeavesTheStateAndEndsWithIt)
{
    for (int from = 0; from < kStates; ++from) {
        const S state = static_cast<S>(from);
        const auto stays = isClosed(state) ? std::nullopt : std::optional(state);
        EXPECT_EQ(nextState(state, E::OutcomeUnknown, true, kBefore), stays) << toString(state);
        EXPECT_EQ(nextState(state, E::OutcomeKnown, true, kBefore), stays) << toString(state);
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
