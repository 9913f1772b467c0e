#include "services/storage/archive_format.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "services/storage/archive_bytes.h"
#include "services/storage/atomic_file.h"
#include "services/storage/io_error.h"

namespace qd::storage {
namespace {

constexpr std::size_t kRecordBytes = 1 << 20; ///< a body is written once it is as long as this
constexpr std::size_t kDiffBlock = 64;
constexpr std::size_t kLengthBytes = 8;

Hash recordHash(const Hash& before, std::string_view body)
{
    constexpr std::string_view kDomain = "qd.archive.v1";
    std::string bytes;
    bytes.reserve(kDomain.size() + before.size() + body.size());
    bytes += kDomain;
    bytes += asBytes(before);
    bytes += body;
    return sha256(bytes);
}

void addCommit(std::string& out, const ArchivedCommit& commit)
{
    for (const auto value : {commit.place.salt1, commit.place.salt2, commit.place.frame,
                             commit.place.check1, commit.place.check2, commit.pages})
        putNumber(out, value);
    putNumber(out, commit.time.nanos());
    putNumber(out, commit.event);
}

bool takeCommit(ByteReader& in, ArchivedCommit& commit)
{
    std::int64_t nanos = 0;
    const bool whole = in.take(commit.place.salt1) && in.take(commit.place.salt2) &&
                       in.take(commit.place.frame) && in.take(commit.place.check1) &&
                       in.take(commit.place.check2) && in.take(commit.pages) && in.take(nanos) &&
                       in.take(commit.event);
    commit.time = Timestamp::fromNanos(nanos);
    return whole;
}

bool takeHead(ByteReader& in, SegmentHead& head)
{
    std::string_view previous;
    const bool whole = in.take(head.number) && in.take(head.line) && in.take(head.pageBytes) &&
                       takeCommit(in, head.start) && in.take(previous, head.previous.size());
    if (whole) std::memcpy(head.previous.data(), previous.data(), previous.size());
    return whole;
}

/// The next range of blocks that differ, from `from` on; empty at the end.
std::pair<std::size_t, std::size_t> nextDifference(std::string_view before, std::string_view after,
                                                   std::size_t from)
{
    const auto differs = [&](std::size_t at) {
        return before.substr(at, kDiffBlock) != after.substr(at, kDiffBlock);
    };
    while (from < after.size() && !differs(from)) from += kDiffBlock;
    std::size_t end = from;
    while (end < after.size() && differs(end)) end += kDiffBlock;
    return {std::min(from, after.size()), std::min(end, after.size())};
}

bool writeAt(int fd, std::string_view bytes, std::uint64_t at)
{
    while (!bytes.empty()) {
        const ssize_t count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(count));
        at += static_cast<std::uint64_t>(count);
    }
    return true;
}

Result<void> reachStep(const SegmentWriter::Fault& fault, std::string_view step)
{
    return fault ? fault(step) : Result<void>();
}

} // namespace

SegmentWriter::SegmentWriter(int fd, std::string path, Fault fault)
    : m_fd(fd), m_path(std::move(path)), m_fault(std::move(fault))
{
}

SegmentWriter::SegmentWriter(SegmentWriter&& other) noexcept
    : m_fd(std::exchange(other.m_fd, -1)), m_path(std::move(other.m_path)),
      m_fault(std::move(other.m_fault)), m_body(std::move(other.m_body)),
      m_written(other.m_written), m_synced(other.m_synced), m_hash(other.m_hash),
      m_syncedHash(other.m_syncedHash), m_isLost(other.m_isLost)
{
}

SegmentWriter& SegmentWriter::operator=(SegmentWriter&& other) noexcept
{
    std::swap(m_fd, other.m_fd); // its end closes ours
    m_path = std::move(other.m_path);
    m_fault = std::move(other.m_fault);
    m_body = std::move(other.m_body);
    m_written = other.m_written;
    m_synced = other.m_synced;
    m_hash = other.m_hash;
    m_syncedHash = other.m_syncedHash;
    m_isLost = other.m_isLost;
    return *this;
}

