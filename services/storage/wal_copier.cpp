#include "services/storage/wal_copier.h"

#include <atomic>
#include <mutex>
#include <optional>
#include <utility>

namespace qd::storage {

/// Shared with the task on the executor, which may run after the copier has ended.
struct WalCopier::Copy {
    explicit Copy(Database opened) : database(std::move(opened)) {}
    void run();
    void archiveOnly();

    std::atomic<bool> isUnderWay{false};
    std::atomic<bool> isArchiveAsked{false};
    std::mutex mutex; ///< held during a copy; guards the two below
    std::optional<Database> database;
    std::unique_ptr<Archive> archive; ///< set once; may be null
};

/// A log of so many times its limit is too long a wait for an archive that cannot be written.
constexpr int kLogsForArchiveMax = 4;

void WalCopier::Copy::run()
{
    const std::lock_guard lock(mutex);
    if (database) {
        if (archive) archive->advance();
        const int pages = database->copyWal();
        database->syncCopied();
        if (archive) archive->logCopied(pages);
    }
    isUnderWay = false;
}

void WalCopier::Copy::archiveOnly()
{
    isArchiveAsked = false;
    const std::lock_guard lock(mutex);
    if (archive) archive->advance();
}

Result<std::unique_ptr<WalCopier>> WalCopier::open(Database& writer, runtime::Executor& executor,
                                                   WalLimits limits,
                                                   std::optional<ArchiveOptions> archive)
{
    QD_ASSERT(limits.copyEvery > 0 && limits.restartAt >= limits.copyEvery);
    auto opened = Database::open(writer.path());
    if (!opened) return tl::unexpected(opened.error());
    writer.leaveWalToOthers();
    auto copy = std::make_shared<Copy>(std::move(*opened));
    if (archive) {
        auto kept = Archive::open(writer, executor.clock(), std::move(*archive));
        if (!kept) return tl::unexpected(kept.error());
        copy->archive = std::move(*kept);
    }
    return std::unique_ptr<WalCopier>(new WalCopier(std::move(copy), executor, limits));
}

WalCopier::WalCopier(std::shared_ptr<Copy> copy, runtime::Executor& executor, WalLimits limits)
    : m_copy(std::move(copy)), m_executor(executor), m_limits(limits),
      m_restartAt(limits.restartAt)
{
}

WalCopier::~WalCopier()
{
    close();
}

std::unique_ptr<Archive> WalCopier::close()
{
    const std::lock_guard lock(m_copy->mutex);
    if (m_copy->archive) m_copy->archive->letGo();
    m_copy->database.reset();
    return std::move(m_copy->archive);
}

std::optional<ArchiveFigures> WalCopier::archiveFigures() const
{
    const Archive* const archive = m_copy->archive.get();
    return archive != nullptr ? std::optional(archive->figures()) : std::nullopt;
}

/// May the writer copy that many pages by itself? Under load every commit waits for it.
bool WalCopier::isLittle(int fresh, int pages) const
{
    return fresh <= m_limits.copyEvery / 8 || pages >= m_restartAt + m_limits.copyEvery;
}

/// One wait for all that is committed meanwhile.
void WalCopier::archiveSoon()
{
    if (m_copy->isArchiveAsked.exchange(true)) return;
    m_executor.post([copy = m_copy, &executor = m_executor,
                     wait = m_copy->archive->options().lagMax] {
        // The timer is its own task's: it ends where it runs or is dropped, on the executor.
        const auto timer = std::make_shared<runtime::Timer>();
        *timer = executor.after(wait, [copy, timer] { copy->archiveOnly(); });
    });
}

void WalCopier::takeBase(Database& writer, std::int64_t event)
{
    const std::unique_lock lock(m_copy->mutex, std::try_to_lock);
    if (lock) m_copy->archive->takeBase(writer.walPages(), event);
}

bool WalCopier::copyRest(Database& writer, int pages)
{
    const std::unique_lock lock(m_copy->mutex, std::try_to_lock);
    if (!lock) return false;
    Archive* const archive = m_copy->archive.get();
    if (archive != nullptr && !archive->letLogBegin()) {
        if (pages < kLogsForArchiveMax * m_limits.restartAt) return false;
        archive->giveUp(Error{ErrorKind::Unavailable, "storage.io",
                              "the write-ahead log grew past its limit while the archive could not "
                              "be written",
                              {}});
    }
    writer.copyWal();
    if (archive != nullptr && archive->isOn()) archive->holdLog();
    return true;
}

void WalCopier::committed(Database& writer, std::int64_t event)
{
    const int pages = writer.walPages();
    if (m_copy->archive) {
        const bool wantsBase = m_copy->archive->noteCommit(pages, event);
        archiveSoon();
        if (wantsBase) takeBase(writer, event);
    }
    if (pages < m_asked) { // begun again from the front
        m_asked = 0;
        m_restartAt = m_limits.restartAt;
    }
    if (m_copy->isUnderWay) return;
    const int fresh = pages - m_asked;
    if (pages >= m_restartAt && isLittle(fresh, pages)) {
        if (!copyRest(writer, pages)) return;
        m_asked = pages;
        m_restartAt = pages + m_limits.copyEvery; // should a reader have been in the way
        return;
    }
    if (pages < m_restartAt && fresh < m_limits.copyEvery) return;
    m_asked = pages;
    m_copy->isUnderWay = true;
    m_executor.post([copy = m_copy] { copy->run(); });
}

} // namespace qd::storage
