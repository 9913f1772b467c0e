#include "services/client/vault_keys.h"

#include <algorithm>
#include <utility>

#include <QCryptographicHash>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QPointer>
#include <QSaveFile>

#include "services/client/key_holder.h"

namespace qd::client {

namespace {

constexpr qint64 kMarkMax = 200;
constexpr qsizetype kFolderDigits = 16;
constexpr auto kNotOwner = QFileDevice::ReadGroup | QFileDevice::WriteGroup |
                           QFileDevice::ReadOther | QFileDevice::WriteOther;

QString markOf(const VaultKeys::Place& place)
{
    return QDir(place.folder).filePath(place.database + QStringLiteral(".vault.keyring"));
}

QString keyFileOf(const VaultKeys::Place& place)
{
    return QDir(place.folder).filePath(place.database + QStringLiteral(".vault.key"));
}

/// The same for the same folder, however it is written, and another one for each database.
std::string entryNameFor(const VaultKeys::Place& place)
{
    const QString canonical = QFileInfo(place.folder).canonicalFilePath();
    const auto folder = QCryptographicHash::hash(
        (canonical.isEmpty() ? QDir::cleanPath(place.folder) : canonical).toUtf8(),
        QCryptographicHash::Sha256);
    return "vault." + place.database.toStdString() + "." +
           folder.toHex().left(kFolderDigits).toStdString();
}

/// The entry that was used last; the folder may have moved since.
std::optional<std::string> readMark(const VaultKeys::Place& place)
{
    QFile file(markOf(place));
    if (!file.open(QIODevice::ReadOnly)) return std::nullopt;
    auto name = file.read(kMarkMax).trimmed().toStdString();
    if (name.empty()) return std::nullopt;
    return name;
}

bool writeMark(const VaultKeys::Place& place, const std::string& name)
{
    if (readMark(place) == name) return true;
    (void)QDir().mkpath(place.folder);
    QSaveFile file(markOf(place));
    return file.open(QIODevice::WriteOnly) && file.write(QByteArray::fromStdString(name + '\n')) > 0 &&
           file.commit();
}

/// Nothing if it is not there, is no file of keys, or may be read by others: the backend looks at it
/// itself and says so.
runtime::Secret readKeyFile(const VaultKeys::Place& place)
{
    QFile file(keyFileOf(place));
    // Straight into what is wiped: a buffer of Qt's would be freed with the keys in it.
    if (!file.open(QIODevice::ReadOnly | QIODevice::Unbuffered) || (file.permissions() & kNotOwner))
        return {};
    std::string text(KeyHolder::kTextMax + 1, '\0');
    const qint64 size = file.read(text.data(), static_cast<qint64>(text.size()));
    text.resize(static_cast<std::size_t>(std::max(size, qint64(0))));
    runtime::Secret keys(std::move(text));
    const bool isSound = keys.revealForUse().starts_with(KeyHolder::kTitle) &&
                         keys.revealForUse().size() <= KeyHolder::kTextMax;
    return isSound ? std::move(keys) : runtime::Secret();
}

tl::unexpected<Error> wait(const QString& words)
{
    return fail(ErrorKind::Unavailable, "client.vault_key", words.toStdString());
}

} // namespace

struct VaultKeys::Search {
    Place place;
    std::string name;
    bool isMarked; ///< known to be in the keyring
    Found ownFile() const { return {}; }
    Found inKeyring(runtime::Secret keys) const { return {true, name, std::move(keys)}; }
};

void VaultKeys::find(const Place& place, Then then)
{
    const auto mark = readMark(place);
    const Search search{place, mark.value_or(entryNameFor(place)), mark.has_value()};
    m_keyring.read(search.name, [this, guard = QPointer<VaultKeys>(this), search,
                                 then = std::move(then)](Result<runtime::Secret> found) {
        if (guard) judge(search, std::move(found), then);
    });
}

void VaultKeys::judge(const Search& search, Result<runtime::Secret> inKeyring, const Then& then)
{
    if (!inKeyring) return judgeFailure(search, inKeyring.error(), then);
    if (!inKeyring->empty()) return judgeBoth(search, std::move(*inKeyring), then);
    if (search.isMarked)
        return then(wait(tr("The vault's master key is no longer in the desktop's keyring, where it was "
                            "kept as \"%1\". Bring the entry back. Without it what is in the vault "
                            "cannot be read.")
                             .arg(QString::fromStdString(search.name))));
    if (QFile::exists(keyFileOf(search.place))) return takeOver(search, then);
    // The backend makes one, if nothing is under another one yet, and has it kept before it uses it.
    then(search.inKeyring({}));
}

void VaultKeys::judgeFailure(const Search& search, const Error& error, const Then& then)
{
    const auto why = QString::fromStdString(error.detail);
    if (search.isMarked)
        return then(wait(tr("The vault's master key is in the desktop's keyring. %1 Unlock the keyring, "
                            "or log in to the desktop, and try again.")
                             .arg(why)));
    const bool isFile = QFile::exists(keyFileOf(search.place));
    if (isFile || error.code == "client.keys_no_service") return then(search.ownFile());
    then(wait(tr("The vault's master key is to be kept in the desktop's keyring. %1 Unlock the keyring "
                 "and try again, or start with --no-keyring to keep keys in files.")
                  .arg(why)));
}

/// A file beside an entry is left of a move that was interrupted, or was put there by hand.
void VaultKeys::judgeBoth(const Search& search, runtime::Secret inKeyring, const Then& then)
{
    const QString path = keyFileOf(search.place);
    if (QFile::exists(path)) {
        if (!readKeyFile(search.place).matches(inKeyring.revealForUse()))
            return then(wait(tr("The vault's master key is in the desktop's keyring, as \"%1\", and "
                                "another one in %2. Move away the one that does not belong to this "
                                "database, and try again.")
                                 .arg(QString::fromStdString(search.name), path)));
        if (!QFile::remove(path))
            return then(wait(tr("The vault's master key is in the desktop's keyring now, but its file %1 "
                                "cannot be removed. Remove it, and try again.")
                                 .arg(path)));
    }
    if (!writeMark(search.place, search.name))
        return then(wait(tr("%1 cannot be written.").arg(markOf(search.place))));
    then(search.inKeyring(std::move(inKeyring)));
}

void VaultKeys::takeOver(const Search& search, const Then& then)
{
    const auto keys = std::make_shared<runtime::Secret>(readKeyFile(search.place));
    if (keys->empty()) return then(search.ownFile());
    const auto guard = QPointer<VaultKeys>(this);
    m_keyring.write(search.name, *keys, [this, guard, search, keys, then](const Result<void>& kept) {
        if (!guard) return;
        if (!kept) return then(search.ownFile()); // where it still is
        m_keyring.read(search.name,
                       [this, guard, search, keys, then](Result<runtime::Secret> back) {
                           if (!guard) return;
                           const bool isSame = back && back->matches(keys->revealForUse());
                           if (!isSame) return then(search.ownFile());
                           judgeBoth(search, std::move(*back), then);
                       });
    });
}

void VaultKeys::keep(const Place& place, const std::string& name,
                     std::shared_ptr<runtime::Secret> keys, KeyStore::Done done)
{
    m_keyring.write(name, *keys,
                    [place, name, done = std::move(done)](const Result<void>& kept) {
                        if (kept && !writeMark(place, name))
                            return done(wait(tr("%1 cannot be written.").arg(markOf(place))));
                        done(kept);
                    });
}

void VaultKeys::forget(const Place& place)
{
    (void)QFile::remove(keyFileOf(place));
    const auto name = readMark(place);
    if (!name) return;
    m_keyring.write(*name, {}, [place](const Result<void>& gone) {
        if (gone) (void)QFile::remove(markOf(place));
    });
}

} // namespace qd::client
