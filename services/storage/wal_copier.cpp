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

    std::atomic<bool> isUnderWay{false};
    std::mutex mutex; ///< held during a copy; guards the database
    std::optional<Database> database;
};

void WalCopier::Copy::run()
{
    const std::lock_guard lock(mutex);
    if (database) {
        database->copyWal();
        database->syncCopied();
    }
    isUnderWay = false;
}

Result<std::unique_ptr<WalCopier>> WalCopier::open(Database& writer, runtime::Executor& executor,
                                                   WalLimits limits)
{
    QD_ASSERT(limits.copyEvery > 0 && limits.restartAt >= limits.copyEvery);
    auto opened = Database::open(writer.path());
    if (!opened) return tl::unexpected(opened.error());
    writer.leaveWalToOthers();
    return std::unique_ptr<WalCopier>(
        new WalCopier(std::make_shared<Copy>(std::move(*opened)), executor, limits));
}

WalCopier::WalCopier(std::shared_ptr<Copy> copy, runtime::Executor& executor, WalLimits limits)
    : m_copy(std::move(copy)), m_executor(executor), m_limits(limits),
      m_restartAt(limits.restartAt)
{
}

WalCopier::~WalCopier()
{
    const std::lock_guard lock(m_copy->mutex);
    m_copy->database.reset();
}

/// May the writer copy that many pages by itself? Under load every commit waits for it.
bool WalCopier::isLittle(int fresh, int pages) const
{
    return fresh <= m_limits.copyEvery / 8 || pages >= m_restartAt + m_limits.copyEvery;
}

void WalCopier::committed(Database& writer)
{
    const int pages = writer.walPages();
    if (pages < m_asked) { // begun again from the front
        m_asked = 0;
        m_restartAt = m_limits.restartAt;
    }
    if (m_copy->isUnderWay) return;
    const int fresh = pages - m_asked;
    if (pages >= m_restartAt && isLittle(fresh, pages)) {
        writer.copyWal();
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
