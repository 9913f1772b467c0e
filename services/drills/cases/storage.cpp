// Torn files, corrupt databases, malformed rows, an altered log, and the way back from each.
#include <filesystem>
#include <fstream>

#include "services/drills/cases/cases.h"
#include "services/runtime/clock.h"
#include "services/storage/atomic_file.h"
#include "services/storage/event_log.h"

namespace qd::drills {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr int kStorageExit = 74; ///< EX_IOERR

std::string backupTo(Stage& stage, const std::string& name)
{
    const auto answer = stage.call("POST", "/v1/backup", R"({"path":")" + name + "\"}");
    require(answer.status == 200, "the backup was answered {} {}", answer.status, answer.body);
    return answer.text("path");
}

Child::Exit restoreWith(Stage& stage, const std::string& from, std::string& said)
{
    const auto child =
        stage.run("restore", stage.programs().ctl, {"restore", from, stage.databaseFile()});
    const auto exit = child->waitFor(30s);
    require(exit.has_value(), "quarterdeckctl restore did not end");
    said = child->output() + child->errors();
    return *exit;
}

void spoil(const std::string& path, std::uintmax_t at, std::size_t count)
{
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    for (std::size_t i = 0; i < count; ++i) file.put(static_cast<char>(0xA5U ^ (i & 0xFFU)));
}

/// Files that we write: cut at every length, and with every kind of wrong byte.
void requireTornNeverRead(Stage& stage, Evidence& evidence)
{
    const auto path = stage.folder() + "/torn.json";
    const std::string bytes = R"({"layout":"trading","columns":[1,2,3],"note":")" +
                              std::string(300, 'n') + "\"}\n";
    require(storage::replaceFile(path, bytes, storage::Checksum::Sha256).has_value(),
            "the file cannot be written");
    const auto whole = slurp(path);
    const auto readable = [&] { return storage::readFile(path, storage::Checksum::Sha256); };
    require(readable() && *readable() == bytes, "the whole file does not read back");
    for (std::size_t length = 0; length < whole.size(); ++length) {
        std::ofstream(path, std::ios::binary | std::ios::trunc) << whole.substr(0, length);
        require(!readable().has_value(), "a file cut at {} of {} bytes was read as good", length,
                whole.size());
    }
    for (std::size_t at = 0; at < whole.size(); at += 7) {
        auto wrong = whole;
        wrong[at] = static_cast<char>(wrong[at] ^ 0x10);
        std::ofstream(path, std::ios::binary | std::ios::trunc) << wrong;
        const auto read = readable();
        require(!read || *read == bytes, "a wrong byte at {} was read as good", at);
    }
    fs::remove(path);
    evidence.note("a checked file cut at each of {} lengths, and with wrong bytes: never read as good",
                  whole.size());
}

void tornBackup(Stage& stage, Evidence& evidence)
{
    requireTornNeverRead(stage, evidence);
    const auto id = stage.place({.symbol = "KO"});
    stage.awaitState(id, "filled");
    const auto backup = backupTo(stage, "whole.db");
    stage.stopBackend();
    const auto before = slurp(stage.databaseFile());
    const auto size = fs::file_size(backup);
    for (const auto length : {std::uintmax_t{0}, std::uintmax_t{100}, size / 3, size / 2, size - 1}) {
        const auto torn = stage.folder() + "/torn.db";
        fs::copy_file(backup, torn, fs::copy_options::overwrite_existing);
        fs::resize_file(torn, length);
        std::string said;
        const auto exit = restoreWith(stage, torn, said);
        require(exit.code == 1, "a backup of {} of {} bytes was restored: {}", length, size, said);
        require(slurp(stage.databaseFile()) == before, "a refused restore touched the database");
    }
    evidence.note("a backup torn at five places is refused and the database is not touched");
    // The write-ahead log is torn too when a machine dies; what was acknowledged before stays.
    stage.startBackend();
    stage.awaitSettled();
    const auto acknowledged = stage.place({.symbol = "KO"});
    stage.awaitState(acknowledged, "filled");
    stage.killBackend();
    const auto wal = stage.databaseFile() + "-wal";
    if (fs::exists(wal)) std::ofstream(wal, std::ios::app | std::ios::binary) << std::string(777, '\x5a');
    stage.startBackend();
    stage.awaitSettled();
    require(stage.order(acknowledged).text("state") == "filled",
            "half a record at the end of the write-ahead log cost an acknowledged order");
    require(stage.get("/v1/log/verify")["ok"].booleanOr(false), "the log is not whole");
    evidence.note("half a record behind the write-ahead log: ignored, everything before it is there");
}

