#include "services/storage/database.h"

#include <sys/stat.h>

#include <fstream>

#include "services/storage/identity.h"
#include "tests/services/storage/store.h"

namespace qd::storage::test {
namespace {

std::string pragma(Database& database, const std::string& name)
{
    auto statement = database.prepare("PRAGMA " + name);
    QD_ASSERT(statement.has_value() && statement->step().value_or(false));
    return std::string(statement->text(0));
}

class DatabaseTest : public ::testing::Test {
protected:
    qd::test::TempDir m_folder;
    std::string m_path = (m_folder / "store.db").string();
};

TEST_F(DatabaseTest, CommitsWaitForTheDisk)
{
    auto database = Database::open(m_path);
    ASSERT_TRUE(database.has_value());
    EXPECT_EQ(pragma(*database, "journal_mode"), "wal");
    EXPECT_EQ(pragma(*database, "synchronous"), "2"); // FULL
    EXPECT_EQ(pragma(*database, "foreign_keys"), "1");
}

TEST_F(DatabaseTest, OthersCannotReadTheFile)
{
    const Database database = openStore(m_path);
    for (const char* suffix : {"", "-wal", "-shm"}) {
        struct stat status{};
        ASSERT_EQ(::stat((m_path + suffix).c_str(), &status), 0) << suffix;
        EXPECT_EQ(status.st_mode & 0777, 0600u) << suffix;
    }
}

TEST_F(DatabaseTest, ValuesComeBackAsTheyWere)
{
    auto database = Database::open(":memory:");
    ASSERT_TRUE(database.has_value());
    expectOk(database->execute("CREATE TABLE t(a, b, c, d, e, f)"));
    {
        auto insert = database->prepare("INSERT INTO t VALUES(?,?,?,?,?,?)");
        ASSERT_TRUE(insert.has_value());
        const std::string blob("\0\xff\1", 3);
        insert->bind(1, std::string_view("")).bind(2, std::int64_t{-5}).bind(3, Decimal::of("12.5"));
        expectOk(insert->bind(4, Timestamp::fromNanos(7)).bindBlob(5, blob).bindNull(6).run());
    }
    EXPECT_EQ(database->changes(), 1);
    auto select = database->prepare("SELECT * FROM t");
    ASSERT_TRUE(select.has_value());
    ASSERT_TRUE(select->step().value_or(false));
    EXPECT_FALSE(select->isNull(0));
    EXPECT_EQ(select->text(0), "");
    EXPECT_EQ(select->integer(1), -5);
    EXPECT_EQ(select->text(2), "12.5");
    EXPECT_EQ(select->integer(3), 7);
    EXPECT_EQ(select->text(4), std::string_view("\0\xff\1", 3));
    EXPECT_TRUE(select->isNull(5));
    EXPECT_FALSE(select->step().value_or(true));
}

TEST_F(DatabaseTest, OneTextMayBePreparedTwiceAtOnce)
{
    auto database = Database::open(":memory:");
    ASSERT_TRUE(database.has_value());
    auto outer = database->prepare("SELECT 1 UNION SELECT 2");
    auto inner = database->prepare("SELECT 1 UNION SELECT 2");
    ASSERT_TRUE(outer && inner);
    EXPECT_TRUE(outer->step().value_or(false));
    EXPECT_TRUE(inner->step().value_or(false));
    EXPECT_TRUE(outer->step().value_or(false));
    EXPECT_EQ(outer->integer(0), 2);
    EXPECT_EQ(inner->integer(0), 1);
}

TEST_F(DatabaseTest, ErrorsSayWhichKind)
{
    Database database = openStore(m_path);
    expectOk(database.execute("INSERT INTO notes VALUES(1, 'a')"));
    EXPECT_EQ(codeOf(database.execute("INSERT INTO notes VALUES(1, 'b')")), "storage.constraint");
    EXPECT_EQ(codeOf(database.execute("SELEKT")), "storage.sql");
    EXPECT_EQ(codeOf(Database::open("/nowhere/at/all.db")), "storage.io");
    Database other = openStore(m_path);
    expectOk(database.begin());
    EXPECT_EQ(codeOf(other.begin()), "storage.busy");
    database.rollback();
}

TEST_F(DatabaseTest, AFileThatIsNoDatabaseIsCorruptAndSaysWhatToDo)
{
    std::ofstream(m_path) << std::string(8192, 'x');
    const auto opened = Database::open(m_path);
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().kind, ErrorKind::Corrupt);
    EXPECT_NE(opened.error().detail.find("quarterdeckctl restore"), std::string::npos);
}

TEST_F(DatabaseTest, OverwrittenPagesAreDetected)
{
    fill(m_path, 2'000);
    {
        Database database = openStore(m_path);
        expectOk(database.checkIntegrity());
        expectOk(database.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
    }
    {
        std::fstream file(m_path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(4096 * 20);
        file << std::string(4096 * 4, '\x5a');
    }
    auto database = Database::open(m_path);
    const auto sound = database ? database->checkIntegrity() : tl::unexpected(database.error());
    ASSERT_FALSE(sound.has_value());
    EXPECT_EQ(sound.error().kind, ErrorKind::Corrupt);
}

MigrationSet twoSteps()
{
    return {"room",
            {{1, "first", "CREATE TABLE a(x)", "DROP TABLE a"},
             {2, "second", "CREATE TABLE b(x); INSERT INTO b VALUES(1)", "DROP TABLE b"}}};
}

TEST_F(DatabaseTest, MigrationsGoUpDownAndUpAgain)
{
    auto database = Database::open(m_path);
    ASSERT_TRUE(database.has_value());
    const MigrationSet set = twoSteps();
    expectOk(migrate(*database, set, 2));
    EXPECT_EQ(countOf(*database, "b"), 1);
    expectOk(migrate(*database, set, 1));
    EXPECT_EQ(schemaVersion(*database, "room").value_or(-1), 1);
    EXPECT_EQ(codeOf(database->prepare("SELECT * FROM b")), "storage.sql");
    expectOk(migrate(*database, set, 0));
    expectOk(migrate(*database, set, 2));
    EXPECT_EQ(schemaVersion(*database, "room").value_or(-1), 2);
    EXPECT_EQ(countOf(*database, "b"), 1);
}

TEST_F(DatabaseTest, TheStoresOwnMigrationsGoDownAndUp)
{
    Database database = openStore(m_path);
    expectOk(migrate(database, storageMigrations(), 0));
    EXPECT_EQ(schemaVersion(database, "storage").value_or(-1), 0);
    EXPECT_EQ(schemaVersion(database, "notes").value_or(-1), 1);
    expectOk(migrateAll(database, {storageMigrations()}));
    EXPECT_EQ(countOf(database, "events"), 0);
}

TEST_F(DatabaseTest, ANewerSchemaIsRefused)
{
    auto database = Database::open(m_path);
    ASSERT_TRUE(database.has_value());
    MigrationSet set = twoSteps();
    expectOk(migrate(*database, set, 2));
    set.steps.pop_back();
    EXPECT_EQ(codeOf(migrate(*database, set, 1)), "storage.schema_newer");
}

TEST_F(DatabaseTest, AStepThatWasChangedIsRefused)
{
    auto database = Database::open(m_path);
    ASSERT_TRUE(database.has_value());
    MigrationSet set = twoSteps();
    expectOk(migrate(*database, set, 1));
    set.steps[0].up = "CREATE TABLE a(x, y)";
    EXPECT_EQ(codeOf(migrate(*database, set, 2)), "storage.schema_differs");
}

TEST_F(DatabaseTest, AStepThatFailsLeavesNothing)
{
    auto database = Database::open(m_path);
    ASSERT_TRUE(database.has_value());
    MigrationSet set = twoSteps();
    set.steps[1].up = "CREATE TABLE b(x); INSERT INTO nowhere VALUES(1)";
    EXPECT_FALSE(migrate(*database, set, 2).has_value());
    EXPECT_EQ(schemaVersion(*database, "room").value_or(-1), 1);
    EXPECT_EQ(codeOf(database->prepare("SELECT * FROM b")), "storage.sql");
}

TEST_F(DatabaseTest, AnotherStoreIsNotMistakenForOurs)
{
    Database database = openStore(m_path);
    runtime::SeededRandom random(1);
    const auto id = ensureIdentity(database, random);
    ASSERT_TRUE(id.has_value());
    EXPECT_EQ(ensureIdentity(database, random, *id).value_or(""), *id);
    EXPECT_EQ(codeOf(ensureIdentity(database, random, "another")), "storage.wrong_store");
    Database fresh = openStore((m_folder / "fresh.db").string());
    EXPECT_EQ(codeOf(ensureIdentity(fresh, random, *id)), "storage.wrong_store");
}

} // namespace
} // namespace qd::storage::test
