#pragma once

#include <memory>
#include <string>

#include "models/base/result.h"
#include "services/runtime/executor.h"
#include "services/storage/archive.h"
#include "services/storage/database.h"

namespace qd::storage {

/// How large the write-ahead log gets, in pages.
struct WalLimits {
    int copyEvery = 2'000; ///< so many new pages are copied into the database together
    int restartAt = 8'000; ///< from here on the writer copies the rest and begins the log again
};

/// Copies the write-ahead log into the database on a connection and an executor of its own, so that
/// commits do not wait for the flush of a second file. Only a log that has been copied to its last
/// page is begun again from the front, and that is the writer's: once the log has grown to its limit
/// and a copy has left little to do. The log therefore passes `restartAt` by at most `copyEvery`
/// and what is written during one copy, unless a reader (a backup) stands in the way: then it grows
/// until that has ended.
/// With an archive, what the log has is archived before it is copied, and at the latest so long after
/// a commit as the archive allows.
class WalCopier {
public:
    /// Takes the copying away from `writer`, the connection whose commits `committed` is told of.
    /// Fails with: as `Database::open`; with an archive, as `Archive::open`.
    static Result<std::unique_ptr<WalCopier>> open(Database& writer, runtime::Executor& executor,
                                                   WalLimits limits,
                                                   std::optional<ArchiveOptions> archive = {});
    /// Waits for the copy under way.
    ~WalCopier();
    WalCopier(const WalCopier&) = delete;
    WalCopier& operator=(const WalCopier&) = delete;

    /// After each commit, on the writer's thread, with the last event in the log. A copy that fails is
    /// tried again later: the log has everything until one has succeeded.
    void committed(Database& writer, std::int64_t event);
    /// Ends the copying. The archive, if there is one, waits for `databaseClosed`.
    std::unique_ptr<Archive> close();
    std::optional<ArchiveFigures> archiveFigures() const; ///< any thread

private:
    struct Copy;
    WalCopier(std::shared_ptr<Copy> copy, runtime::Executor& executor, WalLimits limits);
    bool isLittle(int fresh, int pages) const;
    void archiveSoon();
    void takeBase(Database& writer, std::int64_t event);
    /// Copies all of the log, so that it can begin again. False: not now.
    bool copyRest(Database& writer, int pages);
    std::shared_ptr<Copy> m_copy;
    runtime::Executor& m_executor;
    const WalLimits m_limits;
    int m_asked = 0; ///< pages in the log when the last copy was asked for
    int m_restartAt; ///< at so many pages the writer copies the rest
};

} // namespace qd::storage
