#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/identity/migrations.h"
#include "services/identity/sessions.h"
#include "tests/support/captured_log.h"
#include "tests/support/sim_world.h"
#include "tests/support/temp_dir.h"

namespace qd::test {

/// A real database on the executors of a world in virtual time, with one account in it, and ways to
/// stop and start the program that uses it.
class IdentityWorld {
public:
    IdentityWorld();
    ~IdentityWorld();

    /// The program ends, as killed, and what follows is a new one on the same file.
    void restart();
    /// Ask something that answers through `then`, and wait for the answer.
    template <typename Answer, typename Ask>
    Answer wait(Ask ask)
    {
        std::optional<Answer> answer;
        ask([&](Answer given) { answer.emplace(std::move(given)); });
        world.runUntil([&] { return answer.has_value(); });
        QD_ASSERT(answer.has_value());
        return std::move(*answer);
    }
    Result<std::int64_t> write(const storage::Writer::Work& work);
    /// As the log has them, oldest first.
    std::vector<storage::Event> events(std::string_view kind);
    std::string databaseText() const; ///< every byte of the database and its write-ahead log
    storage::Database reader() const;
    UserId addUser(const std::string& name, Roles roles);

    static std::shared_ptr<const identity::TokenKey> keyOf(char letter);

    SimWorld world;
    std::unique_ptr<SimProcess> process;
    std::unique_ptr<storage::Writer> writer;
    std::shared_ptr<const identity::TokenKey> key = keyOf('k');
    runtime::SeededRandom random{7};
    CapturedLog log;
    SimExecutor& core() { return process->executor("core"); }

private:
    void start();
    TempDir m_folder;
};

} // namespace qd::test
