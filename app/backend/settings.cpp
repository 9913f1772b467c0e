#include "app/backend/settings.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <sys/stat.h>

#include <fmt/format.h>

#include "services/json/json.h"
#include "services/wire/url.h"

namespace qd::app {

namespace {

using runtime::Config;
using runtime::ConfigProblem;
using runtime::Setting;
using runtime::SettingType;

constexpr std::size_t kCredentialsMax = 4096;

std::vector<ConfigProblem> credentialProblems(const Config& config)
{
    std::vector<ConfigProblem> problems;
    const bool file = config.has("alpaca.credentials_file");
    const bool key = config.has("alpaca.key_id"), secret = config.has("alpaca.secret_key");
    if (!file && key != secret)
        problems.push_back({key ? "alpaca.secret_key" : "alpaca.key_id",
                            "is required when the other half of the key is set",
                            "set both alpaca.key_id and alpaca.secret_key, or "
                            "alpaca.credentials_file"});
    if (!file && !key && !secret)
        problems.push_back({"alpaca.key_id", "is required",
                            "set alpaca.key_id and alpaca.secret_key (QUARTERDECK_ALPACA_KEY_ID, "
                            "QUARTERDECK_ALPACA_SECRET_KEY), or alpaca.credentials_file"});
    return problems;
}

/// Everything of Alpaca's but what is known to be of play money. However it is written: a host has
/// no case, and may end in a dot.
bool isLiveAddress(const std::string& text)
{
    const auto url = wire::Url::parse(text);
    if (!url) return false; // an address that nothing can be sent to
    std::string_view host = url->host;
    if (host.ends_with('.')) host.remove_suffix(1);
    const bool isAlpaca = host == "alpaca.markets" || host.ends_with(".alpaca.markets");
    return isAlpaca && !host.starts_with("paper-api.") && host.find("sandbox") == std::string_view::npos;
}

/// JSON with the members keyId and secretKey, in a file that only its owner can read.
Result<brokers::AlpacaSettings::Key> readCredentials(const std::string& path)
{
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0)
        return fail(ErrorKind::Unavailable, "config.credentials", "cannot read " + path);
    if ((status.st_mode & 077) != 0)
        return fail(ErrorKind::Invalid, "config.credentials",
                    path + " can be read by others; run: chmod 600 " + path);
    std::ifstream in(path);
    std::string text(kCredentialsMax, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    const auto document = json::Document::parse(text);
    const auto read = [&](const char* name) {
        return runtime::Secret(document ? std::string(document->root()[name].stringOr({}))
                                        : std::string());
    };
    brokers::AlpacaSettings::Key key{read("keyId"), read("secretKey")};
    if (key.keyId.empty() || key.secretKey.empty())
        return fail(ErrorKind::Invalid, "config.credentials",
                    path + " must be JSON with the members keyId and secretKey");
    return key;
}

} // namespace

const std::vector<Setting>& backendSettings()
{
    static const std::vector<Setting> settings = {
        {"data_dir", SettingType::Path,
         "folder of the database, log and token file; default: the user's data folder", {}, false,
         {}, {}, {}},
        {"listen.address", SettingType::Text, "address to serve the API on", "127.0.0.1", false, {},
         {}, {}},
        {"listen.port", SettingType::Integer, "port of the API, 0 = any free one", "0", false, 0,
         65535, {}},
        {"listen.certificate_file", SettingType::Path,
         "PEM certificate; needed on any address but loopback", {}, false, {}, {}, {}},
        {"listen.key_file", SettingType::Path, "PEM private key of the certificate", {}, false, {},
         {}, {}},
        {"api.allowed_origins", SettingType::List,
         "web origins that may call, comma-separated; none = no browser may", "", false, {}, {}, {}},
        {"alpaca.trading_url", SettingType::Url, "e.g. https://paper-api.alpaca.markets", {}, true,
         {}, {}, {}},
        {"alpaca.stream_url", SettingType::Url, "e.g. wss://paper-api.alpaca.markets/stream", {},
         true, {}, {}, {}},
        {"alpaca.data_url", SettingType::Url, "e.g. https://data.alpaca.markets", {}, true, {}, {},
         {}},
        {"alpaca.data_stream_url", SettingType::Url,
         "e.g. wss://stream.data.alpaca.markets/v2/iex", {}, true, {}, {}, {}},
        {"alpaca.crypto_stream_url", SettingType::Url,
         "e.g. wss://stream.data.alpaca.markets/v1beta3/crypto/us; none = no crypto quotes", {},
         false, {}, {}, {}},
        {"alpaca.key_id", SettingType::Secret, "API key id", {}, false, {}, {}, {}},
        {"alpaca.secret_key", SettingType::Secret, "API secret key", {}, false, {}, {}, {}},
        {"alpaca.credentials_file", SettingType::Path,
         "JSON file (mode 0600) with keyId and secretKey, instead of the two settings above", {},
         false, {}, {}, {}},
        {"alpaca.data_credentials_files", SettingType::List,
         "further JSON files (mode 0600) with keyId and secretKey, comma-separated: keys that market "
         "data is asked for with when one is refused or its limit is used up",
         "", false, {}, {}, {}},
        {"alpaca.simulated", SettingType::Boolean,
         "the other end is the bundled sandbox: prices are marked simulated", "false", false, {}, {},
         {}},
        {"alpaca.command_timeout", SettingType::Duration,
         "how long to wait for the answer to an order", "10s", false, 100, 60'000, {}},
        {"trading.live", SettingType::Boolean,
         "real money: must be true for Alpaca's live address, and only then", "false", false, {}, {},
         {}},
        {"trading.notional_max", SettingType::Text, "largest order value in the account's currency",
         "1000000", false, {}, {}, {}},
        {"trading.submits_per_minute_max", SettingType::Integer, "orders a minute", "180", false, 1,
         1'000'000, {}},
        {"trading.reconcile_every", SettingType::Duration, "time between comparisons with the broker",
         "1m", false, 200, 3'600'000, {}},
        {"log.file", SettingType::Path, "log file; default: quarterdeckd.log in data_dir", {}, false,
         {}, {}, {}},
        {"log.level", SettingType::Text, "least level that is written", "info", false, {}, {},
         {"debug", "info", "warning", "error"}},
        {"otlp.url", SettingType::Url, "collector for traces, e.g. http://127.0.0.1:4318/v1/traces",
         {}, false, {}, {}, {}},
        {"storage.database", SettingType::Text,
         "name of the database in data_dir, without its ending; one account, one database",
         "quarterdeck", false, {}, {}, {}},
        {"storage.queue_max", SettingType::Integer,
         "changes that may wait for the disk; one more is refused", "50000", false, 1, 1'000'000, {}},
        {"drill.enabled", SettingType::Boolean,
         "opens /v1/faults, where drills make named steps fail; never with real money", "false",
         false, {}, {}, {}},
        {"drill.clock", SettingType::Text,
         "what time it is when the program starts, e.g. 2025-11-28T17:59:30Z; only in drills", {},
         false, {}, {}, {}},
    };
    return settings;
}

std::vector<ConfigProblem> crossCheck(const Config& config)
{
    auto problems = credentialProblems(config);
    const bool isLive = config.has("trading.live") && config.boolean("trading.live");
    for (const char* key : {"alpaca.trading_url", "alpaca.stream_url"}) {
        if (!config.has(key) || !config.has("trading.live")) continue;
        if (const bool isReal = isLiveAddress(config.text(key)); isReal != isLive)
            problems.push_back({"trading.live",
                                isReal ? fmt::format("{} is the live address, with real money", key)
                                       : fmt::format("is true, but {} is not the live address", key),
                                "set trading.live, alpaca.trading_url and alpaca.stream_url so that "
                                "they agree"});
    }
    if (isLive && config.has("drill.enabled") && config.boolean("drill.enabled"))
        problems.push_back({"drill.enabled", "drills break things on purpose, and trading.live is on",
                            "set one of the two to false"});
    const bool isDrill = config.has("drill.enabled") && config.boolean("drill.enabled");
    if (config.has("drill.clock") &&
        (!isDrill || !Timestamp::parse(config.text("drill.clock"))))
        problems.push_back({"drill.clock", "expected a time, and drill.enabled",
                            "leave it out; in drills set e.g. 2025-11-28T17:59:30Z"});
    const auto origins = config.has("api.allowed_origins") ? config.list("api.allowed_origins")
                                                           : std::vector<std::string>();
    if (std::ranges::find(origins, "*") != origins.end())
        problems.push_back({"api.allowed_origins", "\"*\" would let any web page trade",
                            "name each origin, e.g. https://desk.example"});
    const auto address = config.has("listen.address") ? config.text("listen.address") : "127.0.0.1";
    const bool loopback = address.starts_with("127.") || address == "::1" || address == "localhost";
    if (!loopback && !config.has("listen.certificate_file"))
        problems.push_back({"listen.certificate_file", "is required on any address but loopback",
                            "set listen.certificate_file and listen.key_file"});
    const auto name = config.has("storage.database") ? config.text("storage.database") : "quarterdeck";
    if (name.empty() || name.front() == '.' || name.find('/') != std::string::npos)
        problems.push_back({"storage.database", "expected a file name, was \"" + name + "\"",
                            "set a name without folders, e.g. quarterdeck"});
    if (config.has("trading.notional_max") && !Money::parse(config.text("trading.notional_max")))
        problems.push_back({"trading.notional_max",
                            "expected an amount, was \"" + config.text("trading.notional_max") + "\"",
                            "set e.g. trading.notional_max = \"1000000\""});
    return problems;
}

Result<brokers::AlpacaSettings> alpacaSettings(const Config& config)
{
    brokers::AlpacaSettings settings;
    settings.tradingUrl = config.text("alpaca.trading_url");
    settings.streamUrl = config.text("alpaca.stream_url");
    settings.dataUrl = config.text("alpaca.data_url");
    settings.dataStreamUrl = config.text("alpaca.data_stream_url");
    if (config.has("alpaca.crypto_stream_url"))
        settings.cryptoStreamUrl = config.text("alpaca.crypto_stream_url");
    settings.simulated = config.boolean("alpaca.simulated");
    settings.commandTimeout = config.duration("alpaca.command_timeout");
    settings.account = AccountId(config.boolean("trading.live") ? "live" : "paper");
    for (const auto& path : config.list("alpaca.data_credentials_files")) {
        auto key = readCredentials(path);
        if (!key) return tl::unexpected(key.error());
        settings.moreDataKeys.push_back(std::move(*key));
    }
    if (!config.has("alpaca.credentials_file")) {
        settings.keyId = config.secret("alpaca.key_id");
        settings.secretKey = config.secret("alpaca.secret_key");
        return settings;
    }
    auto key = readCredentials(config.text("alpaca.credentials_file"));
    if (!key) return tl::unexpected(key.error());
    settings.keyId = std::move(key->keyId);
    settings.secretKey = std::move(key->secretKey);
    return settings;
}

std::string dataDirectory(const Config& config)
{
    if (config.has("data_dir")) return config.text("data_dir");
    if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data != '\0')
        return std::string(data) + "/quarterdeck";
    const char* home = std::getenv("HOME");
    return std::string(home != nullptr ? home : ".") + "/.local/share/quarterdeck";
}

} // namespace qd::app
