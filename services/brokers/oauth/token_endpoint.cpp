#include "services/brokers/oauth/token_endpoint.h"

#include <algorithm>

#include <openssl/evp.h>

namespace qd::brokers::oauth {
namespace {

/// RFC 6749 §2.3.1: id and secret are form-encoded before they are joined.
std::string basicCredentials(const ClientSettings& client)
{
    const std::string pair = wire::percentEncode(client.clientId) + ':' +
                             wire::percentEncode(client.clientSecret.revealForUse());
    std::string text((pair.size() + 2) / 3 * 4 + 1, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(pair.data()),
                                     static_cast<int>(pair.size()));
    text.resize(static_cast<std::size_t>(size));
    return "Basic " + text;
}

std::chrono::milliseconds inMillis(Duration duration)
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
}

} // namespace

wire::HttpRequest TokenEndpoint::request(const Providers::Entry& entry, const std::string& url,
                                         std::vector<wire::Header> fields, Duration timeout) const
{
    wire::HttpRequest request;
    request.method = "POST";
    request.target = url;
    request.timeout = inMillis(timeout);
    request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    request.headers.set("Accept", "application/json");
    switch (entry.provider.clientAuth) {
    case ClientAuth::Basic:
        request.headers.set("Authorization", basicCredentials(entry.client));
        break;
    case ClientAuth::Post:
        fields.push_back({"client_secret", std::string(entry.client.clientSecret.revealForUse())});
        [[fallthrough]];
    case ClientAuth::None:
        fields.push_back({"client_id", entry.client.clientId});
        break;
    }
    request.body = formText(fields);
    return request;
}

void TokenEndpoint::ask(wire::HttpRequest request, Granted done)
{
    m_http.send(std::move(request), [done = std::move(done)](Result<wire::HttpResponse> response) {
        if (!response) return done(tl::unexpected(CallFailure{response.error()}));
        auto answer = parseTokenAnswer(*response);
        if (!answer)
            return done(tl::unexpected(CallFailure{answer.error(), retryAfterOf(*response)}));
        done(std::move(*answer));
    });
}

void TokenEndpoint::exchange(const Providers::Entry& entry, std::string_view code,
                             const Asked& asked, Duration timeout, Granted done)
{
    std::vector<wire::Header> fields = {{"grant_type", "authorization_code"},
                                        {"code", std::string(code)},
                                        {"redirect_uri", asked.redirectUri}};
    if (entry.provider.usesPkce)
        fields.push_back({"code_verifier", std::string(asked.verifier.revealForUse())});
    ask(request(entry, entry.provider.tokenUrl, std::move(fields), timeout), std::move(done));
}

void TokenEndpoint::refresh(const Providers::Entry& entry, const runtime::Secret& refreshToken,
                            Duration timeout, Granted done)
{
    const std::string& url =
        entry.provider.refreshUrl.empty() ? entry.provider.tokenUrl : entry.provider.refreshUrl;
    ask(request(entry, url,
                {{"grant_type", "refresh_token"},
                 {"refresh_token", std::string(refreshToken.revealForUse())}},
                timeout),
        std::move(done));
}

void TokenEndpoint::revoke(const Providers::Entry& entry, const runtime::Secret& token,
                           std::string_view hint, Duration timeout, Revoked done)
{
    auto call = request(
        entry, entry.provider.revokeUrl,
        {{"token", std::string(token.revealForUse())}, {"token_type_hint", std::string(hint)}},
        timeout);
    m_http.send(std::move(call), [done = std::move(done)](Result<wire::HttpResponse> response) {
        if (!response) return done(tl::unexpected(CallFailure{response.error()}));
        if (auto revoked = parseRevocationAnswer(*response); !revoked)
            return done(tl::unexpected(CallFailure{revoked.error(), retryAfterOf(*response)}));
        done({});
    });
}

Tokens tokensOf(const TokenAnswer& answer, const Provider& provider, const Tokens* previous,
                Timestamp now)
{
    Tokens tokens;
    tokens.generation = previous == nullptr ? 1 : previous->generation + 1;
    tokens.access = runtime::Secret(answer.access);
    const Duration lifetime = answer.expiresIn.value_or(provider.accessLifetime);
    if (lifetime > Duration::zero()) tokens.accessExpiresAt = now + lifetime;
    const bool isNew = !answer.refresh.empty();
    if (isNew)
        tokens.refresh = runtime::Secret(answer.refresh);
    else if (previous != nullptr)
        tokens.refresh = previous->refresh.clone();
    const bool startsAgain = previous == nullptr || (isNew && provider.rotatesRefresh);
    if (!startsAgain)
        tokens.refreshExpiresAt = previous->refreshExpiresAt;
    else if (provider.refreshLifetime > Duration::zero())
        tokens.refreshExpiresAt = now + provider.refreshLifetime;
    return tokens;
}

} // namespace qd::brokers::oauth
