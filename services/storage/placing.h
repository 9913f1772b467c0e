#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "models/base/result.h"
#include "services/storage/database.h"

namespace qd::storage {

/// Keeps everyone else from opening the database while it lives.
class ExclusiveUse {
public:
    /// Fails with: Conflict "storage.in_use".
    static Result<ExclusiveUse> take(const std::string& path);
    ExclusiveUse(ExclusiveUse&& other) noexcept;
    ExclusiveUse& operator=(ExclusiveUse&&) = delete;
    ~ExclusiveUse();

private:
    explicit ExclusiveUse(int fd) : m_fd(fd) {}
    int m_fd;
};

/// The database with its WAL, index, journal and lock file.
void removeWithCompanions(const std::string& path);

/// From now on `source` stands still for this connection, however much is written.
Result<void> pinMoment(Database& source);

/// Copies the pinned moment of `source` into the single file `targetPath`; checks pages and chain.
/// The answer is the number of events. `goOn` is given the part done, 0 … 1; false ends the copy
/// (Unavailable "storage.canceled"). `copied` runs when the source is not needed any more.
struct CopySteps {
    std::function<bool(double)> goOn;
    std::function<void()> copied;
};
Result<std::int64_t> copyPinned(Database& source, const std::string& targetPath,
                                const CopySteps& steps);

/// Pages, chain and all; answers the number of events.
Result<std::int64_t> checkCopy(Database& database);
/// An empty file passes for an empty database, which is nobody's backup.
Result<void> requireEventLog(const std::string& path, const std::string& shownAs);

/// Puts the old database aside as ".before-restore", complete with what its WAL holds.
Result<void> keepOld(const std::string& path);
Result<void> renameDurably(const std::string& from, const std::string& to);

} // namespace qd::storage
