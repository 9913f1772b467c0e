#include "services/storage/writer.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "services/storage/batch.h"

namespace qd::storage {

Result<std::int64_t> Transaction::append(Event event)
{
    if (!event.time.isSet()) event.time = m_now;
    m_appended.push_back(std::move(event));
    Event& kept = m_appended.back();
    if (const auto inserted = m_appender.insert(m_database, kept); !inserted) {
        m_appended.pop_back();
        return tl::unexpected(inserted.error());
    }
    return kept.sequence;
}

namespace {

void refuse(std::vector<Submission> submissions, const Error& error)
{
    for (Submission& submission : submissions) submission.outcome = tl::unexpected(error);
    postOutcomes(submissions);
}

/// `spare` is the memory of the last batch, into which the next one queues.
std::vector<Submission> takeBatch(std::vector<Submission>& queue, std::vector<Submission>& spare,
                                  std::size_t batchMax)
{
    if (queue.size() <= batchMax) return std::exchange(queue, std::exchange(spare, {}));
    const auto end = queue.begin() + static_cast<std::ptrdiff_t>(batchMax);
    std::vector<Submission> batch(std::make_move_iterator(queue.begin()),
                                  std::make_move_iterator(end));
    queue.erase(queue.begin(), end);
    return batch;
}

Error stoppedBy(const Error& cause)
{
    return Error{ErrorKind::Corrupt, "storage.stopped",
                 "the writer stopped, because what is on disk is no longer certain: " +
                     describe(cause) + "; check the disk and restart the backend",
                 {}};
}

} // namespace

/// Shared with the tasks posted to the writer's executor, which may run after the Writer has ended.
struct Writer::State : std::enable_shared_from_this<State> {
    State(runtime::Executor& where, WriterOptions how, Database opened, EventAppender log,
          std::unique_ptr<WalCopier> copier)
        : executor(where), options(std::move(how)), database(std::move(opened)), appender(log),
          walCopier(std::move(copier))
    {
    }

    void schedule();
    void drain();
    void runBatch(std::vector<Submission>& batch);
    /// Keeps the figures; if the writer must stop, answers what was queued and is now refused.
    std::vector<Submission> account(const std::vector<Submission>& batch, const BatchResult& result,
                                    Duration took);

    runtime::Executor& executor;
    const WriterOptions options;

    std::mutex mutex; ///< guards the five below
    std::vector<Submission> queue, spare;
    bool isScheduled = false;
    std::optional<Error> refusal; ///< once set, everything is refused with it
    WriterStats stats;

