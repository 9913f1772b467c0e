#include "services/storage/archive_bases.h"

#include <unistd.h>

#include <filesystem>

#include <fmt/format.h>

namespace qd::storage {

void Archive::Shared::copyBase(BaseSeal seal)
{
    const auto made = makeBase(seal);
    if (made) {
        {
            const std::lock_guard lock(figuresMutex);
            ++figures.basesTaken;
        }
        tell(fmt::format("base backup {} holds {} events in {} bytes and was checked", seal.number,
                         seal.event, seal.bytes));
        dropWhatIsOld();
    } else if (!isClosing) {
        {
            const std::lock_guard lock(figuresMutex);
            ++figures.failures;
        }
        tell("base backup not made", &made.error());
        // Tried again soon, not only when the next one is due; the old line goes on meanwhile.
        lastBase = (clock.now() - options.baseEvery + std::chrono::minutes(1)).nanos();
    }
    isBaseUnderWay = false;
}

Result<void> Archive::Shared::makeBase(BaseSeal& seal)
{
    const auto path = basePath(options.folder, seal.number);
    const auto partial = path + ".partial";
    removeWithCompanions(partial);
    std::unique_lock lock(sourceMutex);
    if (!source) return fail(ErrorKind::Unavailable, "storage.canceled", "the archive was closed");
    const auto allowed = options.fault ? options.fault("base-copy") : Result<void>();
    CopySteps steps;
    steps.goOn = [this](double) { return !isClosing; };
    steps.copied = [&] {
        source.reset();
        lock.unlock();
    };
    const auto count =
        allowed.and_then([&] { return copyPinned(*source, partial, steps); });
    if (lock.owns_lock()) {
        source.reset();
        lock.unlock();
    }
    Result<void> done = count ? Result<void>() : Result<void>(tl::unexpected(count.error()));
    if (done && *count != seal.event)
        done = fail(ErrorKind::Corrupt, "storage.corrupt",
                    fmt::format("expected {} events in the base backup, was {}", seal.event, *count));
    ::unlink((partial + "-lock").c_str());
    if (done && options.fault) done = options.fault("base-place");
    if (done) done = renameDurably(partial, path);
    if (done) {
        const auto hash = sha256OfFile(path);
        if (!hash) return tl::unexpected(hash.error());
        std::error_code unreadable;
        seal.hash = *hash;
        seal.bytes = std::filesystem::file_size(path, unreadable);
        if (options.fault) done = options.fault("base-seal");
    }
    if (done) done = writeSeal(options.folder, seal);
    if (!done && (!options.fault || options.fault("base-remove"))) removeWithCompanions(partial);
    return done;
}

void Archive::Shared::dropWhatIsOld()
{
    if (options.fault && !options.fault("archive-drop")) return;
    const auto dropped = dropOld(options.folder, clock.now(), {options.keepFor, options.keepBytes});
    if (!dropped) return tell("old base backups not dropped", &dropped.error());
    {
        const std::lock_guard lock(figuresMutex);
        figures.basesDropped += dropped->bases;
        figures.segmentsDropped += dropped->segments;
        figures.bytes = dropped->bytesKept;
        figures.oldest = dropped->oldest;
    }
    if (dropped->bases > 0)
        tell(fmt::format("dropped {} base backups and {} segments; what can be restored begins at {}",
                         dropped->bases, dropped->segments, dropped->oldest.toString()));
}

} // namespace qd::storage
