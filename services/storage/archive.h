#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "services/storage/archive_figures.h"
#include "services/storage/archive_format.h"
#include "services/storage/database.h"
#include "services/storage/placing.h"
#include "services/storage/wal_frames.h"

namespace qd::storage {

/// Everything that was committed, kept so that the database can be brought back to any moment of the
/// past days: base backups, and behind each what every transaction changed since.
///
///   FOLDER/base-0000000007.db, .seal   the database before segment 7, its checksum and its time
///   FOLDER/segment-0000000007 …        transactions: time of commit, last event, changed bytes
///
/// What changed is read from SQLite's write-ahead log, where every committed page stands until the
/// log begins again. The archive therefore holds a read transaction ("pin") on the database: no log
/// begins again while one is held that has not been archived to its end. After a commit the writer
/// notes its frame, event and time, and nothing else; the pages are read, compared and written on the
/// copier's thread, at the latest `lagMax` later, and once more by the writer itself when the log is
/// about to begin again (only the little that is left then).
///
/// What can be lost. The database and the disk it lies on: the last `lagMax`, one second. The
/// database file alone: nothing, if its WAL survives, since a restore reads on in there. What a crash
/// left in the WAL is archived at the next start as one transaction: in the last second before it
/// points are that coarse.
///
/// A line is what can be replayed without a gap. It goes on over a restart if the WAL, or the file
/// that was closed, is the one that the archive knows; else, and after a failed sync, a new line
/// begins with a base of its own. Archiving that fails never holds up a commit: it is told, tried
/// again, and given up (a new line follows) before the WAL grows past its limits.
///
/// A base is taken every `baseEvery`, or earlier if the segments since the last grow past a quarter
/// of `keepBytes`. The oldest goes, with its segments, once the next one is older than `keepFor` or
/// all together exceed `keepBytes`; the newest base and what follows stay. See restore in
/// archive_restore.h.
///
/// `noteCommit` and `figures`: see there. All else: one call at a time, on the thread named.
class Archive {
public:
    /// Goes on with what the folder has, or begins anew. Before the first commit of `writer`.
    /// Fails with: Unavailable "storage.io" (no folder), Conflict "storage.in_use".
    static Result<std::unique_ptr<Archive>> open(Database& writer, const runtime::Clock& clock,
                                                 ArchiveOptions options);
    ~Archive();
    Archive(const Archive&) = delete;
    Archive& operator=(const Archive&) = delete;

    /// The writer's thread, after each commit: the log has `frame` frames now. True: call `takeBase`.
    bool noteCommit(int frame, std::int64_t event);
    /// Archives what was noted and moves the pin behind it. Failures are told and counted.
    void advance();
    /// After the log was copied into the database: it had so many frames.
    void logCopied(int frames);

    /// The writer's thread: archives the rest and lets go of the log, so that it can be copied to its
    /// end and begin again. False: not now, something is not archived yet.
    bool letLogBegin();
    /// … and holds it again.
    void holdLog();
    /// Ends the line: what is in the log and not archived is given up.
    void giveUp(const Error& why);

    /// The writer's thread: pins this moment and has it copied on `bases`.
    void takeBase(int frame, std::int64_t event);

    /// Archives the rest and lets go of the database.
    void letGo();
    /// The database has been closed by its last user.
    void databaseClosed();

    bool isOn() const { return m_isKept; } ///< false: the line was given up
    const ArchiveOptions& options() const { return m_options; }
    ArchiveFigures figures() const; ///< any thread

    struct Shared; ///< with the copying of a base; defined in archive_bases.h

private:
    struct Noted {
        std::uint32_t frame;
        Timestamp time;
        std::int64_t event;
    };
    Archive(std::string databasePath, const runtime::Clock& clock, ArchiveOptions options,
            ExclusiveUse use);
    Result<void> begin(Database& writer);
    /// Where the last line can go on in the log; nothing if it cannot.
    std::optional<WalPlace> placeToGoOn(const SegmentEnd& last, bool hasLog);
    Result<SegmentEnd> lastSegment(std::int64_t number);
    Result<std::optional<WalPlace>> findPlace(std::uint32_t pageBytes, bool hasLog);
    Result<void> goOn(const WalPlace& place, std::int64_t event, Timestamp time);
    Result<void> beginLine(const WalPlace& place, std::int64_t event);
    Result<void> archiveCrashRest(std::int64_t event, Timestamp time);
    Result<void> beginSegment(bool goesOn);
    Result<void> archiveNoted();
    Result<void> archiveTo(const Noted& noted);
    Result<void> patch(const WalFrame& frame);
    void failed(const Error& error);
    void startBase();
    void publish();

    const std::string m_databasePath;
    const runtime::Clock& m_clock;
    const ArchiveOptions m_options;
    const ExclusiveUse m_use;
    std::shared_ptr<Shared> m_shared;

    mutable std::mutex m_notedMutex; ///< guards the two below
    std::vector<Noted> m_noted;
    Timestamp m_lastNoted; ///< commit times never go back, though clocks may
    std::atomic<bool> m_isKept{false};
    std::atomic<std::int64_t> m_tryAgainAt{0}; ///< nanoseconds; when a broken line may begin anew

    std::vector<Noted> m_pending; ///< taken from `m_noted`, not archived yet
    std::optional<Database> m_pin;
    int m_copiedFrames = 0; ///< the pin is not behind this frame
    bool m_isPinNew = false; ///< the log has not been copied since the pin was moved
    WalFrames m_wal;
    std::optional<SegmentWriter> m_segment; ///< none: no line
    std::int64_t m_number = 0, m_line = 0;
    Hash m_previous{};           ///< of the last record when the archive was opened
    bool m_wasClosed = false;    ///< by the last program, with the database
    Timestamp m_baseTime;        ///< of the line's newest base; not set: it has none
    ArchivedCommit m_last;
    std::unordered_map<std::uint32_t, std::string> m_images; ///< pages as archived last, some
};

} // namespace qd::storage
