#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/base/result.h"
#include "models/base/timestamp.h"

namespace qd::storage {

/// A moment of the past. One of the two.
struct ArchivePoint {
    std::optional<Timestamp> time;      ///< everything committed at or before it
    std::optional<std::int64_t> event;  ///< everything committed up to and with this event
};

/// What can be restored without a gap.
struct ArchiveRange {
    Timestamp from, to;
    std::int64_t fromEvent = 0, toEvent = 0;
    int bases = 0, segments = 0;
    std::uint64_t bytes = 0;
    std::string trouble; ///< why it ends where it ends, if that is damage: "segment-… is missing"
};
/// The ranges, oldest first, from what bases and the ends of lines say. Damage inside a segment shows
/// only when it is read: `restoreTo` checks all that it uses. NotFound "storage.no_archive".
Result<std::vector<ArchiveRange>> archiveRanges(const std::string& folder);
/// "2026-11-25T08:00:00Z (event 7) to …": for people.
std::string describe(const ArchiveRange& range);

struct RestoreReport {
    Timestamp reached;            ///< when the last transaction that is in was committed
    std::int64_t eventCount = 0;  ///< in the restored log
    std::int64_t base = 0;        ///< number of the base backup
    std::int64_t transactions = 0; ///< replayed from segments
    std::int64_t fromWal = 0;     ///< and so many from the WAL beside the old database
    std::vector<std::string> notes; ///< what was passed over and left out, in words
};

/// Puts the database as it was at `point` in the place of `targetPath`; the old one is kept as
/// ".before-restore". Takes the newest base before the point and replays what was committed since, in
/// a file beside the target, which takes its place when pages and event chain have been checked.
/// Past the end of the newest line it reads on in the WAL beside the target, if that follows on.
/// Every checksum is checked; a base that does not fit is passed over for an older one, and noted.
/// Fails with: Conflict "storage.in_use", NotFound "storage.no_archive", Invalid
/// "storage.archive_range" (before the oldest base, or in a gap; names what there is), Corrupt
/// "storage.archive_damaged" (names the file and how far one could get). Then nothing was touched.
Result<RestoreReport> restoreTo(const std::string& folder, const ArchivePoint& point,
                                const std::string& targetPath);

/// The archive of a database, as quarterdeckd names it: beside quarterdeck.db lies quarterdeck.archive.
std::string archiveBeside(const std::string& databasePath);

} // namespace qd::storage
