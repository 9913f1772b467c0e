#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "services/runtime/executor.h"
#include "services/storage/database.h"
#include "services/storage/event_log.h"

namespace qd::storage {

/// What a unit of work sees: the write connection inside an open transaction, and the log.
class Transaction {
public:
    Transaction(Database& database, EventAppender& appender, std::vector<Event>& appended)
        : m_database(database), m_appender(appender), m_appended(appended) {}
    Database& database() { return m_database; }
    /// Append to the log; returns the sequence number.
    Result<std::int64_t> append(Event event);

private:
    Database& m_database;
    EventAppender& m_appender;
    std::vector<Event>& m_appended;
};

struct WriterStats {
    std::uint64_t commits = 0, works = 0, failures = 0;
    std::size_t queued = 0;
    Duration lastCommit{}, longestCommit{};
};

struct WriterOptions {
    std::size_t queueMax = 50'000; ///< beyond it `submit` refuses with Unavailable "storage.overloaded"
    std::size_t batchMax = 4'096;
};

/// The one writer: takes units of work, commits many in one transaction (natural group commit: what
/// queued while the last fsync ran forms the next batch; no timer), then reports each.
/// A work that fails is undone alone (savepoint); a commit that fails fails all its works, and after
/// a failed fsync the writer refuses everything (Corrupt): the page cache can no longer be trusted.
class Writer {
public:
    using Work = std::function<Result<void>(Transaction&)>;
    /// The sequence of the last event the work appended (0 if none), once it is on disk.
    using Done = std::function<void(Result<std::int64_t>)>;
    /// Committed events, in order, after each commit; on the writer's executor.
    using Observer = std::function<void(const std::vector<Event>&)>;

    /// `executor` is the `db` thread (or the simulator). `database` must be migrated.
    static Result<std::unique_ptr<Writer>> open(Database database, runtime::Executor& executor,
                                                WriterOptions options = {});
    ~Writer();

    /// Any thread. `done` runs on `reply` after the commit (or the refusal). Order of submission is
    /// order of commit and order of `done` per reply executor.
    void submit(Work work, runtime::Executor& reply, Done done);
    /// Before the first submit.
    void observe(Observer observer);
    WriterStats stats() const;
    /// Commits what is queued; returns when it is on disk. Not from the writer's executor.
    void flush();

private:
    struct State;
    explicit Writer(std::shared_ptr<State> state);
    std::shared_ptr<State> m_state;
};

/// Online copy of a live database (SQLite backup API), integrity-checked, then renamed into place.
/// The answer is the copy's event count. Progress in 0 … 1, may be empty.
Result<std::int64_t> backup(const std::string& sourcePath, const std::string& targetPath,
                            const std::function<void(double)>& progress);
/// Replace the database at `targetPath` by a verified backup; the old one is kept as ".before-restore".
/// Refuses (Conflict "storage.in_use") while another process has it open.
Result<std::int64_t> restore(const std::string& backupPath, const std::string& targetPath);

} // namespace qd::storage
