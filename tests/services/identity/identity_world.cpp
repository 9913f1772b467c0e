#include "tests/services/identity/identity_world.h"

namespace qd::test {

IdentityWorld::IdentityWorld()
{
    start();
}

IdentityWorld::~IdentityWorld()
{
    process->kill();
}

void IdentityWorld::start()
{
    process = std::make_unique<SimProcess>(world);
    auto database = storage::Database::open((m_folder / "identity.db").string(),
                                            storage::Durability::Off);
    QD_ASSERT(database.has_value());
    QD_ASSERT(storage::migrateAll(
                  *database, {storage::storageMigrations(), identity::identityMigrations()})
                  .has_value());
    auto opened = storage::Writer::open(std::move(*database), process->executor("db"), {});
    QD_ASSERT(opened.has_value());
    writer = std::move(*opened);
}

void IdentityWorld::restart()
{
    process->kill();
    writer.reset();
    start();
}

Result<std::int64_t> IdentityWorld::write(const storage::Writer::Work& work)
{
    return wait<Result<std::int64_t>>(
        [&](auto then) { writer->submit(work, core(), std::move(then)); });
}

storage::Database IdentityWorld::reader() const
{
    return storage::Database::openReadOnly((m_folder / "identity.db").string()).value();
}

std::vector<storage::Event> IdentityWorld::events(std::string_view kind)
{
    auto database = reader();
    auto all = storage::readEvents(database, 0, 100'000).value();
    std::erase_if(all, [&](const storage::Event& event) { return event.kind != kind; });
    return all;
}

std::string IdentityWorld::databaseText() const
{
    return readFile(m_folder / "identity.db") + readFile(m_folder / "identity.db-wal");
}

UserId IdentityWorld::addUser(const std::string& name, Roles roles)
{
    const UserId user(random.uuidV4());
    const auto done = write([&](storage::Transaction& transaction) -> Result<void> {
        auto statement = transaction.database().prepare(
            "INSERT INTO identity_users VALUES(?1, ?2, ?2, ?3, '', 1, 0, ?4)");
        QD_ASSERT(statement.has_value());
        return statement->bind(1, user.text())
            .bind(2, name + "@example.org")
            .bind(3, roles.toString())
            .bind(4, world.now())
            .run();
    });
    QD_ASSERT(done.has_value());
    return user;
}

std::shared_ptr<const identity::TokenKey> IdentityWorld::keyOf(char letter)
{
    return std::make_shared<const identity::TokenKey>(runtime::Secret(std::string(32, letter)),
                                                      runtime::Secret(std::string(32, 'p')));
}

} // namespace qd::test
