#include "app/backend/settings.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include <sys/stat.h>

#include <fmt/format.h>

#include "app/backend/addresses.h"
#include "app/backend/broker_settings.h"
#include "app/backend/consent_settings.h"
#include "app/backend/identity_parts.h"
#include "app/backend/placeholders.h"
#include "models/base/money.h"
#include "models/base/network_address.h"
#include "models/base/timestamp.h"
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
    if (brokerMethod(config) != LinkMethod::Key) return problems;
    const bool file = config.has("alpaca.credentials_file");
    const bool key = config.has("alpaca.key_id"), secret = config.has("alpaca.secret_key");
    if (!file && key != secret)
        problems.push_back({key ? "alpaca.secret_key" : "alpaca.key_id",
                            "is required when the other half of the key is set",
                            "set both alpaca.key_id and alpaca.secret_key, or "
                            "alpaca.credentials_file"});
    std::error_code error;
    if (!file && !key && !secret && !std::filesystem::exists(databaseFile(config), error))
        problems.push_back({"alpaca.key_id", "is required at the first start",
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

/// A small file that only its owner can read.
Result<runtime::Secret> readPrivately(const std::string& path)
{
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0)
        return fail(errno == ENOENT ? ErrorKind::NotFound : ErrorKind::Unavailable, kNoCredentials,
                    "cannot read " + path + ": " + std::strerror(errno));
    if ((status.st_mode & 077) != 0)
        return fail(ErrorKind::Invalid, kNoCredentials,
                    path + " can be read by others; run: chmod 600 " + path);
    std::ifstream in(path);
    if (!in) return fail(ErrorKind::Unavailable, kNoCredentials, "cannot read " + path);
    std::string text(kCredentialsMax, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    return runtime::Secret(std::move(text));
}

/// JSON with the members keyId and secretKey.
Result<runtime::Secret> readCredentials(const std::string& path)
{
    const auto secret = readPrivately(path);
    if (!secret) return tl::unexpected(secret.error());
    const auto key = brokers::readKey(secret->revealForUse());
    if (!key)
        return fail(ErrorKind::Invalid, kNoCredentials,
                    path + " must be JSON with the members keyId and secretKey");
    if (isPlaceholder(key->keyId.revealForUse()) || isPlaceholder(key->secretKey.revealForUse()))
        return fail(ErrorKind::Invalid, kNoCredentials,
                    path + " holds a placeholder where a key belongs");
    return brokers::writeKey(*key); // one spelling, whatever the file's is
}

/// JSON with the member accessToken, or oauthToken as the bundled sandbox writes it.
Result<runtime::Secret> readTradierToken(const std::string& path)
{
    const auto secret = readPrivately(path);
    if (!secret) return tl::unexpected(secret.error());
    const auto document = json::Document::parse(secret->revealForUse());
    for (const char* member : {"accessToken", "oauthToken"})
        if (document && !(*document)[member].stringOr({}).empty())
            return runtime::Secret(std::string((*document)[member].stringOr({})));
    return fail(ErrorKind::Invalid, kNoCredentials,
                path + " must be JSON with the member accessToken");
}

} // namespace

const std::vector<Setting>& backendSettings()
{
    static const std::vector<Setting> settings = withConsentSettings(withBrokerSettings({
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
        {"alpaca.trading_url", SettingType::Url, "e.g. https://paper-api.alpaca.markets", {}, false,
         {}, {}, {}},
        {"alpaca.stream_url", SettingType::Url, "e.g. wss://paper-api.alpaca.markets/stream", {},
         false, {}, {}, {}},
        {"alpaca.data_url", SettingType::Url, "e.g. https://data.alpaca.markets", {}, false, {}, {},
         {}},
        {"alpaca.data_stream_url", SettingType::Url,
         "e.g. wss://stream.data.alpaca.markets/v2/iex", {}, false, {}, {}, {}},
        {"alpaca.crypto_stream_url", SettingType::Url,
         "e.g. wss://stream.data.alpaca.markets/v1beta3/crypto/us; none = no crypto quotes", {},
         false, {}, {}, {}},
        {"alpaca.key_id", SettingType::Secret, "API key id", {}, false, {}, {}, {}},
        {"alpaca.secret_key", SettingType::Secret, "API secret key", {}, false, {}, {}, {}},
        {"alpaca.credentials_file", SettingType::Path,
         "JSON file (mode 0600) with keyId and secretKey, instead of the two settings above; the key "
         "goes into the vault, then the file may be removed. Another key in it takes over when it works",
         {}, false, {}, {}, {}},
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
         "real money: must be true for a live address of Alpaca or Tradier, or an account of IBKR that "
         "is no paper account (DU…), and only then", "false", false, {}, {}, {}},
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
        {"storage.archive", SettingType::Boolean,
         "keeps what is committed, so that the database can be restored to any moment", "true", false,
         {}, {}, {}},
        {"storage.archive_folder", SettingType::Path,
         "folder of the archive, best on another disk; default: beside the database, quarterdeck.archive",
         {}, false, {}, {}, {}},
        {"storage.archive_keep", SettingType::Duration, "how far back every moment can be restored",
         "168h", false, 1000, {}, {}},
        {"storage.archive_keep_mib", SettingType::Integer,
         "MiB that the archive may take; beyond it the oldest goes", "4096", false, 16, {}, {}},
        {"storage.archive_base_every", SettingType::Duration,
         "time between the base backups that restores begin with", "24h", false, 1000, {}, {}},
        {"storage.checkpoint_file", SettingType::Path,
         "file of the event log's signed heads, best on another disk, in a folder that is there; its "
         "key (.key, .pub) is made beside it; default: beside the database, "
         "quarterdeck.checkpoints.jsonl", {}, false, {}, {}, {}},
        {"vault.key_file", SettingType::Path,
         "file (mode 0600) with the vault's master key, made at the first start; default: the systemd "
         "credential quarterdeck-vault-key, else a file beside the database. Keep it apart from "
         "backups of the database: who has both has the secrets", {}, false, {}, {}, {}},
        {"vault.key_fd", SettingType::Integer,
         "descriptor by which the parent process hands the master key over, instead of a file: a pipe, "
         "or a socket if it keeps the keys itself (resources/api.md)", {},
         false, 0, 65'535, {}},
        {"vault.age_max", SettingType::Duration,
         "age at which secrets and master key are told to be overdue", "2160h", false, 1'000,
         315'360'000'000, {}},
        {"vault.fresh_for", SettingType::Duration,
         "how long a secret is used without asking the database again", "5m", false, 100, 3'600'000,
         {}},
        {"vault.stale_for", SettingType::Duration,
         "how long a secret is used while the database does not answer", "1h", false, 100,
         86'400'000, {}},
        {"vault.look_every", SettingType::Duration,
         "time between looks for another key of the broker, in its file and in the vault", "1m",
         false, 100, 3'600'000, {}},
        {"vault.overwrite_damaged", SettingType::Boolean,
         "for one start: put the broker's key from its file or settings over one that does not open",
         "false", false, {}, {}, {}},
        {"identity.sign_up", SettingType::Boolean,
         "people may ask for accounts themselves, once there is a first one", "true", false, {}, {},
         {}},
        {"identity.newcomer_roles", SettingType::List,
         "what who signed up may do, comma-separated: viewer, trader, support, operator", "viewer",
         false, {}, {}, {}},
        {"mail.smtp_url", SettingType::Text,
         "mail server, smtp://host:587 (STARTTLS) or smtps://host:465; none = mails are kept in the "
         "local mailbox, quarterdeckctl mailbox", {}, false, {}, {}, {}},
        {"mail.from", SettingType::Text, "address that mails come from", {}, false, {}, {}, {}},
        {"mail.user", SettingType::Text, "name to sign in to the mail server with", {}, false, {}, {},
         {}},
        {"mail.password", SettingType::Secret, "password for the mail server", {}, false, {}, {}, {}},
        {"mail.ca_file", SettingType::Path,
         "PEM file with the authorities to trust for the mail server; default: the machine's", {},
         false, {}, {}, {}},
        {"drill.enabled", SettingType::Boolean,
         "opens /v1/faults, where drills make named steps fail; never with real money", "false",
         false, {}, {}, {}},
        {"drill.clock", SettingType::Text,
         "what time it is when the program starts, e.g. 2025-11-28T17:59:30Z; only in drills", {},
         false, {}, {}, {}},
    }));
    return settings;
}

std::vector<ConfigProblem> crossCheck(const Config& config)
{
    const bool isAlpaca = brokerName(config) == "alpaca";
    auto problems = brokerProblems(config);
    if (isAlpaca) std::ranges::move(credentialProblems(config), std::back_inserter(problems));
    for (auto& problem : consentProblems(config)) problems.push_back(std::move(problem));
    for (auto& problem : identityProblems(config)) problems.push_back(std::move(problem));
    for (auto& problem : addressProblems(config)) problems.push_back(std::move(problem));
    for (auto& problem : placeholderProblems(config)) problems.push_back(std::move(problem));
    const bool isLive = config.has("trading.live") && config.boolean("trading.live");
    for (const char* key : {"alpaca.trading_url", "alpaca.stream_url"}) {
        if (!isAlpaca || !config.has(key) || !config.has("trading.live")) continue;
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
    if (config.has("vault.key_file") && config.has("vault.key_fd"))
        problems.push_back({"vault.key_fd", "the master key cannot come from two places",
                            "set vault.key_file or vault.key_fd"});
    const auto origins = config.has("api.allowed_origins") ? config.list("api.allowed_origins")
                                                           : std::vector<std::string>();
    if (std::ranges::find(origins, "*") != origins.end())
        problems.push_back({"api.allowed_origins", "\"*\" would let any web page trade",
                            "name each origin, e.g. https://desk.example"});
    const auto address = config.has("listen.address") ? config.text("listen.address") : "127.0.0.1";
    const bool loopback = isLoopback(address) || address == "localhost";
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

brokers::AlpacaSettings alpacaSettings(const Config& config)
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
    settings.moreDataKeys.resize(config.list("alpaca.data_credentials_files").size());
    return settings;
}

CredentialWay credentialWay(const Config& config, std::size_t index)
{
    std::string file;
    if (index > 0) file = config.list("alpaca.data_credentials_files").at(index - 1);
    if (index == 0 && config.has("alpaca.credentials_file"))
        file = config.text("alpaca.credentials_file");
    if (!file.empty())
        return {"the file " + file, [file] { return readCredentials(file); }};
    if (!config.has("alpaca.key_id"))
        return {"the settings", []() -> Result<runtime::Secret> {
                    return fail(ErrorKind::NotFound, kNoCredentials,
                                "neither alpaca.credentials_file nor alpaca.key_id is set");
                }};
    const auto key = std::make_shared<const runtime::Secret>(brokers::writeKey(
        {config.secret("alpaca.key_id"), config.secret("alpaca.secret_key")}));
    return {"alpaca.key_id and alpaca.secret_key (" + config.origin("alpaca.secret_key") + ")",
            [key]() -> Result<runtime::Secret> { return key->clone(); }};
}

CredentialWay tradierCredentialWay(const Config& config)
{
    if (config.has("tradier.credentials_file")) {
        const auto file = config.text("tradier.credentials_file");
        return {"the file " + file, [file] { return readTradierToken(file); }};
    }
    if (!config.has("tradier.token"))
        return {"the settings", []() -> Result<runtime::Secret> {
                    return fail(ErrorKind::NotFound, kNoCredentials,
                                "neither tradier.credentials_file nor tradier.token is set");
                }};
    const auto token = std::make_shared<const runtime::Secret>(config.secret("tradier.token"));
    return {"tradier.token (" + config.origin("tradier.token") + ")",
            [token]() -> Result<runtime::Secret> { return token->clone(); }};
}

std::string databaseFile(const Config& config)
{
    const auto name =
        config.has("storage.database") ? config.text("storage.database") : "quarterdeck";
    return dataDirectory(config) + "/" + name + ".db";
}

std::string checkpointFile(const Config& config)
{
    if (config.has("storage.checkpoint_file")) return config.text("storage.checkpoint_file");
    return std::filesystem::path(databaseFile(config))
        .replace_extension(".checkpoints.jsonl")
        .string();
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