SegmentWriter::~SegmentWriter()
{
    if (m_fd >= 0) ::close(m_fd);
}

Result<SegmentWriter> SegmentWriter::create(const std::string& path, const SegmentHead& head,
                                            Fault fault)
{
    if (const auto allowed = reachStep(fault, "archive-create"); !allowed)
        return tl::unexpected(allowed.error());
    const std::string partial = path + ".partial";
    const int fd = ::open(partial.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return ioError("create", partial);
    SegmentWriter writer(fd, path, std::move(fault));
    writer.m_hash = head.previous;
    writer.m_body = "H";
    putNumber(writer.m_body, head.number);
    putNumber(writer.m_body, head.line);
    putNumber(writer.m_body, head.pageBytes);
    addCommit(writer.m_body, head.start);
    writer.m_body += asBytes(head.previous);
    auto made = writer.writeRecord()
                    .and_then([&] { return writer.sync(); })
                    .and_then([&] { return reachStep(writer.m_fault, "archive-place"); });
    if (made && std::rename(partial.c_str(), path.c_str()) != 0) made = ioError("rename to", path);
    if (made) made = syncFolderOf(path);
    if (!made) return tl::unexpected(made.error());
    return writer;
}

Result<void> SegmentWriter::patch(std::uint32_t page, std::string_view before,
                                  std::string_view after)
{
    m_body += 'P';
    putNumber(m_body, page);
    const std::size_t countAt = m_body.size();
    putNumber(m_body, std::uint32_t{0});
    std::uint32_t count = 0;
    const auto add = [&](std::size_t from, std::size_t end) {
        putNumber(m_body, static_cast<std::uint32_t>(from));
        putNumber(m_body, static_cast<std::uint32_t>(end - from));
        m_body += after.substr(from, end - from);
        ++count;
    };
    if (before.size() != after.size()) {
        add(0, after.size());
    } else {
        for (auto range = nextDifference(before, after, 0); range.first < range.second;
             range = nextDifference(before, after, range.second))
            add(range.first, range.second);
    }
    std::string number;
    putNumber(number, count);
    m_body.replace(countAt, number.size(), number);
    return writeWhenLarge();
}

Result<void> SegmentWriter::commit(const ArchivedCommit& commit)
{
    m_body += 'C';
    addCommit(m_body, commit);
    return writeWhenLarge();
}

Result<void> SegmentWriter::mayBeginAgain()
{
    m_body += 'R';
    return {};
}

Result<void> SegmentWriter::closed(const ClosedFile& file)
{
    m_body += 'Z';
    putNumber(m_body, file.bytes);
    putNumber(m_body, file.modifiedNanos);
    putNumber(m_body, file.node);
    return {};
}

Result<void> SegmentWriter::writeWhenLarge()
{
    return m_body.size() >= kRecordBytes ? writeRecord() : Result<void>();
}

Result<void> SegmentWriter::writeRecord()
{
    if (m_body.empty()) return {};
    const Hash hash = recordHash(m_hash, m_body);
    const auto size = static_cast<std::uint32_t>(m_body.size());
    std::string length;
    putNumber(length, size);
    putNumber(length, ~size);
    m_body.insert(0, length);
    m_body += asBytes(hash);
    if (const auto allowed = reachStep(m_fault, "archive-write"); !allowed) return allowed;
    if (!writeAt(m_fd, m_body, m_written)) return ioError("write", m_path);
    m_written += m_body.size();
    m_hash = hash;
    m_body.clear();
    return {};
}

Result<void> SegmentWriter::sync()
{
    if (const auto written = writeRecord(); !written) return written;
    Result<void> synced = reachStep(m_fault, "archive-sync");
    if (synced && ::fdatasync(m_fd) != 0) synced = ioError("sync", m_path);
    if (!synced) {
        m_isLost = true;
        return synced;
    }
    m_synced = m_written;
    m_syncedHash = m_hash;
    return {};
}

Result<void> SegmentWriter::undo()
{
    m_body.clear();
    // After a failed sync nobody knows which of its bytes the disk has.
    if (m_isLost) return fail(ErrorKind::Unavailable, "storage.io", m_path + " could not be synced");
    if (::ftruncate(m_fd, static_cast<off_t>(m_synced)) != 0) return ioError("cut", m_path);
    m_written = m_synced;
    m_hash = m_syncedHash;
    return {};
}

namespace {

/// Reads records of a segment one by one.
class SegmentReader {
public:
    SegmentReader(const std::string& path, const SegmentVisitor& visitor)
        : m_path(path), m_visitor(visitor), m_fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC))
    {
    }
    SegmentReader(const SegmentReader&) = delete;
    SegmentReader& operator=(const SegmentReader&) = delete;
    ~SegmentReader()
    {
        if (m_fd >= 0) ::close(m_fd);
    }

    Result<SegmentEnd> read(bool onlyHead)
    {
        if (m_fd < 0) return ioError("open", m_path);
        if (const auto head = readHead(); !head) return tl::unexpected(head.error());
        while (!onlyHead && !m_end.wasStopped) {
            const auto more = nextRecord();
            if (!more) return tl::unexpected(more.error());
            if (!*more) break;
            if (const auto told = tellEntries(); !told) return tl::unexpected(told.error());
        }
        if (m_end.wasStopped || onlyHead) return m_end;
        m_counted.tornBytes = fileBytes() - m_counted.bytes;
        return m_counted;
    }

private:
    tl::unexpected<Error> damaged(std::string_view what) const
    {
        const auto reached = m_end.last.time.isSet()
                                 ? fmt::format("; what is before it reaches {} (event {})",
                                               m_end.last.time.toString(9), m_end.last.event)
                                 : std::string();
        return fail(ErrorKind::Corrupt, "storage.archive_damaged",
                    fmt::format("{} is damaged at byte {}: {}{}", m_path, m_at, what, reached));
    }

    std::uint64_t fileBytes() const
    {
        const off_t end = ::lseek(m_fd, 0, SEEK_END);
        return end < 0 ? 0 : static_cast<std::uint64_t>(end);
    }

    Result<bool> readBytes(std::uint64_t at, std::size_t count, std::string& out)
    {
        out.resize(count);
        std::size_t done = 0;
        while (done < count) {
            const ssize_t got =
                ::pread(m_fd, out.data() + done, count - done, static_cast<off_t>(at + done));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return ioError("read", m_path);
            if (got == 0) return false;
            done += static_cast<std::size_t>(got);
        }
        return true;
    }

    /// Loads and checks the body at `m_at`; false at the end of the file, or of the part that counts.
    Result<bool> nextRecord()
    {
        std::string length;
        const auto begun = readBytes(m_at, kLengthBytes, length);
        if (!begun || !*begun) return begun;
        std::uint32_t size = 0, inverse = 0;
        ByteReader in(length);
        in.take(size);
        in.take(inverse);
        if (size != ~inverse) return isZeroFrom(m_at) ? Result<bool>(false) : damaged("a length is no length");
        m_next = m_at + kLengthBytes + size + m_hash.size();
        if (m_next > fileBytes()) return false;
        std::string bytes;
        const auto whole = readBytes(m_at + kLengthBytes, size + m_hash.size(), bytes);
        if (!whole || !*whole) return whole;
        m_body = bytes.substr(0, size);
        const Hash before = isFirst() ? previousOf(m_body) : m_hash;
        const Hash hash = recordHash(before, m_body);
        if (std::string_view(bytes).substr(size) != asBytes(hash))
            return damaged("its checksum does not fit");
        m_hash = hash;
        return true;
    }

    /// A file can have grown and not have got its bytes when the power went.
    bool isZeroFrom(std::uint64_t at)
    {
        std::string bytes;
        const std::uint64_t rest = fileBytes() - at;
        if (rest > 2 * kRecordBytes || !readBytes(at, rest, bytes).value_or(false)) return false;
        return bytes.find_first_not_of('\0') == std::string::npos;
    }

    bool isFirst() const { return m_at == 0; }
    static Hash previousOf(const std::string& body)
    {
        Hash previous{};
        if (body.size() >= previous.size())
            std::memcpy(previous.data(), body.data() + body.size() - previous.size(),
                        previous.size());
        return previous;
    }

    Result<void> readHead()
    {
        const auto there = nextRecord();
        if (!there) return tl::unexpected(there.error());
        ByteReader in(m_body);
        char letter = 0;
        if (!*there || !in.take(letter) || letter != 'H' || !takeHead(in, m_end.head) || !in.isAtEnd())
            return damaged("it does not begin as a segment does");
        m_end.last = m_end.head.start;
        count();
        return {};
    }

    /// Everything up to here counts.
    void count()
    {
        m_at = m_next;
        m_end.bytes = m_next;
        m_end.hash = m_hash;
        m_counted = m_end;
    }

    Result<void> tellEntries()
    {
        ByteReader in(m_body);
        bool endsWhole = true;
        while (!in.isAtEnd() && !m_end.wasStopped) {
            char letter = 0;
            in.take(letter);
            const auto told = tellEntry(letter, in);
            if (!told) return told;
            endsWhole = letter != 'P';
        }
        m_at = m_next;
        if (endsWhole) count();
        return {};
    }

    Result<void> tellEntry(char letter, ByteReader& in)
    {
        ArchivedCommit commit;
        ClosedFile file;
        switch (letter) {
        case 'P': return tellPatch(in);
        case 'C':
            if (!takeCommit(in, commit)) break;
            return tellCommit(commit);
        case 'R': m_end.mayBeginAgain = true; return {};
        case 'Z':
            if (!in.take(file.bytes) || !in.take(file.modifiedNanos) || !in.take(file.node)) break;
            m_end.closed = file;
            return {};
        default: break;
        }
        return damaged(fmt::format("an entry '{}' is not known or not whole", letter));
    }

    Result<void> tellPatch(ByteReader& in)
    {
        std::uint32_t page = 0, count = 0;
        if (!in.take(page) || !in.take(count) || page == 0) return damaged("a patch is not whole");
        for (; count > 0; --count) {
            std::uint32_t offset = 0, length = 0;
            std::string_view bytes;
            const bool fits = in.take(offset) && in.take(length) && in.take(bytes, length) &&
                              offset <= m_end.head.pageBytes &&
                              length <= m_end.head.pageBytes - offset;
            if (!fits) return damaged("a patch is not whole");
            if (!m_visitor.patch) continue;
            if (const auto done = m_visitor.patch(page, offset, bytes); !done) return done;
        }
        return {};
    }

    Result<void> tellCommit(const ArchivedCommit& commit)
    {
        if (m_visitor.commit) {
            const auto goesOn = m_visitor.commit(commit);
            if (!goesOn) return tl::unexpected(goesOn.error());
            m_end.wasStopped = !*goesOn;
            if (m_end.wasStopped) return {};
        }
        m_end.last = commit;
        m_end.mayBeginAgain = false;
        m_end.closed.reset();
        ++m_end.commits;
        return {};
    }

    const std::string& m_path;
    const SegmentVisitor& m_visitor;
    int m_fd;
    std::uint64_t m_at = 0, m_next = 0;
    std::string m_body;
    Hash m_hash{};
    SegmentEnd m_end, m_counted; ///< `m_end` may stand within a transaction
};

} // namespace

Result<SegmentEnd> readSegment(const std::string& path, const SegmentVisitor& visitor)
{
    return SegmentReader(path, visitor).read(/*onlyHead=*/false);
}

Result<SegmentHead> readSegmentHead(const std::string& path)
{
    return SegmentReader(path, {}).read(/*onlyHead=*/true).map([](const SegmentEnd& end) {
        return end.head;
    });
}

} // namespace qd::storage
