#include "services/client/key_store.h"

#include <algorithm>

#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QSaveFile>

namespace qd::client {

namespace {

constexpr qint64 kKeyBytesMax = 4 << 10;
constexpr auto kOthersMay = QFileDevice::ReadGroup | QFileDevice::WriteGroup |
                            QFileDevice::ReadOther | QFileDevice::WriteOther;

tl::unexpected<Error> refuse(const QString& path, const QString& why)
{
    return fail(ErrorKind::Unavailable, "client.key_store",
                path.toStdString() + ": " + why.toStdString());
}

bool isNameChar(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '.';
}

} // namespace

QString FileKeyStore::pathOf(const std::string& name) const
{
    QD_ASSERT(!name.empty() && name.front() != '.' &&
              std::all_of(name.begin(), name.end(), isNameChar));
    return m_folder + u'/' + QString::fromStdString(name) + QStringLiteral(".key");
}

void FileKeyStore::read(const std::string& name, Found found)
{
    found(load(pathOf(name)));
}

void FileKeyStore::write(const std::string& name, const runtime::Secret& value, Done done)
{
    done(save(pathOf(name), value));
}

Result<runtime::Secret> FileKeyStore::load(const QString& path) const
{
    QFile file(path);
    if (!file.exists()) return runtime::Secret();
    if (!file.open(QIODevice::ReadOnly)) return refuse(path, file.errorString());
    if (file.permissions() & kOthersMay) {
        return refuse(path, QStringLiteral("can be read by others; it is not used"));
    }
    return runtime::Secret(file.read(kKeyBytesMax).toStdString());
}

Result<void> FileKeyStore::save(const QString& path, const runtime::Secret& value) const
{
    if (value.empty()) {
        QFile file(path);
        if (file.exists() && !file.remove()) return refuse(path, file.errorString());
        return {};
    }
    if (!QDir().mkpath(m_folder)) return refuse(m_folder, QStringLiteral("cannot be made"));
    QFile::setPermissions(m_folder,
                          QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly)) return refuse(path, file.errorString());
    file.setPermissions(QFile::ReadOwner | QFile::WriteOwner); // before anything is in it
    const auto bytes = value.revealForUse();
    if (file.write(bytes.data(), qint64(bytes.size())) != qint64(bytes.size()) || !file.commit()) {
        return refuse(path, file.errorString());
    }
    return {};
}

QString FileKeyStore::whereItIs() const
{
    return QCoreApplication::translate("KeyStore", "in files that only you can read, not "
                                                   "encrypted: %1")
        .arg(m_folder);
}

} // namespace qd::client
