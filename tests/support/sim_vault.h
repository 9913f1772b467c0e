#pragma once

#include <memory>
#include <optional>
#include <string>

#include "services/vault/vault.h"
#include "tests/support/captured_log.h"
#include "tests/support/sim_world.h"
#include "tests/support/temp_dir.h"

namespace qd::test {

/// A vault with its real database and key file on the executors of a world in virtual time, for
/// rooms that keep something in it.
class SimVault {
public:
    explicit SimVault(SimWorld& world, vault::Settings settings = {})
        : core(world, "core"), m_world(world), m_db(world, "db")
    {
        auto database = storage::Database::open(databasePath(), storage::Durability::Off);
        QD_ASSERT(database.has_value());
        QD_ASSERT(
            storage::migrateAll(*database, {storage::storageMigrations(), vault::vaultMigrations()})
                .has_value());
        auto writer = storage::Writer::open(std::move(*database), m_db, {});
        QD_ASSERT(writer.has_value());
        m_writer = std::move(*writer);
        settings.readFault = [this] { return storeAnswers; };
        m_vault = std::make_unique<vault::Vault>(
            vault::Vault::Dependencies{*m_writer, databasePath(), core, m_random, *m_keys,
                                       observability::Logger(log, core.clock(), "vault")},
            std::move(settings));
    }
    ~SimVault()
    {
        core.kill();
        m_db.kill();
    }
    SimVault(const SimVault&) = delete;
    SimVault& operator=(const SimVault&) = delete;

    /// Opens it, and waits until it is open.
    void open()
    {
        std::optional<Result<void>> opened;
        m_vault->start([&](Result<void> result) { opened = std::move(result); });
        m_world.runUntil([&] { return opened.has_value(); });
        QD_ASSERT(opened && opened->has_value());
    }
    vault::Vault& operator*() { return *m_vault; }
    vault::Vault* operator->() { return m_vault.get(); }
    storage::Writer& writer() { return *m_writer; }
    std::string databasePath() const { return (m_folder / "vault.db").string(); }
    /// Runs SQL behind the vault's back.
    void tamper(const std::string& sql)
    {
        auto database = storage::Database::open(databasePath(), storage::Durability::Off);
        QD_ASSERT(database.has_value());
        QD_ASSERT(database->execute("PRAGMA foreign_keys=OFF;" + sql).has_value());
    }

    /// From now on nothing that is written gets an answer.
    void stallDisk() { m_db.kill(); }

    SimExecutor core;
    CapturedLog log;
    Result<void> storeAnswers; ///< what the store says to a read

private:
    SimWorld& m_world;
    SimExecutor m_db;
    TempDir m_folder;
    runtime::SeededRandom m_random{20260105};
    std::unique_ptr<vault::MasterKeys> m_keys =
        vault::keysInFile((m_folder / "vault.key").string());
    std::unique_ptr<storage::Writer> m_writer;
    std::unique_ptr<vault::Vault> m_vault;
};

} // namespace qd::test
