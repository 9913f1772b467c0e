#include "tests/support/faulty_disk.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <sqlite3.h>

#include "models/base/result.h"

namespace qd::test {

namespace {

constexpr sqlite3_int64 kSector = 512;

/// What a write replaced, so that it can be undone.
struct Unsynced {
    sqlite3_int64 offset = 0;
    std::string before; ///< the bytes that were there; shorter than the write if it grew the file
    sqlite3_int64 length = 0;
    sqlite3_int64 sizeBefore = 0;
    bool truncated = false; ///< not a write: the file was cut to `offset`, `before` was behind it
};

} // namespace

struct FaultyDisk::Core {
    sqlite3_vfs* real = nullptr;
    sqlite3_vfs shim{};
    bool syncsFail = false, isFull = false, readsFail = false, readsShort = false, lies = false;
    bool isDead = false;
    std::uint64_t diesIn = 0; ///< writes and syncs left to live; 0: no plan to die
    runtime::Random* deathRandom = nullptr;
    std::map<std::string, std::vector<Unsynced>> unsynced; ///< by path, oldest first
    int open = 0;
    Counts counts;

    /// Takes one write or sync off the time left. True: this is the one to die in.
    bool diesNow()
    {
        if (diesIn == 0 || --diesIn > 0) return false;
        isDead = true;
        return true;
    }
};

namespace {

FaultyDisk::Core* g_core = nullptr;

/// SQLite hands us room for this and, right behind it, the real file.
struct ShimFile {
    sqlite3_file base;
    std::string* path;
    bool isDurable; ///< the database or its WAL: what power cuts are about
    bool isWal;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

ShimFile& shimOf(sqlite3_file* file)
{
    return *reinterpret_cast<ShimFile*>(file);
}

sqlite3_int64 sizeOf(ShimFile& file)
{
    sqlite3_int64 size = 0;
    file.real()->pMethods->xFileSize(file.real(), &size);
    return size;
}

std::string bytesOf(ShimFile& file, sqlite3_int64 offset, sqlite3_int64 end)
{
    std::string bytes(static_cast<std::size_t>(std::max<sqlite3_int64>(end - offset, 0)), '\0');
    if (!bytes.empty())
        file.real()->pMethods->xRead(file.real(), bytes.data(), static_cast<int>(bytes.size()), offset);
    return bytes;
}

int closeFile(sqlite3_file* base)
{
    ShimFile& file = shimOf(base);
    const int code = file.real()->pMethods->xClose(file.real());
    delete file.path;
    --g_core->open;
    return code;
}

int readFile(sqlite3_file* base, void* to, int amount, sqlite3_int64 offset)
{
    ShimFile& file = shimOf(base);
    if (g_core->isDead) return SQLITE_IOERR_READ;
    if (g_core->readsFail) {
        ++g_core->counts.readsFailed;
        return SQLITE_IOERR_READ;
    }
    if (g_core->readsShort && file.isWal && amount > 1) {
        ++g_core->counts.readsFailed;
        std::memset(to, 0, static_cast<std::size_t>(amount));
        const int part = amount / 2;
        const int code = file.real()->pMethods->xRead(file.real(), to, part, offset);
        return code == SQLITE_OK ? SQLITE_IOERR_SHORT_READ : code;
    }
    return file.real()->pMethods->xRead(file.real(), to, amount, offset);
}

int writeFile(sqlite3_file* base, const void* from, int amount, sqlite3_int64 offset)
{
    ShimFile& file = shimOf(base);
    FaultyDisk::Core& core = *g_core;
    if (core.isDead) return SQLITE_IOERR_WRITE;
    const sqlite3_int64 size = file.isDurable || core.isFull ? sizeOf(file) : 0;
    if (core.isFull && offset + amount > size) {
        ++core.counts.writesRefused;
        return SQLITE_FULL;
    }
    ++core.counts.writes;
    const bool dies = core.diesNow();
    if (dies) amount = static_cast<int>(core.deathRandom->below(static_cast<std::uint64_t>(amount) + 1));
    if (file.isDurable && amount > 0) {
        const sqlite3_int64 end = std::min<sqlite3_int64>(offset + amount, size);
        core.unsynced[*file.path].push_back(
            {offset, bytesOf(file, offset, end), amount, size, /*truncated=*/false});
    }
    const int code = amount > 0 ? file.real()->pMethods->xWrite(file.real(), from, amount, offset)
                                : SQLITE_OK;
    return dies ? SQLITE_IOERR_WRITE : code;
}

int truncateFile(sqlite3_file* base, sqlite3_int64 size)
{
    ShimFile& file = shimOf(base);
    if (g_core->isDead || g_core->diesNow()) return SQLITE_IOERR_TRUNCATE;
    if (file.isDurable) {
        const sqlite3_int64 before = sizeOf(file);
        g_core->unsynced[*file.path].push_back(
            {size, bytesOf(file, size, before), 0, before, /*truncated=*/true});
    }
    return file.real()->pMethods->xTruncate(file.real(), size);
}

int syncFile(sqlite3_file* base, int /*flags*/)
{
    ShimFile& file = shimOf(base);
    FaultyDisk::Core& core = *g_core;
    if (core.isDead || core.diesNow()) return SQLITE_IOERR_FSYNC;
    if (core.syncsFail) {
        ++core.counts.syncsFailed;
        return SQLITE_IOERR_FSYNC;
    }
    ++core.counts.syncs;
    // The real file needs no fsync: this machine's power is not what is being cut.
    if (!core.lies) core.unsynced.erase(*file.path);
    return SQLITE_OK;
}

int fileSize(sqlite3_file* base, sqlite3_int64* size)
{
    ShimFile& file = shimOf(base);
    return file.real()->pMethods->xFileSize(file.real(), size);
}

int lockFile(sqlite3_file* base, int level)
{
    return shimOf(base).real()->pMethods->xLock(shimOf(base).real(), level);
}

int unlockFile(sqlite3_file* base, int level)
{
    return shimOf(base).real()->pMethods->xUnlock(shimOf(base).real(), level);
}

int checkReservedLock(sqlite3_file* base, int* out)
{
    return shimOf(base).real()->pMethods->xCheckReservedLock(shimOf(base).real(), out);
}

int fileControl(sqlite3_file* base, int what, void* argument)
{
    return shimOf(base).real()->pMethods->xFileControl(shimOf(base).real(), what, argument);
}

int sectorSize(sqlite3_file* base)
{
    return shimOf(base).real()->pMethods->xSectorSize(shimOf(base).real());
}

int deviceCharacteristics(sqlite3_file*)
{
    return 0; // nothing is promised: no atomic sectors, no safe appends
}

int shmMap(sqlite3_file* base, int page, int size, int extend, void volatile** out)
{
    return shimOf(base).real()->pMethods->xShmMap(shimOf(base).real(), page, size, extend, out);
}

int shmLock(sqlite3_file* base, int offset, int count, int flags)
{
    return shimOf(base).real()->pMethods->xShmLock(shimOf(base).real(), offset, count, flags);
}

void shmBarrier(sqlite3_file* base)
{
    shimOf(base).real()->pMethods->xShmBarrier(shimOf(base).real());
}

int shmUnmap(sqlite3_file* base, int deleteIt)
{
    // A dead process tidies nothing up.
    return shimOf(base).real()->pMethods->xShmUnmap(shimOf(base).real(),
                                                    g_core->isDead ? 0 : deleteIt);
}

const sqlite3_io_methods* methods()
{
    static const sqlite3_io_methods table = [] {
        sqlite3_io_methods made{};
        made.iVersion = 2; // without memory-mapped reads, which nobody could make fail
        made.xClose = closeFile;
        made.xRead = readFile;
        made.xWrite = writeFile;
        made.xTruncate = truncateFile;
        made.xSync = syncFile;
        made.xFileSize = fileSize;
        made.xLock = lockFile;
        made.xUnlock = unlockFile;
        made.xCheckReservedLock = checkReservedLock;
        made.xFileControl = fileControl;
        made.xSectorSize = sectorSize;
        made.xDeviceCharacteristics = deviceCharacteristics;
        made.xShmMap = shmMap;
        made.xShmLock = shmLock;
        made.xShmBarrier = shmBarrier;
        made.xShmUnmap = shmUnmap;
        return made;
    }();
    return &table;
}

int openFile(sqlite3_vfs*, const char* name, sqlite3_file* base, int flags, int* outFlags)
{
    ShimFile& file = shimOf(base);
    file.base.pMethods = nullptr;
    if (g_core->isDead) return SQLITE_CANTOPEN;
    const int code = g_core->real->xOpen(g_core->real, name, file.real(), flags, outFlags);
    if (code != SQLITE_OK) return code;
    file.path = new std::string(name ? name : "");
    file.isWal = (flags & SQLITE_OPEN_WAL) != 0;
    file.isDurable = name && (file.isWal || (flags & SQLITE_OPEN_MAIN_DB) != 0);
    file.base.pMethods = methods();
    ++g_core->open;
    return SQLITE_OK;
}

int deleteFile(sqlite3_vfs*, const char* name, int /*syncFolder*/)
{
    if (g_core->isDead) return SQLITE_IOERR_DELETE;
    g_core->unsynced.erase(name);
    return g_core->real->xDelete(g_core->real, name, /*syncDir=*/0);
}

/// What a power cut leaves of one closed file. Newest write first; a sector that keeps one write
/// keeps those before it too, since a disk never goes back to what it had overwritten.
class Aftermath {
public:
    Aftermath(int fd, runtime::Random& random) : m_fd(fd), m_random(random) {}