void malformedRow(Stage& stage, Evidence& evidence)
{
    const auto id = stage.place({.symbol = "UBER", .quantity = "2"});
    stage.awaitState(id, "filled");
    stage.stopBackend();
    {
        auto database = storage::Database::open(stage.databaseFile());
        require(database.has_value(), "the database cannot be opened for the fault");
        const auto spoilt = database->execute(
            R"(UPDATE orders SET body = '{"clientOrderId":"' || client_id || '","quantity":"a few"}';)"
            R"(UPDATE fills SET body = '{"execution' WHERE client_id = ')" + id + "';");
        require(spoilt.has_value(), "the rows cannot be spoilt: {}",
                spoilt ? std::string() : describe(spoilt.error()));
    }
    stage.startBackend();
    stage.awaitSettled();
    const auto order = stage.order(id);
    require(order.status == 200 && order.text("state") == "filled" &&
                order.text("filledQuantity") == "2",
            "a malformed row was not brought back: {} {}", order.status, order.body);
    require(stage.position("UBER") == stage.venuePosition("UBER"), "we hold {}, the venue says {}",
            stage.position("UBER"), stage.venuePosition("UBER"));
    auto database = storage::Database::openReadOnly(stage.databaseFile());
    require(database.has_value(), "the database cannot be read");
    auto kept = database->prepare("SELECT count(*), min(reason) FROM order_quarantine");
    require(kept && kept->step().value_or(false) && kept->integer(0) >= 2,
            "the malformed rows were not set aside");
    evidence.note("{} malformed rows set aside ({}), each restored from its last good version in the "
                  "log",
                  kept->integer(0), std::string(kept->text(1)));
}

/// What happens between a backup and the fault: one order that fills, one that rests.
struct Later {
    std::string filled, resting;
};

Later tradeOn(Stage& stage)
{
    const Later later{stage.place({.symbol = "CRM", .quantity = "3"}),
                      stage.place({.symbol = "CRM", .type = "limit", .limitPrice = "20",
                                   .timeInForce = "gtc"})};
    stage.awaitState(later.filled, "filled");
    stage.awaitState(later.resting, "accepted");
    return later;
}

/// A restored database is older than the world: the comparison with the broker brings back the rest.
void requireLaterFound(Stage& stage, Evidence& evidence, const Later& later)
{
    const auto filled = stage.awaitState(later.filled, "filled");
    require(filled.text("filledQuantity") == "3", "an order since the backup has filled {} of 3",
            filled.text("filledQuantity"));
    stage.awaitState(later.resting, "accepted");
    require(stage.venueOrderCount(later.filled) == 1 && stage.venueOrderCount(later.resting) == 1,
            "the restore doubled an order at the venue");
    require(stage.position("CRM") == stage.venuePosition("CRM"), "we hold {}, the venue says {}",
            stage.position("CRM"), stage.venuePosition("CRM"));
    stage.call("DELETE", "/v1/orders/" + later.resting); // and they can be worked with
    stage.awaitState(later.resting, "canceled");
    evidence.note("an order that filled and one that rested since the backup: both brought back from the "
                  "broker, the position {} agrees, the resting one was canceled", stage.position("CRM"));
}

json::Document restoreMoment(Stage& stage, const std::string& database, Timestamp moment)
{
    const auto child = stage.run(
        "restore-moment", stage.programs().ctl,
        {"--json", "restore", "--to", moment.toString(9), "--archive",
         stage.dataDirectory() + "/quarterdeck.archive", database});
    const auto exit = child->waitFor(60s);
    auto said = json::Document::parse(child->output());
    require(exit && exit->code == 0 && said, "quarterdeckctl restore --to failed: {} {}",
            child->output(), child->errors());
    return std::move(*said);
}

