#include "services/client/desktop_key_store.h"

#include <memory>
#include <utility>

#include <QCoreApplication>

namespace qd::client {

namespace {

constexpr std::chrono::milliseconds kLastWordsWithin{3'000};

} // namespace

DesktopKeyStore::DesktopKeyStore(SecretServiceStore& keyring, QString folder)
    : m_keyring(keyring), m_files(std::move(folder))
{
}

DesktopKeyStore::~DesktopKeyStore()
{
    (void)m_keyring.finish(kLastWordsWithin);
}

void DesktopKeyStore::decide(std::function<void()> then)
{
    if (m_place != Place::Unknown) return then();
    m_undecided.push_back(std::move(then));
    if (m_undecided.size() > 1) return;
    m_keyring.look([this, guard = QPointer<QObject>(this)](const Result<void>& looked) {
        if (!guard) return;
        const bool isThere = looked || looked.error().code != "client.keys_no_service";
        m_place = isThere ? Place::Keyring : Place::Files;
        if (!isThere) m_whyFiles = QString::fromStdString(looked.error().detail);
        for (const auto& waiting : std::exchange(m_undecided, {})) waiting();
    });
}

void DesktopKeyStore::read(const std::string& name, Found found)
{
    decide([this, name, found = std::move(found)] {
        m_place == Place::Files ? m_files.read(name, found) : readKeyring(name, found);
    });
}

/// A file is newer than what the keyring has: it was written while there was no keyring.
void DesktopKeyStore::readKeyring(const std::string& name, const Found& found)
{
    m_files.read(name, [&](Result<runtime::Secret> inFile) {
        if (!inFile) return found(std::move(inFile));
        if (inFile->empty()) return m_keyring.read(name, found);
        move(name, std::make_shared<runtime::Secret>(std::move(*inFile)), found);
    });
}

void DesktopKeyStore::move(const std::string& name, std::shared_ptr<runtime::Secret> value,
                           const Found& found)
{
    m_keyring.write(name, *value,
                    [this, guard = QPointer<QObject>(this), name, value,
                     found](const Result<void>& moved) {
                        if (guard && moved) m_files.write(name, {}, [](const Result<void>&) {});
                        found(std::move(*value)); // moved or not, this is what it is
                    });
}

void DesktopKeyStore::write(const std::string& name, const runtime::Secret& value, Done done)
{
    auto kept = std::make_shared<runtime::Secret>(value.clone());
    decide([this, name, kept, done = std::move(done)] {
        if (m_place == Place::Files) return m_files.write(name, *kept, done);
        m_keyring.write(name, *kept,
                        [this, guard = QPointer<QObject>(this), name, done](const Result<void>& put) {
                            // Else an older one would be read from the file.
                            if (guard && put) return m_files.write(name, {}, done);
                            done(put);
                        });
    });
}

QString DesktopKeyStore::whereItIs() const
{
    switch (m_place) {
    case Place::Keyring: return m_keyring.whereItIs();
    case Place::Files:
        return m_files.whereItIs() + QStringLiteral(" (") + m_whyFiles + QStringLiteral(")");
    case Place::Unknown: break;
    }
    return QCoreApplication::translate("KeyStore", "in the desktop's keyring, or in files if there is "
                                                   "none");
}

} // namespace qd::client
