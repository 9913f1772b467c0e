#include "app/backend/addresses.h"

#include "app/backend/settings.h"
#include "services/wire/url.h"

namespace qd::app {

namespace {

std::string secured(const wire::Url& url)
{
    return (url.scheme.starts_with("ws") ? "wss://" : "https://") + url.host;
}

} // namespace

std::vector<runtime::ConfigProblem> addressProblems(const runtime::Config& config)
{
    std::vector<runtime::ConfigProblem> problems;
    for (const runtime::Setting& setting : backendSettings()) {
        const std::string& key = setting.key;
        if (setting.type != runtime::SettingType::Url || !config.has(key)) continue;
        const std::string& text = config.text(key);
        if (text.empty()) continue;
        const auto url = wire::Url::parse(text);
        if (!url)
            problems.push_back({key, "is no address to call: " + url.error().detail,
                                "set e.g. " + key + " = \"https://broker.example\""});
        else if (!url->isConfidential())
            problems.push_back({key,
                                "is not encrypted, and " + url->host +
                                    " is not this machine by its number (127.0.0.1, [::1])",
                                "set e.g. " + key + " = \"" + secured(*url) + "\""});
    }
    return problems;
}

} // namespace qd::app
