#include <algorithm>
#include <utility>

#include <sqlite3.h>

#include "services/storage/database_state.h"
#include "services/storage/sqlite_error.h"

namespace qd::storage {

Statement::Statement(Database::State* owner, sqlite3_stmt* handle, std::string_view key,
                     char* scratch)
    : m_owner(owner), m_handle(handle), m_key(key), m_scratch(scratch)
{
}

Statement::Statement(Statement&& other) noexcept
    : m_owner(other.m_owner), m_handle(std::exchange(other.m_handle, nullptr)), m_key(other.m_key),
      m_scratch(other.m_scratch), m_scratchUsed(other.m_scratchUsed)
{
}

Statement::~Statement()
{
    if (m_handle == nullptr) return;
    if (m_key.empty()) {
        sqlite3_finalize(m_handle);
        return;
    }
    sqlite3_reset(m_handle);
    sqlite3_clear_bindings(m_handle);
    m_owner->cached(m_key)->second.inUse = false;
}

// SQLite's own copy costs an allocation a value; small ones are kept beside the statement instead.
void Statement::bindBytes(int index, std::string_view bytes, bool isText)
{
    // A null pointer would bind NULL instead of the empty value.
    const char* data = bytes.data() == nullptr ? "" : bytes.data();
    sqlite3_destructor_type lifetime = SQLITE_TRANSIENT;
    if (m_scratch != nullptr && bytes.size() <= kScratchSize - m_scratchUsed) {
        char* const kept = m_scratch + m_scratchUsed;
        std::copy_n(data, bytes.size(), kept);
        m_scratchUsed += bytes.size();
        data = kept;
        lifetime = SQLITE_STATIC;
    }
    const int code =
        isText ? sqlite3_bind_text64(m_handle, index, data, bytes.size(), lifetime, SQLITE_UTF8)
               : sqlite3_bind_blob64(m_handle, index, data, bytes.size(), lifetime);
    QD_ASSERT(code == SQLITE_OK);
}

Statement& Statement::bind(int index, std::string_view text)
{
    bindBytes(index, text, /*isText=*/true);
    return *this;
}

Statement& Statement::bind(int index, std::int64_t value)
{
    const int code = sqlite3_bind_int64(m_handle, index, value);
    QD_ASSERT(code == SQLITE_OK);
    return *this;
}

Statement& Statement::bind(int index, Decimal value)
{
    return bind(index, std::string_view(value.toString()));
}

Statement& Statement::bind(int index, const Money& value)
{
    return bind(index, std::string_view(value.toString()));
}

Statement& Statement::bind(int index, Timestamp value)
{
    return bind(index, value.nanos());
}

Statement& Statement::bindBlob(int index, std::string_view bytes)
{
    bindBytes(index, bytes, /*isText=*/false);
    return *this;
}

Statement& Statement::bindNull(int index)
{
    const int code = sqlite3_bind_null(m_handle, index);
    QD_ASSERT(code == SQLITE_OK);
    return *this;
}

Result<bool> Statement::step()
{
    const int code = sqlite3_step(m_handle);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) {
        sqlite3_reset(m_handle); // ends the read transaction: a forgotten one stops the WAL's restart
        return false;
    }
    auto error = sqliteError(code, m_owner->handle, m_owner->path, sqlite3_sql(m_handle));
    sqlite3_reset(m_handle);
    return error;
}

Result<void> Statement::run()
{
    const auto row = step();
    if (!row) return tl::unexpected(row.error());
    sqlite3_reset(m_handle);
    return {};
}

std::string_view Statement::text(int column) const
{
    // sqlite3_column_blob gives the same bytes as _text for TEXT and BLOB, without conversion.
    const auto* data = static_cast<const char*>(
        sqlite3_column_type(m_handle, column) == SQLITE_BLOB
            ? sqlite3_column_blob(m_handle, column)
            : static_cast<const void*>(sqlite3_column_text(m_handle, column)));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(m_handle, column))};
}

std::int64_t Statement::integer(int column) const
{
    return sqlite3_column_int64(m_handle, column);
}

bool Statement::isNull(int column) const
{
    return sqlite3_column_type(m_handle, column) == SQLITE_NULL;
}

} // namespace qd::storage
