#pragma once

#include <QApplication>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTest>

#include "ui/orders/order_ticket.h"
#include "ui/orders/preview_box.h"
#include "ui/state/scripted_session.h"

namespace qd::ui::test {

inline Instrument spy()
{
    Instrument instrument;
    instrument.symbol = Symbol::of("SPY");
    return instrument;
}

/// A ticket over a scripted day in which 500 SPY are held, ready to be typed into.
struct TicketStage {
    TicketStage()
        : clock(Timestamp::of("2024-04-03T14:42:17.381Z")), session(clock, 3), desk(session, clock),
          random(3), ticket(desk, theme, random)
    {
        desk.setWatchlist(session.world().symbols());
        desk.select(Symbol::of("SPY"));
        session.start();
        ticket.resize(340, 760);
        ticket.show();
        (void)QTest::qWaitForWindowActive(&ticket);
        while (!desk.isUsable(desk.symbol())) QTest::qWait(5);
    }
    QPushButton& submit() { return *ticket.findChild<QPushButton*>(QStringLiteral("ticketSubmit")); }
    PreviewBox& preview() { return *ticket.findChild<PreviewBox*>(QStringLiteral("ticketPreview")); }
    QLineEdit& edit(const char* name) { return *ticket.findChild<QLineEdit*>(QLatin1String(name)); }
    QString label(const char* name) { return ticket.findChild<QLabel*>(QLatin1String(name))->text(); }
    void type(const char* name, const char* text)
    {
        edit(name).setFocus();
        edit(name).selectAll();
        QTest::keyClicks(&edit(name), QString::fromLatin1(text));
    }

    ScriptedClock clock;
    Theme theme;
    ScriptedSession session;
    Desk desk;
    runtime::SeededRandom random;
    OrderTicket ticket;
};

} // namespace qd::ui::test
