#pragma once

#include <memory>
#include <string>
#include <utility>

#include "services/exchange/keeping.h"
#include "services/runtime/random.h"
#include "services/storage/database.h"

namespace qd::sandbox {

/// The file that a venue's accounts, orders and executions live in, so that a paper account outlasts
/// the program. A save is on the disk when it returns. One thread.
class VenueArchive {
public:
    /// Ended orders and executions kept at each opening; the oldest beyond are deleted.
    static constexpr std::int64_t kOrdersKept = 50'000;
    static constexpr std::int64_t kExecutionsKept = 100'000;

    /// Opens or creates. Fails with: Unavailable "sandbox.archive_in_use" (another venue's), and as
    /// storage::Database and its migrations do.
    static Result<std::unique_ptr<VenueArchive>> open(const std::string& path,
                                                      runtime::Random& random);

    /// A UUID made with the file: who knows this venue's orders knows them by it.
    const std::string& world() const { return m_world; }
    /// How many times it has been opened, this one included: seeds what must not repeat itself.
    std::uint64_t openings() const { return m_openings; }

    /// For what belongs to the same world and has tables of its own.
    storage::Database& database() { return m_database; }

    /// Everything that was saved. Fails with: Corrupt "sandbox.archive".
    Result<exchange::KeptVenue> load();
    /// All of it or nothing.
    Result<void> save(const exchange::KeptVenue& changes);

    /// Delete the file with all that belongs to it; nobody may have it open.
    static void remove(const std::string& path);

private:
    /// Held while the file is open: two venues in one file would undo each other's changes.
    class Claim {
    public:
        explicit Claim(const std::string& path);
        ~Claim();
        Claim(Claim&& other) noexcept : m_file(std::exchange(other.m_file, -1)) {}
        Claim& operator=(Claim&&) = delete;
        bool isHeld() const { return m_file >= 0; }

    private:
        int m_file = -1;
    };
    VenueArchive(Claim claim, storage::Database database)
        : m_claim(std::move(claim)), m_database(std::move(database))
    {
    }

    Result<void> begin(runtime::Random& random);
    Result<void> prune();
    Result<void> note(std::string_view key, std::string_view value);
    Result<std::string> noted(std::string_view key);
    Result<void> write(const exchange::KeptVenue& changes);

    Claim m_claim;
    storage::Database m_database;
    std::string m_world;
    std::uint64_t m_openings = 0;
};

} // namespace qd::sandbox
