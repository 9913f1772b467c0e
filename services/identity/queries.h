#pragma once

#include <string_view>
#include <utility>

#include "services/storage/database.h"

namespace qd::identity {

/// Runs a statement without rows, with its values bound in order.
template <typename... Values>
Result<void> execute(storage::Database& database, std::string_view sql, const Values&... values)
{
    auto statement = database.prepare(sql);
    if (!statement) return tl::unexpected(statement.error());
    int index = 0;
    static_cast<void>(index);
    (statement->bind(++index, values), ...);
    return statement->run();
}

/// Calls `row` with the statement for each of its rows.
template <typename Row, typename... Values>
Result<void> forEachRow(storage::Database& database, std::string_view sql, Row&& row,
                        const Values&... values)
{
    auto statement = database.prepare(sql);
    if (!statement) return tl::unexpected(statement.error());
    int index = 0;
    static_cast<void>(index);
    (statement->bind(++index, values), ...);
    for (;;) {
        const auto found = statement->step();
        if (!found) return tl::unexpected(found.error());
        if (!*found) return {};
        row(std::as_const(*statement));
    }
}

/// The number in the first row; 0 without one.
template <typename... Values>
Result<std::int64_t> numberOf(storage::Database& database, std::string_view sql,
                              const Values&... values)
{
    std::int64_t number = 0;
    const auto read = forEachRow(
        database, sql, [&](const storage::Statement& row) { number = row.integer(0); }, values...);
    if (!read) return tl::unexpected(read.error());
    return number;
}

/// Do `writes`, and take them back unless they are meant: at one cost, so that the time of an answer
/// does not tell which it was. Events cannot be taken back.
template <typename Writes>
Result<void> doAsIf(storage::Database& database, bool isMeant, Writes&& writes)
{
    if (auto begun = database.execute("SAVEPOINT as_if"); !begun) return begun;
    if (auto done = writes(); !done) return done; // the work's own savepoint undoes both
    return database.execute(isMeant ? "RELEASE as_if" : "ROLLBACK TO as_if; RELEASE as_if");
}

} // namespace qd::identity
