#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "models/base/result.h"
#include "models/base/timestamp.h"
#include "services/runtime/executor.h"

namespace qd::storage {

/// What became of the archive, for a log: `trouble` is null for good news.
using ArchiveTold = std::function<void(std::string_view what, const Error* trouble)>;

/// How an archive (archive.h) is kept.
struct ArchiveOptions {
    std::string folder; ///< made if it is missing, mode 0700; one archive, one database
    /// Where base backups are copied and checked; must outlive the writer.
    runtime::Executor* bases = nullptr;
    Duration lagMax = std::chrono::seconds(1); ///< from a commit to the archive, while the disk keeps up
    Duration baseEvery = std::chrono::hours(24);
    Duration keepFor = std::chrono::hours(24 * 7);
    std::uint64_t keepBytes = std::uint64_t{4} << 30;
    std::uint64_t segmentBytes = 16 << 20; ///< a longer segment is followed by the next one
    ArchiveTold told;                      ///< any thread
    /// For tests: asked before each step on the archive's own files; an error is the disk's.
    std::function<Result<void>(std::string_view step)> fault;
};

/// Figures for metrics and health.
struct ArchiveFigures {
    bool isKept = false;        ///< false: off, or broken off and not begun anew yet
    std::int64_t event = 0;     ///< the last event that is in the archive
    Timestamp reached;          ///< when its transaction was committed
    Timestamp oldest;           ///< the first point that can be restored; not set: no base yet
    std::uint64_t waiting = 0;  ///< commits that are not in the archive yet
    std::uint64_t bytes = 0;    ///< bases and segments
    std::uint64_t basesTaken = 0, basesDropped = 0, segmentsDropped = 0;
    std::uint64_t failures = 0; ///< writes and copies that failed and are tried again
    std::uint64_t brokenOff = 0; ///< lines that ended before the database did
};

} // namespace qd::storage
