#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/runtime/executor.h"
#include "services/storage/backup.h"
#include "services/storage/database.h"
#include "services/storage/event_log.h"
#include "services/storage/wal_copier.h"

namespace qd::storage {

/// What a unit of work sees: the write connection inside an open transaction, and the log.
class Transaction {
public:
    Transaction(Database& database, EventAppender& appender, std::vector<Event>& appended,
                Timestamp now = {})
        : m_database(database), m_appender(appender), m_appended(appended), m_now(now) {}
    Database& database() { return m_database; }
    /// Append to the log; returns the sequence number. An event without a time gets the batch's.
    Result<std::int64_t> append(Event event);

private:
    Database& m_database;
    EventAppender& m_appender;
    std::vector<Event>& m_appended;
    Timestamp m_now;
};

struct WriterStats {
    std::uint64_t commits = 0, works = 0, failures = 0;
    std::size_t queued = 0;
    Duration lastCommit{}, longestCommit{};
};

struct WriterOptions {
    std::size_t queueMax = 50'000; ///< beyond it `submit` refuses with Unavailable "storage.overloaded"
    std::size_t batchMax = 4'096;
    /// For drills: called at "before-commit" and "after-commit" of each batch; may stall, end the
    /// process, or fail. A failure before undoes the batch (kind Corrupt: and stops the writer, as a
    /// failed fsync does); a failure after stops it.
    std::function<Result<void>(std::string_view point)> fault;
    /// Where the write-ahead log is copied into the database while the writer goes on; must outlive
    /// the writer. Null: the writer does it by itself, in between. See wal_copier.h.
    runtime::Executor* walCopies = nullptr;
    WalLimits walLimits;
    /// Keeps what is committed, so that the database can be brought back to any moment; needs
    /// `walCopies`. See archive.h.
    std::optional<ArchiveOptions> archive;
};

/// The one writer: takes units of work, commits many in one transaction (natural group commit: what
/// queued while the last fsync ran forms the next batch; no timer), then reports each.
/// A work that fails is undone alone; a commit that fails fails all its works, and after
/// a failed fsync the writer refuses everything (Corrupt): the page cache can no longer be trusted.
class Writer {
public:
    /// Must be fit to run a second time on a database where it has not run.
    using Work = std::function<Result<void>(Transaction&)>;
    /// The sequence of the last event the work appended (0 if none), once it is on disk.
    using Done = std::function<void(Result<std::int64_t>)>;
    /// Committed events, in order, after each commit; on the writer's executor.
    using Observer = std::function<void(const std::vector<Event>&)>;

    /// `executor` is the `db` thread (or the simulator). `database` must be migrated.
    static Result<std::unique_ptr<Writer>> open(Database database, runtime::Executor& executor,
                                                WriterOptions options = {});
    /// Ends the batch under way, refuses what is still queued (Unavailable "storage.closed") and
    /// closes the database. `flush` first to keep it. Not from a work or an observer.
    ~Writer();

    /// Any thread. `done` runs on `reply` after the commit (or the refusal). Order of submission is
    /// order of commit and order of `done` per reply executor; a refusal (overloaded, stopped,
    /// closed) is posted at once. `reply` must outlive the answer.
    void submit(Work work, runtime::Executor& reply, Done done);
    /// Before the first submit.
    void observe(Observer observer);
    WriterStats stats() const;
    std::optional<ArchiveFigures> archiveFigures() const; ///< nothing without an archive
    /// Commits what is queued; returns when it is on disk. Not from the writer's executor.
    void flush();
    /// Why it refuses everything; empty while it works.
    std::optional<Error> stopped() const;

private:
    struct State;
    explicit Writer(std::shared_ptr<State> state);
    std::shared_ptr<State> m_state;
};

} // namespace qd::storage
