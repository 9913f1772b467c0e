#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "services/vault/vault.h"
#include "tests/support/captured_log.h"
#include "tests/support/sim_world.h"
#include "tests/support/temp_dir.h"

namespace qd::vault::test {

template <typename T>
std::string codeOf(const Result<T>& result)
{
    return result ? "ok" : result.error().code;
}

inline const SecretName kBrokerKey{"alpaca/paper/key", "system", "broker-key"};
inline const By kOwner{"user:owner", {}};

/// A vault with its real database and key file, in a process in virtual time that can be killed and
/// started again on what is on the disk.
class VaultWorld {
public:
    VaultWorld() { settings.readFault = [this] { return storeAnswers; }; }
    ~VaultWorld() { crash(); }

    /// Opens database, writer and vault; what the vault's start says.
    Result<void> boot();
    void start();
    /// kill -9 at this moment.
    void crash();

    /// Each runs the world until the answer is there. "no answer" as a code: there was none.
    Result<void> put(const SecretName& name, std::string_view value);
    Result<void> remove(const SecretName& name);
    Result<void> replace(const SecretName& name, std::string_view value, Vault::Tester tester);
    Result<void> renewDataKey(const SecretName& name);
    Result<void> rotate();
    /// The value, or the code of the error.
    std::string read(const SecretName& name);
    /// As `read`, from the store.
    std::string readCold(const SecretName& name);

    /// Runs SQL behind the vault's back.
    void tamper(const std::string& sql);
    /// Runs SQL on the writer's own connection.
    void onWriter(const std::string& sql);
    /// First column of the first row, as text or bytes.
    std::string query(const std::string& sql);
    /// Is the writer's executor at work now?
    bool isOnWriter() { return m_process && m_process->executor("db").isCurrent(); }
    /// Events of a kind.
    int events(std::string_view kind);

    std::string databasePath() const { return (folder / "store.db").string(); }
    std::string keyPath() const { return (folder / "vault.key").string(); }
    Vault& vault() { return *m_vault; }
    storage::Writer& writer() { return *m_writer; }

    qd::test::TempDir folder;
    qd::test::SimWorld world;
    qd::test::CapturedLog log;
    runtime::SeededRandom random{20260105};
    std::unique_ptr<MasterKeys> keys = keysInFile((folder / "vault.key").string());
    Settings settings;
    storage::WriterOptions writerOptions;
    Result<void> storeAnswers; ///< what the store says to a read
    bool asksKeysAside = false; ///< from the next start on, on an executor of its own

private:
    using Ask = std::function<void(Vault::Then)>;
    Result<void> await(const Ask& ask);

    std::unique_ptr<qd::test::SimProcess> m_process;
    std::unique_ptr<storage::Writer> m_writer;
    std::unique_ptr<Vault> m_vault;
};

class VaultTest : public ::testing::Test {
protected:
    VaultWorld box;
};

} // namespace qd::vault::test