/// How much a lost disk and a lost file cost, each rehearsed on a copy.
void requireLittleLost(Stage& stage, Evidence& evidence, std::int64_t events, Timestamp killed)
{
    const auto disk = stage.folder() + "/disk-lost.db", file = stage.folder() + "/file-lost.db";
    fs::copy_file(stage.databaseFile() + "-wal", file + "-wal");
    const auto withoutDisk = restoreMoment(stage, disk, killed);
    const auto reached = Timestamp::parse(withoutDisk["reached"].stringOr({}));
    const auto left = withoutDisk["eventCount"].integerOr(0);
    require(reached && left >= 0 && left <= events, "the archive reaches event {} of {}", left, events);
    require(killed - *reached < 5s, "the archive was {} ms behind",
            std::chrono::duration_cast<std::chrono::milliseconds>(killed - *reached).count());
    const auto withLog = restoreMoment(stage, file, killed);
    require(withLog["eventCount"].integerOr(0) == events,
            "a lost database file cost events: {} of {} are left", withLog["eventCount"].integerOr(0),
            events);
    evidence.note("killed with {} events. Disk lost: the archive has {} of them, up to {} ms before the "
                  "end (RPO). Database file lost: all of them, {} transactions from its write-ahead log",
                  events, left,
                  std::chrono::duration_cast<std::chrono::milliseconds>(killed - *reached).count(),
                  withLog["fromWal"].integerOr(0));
}

/// Back to a moment that no backup was taken at.
void backToAMoment(Stage& stage, Evidence& evidence)
{
    const auto before = stage.place({.symbol = "CRM"});
    stage.awaitState(before, "filled");
    const auto least = stage.get("/v1/log/verify")["eventCount"].integerOr(0);
    const Timestamp moment = runtime::systemClock().now();
    const auto known = stage.get("/v1/log/verify")["eventCount"].integerOr(0);
    const auto later = tradeOn(stage);
    const auto events = stage.get("/v1/log/verify")["eventCount"].integerOr(0);
    stage.killBackend();
    const Timestamp killed = runtime::systemClock().now();
    requireLittleLost(stage, evidence, events, killed);
    spoil(stage.databaseFile(), 8'192, fs::file_size(stage.databaseFile()) - 8'192);
    const auto refused = stage.run("corrupt-moment", stage.programs().backend, stage.backendArguments());
    const auto exit = refused->waitFor(20s);
    require(exit && exit->code == kStorageExit, "started on a corrupt database: exit {} {}",
            exit ? exit->code : -1, refused->errors());
    const auto& clock = runtime::systemClock();
    const Duration begun = clock.steady();
    const auto restored = restoreMoment(stage, stage.databaseFile(), moment);
    const Duration back = clock.steady() - begun;
    const auto count = restored["eventCount"].integerOr(0);
    const auto reached = Timestamp::parse(restored["reached"].stringOr({}));
    require(reached && *reached <= moment && count >= least && count <= known && known < events,
            "asked for {} ({} to {} events), reached {} with {}", moment.toString(), least, known,
            std::string(restored["reached"].stringOr({})), count);
    stage.startBackend();
    stage.awaitSettled();
    const Duration running = clock.steady() - begun;
    require(stage.order(before).text("state") == "filled", "an order from before the moment is gone");
    require(stage.get("/v1/log/verify")["ok"].booleanOr(false), "the restored log is not whole");
    evidence.note("the database spoilt: the start refused with exit {}; one command brought {} back, with "
                  "{} of {} events, in {} ms; running and settled after {} ms (RTO)",
                  exit->code, moment.toString(), count, events,
                  std::chrono::duration_cast<std::chrono::milliseconds>(back).count(),
                  std::chrono::duration_cast<std::chrono::milliseconds>(running).count());
    requireLaterFound(stage, evidence, later);
}

