#include "services/exchange/compressed.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>
#include <zlib.h>

namespace qd::exchange {

namespace {

// Little-endian records of the zip format (APPNOTE 4.3).
constexpr std::uint32_t kEndOfDirectory = 0x06054b50;
constexpr std::uint32_t kDirectoryEntry = 0x02014b50;
constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::size_t kEndBytes = 22, kDirectoryBytes = 46, kLocalBytes = 30;

std::uint32_t number(std::string_view bytes, std::size_t at, std::size_t size)
{
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i)
        value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
    return value;
}

tl::unexpected<Error> damaged(std::string detail)
{
    return fail(ErrorKind::Corrupt, "zip.damaged", std::move(detail));
}

/// `windowBits`: −15 for raw deflate, 31 for gzip.
Result<std::string> inflateAll(std::string_view packed, int windowBits, std::size_t limitBytes,
                               const char* code)
{
    z_stream stream{};
    if (inflateInit2(&stream, windowBits) != Z_OK)
        return fail(ErrorKind::Unavailable, std::string(code) + ".memory", "zlib did not start");
    std::string out;
    // zlib reads from it only, but its interface is older than const.
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    int status = Z_OK;
    while (status == Z_OK && out.size() <= limitBytes) {
        const auto have = out.size();
        const auto more = std::clamp<std::size_t>(have, 64u * 1024, 4u * 1024 * 1024);
        out.resize(have + more);
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + have);
        stream.avail_out = static_cast<uInt>(more);
        status = inflate(&stream, Z_NO_FLUSH);
        out.resize(have + more - stream.avail_out);
        const bool another = status == Z_STREAM_END && windowBits > 15 && stream.avail_in > 0;
        if (another) // gzip files may be several members after each other
            status = inflateReset(&stream);
    }
    inflateEnd(&stream);
    if (out.size() > limitBytes)
        return fail(ErrorKind::Corrupt, std::string(code) + ".too_large",
                    fmt::format("more than {} bytes unpacked", limitBytes));
    if (status != Z_STREAM_END)
        return fail(ErrorKind::Corrupt, std::string(code) + ".damaged",
                    fmt::format("compressed data ends or breaks after {} bytes", out.size()));
    return out;
}

std::size_t findEnd(std::string_view archive)
{
    if (archive.size() < kEndBytes)
        return std::string_view::npos;
    const auto oldest = archive.size() > kEndBytes + 0xffff ? archive.size() - kEndBytes - 0xffff : 0;
    for (auto at = archive.size() - kEndBytes + 1; at-- > oldest;) {
        if (number(archive, at, 4) == kEndOfDirectory)
            return at;
    }
    return std::string_view::npos;
}

/// Sizes and offset of a directory entry; archivers that wrote as they read leave them to the zip64
/// field (id 1), which holds those that are all ones, in this order.
struct Extent {
    std::uint64_t unpacked = 0, packed = 0, local = 0;
};

Extent extentOf(std::string_view archive, std::size_t entry)
{
    constexpr std::uint32_t kInZip64 = 0xffffffffu;
    Extent extent{number(archive, entry + 24, 4), number(archive, entry + 20, 4),
                  number(archive, entry + 42, 4)};
    auto at = entry + kDirectoryBytes + number(archive, entry + 28, 2);
    const auto end = std::min<std::size_t>(archive.size(), at + number(archive, entry + 30, 2));
    while (at + 4 <= end) {
        const auto id = number(archive, at, 2);
        const auto next = at + 4 + number(archive, at + 2, 2);
        auto value = at + 4;
        for (auto* field : {&extent.unpacked, &extent.packed, &extent.local}) {
            if (id != 1 || *field != kInZip64 || value + 8 > std::min(end, next))
                continue;
            *field = number(archive, value, 4)
                     | static_cast<std::uint64_t>(number(archive, value + 4, 4)) << 32;
            value += 8;
        }
        at = next;
    }
    return extent;
}

Result<std::string> unpack(std::string_view archive, std::size_t entry, std::size_t limitBytes)
{
    const auto method = number(archive, entry + 10, 2);
    const auto crc = number(archive, entry + 16, 4);
    const auto [unpacked, packed, local] = extentOf(archive, entry);
    static_cast<void>(unpacked); // the limit is kept while unpacking, whatever is promised here
    if ((number(archive, entry + 8, 2) & 1) != 0)
        return damaged("the entry is encrypted");
    if (local > archive.size() || archive.size() - local < kLocalBytes
        || number(archive, local, 4) != kLocalHeader)
        return damaged(fmt::format("no local header at byte {}", local));
    const std::size_t begin
        = local + kLocalBytes + number(archive, local + 26, 2) + number(archive, local + 28, 2);
    if (begin > archive.size() || packed > archive.size() - begin)
        return damaged(fmt::format("the entry at byte {} runs past the end", local));
    const auto bytes = archive.substr(begin, packed);
    Result<std::string> result = std::string();
    if (method == 0)
        result = packed > limitBytes ? Result<std::string>(fail(ErrorKind::Corrupt, "zip.too_large",
                                                                "the entry is too large"))
                                     : std::string(bytes);
    else if (method == 8)
        result = inflateAll(bytes, -15, limitBytes, "zip");
    else
        return damaged(fmt::format("compression method {} is not supported", method));
    if (!result)
        return result;
    const auto actual = crc32(0, reinterpret_cast<const Bytef*>(result->data()),
                              static_cast<uInt>(result->size()));
    if (actual != crc)
        return damaged(fmt::format("checksum expected {:08x}, was {:08x}", crc, actual));
    return result;
}

} // namespace

Result<std::vector<ZipEntry>> readZip(std::string_view archive, std::size_t limitBytes)
{
    const auto end = findEnd(archive);
    if (end == std::string_view::npos)
        return fail(ErrorKind::Corrupt, "zip.not_a_zip", "no end-of-directory record");
    const auto count = number(archive, end + 10, 2);
    std::size_t at = number(archive, end + 16, 4);
    if (count > kMaxZipEntries)
        return fail(ErrorKind::Corrupt, "zip.too_large", fmt::format("{} entries", count));
    std::vector<ZipEntry> entries;
    for (std::uint32_t i = 0; i < count; ++i) {
        if (at > archive.size() || archive.size() - at < kDirectoryBytes
            || number(archive, at, 4) != kDirectoryEntry)
            return damaged(fmt::format("no directory entry at byte {}", at));
        const std::size_t nameBytes = number(archive, at + 28, 2);
        const std::size_t extra = number(archive, at + 30, 2) + number(archive, at + 32, 2);
        if (archive.size() - at - kDirectoryBytes < nameBytes)
            return damaged("a name runs past the end");
        ZipEntry entry;
        entry.name = archive.substr(at + kDirectoryBytes, nameBytes);
        if (!entry.name.ends_with('/')) {
            auto bytes = unpack(archive, at, limitBytes);
            if (!bytes)
                return tl::unexpected(bytes.error());
            limitBytes -= std::min(limitBytes, bytes->size());
            entry.bytes = std::move(*bytes);
            entries.push_back(std::move(entry));
        }
        at += kDirectoryBytes + nameBytes + extra;
    }
    return entries;
}

Result<std::string> gunzip(std::string_view bytes, std::size_t limitBytes)
{
    return inflateAll(bytes, 31, limitBytes, "gzip");
}

} // namespace qd::exchange