    /// True: the write is gone, at least in part.
    bool lose(const Unsynced& entry)
    {
        const auto luck = m_random.below(4); // kept, sector by sector, or gone
        if (entry.truncated) {
            if (luck == 0 || m_keptAny) return keepAll();
            putBack(entry.before, entry.offset);
            return true;
        }
        bool lost = false;
        const sqlite3_int64 end = entry.offset + entry.length;
        for (sqlite3_int64 at = entry.offset; at < end; at = (at / kSector + 1) * kSector) {
            const sqlite3_int64 sector = at / kSector;
            const bool keep = luck == 0 || (luck == 1 && m_random.below(2) == 0);
            if (keep || m_kept.contains(sector)) {
                m_kept.insert(sector);
                m_keptAny = true;
                continue;
            }
            putBack(bytesBefore(entry, at, std::min((sector + 1) * kSector, end)), at);
            lost = true;
        }
        return lost;
    }
    bool keptAny() const { return m_keptAny; }

private:
    bool keepAll()
    {
        m_keptAny = true;
        return false;
    }
    /// What was no part of the file before reads as zeros.
    static std::string bytesBefore(const Unsynced& entry, sqlite3_int64 from, sqlite3_int64 to)
    {
        std::string bytes(static_cast<std::size_t>(to - from), '\0');
        const auto start = static_cast<std::size_t>(from - entry.offset);
        if (start < entry.before.size()) {
            const std::string known = entry.before.substr(start, bytes.size());
            bytes.replace(0, known.size(), known);
        }
        return bytes;
    }
    void putBack(const std::string& bytes, sqlite3_int64 offset)
    {
        const ssize_t written = ::pwrite(m_fd, bytes.data(), bytes.size(), offset);
        QD_ASSERT(written == static_cast<ssize_t>(bytes.size()));
    }

