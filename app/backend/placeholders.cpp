#include "app/backend/placeholders.h"

#include <algorithm>
#include <array>

#include "app/backend/settings.h"

namespace qd::app {

namespace {

using runtime::SettingType;

/// Nobody's key, and in nobody's address.
constexpr std::array<std::string_view, 9> kWords{"changeme",    "change-me", "change_me",
                                                 "placeholder", "todo",      "tbd",
                                                 "undefined",   "null",      "none"};

std::string lowerCase(std::string_view text)
{
    std::string lower(text);
    for (char& letter : lower)
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    return lower;
}

bool isWrapped(std::string_view text, std::string_view from, std::string_view to)
{
    return text.size() > from.size() + to.size() && text.starts_with(from) && text.ends_with(to);
}

} // namespace

bool isPlaceholder(std::string_view text)
{
    const std::string lower = lowerCase(text);
    const bool isWord = std::ranges::find(kWords, lower) != kWords.end();
    const bool isYours = lower.starts_with("your-") || lower.starts_with("your_") ||
                         lower.starts_with("your ");
    const bool isBlank = text.size() >= 3 && lower.find_first_not_of("x*.") == std::string::npos;
    return isWord || isYours || isBlank || isWrapped(text, "<", ">") ||
           isWrapped(text, "${", "}") || isWrapped(text, "{{", "}}") || isWrapped(text, "%", "%");
}

std::vector<runtime::ConfigProblem> placeholderProblems(const runtime::Config& config)
{
    std::vector<runtime::ConfigProblem> problems;
    for (const auto& setting : backendSettings()) {
        if (!config.has(setting.key)) continue;
        bool isOne = false;
        if (setting.type == SettingType::Secret)
            isOne = isPlaceholder(config.secret(setting.key).revealForUse());
        else if (setting.type == SettingType::Text || setting.type == SettingType::Url ||
                 setting.type == SettingType::Path)
            isOne = isPlaceholder(config.text(setting.key));
        if (isOne)
            problems.push_back({setting.key, "holds a placeholder, no value",
                                "put the real value there, or leave the setting out"});
    }
    return problems;
}

} // namespace qd::app
