#include "app/ctl/audit.h"
#include "app/ctl/backup.h"

#include <filesystem>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "services/storage/archive_restore.h"
#include "services/storage/backup.h"
#include "services/storage/checkpoint_file.h"

namespace qd::ctl {

namespace {

struct Restore {
    std::string backup, database; ///< without a backup the archive is restored from
    std::string to;               ///< a time
    std::int64_t toEvent = 0;
    std::string archive;     ///< its folder; empty: beside the database
    std::string checkpoints; ///< their file; empty: beside the database
    bool isFromArchive() const { return !to.empty() || toEvent > 0; }
};

/// The one database of the data folder: by its file or, where that is lost, by its archive. A paper
/// account has a database of its own name. Fails with Invalid "ctl.database_unclear", naming all.
Result<std::string> localDatabase(const Session& session)
{
    std::set<std::string> found;
    std::error_code ignored; // a folder that cannot be read holds none
    for (const auto& entry : std::filesystem::directory_iterator(session.dataDirectory(), ignored)) {
        const auto& path = entry.path();
        if (path.stem().string().starts_with("sandbox-")) continue; // the market's, not the backend's
        if (path.extension() == ".db" || path.extension() == ".archive")
            found.insert(session.dataDirectory() + "/" + path.stem().string() + ".db");
    }
    if (found.empty()) return session.dataDirectory() + "/quarterdeck.db";
    if (found.size() == 1) return *found.begin();
    return fail(ErrorKind::Invalid, "ctl.database_unclear",
                "name one of these databases: " + fmt::format("{}", fmt::join(found, ", ")));
}

int backup(Session& session, const std::string& name)
{
    json::Writer out;
    out.beginObject().member("path", name).endObject();
    const auto answer = session.require("POST", "/v1/backup", out.take());
    if (session.wantsJson()) return session.printJson(answer.body), kDone;
    session.print(cell(answer["path"]) + " holds " + cell(answer["eventCount"]) +
                  " events and was checked");
    return kDone;
}

int refuseRestore(const Session& session, const Error& error)
{
    session.complain("not restored: " + describe(error));
    return kRefused;
}

/// Checkpoints of what the restored log does not have would call it cut off.
Result<std::size_t> cutCheckpointsOf(const Session& session, const Restore& wanted,
                                     std::int64_t events)
{
    auto cut = storage::cutCheckpoints(wanted.checkpoints.empty() ? checkpointsBeside(wanted.database)
                                                                  : wanted.checkpoints,
                                       events);
    if (!cut) session.complain("restored, but not its checkpoints: " + describe(cut.error()));
    return cut;
}

void printCut(const Session& session, const Result<std::size_t>& cut)
{
    if (cut && *cut > 0)
        session.print(std::to_string(*cut) + " checkpoints of later events were put aside too");
}

int restoreBackup(const Session& session, const Restore& wanted)
{
    const auto restored = storage::restore(wanted.backup, wanted.database);
    if (!restored) return refuseRestore(session, restored.error());
    const auto cut = cutCheckpointsOf(session, wanted, *restored);
    if (session.wantsJson()) {
        json::Writer out;
        out.beginObject()
            .member("path", wanted.database)
            .member("eventCount", *restored)
            .member("checkpointsCut", static_cast<std::int64_t>(cut.value_or(0)))
            .endObject();
        session.printJson(out.take());
    } else {
        session.print(wanted.database + " now holds the backup's " + std::to_string(*restored) +
                      " events; what was there is kept beside it as .before-restore");
        printCut(session, cut);
    }
    return cut ? kDone : kRefused;
}

void printReport(const Session& session, const Restore& wanted, const storage::RestoreReport& report,
                 const Result<std::size_t>& cut)
{
    if (session.wantsJson()) {
        json::Writer out;
        out.beginObject()
            .member("path", wanted.database)
            .member("reached", report.reached.toString(9))
            .member("eventCount", report.eventCount)
            .member("base", report.base)
            .member("transactions", report.transactions)
            .member("fromWal", report.fromWal)
            .member("checkpointsCut", static_cast<std::int64_t>(cut.value_or(0)))
            .key("notes")
            .beginArray();
        for (const auto& note : report.notes) out.value(note);
        session.printJson(out.endArray().endObject().take());
        return;
    }
    session.print(wanted.database + " is as it was at " + report.reached.toString(9) + ": " +
                  std::to_string(report.eventCount) + " events, from base backup " +
                  std::to_string(report.base) + " and " + std::to_string(report.transactions) +
                  " transactions behind it" +
                  (report.fromWal > 0
                       ? ", and " + std::to_string(report.fromWal) + " from its write-ahead log"
                       : "") +
                  "; pages and event chain were checked");
    for (const auto& note : report.notes) session.print(note);
    session.print("what was there is kept beside it as .before-restore");
    printCut(session, cut);
}

int restoreMoment(const Session& session, const Restore& wanted)
{
    storage::ArchivePoint point;
    if (wanted.to.empty()) {
        point.event = wanted.toEvent;
    } else {
        const auto time = Timestamp::parse(wanted.to);
        if (!time) {
            session.complain("--to: expected a time such as 2026-11-26T10:15:00Z, was \"" + wanted.to +
                             "\"");
            return kUsage;
        }
        point.time = *time;
    }
    const auto folder =
        wanted.archive.empty() ? storage::archiveBeside(wanted.database) : wanted.archive;
    const auto report = storage::restoreTo(folder, point, wanted.database);
    if (!report) return refuseRestore(session, report.error());
    const auto cut = cutCheckpointsOf(session, wanted, report->eventCount);
    printReport(session, wanted, *report, cut);
    return cut ? kDone : kRefused;
}

int restore(const Session& session, Restore wanted)
{
    // Restored from the archive, the one path that is left names the database.
    if (wanted.isFromArchive() && wanted.database.empty())
        wanted.database = std::exchange(wanted.backup, {});
    if (wanted.database.empty()) {
        auto local = localDatabase(session);
        if (!local) return session.complain(describe(local.error())), kUsage;
        wanted.database = std::move(*local);
    }
    if (wanted.isFromArchive() == wanted.backup.empty())
        return wanted.isFromArchive() ? restoreMoment(session, wanted)
                                      : restoreBackup(session, wanted);
    session.complain(wanted.isFromArchive()
                         ? "expected a backup, or --to or --to-event, not both"
                         : "expected a backup, or a moment: --to TIME or --to-event NUMBER");
    return kUsage;
}

int listRanges(const Session& session, std::string archive)
{
    if (archive.empty()) {
        const auto local = localDatabase(session);
        if (!local) return session.complain(describe(local.error())), kUsage;
        archive = storage::archiveBeside(*local);
    }
    const auto ranges = storage::archiveRanges(archive);
    if (!ranges) {
        session.complain(describe(ranges.error()));
        return kRefused;
    }
    if (session.wantsJson()) {
        json::Writer out;
        out.beginObject().key("ranges").beginArray();
        for (const auto& range : *ranges)
            out.beginObject()
                .member("from", range.from.toString(9))
                .member("to", range.to.toString(9))
                .member("fromEvent", range.fromEvent)
                .member("toEvent", range.toEvent)
                .member("bases", static_cast<std::int64_t>(range.bases))
                .member("segments", static_cast<std::int64_t>(range.segments))
                .member("bytes", static_cast<std::int64_t>(range.bytes))
                .member("trouble", range.trouble)
                .endObject();
        session.printJson(out.endArray().endObject().take());
        return kDone;
    }
    Table table({{"From"}, {"To"}, {"From event", true}, {"To event", true}, {"Bases", true},
                 {"Segments", true}, {"Bytes", true}, {"Trouble"}});
    for (const auto& range : *ranges)
        table.add({range.from.toString(9), range.to.toString(9), std::to_string(range.fromEvent),
                   std::to_string(range.toEvent), std::to_string(range.bases),
                   std::to_string(range.segments), std::to_string(range.bytes), range.trouble});
    session.print(table.text());
    return kDone;
}

void addRestoreCommand(CLI::App& app, Session& session, Chosen& chosen)
{
    const auto wanted = std::make_shared<Restore>();
    auto* command = app.add_subcommand(
        "restore", "Bring the database back, from a backup or to a moment, with the backend stopped");
    command->add_option("backup", wanted->backup, "The backup; with --to or --to-event, the database");
    command->add_option("path", wanted->database, "The database; default: the local backend's");
    auto* to = command->add_option("--to", wanted->to,
                                   "As it was at this time, e.g. 2026-11-26T10:15:00Z");
    command->add_option("--to-event", wanted->toEvent, "As it was after this event")
        ->excludes(to)
        ->check(CLI::PositiveNumber);
    command->add_option("--archive", wanted->archive,
                        "Folder of the archive; default: the one beside the database");
    command->add_option("--checkpoints", wanted->checkpoints,
                        "Its checkpoints (storage.checkpoint_file); default: the file beside it");
    command->callback([&session, &chosen, wanted] {
        chosen = [&session, wanted] { return restore(session, *wanted); };
    });
}

} // namespace

void addBackupCommands(CLI::App& app, Session& session, Chosen& chosen)
{
    const auto name = std::make_shared<std::string>();
    const auto archive = std::make_shared<std::string>();
    auto* command = app.add_subcommand("backup", "Copy the live database below the data folder");
    command->add_option("name", *name, "File name, e.g. before-upgrade.db");
    auto* list = command->add_subcommand("list", "The times that can be restored to");
    list->add_option("--archive", *archive,
                     "Folder of the archive; default: the local backend's");
    list->callback([&session, &chosen, archive] {
        chosen = [&session, archive] { return listRanges(session, *archive); };
    });
    command->callback([&session, &chosen, command, name] {
        if (!command->get_subcommands().empty()) return;
        if (name->empty()) throw CLI::RequiredError("name");
        chosen = [&session, name] { return backup(session, *name); };
    });
    addRestoreCommand(app, session, chosen);
}

} // namespace qd::ctl
