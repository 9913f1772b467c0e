#pragma once

#include <string>
#include <string_view>

#include "models/base/result.h"

namespace qd::storage {

enum class Checksum {
    None,
    Sha256, ///< a last line "sha256:<64 hex digits>" over all bytes before it
};

/// Replace a file so that a reader, and a machine that lost its power, sees the old bytes or the new
/// ones and nothing between: temporary file, fsync, rename, fsync of the folder. Mode 0600.
/// Errors: Unavailable "storage.io" (the old file is untouched).
Result<void> replaceFile(const std::string& path, std::string_view bytes,
                         Checksum checksum = Checksum::None);

/// The bytes that `replaceFile` wrote. NotFound "storage.no_file"; Corrupt "storage.torn_file" if the
/// checksum is missing or does not fit: a torn file is never read as good.
Result<std::string> readFile(const std::string& path, Checksum checksum = Checksum::None);

/// Make a rename or a new file in `path`'s folder last.
Result<void> syncFolderOf(const std::string& path);

/// Is there a file or a folder?
bool exists(const std::string& path);

} // namespace qd::storage
