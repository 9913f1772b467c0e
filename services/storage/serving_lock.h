#pragma once

#include <string>

#include "models/base/result.h"

namespace qd::storage {

/// The right to serve a database, which one process has at a time: what a second one remembered of it
/// would be wrong without its knowing. Held for life, also through kill -9: the kernel takes it back.
/// Readers, backups and tools beside it are not kept out; ExclusiveUse keeps out everybody.
class ServingLock {
public:
    /// Fails with: Conflict "storage.served", naming who serves it; Unavailable "storage.io".
    static Result<ServingLock> take(const std::string& databasePath);
    ServingLock(ServingLock&& other) noexcept;
    ServingLock& operator=(ServingLock&&) = delete;
    ~ServingLock();

private:
    explicit ServingLock(int fd) : m_fd(fd) {}
    int m_fd;
};

} // namespace qd::storage