void corruption(Stage& stage, Evidence& evidence)
{
    std::vector<std::string> ids;
    for (int i = 0; i < 5; ++i) {
        ids.push_back(stage.place({.symbol = "CRM"}));
        stage.awaitState(ids.back(), "filled");
    }
    const auto backup = backupTo(stage, "good.db");
    const auto later = tradeOn(stage); // what the backup does not have
    stage.stopBackend();
    const auto size = fs::file_size(stage.databaseFile());
    spoil(stage.databaseFile(), 4096 * 3 + 17, 9000);
    const auto child = stage.run("corrupt", stage.programs().backend, stage.backendArguments());
    const auto exit = child->waitFor(20s);
    require(exit && exit->code == kStorageExit, "started on a corrupt database: exit {} {}",
            exit ? exit->code : -1, child->errors());
    require(child->errors().find("restore") != std::string::npos,
            "the complaint does not say how to restore: {}", child->errors());
    evidence.note("9000 of {} bytes spoilt: exit {}, \"{}\"", size, exit->code,
                  child->errors().substr(0, 160));
    std::string said;
    const auto restored = restoreWith(stage, backup, said);
    require(restored.code == 0, "quarterdeckctl restore failed: {}", said);
    stage.startBackend();
    stage.awaitSettled();
    for (const auto& id : ids)
        require(stage.order(id).text("state") == "filled", "an order is not in the restored database");
    require(stage.get("/v1/log/verify")["ok"].booleanOr(false), "the restored log is not whole");
    requireLaterFound(stage, evidence, later);
    const auto busy = restoreWith(stage, backup, said);
    require(busy.code == 1, "a database in use was replaced: {}", said);
    evidence.note("one command brought the backup back; with the backend running it refuses");
    backToAMoment(stage, evidence);
}

/// What quarterdeckctl says of a database file, given checkpoints and a public key that were put aside
/// before anything was altered. No backend is asked.
struct Audit {
    int code;
    std::int64_t brokenAt, eventCount;
    std::string reason;
};

Audit auditOf(Stage& stage, const std::string& database)
{
    const auto kept = stage.folder() + "/auditor";
    const auto child = stage.run("audit", stage.programs().ctl,
                                 {"log", "verify", "--json", "--file", database, "--checkpoints",
                                  kept + ".checkpoints.jsonl", "--key", kept + ".pub"});
    const auto exit = child->waitFor(30s);
    const auto said = json::Document::parse(child->output());
    require(exit && said, "quarterdeckctl log verify --file says {} {}", child->output(),
            child->errors());
    return {exit->code, (*said)["brokenAt"].integerOr(-1), (*said)["eventCount"].integerOr(-1),
            std::string((*said)["reason"].stringOr({}))};
}

/// One way to alter the log, on a copy of the database; what an auditor then finds.
Audit foundAfter(Stage& stage, const std::string& sql)
{
    const auto copy = stage.folder() + "/altered.db";
    for (const char* ending : {"", "-wal", "-shm", "-lock"}) fs::remove(copy + ending);
    fs::copy_file(stage.databaseFile(), copy);
    {
        auto database = storage::Database::open(copy);
        require(database.has_value(), "the copy cannot be opened");
        const auto altered = database->execute(
            "DROP TRIGGER events_no_update; DROP TRIGGER events_no_delete;" + sql);
        require(altered.has_value(), "{}: {}", sql, altered ? "" : describe(altered.error()));
    }
    return auditOf(stage, copy);
}

/// Whoever owns the machine can also make new checkpoints with a key of their own: the files then agree
/// with each other, and only the auditor's copy of the key tells.
void requireForgeryFound(Stage& stage, Evidence& evidence)
{
    const auto forged = stage.folder() + "/altered.db"; // two rows shorter than it was
    const auto checkpoints = stage.folder() + "/altered.checkpoints.jsonl";
    {
        auto database = storage::Database::openReadOnly(forged);
        const auto written = database ? storage::writeCheckpoint(*database, checkpoints,
                                                                 runtime::systemClock().now())
                                      : Result<void>(tl::unexpected(database.error()));
        require(written.has_value(), "no checkpoint could be forged");
    }
    const auto audit = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"log", "verify", "--file", forged});
        const auto child = stage.run("audit", stage.programs().ctl, std::move(words));
        const auto exit = child->waitFor(30s);
        return exit ? exit->code : -1;
    };
    require(audit({}) == 0, "the forgery does not even agree with itself: it proves nothing");
    require(audit({"--key", stage.folder() + "/auditor.pub"}) == 1,
            "checkpoints signed by another key were believed");
    evidence.note("rows removed and all checkpoints made anew: found by the auditor's copy of the key");
}

