#include "services/storage/archive_restore.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "services/storage/archive_folder.h"
#include "services/storage/archive_format.h"
#include "services/storage/atomic_file.h"
#include "services/storage/page_file.h"
#include "services/storage/placing.h"
#include "services/storage/wal_frames.h"

namespace qd::storage {
namespace {

/// What is to be replayed on a base, found by reading and checking all of it first.
struct Plan {
    struct Step {
        std::string path;
        std::int64_t commits;
    };
    BaseSeal base;
    std::vector<Step> steps;
    std::uint32_t pageBytes = 0;
    ArchivedCommit last;
    std::int64_t transactions = 0;
    bool isAtEnd = false; ///< the point lies past all that the newest line has
    bool mayBeginAgain = false; ///< at the end
};

std::string textOf(const ArchivePoint& point)
{
    return point.time ? point.time->toString(9) : fmt::format("event {}", point.event.value_or(0));
}

bool isBehind(const ArchivePoint& point, Timestamp time, std::int64_t event)
{
    return point.time ? time > *point.time : event > point.event.value_or(0);
}

tl::unexpected<Error> damagedArchive(std::string detail)
{
    return fail(ErrorKind::Corrupt, "storage.archive_damaged", std::move(detail));
}

/// The last event of a database that nobody uses, or of one being put together.
Result<std::pair<std::int64_t, Timestamp>> lastEventIn(const std::string& path)
{
    auto database = Database::openReadOnly(path);
    if (!database) return tl::unexpected(database.error());
    auto asked = database->prepare("SELECT sequence, time FROM events ORDER BY sequence DESC LIMIT 1");
    if (!asked) return tl::unexpected(asked.error());
    const auto row = asked->step();
    if (!row) return tl::unexpected(row.error());
    if (!*row) return std::pair{std::int64_t{0}, Timestamp()};
    return std::pair{asked->integer(0), Timestamp::fromNanos(asked->integer(1))};
}

class Restoring {
public:
    Restoring(const std::string& folder, const ArchivePoint& point, const std::string& target)
        : m_folder(folder), m_point(point), m_target(target), m_fresh(target + ".restoring")
    {
    }

    /// Makes `fresh`, the database at the point, checked.
    Result<RestoreReport> make()
    {
        const auto contents = listArchive(m_folder);
        if (!contents) return tl::unexpected(contents.error());
        m_contents = *contents;
        auto plan = chooseBase();
        if (!plan) return tl::unexpected(plan.error());
        m_report.base = plan->base.number;
        m_report.reached = plan->last.time;
        m_report.transactions = plan->transactions;
        m_expected = plan->last.event;
        const auto done = replay(*plan).and_then([this] { return check(); });
        if (!done) return tl::unexpected(done.error());
        noteWhatIsLeftOut();
        return m_report;
    }
    const std::string& fresh() const { return m_fresh; }

private:
    tl::unexpected<Error> outOfRange(std::string_view why) const
    {
        std::string there;
        if (const auto ranges = archiveRanges(m_folder))
            for (const auto& range : *ranges) there += "; restorable: " + describe(range);
        return fail(ErrorKind::Invalid, "storage.archive_range",
                    fmt::format("{} {}{}", textOf(m_point), why, there));
    }

    /// Copies the newest usable base before the point and plans from it.
    Result<Plan> chooseBase()
    {
        if (m_contents.bases.empty()) {
            return fail(ErrorKind::NotFound, "storage.no_archive",
                        m_folder + " holds no base backup: there is nothing to restore from");
        }
        for (auto base = m_contents.bases.rbegin(); base != m_contents.bases.rend(); ++base) {
            if (isBehind(m_point, base->time, base->event)) continue;
            const auto path = basePath(m_folder, base->number);
            const auto copied = copyBase(path, base->hash);
            if (copied) return planFrom(*base);
            if (copied.error().kind != ErrorKind::Corrupt) return tl::unexpected(copied.error());
            m_report.notes.push_back(copied.error().detail + "; an older one was taken");
        }
        if (!m_report.notes.empty())
            return damagedArchive("no base backup before " + textOf(m_point) + " can be used: " +
                                  m_report.notes.front());
        return outOfRange("lies before the oldest base backup");
    }

