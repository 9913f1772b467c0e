#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "services/storage/database.h"

namespace qd::storage {

/// Bytes of bound values that a cached statement keeps without an allocation.
inline constexpr std::size_t kScratchSize = 1'024;

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

/// The connection itself; shared by database.cpp and statement.cpp.
struct Database::State {
    std::string path;
    sqlite3* handle = nullptr;
    StatementCache cache;
    int lockFd = -1; ///< holds the shared lock on "<path>-lock"

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State();
};

} // namespace qd::storage
