// The event log's signed heads where storage.checkpoint_file says: whoever has the data folder does
// not have them.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "services/storage/checkpoint_file.h"
#include "services/storage/database.h"
#include "tests/functional/one_world.h"

namespace qd::drills {
namespace {

using namespace std::chrono_literals;

class CheckpointsElsewhere : public OneWorld<CheckpointsElsewhere> {
public:
    static StageOptions options()
    {
        std::filesystem::create_directories(heads().parent_path());
        StageOptions options;
        options.backend = {"storage-checkpoint-file=" + heads().string()};
        return options;
    }

protected:
    static std::filesystem::path heads() { return s_folder->path() / "other-disk/heads.jsonl"; }
};

TEST_F(CheckpointsElsewhere, TellThatTheEndWasCutOff)
{
    ASSERT_EQ(say({"halt", "--reason", "something to sign"}).code, 0);
    ASSERT_EQ(say({"resume"}).code, 0);
    s_stage->stopBackend(); // signs a last head
    for (const char* part : {"", ".key", ".pub"})
        EXPECT_TRUE(std::filesystem::exists(heads().string() + part)) << part;
    for (const auto& entry : std::filesystem::directory_iterator(s_stage->dataDirectory()))
        EXPECT_EQ(entry.path().string().find("checkpoints"), std::string::npos) << entry.path();

    s_stage->startBackend();
    EXPECT_EQ(say({"log", "verify"}).code, 0);
    s_stage->stopBackend();
    const auto cut = (s_folder->path() / "cut.db").string();
    std::filesystem::copy_file(s_stage->databaseFile(), cut);
    {
        auto database = storage::Database::open(cut);
        ASSERT_TRUE(database);
        ASSERT_TRUE(database->execute(
            "DROP TRIGGER events_no_delete;"
            "DELETE FROM events WHERE sequence = (SELECT max(sequence) FROM events)"));
    }
    EXPECT_EQ(say({"log", "verify", "--file", cut}).code, 0) << "the chain fits, no head is beside it";
    const auto told = say({"log", "verify", "--file", cut, "--checkpoints", heads().string()});
    EXPECT_EQ(told.code, 1) << told.out;
    EXPECT_NE(told.err.find("altered"), std::string::npos) << told.err;
    s_stage->startBackend();
}

TEST_F(CheckpointsElsewhere, AreReadByTheBackendToo)
{
    std::ofstream(heads(), std::ios::app) << "no checkpoint\n";
    const auto told = say({"log", "verify"});
    EXPECT_EQ(told.code, 1) << told.out;
    EXPECT_NE(told.err.find("heads.jsonl is not checkpoint"), std::string::npos) << told.err;
}

TEST_F(CheckpointsElsewhere, AreCutThereWhenAnEarlierBackupIsRestored)
{
    const auto folder = s_folder->path() / "restored";
    std::filesystem::create_directories(folder);
    const auto kept = (folder / "kept.jsonl").string(), path = (folder / "restored.db").string();
    const auto backup = say({"--json", "backup", "early.db"});
    ASSERT_EQ(backup.code, 0) << backup.err;
    const auto answer = json::Document::parse(backup.out);
    ASSERT_TRUE(answer);
    const auto events = (*answer)["eventCount"].integerOr(0);
    storage::Checkpoint later;
    later.number = 1;
    later.size = events + 5;
    later.time = "2026-01-05T14:30:00.000000Z";
    later.signature = std::string(128, '0');
    ASSERT_TRUE(storage::appendCheckpoint(kept, later));
    const auto restored =
        say({"restore", std::string((*answer)["path"].stringOr({})), path, "--checkpoints", kept});
    EXPECT_EQ(restored.code, 0) << restored.err;
    EXPECT_TRUE(storage::readCheckpoints(kept)->empty());
    EXPECT_TRUE(std::filesystem::exists(kept + ".before-restore"));
}

TEST_F(CheckpointsElsewhere, AreRefusedWhereTheirDiskIsMissing)
{
    auto arguments = s_stage->backendArguments({"data-dir"});
    std::erase_if(arguments, [](const auto& option) {
        return option.starts_with("--storage-checkpoint-file");
    });
    const auto missing = (s_folder->path() / "no-disk/heads.jsonl").string();
    arguments.push_back("--storage-checkpoint-file=" + missing);
    arguments.push_back("--data-dir=" + (s_folder->path() / "fresh").string());
    const auto child = s_stage->run("missing", s_stage->programs().backend, arguments);
    const auto exit = child->waitFor(60s);
    ASSERT_TRUE(exit);
    EXPECT_NE(exit->code, 0);
    EXPECT_NE(child->errors().find("storage.checkpoint_file"), std::string::npos) << child->errors();
    EXPECT_FALSE(std::filesystem::exists(s_folder->path() / "no-disk")) << "it was made on this disk";
}

} // namespace
} // namespace qd::drills
