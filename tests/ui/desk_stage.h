#pragma once

#include <QTest>

#include "ui/state/desk.h"
#include "ui/state/scripted_session.h"
#include "ui/theme/theme.h"

namespace qd::ui::test {

/// A desk over a scripted session: 10:42:17 in New York on Wednesday, 3 April 2024. Nothing is
/// connected before `open`.
struct DeskStage {
    DeskStage()
        : clock(Timestamp::of("2024-04-03T14:42:17.381Z")), session(clock, 3), desk(session, clock)
    {
        desk.setWatchlist(session.world().symbols());
        desk.select(Symbol::of("SPY"));
    }
    /// Connect, and wait for the prices and bars of the selected symbol.
    void open()
    {
        session.start();
        while (!isReady()) QTest::qWait(5);
    }
    bool isReady()
    {
        return desk.isUsable(desk.symbol()) &&
               desk.bars().series(desk.chartKey()).phase == BarStore::Phase::Ready;
    }
    void select(const char* symbol)
    {
        desk.select(Symbol::of(symbol));
        while (!isReady()) QTest::qWait(5);
    }
    /// The backend tells one thing: `tell(&client::StreamEvent::account, account)`.
    template <typename T>
    void tell(std::optional<T> client::StreamEvent::*what, const T& value)
    {
        client::StreamEvent event;
        event.kind = "told.by_the_test";
        event.*what = value;
        session.sendEvent(event);
    }
    /// A trade at this price, with a quote of a cent to each side.
    void trade(const char* symbol, const char* price)
    {
        client::MarketBatch batch;
        client::QuoteTick& tick = batch.quotes.emplace_back();
        tick.symbol = Symbol::of(symbol);
        tick.last = Price::of(price);
        tick.bid = tick.last - Price::of("0.01");
        tick.ask = tick.last + Price::of("0.01");
        tick.bidSize = tick.askSize = tick.lastSize = Quantity::of("100");
        tick.eventTime = tick.receiveTime = clock.now();
        Q_EMIT session.marketArrived(batch);
    }

    ScriptedClock clock;
    Theme theme;
    ScriptedSession session;
    Desk desk;
};

} // namespace qd::ui::test
