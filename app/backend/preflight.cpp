#include "app/backend/preflight.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

#include "app/backend/broker_settings.h"
#include "app/backend/consent_settings.h"
#include "app/backend/desk_claim.h"
#include "services/wire/network.h"
#include "services/wire/tls.h"

namespace qd::app {

namespace {

using runtime::Config;
using runtime::ConfigProblem;
namespace fs = std::filesystem;

bool isThere(const fs::path& path)
{
    std::error_code error;
    return fs::exists(fs::symlink_status(path, error));
}

/// Why we may not; empty if we may. As the user that we act as.
std::string refusal(const fs::path& path, int mode)
{
    if (::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0) return {};
    return path.string() + ": " + std::strerror(errno);
}

class Checks {
public:
    void mayUse(const std::string& setting, const fs::path& path, int mode, const char* remedy)
    {
        if (auto why = refusal(path, mode); !why.empty())
            m_problems.push_back({setting, "cannot be used: " + std::move(why), remedy});
    }
    void add(ConfigProblem problem) { m_problems.push_back(std::move(problem)); }
    std::vector<ConfigProblem> take() { return std::move(m_problems); }

private:
    std::vector<ConfigProblem> m_problems;
};

/// The folder, or the first one above it that is there, in which it will be made.
void checkFolder(const fs::path& folder, Checks& checks)
{
    fs::path there = fs::absolute(folder);
    while (!isThere(there) && there.has_relative_path()) there = there.parent_path();
    checks.mayUse("data_dir", there, W_OK | X_OK, "set data_dir to a folder that you may write");
}

void checkDatabase(const fs::path& database, Checks& checks)
{
    for (const char* ending : {"", "-wal", "-shm"}) {
        fs::path file = database;
        file += ending;
        if (isThere(file))
            checks.mayUse("storage.database", file, R_OK | W_OK,
                          "give the file to the user who runs quarterdeckd");
    }
}

/// A folder is not made for it: one on a disk that is not there would be made on the wrong disk.
void checkCheckpoints(const Config& config, Checks& checks)
{
    if (!config.has("storage.checkpoint_file")) return;
    constexpr const char* kSetting = "storage.checkpoint_file";
    const fs::path file = config.text(kSetting), folder = fs::absolute(file).parent_path();
    std::error_code error;
    if (!fs::is_directory(folder, error))
        return checks.add({kSetting, folder.string() + ": is no folder",
                           "mount its disk, or make the folder"});
    checks.mayUse(kSetting, folder, W_OK | X_OK, "name a file in a folder that you may write");
    if (isThere(file))
        checks.mayUse(kSetting, file, R_OK | W_OK,
                      "give the file to the user who runs quarterdeckd");
}

void checkCredential(const Config& config, const char* setting, const CredentialWay& way,
                     Checks& checks)
{
    const auto read = way.read();
    if (read) return;
    // Once the vault has the key, the file may be gone.
    if (read.error().kind == ErrorKind::NotFound && isThere(databaseFile(config))) return;
    checks.add({setting, read.error().detail,
                "name a file (mode 0600) of the user who runs quarterdeckd"});
}

void checkCredentials(const Config& config, Checks& checks)
{
    const auto broker = brokerName(config);
    const bool isByKey = brokerMethod(config) == LinkMethod::Key;
    if (broker == "tradier" && isByKey)
        return checkCredential(config, "tradier.credentials_file", tradierCredentialWay(config),
                               checks);
    if (broker != "alpaca") return;
    const auto more = config.list("alpaca.data_credentials_files").size();
    for (std::size_t index = isByKey ? 0 : 1; index <= more; ++index)
        checkCredential(config,
                        index == 0 ? "alpaca.credentials_file" : "alpaca.data_credentials_files",
                        credentialWay(config, index), checks);
}

void checkAuthorities(const Config& config, Checks& checks)
{
    if (brokerName(config) != "ibkr" || !config.has("ibkr.ca_file")) return;
    wire::TlsClientOptions options;
    options.caFile = config.text("ibkr.ca_file");
    if (const auto read = wire::makeClientTls(options); !read)
        checks.add({"ibkr.ca_file", "cannot be used: " + read.error().detail,
                    "name a PEM file with the certificate of IBKR's gateway"});
}

} // namespace

std::vector<ConfigProblem> preflight(const Config& config, vault::MasterKeys& masterKeys)
{
    Checks checks;
    checkFolder(dataDirectory(config), checks);
    checkDatabase(databaseFile(config), checks);
    checkCheckpoints(config, checks);
    if (auto problem = deskProblem(config)) checks.add(std::move(*problem));
    checkCredentials(config, checks);
    checkAuthorities(config, checks);
    for (const char* file : {"listen.certificate_file", "listen.key_file"})
        if (config.has(file))
            checks.mayUse(file, config.text(file), R_OK,
                          "name a file that the user who runs quarterdeckd may read");
    // That there is none yet is for the vault to judge: it knows whether there was one.
    if (const auto keys = masterKeys.load(); !keys && keys.error().kind != ErrorKind::NotFound)
        checks.add(config.has("vault.key_fd")
                       ? ConfigProblem{"vault.key_fd", keys.error().detail,
                                       "let the parent process hand the key over again"}
                       : ConfigProblem{"vault.key_file", keys.error().detail,
                                       "give it to the user who runs quarterdeckd, mode 0600"});
    return checks.take();
}

} // namespace qd::app
