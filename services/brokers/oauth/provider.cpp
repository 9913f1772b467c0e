#include "services/brokers/oauth/provider.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace qd::brokers::oauth {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

Provider alpacaProvider()
{
    return {.broker = BrokerId("alpaca"),
            .name = "Alpaca",
            .methods = {LinkMethod::OAuth, LinkMethod::Key},
            .authorizeUrl = "https://app.alpaca.markets/oauth/authorize",
            .tokenUrl = "https://api.alpaca.markets/oauth/token",
            .manageUrl = "https://app.alpaca.markets/",
            .scopes = {"account:write", "trading", "data"},
            .clientAuth = ClientAuth::Post};
}

Provider tradierProvider()
{
    return {.broker = BrokerId("tradier"),
            .name = "Tradier",
            .methods = {LinkMethod::OAuth, LinkMethod::Key},
            .authorizeUrl = "https://api.tradier.com/v1/oauth/authorize",
            .tokenUrl = "https://api.tradier.com/v1/oauth/accesstoken",
            .refreshUrl = "https://api.tradier.com/v1/oauth/refreshtoken",
            .manageUrl = "https://dash.tradier.com/",
            .scopes = {"read", "write", "market", "trade", "stream"},
            .clientAuth = ClientAuth::Basic,
            .canRefresh =
                true, // for partners that Tradier has approved; others get no refresh token
            .codeLifetime = minutes(10),
            .accessLifetime = hours(24)};
}

Provider ibkrProvider()
{
    return {.broker = BrokerId("ibkr"),
            .name = "Interactive Brokers",
            .methods = {LinkMethod::Session}};
}

Provider schwabProvider()
{
    return {.broker = BrokerId("schwab"),
            .name = "Charles Schwab",
            .methods = {LinkMethod::OAuth},
            .authorizeUrl = "https://api.schwabapi.com/v1/oauth/authorize",
            .tokenUrl = "https://api.schwabapi.com/v1/oauth/token",
            .manageUrl = "https://www.schwab.com/",
            .clientAuth = ClientAuth::Basic,
            .canRefresh = true,
            .accessLifetime = minutes(30),
            .refreshLifetime =
                hours(24 * 7)}; // counted from consent: a refresh does not prolong it
}

bool isReady(const std::vector<std::string>& missing)
{
    return missing.empty();
}

} // namespace

bool Provider::has(LinkMethod method) const
{
    return std::find(methods.begin(), methods.end(), method) != methods.end();
}

const std::vector<Provider>& knownProviders()
{
    static const std::vector<Provider> known = {alpacaProvider(), tradierProvider(), ibkrProvider(),
                                                schwabProvider()};
    return known;
}

Provider atServer(Provider provider, std::string url, bool isPublic)
{
    while (url.ends_with('/')) url.pop_back();
    provider.authorizeUrl = url + "/authorize";
    provider.tokenUrl = url + "/token";
    provider.refreshUrl.clear();
    provider.revokeUrl = url + "/revoke";
    provider.manageUrl = url;
    provider.issuer = std::move(url);
    provider.sendsIssuer = true;
    provider.clientAuth = isPublic ? ClientAuth::None : ClientAuth::Basic;
    provider.usesPkce = true;
    provider.canRefresh = true;
    provider.rotatesRefresh = true;
    return provider;
}

bool leavesPortOpen(std::string_view redirectUri)
{
    for (const std::string_view loopback : {"http://127.0.0.1", "http://[::1]"}) {
        if (!redirectUri.starts_with(loopback)) continue;
        const auto rest = redirectUri.substr(loopback.size());
        return rest.empty() || rest.front() == '/' || rest.front() == '?';
    }
    return false;
}

Result<std::string> redirectAt(const Providers::Entry& entry, std::optional<std::int64_t> port)
{
    const std::string& configured = entry.client.redirectUri;
    if (!port) return configured;
    constexpr std::int64_t kPortMax = 65'535;
    if (!leavesPortOpen(configured) || *port < 1 || *port > kPortMax)
        return fail(ErrorKind::Invalid, "oauth.redirect_port",
                    fmt::format("expected a port from 1 to {}, and only where {} leaves it open",
                                kPortMax, settingKey(entry.provider.broker, "redirect_uri")),
                    "redirectPort");
    const auto hostEnd = configured.find_first_of("/?", std::string_view("http://").size());
    const auto split = std::min(hostEnd, configured.size());
    return fmt::format("{}:{}{}", configured.substr(0, split), *port, configured.substr(split));
}

