#pragma once

#include <cstdint>

#include "services/runtime/random.h"

namespace qd::test {

/// A disk that fails, under every SQLite file that this program opens while it lives: SQLite calls
/// it, it calls the real file system, and in between are errors, torn writes and power cuts. Files
/// are real; what has not been synced is remembered, and a power cut takes it away again.
/// One at a time; made before the databases are opened and destroyed after they are closed. One
/// thread. Only SQLite's database and WAL files pass here, nothing that is written by other means.
class FaultyDisk {
public:
    FaultyDisk();
    ~FaultyDisk();
    FaultyDisk(const FaultyDisk&) = delete;
    FaultyDisk& operator=(const FaultyDisk&) = delete;

    // ── errors; each stays until it is taken back ────────────────────────────────────────────────
    void failSyncs(bool failing);  ///< fsync answers EIO, and nothing has become durable
    void fillUp(bool full);        ///< writes that would make a file grow answer ENOSPC
    void failReads(bool failing);  ///< reads answer EIO
    void shortenReads(bool shortening); ///< reads of the WAL end early, as those of a truncated file
    /// From now on syncs answer success, and nothing has become durable: a disk that lies.
    void lieAboutSyncs(bool lying);

    // ── the end of the process or of the power ───────────────────────────────────────────────────
    /// The `count`-th write or sync from now on is cut short (a write leaves a part of itself, drawn
    /// from `random`), and whatever comes after it fails: the process has died in it.
    void dieAfter(std::uint64_t count, runtime::Random& random);
    /// Nothing more reaches the files, not even what SQLite would tidy up in closing them.
    void die();
    bool hasDied() const;
    /// While nothing has the files open: of what was not synced each write is lost, in whole or in
    /// some of its sectors, or kept, as `random` says.
    void cutPower(runtime::Random& random);
    /// A new process: the files can be opened again. What was written and not lost counts as written;
    /// it is durable once it is synced again.
    void revive();

    struct Counts {
        std::uint64_t writes = 0, syncs = 0, syncsFailed = 0, writesRefused = 0, readsFailed = 0,
                      unsyncedLost = 0; ///< writes taken away by power cuts
    };
    const Counts& counts() const;

    struct Core; ///< what the file system's entry points work on
};

} // namespace qd::test
