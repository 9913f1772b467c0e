#include "services/runtime/config_values.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "models/base/whole_number.h"

namespace qd::runtime {
namespace {

char upper(char c)
{
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

std::string_view trimmed(std::string_view text)
{
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

int typingErrors(std::string_view a, std::string_view b)
{
    std::vector<int> row(b.size() + 1);
    std::iota(row.begin(), row.end(), 0);
    for (std::size_t i = 0; i < a.size(); ++i) {
        int diagonal = row[0]++;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const int substituted = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({substituted, row[j] + 1, diagonal + 1});
        }
    }
    return row.back();
}

std::string rangeText(const Setting& setting, std::string_view unit)
{
    if (setting.min && setting.max)
        return fmt::format(" from {} to {}{}", *setting.min, *setting.max, unit);
    if (setting.min) return fmt::format(" of at least {}{}", *setting.min, unit);
    if (setting.max) return fmt::format(" of at most {}{}", *setting.max, unit);
    return {};
}

bool isInRange(const Setting& setting, std::int64_t value)
{
    return (!setting.min || value >= *setting.min) && (!setting.max || value <= *setting.max);
}

std::optional<std::string> faultOfText(const Setting& setting, const std::string& text)
{
    const auto& allowed = setting.allowed;
    if (allowed.empty() || std::find(allowed.begin(), allowed.end(), text) != allowed.end())
        return std::nullopt;
    return fmt::format("expected one of {}, was \"{}\"", fmt::join(allowed, ", "), text);
}

bool isUrl(std::string_view text)
{
    const auto colon = text.find("://");
    if (colon == std::string_view::npos || colon == 0 || colon + 3 == text.size()) return false;
    const auto scheme = text.substr(0, colon);
    const bool schemeIsGood = std::all_of(scheme.begin(), scheme.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+';
    });
    return schemeIsGood && text[colon + 3] != '/' &&
           text.find_first_of(" \t\r\n\"<>") == std::string_view::npos;
}

} // namespace

std::string environmentName(const std::string& prefix, std::string_view key)
{
    std::string name = prefix;
    for (const char c : key) name += c == '.' || c == '-' ? '_' : upper(c);
    return name;
}

std::string argumentName(std::string_view key)
{
    std::string name = "--";
    for (const char c : key) name += c == '.' || c == '_' ? '-' : c;
    return name;
}

std::optional<bool> parseBoolean(std::string_view text)
{
    if (text == "true" || text == "yes" || text == "on" || text == "1") return true;
    if (text == "false" || text == "no" || text == "off" || text == "0") return false;
    return std::nullopt;
}

std::optional<std::chrono::milliseconds> parseDuration(std::string_view text)
{
    const auto unitAt = text.find_first_not_of("0123456789");
    if (unitAt == std::string_view::npos || unitAt == 0) return std::nullopt;
    const auto count = wholeNumber<std::int64_t>(text.substr(0, unitAt));
    if (!count) return std::nullopt;
    const auto unit = text.substr(unitAt);
    std::int64_t factor = 0;
    if (unit == "ms") factor = 1;
    if (unit == "s") factor = 1'000;
    if (unit == "m") factor = 60'000;
    if (unit == "h") factor = 3'600'000;
    // The longest that still fits a Duration in nanoseconds.
    constexpr std::int64_t kMillisMax = std::numeric_limits<std::int64_t>::max() / 1'000'000;
    if (factor == 0 || *count > kMillisMax / factor) return std::nullopt;
    return std::chrono::milliseconds(*count * factor);
}

std::vector<std::string> splitList(std::string_view text)
{
    std::vector<std::string> parts;
    while (!text.empty()) {
        const auto comma = text.find(',');
        const auto part = trimmed(text.substr(0, comma));
        if (!part.empty()) parts.emplace_back(part);
        if (comma == std::string_view::npos) break;
        text.remove_prefix(comma + 1);
    }
    return parts;
}

std::optional<std::string> faultOf(const Setting& setting, const std::string& text)
{
    switch (setting.type) {
    case SettingType::Text:
        return faultOfText(setting, text);
    case SettingType::Secret:
        if (text.empty()) return "must not be empty";
        return std::nullopt;
    case SettingType::Path:
        if (text.empty() || text.find('\0') != std::string::npos)
            return fmt::format("expected a path, was \"{}\"", text.c_str());
        return std::nullopt;
    case SettingType::Url:
        if (!isUrl(text))
            return fmt::format("expected a URL such as https://host/path, was \"{}\"", text);
        return std::nullopt;
    case SettingType::Integer: {
        const auto value = wholeNumber<std::int64_t>(text);
        if (value && isInRange(setting, *value)) return std::nullopt;
        return fmt::format("expected an integer{}, was \"{}\"", rangeText(setting, ""), text);
    }
    case SettingType::Boolean:
        if (parseBoolean(text)) return std::nullopt;
        return fmt::format("expected true or false, was \"{}\"", text);
    case SettingType::Duration: {
        const auto value = parseDuration(text);
        if (value && isInRange(setting, value->count())) return std::nullopt;
        return fmt::format("expected a duration such as 250ms, 5s, 2m or 1h{}, was \"{}\"",
                           rangeText(setting, " ms"), text);
    }
    case SettingType::List:
        return std::nullopt;
    }
    return std::nullopt;
}

std::optional<std::string> nearest(const std::string& name,
                                   const std::vector<std::string>& candidates, int distanceMax)
{
    std::optional<std::string> best;
    int bestDistance = distanceMax + 1;
    for (const auto& candidate : candidates) {
        const int distance = typingErrors(name, candidate);
        if (distance < bestDistance) {
            bestDistance = distance;
            best = candidate;
        }
    }
    return best;
}

} // namespace qd::runtime
