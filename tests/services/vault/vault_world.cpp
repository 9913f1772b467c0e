#include "tests/services/vault/vault_world.h"

namespace qd::vault::test {

Result<void> VaultWorld::boot()
{
    crash();
    m_process = std::make_unique<qd::test::SimProcess>(world);
    auto database = storage::Database::open(databasePath(), storage::Durability::Off);
    QD_ASSERT(database.has_value());
    const auto migrated =
        storage::migrateAll(*database, {storage::storageMigrations(), vaultMigrations()});
    QD_ASSERT(migrated.has_value());
    auto writer = storage::Writer::open(std::move(*database), m_process->executor("db"),
                                        writerOptions);
    QD_ASSERT(writer.has_value());
    m_writer = std::move(*writer);
    auto& core = m_process->executor("core");
    m_vault = std::make_unique<Vault>(
        Vault::Dependencies{*m_writer, databasePath(), core, random, *keys,
                            observability::Logger(log, core.clock(), "vault"),
                            asksKeysAside ? &m_process->executor("keys") : nullptr},
        settings);
    return await([this](Vault::Then then) { m_vault->start(std::move(then)); });
}

void VaultWorld::start()
{
    const auto booted = boot();
    if (!booted) promiseBroken(describe(booted.error()).c_str(), __FILE__, __LINE__);
}

void VaultWorld::crash()
{
    if (m_process) m_process->kill();
    m_vault.reset();
    m_writer.reset();
}

Result<void> VaultWorld::await(const Ask& ask)
{
    const auto answer = std::make_shared<std::optional<Result<void>>>();
    ask([answer](Result<void> result) { *answer = std::move(result); });
    world.runUntil([&] { return answer->has_value(); });
    return answer->value_or(fail(ErrorKind::Unavailable, "no answer", "the world stands still"));
}

Result<void> VaultWorld::put(const SecretName& name, std::string_view value)
{
    return await([&](Vault::Then then) {
        m_vault->put(name, runtime::Secret(std::string(value)), kOwner, std::move(then));
    });
}

Result<void> VaultWorld::remove(const SecretName& name)
{
    return await([&](Vault::Then then) { m_vault->remove(name, kOwner, std::move(then)); });
}

Result<void> VaultWorld::replace(const SecretName& name, std::string_view value,
                                 Vault::Tester tester)
{
    return await([&](Vault::Then then) {
        m_vault->replace(name, runtime::Secret(std::string(value)), std::move(tester), kOwner,
                         std::move(then));
    });
}

Result<void> VaultWorld::renewDataKey(const SecretName& name)
{
    return await([&](Vault::Then then) { m_vault->renewDataKey(name, kOwner, std::move(then)); });
}

Result<void> VaultWorld::rotate()
{
    return await([&](Vault::Then then) { m_vault->rotateMasterKey(kOwner, std::move(then)); });
}

std::string VaultWorld::read(const SecretName& name)
{
    const auto secret = m_vault->read(name, kOwner);
    return secret ? std::string(secret->revealForUse()) : secret.error().code;
}

std::string VaultWorld::readCold(const SecretName& name)
{
    world.run(settings.freshFor + std::chrono::seconds(1));
    return read(name);
}

void VaultWorld::tamper(const std::string& sql)
{
    auto database = storage::Database::open(databasePath(), storage::Durability::Off);
    QD_ASSERT(database.has_value());
    const auto done = database->execute("PRAGMA foreign_keys=OFF;" + sql);
    if (!done) promiseBroken(describe(done.error()).c_str(), __FILE__, __LINE__);
}

void VaultWorld::onWriter(const std::string& sql)
{
    const auto done = await([&](const Vault::Then& then) {
        m_writer->submit(
            [sql](storage::Transaction& transaction) {
                return transaction.database().execute(sql);
            },
            m_process->executor("core"), [then](const Result<std::int64_t>& outcome) {
                then(outcome.map([](std::int64_t) {}));
            });
    });
    QD_ASSERT(done.has_value());
}

std::string VaultWorld::query(const std::string& sql)
{
    auto database = storage::Database::openReadOnly(databasePath());
    QD_ASSERT(database.has_value());
    auto statement = database->prepare(sql);
    QD_ASSERT(statement.has_value());
    const auto row = statement->step();
    QD_ASSERT(row.has_value());
    return *row ? std::string(statement->text(0)) : std::string();
}

int VaultWorld::events(std::string_view kind)
{
    return std::stoi(query("SELECT count(*) FROM events WHERE kind = '" + std::string(kind) + "'"));
}

} // namespace qd::vault::test
