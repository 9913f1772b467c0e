#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/result.h"

namespace qd::storage {

/// A database file that pages are written to, past SQLite. Closed by its destructor.
class PageFile {
public:
    static Result<PageFile> open(const std::string& path, std::uint32_t pageBytes);
    PageFile(PageFile&& other) noexcept;
    PageFile& operator=(PageFile&&) = delete;
    ~PageFile();

    Result<void> write(std::uint32_t page, std::uint32_t offset, std::string_view bytes);
    Result<void> resize(std::uint32_t pages);
    /// From now on what is overwritten is remembered …
    Result<void> remember();
    /// … and comes back.
    Result<void> undo();
    /// Says in its header that no write-ahead log belongs to it.
    Result<void> markAsSingleFile();

private:
    struct Overwritten {
        std::uint64_t at;
        std::string bytes;
    };
    PageFile(int fd, std::string path, std::uint32_t pageBytes);
    Result<void> put(std::uint64_t at, std::string_view bytes);

    int m_fd;
    std::string m_path;
    std::uint32_t m_pageBytes;
    bool m_remembers = false;
    std::int64_t m_sizeBefore = 0;
    std::vector<Overwritten> m_overwritten; ///< oldest first
};

} // namespace qd::storage
