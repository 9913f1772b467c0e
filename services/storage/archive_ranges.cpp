#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "services/storage/archive_folder.h"
#include "services/storage/archive_format.h"
#include "services/storage/archive_restore.h"

namespace qd::storage {
namespace {

std::uint64_t fileBytesOf(const std::string& path)
{
    std::error_code missing;
    const auto size = std::filesystem::file_size(path, missing);
    return missing ? 0 : size;
}

/// The range's end, from its last segment.
void readEnd(const std::string& path, ArchiveRange& range)
{
    SegmentVisitor visitor;
    visitor.commit = [&range](const ArchivedCommit& commit) {
        range.to = commit.time;
        range.toEvent = commit.event;
        return Result<bool>(true);
    };
    const auto head = readSegmentHead(path);
    if (head) {
        range.to = std::max(range.to, head->start.time);
        range.toEvent = head->start.event;
    }
    if (const auto end = readSegment(path, visitor); !end) range.trouble = describe(end.error());
}

/// From the first base at or after segment `from` as far as segments follow each other.
ArchiveRange rangeOf(const std::string& folder, const ArchiveContents& contents, const BaseSeal& first)
{
    ArchiveRange range;
    range.from = range.to = first.time;
    range.fromEvent = range.toEvent = first.event;
    const auto& segments = contents.segments;
    std::int64_t number = first.number;
    std::string lastPath;
    for (;; ++number) {
        const auto path = segmentPath(folder, number);
        if (!std::binary_search(segments.begin(), segments.end(), number)) break;
        const auto head = readSegmentHead(path);
        if (head && head->line != first.line) break;
        range.bytes += fileBytesOf(path);
        ++range.segments;
        lastPath = path;
        if (!head) break; // told by the reading of its end
    }
    if (!lastPath.empty()) readEnd(lastPath, range);
    const bool isThere = std::binary_search(segments.begin(), segments.end(), number);
    const bool goesOn = !segments.empty() && segments.back() > number && !isThere;
    if (range.trouble.empty() && (goesOn || lastPath.empty()))
        range.trouble = segmentPath(folder, number) + " is missing";
    for (const auto& base : contents.bases) {
        if (base.number < first.number || base.number > number || base.line != first.line) continue;
        ++range.bases;
        range.bytes += base.bytes;
    }
    return range;
}

} // namespace

Result<std::vector<ArchiveRange>> archiveRanges(const std::string& folder)
{
    const auto contents = listArchive(folder);
    if (!contents) return tl::unexpected(contents.error());
    if (contents->bases.empty()) {
        return fail(ErrorKind::NotFound, "storage.no_archive",
                    folder + " holds no base backup: there is nothing to restore from");
    }
    std::vector<ArchiveRange> ranges;
    std::int64_t covered = 0, line = 0; ///< up to which segment, of which line
    for (const auto& base : contents->bases) {
        if (base.line == line && base.number <= covered) continue;
        ranges.push_back(rangeOf(folder, *contents, base));
        line = base.line;
        covered = base.number + std::max(ranges.back().segments - 1, 0);
    }
    return ranges;
}

std::string describe(const ArchiveRange& range)
{
    auto text = fmt::format("{} (event {}) to {} (event {})", range.from.toString(9), range.fromEvent,
                            range.to.toString(9), range.toEvent);
    if (!range.trouble.empty()) text += ", where " + range.trouble;
    return text;
}

std::string archiveBeside(const std::string& databasePath)
{
    return std::filesystem::path(databasePath).replace_extension(".archive").string();
}

} // namespace qd::storage