    std::mutex batchMutex; ///< held while a batch runs; guards the four below
    std::optional<Database> database;
    EventAppender appender;
    std::unique_ptr<WalCopier> walCopier; ///< null: SQLite copies after every so many pages
    std::vector<Observer> observers;
};

void Writer::State::schedule()
{
    executor.post([state = shared_from_this()] { state->drain(); });
}

void Writer::State::drain()
{
    const std::lock_guard batchLock(batchMutex);
    std::vector<Submission> batch;
    {
        const std::lock_guard lock(mutex);
        batch = takeBatch(queue, spare, options.batchMax);
        if (batch.empty()) {
            isScheduled = false;
            return;
        }
    }
    runBatch(batch);
    batch.clear();
    {
        const std::lock_guard lock(mutex);
        if (batch.capacity() <= options.batchMax) spare = std::move(batch);
        isScheduled = !queue.empty();
        if (!isScheduled) return;
    }
    schedule();
}

void Writer::State::runBatch(std::vector<Submission>& batch)
{
    QD_ASSERT(database.has_value());
    const runtime::Clock& clock = executor.clock();
    const Duration start = clock.steady();
    const BatchResult result =
        commitBatch(*database, appender, batch, clock.now(), options.fault);
    std::vector<Submission> refused = account(batch, result, clock.steady() - start);
    if (result.mustStop) {
        const Error stopped = stoppedBy(*result.failure);
        refuse(std::move(batch), stopped);
        refuse(std::move(refused), stopped);
        return;
    }
    postOutcomes(batch);
    for (const Observer& observer : observers) {
        if (!result.events.empty()) observer(result.events);
    }
    if (walCopier && !result.failure) walCopier->committed(*database, appender.lastSequence());
}

std::vector<Submission> Writer::State::account(const std::vector<Submission>& batch,
                                               const BatchResult& result, Duration took)
{
    const auto failures =
        std::count_if(batch.begin(), batch.end(),
                      [](const Submission& submission) { return !submission.outcome; });
    const std::lock_guard lock(mutex);
    stats.works += batch.size();
    stats.failures += static_cast<std::uint64_t>(failures);
    stats.lastCommit = took;
    stats.longestCommit = std::max(stats.longestCommit, took);
    if (!result.failure) ++stats.commits;
    if (!result.mustStop) return {};
    refusal = stoppedBy(*result.failure);
    return std::exchange(queue, {});
}

Result<std::unique_ptr<Writer>> Writer::open(Database database, runtime::Executor& executor,
                                             WriterOptions options)
{
    QD_ASSERT(options.queueMax > 0 && options.batchMax > 0);
    QD_ASSERT(!options.archive || options.walCopies != nullptr);
    const auto appender = EventAppender::open(database);
    if (!appender) return tl::unexpected(appender.error());
    std::unique_ptr<WalCopier> copier;
    if (options.walCopies != nullptr) {
        auto opened = WalCopier::open(database, *options.walCopies, options.walLimits,
                                      std::move(options.archive));
        if (!opened) return tl::unexpected(opened.error());
        copier = std::move(*opened);
    }
    return std::unique_ptr<Writer>(new Writer(std::make_shared<State>(
        executor, std::move(options), std::move(database), *appender, std::move(copier))));
}

Writer::Writer(std::shared_ptr<State> state) : m_state(std::move(state)) {}

Writer::~Writer()
{
    const Error closed{ErrorKind::Unavailable, "storage.closed", "the writer has been closed", {}};
    std::vector<Submission> refused;
    {
        const std::lock_guard batchLock(m_state->batchMutex);
        const std::lock_guard lock(m_state->mutex);
        refused = std::exchange(m_state->queue, {});
        m_state->refusal = closed;
        m_state->observers.clear();
        const auto archive = m_state->walCopier ? m_state->walCopier->close() : nullptr;
        m_state->walCopier.reset();
        m_state->database.reset();
        if (archive) archive->databaseClosed();
    }
    refuse(std::move(refused), closed);
}

void Writer::submit(Work work, runtime::Executor& reply, Done done)
{
    Submission submission{std::move(work), &reply, std::move(done), 0};
    std::optional<Error> refusal;
    bool mustSchedule = false;
    {
        const std::lock_guard lock(m_state->mutex);
        refusal = m_state->refusal;
        if (!refusal && m_state->queue.size() >= m_state->options.queueMax) {
            refusal = Error{ErrorKind::Unavailable, "storage.overloaded",
                            fmt::format("{} works wait for the disk already; try again later",
                                        m_state->queue.size()),
                            {}};
        }
        if (!refusal) {
            m_state->queue.push_back(std::move(submission));
            mustSchedule = !std::exchange(m_state->isScheduled, true);
        }
    }
    if (refusal) {
        std::vector<Submission> single;
        single.push_back(std::move(submission));
        refuse(std::move(single), *refusal);
    }
    if (mustSchedule) m_state->schedule();
}

void Writer::observe(Observer observer)
{
    const std::lock_guard lock(m_state->batchMutex);
    m_state->observers.push_back(std::move(observer));
}

WriterStats Writer::stats() const
{
    const std::lock_guard lock(m_state->mutex);
    WriterStats stats = m_state->stats;
    stats.queued = m_state->queue.size();
    return stats;
}

std::optional<ArchiveFigures> Writer::archiveFigures() const
{
    return m_state->walCopier ? m_state->walCopier->archiveFigures() : std::nullopt;
}

std::optional<Error> Writer::stopped() const
{
    const std::lock_guard lock(m_state->mutex);
    return m_state->refusal;
}

void Writer::flush()
{
    for (bool ran = true; ran;) {
        {
            const std::lock_guard lock(m_state->mutex);
            if (m_state->queue.empty()) break;
        }
        // An executor that has been stopped drops the task; the destructor refuses what is left.
        ran = false;
        runtime::runAndWait(m_state->executor, [state = m_state, &ran] {
            state->drain();
            ran = true;
        });
    }
    // The queue is empty, but its last batch may still be on its way to the disk.
    const std::lock_guard batchLock(m_state->batchMutex);
}

} // namespace qd::storage
