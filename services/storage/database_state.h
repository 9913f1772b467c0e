#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "services/storage/database.h"

namespace qd::storage {

/// Bytes of bound values that a cached statement keeps without an allocation.
inline constexpr std::size_t kScratchSize = 4'096;

/// Lets a cache of strings be asked with a view.
struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const
    {
        return std::hash<std::string_view>{}(text);
    }
};

/// A compiled statement that waits for its next use.
struct Cached {
    sqlite3_stmt* handle = nullptr;
    bool inUse = false;
    std::unique_ptr<char[]> scratch;
};

/// Statements by their text; a node keeps its place, so that a Statement may point into it.
using StatementCache = std::unordered_map<std::string, Cached, TextHash, std::equal_to<>>;

/// The statements asked for last, by where their text lies: nearly all texts are literals, and
/// hashing a long one costs as much as binding a row.
class RecentStatements {
public:
    /// Null if it is not among them. `text` may lie elsewhere than it did; it is compared.
    StatementCache::value_type* find(std::string_view text) const
    {
        StatementCache::value_type* const known = m_places[placeOf(text)];
        return known != nullptr && known->first == text ? known : nullptr;
    }
    void note(std::string_view text, StatementCache::value_type& statement)
    {
        m_places[placeOf(text)] = &statement;
    }

private:
    static constexpr std::size_t kPlaces = 64;
    static std::size_t placeOf(std::string_view text)
    {
        const auto address = reinterpret_cast<std::uintptr_t>(text.data());
        return (address >> 3 ^ address >> 9) % kPlaces;
    }
    std::array<StatementCache::value_type*, kPlaces> m_places{};
};

/// The connection itself; shared by database.cpp and statement.cpp.
struct Database::State {
    std::string path;
    sqlite3* handle = nullptr;
    StatementCache cache; ///< nothing is taken out, so nodes may be pointed to
    RecentStatements recent;
    int walPages = 0; ///< after the last commit; counted once the log is left to others
    int lockFd = -1; ///< holds the shared lock on "<path>-lock"

    /// The statement of exactly this text; null if it has not been kept.
    StatementCache::value_type* cached(std::string_view text);

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State();
};

} // namespace qd::storage
