#include "tests/support/temp_dir.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "models/base/result.h"

namespace qd::test {

TempDir::TempDir()
{
    std::string pattern = (std::filesystem::temp_directory_path() / "quarterdeck-XXXXXX").string();
    QD_ASSERT(mkdtemp(pattern.data()) != nullptr);
    m_path = pattern;
}

TempDir::~TempDir()
{
    std::error_code ignored;
    std::filesystem::remove_all(m_path, ignored);
}

std::string TempDir::write(std::string_view name, std::string_view text) const
{
    const auto path = m_path / name;
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
}

std::string readFile(const std::filesystem::path& path)
{
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

} // namespace qd::test
