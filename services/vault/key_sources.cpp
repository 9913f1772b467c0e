#include "services/vault/master_keys.h"

#include <cerrno>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "services/storage/atomic_file.h"
#include "services/vault/held_keys.h"
#include "services/vault/stored_keys.h"

namespace qd::vault {
namespace {

/// A parent that has not handed the keys over by then never will.
constexpr int kHandOverMsMax = 5'000;

/// Closes itself.
class OpenFile {
public:
    explicit OpenFile(int fd) : m_fd(fd) {}
    ~OpenFile()
    {
        if (m_fd >= 0) ::close(m_fd);
    }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    int fd() const { return m_fd; }

private:
    int m_fd;
};

tl::unexpected<Error> unreadable(const std::string& what)
{
    return fail(ErrorKind::Unavailable, "vault.key_unreadable",
                fmt::format("cannot read {}: {}", what, std::strerror(errno)));
}

/// To the end. `waitMs` < 0: a file, which does not make one wait.
Result<runtime::Secret> readToEnd(int fd, const std::string& what, int waitMs)
{
    std::string text(kKeyTextBytesMax + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
        pollfd ready{fd, POLLIN, 0};
        if (waitMs >= 0 && ::poll(&ready, 1, waitMs) == 0) errno = ETIMEDOUT;
        const bool isLate = waitMs >= 0 && ready.revents == 0;
        const ssize_t count = isLate ? -1 : ::read(fd, text.data() + size, text.size() - size);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            auto error = unreadable(what);
            explicit_bzero(text.data(), text.size());
            return error;
        }
        if (count == 0) break;
        size += static_cast<std::size_t>(count);
    }
    if (size > kKeyTextBytesMax) {
        explicit_bzero(text.data(), text.size());
        return fail(ErrorKind::Corrupt, "vault.key_syntax",
                    fmt::format("{} is longer than {} bytes", what, kKeyTextBytesMax));
    }
    text.resize(size);
    return runtime::Secret(std::move(text));
}

Result<std::vector<MasterKey>> parseFrom(const Result<runtime::Secret>& text, const std::string& what)
{
    if (!text) return tl::unexpected(text.error());
    auto keys = parseMasterKeys(text->revealForUse());
    if (!keys) keys.error().detail = what + ": " + keys.error().detail;
    return keys;
}

/// A file that nobody with a bit of `forbidden` may read.
Result<std::vector<MasterKey>> readKeyFile(const std::string& path, const std::string& what,
                                           mode_t forbidden)
{
    const OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.fd() < 0 && errno == ENOENT)
        return fail(ErrorKind::NotFound, "vault.key_missing", what + " does not exist");
    if (file.fd() < 0) return unreadable(what);
    struct stat status {};
    if (::fstat(file.fd(), &status) != 0) return unreadable(what);
    if (!S_ISREG(status.st_mode)) {
        return fail(ErrorKind::Denied, "vault.key_exposed", what + " is not a regular file");
    }
    if ((status.st_mode & forbidden) != 0) {
        return fail(ErrorKind::Denied, "vault.key_exposed",
                    fmt::format("{} has mode {:04o} and can be read by others; run: chmod 600 {}",
                                what, status.st_mode & 07777, path));
    }
    return parseFrom(readToEnd(file.fd(), what, /*waitMs=*/-1), what);
}

tl::unexpected<Error> readOnly(const std::string& what)
{
    return fail(ErrorKind::Invalid, "vault.keys_read_only",
                what + " is only handed in; put the new key beside the old one there, and start "
                       "again");
}

class FileKeys final : public StoredKeys {
public:
    explicit FileKeys(std::string path) : m_path(std::move(path)) {}

    Result<std::vector<MasterKey>> load() override { return readKeyFile(m_path, describe(), 077); }

    std::string describe() const override { return "the key file " + m_path; }

private:
    /// Reads it back: a secret sealed under a key that did not last would be lost.
    Result<void> store(const std::vector<MasterKey>& keys) override
    {
        const runtime::Secret text = formatMasterKeys(keys);
        // What an interrupted replacement left behind keeps its mode when it is written again.
        ::unlink((m_path + ".partial").c_str());
        if (auto stored = storage::replaceFile(m_path, text.revealForUse()); !stored) return stored;
        const auto back = load();
        if (!back) return tl::unexpected(back.error());
        if (formatMasterKeys(*back).matches(text.revealForUse())) return {};
        return fail(ErrorKind::Unavailable, "vault.key_unreadable",
                    describe() + " does not hold what was just written to it");
    }

    const std::string m_path;
};

class CredentialKeys final : public MasterKeys {
public:
    explicit CredentialKeys(const std::string& folder) : m_path(folder + "/" + kCredentialName) {}
    // systemd owns the file and may show the service's access as the group's.
    Result<std::vector<MasterKey>> load() override { return readKeyFile(m_path, describe(), 007); }
    Result<void> add(const MasterKey&) override { return readOnly(describe()); }
    Result<void> remove(const std::string&) override { return readOnly(describe()); }
    std::string describe() const override { return "the credential " + m_path; }

private:
    const std::string m_path;
};

class DescriptorKeys final : public MasterKeys {
public:
    explicit DescriptorKeys(int fd) : m_fd(fd) {}
    Result<std::vector<MasterKey>> load() override
    {
        if (!m_keys) {
            const OpenFile file(std::exchange(m_fd, -1));
            if (file.fd() < 0)
                return fail(ErrorKind::NotFound, "vault.key_missing",
                            describe() + " was read before, without success");
            auto keys = parseFrom(readToEnd(file.fd(), describe(), kHandOverMsMax), describe());
            if (!keys) return tl::unexpected(keys.error());
            m_keys = std::move(*keys);
        }
        std::vector<MasterKey> copies;
        for (const MasterKey& key : *m_keys) copies.push_back(key.clone());
        return copies;
    }
    Result<void> add(const MasterKey&) override { return readOnly(describe()); }
    Result<void> remove(const std::string&) override { return readOnly(describe()); }
    std::string describe() const override { return "the key from the parent process"; }

private:
    int m_fd;
    std::optional<std::vector<MasterKey>> m_keys;
};

} // namespace

std::unique_ptr<MasterKeys> keysInFile(std::string path)
{
    return std::make_unique<FileKeys>(std::move(path));
}

std::unique_ptr<MasterKeys> keysInCredential(std::string folder)
{
    return std::make_unique<CredentialKeys>(folder);
}

std::unique_ptr<MasterKeys> keysFromDescriptor(int fd)
{
    struct stat status {};
    if (::fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode)) return keysHeldBehind(fd);
    return std::make_unique<DescriptorKeys>(fd);
}

} // namespace qd::vault
