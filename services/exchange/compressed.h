#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/result.h"

namespace qd::exchange {

/// Limits against files made to exhaust memory.
inline constexpr std::size_t kMaxUnpackedBytes = 1024u * 1024 * 1024;
inline constexpr std::size_t kMaxZipEntries = 4096;

struct ZipEntry {
    std::string name;
    std::string bytes;
};

/// Every file of a zip archive (stored or deflated, not encrypted), checked against its CRC. Fails with: Corrupt "zip.…": not a zip, damaged, or larger unpacked than `limitBytes`.
Result<std::vector<ZipEntry>> readZip(std::string_view archive,
                                      std::size_t limitBytes = kMaxUnpackedBytes);

/// Fails with: Corrupt "gzip.damaged", "gzip.too_large".
Result<std::string> gunzip(std::string_view bytes, std::size_t limitBytes = kMaxUnpackedBytes);

} // namespace qd::exchange
