#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/base/result.h"
#include "models/base/timestamp.h"
#include "services/storage/hashing.h"

namespace qd::storage {

/// What vouches for a base backup: written when the copy is whole, checked and on disk. The base has
/// everything that was committed before segment `number` begins.
struct BaseSeal {
    std::int64_t number = 0;
    std::int64_t line = 0;
    Timestamp time; ///< when it was taken
    std::int64_t event = 0;
    std::uint64_t bytes = 0;
    Hash hash{}; ///< of the file
};

std::string segmentPath(const std::string& folder, std::int64_t number);
std::string basePath(const std::string& folder, std::int64_t number);

Result<void> writeSeal(const std::string& folder, const BaseSeal& seal);
/// Fails with: NotFound, Corrupt.
Result<BaseSeal> readSeal(const std::string& folder, std::int64_t number);
Result<Hash> sha256OfFile(const std::string& path);

/// What lies in an archive's folder, by number.
struct ArchiveContents {
    std::vector<BaseSeal> bases;
    std::vector<std::int64_t> segments;
    std::vector<std::string> troubles; ///< bases without a good seal, named
};
/// An empty folder, or none, is an empty archive.
Result<ArchiveContents> listArchive(const std::string& folder);

/// What a stop in the middle left: half a base, a base without its seal.
void removeUnfinished(const std::string& folder);

/// How long the past is kept.
struct ArchiveRetention {
    Duration keepFor{};
    std::uint64_t keepBytes = 0;
};
struct ArchiveDropped {
    std::uint64_t bases = 0, segments = 0;
    std::uint64_t bytesKept = 0;
    Timestamp oldest; ///< the first point that can be restored
};
/// Drops the oldest base, and the segments up to the next one, as long as that next one is older than
/// `keepFor` or all together are larger than `keepBytes`. The newest base and what follows it stay.
Result<ArchiveDropped> dropOld(const std::string& folder, Timestamp now,
                               const ArchiveRetention& retention);

} // namespace qd::storage
