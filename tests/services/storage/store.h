#pragma once

#include <future>
#include <string>

#include <gtest/gtest.h>

#include "services/storage/writer.h"
#include "tests/support/temp_dir.h"

namespace qd::storage::test {

/// A table to write to, beside the log.
MigrationSet noteTables();

/// A migrated database in the file.
Database openStore(const std::string& path);

/// A work that stores a note and its event; the note's number must be new.
Writer::Work noteWork(std::int64_t number);
Event noteEvent(std::int64_t number);

/// `count` notes with their events, in one transaction.
void fill(const std::string& path, std::int64_t count);

std::int64_t countOf(Database& database, std::string_view table);

template <typename T>
void expectOk(const Result<T>& result)
{
    EXPECT_TRUE(result.has_value()) << (result ? std::string() : describe(result.error()));
}

template <typename T>
std::string codeOf(const Result<T>& result)
{
    return result ? "ok" : result.error().code;
}

} // namespace qd::storage::test