    Result<void> copyBase(const std::string& path, const Hash& expected)
    {
        removeWithCompanions(m_fresh);
        std::error_code error;
        std::filesystem::copy_file(path, m_fresh, error);
        if (error && !exists(path)) return damagedArchive(path + " is missing");
        if (error) {
            return fail(ErrorKind::Unavailable, "storage.io",
                        fmt::format("cannot copy {}: {}", path, error.message()));
        }
        std::filesystem::permissions(m_fresh, std::filesystem::perms(0600), error);
        const auto hash = sha256OfFile(m_fresh);
        if (!hash) return tl::unexpected(hash.error());
        return *hash == expected ? Result<void>()
                                 : Result<void>(damagedArchive(path + " does not fit its checksum"));
    }

    Result<Plan> planFrom(const BaseSeal& base)
    {
        Plan plan;
        plan.base = base;
        plan.last.time = base.time;
        plan.last.event = base.event;
        Hash previous{};
        for (std::int64_t number = base.number;; ++number) {
            const auto path = segmentPath(m_folder, number);
            const bool isFirst = number == base.number;
            if (!exists(path)) {
                if (!isFirst && number > m_contents.segments.back()) break;
                return damagedArchive(fmt::format("{} is missing; what is before it reaches {} (event {})",
                                                  path, plan.last.time.toString(9), plan.last.event));
            }
            const auto end = readStep(path, plan);
            if (!end) return tl::unexpected(end.error());
            if (end->head.line != base.line) return endOfLine(std::move(plan));
            if (end->head.number != number || (!isFirst && end->head.previous != previous)) {
                return damagedArchive(fmt::format("{} does not follow on the segment before it; what is "
                                                  "before it reaches {} (event {})",
                                                  path, plan.last.time.toString(9), plan.last.event));
            }
            plan.pageBytes = end->head.pageBytes;
            plan.steps.push_back({path, end->commits});
            plan.transactions += end->commits;
            plan.last = end->commits > 0 || isFirst ? end->last : plan.last;
            plan.last.place = end->last.place;
            if (end->wasStopped) return plan;
            plan.mayBeginAgain = end->mayBeginAgain;
            if (end->tornBytes > 0 && number == m_contents.segments.back())
                m_report.notes.push_back(fmt::format(
                    "{} ends in {} bytes of a record that was never acknowledged", path, end->tornBytes));
            previous = end->hash;
        }
        plan.isAtEnd = true;
        return plan;
    }

    Result<SegmentEnd> readStep(const std::string& path, const Plan& plan)
    {
        SegmentVisitor visitor;
        visitor.commit = [this](const ArchivedCommit& commit) {
            return Result<bool>(!isBehind(m_point, commit.time, commit.event));
        };
        const auto head = readSegmentHead(path);
        if (head && head->line != plan.base.line) {
            SegmentEnd other;
            other.head = *head;
            return other;
        }
        return readSegment(path, visitor);
    }

    /// Another line follows: nobody knows what was committed in between.
    Result<Plan> endOfLine(Plan plan)
    {
        const bool isLast = m_point.time ? *m_point.time == plan.last.time
                                         : m_point.event == plan.last.event;
        if (isLast) return plan;
        return outOfRange("lies in a gap of the archive");
    }

    Result<void> replay(const Plan& plan)
    {
        auto file = PageFile::open(m_fresh, plan.pageBytes);
        if (!file) return tl::unexpected(file.error());
        for (const auto& step : plan.steps) {
            if (const auto done = replayStep(*file, step); !done) return done;
        }
        if (plan.isAtEnd) {
            if (const auto done = replayWal(*file, plan); !done) return done;
        }
        return file->markAsSingleFile();
    }

    static Result<void> replayStep(PageFile& file, const Plan::Step& step)
    {
        std::int64_t done = 0;
        SegmentVisitor visitor;
        visitor.patch = [&](std::uint32_t page, std::uint32_t offset, std::string_view bytes) {
            return done < step.commits ? file.write(page, offset, bytes) : Result<void>();
        };
        visitor.commit = [&](const ArchivedCommit& commit) -> Result<bool> {
            if (done == step.commits) return false;
            ++done;
            return file.resize(commit.pages).map([] { return true; });
        };
        if (step.commits == 0) return {};
        const auto read = readSegment(step.path, visitor);
        return read ? Result<void>() : Result<void>(tl::unexpected(read.error()));
    }

