#pragma once

#include <QApplication>
#include <QTest>

#include "ui/shell/main_window.h"
#include "ui/state/scripted_session.h"

namespace qd::ui::test {

/// The whole window over a scripted day.
struct TerminalStage {
    explicit TerminalStage(QSize size = {1600, 900})
        : clock(Timestamp::of("2024-04-03T14:42:17.381Z")), session(clock, 3), desk(session, clock),
          random(3), window(desk, theme, random)
    {
        theme.apply(*qApp);
        window.resize(size);
        window.show();
        (void)QTest::qWaitForWindowActive(&window);
        desk.setWatchlist(session.world().symbols());
        desk.select(Symbol::of("SPY"));
        session.start();
        window.arrangeByDefault();
        while (desk.bars().series(desk.chartKey()).phase != BarStore::Phase::Ready) QTest::qWait(5);
    }
    template <typename T>
    T* find(const char* name)
    {
        return window.findChild<T*>(QLatin1String(name));
    }
    template <typename T>
    T* dialog(const char* name)
    {
        T* found = nullptr;
        (void)QTest::qWaitFor([&] {
            found = window.findChild<T*>(QLatin1String(name));
            return found && found->isVisible();
        });
        return found;
    }

    ScriptedClock clock;
    Theme theme;
    ScriptedSession session;
    Desk desk;
    runtime::SeededRandom random;
    MainWindow window;
};

} // namespace qd::ui::test