    int m_fd;
    runtime::Random& m_random;
    std::set<sqlite3_int64> m_kept; ///< sectors
    bool m_keptAny = false;
};

} // namespace

FaultyDisk::FaultyDisk()
{
    QD_ASSERT(g_core == nullptr);
    g_core = new Core;
    g_core->real = sqlite3_vfs_find(nullptr);
    QD_ASSERT(g_core->real != nullptr);
    g_core->shim = *g_core->real;
    g_core->shim.zName = "faulty-disk";
    g_core->shim.szOsFile = static_cast<int>(sizeof(ShimFile)) + g_core->real->szOsFile;
    g_core->shim.xOpen = openFile;
    g_core->shim.xDelete = deleteFile;
    sqlite3_vfs_register(&g_core->shim, /*makeDflt=*/1);
}

FaultyDisk::~FaultyDisk()
{
    QD_ASSERT(g_core->open == 0);
    sqlite3_vfs_unregister(&g_core->shim);
    sqlite3_vfs_register(g_core->real, /*makeDflt=*/1);
    delete g_core;
    g_core = nullptr;
}

void FaultyDisk::failSyncs(bool failing) { g_core->syncsFail = failing; }
void FaultyDisk::fillUp(bool full) { g_core->isFull = full; }
void FaultyDisk::failReads(bool failing) { g_core->readsFail = failing; }
void FaultyDisk::shortenReads(bool shortening) { g_core->readsShort = shortening; }
void FaultyDisk::lieAboutSyncs(bool lying) { g_core->lies = lying; }

void FaultyDisk::dieAfter(std::uint64_t count, runtime::Random& random)
{
    QD_ASSERT(count > 0);
    g_core->diesIn = count;
    g_core->deathRandom = &random;
}

void FaultyDisk::die()
{
    g_core->isDead = true;
}

bool FaultyDisk::hasDied() const
{
    return g_core->isDead;
}

void FaultyDisk::cutPower(runtime::Random& random)
{
    QD_ASSERT(g_core->open == 0);
    for (const auto& [path, entries] : g_core->unsynced) {
        const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
        if (fd < 0) continue; // deleted since
        Aftermath aftermath(fd, random);
        for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
            g_core->counts.unsyncedLost += aftermath.lose(*entry);
        }
        if (!aftermath.keptAny()) QD_ASSERT(::ftruncate(fd, entries.front().sizeBefore) == 0);
        ::close(fd);
    }
    g_core->unsynced.clear();
}

void FaultyDisk::revive()
{
    g_core->isDead = false;
    g_core->diesIn = 0;
}

const FaultyDisk::Counts& FaultyDisk::counts() const
{
    return g_core->counts;
}

} // namespace qd::test
