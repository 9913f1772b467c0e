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

/// One work inside the open transaction. An error of the answer means that the transaction itself
/// is lost; a work that failed alone is undone and has its error in `outcome`.
Result<void> runWork(Database& database, EventAppender& appender, std::vector<Event>& events,
                     Submission& submission, Timestamp now)
{
    if (const auto opened = runStatement(database, "SAVEPOINT work"); !opened) return opened;
    const EventAppender before = appender;
    const std::size_t countBefore = events.size();
    Transaction transaction(database, appender, events, now);
    const Result<void> worked = submission.work(transaction);
    // SQLite undoes the whole transaction by itself when the disk is full or fails.
    if (!database.isInTransaction()) {
        return worked ? fail(ErrorKind::Unavailable, "storage.io",
                             "a work of the batch ended the transaction")
                      : Result<void>(tl::unexpected(worked.error()));
    }
    if (worked) {
        submission.outcome = events.size() > countBefore ? appender.lastSequence() : 0;
        return runStatement(database, "RELEASE work");
    }
    submission.outcome = tl::unexpected(worked.error());
    events.resize(countBefore);
    appender = before;
    return runStatement(database, "ROLLBACK TO work").and_then([&] {
        return runStatement(database, "RELEASE work");
    });
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
    if (const auto begun = database.begin(); !begun)
        return undo(database, appender, batch, begun.error());
    BatchResult result;
    result.events.reserve(batch.size());
    for (Submission& submission : batch) {
        const auto ran = runWork(database, appender, result.events, submission, now);
        if (!ran) return undo(database, appender, batch, ran.error());
    }
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

void postOutcomes(std::vector<Submission> batch)
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
