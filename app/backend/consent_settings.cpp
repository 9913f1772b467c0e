#include "app/backend/consent_settings.h"

#include <algorithm>
#include <map>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/backend/settings.h"
#include "services/wire/url.h"

namespace qd::app {

namespace {

using brokers::oauth::knownProviders;
using brokers::oauth::Provider;
using brokers::oauth::settingKey;
using runtime::Config;
using runtime::ConfigProblem;
using runtime::Setting;
using runtime::SettingType;

bool hasText(const Config& config, const std::string& key)
{
    return config.has(key) && !config.text(key).empty();
}

bool isTrue(const Config& config, const std::string& key)
{
    return config.has(key) && config.boolean(key);
}

void addBrokerSettings(const Provider& provider, std::vector<Setting>& settings)
{
    const auto key = [&](const char* name) { return settingKey(provider.broker, name); };
    settings.push_back({key("client_id"), SettingType::Text,
                        fmt::format("this installation as {} knows it, for users' consent",
                                    provider.name),
                        {}, false, {}, {}, {}});
    settings.push_back({key("client_secret"), SettingType::Secret, "what belongs to the client id",
                        {}, false, {}, {}, {}});
    settings.push_back({key("redirect_uri"), SettingType::Url,
                        "where the browser is sent back to, as registered there; "
                        "http://127.0.0.1/callback: any free port of the user's machine",
                        {}, false, {}, {}, {}});
    settings.push_back({key("server_url"), SettingType::Url,
                        "another authorization server, as the sandbox has one; never with real money",
                        {}, false, {}, {}, {}});
}

/// Where a browser is sent, or comes back to: https, or http to the two addresses that the programs
/// listen on for it (RFC 8252 §7.3). That it is confidential is checked with all addresses.
void checkBrowserAddress(const Config& config, const std::string& key,
                         std::vector<ConfigProblem>& problems)
{
    if (!hasText(config, key)) return;
    const auto url = wire::Url::parse(config.text(key));
    if (!url || !url->isConfidential()) return;
    const bool isSound = url->scheme == "https" ||
                         (url->scheme == "http" && (url->host == "127.0.0.1" || url->host == "::1"));
    if (!isSound || config.text(key).find('#') != std::string::npos)
        problems.push_back({key, "expected https, or http to 127.0.0.1 or [::1], without a fragment",
                            "set e.g. " + key + " = \"http://127.0.0.1/callback\""});
}

void checkClient(const Config& config, const Provider& provider,
                 std::vector<ConfigProblem>& problems)
{
    const auto key = [&](const char* name) { return settingKey(provider.broker, name); };
    const bool hasServer = hasText(config, key("server_url"));
    const bool isAsked = hasText(config, key("client_id")) || config.has(key("client_secret")) ||
                         hasText(config, key("redirect_uri")) || hasServer;
    checkBrowserAddress(config, key("redirect_uri"), problems);
    checkBrowserAddress(config, key("server_url"), problems);
    if (hasServer && isTrue(config, "trading.live"))
        problems.push_back({key("server_url"), "does not go with real money",
                            "leave it out, or set trading.live to false"});
    if (!isAsked) return;
    const auto need = [&](const char* name, bool isThere) {
        if (!isThere)
            problems.push_back({key(name), "is required with the others of this broker",
                                fmt::format("set {0}, or none of oauth.{1}.*", key(name),
                                            provider.broker.text())});
    };
    need("client_id", hasText(config, key("client_id")));
    need("redirect_uri", hasText(config, key("redirect_uri")));
    need("client_secret", hasServer || config.has(key("client_secret")));
}

/// Does the setting hold a key of that broker, or say where one is? "alpaca.secret_key",
/// "tradier.credentials_file" …; not the further keys that only ask for market data.
bool isKeyOf(const BrokerId& broker, std::string_view key)
{
    if (!key.starts_with(broker.text() + ".")) return false;
    const std::string_view name = key.substr(broker.text().size() + 1);
    return name == "credentials_file" || name == "key_id" || name == "secret_key" || name == "token";
}

/// What the broker is traded by; a key beside a method that uses none would be a second way in.
void checkMethod(const Config& config, std::vector<ConfigProblem>& problems)
{
    const BrokerId broker = tradedBroker(config);
    const LinkMethod method = brokerMethod(config);
    const auto found = std::ranges::find(knownProviders(), broker, &Provider::broker);
    if (found == knownProviders().end()) return; // told where the broker's name is read
    if (!found->has(method)) {
        std::vector<std::string_view> methods;
        for (const LinkMethod each : found->methods) methods.push_back(toString(each));
        problems.push_back({"broker.method",
                            fmt::format("{} has no method \"{}\"", found->name, toString(method)),
                            fmt::format("set one of: {}", fmt::join(methods, ", "))});
        return;
    }
    if (method != LinkMethod::OAuth) return;
    for (const Setting& setting : backendSettings())
        if (isKeyOf(broker, setting.key) && config.has(setting.key))
            problems.push_back({setting.key,
                                "is a key, and broker.method is oauth: one never stands in for "
                                "the other",
                                "leave " + setting.key + " out, or set broker.method = \"key\""});
    const auto client = settingKey(broker, "client_id");
    if (!hasText(config, client))
        problems.push_back({client, "is required when broker.method is oauth",
                            "set it together with oauth." + broker.text() + ".redirect_uri"});
}

} // namespace

std::vector<Setting> withConsentSettings(std::vector<Setting> settings)
{
    settings.push_back({"broker.method", SettingType::Text,
                        "how the broker that is traded at lets us in: key, oauth (a user's consent) or "
                        "session; default: key, at a broker that has only sessions session",
                        {}, false, {}, {}, {"key", "oauth", "session"}});
    settings.push_back({"oauth.owner", SettingType::Text,
                        "whose consent is traded by, with broker.method = oauth", "user:owner", false,
                        {}, {}, {}});
    settings.push_back({"oauth.flow_lifetime", SettingType::Duration,
                        "time from the beginning of a consent to its end in the browser", "30m", false,
                        1'000, 86'400'000, {}});
    settings.push_back({"oauth.exchange_timeout", SettingType::Duration,
                        "how long to wait for the answer to a consent's code, twice at most", "30s",
                        false, 100, 300'000, {}});
    settings.push_back({"oauth.look_every", SettingType::Duration,
                        "time between looks for access that ends soon", "30s", false, 100, 600'000,
                        {}});
    for (const Provider& provider : knownProviders())
        if (provider.has(LinkMethod::OAuth)) addBrokerSettings(provider, settings);
    return settings;
}

std::vector<ConfigProblem> consentProblems(const Config& config)
{
    std::vector<ConfigProblem> problems;
    for (const Provider& provider : knownProviders())
        if (provider.has(LinkMethod::OAuth)) checkClient(config, provider, problems);
    checkMethod(config, problems);
    return problems;
}

BrokerId tradedBroker(const Config& config)
{
    return BrokerId(hasText(config, "broker.name") ? config.text("broker.name")
                                                   : std::string("alpaca"));
}

LinkMethod brokerMethod(const Config& config)
{
    if (hasText(config, "broker.method"))
        return parseLinkMethod(config.text("broker.method")).value_or(LinkMethod::Key);
    const auto found = std::ranges::find(knownProviders(), tradedBroker(config), &Provider::broker);
    const bool isBySession = found != knownProviders().end() && !found->has(LinkMethod::Key);
    return isBySession ? LinkMethod::Session : LinkMethod::Key;
}

brokers::oauth::Providers consentProviders(const Config& config)
{
    std::map<BrokerId, brokers::oauth::ClientSettings> clients;
    std::vector<Provider> providers = knownProviders();
    for (Provider& provider : providers) {
        const auto key = [&](const char* name) { return settingKey(provider.broker, name); };
        if (!provider.has(LinkMethod::OAuth) || !hasText(config, key("client_id"))) continue;
        const bool hasSecret = config.has(key("client_secret"));
        if (hasText(config, key("server_url")))
            provider = atServer(std::move(provider), config.text(key("server_url")), !hasSecret);
        clients[provider.broker] = {config.text(key("client_id")),
                                    hasSecret ? config.secret(key("client_secret"))
                                              : runtime::Secret(),
                                    config.text(key("redirect_uri"))};
    }
    return brokers::oauth::Providers(std::move(clients), providers);
}

brokers::oauth::Settings consentTimes(const Config& config)
{
    brokers::oauth::Settings settings;
    settings.flowLifetime = config.duration("oauth.flow_lifetime");
    settings.exchangeTimeout = config.duration("oauth.exchange_timeout");
    settings.lookEvery = config.duration("oauth.look_every");
    return settings;
}

} // namespace qd::app
