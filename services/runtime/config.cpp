#include "services/runtime/config.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>
#include <unistd.h>

#include "models/base/whole_number.h"
#include "services/runtime/config_values.h"

namespace qd::runtime {
namespace {

constexpr std::size_t kFileSizeMax = 1 << 20;
constexpr int kTypingErrorsMax = 3;

// One value on its way in, before it is checked.
struct Given {
    std::string text;
    std::string origin;
    std::string place; ///< "FILE", "QUARTERDECK_X" or "--x": where to correct it
};

class Loader {
public:
    Loader(const std::vector<Setting>& settings, const Config::Sources& sources)
        : m_settings(settings), m_sources(sources)
    {
    }

    void takeDefaults();
    void takeFile();
    void takeEnvironment();
    void takeArguments();
    void check();

    std::map<std::string, Given> given;
    std::vector<ConfigProblem> problems;

private:
    const Setting* find(std::string_view key) const;
    void takeTable(const toml::table& table, const std::string& prefix);
    void takeNode(const std::string& key, const toml::node& node);
    std::size_t takeArgument(std::size_t index);
    void reportUnknown(const std::string& name, const std::vector<std::string>& known,
                       const std::string& place);
    void report(std::string key, std::string reason, std::string remedy);
    std::string howToSet(const Setting& setting) const;

