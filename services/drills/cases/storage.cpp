// Torn files, corrupt databases, malformed rows, an altered log, and the way back from each.
#include <filesystem>
#include <fstream>

#include "services/drills/cases/cases.h"
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

void corruption(Stage& stage, Evidence& evidence)
{
    std::vector<std::string> ids;
    for (int i = 0; i < 5; ++i) {
        ids.push_back(stage.place({.symbol = "CRM"}));
        stage.awaitState(ids.back(), "filled");
    }
    const auto backup = backupTo(stage, "good.db");
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
    const auto busy = restoreWith(stage, backup, said);
    require(busy.code == 1, "a database in use was replaced: {}", said);
    evidence.note("one command brought the backup back; with the backend running it refuses");
}

/// One way to alter the log, on a copy of the database; where it is found.
std::int64_t foundAfter(Stage& stage, const std::string& sql, std::string& reason)
{
    const auto copy = stage.folder() + "/altered.db";
    for (const char* ending : {"", "-wal", "-shm"}) fs::remove(copy + ending);
    fs::copy_file(stage.databaseFile(), copy);
    auto database = storage::Database::open(copy);
    require(database.has_value(), "the copy cannot be opened");
    const auto altered = database->execute(
        "DROP TRIGGER events_no_update; DROP TRIGGER events_no_delete;" + sql);
    require(altered.has_value(), "{}: {}", sql, altered ? "" : describe(altered.error()));
    const auto report =
        storage::verifyEvents(*database, stage.dataDirectory() + "/quarterdeck.checkpoints.jsonl");
    require(report.has_value(), "the verification failed: {}",
            report ? std::string() : describe(report.error()));
    reason = report->reason;
    return report->brokenAt;
}

void alteredLog(Stage& stage, Evidence& evidence)
{
    for (int i = 0; i < 4; ++i) stage.awaitState(stage.place({.symbol = "ORCL"}), "filled");
    require(stage.get("/v1/log/verify")["ok"].booleanOr(false), "the log is broken already");
    const auto count = stage.get("/v1/log/verify")["eventCount"].integerOr(0);
    require(count > 8, "only {} events: too few to alter", count);
    stage.stopBackend(); // signs a last checkpoint
    std::string reason;
    require(foundAfter(stage, "", reason) == 0, "the untouched copy is called altered: {}", reason);
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
        const auto found = foundAfter(stage, sql, reason);
        require(found == expected, "{}: expected to find it at {}, was {} ({})", what, expected,
                found, reason);
        evidence.note("{}: found at {} ({})", what, found, reason);
    }
    // The end cut off leaves a chain that fits itself: only the signed checkpoint knows.
    const auto cut = foundAfter(stage, "DELETE FROM events WHERE sequence > " + at(count - 2), reason);
    require(cut != 0 || !reason.empty(), "the end of the log was cut off and nobody noticed");
    evidence.note("the last rows removed: found by the signed checkpoint ({})", reason);
    fs::rename(stage.folder() + "/altered.db", stage.folder() + "/altered-kept.db");
    { // and through the front door, by whoever audits from outside
        auto database = storage::Database::open(stage.databaseFile());
        require(database &&
                    database->execute("DROP TRIGGER events_no_update; UPDATE events SET payload = '{}'"
                                      " WHERE sequence = " + at(middle))
                        .has_value(),
                "the database cannot be altered for the fault");
    }
    stage.startBackend();
    const auto audited = stage.run("audit", stage.programs().ctl,
                                   {"log", "verify", "--json", "--data-dir", stage.dataDirectory()});
    const auto exit = audited->waitFor(30s);
    require(exit && exit->code == 1 &&
                audited->output().find("\"brokenAt\":" + at(middle)) != std::string::npos,
            "quarterdeckctl log verify says {} (exit {})", audited->output() + audited->errors(),
            exit ? exit->code : -1);
    evidence.note("quarterdeckctl log verify ends with 1 and names event {}", middle);
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
         "detected at the start; one command restores a checked backup", {.isPrivate = true}, 120s,
         corruption},
        {"TS-7.2", "events of the log are changed, removed, swapped, cut off",
         "each is found and located, from outside too", {.isPrivate = true}, 120s, alteredLog},
    };
}

} // namespace qd::drills