void alteredLog(Stage& stage, Evidence& evidence)
{
    for (int i = 0; i < 4; ++i) stage.awaitState(stage.place({.symbol = "ORCL"}), "filled");
    require(stage.get("/v1/log/verify")["ok"].booleanOr(false), "the log is broken already");
    const auto count = stage.get("/v1/log/verify")["eventCount"].integerOr(0);
    require(count > 8, "only {} events: too few to alter", count);
    stage.stopBackend(); // signs a last checkpoint
    const auto checkpoints = stage.dataDirectory() + "/quarterdeck.checkpoints.jsonl";
    fs::copy_file(checkpoints, stage.folder() + "/auditor.checkpoints.jsonl");
    fs::copy_file(checkpoints + ".pub", stage.folder() + "/auditor.pub");
    const auto untouched = foundAfter(stage, "");
    require(untouched.code == 0 && untouched.brokenAt == 0, "the untouched copy is called altered: {}",
            untouched.reason);
    const auto at = [](std::int64_t sequence) { return std::to_string(sequence); };
    const auto middle = count / 2;
    for (const auto& [what, sql, expected] : {
             std::tuple{"a payload changed", "UPDATE events SET payload = '{}' WHERE sequence = " + at(middle), middle},
             std::tuple{"a time changed", "UPDATE events SET time = time + 1 WHERE sequence = " + at(middle), middle},
             std::tuple{"an actor changed", "UPDATE events SET actor = 'user:nobody' WHERE sequence = " + at(middle), middle},
             std::tuple{"a row removed", "DELETE FROM events WHERE sequence = " + at(middle), middle},
             std::tuple{"two rows swapped", "UPDATE events SET sequence = -1 WHERE sequence = " + at(middle) +
                  "; UPDATE events SET sequence = " + at(middle) + " WHERE sequence = " + at(middle + 1) +
                  "; UPDATE events SET sequence = " + at(middle + 1) + " WHERE sequence = -1", middle}}) {
        const auto found = foundAfter(stage, sql);
        require(found.code == 1 && found.brokenAt == expected,
                "{}: expected to find it at {}, was {} ({})", what, expected, found.brokenAt,
                found.reason);
        evidence.note("{}: found at {} ({})", what, found.brokenAt, found.reason);
    }
    // The end cut off leaves a chain that fits itself: only the signed checkpoint knows.
    const auto cut = foundAfter(stage, "DELETE FROM events WHERE sequence > " + at(untouched.eventCount - 2));
    require(cut.code == 1 && cut.brokenAt == untouched.eventCount - 1,
            "the end of the log was cut off: found at {} ({})", cut.brokenAt, cut.reason);
    evidence.note("the last rows removed: found by the signed checkpoint ({})", cut.reason);
    requireForgeryFound(stage, evidence);
    { // a backend on an altered log says so too
        auto database = storage::Database::open(stage.databaseFile());
        require(database &&
                    database->execute("DROP TRIGGER events_no_update; UPDATE events SET payload = '{}'"
                                      " WHERE sequence = " + at(middle))
                        .has_value(),
                "the database cannot be altered for the fault");
    }
    require(auditOf(stage, stage.databaseFile()).brokenAt == middle, "the auditor does not find {}", middle);
    stage.startBackend();
    require(stage.get("/v1/log/verify")["brokenAt"].integerOr(0) == middle,
            "the backend does not find that event {} was altered", middle);
    evidence.note("event {} of the real file: named by quarterdeckctl log verify --file, without the "
                  "backend, and by the backend", middle);
}

} // namespace

std::vector<Drill> storageDrills()
{
    return {
        {"TB-5.1", "files and backups torn at any length, a torn write-ahead log",
         "a torn file is never read as good; what was acknowledged stays", {.isPrivate = true}, 120s,
         tornBackup},
        {"TB-5.3", "rows in the database are malformed",
         "set aside and restored from the last good version; the truth does not change",
         {.isPrivate = true}, 90s, malformedRow},
        {"TS-2.2", "the database file is corrupt",
         "detected at the start; one command restores a checked backup, or any moment since",
         {.isPrivate = true}, 240s, corruption},
        {"TS-7.2", "events of the log are changed, removed, swapped, cut off",
         "each is found and located, from outside too", {.isPrivate = true}, 120s, alteredLog},
    };
}

} // namespace qd::drills
