#include "ui/shell/workspace_file.h"

#include <algorithm>

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSaveFile>

namespace qd::ui {

namespace {

constexpr int kSymbolsMax = 500; ///< of one list
constexpr int kListsMax = 20;   ///< as many as a desk has
constexpr int kNameMax = 32;

QStringList readSymbols(const QJsonValue& value)
{
    QStringList symbols;
    for (const QJsonValue& symbol : value.toArray()) {
        if (symbols.size() < kSymbolsMax) symbols.append(symbol.toString());
    }
    return symbols;
}

WorkspaceFile::Watchlist readList(const QJsonValue& value)
{
    return {value[QStringLiteral("name")].toString().left(kNameMax),
            readSymbols(value[QStringLiteral("symbols")])};
}

} // namespace

WorkspaceFile WorkspaceFile::load(const QString& path)
{
    WorkspaceFile workspace;
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) return workspace;
    const QJsonObject root = QJsonDocument::fromJson(file.read(1 << 20)).object();
    if (root[QStringLiteral("version")].toInt() != kVersion) return workspace;
    const auto bytes = [&](const char* key) {
        return QByteArray::fromBase64(root[QLatin1String(key)].toString().toLatin1());
    };
    workspace.geometry = bytes("geometry");
    workspace.docks = bytes("docks");
    workspace.symbol = root[QStringLiteral("symbol")].toString();
    workspace.interval = root[QStringLiteral("interval")].toString();
    workspace.theme = root[QStringLiteral("theme")].toString();
    workspace.lockAfterMinutes = root[QStringLiteral("lockAfterMinutes")].toInt(-1);
    for (const QJsonValue& list : root[QStringLiteral("watchlists")].toArray()) {
        if (workspace.watchlists.size() < kListsMax) workspace.watchlists.append(readList(list));
    }
    // Files of the time of a single list have it here.
    if (const QJsonValue only = root[QStringLiteral("watchlist")];
        only.isArray() && workspace.watchlists.isEmpty()) {
        workspace.watchlists.append({{}, readSymbols(only)});
    }
    workspace.shownWatchlist = std::max(0, root[QStringLiteral("shownWatchlist")].toInt());
    return workspace;
}

bool WorkspaceFile::save(const QString& path) const
{
    QJsonObject root;
    root[QStringLiteral("version")] = kVersion;
    root[QStringLiteral("geometry")] = QString::fromLatin1(geometry.toBase64());
    root[QStringLiteral("docks")] = QString::fromLatin1(docks.toBase64());
    root[QStringLiteral("symbol")] = symbol;
    root[QStringLiteral("interval")] = interval;
    root[QStringLiteral("theme")] = theme;
    if (lockAfterMinutes >= 0) root[QStringLiteral("lockAfterMinutes")] = lockAfterMinutes;
    QJsonArray lists;
    for (const Watchlist& list : watchlists) {
        lists.append(QJsonObject{{QStringLiteral("name"), list.name},
                                 {QStringLiteral("symbols"),
                                  QJsonArray::fromStringList(list.symbols)}});
    }
    root[QStringLiteral("watchlists")] = lists;
    root[QStringLiteral("shownWatchlist")] = shownWatchlist;
    QDir().mkpath(QFileInfo(path).path());
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly)) return false;
    file.setPermissions(QFile::ReadOwner | QFile::WriteOwner);
    file.write(QJsonDocument(root).toJson());
    return file.commit();
}

} // namespace qd::ui