    const std::vector<Setting>& m_settings;
    const Config::Sources& m_sources;
};

const Setting* Loader::find(std::string_view key) const
{
    const auto found = std::find_if(m_settings.begin(), m_settings.end(),
                                    [&](const Setting& setting) { return setting.key == key; });
    return found == m_settings.end() ? nullptr : &*found;
}

void Loader::report(std::string key, std::string reason, std::string remedy)
{
    problems.push_back({std::move(key), std::move(reason), std::move(remedy)});
}

void Loader::reportUnknown(const std::string& name, const std::vector<std::string>& known,
                           const std::string& place)
{
    const auto suggestion = nearest(name, known, kTypingErrorsMax);
    report(name, "is not a setting",
           suggestion ? fmt::format("did you mean {}? Correct or remove it in {}", *suggestion, place)
                      : fmt::format("remove it from {}; --help lists all settings", place));
}

std::string Loader::howToSet(const Setting& setting) const
{
    return fmt::format("set {} in {}, {} in the environment, or {} on the command line",
                       setting.key, m_sources.file.value_or("the configuration file"),
                       environmentName(m_sources.environmentPrefix, setting.key),
                       argumentName(setting.key));
}

void Loader::takeDefaults()
{
    for (const auto& setting : m_settings)
        if (setting.defaultValue) given[setting.key] = {*setting.defaultValue, "default", "the code"};
}

void Loader::takeFile()
{
    if (!m_sources.file) return;
    const std::string& path = *m_sources.file;
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream text;
    if (!stream || !(text << stream.rdbuf())) {
        report(path, "the configuration file cannot be read, or is empty",
               "check that it exists and that this user may read it");
        return;
    }
    if (text.view().size() > kFileSizeMax) {
        report(path, fmt::format("the configuration file is larger than {} bytes", kFileSizeMax),
               "give a file of settings");
        return;
    }
    try {
        takeTable(toml::parse(text.view(), path), "");
    } catch (const toml::parse_error& error) {
        report(path,
               fmt::format("line {}, column {}: {}", error.source().begin.line,
                           error.source().begin.column, error.description()),
               "correct the TOML there");
    }
}

void Loader::takeTable(const toml::table& table, const std::string& prefix)
{
    std::vector<std::string> known;
    for (const auto& setting : m_settings) known.push_back(setting.key);
    for (const auto& [name, node] : table) {
        const std::string key = prefix + std::string(name.str());
        if (const auto* inner = node.as_table())
            takeTable(*inner, key + ".");
        else if (find(key) == nullptr)
            reportUnknown(key, known, *m_sources.file);
        else
            takeNode(key, node);
    }
}

void Loader::takeNode(const std::string& key, const toml::node& node)
{
    std::string text;
    if (const auto* string = node.as_string()) {
        text = string->get();
    } else if (const auto* integer = node.as_integer()) {
        text = std::to_string(integer->get());
    } else if (const auto* boolean = node.as_boolean()) {
        text = boolean->get() ? "true" : "false";
    } else if (const auto* array = node.as_array()) {
        for (const auto& element : *array) {
            const auto* part = element.as_string();
            if (part == nullptr) {
                report(key, "expected a list of strings", "put each element in quotes");
                return;
            }
            if (!text.empty()) text += ',';
            text += part->get();
        }
    } else {
        report(key, "expected a string, an integer, true, false or a list of strings",
               "put the value in quotes");
        return;
    }
    given[key] = {std::move(text), "file", *m_sources.file};
}

void Loader::takeEnvironment()
{
    const std::string& prefix = m_sources.environmentPrefix;
    std::map<std::string, std::string> keyOfName;
    std::vector<std::string> known;
    for (const auto& setting : m_settings) {
        known.push_back(environmentName(prefix, setting.key));
        keyOfName[known.back()] = setting.key;
    }
    for (const auto& [name, text] : m_sources.environment) {
        if (!name.starts_with(prefix)) continue;
        if (const auto found = keyOfName.find(name); found != keyOfName.end())
            given[found->second] = {text, "environment", name};
        else if (nearest(name, known, kTypingErrorsMax))
            reportUnknown(name, known, "the environment");
    }
}

void Loader::takeArguments()
{
    for (std::size_t i = 0; i < m_sources.arguments.size();) i = takeArgument(i);
}

// Takes the argument at `index` and returns the index of the next one to look at.
std::size_t Loader::takeArgument(std::size_t index)
{
    const auto& arguments = m_sources.arguments;
    const std::string& argument = arguments[index];
    if (argument == "--help" || argument == "-h") return index + 1;
    const auto equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    const auto setting =
        std::find_if(m_settings.begin(), m_settings.end(),
                     [&](const Setting& candidate) { return argumentName(candidate.key) == name; });
    if (setting == m_settings.end()) {
        std::vector<std::string> known;
        for (const auto& candidate : m_settings) known.push_back(argumentName(candidate.key));
        reportUnknown(name, known, "the command line");
        // The word after an unknown option is most likely its value, not another mistake.
        const bool nextIsValue = equals == std::string::npos && name.starts_with("--") &&
                                 index + 1 < arguments.size() &&
                                 !arguments[index + 1].starts_with("--");
        return index + (nextIsValue ? 2 : 1);
    }
    if (equals != std::string::npos) {
        given[setting->key] = {argument.substr(equals + 1), "argument", name};
        return index + 1;
    }
    const bool hasNext = index + 1 < arguments.size();
    if (setting->type == SettingType::Boolean &&
        !(hasNext && parseBoolean(arguments[index + 1]))) {
        given[setting->key] = {"true", "argument", name};
        return index + 1;
    }
    if (!hasNext) {
        report(setting->key, fmt::format("{} has no value after it", name),
               fmt::format("write {} VALUE", name));
        return index + 1;
    }
    given[setting->key] = {arguments[index + 1], "argument", name};
    return index + 2;
}

void Loader::check()
{
    for (const auto& setting : m_settings) {
        const auto found = given.find(setting.key);
        if (found == given.end()) {
            if (setting.required) report(setting.key, "is required", howToSet(setting));
            continue;
        }
        if (setting.required && found->second.text.empty()) {
            report(setting.key, "is required and must not be empty", howToSet(setting));
            continue;
        }
        if (auto fault = faultOf(setting, found->second.text))
            report(setting.key, std::move(*fault),
                   fmt::format("correct it in {}", found->second.place));
    }
}

std::string_view nameOf(SettingType type)
{
    switch (type) {
    case SettingType::Text: return "TEXT";
    case SettingType::Secret: return "SECRET";
    case SettingType::Integer: return "INTEGER";
    case SettingType::Boolean: return "BOOLEAN";
    case SettingType::Duration: return "DURATION";
    case SettingType::Path: return "PATH";
    case SettingType::Url: return "URL";
    case SettingType::List: return "A,B,…";
    }
    return "";
}

} // namespace

std::string describe(const std::vector<ConfigProblem>& problems)
{
    std::string text;
    for (const auto& problem : problems)
        text += fmt::format("{}: {}; {}\n", problem.key, problem.reason, problem.remedy);
    return text;
}

Config::Sources Config::Sources::ofProcess(int argc, const char* const* argv)
{
    Sources sources;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const auto equals = text.find('=');
        if (equals == std::string_view::npos || !text.starts_with(sources.environmentPrefix)) continue;
        sources.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    const std::string fileVariable = sources.environmentPrefix + "CONFIG";
    if (const auto found = sources.environment.find(fileVariable);
        found != sources.environment.end()) {
        sources.file = found->second;
        sources.environment.erase(found);
    }
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument(argv[i]);
        if (argument == "--config" && i + 1 < argc)
            sources.file = argv[++i];
        else if (argument.starts_with("--config="))
            sources.file = argument.substr(9);
        else
            sources.arguments.emplace_back(argument);
    }
    return sources;
}

