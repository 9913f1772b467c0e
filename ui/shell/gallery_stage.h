#pragma once

#include "ui/shell/main_window.h"
#include "ui/state/scripted_people.h"
#include "ui/state/scripted_session.h"

namespace qd::ui {

/// Let timers of up to a few hundred milliseconds run out: previews, layouts.
void settle(int rounds = 40);

/// One terminal over one scripted day, with its owner before it.
struct GalleryStage {
    explicit GalleryStage(Theme& theme, QSize size, bool answering = true);
    void typeOrder(Side side, const char* quantity);
    /// As the administrator of the scripted company.
    void signIn();
    Workspaces& places() { return *window.workspaces(); }

    ScriptedClock clock;
    ScriptedSession session;
    ScriptedPeople people;
    ScriptedKeys keys;
    client::Identity identity;
    Desk desk;
    runtime::SeededRandom random;
    MainWindow window;
};

/// Takes the picture of a window under a name.
using Shoot = std::function<void(QWidget& window, const QString& name)>;

/// The workspaces, doors and dialogs of people and of brokers' connections.
void shootPeople(Theme& theme, const Shoot& shoot);
/// Three of them in the theme that is in use, whose name ends theirs.
void shootPeopleInTheme(Theme& theme, const QString& name, const Shoot& shoot);

} // namespace qd::ui
