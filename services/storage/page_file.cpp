#include "services/storage/page_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "services/storage/io_error.h"

namespace qd::storage {

PageFile::PageFile(int fd, std::string path, std::uint32_t pageBytes)
    : m_fd(fd), m_path(std::move(path)), m_pageBytes(pageBytes)
{
}

PageFile::PageFile(PageFile&& other) noexcept
    : m_fd(std::exchange(other.m_fd, -1)), m_path(std::move(other.m_path)),
      m_pageBytes(other.m_pageBytes), m_remembers(other.m_remembers),
      m_sizeBefore(other.m_sizeBefore), m_overwritten(std::move(other.m_overwritten))
{
}

PageFile::~PageFile()
{
    if (m_fd >= 0) ::close(m_fd);
}

Result<PageFile> PageFile::open(const std::string& path, std::uint32_t pageBytes)
{
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) return ioError("open", path);
    return PageFile(fd, path, pageBytes);
}

Result<void> PageFile::put(std::uint64_t at, std::string_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t count = ::pwrite(m_fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return ioError("write", m_path);
        bytes.remove_prefix(static_cast<std::size_t>(count));
        at += static_cast<std::uint64_t>(count);
    }
    return {};
}

Result<void> PageFile::write(std::uint32_t page, std::uint32_t offset, std::string_view bytes)
{
    const std::uint64_t at = std::uint64_t{page - 1} * m_pageBytes + offset;
    if (m_remembers) {
        std::string before(bytes.size(), '\0');
        const ssize_t got = ::pread(m_fd, before.data(), before.size(), static_cast<off_t>(at));
        if (got < 0) return ioError("read", m_path);
        before.resize(static_cast<std::size_t>(got));
        m_overwritten.push_back({at, std::move(before)});
    }
    return put(at, bytes);
}

Result<void> PageFile::resize(std::uint32_t pages)
{
    const auto size = static_cast<off_t>(std::uint64_t{pages} * m_pageBytes);
    if (::ftruncate(m_fd, size) != 0) return ioError("resize", m_path);
    return {};
}

Result<void> PageFile::remember()
{
    const off_t size = ::lseek(m_fd, 0, SEEK_END);
    if (size < 0) return ioError("measure", m_path);
    m_sizeBefore = size;
    m_overwritten.clear();
    m_remembers = true;
    return {};
}

Result<void> PageFile::undo()
{
    for (auto part = m_overwritten.rbegin(); part != m_overwritten.rend(); ++part) {
        if (const auto done = put(part->at, part->bytes); !done) return done;
    }
    if (::ftruncate(m_fd, static_cast<off_t>(m_sizeBefore)) != 0) return ioError("resize", m_path);
    m_overwritten.clear();
    return {};
}

Result<void> PageFile::markAsSingleFile()
{
    // Bytes 18 and 19, the versions that write and read it: 1 is a rollback journal, 2 is a WAL.
    return write(1, 18, std::string_view("\x01\x01", 2));
}

} // namespace qd::storage