bool Config::Sources::wantsHelp() const
{
    return std::any_of(arguments.begin(), arguments.end(), [](const std::string& argument) {
        return argument == "--help" || argument == "-h";
    });
}

tl::expected<Config, std::vector<ConfigProblem>>
Config::load(const std::vector<Setting>& settings, const Sources& sources, const CrossCheck& crossCheck)
{
    Loader loader(settings, sources);
    loader.takeDefaults();
    loader.takeFile();
    loader.takeEnvironment();
    loader.takeArguments();
    loader.check();
    auto& problems = loader.problems;
    const auto isNamed = [&problems](const std::string& key) {
        return std::ranges::find(problems, key, &ConfigProblem::key) != problems.end();
    };
    Config config;
    for (const auto& setting : settings) {
        const auto found = loader.given.find(setting.key);
        if (found == loader.given.end() || isNamed(setting.key)) continue;
        config.m_values[setting.key] = {setting.type, found->second.text, found->second.origin};
    }
    if (crossCheck)
        for (auto& problem : crossCheck(config))
            if (!isNamed(problem.key)) problems.push_back(std::move(problem));
    if (!problems.empty()) return tl::unexpected(std::move(problems));
    return config;
}

std::string Config::help(const std::vector<Setting>& settings)
{
    std::string text = "  --config PATH\n      The TOML file of settings (QUARTERDECK_CONFIG).\n";
    for (const auto& setting : settings) {
        text += fmt::format("  {} {}\n      {}", argumentName(setting.key), nameOf(setting.type),
                            setting.help);
        if (!setting.allowed.empty())
            text += fmt::format(" One of: {}.", fmt::join(setting.allowed, ", "));
        if (setting.required) text += " Required.";
        if (setting.defaultValue && !setting.defaultValue->empty())
            text += fmt::format(" Default: {}.", *setting.defaultValue);
        text += fmt::format("\n      TOML {}, environment {}\n", setting.key,
                            environmentName("QUARTERDECK_", setting.key));
    }
    return text;
}

bool Config::has(const std::string& key) const
{
    return m_values.contains(key);
}

const Config::Value& Config::valueOf(const std::string& key,
                                     std::initializer_list<SettingType> types) const
{
    const auto found = m_values.find(key);
    QD_ASSERT(found != m_values.end());
    QD_ASSERT(std::find(types.begin(), types.end(), found->second.type) != types.end());
    return found->second;
}

const std::string& Config::text(const std::string& key) const
{
    return valueOf(key, {SettingType::Text, SettingType::Path, SettingType::Url}).text;
}

Secret Config::secret(const std::string& key) const
{
    return Secret(valueOf(key, {SettingType::Secret}).text);
}

std::int64_t Config::integer(const std::string& key) const
{
    return *wholeNumber<std::int64_t>(valueOf(key, {SettingType::Integer}).text);
}

bool Config::boolean(const std::string& key) const
{
    return *parseBoolean(valueOf(key, {SettingType::Boolean}).text);
}

std::chrono::milliseconds Config::duration(const std::string& key) const
{
    return *parseDuration(valueOf(key, {SettingType::Duration}).text);
}

std::vector<std::string> Config::list(const std::string& key) const
{
    return splitList(valueOf(key, {SettingType::List}).text);
}

std::string Config::origin(const std::string& key) const
{
    const auto found = m_values.find(key);
    QD_ASSERT(found != m_values.end());
    return found->second.origin;
}

std::vector<Config::Entry> Config::entries() const
{
    std::vector<Entry> entries;
    for (const auto& [key, value] : m_values)
        entries.push_back(
            {key, value.type == SettingType::Secret ? "***" : value.text, value.origin});
    return entries;
}

} // namespace qd::runtime
