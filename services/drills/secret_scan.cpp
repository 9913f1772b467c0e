#include "services/drills/secret_scan.h"

#include <filesystem>
#include <regex>
#include <sstream>

#include "services/drills/child.h"
#include "services/json/json.h"

namespace qd::drills {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSecretMin = 8; ///< shorter texts prove nothing

struct Known {
    std::string value, what;
};

/// Files whose purpose is to hold a secret, each readable by its owner only.
bool holdsSecrets(const fs::path& path)
{
    const auto name = path.filename().string();
    return name.ends_with(".token") || name.starts_with("credentials") || name.ends_with(".key");
}

void learn(const fs::path& path, std::vector<Known>& secrets)
{
    auto text = slurp(path.string());
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    if (path.extension() == ".token" && text.size() >= kSecretMin)
        secrets.push_back({text, "owner token"});
    if (text.starts_with("quarterdeck-vault-key")) { // a line a key: its id and the key
        std::istringstream lines(text);
        std::string line, id, key;
        std::getline(lines, line);
        while (lines >> id >> key) secrets.push_back({key, "master key"});
        return;
    }
    const auto document = json::Document::parse(text);
    if (!document) return;
    for (const auto& [name, value] : document->root().members())
        if (const auto word = std::string(value.stringOr({})); word.size() >= kSecretMin)
            if (name != "account") secrets.push_back({word, std::string(name)});
}

void scanText(const std::string& file, const std::string& text, const std::vector<Known>& secrets,
              ScanResult& result)
{
    for (const auto& secret : secrets)
        if (text.find(secret.value) != std::string::npos)
            result.leaks.push_back({file, secret.what});
    // Secrets of other runs and other brokers have no known value, but a known shape.
    static const std::regex kShapes(
        R"(Bearer [A-Za-z0-9+/=_-]{16,}|APCA-API-SECRET-KEY: ?[A-Za-z0-9]{8,}|"secret_?[kK]ey" ?: ?"[^"*]{8,}")");
    const bool isText = file.ends_with(".log") || file.ends_with(".out") || file.ends_with(".err");
    if (isText && std::regex_search(text, kShapes))
        result.leaks.push_back({file, "a text with the shape of a secret"});
}

} // namespace

ScanResult scanForSecrets(const std::string& folder)
{
    std::vector<fs::path> files;
    std::vector<Known> secrets;
    std::error_code error;
    for (auto at = fs::recursive_directory_iterator(folder, error);
         !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
        if (!at->is_regular_file(error)) continue;
        if (holdsSecrets(at->path()))
            learn(at->path(), secrets);
        else
            files.push_back(at->path());
    }
    ScanResult result;
    result.secrets = secrets.size();
    for (const auto& path : files) {
        const auto text = slurp(path.string());
        ++result.files;
        result.bytes += text.size();
        scanText(path.filename().string(), text, secrets, result);
    }
    return result;
}

} // namespace qd::drills
