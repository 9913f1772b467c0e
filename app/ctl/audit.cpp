#include "app/ctl/audit.h"

#include <filesystem>

#include "services/storage/checkpoint_file.h"

namespace qd::ctl {

namespace {

struct Audit {
    storage::VerifyReport report;
    std::size_t checkpoints = 0;
};

Result<Audit> audit(const AuditedFile& asked)
{
    auto database = storage::Database::openReadOnly(asked.database);
    if (!database) return tl::unexpected(database.error());
    const auto file =
        asked.checkpoints.empty() ? checkpointsBeside(asked.database) : asked.checkpoints;
    auto report = asked.publicKey.empty()
                      ? storage::verifyEvents(*database, file)
                      : storage::verifyEventsWithKey(*database, file, asked.publicKey);
    if (!report) return tl::unexpected(report.error());
    const auto checkpoints = storage::readCheckpoints(file);
    // A file that was named must be there; the one beside the database may never have been written.
    if (!checkpoints && !asked.checkpoints.empty()) return tl::unexpected(checkpoints.error());
    return Audit{std::move(*report), checkpoints ? checkpoints->size() : 0};
}

std::string jsonOf(const Audit& found)
{
    json::Writer out;
    out.beginObject()
        .member("ok", found.report.brokenAt == 0)
        .member("eventCount", found.report.eventCount)
        .member("brokenAt", found.report.brokenAt)
        .member("reason", found.report.reason)
        .member("head", storage::toHex(found.report.head))
        .member("checkpoints", static_cast<std::int64_t>(found.checkpoints));
    return out.endObject().take();
}

} // namespace

std::string checkpointsBeside(const std::string& database)
{
    return std::filesystem::path(database).replace_extension(".checkpoints.jsonl").string();
}

int verifyFile(const Session& session, const AuditedFile& asked)
{
    const auto found = audit(asked);
    if (!found) {
        session.complain("not verified: " + describe(found.error()));
        return kRefused;
    }
    const auto& report = found->report;
    const bool sound = report.brokenAt == 0;
    if (session.wantsJson()) {
        session.printJson(jsonOf(*found));
    } else if (sound) {
        session.print("the log is whole: " + std::to_string(report.eventCount) + " events, head " +
                      storage::toHex(report.head));
        session.print(found->checkpoints > 0
                          ? "it agrees with " + std::to_string(found->checkpoints) + " checkpoints" +
                                (asked.publicKey.empty() ? " (signed by the key beside them)" : "")
                          : "no checkpoints were found: a log that was rewritten as a whole, or cut "
                            "off at its end, looks like this too");
    } else {
        session.complain("the log was altered: " + report.reason + " (first at event " +
                         std::to_string(report.brokenAt) + ")");
    }
    return sound ? kDone : kRefused;
}

} // namespace qd::ctl
