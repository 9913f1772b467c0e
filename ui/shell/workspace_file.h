#pragma once

#include <QByteArray>
#include <QList>
#include <QString>
#include <QStringList>

namespace qd::ui {

/// What a workspace remembers from one run to the next. A file of its own kind, private to the
/// person; anything unreadable in it is forgotten, never fatal.
struct WorkspaceFile {
    static constexpr int kVersion = 1;
    QByteArray geometry, docks;
    struct Watchlist {
        QString name;
        QStringList symbols;
    };
    QList<Watchlist> watchlists;
    int shownWatchlist = 0;
    QString symbol, interval, theme;
    int lockAfterMinutes = -1; ///< 0: never; -1: not said

    static WorkspaceFile load(const QString& path);
    bool save(const QString& path) const;
};

} // namespace qd::ui
