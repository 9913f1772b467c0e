#include "app/sandbox/settings.h"

#include <fmt/format.h>

#include "models/base/whole_number.h"

namespace qd::app {

namespace {

using runtime::Config;
using runtime::ConfigProblem;
using runtime::Setting;
using runtime::SettingType;

} // namespace

const std::vector<Setting>& sandboxSettings()
{
    static const std::vector<Setting> settings = {
        {"listen", SettingType::Text, "ADDRESS:PORT of the venue, port 0 = any free one",
         "127.0.0.1:0", false, {}, {}, {}},
        {"admin_listen", SettingType::Text, "ADDRESS:PORT of the drill controls", "127.0.0.1:0",
         false, {}, {}, {}},
        {"proxy_listen", SettingType::Text,
         "ADDRESS:PORT of the fault proxy's Toxiproxy-compatible API", "127.0.0.1:0", false, {}, {},
         {}},
        {"tradier_listen", SettingType::Text, "ADDRESS:PORT of the venue in Tradier's protocol",
         "127.0.0.1:0", false, {}, {}, {}},
        {"ibkr_listen", SettingType::Text, "ADDRESS:PORT of the venue as IBKR's gateway", "127.0.0.1:0",
         false, {}, {}, {}},
        {"ibkr_certificate_file", SettingType::Path,
         "PEM certificate of IBKR's gateway, which speaks TLS then, as the real one does", {}, false, {},
         {}, {}},
        {"ibkr_key_file", SettingType::Path, "PEM private key of the certificate", {}, false, {}, {}, {}},
        {"oauth_listen", SettingType::Text, "ADDRESS:PORT of the authorization server", "127.0.0.1:0",
         false, {}, {}, {}},
        {"oauth_client_id", SettingType::Text, "the program that may ask for consent", "quarterdeck",
         false, {}, {}, {}},
        {"oauth_client_secret", SettingType::Secret, "its secret; none = a public client, with PKCE",
         {}, false, {}, {}, {}},
        {"oauth_redirect_uris", SettingType::List,
         "where the browser may be sent back to, comma-separated; on this machine to any port",
         "http://127.0.0.1/callback, http://[::1]/callback", false, {}, {}, {}},
        {"oauth_asks", SettingType::Boolean, "a page asks the user; false: every user says yes",
         "true", false, {}, {}, {}},
        {"oauth_access_lifetime", SettingType::Duration, "of an access token", "10m", false, 1'000,
         86'400'000, {}},
        {"oauth_code_lifetime", SettingType::Duration, "from the user's yes to the exchange", "1m",
         false, 1'000, 3'600'000, {}},
        {"key", SettingType::Secret, "API key id; made up when it is not given", {}, false, {}, {},
         {}},
        {"secret", SettingType::Secret, "API secret; made up when it is not given", {}, false, {},
         {}, {}},
        {"credentials_file", SettingType::Path,
         "where keyId and secretKey are written (mode 0600); default: a file in the temporary folder",
         {}, false, {}, {}, {}},
        {"data_dir", SettingType::Path,
         "folder where a made-up market's account, orders and executions are kept; none = each start "
         "is a new account",
         {}, false, {}, {}, {}},
        {"reset_paper", SettingType::Boolean, "forget what is kept in data_dir and start anew",
         "false", false, {}, {}, {}},
        {"replay", SettingType::List, "files of recorded market data, comma-separated", "", false, {},
         {}, {}},
        {"replay_speed", SettingType::Integer, "how many times faster than it was recorded", "1",
         false, 1, 100'000, {}},
        {"replay_loop", SettingType::Boolean, "begin again at the recording's end", "true", false, {},
         {}, {}},
        {"simulate", SettingType::Boolean, "a made-up market; so it is when nothing is replayed",
         "true", false, {}, {}, {}},
        {"seed", SettingType::Integer, "of the made-up market, prices and chances", "1", false, 0,
         1'000'000'000, {}},
        {"symbols", SettingType::Integer, "instruments of the made-up market", "1000", false, 1, 5000,
         {}},
        {"updates_per_second", SettingType::Integer, "quotes and trades of the made-up market",
         "5000", false, 1, 1'000'000, {}},
        {"sessions", SettingType::Text, "always: open round the clock; calendar: NYSE hours",
         "always", false, {}, {}, {"always", "calendar"}},
        {"fills", SettingType::Text, "paper: at the best quote, as Alpaca; book: queue and size count",
         "paper", false, {}, {}, {"paper", "book"}},
        {"partial_fill_percent", SettingType::Integer, "how often a paper fill is partial", "10",
         false, 0, 100, {}},
        {"cash", SettingType::Text, "of the account at its opening", "100000", false, {}, {}, {}},
        {"requests_per_minute", SettingType::Integer, "for each key, then 429", "200", false, 1,
         1'000'000, {}},
        {"stream_symbols_max", SettingType::Integer,
         "symbols of one data stream, then 405; 0 = no limit", "0", false, 0, 100'000, {}},
        {"follow_parent", SettingType::Boolean, "end when the program that started it ends", "false",
         false, {}, {}, {}},
    };
    return settings;
}

std::vector<ConfigProblem> crossCheck(const Config& config)
{
    std::vector<ConfigProblem> problems;
    if (config.has("key") != config.has("secret"))
        problems.push_back({config.has("key") ? "secret" : "key", "is required with the other",
                            "set both --key and --secret, or neither"});
    if (config.has("ibkr_certificate_file") != config.has("ibkr_key_file"))
        problems.push_back({config.has("ibkr_key_file") ? "ibkr_certificate_file" : "ibkr_key_file",
                            "is required with the other",
                            "set both --ibkr-certificate-file and --ibkr-key-file, or neither"});
    const auto text = config.has("cash") ? config.text("cash") : "0";
    const auto cash = Money::parse(text);
    if (!cash || cash->isNegative())
        problems.push_back({"cash", "expected an amount, was \"" + text + "\"",
                            "set --cash to a decimal, e.g. 100000"});
    if (config.has("replay") && config.has("simulate") && !config.list("replay").empty()
        && config.origin("simulate") != "default" && config.boolean("simulate"))
        problems.push_back({"simulate", "does not go with replay", "give one of the two"});
    for (const char* key : {"listen", "admin_listen", "proxy_listen", "tradier_listen", "ibkr_listen",
                            "oauth_listen"})
        if (const auto address = parseListenAddress(config.has(key) ? config.text(key) : "127.0.0.1:0");
            !address)
            problems.push_back({key, address.error().detail, "set it to e.g. 127.0.0.1:0"});
    return problems;
}

sandbox::alpaca::AlpacaOptions venueOptions(const Config& config)
{
    sandbox::alpaca::AlpacaOptions options;
    options.exchange.sessions = config.text("sessions") == "calendar"
        ? exchange::SessionMode::Calendar
        : exchange::SessionMode::AlwaysOpen;
    options.exchange.fillModel = config.text("fills") == "book"
        ? exchange::FillModel::Book
        : exchange::FillModel::AlpacaPaper;
    options.exchange.partialFillShare =
        static_cast<double>(config.integer("partial_fill_percent")) / 100.0;
    options.cash = Money::of(config.text("cash"));
    options.requestsPerMinute = static_cast<int>(config.integer("requests_per_minute"));
    options.data.symbolsMax = static_cast<int>(config.integer("stream_symbols_max"));
    return options;
}

sandbox::oauth::ServerSettings consentOptions(const Config& config)
{
    sandbox::oauth::ServerSettings settings;
    std::string secret;
    if (config.has("oauth_client_secret"))
        secret = config.secret("oauth_client_secret").revealForUse();
    settings.clients = {{config.text("oauth_client_id"), std::move(secret), "Quarterdeck",
                         config.list("oauth_redirect_uris")}};
    settings.lifetimes.access = config.duration("oauth_access_lifetime");
    settings.lifetimes.code = config.duration("oauth_code_lifetime");
    settings.requiresPkce = true;
    settings.consentsByItself = !config.boolean("oauth_asks");
    return settings;
}

Result<ListenAddress> parseListenAddress(const std::string& text)
{
    const auto colon = text.rfind(':');
    ListenAddress address;
    if (colon != std::string::npos && colon > 0) {
        address.address = text.substr(0, colon);
        const auto port = wholeNumber<std::uint16_t>(std::string_view(text).substr(colon + 1));
        address.port = port.value_or(0);
        if (port)
            return address;
    }
    return fail(ErrorKind::Invalid, "config.listen",
                fmt::format("expected ADDRESS:PORT, was \"{}\"", text));
}

} // namespace qd::app
