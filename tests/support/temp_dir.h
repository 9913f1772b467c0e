#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace qd::test {

/// A new empty directory, removed with all that is in it when this object ends.
class TempDir {
public:
    TempDir();
    ~TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    const std::filesystem::path& path() const { return m_path; }
    std::filesystem::path operator/(std::string_view name) const { return m_path / name; }
    /// Write `text` to the file `name` and return its path.
    std::string write(std::string_view name, std::string_view text) const;

private:
    std::filesystem::path m_path;
};

/// The whole file; empty if it cannot be read.
std::string readFile(const std::filesystem::path& path);

} // namespace qd::test
