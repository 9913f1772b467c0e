#include "services/storage/archive.h"

#include <sys/stat.h>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "services/storage/archive_bases.h"
#include "services/storage/archive_folder.h"
#include "services/storage/atomic_file.h"
#include "services/storage/io_error.h"

namespace qd::storage {
namespace {

constexpr std::size_t kImagesMax = 512; ///< pages kept to compare with: 4 MiB
constexpr std::chrono::minutes kTryAgainAfter{1};

Result<ClosedFile> stateOf(const std::string& path)
{
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return ioError("look at", path);
    return ClosedFile{status.st_size,
                      std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec,
                      static_cast<std::int64_t>(status.st_ino)};
}

struct LastEvent {
    std::int64_t number = 0;
    Timestamp time;
};

Result<LastEvent> lastEventOf(Database& database)
{
    auto statement =
        database.prepare("SELECT sequence, time FROM events ORDER BY sequence DESC LIMIT 1");
    if (!statement) return tl::unexpected(statement.error());
    const auto row = statement->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return LastEvent{};
    return LastEvent{statement->integer(0), Timestamp::fromNanos(statement->integer(1))};
}

Result<std::uint32_t> pageBytesOf(Database& database)
{
    auto statement = database.prepare("PRAGMA page_size");
    if (!statement) return tl::unexpected(statement.error());
    const auto row = statement->step();
    if (!row) return tl::unexpected(row.error());
    return static_cast<std::uint32_t>(statement->integer(0));
}

Result<std::optional<Database>> pinned(const std::string& path)
{
    auto database = Database::openReadOnly(path);
    if (!database) return tl::unexpected(database.error());
    if (const auto held = pinMoment(*database); !held) return tl::unexpected(held.error());
    return std::optional<Database>(std::move(*database));
}

} // namespace

Archive::Archive(std::string databasePath, const runtime::Clock& clock, ArchiveOptions options,
                 ExclusiveUse use)
    : m_databasePath(std::move(databasePath)), m_clock(clock), m_options(std::move(options)),
      m_use(std::move(use)), m_shared(std::make_shared<Shared>(clock, m_options)),
      m_wal(m_databasePath)
{
}

Archive::~Archive()
{
    letGo();
}

Result<std::unique_ptr<Archive>> Archive::open(Database& writer, const runtime::Clock& clock,
                                               ArchiveOptions options)
{
    QD_ASSERT(options.bases != nullptr && options.lagMax > Duration::zero());
    std::error_code error;
    std::filesystem::create_directories(options.folder, error);
    if (error) {
        return fail(ErrorKind::Unavailable, "storage.io",
                    "cannot make " + options.folder + ": " + error.message());
    }
    std::filesystem::permissions(options.folder, std::filesystem::perms::owner_all, error);
    auto use = ExclusiveUse::take(options.folder + "/archive");
    if (!use) return tl::unexpected(use.error());
    std::unique_ptr<Archive> archive(
        new Archive(writer.path(), clock, std::move(options), std::move(*use)));
    removeUnfinished(archive->m_options.folder);
    if (const auto begun = archive->begin(writer); !begun) archive->giveUp(begun.error());
    return archive;
}

Result<SegmentEnd> Archive::lastSegment(std::int64_t number)
{
    const auto path = segmentPath(m_options.folder, number);
    auto last = readSegment(path, {});
    if (!last || last->tornBytes == 0) return last;
    m_shared->tell(fmt::format("{} ends in {} bytes that were never acknowledged: cut off", path,
                               last->tornBytes));
    if (::truncate(path.c_str(), static_cast<off_t>(last->bytes)) != 0) return ioError("cut", path);
    return last;
}

std::optional<WalPlace> Archive::placeToGoOn(const SegmentEnd& last, bool hasLog)
{
    if (hasLog && m_wal.contains(last.last.place)) return last.last.place;
    // SQLite begins a log again with the next salt; the writer had let it only after all of it.
    const bool isNextLog = hasLog && last.mayBeginAgain &&
                           m_wal.start().salt1 == last.last.place.salt1 + 1;
    const auto now = stateOf(m_databasePath);
    const bool isUntouched = last.closed && now && *now == *last.closed;
    if (!isNextLog && !isUntouched) return {};
    return hasLog ? m_wal.start() : WalPlace{};
}

/// Where the archive's last segment ends, and what that means for the log of now.
Result<std::optional<WalPlace>> Archive::findPlace(std::uint32_t pageBytes, bool hasLog)
{
    const auto contents = listArchive(m_options.folder);
    if (!contents) return tl::unexpected(contents.error());
    for (const auto& trouble : contents->troubles) {
        const Error damaged{ErrorKind::Corrupt, "storage.archive_damaged", trouble, {}};
        m_shared->tell("a base backup cannot be used", &damaged);
    }
    if (contents->segments.empty()) return std::optional<WalPlace>();
    m_number = contents->segments.back();
    m_line = m_number; // no line has a number above that of its segments
    const auto last = lastSegment(m_number);
    if (!last) {
        m_shared->tell("the archive cannot go on from its last segment", &last.error());
        return std::optional<WalPlace>();
    }
    m_line = last->head.line;
    m_last = last->last;
    m_lastNoted = m_last.time;
    m_previous = last->hash;
    m_wasClosed = last->closed.has_value();
    for (const auto& base : contents->bases)
        if (base.line == m_line) m_baseTime = base.time;
    if (last->head.pageBytes != pageBytes) return std::optional<WalPlace>();
    return placeToGoOn(*last, hasLog);
}

Result<void> Archive::begin(Database& writer)
{
    const auto event = lastEventOf(writer);
    if (!event) return tl::unexpected(event.error());
    const auto pageBytes = pageBytesOf(writer);
    if (!pageBytes) return tl::unexpected(pageBytes.error());
    holdLog();
    if (!m_pin) return fail(ErrorKind::Unavailable, "storage.io", "the database cannot be pinned");
    const auto hasLog = m_wal.open();
    if (!hasLog) return tl::unexpected(hasLog.error());
    m_shared->dropWhatIsOld();
    const auto place = findPlace(*pageBytes, *hasLog);
    if (!place) return tl::unexpected(place.error());
    if (*place) return goOn(**place, event->number, m_wasClosed ? m_clock.now() : event->time);
    if (m_number > 0)
        m_shared->tell("the database is not as the archive knows it: a new line begins");
    if (!*hasLog) return beginLine({}, event->number);
    const auto end = m_wal.findEnd(m_wal.start());
    if (!end) return tl::unexpected(end.error());
    return beginLine(end->place, event->number);
}

Result<void> Archive::goOn(const WalPlace& place, std::int64_t event, Timestamp time)
{
    m_last.place = place;
    m_shared->lastBase = m_baseTime.nanos();
    const auto gone =
        beginSegment(/*goesOn=*/true).and_then([&] { return archiveCrashRest(event, time); });
    const bool isDue = !m_baseTime.isSet() || m_clock.now() - m_baseTime >= m_options.baseEvery;
    if (!gone || !isDue) return gone;
    return beginSegment(/*goesOn=*/true).map([this] { startBase(); });
}

Result<void> Archive::beginLine(const WalPlace& place, std::int64_t event)
{
    m_last = {place, 0, std::max(m_clock.now(), m_lastNoted), event};
    return beginSegment(/*goesOn=*/false).map([this] { startBase(); });
}

Result<void> Archive::archiveCrashRest(std::int64_t event, Timestamp time)
{
    const auto hasLog = m_wal.open();
    if (!hasLog) return tl::unexpected(hasLog.error());
    if (!*hasLog) return {};
    const auto end = m_wal.findEnd(m_last.place);
    if (!end) return tl::unexpected(end.error());
    if (end->place == m_last.place) return {};
    // Behind all that is known, however early its events are dated.
    const Noted rest{end->place.frame, std::max(time, m_last.time + Duration(1)), event};
    return archiveTo(rest).and_then([this] { return m_segment->sync(); }).map([this] { publish(); });
}

Result<void> Archive::beginSegment(bool goesOn)
{
    const auto pageBytes = m_pin ? pageBytesOf(*m_pin)
                                 : Result<std::uint32_t>(fail(ErrorKind::Unavailable, "storage.io",
                                                              "the database cannot be pinned"));
    if (!pageBytes) return tl::unexpected(pageBytes.error());
    SegmentHead head;
    head.number = m_number + 1;
    head.line = goesOn ? m_line : m_line + 1;
    head.pageBytes = *pageBytes;
    head.start = m_last;
    head.start.time = std::max(m_clock.now(), m_last.time);
    if (goesOn) head.previous = m_segment ? m_segment->hash() : m_previous;
    auto made = SegmentWriter::create(segmentPath(m_options.folder, head.number), head,
                                      m_options.fault);
    if (!made) return tl::unexpected(made.error());
    if (!goesOn) {
        m_images.clear();
        m_pending.clear();
        const std::lock_guard lock(m_notedMutex);
        m_noted.clear();
    }
    m_segment = std::move(*made);
    m_number = head.number;
    m_line = head.line;
    m_shared->bytesSince += m_segment->bytes();
    m_isKept = true;
    publish();
    return {};
}

bool Archive::noteCommit(int frame, std::int64_t event)
{
    if (!m_isKept) return m_clock.now().nanos() >= m_tryAgainAt;
    if (frame == 0) return false; // nothing has been changed since the start
    Timestamp now;
    {
        const std::lock_guard lock(m_notedMutex);
        m_lastNoted = now = std::max(m_clock.now(), m_lastNoted);
        m_noted.push_back({static_cast<std::uint32_t>(frame), now, event});
    }
    if (m_shared->isBaseUnderWay) return false;
    return now - Timestamp::fromNanos(m_shared->lastBase) >= m_options.baseEvery ||
           m_shared->bytesSince > m_options.keepBytes / 4;
}

Result<void> Archive::patch(const WalFrame& frame)
{
    const auto known = m_images.find(frame.page);
    const auto written = m_segment->patch(
        frame.page, known == m_images.end() ? std::string_view() : known->second, frame.image);
    if (!written) return written;
    if (known != m_images.end()) {
        known->second.assign(frame.image);
        return {};
    }
    if (m_images.size() >= kImagesMax) m_images.clear();
    m_images.emplace(frame.page, frame.image);
    return {};
}

Result<void> Archive::archiveTo(const Noted& noted)
{
    if (noted.frame == m_last.place.frame) return {}; // it changed nothing
    ArchivedCommit commit{{}, 0, noted.time, noted.event};
    const auto read = m_wal.read(m_last.place, noted.frame, [&](const WalFrame& frame) {
        commit.place = frame.place;
        commit.pages = frame.commitPages;
        return patch(frame);
    });
    if (!read) return read;
    if (commit.pages == 0) {
        return fail(ErrorKind::Corrupt, "storage.wal_differs",
                    fmt::format("{}-wal: no transaction ends at frame {}", m_databasePath, noted.frame));
    }
    m_last = commit;
    return m_segment->commit(commit);
}

Result<void> Archive::archiveNoted()
{
    {
        const std::lock_guard lock(m_notedMutex);
        m_pending.insert(m_pending.end(), m_noted.begin(), m_noted.end());
        m_noted.clear();
    }
    if (m_pending.empty()) return {};
    const auto hasLog = m_wal.open();
    if (!hasLog) return tl::unexpected(hasLog.error());
    const ArchivedCommit before = m_last;
    auto noted = m_pending.begin();
    if (!m_last.place.isSameLog(m_wal.start())) {
        // Transactions that changed nothing before the log began again left its old length.
        while (noted != m_pending.end() && noted->frame == m_last.place.frame &&
               !m_wal.endsTransaction(noted->frame))
            ++noted;
        if (noted != m_pending.end()) m_last.place = m_wal.start();
    }
    const std::uint64_t bytes = m_segment->bytes();
    Result<void> done;
    for (; done && noted != m_pending.end(); ++noted) done = archiveTo(*noted);
    if (done) done = m_segment->sync();
    if (!done) {
        m_last = before;
        m_images.clear();
        return done;
    }
    m_pending.clear();
    m_shared->bytesSince += m_segment->bytes() - bytes;
    {
        const std::lock_guard lock(m_shared->figuresMutex);
        m_shared->figures.bytes += m_segment->bytes() - bytes;
    }
    publish();
    return {};
}

void Archive::failed(const Error& error)
{
    {
        const std::lock_guard lock(m_shared->figuresMutex);
        ++m_shared->figures.failures;
    }
    m_shared->tell("the archive could not be written; tried again", &error);
    const auto undone = m_segment->undo();
    // What does not fit will not fit the next time.
    if (!undone || error.kind == ErrorKind::Corrupt) giveUp(undone ? error : undone.error());
}

void Archive::advance()
{
    if (!m_segment) return;
    if (const auto archived = archiveNoted(); !archived) return failed(archived.error());
    if (m_segment->bytes() > m_options.segmentBytes) {
        if (const auto begun = beginSegment(/*goesOn=*/true); !begun) failed(begun.error());
    }
    // Behind the pin nothing may be unarchived: were the log copied that far, it could begin again
    // in the moment in which nothing is held.
    const bool isAllArchived = m_last.place.frame >= static_cast<std::uint32_t>(m_copiedFrames);
    if (m_segment && isAllArchived) holdLog();
}

void Archive::logCopied(int frames)
{
    if (std::exchange(m_isPinNew, false)) m_copiedFrames = frames;
}

bool Archive::letLogBegin()
{
    if (!m_segment) return true;
    const auto done =
        archiveNoted().and_then([this] { return m_segment->mayBeginAgain(); }).and_then([this] {
            return m_segment->sync();
        });
    if (!done) {
        failed(done.error());
        return !m_segment;
    }
    m_pin.reset();
    return true;
}

void Archive::holdLog()
{
    if (m_pin) m_pin->rollback();
    const auto held = m_pin ? pinMoment(*m_pin) : Result<void>();
    if (m_pin && !held) m_pin.reset();
    if (!m_pin) {
        auto database = pinned(m_databasePath);
        if (!database) return giveUp(database.error());
        m_pin = std::move(*database);
    }
    m_copiedFrames = 0;
    m_isPinNew = true;
}

void Archive::giveUp(const Error& why)
{
    m_isKept = false;
    m_tryAgainAt = (m_clock.now() + kTryAgainAfter).nanos();
    if (m_segment) static_cast<void>(m_segment->undo());
    m_segment.reset();
    m_pin.reset();
    m_pending.clear();
    m_images.clear();
    {
        const std::lock_guard lock(m_notedMutex);
        m_noted.clear();
    }
    {
        const std::lock_guard lock(m_shared->figuresMutex);
        m_shared->figures.isKept = false;
        ++m_shared->figures.brokenOff;
    }
    m_shared->tell("the archive breaks off here and begins anew with a base backup in a minute", &why);
}

void Archive::takeBase(int frame, std::int64_t event)
{
    if (m_shared->isBaseUnderWay) return;
    const bool goesOn = m_segment.has_value();
    if (goesOn) {
        advance();
        if (!m_segment || !m_pending.empty()) return;
        const auto begun = beginSegment(/*goesOn=*/true);
        return begun ? startBase() : failed(begun.error());
    }
    holdLog();
    if (!m_pin) return;
    const auto hasLog = m_wal.open();
    const auto place = !hasLog    ? Result<WalPlace>(tl::unexpected(hasLog.error()))
                       : !*hasLog ? Result<WalPlace>(WalPlace{})
                                  : m_wal.placeAt(static_cast<std::uint32_t>(frame));
    if (!place) return giveUp(place.error());
    if (const auto begun = beginLine(*place, event); !begun) giveUp(begun.error());
}

void Archive::startBase()
{
    auto source = pinned(m_databasePath);
    if (!source) return giveUp(source.error());
    const Timestamp now = std::max(m_clock.now(), m_last.time);
    m_shared->lastBase = now.nanos();
    m_shared->bytesSince = 0;
    m_shared->isBaseUnderWay = true;
    {
        const std::lock_guard lock(m_shared->sourceMutex);
        m_shared->source = std::move(*source);
    }
    const BaseSeal seal{m_number, m_line, now, m_last.event, 0, {}};
    m_options.bases->post([shared = m_shared, seal] { shared->copyBase(seal); });
}

void Archive::letGo()
{
    if (m_segment) {
        if (const auto archived = archiveNoted(); !archived) failed(archived.error());
    }
    m_pin.reset();
    m_shared->isClosing = true;
    const std::lock_guard lock(m_shared->sourceMutex);
    m_shared->source.reset();
}

void Archive::databaseClosed()
{
    if (!m_segment || !m_pending.empty()) return;
    const auto state = stateOf(m_databasePath);
    const auto noted = state ? m_segment->closed(*state).and_then([this] { return m_segment->sync(); })
                             : Result<void>(tl::unexpected(state.error()));
    // Without it the next start begins a new line.
    if (!noted) m_shared->tell("the end of the archive was not written", &noted.error());
    m_segment.reset();
}

void Archive::publish()
{
    const std::lock_guard lock(m_shared->figuresMutex);
    m_shared->figures.isKept = m_segment.has_value();
    m_shared->figures.event = m_last.event;
    m_shared->figures.reached = m_last.time;
}

ArchiveFigures Archive::figures() const
{
    ArchiveFigures figures;
    {
        const std::lock_guard lock(m_shared->figuresMutex);
        figures = m_shared->figures;
    }
    const std::lock_guard lock(m_notedMutex);
    figures.waiting = m_noted.size();
    return figures;
}

} // namespace qd::storage
