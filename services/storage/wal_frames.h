#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "services/storage/archive_format.h"

namespace qd::storage {

/// One frame of the write-ahead log.
struct WalFrame {
    std::uint32_t page = 0;
    std::uint32_t commitPages = 0; ///< size of the database if a transaction ends here; else 0
    std::string_view image;
    WalPlace place; ///< behind it
};

/// Reads the frames of SQLite's write-ahead log beside a database, past SQLite. Frames that have been
/// committed do not change until the log begins again, which whoever reads must prevent.
/// File: a header of 32 bytes, then frames of a header of 24 bytes and a page, all big endian; each
/// frame carries the header's salts and a checksum that runs on from frame to frame.
class WalFrames {
public:
    explicit WalFrames(std::string databasePath);
    ~WalFrames();
    WalFrames(const WalFrames&) = delete;
    WalFrames& operator=(const WalFrames&) = delete;

    /// Looks at the header. False: there is no log, or nothing in it yet.
    Result<bool> open();
    /// Behind the header of the log that was opened: frame 0.
    const WalPlace& start() const { return m_start; }
    std::uint32_t pageBytes() const { return m_pageBytes; }
    /// Is `place` a place in this log, with the same frames before it?
    bool contains(const WalPlace& place);
    /// Behind frame `frame` of this log, as its header says. Corrupt "storage.wal_differs".
    Result<WalPlace> placeAt(std::uint32_t frame);

    /// Is frame `frame` of this log the last of a transaction?
    bool endsTransaction(std::uint32_t frame);

    using Visitor = std::function<Result<void>(const WalFrame&)>;
    /// The frames behind `from` up to and with number `last`, each checked. Corrupt
    /// "storage.wal_differs" if one of them does not fit.
    Result<void> read(const WalPlace& from, std::uint32_t last, const Visitor& visitor);

    /// The end of the last whole transaction behind `from`, which is `from` if there is none.
    struct End {
        WalPlace place;
        std::uint32_t pages = 0;
    };
    Result<End> findEnd(const WalPlace& from);

private:
    Result<std::string> headerOf(std::uint32_t frame);
    /// Checks and tells frames until `last`, or the first that does not fit.
    Result<WalPlace> walk(const WalPlace& from, std::uint32_t last, const Visitor& visitor);

    std::string m_path;
    int m_fd = -1;
    WalPlace m_start;
    std::uint32_t m_pageBytes = 0;
    bool m_isBigEndian = false; ///< how the words of the checksum are read
};

} // namespace qd::storage
