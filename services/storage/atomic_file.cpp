#include "services/storage/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>

#include "services/storage/hashing.h"
#include "services/storage/io_error.h"

namespace qd::storage {
namespace {

constexpr std::string_view kChecksumMark = "\nsha256:";
constexpr std::size_t kTrailerSize = kChecksumMark.size() + 64 + 1; // mark, hex digits, newline

/// A descriptor that closes itself.
class Descriptor {
public:
    explicit Descriptor(int fd) : m_fd(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor()
    {
        if (m_fd >= 0) ::close(m_fd);
    }
    int fd() const { return m_fd; }
    bool isOpen() const { return m_fd >= 0; }

private:
    int m_fd;
};

bool writeAll(int fd, std::string_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

} // namespace

Result<void> syncFolderOf(const std::string& path)
{
    const auto slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!descriptor.isOpen()) return ioError("open folder", folder);
    if (::fsync(descriptor.fd()) != 0) return ioError("sync folder", folder);
    return {};
}

Result<void> replaceFile(const std::string& path, std::string_view bytes, Checksum checksum)
{
    const std::string partial = path + ".partial";
    {
        const Descriptor descriptor(
            ::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        if (!descriptor.isOpen()) return ioError("create", partial);
        const std::string trailer =
            checksum == Checksum::Sha256
                ? fmt::format("{}{}\n", kChecksumMark, toHex(sha256(bytes)))
                : std::string();
        if (!writeAll(descriptor.fd(), bytes) || !writeAll(descriptor.fd(), trailer))
            return ioError("write", partial);
        if (::fsync(descriptor.fd()) != 0) return ioError("sync", partial);
    }
    if (std::rename(partial.c_str(), path.c_str()) != 0) return ioError("rename to", path);
    return syncFolderOf(path);
}

Result<std::string> readFile(const std::string& path, Checksum checksum)
{
    const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!descriptor.isOpen() && errno == ENOENT)
        return fail(ErrorKind::NotFound, "storage.no_file", path + " does not exist");
    if (!descriptor.isOpen()) return ioError("open", path);
    std::string bytes;
    char chunk[16'384];
    for (;;) {
        const ssize_t count = ::read(descriptor.fd(), chunk, sizeof chunk);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return ioError("read", path);
        if (count == 0) break;
        bytes.append(chunk, static_cast<std::size_t>(count));
    }
    if (checksum == Checksum::None) return bytes;
    const auto torn = [&path] {
        return fail(ErrorKind::Corrupt, "storage.torn_file",
                    path + " does not fit its checksum; restore it from a backup or remove it");
    };
    if (bytes.size() < kTrailerSize) return torn();
    const std::string_view trailer = std::string_view(bytes).substr(bytes.size() - kTrailerSize);
    const std::string_view content = std::string_view(bytes).substr(0, bytes.size() - kTrailerSize);
    if (trailer != fmt::format("{}{}\n", kChecksumMark, toHex(sha256(content)))) return torn();
    bytes.resize(content.size());
    return bytes;
}

bool exists(const std::string& path)
{
    return ::access(path.c_str(), F_OK) == 0;
}

} // namespace qd::storage
