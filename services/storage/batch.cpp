#include "services/storage/batch.h"

#include <algorithm>
#include <iterator>
#include <memory>

namespace qd::storage {
namespace {

Result<void> runStatement(Database& database, std::string_view sql)
{
    auto statement = database.prepare(sql);
    if (!statement) return tl::unexpected(statement.error());
    return statement->run();
}

/// The works of a batch inside the open transaction.
struct Run {
    Database& database;
    EventAppender& appender;
    std::vector<Event>& events;
    Timestamp now;
};

Result<void> beginOn(Database& database, EventAppender& appender)
{
    return database.begin().and_then([&] { return appender.follow(database); });
}

/// One work. An error in the answer means that the transaction itself is lost; the error of a work
/// that failed alone, and may have left traces, is in its outcome.
Result<void> runWork(const Run& run, Submission& submission)
{
    const std::size_t countBefore = run.events.size();
    Transaction transaction(run.database, run.appender, run.events, run.now);
    const Result<void> worked = submission.work(transaction);
    // SQLite undoes the whole transaction by itself when the disk is full or fails.
    if (!run.database.isInTransaction()) {
        return worked ? fail(ErrorKind::Unavailable, "storage.io",
                             "a work of the batch ended the transaction")
                      : Result<void>(tl::unexpected(worked.error()));
    }
    if (worked)
        submission.outcome = run.events.size() > countBefore ? run.appender.lastSequence() : 0;
    else
        submission.outcome = tl::unexpected(worked.error());
    return {};
}

/// As `runWork`, in a savepoint of its own: a work that failed alone leaves nothing behind.
Result<void> runWorkApart(const Run& run, Submission& submission)
{
    if (const auto opened = runStatement(run.database, "SAVEPOINT work"); !opened) return opened;
    const EventAppender before = run.appender;
    const std::size_t countBefore = run.events.size();
    if (const auto ran = runWork(run, submission); !ran) return ran;
    if (!submission.outcome) {
        run.events.resize(countBefore);
        run.appender = before;
        if (const auto undone = runStatement(run.database, "ROLLBACK TO work"); !undone)
            return undone;
    }
    return runStatement(run.database, "RELEASE work");
}

/// Nearly always no work fails, and a savepoint for each would copy every page that it touches: so
/// they run without, and once more from the start, each apart, when one of them has failed.
Result<void> runWorks(const Run& run, std::vector<Submission>& batch)
{
    const EventAppender before = run.appender;
    bool hasFailed = false;
    for (Submission& submission : batch) {
        if (const auto ran = runWork(run, submission); !ran) return ran;
        hasFailed = !submission.outcome;
        if (hasFailed) break;
    }
    if (!hasFailed) return {};
    run.database.rollback();
    run.appender = before;
    run.events.clear();
    if (const auto begun = beginOn(run.database, run.appender); !begun) return begun;
    for (Submission& submission : batch) {
        if (const auto ran = runWorkApart(run, submission); !ran) return ran;
    }
    return {};
}

Result<void> reach(const std::function<Result<void>(std::string_view)>& fault,
                   std::string_view point)
{
    return fault ? fault(point) : Result<void>();
}

bool isDiskFailure(const Error& error)
{
    return error.kind == ErrorKind::Corrupt || error.code == "storage.io";
}

BatchResult undo(Database& database, EventAppender& appender, std::vector<Submission>& batch,
                 const Error& error)
{
    database.rollback();
    BatchResult result;
    result.failure = error;
    result.mustStop = isDiskFailure(error);
    if (!result.mustStop && !appender.reload(database)) result.mustStop = true;
    for (Submission& submission : batch) submission.outcome = tl::unexpected(error);
    return result;
}

} // namespace

BatchResult commitBatch(Database& database, EventAppender& appender,
                        std::vector<Submission>& batch, Timestamp now,
                        const std::function<Result<void>(std::string_view)>& fault)
{
    if (const auto begun = beginOn(database, appender); !begun)
        return undo(database, appender, batch, begun.error());
    BatchResult result;
    result.events.reserve(batch.size());
    const auto ran = runWorks({database, appender, result.events, now}, batch);
    if (!ran) return undo(database, appender, batch, ran.error());
    const auto committed =
        reach(fault, "before-commit").and_then([&] { return database.commit(); });
    if (!committed) return undo(database, appender, batch, committed.error());
    if (const auto after = reach(fault, "after-commit"); !after) {
        auto stopped = undo(database, appender, batch, after.error());
        stopped.mustStop = true;
        return stopped;
    }
    return result;
}

void postOutcomes(std::vector<Submission>& batch)
{
    // Works and their captures end here, on the writer's side, before anyone is told.
    for (Submission& submission : batch) submission.work = nullptr;
    while (!batch.empty()) {
        runtime::Executor* const reply = batch.front().reply;
        const auto others =
            std::stable_partition(batch.begin(), batch.end(), [reply](const Submission& submission) {
                return submission.reply == reply;
            });
        // Tasks are copyable, so what is moved into one needs an owner that is.
        auto answers = std::make_shared<std::vector<Submission>>(
            std::make_move_iterator(batch.begin()), std::make_move_iterator(others));
        batch.erase(batch.begin(), others);
        reply->post([answers] {
            for (Submission& answer : *answers) {
                if (answer.done) answer.done(std::move(answer.outcome));
            }
        });
    }
}

} // namespace qd::storage
