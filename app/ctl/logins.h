#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/base/result.h"
#include "models/base/timestamp.h"
#include "services/runtime/secret.h"

namespace qd::ctl {

/// Who is signed in at one backend, from this machine.
struct Login {
    std::string url, email;
    std::string session;         ///< empty: signed out; the device key stays
    runtime::Secret accessToken; ///< good until `accessUntil`
    Timestamp accessUntil;
    runtime::Secret refreshToken, deviceKey;
};

/// The file with them: `$XDG_CONFIG_HOME/quarterdeck/logins.json`, mode 0600. Main thread.
class Logins {
public:
    static std::string defaultPath();
    explicit Logins(std::string path) : m_path(std::move(path)) {}

    /// Fails with: Corrupt "ctl.logins" (the file is not what was written; delete it), Denied
    /// "ctl.logins" (others may read it).
    Result<std::optional<Login>> find(const std::string& url) const;
    /// In the place of the one for the same backend. Fails with: Unavailable.
    Result<void> put(Login login) const;
    const std::string& path() const { return m_path; }

private:
    Result<std::vector<Login>> read() const;
    std::string m_path;
};

} // namespace qd::ctl
