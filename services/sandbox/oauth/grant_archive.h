#pragma once

#include "services/sandbox/oauth/grant_book.h"
#include "services/storage/database.h"

namespace qd::sandbox::oauth {

/// Where grants outlast the program: tables of their own in the file of the venue that takes the tokens.
/// A save is on the disk when it returns. The venue's thread.
class GrantArchive {
public:
    /// Makes the tables. `database` outlives it. Fails as storage::migrate does.
    static Result<GrantArchive> open(storage::Database& database);

    /// Everything that was saved and whose time is not up; the rest is deleted. Fails with: Corrupt
    /// "sandbox.archive", and as the database does.
    Result<KeptGrants> load(Timestamp now);
    /// All of it or nothing.
    Result<void> save(const KeptGrants& changes);

private:
    explicit GrantArchive(storage::Database& database) : m_database(&database) {}

    Result<void> prune(Timestamp now);
    Result<void> loadGrants(KeptGrants& kept);
    Result<void> loadTickets(KeptGrants& kept);
    Result<void> write(const KeptGrants& changes);
    Result<void> writeGrant(std::int64_t number, const Grant& grant);
    Result<void> writeTicket(const std::string& fingerprint, const Ticket& ticket);
    Result<void> forget(std::int64_t grant);

    storage::Database* m_database;
};

} // namespace qd::sandbox::oauth
