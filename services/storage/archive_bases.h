#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

#include "services/storage/archive.h"
#include "services/storage/archive_folder.h"

namespace qd::storage {

/// What the archive and the copying of a base, which may outlive it, know in common.
struct Archive::Shared {
    Shared(const runtime::Clock& theClock, ArchiveOptions theOptions)
        : clock(theClock), options(std::move(theOptions))
    {
    }
    void tell(std::string_view what, const Error* trouble = nullptr) const
    {
        if (options.told) options.told(what, trouble);
    }
    /// On `bases`: copies what `source` is pinned at, checks and seals it, drops what is too old.
    void copyBase(BaseSeal seal);
    void dropWhatIsOld();

    const runtime::Clock& clock;
    const ArchiveOptions options;
    std::atomic<bool> isClosing{false};
    std::atomic<bool> isBaseUnderWay{false};
    std::atomic<std::int64_t> lastBase{0};     ///< nanoseconds; when one was last begun
    std::atomic<std::uint64_t> bytesSince{0};  ///< in segments since then

    std::mutex sourceMutex; ///< held while `source` is being copied
    std::optional<Database> source;

    mutable std::mutex figuresMutex;
    ArchiveFigures figures; ///< under it

private:
    Result<void> makeBase(BaseSeal& seal);
};

} // namespace qd::storage
