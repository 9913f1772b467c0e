#pragma once

#include <functional>
#include <string>

#include <QString>

#include "models/base/result.h"
#include "services/runtime/secret.h"

namespace qd::client {

/// Where a device keeps what it is known by between two starts: small secrets by name. GUI thread.
/// Answers once, at once or later, in the order that it was asked; never after its own end.
class KeyStore {
public:
    using Found = std::function<void(Result<runtime::Secret>)>;
    using Done = std::function<void(Result<void>)>;

    virtual ~KeyStore() = default;
    /// An empty secret if there is none. Fails with: Unavailable "client.key_store", or as the store
    /// says.
    virtual void read(const std::string& name, Found found) = 0;
    /// An empty one is removed. Fails as `read` does; the value of before stays then.
    virtual void write(const std::string& name, const runtime::Secret& value, Done done) = 0;
    /// For people, who should know: "in a file that only you can read: /home/…".
    virtual QString whereItIs() const = 0;
};

/// A file for each name, mode 0600, in a folder that is made with 0700. Anybody who can read this
/// user's files can read them: said to people, not hidden. Names are letters, digits, '-' and '.'.
class FileKeyStore final : public KeyStore {
public:
    explicit FileKeyStore(QString folder) : m_folder(std::move(folder)) {}
    /// Refuses a file that others can read.
    void read(const std::string& name, Found found) override;
    void write(const std::string& name, const runtime::Secret& value, Done done) override;
    QString whereItIs() const override;

private:
    QString pathOf(const std::string& name) const;
    Result<runtime::Secret> load(const QString& path) const;
    Result<void> save(const QString& path, const runtime::Secret& value) const;

    QString m_folder;
};

} // namespace qd::client