    /// What was committed since the archive was last written, transaction by transaction; each is
    /// judged by its last event, since only the archive knows when it was committed.
    Result<void> replayWal(PageFile& file, const Plan& plan)
    {
        WalFrames wal(m_target);
        const auto hasLog = wal.open();
        if (!hasLog) return tl::unexpected(hasLog.error());
        if (!*hasLog) return {};
        const WalPlace& known = plan.last.place;
        // Nothing archived since the line began without a log: this one is its first.
        const bool isNext = known == WalPlace{} ||
                            (plan.mayBeginAgain && wal.start().salt1 == known.salt1 + 1);
        if (!isNext && !wal.contains(known)) return {};
        const WalPlace from = isNext ? wal.start() : known;
        const auto end = wal.findEnd(from);
        if (!end) return tl::unexpected(end.error());
        if (end->place == from) return {};
        bool isPast = false;
        const auto begun = file.remember();
        if (!begun) return begun;
        return wal.read(from, end->place.frame, [&](const WalFrame& frame) -> Result<void> {
            if (isPast) return {};
            const auto written = file.write(frame.page, 0, frame.image);
            if (!written || frame.commitPages == 0) return written;
            const auto taken = takeFromWal(file, frame.commitPages);
            if (!taken) return tl::unexpected(taken.error());
            isPast = !*taken;
            return {};
        });
    }

    /// Is the transaction that has just been written wanted? Undone if not.
    Result<bool> takeFromWal(PageFile& file, std::uint32_t pages)
    {
        if (const auto marked = file.markAsSingleFile(); !marked) return tl::unexpected(marked.error());
        const auto last = lastEventIn(m_fresh);
        if (!last) return tl::unexpected(last.error());
        if (isBehind(m_point, last->second, last->first)) return file.undo().map([] { return false; });
        m_report.reached = std::max(m_report.reached, last->second);
        m_expected = last->first;
        ++m_report.fromWal;
        return file.resize(pages).and_then([&] { return file.remember(); }).map([] { return true; });
    }

    Result<void> check()
    {
        auto database = Database::openReadOnly(m_fresh);
        if (!database) return tl::unexpected(database.error());
        const auto count = requireEventLog(m_fresh, m_folder).and_then([&] { return checkCopy(*database); });
        if (!count) return tl::unexpected(count.error());
        m_report.eventCount = *count;
        if (*count == m_expected) return {};
        return damagedArchive(fmt::format("{}: expected {} events at {}, was {}", m_folder, m_expected,
                                          m_report.reached.toString(), *count));
    }

    void noteWhatIsLeftOut()
    {
        const auto ranges = archiveRanges(m_folder);
        if (!ranges) return;
        const auto& newest = ranges->back();
        if (newest.toEvent > m_report.eventCount)
            m_report.notes.push_back(fmt::format("left out: events {} to {}, the last of {}",
                                                 m_report.eventCount + 1, newest.toEvent,
                                                 newest.to.toString(9)));
    }

    const std::string& m_folder;
    const ArchivePoint& m_point;
    const std::string& m_target;
    const std::string m_fresh;
    ArchiveContents m_contents;
    RestoreReport m_report;
    std::int64_t m_expected = 0; ///< events at the point
};

} // namespace

Result<RestoreReport> restoreTo(const std::string& folder, const ArchivePoint& point,
                                const std::string& targetPath)
{
    QD_ASSERT(point.time.has_value() != point.event.has_value());
    const auto use = ExclusiveUse::take(targetPath);
    if (!use) return tl::unexpected(use.error());
    Restoring restoring(folder, point, targetPath);
    auto report = restoring.make();
    if (!report) {
        removeWithCompanions(restoring.fresh());
        return report;
    }
    ::unlink((restoring.fresh() + "-lock").c_str());
    const auto placed = keepOld(targetPath).and_then(
        [&] { return renameDurably(restoring.fresh(), targetPath); });
    if (!placed) return tl::unexpected(placed.error());
    return report;
}

} // namespace qd::storage
