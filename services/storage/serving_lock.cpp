#include "services/storage/serving_lock.h"

#include <array>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fmt/format.h>

#include "services/storage/io_error.h"

namespace qd::storage {
namespace {

/// As the one who serves wrote it down; for people only, the lock is what counts.
std::string whoServes(int fd)
{
    std::array<char, 24> text{};
    const auto length = ::pread(fd, text.data(), text.size(), 0);
    return length > 0 ? fmt::format(" (process {})",
                                    std::string_view(text.data(), static_cast<std::size_t>(length)))
                      : std::string();
}

void writeOwnNumber(int fd)
{
    const std::string own = std::to_string(::getpid());
    if (::ftruncate(fd, 0) == 0) (void)!::pwrite(fd, own.data(), own.size(), 0);
}

} // namespace

Result<ServingLock> ServingLock::take(const std::string& databasePath)
{
    const std::string path = databasePath + "-serving";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return ioError("open", path);
    int locked = -1;
    do locked = ::flock(fd, LOCK_EX | LOCK_NB);
    while (locked != 0 && errno == EINTR);
    if (locked == 0) {
        writeOwnNumber(fd);
        return ServingLock(fd);
    }
    const std::string who = whoServes(fd);
    ::close(fd);
    return fail(ErrorKind::Conflict, "storage.served",
                fmt::format("{} is served by another backend{}; stop that one, or give this one a "
                            "data_dir or storage.database of its own",
                            databasePath, who));
}

ServingLock::ServingLock(ServingLock&& other) noexcept : m_fd(std::exchange(other.m_fd, -1)) {}

ServingLock::~ServingLock()
{
    if (m_fd >= 0) ::close(m_fd);
}

} // namespace qd::storage