std::string settingKey(const BrokerId& broker, std::string_view name)
{
    return fmt::format("oauth.{}.{}", broker.text(), name);
}

Providers::Providers(std::map<BrokerId, ClientSettings> configured,
                     const std::vector<Provider>& known)
{
    for (const Provider& provider : known) {
        const auto found = configured.find(provider.broker);
        m_entries.push_back(
            {provider, found == configured.end() ? ClientSettings() : std::move(found->second)});
    }
}

std::vector<std::string> Providers::missingKeys(const Entry& entry) const
{
    std::vector<std::string> missing;
    const auto need = [&](bool isThere, std::string_view name) {
        if (!isThere) missing.push_back(settingKey(entry.provider.broker, name));
    };
    need(!entry.client.clientId.empty(), "client_id");
    need(entry.provider.clientAuth == ClientAuth::None || !entry.client.clientSecret.empty(),
         "client_secret");
    need(!entry.client.redirectUri.empty(), "redirect_uri");
    return missing;
}

std::string Providers::supported() const
{
    std::vector<std::string> names;
    for (const Entry& entry : m_entries) names.push_back(entry.provider.broker.text());
    return fmt::format("{}", fmt::join(names, ", "));
}

std::string Providers::configured() const
{
    std::vector<std::string> names;
    for (const Entry& entry : m_entries) {
        if (entry.provider.has(LinkMethod::OAuth) && isReady(missingKeys(entry)))
            names.push_back(entry.provider.broker.text());
    }
    return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

Result<const Providers::Entry*> Providers::find(const BrokerId& broker, LinkMethod method) const
{
    const auto found = std::find_if(m_entries.begin(), m_entries.end(), [&](const Entry& entry) {
        return entry.provider.broker == broker;
    });
    if (found == m_entries.end())
        return fail(
            ErrorKind::Invalid, "oauth.broker_unknown",
            fmt::format("this broker is not supported; supported: {}; configured for consent: {}",
                        supported(), configured()),
            "broker");
    if (!found->provider.has(method) || method != LinkMethod::OAuth) {
        std::vector<std::string_view> methods;
        for (const LinkMethod each : found->provider.methods) methods.push_back(toString(each));
        return fail(ErrorKind::Invalid, "oauth.method_not_supported",
                    fmt::format("{} is not connected by the method \"{}\" here; its methods: {}",
                                found->provider.name, toString(method), fmt::join(methods, ", ")),
                    "method");
    }
    const auto missing = missingKeys(*found);
    if (!isReady(missing))
        return fail(ErrorKind::Invalid, "oauth.not_configured",
                    fmt::format("{} is not configured; missing: {}; supported: {}; configured for "
                                "consent: {}",
                                found->provider.name, fmt::join(missing, ", "), supported(),
                                configured()),
                    "broker");
    return &*found;
}

std::vector<std::string> Providers::missingScopes(const BrokerLink& link) const
{
    std::vector<std::string> missing;
    for (const Entry& entry : m_entries) {
        if (entry.provider.broker != link.broker) continue;
        for (const std::string& scope : entry.provider.scopes)
            if (std::find(link.scopes.begin(), link.scopes.end(), scope) == link.scopes.end())
                missing.push_back(scope);
    }
    return missing;
}

std::vector<Availability> Providers::available() const
{
    std::vector<Availability> all;
    for (const Entry& entry : m_entries) {
        for (const LinkMethod method : entry.provider.methods) {
            Availability each{
                entry.provider.broker, entry.provider.name, method, false, {}, {}};
            if (method == LinkMethod::OAuth) {
                each.redirectUri = entry.client.redirectUri;
                each.missingKeys = missingKeys(entry);
                each.isConfigured = isReady(each.missingKeys);
            }
            all.push_back(std::move(each));
        }
    }
    return all;
}

} // namespace qd::brokers::oauth
