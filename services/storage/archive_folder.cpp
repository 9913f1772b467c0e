#include "services/storage/archive_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include <fmt/format.h>

#include "models/base/whole_number.h"
#include "services/storage/atomic_file.h"
#include "services/storage/digest_context.h"
#include "services/storage/io_error.h"
#include "services/storage/placing.h"

namespace qd::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSealTitle = "qd.base.v1";
constexpr std::string_view kSegmentPrefix = "segment-", kBasePrefix = "base-";
constexpr std::string_view kBaseEnding = ".db", kSealEnding = ".seal";

std::string sealPath(const std::string& folder, std::int64_t number)
{
    return fmt::format("{}/{}{:010}{}", folder, kBasePrefix, number, kSealEnding);
}

bool readNumber(std::string_view text, std::int64_t& number)
{
    const auto read = wholeNumber<std::int64_t>(text);
    number = read.value_or(number);
    return read.has_value();
}

/// The number in "segment-0000000007"; 0 if it is no such name.
std::int64_t numberIn(std::string_view name, std::string_view prefix, std::string_view ending)
{
    if (!name.starts_with(prefix) || !name.ends_with(ending)) return 0;
    name.remove_prefix(prefix.size());
    name.remove_suffix(ending.size());
    return wholeNumber<std::int64_t>(name).value_or(0);
}

std::vector<std::int64_t> numbersOf(const std::string& folder, std::string_view prefix,
                                    std::string_view ending)
{
    std::vector<std::int64_t> numbers;
    std::error_code ended;
    for (fs::directory_iterator at(folder, ended), end; !ended && at != end; at.increment(ended)) {
        const auto number = numberIn(at->path().filename().string(), prefix, ending);
        if (number > 0) numbers.push_back(number);
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

std::uint64_t bytesOf(const std::string& path)
{
    std::error_code missing;
    const auto size = fs::file_size(path, missing);
    return missing ? 0 : size;
}

} // namespace

std::string segmentPath(const std::string& folder, std::int64_t number)
{
    return fmt::format("{}/{}{:010}", folder, kSegmentPrefix, number);
}

std::string basePath(const std::string& folder, std::int64_t number)
{
    return fmt::format("{}/{}{:010}{}", folder, kBasePrefix, number, kBaseEnding);
}

Result<void> writeSeal(const std::string& folder, const BaseSeal& seal)
{
    return replaceFile(sealPath(folder, seal.number),
                       fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n", kSealTitle, seal.number,
                                   seal.line, seal.time.nanos(), seal.event, seal.bytes,
                                   toHex(seal.hash)),
                       Checksum::Sha256);
}

Result<BaseSeal> readSeal(const std::string& folder, std::int64_t number)
{
    const auto path = sealPath(folder, number);
    const auto text = readFile(path, Checksum::Sha256);
    if (!text) return tl::unexpected(text.error());
    std::vector<std::string_view> lines;
    std::string_view rest = *text;
    for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
        lines.push_back(rest.substr(0, end));
        rest.remove_prefix(end + 1);
    }
    BaseSeal seal;
    std::int64_t nanos = 0, bytes = 0;
    const bool fits = lines.size() == 7 && lines[0] == kSealTitle &&
                      readNumber(lines[1], seal.number) && seal.number == number &&
                      readNumber(lines[2], seal.line) && readNumber(lines[3], nanos) &&
                      readNumber(lines[4], seal.event) && readNumber(lines[5], bytes) &&
                      parseHex(lines[6], seal.hash);
    if (!fits) {
        return fail(ErrorKind::Corrupt, "storage.archive_damaged",
                    path + " is no seal of a base backup");
    }
    seal.time = Timestamp::fromNanos(nanos);
    seal.bytes = static_cast<std::uint64_t>(bytes);
    return seal;
}

Result<Hash> sha256OfFile(const std::string& path)
{
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return ioError("open", path);
    const DigestContext context(EVP_MD_CTX_new());
    bool isHashed = EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
    std::string chunk(1 << 20, '\0');
    ssize_t got = 1;
    while (isHashed && got > 0) {
        got = ::read(fd, chunk.data(), chunk.size());
        if (got > 0)
            isHashed = EVP_DigestUpdate(context.get(), chunk.data(), static_cast<std::size_t>(got)) == 1;
    }
    const Result<void> read = got < 0 ? Result<void>(ioError("read", path)) : Result<void>();
    ::close(fd);
    if (!read) return tl::unexpected(read.error());
    Hash hash{};
    isHashed = isHashed && EVP_DigestFinal_ex(context.get(), hash.data(), nullptr) == 1;
    QD_ASSERT(isHashed);
    return hash;
}

Result<ArchiveContents> listArchive(const std::string& folder)
{
    ArchiveContents contents;
    contents.segments = numbersOf(folder, kSegmentPrefix, "");
    for (const auto number : numbersOf(folder, kBasePrefix, kBaseEnding)) {
        auto seal = readSeal(folder, number);
        if (seal) contents.bases.push_back(*seal);
        else contents.troubles.push_back(describe(seal.error()));
    }
    return contents;
}

void removeUnfinished(const std::string& folder)
{
    std::error_code ended;
    std::vector<std::string> partial;
    for (fs::directory_iterator at(folder, ended), end; !ended && at != end; at.increment(ended)) {
        const auto name = at->path().filename().string();
        if (name.find(".partial") != std::string::npos) partial.push_back(at->path().string());
    }
    for (const auto& path : partial) ::unlink(path.c_str());
    for (const auto number : numbersOf(folder, kBasePrefix, kBaseEnding)) {
        // A seal that is there and damaged is evidence; one that never came says that the stop did.
        const auto seal = readSeal(folder, number);
        if (!seal && seal.error().kind == ErrorKind::NotFound)
            ::unlink(basePath(folder, number).c_str());
    }
}

Result<ArchiveDropped> dropOld(const std::string& folder, Timestamp now,
                               const ArchiveRetention& retention)
{
    const auto contents = listArchive(folder);
    if (!contents) return tl::unexpected(contents.error());
    ArchiveDropped dropped;
    for (const auto& base : contents->bases) dropped.bytesKept += base.bytes;
    for (const auto number : contents->segments)
        dropped.bytesKept += bytesOf(segmentPath(folder, number));
    const auto& bases = contents->bases;
    std::size_t first = 0;
    auto segment = contents->segments.begin();
    const auto dropSegmentsBefore = [&](std::int64_t number) {
        for (; segment != contents->segments.end() && *segment < number; ++segment) {
            const auto path = segmentPath(folder, *segment);
            dropped.bytesKept -= bytesOf(path);
            ++dropped.segments;
            ::unlink(path.c_str());
        }
    };
    for (; first + 1 < bases.size(); ++first) {
        const bool isOld = bases[first + 1].time <= now - retention.keepFor;
        if (!isOld && dropped.bytesKept <= retention.keepBytes) break;
        // The seal first: a base without one counts for nothing.
        ::unlink(sealPath(folder, bases[first].number).c_str());
        ::unlink(basePath(folder, bases[first].number).c_str());
        dropped.bytesKept -= bases[first].bytes;
        ++dropped.bases;
        dropSegmentsBefore(bases[first + 1].number);
    }
    if (!bases.empty()) {
        dropSegmentsBefore(bases[first].number);
        dropped.oldest = bases[first].time;
    }
    return dropped;
}

} // namespace qd::storage
