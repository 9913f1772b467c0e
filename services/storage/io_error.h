#pragma once

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "models/base/result.h"

namespace qd::storage {

/// "storage.io": cannot `what` `path`, for the reason in errno. Unavailable.
inline tl::unexpected<Error> ioError(std::string_view what, const std::string& path)
{
    return fail(ErrorKind::Unavailable, "storage.io",
                fmt::format("cannot {} {}: {}", what, path, std::strerror(errno)));
}

} // namespace qd::storage
