#include "services/storage/wal_frames.h"

#include <endian.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "services/storage/io_error.h"

namespace qd::storage {
namespace {

constexpr std::size_t kWalHeader = 32, kFrameHeader = 24;
constexpr std::uint32_t kWalMagic = 0x377f0682; ///< the last bit: checksums over big endian words
constexpr std::uint32_t kFramesPerRead = 64;

std::uint32_t bigEndianAt(const char* bytes)
{
    std::uint32_t value = 0;
    std::memcpy(&value, bytes, sizeof value);
    return be32toh(value);
}

struct WalSum {
    std::uint32_t first = 0, second = 0;
};

/// SQLite's running checksum; `size` is a multiple of 8.
WalSum addToSum(WalSum sum, const char* bytes, std::size_t size, bool isBigEndian)
{
    for (const char* end = bytes + size; bytes < end; bytes += 8) {
        std::uint32_t words[2];
        std::memcpy(words, bytes, sizeof words);
        sum.first += (isBigEndian ? be32toh(words[0]) : le32toh(words[0])) + sum.second;
        sum.second += (isBigEndian ? be32toh(words[1]) : le32toh(words[1])) + sum.first;
    }
    return sum;
}

/// As many bytes as there are, up to `count`.
Result<std::string> readUpTo(int fd, const std::string& path, std::size_t count, std::uint64_t at)
{
    std::string bytes(count, '\0');
    std::size_t done = 0;
    while (done < count) {
        const ssize_t got =
            ::pread(fd, bytes.data() + done, count - done, static_cast<off_t>(at + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return ioError("read", path);
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    bytes.resize(done);
    return bytes;
}

} // namespace

WalFrames::WalFrames(std::string databasePath) : m_path(std::move(databasePath) + "-wal") {}

WalFrames::~WalFrames()
{
    if (m_fd >= 0) ::close(m_fd);
}

Result<bool> WalFrames::open()
{
    // No lock of SQLite's lives on this file, so that closing it drops none.
    if (m_fd < 0) m_fd = ::open(m_path.c_str(), O_RDONLY | O_CLOEXEC);
    if (m_fd < 0 && errno == ENOENT) return false;
    if (m_fd < 0) return ioError("open", m_path);
    const auto header = readUpTo(m_fd, m_path, kWalHeader, 0);
    if (!header) return tl::unexpected(header.error());
    if (header->size() < kWalHeader) return false;
    const auto word = [&header](std::size_t index) { return bigEndianAt(header->data() + 4 * index); };
    m_isBigEndian = (word(0) & 1) != 0;
    m_pageBytes = word(2);
    m_start = {word(4), word(5), 0, word(6), word(7)};
    const WalSum sum = addToSum({}, header->data(), kWalHeader - 8, m_isBigEndian);
    const bool fits = (word(0) & ~1U) == kWalMagic && m_pageBytes >= 512 && m_pageBytes <= 65'536 &&
                      sum.first == m_start.check1 && sum.second == m_start.check2;
    return fits; // one that does not is a log that was never begun, and SQLite passes over it too
}

Result<std::string> WalFrames::headerOf(std::uint32_t frame)
{
    return readUpTo(m_fd, m_path, kFrameHeader,
                    kWalHeader + std::uint64_t{frame - 1} * (kFrameHeader + m_pageBytes));
}

bool WalFrames::endsTransaction(std::uint32_t frame)
{
    if (frame == 0 || !placeAt(frame)) return false;
    const auto header = headerOf(frame);
    return header && header->size() == kFrameHeader && bigEndianAt(header->data() + 4) != 0;
}

Result<WalPlace> WalFrames::placeAt(std::uint32_t frame)
{
    if (frame == 0) return m_start;
    const auto header = headerOf(frame);
    if (!header) return tl::unexpected(header.error());
    WalPlace place;
    if (header->size() == kFrameHeader) {
        const auto word = [&header](std::size_t index) {
            return bigEndianAt(header->data() + 4 * index);
        };
        place = {word(2), word(3), frame, word(4), word(5)};
    }
    if (place.isSameLog(m_start)) return place;
    return fail(ErrorKind::Corrupt, "storage.wal_differs",
                fmt::format("{} has no frame {}", m_path, frame));
}

bool WalFrames::contains(const WalPlace& place)
{
    if (!place.isSameLog(m_start)) return false;
    // All of it: of a frame that only fills up a sector a cut of the power may have left the header.
    const auto reached = walk(m_start, place.frame, [](const WalFrame&) { return Result<void>(); });
    return reached && *reached == place;
}

Result<WalPlace> WalFrames::walk(const WalPlace& from, std::uint32_t last, const Visitor& visitor)
{
    WalPlace place = from;
    const std::size_t frameBytes = kFrameHeader + m_pageBytes;
    while (place.frame < last) {
        const std::uint32_t count = std::min(kFramesPerRead, last - place.frame);
        const auto bytes = readUpTo(m_fd, m_path, count * frameBytes,
                                    kWalHeader + std::uint64_t{place.frame} * frameBytes);
        if (!bytes) return tl::unexpected(bytes.error());
        for (std::size_t at = 0; at + frameBytes <= bytes->size(); at += frameBytes) {
            const char* const header = bytes->data() + at;
            WalSum sum = addToSum({place.check1, place.check2}, header, 8, m_isBigEndian);
            sum = addToSum(sum, header + kFrameHeader, m_pageBytes, m_isBigEndian);
            const bool fits = bigEndianAt(header + 8) == place.salt1 &&
                              bigEndianAt(header + 12) == place.salt2 &&
                              bigEndianAt(header + 16) == sum.first &&
                              bigEndianAt(header + 20) == sum.second && bigEndianAt(header) != 0;
            if (!fits) return place;
            place = {place.salt1, place.salt2, place.frame + 1, sum.first, sum.second};
            const auto told = visitor({bigEndianAt(header), bigEndianAt(header + 4),
                                       {header + kFrameHeader, m_pageBytes}, place});
            if (!told) return tl::unexpected(told.error());
        }
        if (bytes->size() < count * frameBytes) break;
    }
    return place;
}

Result<void> WalFrames::read(const WalPlace& from, std::uint32_t last, const Visitor& visitor)
{
    const auto reached = walk(from, last, visitor);
    if (!reached) return tl::unexpected(reached.error());
    if (reached->frame == last) return {};
    return fail(ErrorKind::Corrupt, "storage.wal_differs",
                fmt::format("{}: expected {} frames, frame {} does not fit", m_path, last,
                            reached->frame + 1));
}

Result<WalFrames::End> WalFrames::findEnd(const WalPlace& from)
{
    End end{from, 0};
    const auto walked = walk(from, std::numeric_limits<std::uint32_t>::max(), [&end](const WalFrame& frame) {
        if (frame.commitPages != 0) end = {frame.place, frame.commitPages};
        return Result<void>();
    });
    if (!walked) return tl::unexpected(walked.error());
    return end;
}

} // namespace qd::storage
