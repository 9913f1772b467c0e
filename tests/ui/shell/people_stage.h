#pragma once

#include <QApplication>
#include <QTest>

#include "ui/shell/main_window.h"
#include "ui/state/scripted_people.h"
#include "ui/state/scripted_session.h"

namespace qd::ui::test {

/// The whole window over a scripted day and a scripted company. Nobody sits there yet.
struct PeopleWindow {
    explicit PeopleWindow(QSize size = {1600, 900})
        : clock(Timestamp::of("2024-04-03T14:42:17.381Z")), session(clock, 3), people(clock),
          identity(people, keys, {}), desk(session, clock), random(3),
          window(desk, theme, random,
                 People{people, identity, [](const QUrl&) { return true; },
                        [this] { identity.beOwner(); }, QStringLiteral("https://desk.example.org")})
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
    void signInAsAnn()
    {
        identity.signIn({"ann@example.org", runtime::Secret(ScriptedPeople::kPassword),
                         runtime::Secret(ScriptedPeople::kCode)},
                        &window, [](const client::Answer<bool>&) {});
        QTRY_VERIFY(identity.state() == client::Identity::State::SignedIn);
        QTRY_VERIFY(identity.who().steppedUpFor > Duration{}); // as the backend told
    }
    Workspaces& places() { return *window.workspaces(); }
    template <typename T>
    T* find(const char* name)
    {
        return window.findChild<T*>(QLatin1String(name));
    }

    ScriptedClock clock;
    Theme theme;
    ScriptedSession session;
    ScriptedPeople people;
    ScriptedKeys keys;
    client::Identity identity;
    Desk desk;
    runtime::SeededRandom random;
    MainWindow window;
};

} // namespace qd::ui::test
