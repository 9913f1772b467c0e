#include "app/backend/broker_settings.h"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include <fmt/format.h>

#include "app/backend/consent_settings.h"
#include "services/wire/url.h"

namespace qd::app {

namespace {

using runtime::Config;
using runtime::ConfigProblem;
using runtime::Setting;
using runtime::SettingType;

constexpr std::string_view kTradierDomain = "tradier.com";

std::vector<Setting> brokerSettings()
{
    return {
        {"broker.name", SettingType::Text,
         "the broker that orders and market data go to; one account, one database", "alpaca", false,
         {}, {}, {"alpaca", "tradier", "ibkr"}},
        {"tradier.url", SettingType::Url, "e.g. https://sandbox.tradier.com/v1", {}, false, {}, {},
         {}},
        {"tradier.stream_url", SettingType::Url,
         "of account events, e.g. wss://sandbox-ws.tradier.com/v1", {}, false, {}, {}, {}},
        {"tradier.market_stream_url", SettingType::Url,
         "of market events, e.g. wss://ws.tradier.com/v1; none = quotes are asked for every three "
         "seconds and marked delayed, as Tradier's own sandbox has them", {}, false, {}, {}, {}},
        {"tradier.account", SettingType::Text, "number of the account, e.g. VA12345678", {}, false,
         {}, {}, {}},
        {"tradier.token", SettingType::Secret, "API access token", {}, false, {}, {}, {}},
        {"tradier.credentials_file", SettingType::Path,
         "JSON file (mode 0600) with accessToken, instead of tradier.token; it goes into the vault, "
         "then the file may be removed. Another one in it takes over when it works", {}, false, {},
         {}, {}},
        {"tradier.simulated", SettingType::Boolean,
         "the other end is the bundled sandbox: prices are marked simulated", "false", false, {}, {},
         {}},
        {"tradier.command_timeout", SettingType::Duration,
         "how long to wait for the answer to an order", "10s", false, 100, 60'000, {}},
        {"ibkr.url", SettingType::Url,
         "of the Client Portal gateway, where its user has signed in, e.g. "
         "https://localhost:5000/v1/api", {}, false, {}, {}, {}},
        {"ibkr.stream_url", SettingType::Url, "e.g. wss://localhost:5000/v1/api/ws", {}, false, {},
         {}, {}},
        {"ibkr.ca_file", SettingType::Path,
         "PEM file with the gateway's own certificate, or the authority that signed it, to trust for "
         "the gateway alone; default: the machine's authorities", {}, false, {}, {}, {}},
        {"ibkr.account", SettingType::Text,
         "number of the account, e.g. DU1234567; none = the one that is selected at the gateway", {},
         false, {}, {}, {}},
        {"ibkr.take_over", SettingType::Boolean,
         "take the session from the user's other programs when connecting first", "false", false, {},
         {}, {}},
        {"ibkr.simulated", SettingType::Boolean,
         "the other end is the bundled sandbox: prices are marked simulated", "false", false, {}, {},
         {}},
        {"ibkr.command_timeout", SettingType::Duration,
         "how long to wait for the answer to an order", "10s", false, 100, 60'000, {}},
    };
}

std::string environmentNameOf(std::string key)
{
    std::ranges::replace(key, '.', '_');
    std::ranges::transform(key, key.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return "QUARTERDECK_" + key;
}

std::string argumentNameOf(std::string key)
{
    std::ranges::replace_if(
        key, [](char c) { return c == '.' || c == '_'; }, '-');
    return "--" + key;
}

std::vector<std::string> neededFor(const std::string& broker)
{
    if (broker == "tradier") return {"tradier.url", "tradier.stream_url", "tradier.account"};
    if (broker == "ibkr") return {"ibkr.url", "ibkr.stream_url"};
    return {"alpaca.trading_url", "alpaca.stream_url", "alpaca.data_url", "alpaca.data_stream_url"};
}

ConfigProblem moneyProblem(std::string reason, std::string remedy)
{
    return {"trading.live", std::move(reason), std::move(remedy)};
}

/// Everything of Tradier's but what is known to be of play money. A host has no case, and may end in a
/// dot.
bool isLiveTradier(const std::string& text)
{
    const auto url = wire::Url::parse(text);
    if (!url) return false; // an address that nothing can be sent to
    std::string_view host = url->host;
    if (host.ends_with('.')) host.remove_suffix(1);
    const bool isTradier =
        host == kTradierDomain || host.ends_with("." + std::string(kTradierDomain));
    return isTradier && !host.starts_with("sandbox");
}

void addTradierProblems(const Config& config, bool isLive, std::vector<ConfigProblem>& problems)
{
    for (const char* key : {"tradier.url", "tradier.stream_url"}) {
        if (!config.has(key)) continue;
        if (const bool isReal = isLiveTradier(config.text(key)); isReal != isLive)
            problems.push_back(moneyProblem(
                isReal ? fmt::format("{} is the live address, with real money", key)
                       : fmt::format("is true, but {} is not the live address", key),
                "set trading.live, tradier.url and tradier.stream_url so that they agree"));
    }
    std::error_code error;
    if (brokerMethod(config) == LinkMethod::Key && !config.has("tradier.token") && !config.has("tradier.credentials_file") &&
        !std::filesystem::exists(databaseFile(config), error))
        problems.push_back({"tradier.token", "is required at the first start",
                            "set tradier.token (QUARTERDECK_TRADIER_TOKEN), or "
                            "tradier.credentials_file"});
}

/// One gateway serves both kinds of accounts: the number says which it is. Where none is set, the one
/// that is selected at the gateway has to be of the right kind.
void addIbkrProblems(const Config& config, bool isLive, std::vector<ConfigProblem>& problems)
{
    if (!config.has("ibkr.account")) return;
    const auto& account = config.text("ibkr.account");
    if (brokers::ibkr::isPaperAccount(account) != isLive) return;
    problems.push_back(moneyProblem(
        isLive ? fmt::format("is true, but ibkr.account {} is a paper account", account)
               : fmt::format("ibkr.account {} has real money", account),
        "set trading.live and ibkr.account so that they agree"));
}

/// "https://sandbox.tradier.com/v1/" → "https://sandbox.tradier.com": the paths say the version.
std::string withoutVersion(std::string url)
{
    while (url.ends_with('/')) url.pop_back();
    if (url.ends_with("/v1")) url.resize(url.size() - 3);
    return url;
}

std::string withoutSlash(std::string url)
{
    while (url.ends_with('/')) url.pop_back();
    return url;
}

} // namespace

std::vector<Setting> withBrokerSettings(std::vector<Setting> own)
{
    auto more = brokerSettings();
    own.insert(own.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    return own;
}

std::string brokerName(const Config& config)
{
    return config.has("broker.name") ? config.text("broker.name") : "alpaca";
}

std::chrono::milliseconds commandTimeout(const Config& config)
{
    return config.duration(brokerName(config) + ".command_timeout");
}

std::vector<ConfigProblem> brokerProblems(const Config& config)
{
    const auto broker = brokerName(config);
    const bool isLive = config.has("trading.live") && config.boolean("trading.live");
    std::vector<ConfigProblem> problems;
    for (const auto& key : neededFor(broker))
        if (!config.has(key))
            problems.push_back({key, "is required while broker.name is " + broker,
                                fmt::format("set {} in the configuration file, {} in the environment, "
                                            "or {} on the command line",
                                            key, environmentNameOf(key), argumentNameOf(key))});
    if (broker == "tradier") addTradierProblems(config, isLive, problems);
    if (broker == "ibkr") addIbkrProblems(config, isLive, problems);
    return problems;
}

brokers::TradierSettings tradierSettings(const Config& config)
{
    brokers::TradierSettings settings;
    settings.baseUrl = withoutVersion(config.text("tradier.url"));
    settings.streamUrl = withoutVersion(config.text("tradier.stream_url"));
    if (config.has("tradier.market_stream_url"))
        settings.marketStreamUrl = withoutVersion(config.text("tradier.market_stream_url"));
    settings.accountNumber = config.text("tradier.account");
    settings.account = AccountId(config.boolean("trading.live") ? "live" : "paper");
    settings.simulated = config.boolean("tradier.simulated");
    settings.commandTimeout = config.duration("tradier.command_timeout");
    return settings;
}

brokers::IbkrSettings ibkrSettings(const Config& config)
{
    brokers::IbkrSettings settings;
    settings.gatewayUrl = withoutSlash(config.text("ibkr.url"));
    settings.streamUrl = config.text("ibkr.stream_url");
    if (config.has("ibkr.account")) settings.venueAccount = config.text("ibkr.account");
    settings.live = config.boolean("trading.live");
    settings.account = AccountId(settings.live ? "live" : "paper");
    settings.simulated = config.boolean("ibkr.simulated");
    settings.takeOver = config.boolean("ibkr.take_over");
    settings.commandTimeout = config.duration("ibkr.command_timeout");
    return settings;
}

} // namespace qd::app
