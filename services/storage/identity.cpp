#include "services/storage/identity.h"

#include <fmt/format.h>

namespace qd::storage {
namespace {

Result<std::string> readIdentity(Database& database)
{
    auto statement = database.prepare("SELECT id FROM store_identity WHERE one=1");
    if (!statement) return tl::unexpected(statement.error());
    const auto row = statement->step();
    if (!row) return tl::unexpected(row.error());
    return *row ? std::string(statement->text(0)) : std::string();
}

} // namespace

Result<std::string> ensureIdentity(Database& database, runtime::Random& random,
                                   std::string_view expected)
{
    auto id = readIdentity(database);
    if (!id) return id;
    if (!expected.empty() && *id != expected) {
        return fail(ErrorKind::Conflict, "storage.wrong_store",
                    fmt::format("expected store {}, but {} is {}; check the configured path",
                                expected, database.path(), id->empty() ? "new" : "store " + *id));
    }
    if (!id->empty()) return id;
    auto statement = database.prepare("INSERT INTO store_identity(one, id) VALUES(1, ?)");
    if (!statement) return tl::unexpected(statement.error());
    const std::string made = random.uuidV4();
    if (const auto stored = statement->bind(1, made).run(); !stored)
        return tl::unexpected(stored.error());
    return made;
}

} // namespace qd::storage
