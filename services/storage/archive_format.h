#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "models/base/result.h"
#include "models/base/timestamp.h"
#include "services/storage/hashing.h"

namespace qd::storage {

/// A place in the database's write-ahead log: behind `frame` frames of the log with these salts.
struct WalPlace {
    std::uint32_t salt1 = 0, salt2 = 0;
    std::uint32_t frame = 0;
    std::uint32_t check1 = 0, check2 = 0; ///< the log's running checksum there
    bool isSameLog(const WalPlace& other) const
    {
        return salt1 == other.salt1 && salt2 == other.salt2;
    }
    friend bool operator==(const WalPlace&, const WalPlace&) = default;
};

/// The end of a transaction.
struct ArchivedCommit {
    WalPlace place;
    std::uint32_t pages = 0; ///< size of the database after it
    Timestamp time;          ///< when it was committed; never before the one before it
    std::int64_t event = 0;  ///< the last event in the log after it
};

/// The database file as the last one to close it left it: nobody has written since if it still is so.
struct ClosedFile {
    std::int64_t bytes = 0, modifiedNanos = 0, node = 0;
    friend bool operator==(const ClosedFile&, const ClosedFile&) = default;
};

/// How a segment begins. Segments of one line follow each other without a gap.
struct SegmentHead {
    std::int64_t number = 0; ///< 1, 2, 3 … in the folder
    std::int64_t line = 0;   ///< a new one where the archive could not go on from what it had
    std::uint32_t pageBytes = 0;
    ArchivedCommit start; ///< the state before the segment
    Hash previous{};      ///< of the last record of the segment before; zero at the start of a line
};

/// A segment file is records, one behind the other:
///   u32 length ‖ u32 ~length ‖ body ‖ SHA-256("qd.archive.v1" ‖ hash of the record before ‖ body)
/// The first one holds the head and nothing else; "the record before" it is its own `previous`.
/// A body is entries, each a letter and its fields, little endian:
///   H head · P patch of a page · C commit · R the log may begin again here · Z closed
/// A patch lists the ranges of the page that differ from its last archived state (or all of it).
/// Patches belong to the next C; what no C follows was never acknowledged.
class SegmentWriter {
public:
    /// Asked before each step ("archive-create", "archive-write", "archive-sync"): an error is what
    /// the disk would have answered.
    using Fault = std::function<Result<void>(std::string_view step)>;

    /// Makes the file, with its head, on disk.
    static Result<SegmentWriter> create(const std::string& path, const SegmentHead& head,
                                        Fault fault);
    SegmentWriter(SegmentWriter&& other) noexcept;
    SegmentWriter& operator=(SegmentWriter&& other) noexcept;
    ~SegmentWriter();

    /// `before`: the page as it was archived last; empty if that is not at hand.
    Result<void> patch(std::uint32_t page, std::string_view before, std::string_view after);
    Result<void> commit(const ArchivedCommit& commit);
    Result<void> mayBeginAgain();
    Result<void> closed(const ClosedFile& file);
    /// Everything so far is on disk: acknowledged.
    Result<void> sync();
    /// Back to what was acknowledged last. Unavailable if the file cannot be trusted any more.
    Result<void> undo();

    std::uint64_t bytes() const { return m_written; }
    const Hash& hash() const { return m_hash; } ///< of the last record

private:
    SegmentWriter(int fd, std::string path, Fault fault);
    Result<void> writeRecord();
    Result<void> writeWhenLarge();

    int m_fd;
    std::string m_path;
    Fault m_fault;
    std::string m_body;
    std::uint64_t m_written = 0, m_synced = 0;
    Hash m_hash{}, m_syncedHash{};
    bool m_isLost = false; ///< a sync failed
};

/// What a segment tells, in its order; a false answer ends the reading.
struct SegmentVisitor {
    /// A range of the page; `bytes` go to `offset`.
    std::function<Result<void>(std::uint32_t page, std::uint32_t offset, std::string_view bytes)> patch;
    std::function<Result<bool>(const ArchivedCommit&)> commit;
};

/// Where the reading of a segment ended.
struct SegmentEnd {
    SegmentHead head;
    ArchivedCommit last; ///< the head's start if it holds no commit
    Hash hash{};         ///< of the last record that counts
    std::uint64_t bytes = 0;      ///< up to and with that record
    std::uint64_t tornBytes = 0;  ///< behind it: began to be written and was never acknowledged
    bool mayBeginAgain = false;   ///< behind `last`
    std::optional<ClosedFile> closed; ///< behind `last`
    std::int64_t commits = 0;
    bool wasStopped = false; ///< by the visitor
};

/// Reads a segment, each record checked before its first entry is told. A record that ends behind the
/// end of the file is torn, and so is a rest of zeros; one whose hash or contents do not fit is Corrupt "storage.archive_damaged",
/// with the file's name, the byte and the last point that could be reached.
Result<SegmentEnd> readSegment(const std::string& path, const SegmentVisitor& visitor);
/// Only its head.
Result<SegmentHead> readSegmentHead(const std::string& path);

} // namespace qd::storage
