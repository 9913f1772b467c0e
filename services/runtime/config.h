#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "models/base/result.h"
#include "services/runtime/secret.h"

namespace qd::runtime {

enum class SettingType { Text, Secret, Integer, Boolean, Duration, Path, Url, List };

/// One setting, declared as data: from this come parsing, checking, `--help` and the documentation.
struct Setting {
    std::string key = {};  ///< "alpaca.key_id": TOML path; env QUARTERDECK_ALPACA_KEY_ID; --alpaca-key-id
    SettingType type = SettingType::Text;
    std::string help = {}; ///< one sentence, with the unit and the range
    std::optional<std::string> defaultValue = {}; ///< none and `required` false: may stay unset
    bool required = false;
    std::optional<std::int64_t> min = {}, max = {}; ///< Integer (and Duration, in ms)
    std::vector<std::string> allowed = {}; ///< Text: the only values taken; empty = any
};

/// One thing wrong with the configuration.
struct ConfigProblem {
    std::string key;
    std::string reason; ///< "is required", "expected an integer 1 … 65535, was \"abc\""
    std::string remedy; ///< "set alpaca.key_id in FILE, QUARTERDECK_ALPACA_KEY_ID or --alpaca-key-id"
};
/// All problems as lines for people.
std::string describe(const std::vector<ConfigProblem>& problems);

/// The program's settings: defaults < TOML file < environment < command line. Immutable.
class Config {
public:
    struct Sources {
        std::optional<std::string> file; ///< path of a TOML file; must exist if given
        std::map<std::string, std::string> environment;
        std::vector<std::string> arguments; ///< without the program name
        std::string environmentPrefix = "QUARTERDECK_";
        /// What `main` was given, and the environment. `--config FILE` (or `--config=FILE`, else
        /// QUARTERDECK_CONFIG) becomes `file` and is taken out of the arguments.
        static Sources ofProcess(int argc, const char* const* argv);
        /// Was `--help` or `-h` given? Then print `help` and leave; `load` ignores it.
        bool wantsHelp() const;
    };
    /// Reads everything, checks everything, and returns **all** problems at once: unknown keys (with
    /// the nearest known one), wrong types, out of range, missing, unreadable or malformed file.
    /// An environment variable with the prefix that names no setting is a problem only when it is
    /// almost one (a typing error): other programs share the prefix. A secret that is set must not be
    /// empty. Problems never quote the value of a Secret.
    /// `crossCheck` finds what no single setting shows; it sees the settings that are sound (ask
    /// `has` first), and what it finds is told together with the rest, a key once.
    using CrossCheck = std::function<std::vector<ConfigProblem>(const Config&)>;
    static tl::expected<Config, std::vector<ConfigProblem>>
    load(const std::vector<Setting>& settings, const Sources& sources, const CrossCheck& crossCheck = {});
    /// `--help` text from the same declarations.
    static std::string help(const std::vector<Setting>& settings);

    bool has(const std::string& key) const;
    /// The key must be declared with that type and set (or defaulted); else a broken promise.
    const std::string& text(const std::string& key) const; ///< Text, Path or Url
    Secret secret(const std::string& key) const;
    std::int64_t integer(const std::string& key) const;
    bool boolean(const std::string& key) const;
    std::chrono::milliseconds duration(const std::string& key) const; ///< "250ms", "5s", "2m", "1h"
    std::vector<std::string> list(const std::string& key) const; ///< "a, b": trimmed, none empty
    /// Where a value came from: "default", "file", "environment", "argument".
    std::string origin(const std::string& key) const;
    /// Every set value with its origin, for the `config` health check and a start-up log line;
    /// secrets as "***".
    struct Entry {
        std::string key, text, origin;
    };
    std::vector<Entry> entries() const;

private:
    struct Value {
        SettingType type;
        std::string text;
        std::string origin;
    };
    const Value& valueOf(const std::string& key, std::initializer_list<SettingType> types) const;

    std::map<std::string, Value> m_values;
};

} // namespace qd::runtime
