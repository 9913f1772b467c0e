#include "ui/shell/workspace_file.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSaveFile>

namespace qd::ui {

namespace {

constexpr int kSymbolsMax = 500;

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
    for (const QJsonValue& symbol : root[QStringLiteral("watchlist")].toArray()) {
        if (workspace.watchlist.size() < kSymbolsMax) workspace.watchlist.append(symbol.toString());
    }
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
    root[QStringLiteral("watchlist")] = QJsonArray::fromStringList(watchlist);
    QDir().mkpath(QFileInfo(path).path());
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly)) return false;
    file.setPermissions(QFile::ReadOwner | QFile::WriteOwner);
    file.write(QJsonDocument(root).toJson());
    return file.commit();
}

} // namespace qd::ui
