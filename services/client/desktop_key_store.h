#pragma once

#include <deque>
#include <functional>

#include <QObject>
#include <QPointer>

#include "services/client/key_store.h"
#include "services/client/secret_service_store.h"

namespace qd::client {

/// The desktop's keyring where one answers, else private files; decided at the first operation and
/// told by `whereItIs`. What a file holds moves into the keyring when it is read: the file goes once
/// the keyring has given the same back, and stays what is used until then. A keyring that is locked is
/// no reason to write files: that fails, and says so. GUI thread.
class DesktopKeyStore final : public QObject, public KeyStore {
public:
    /// `keyring` outlives it.
    DesktopKeyStore(SecretServiceStore& keyring, QString folder);
    /// Waits a little for what was asked last, so that it is not lost with the program.
    ~DesktopKeyStore() override;

    void read(const std::string& name, Found found) override;
    void write(const std::string& name, const runtime::Secret& value, Done done) override;
    QString whereItIs() const override;

private:
    void decide(std::function<void()> then);
    void readKeyring(const std::string& name, const Found& found);
    void move(const std::string& name, std::shared_ptr<runtime::Secret> value, const Found& found);

    enum class Place { Unknown, Keyring, Files };
    SecretServiceStore& m_keyring;
    FileKeyStore m_files;
    Place m_place = Place::Unknown;
    QString m_whyFiles;
    std::deque<std::function<void()>> m_undecided;
};

} // namespace qd::client
