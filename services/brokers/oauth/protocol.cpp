#include "services/brokers/oauth/protocol.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>

#include "models/base/whole_number.h"
#include "services/json/json.h"
#include "services/storage/hashing.h"

namespace qd::brokers::oauth {
namespace {

constexpr std::size_t kScopesMax = 64;
/// Ten years: what claims to last longer is taken for that.
constexpr std::int64_t kExpirySecondsMax = 315'360'000;
constexpr std::int64_t kRetryAfterSecondsMax = 3'600;

tl::unexpected<Error> badRedirect(std::string_view why)
{
    return fail(ErrorKind::Invalid, "oauth.redirect", std::string(why));
}

/// Visible ASCII: what RFC 6749 appendix A allows in codes, states and tokens.
bool isVisible(std::string_view text)
{
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

/// Words of an error code: the wire's own text is for the log, bounded and harmless.
std::string errorWord(std::string_view text)
{
    constexpr std::size_t kWordMax = 64;
    std::string word;
    for (const char c : text.substr(0, kWordMax)) {
        const bool isPlain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
        word += isPlain ? c : '?';
    }
    return word;
}

Result<Redirect> checkRedirect(Redirect redirect)
{
    if (redirect.state.empty()) return badRedirect("no state in what came back");
    if (redirect.code.empty() == redirect.error.empty())
        return badRedirect("expected either a code or an error in what came back");
    for (const std::string* text : {&redirect.state, &redirect.code, &redirect.issuer}) {
        if (!isVisible(*text)) return badRedirect("a character that no server may send");
    }
    redirect.error = errorWord(redirect.error);
    return redirect;
}

std::vector<std::string> scopeWords(std::string_view text)
{
    std::vector<std::string> words;
    while (!text.empty() && words.size() < kScopesMax) {
        const auto end = std::min(text.find_first_of(" ,"), text.size());
        if (end > 0 && isVisible(text.substr(0, end))) words.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

tl::unexpected<Error> unreadable(std::string_view why)
{
    return fail(ErrorKind::OutcomeUnknown, "oauth.server_error",
                fmt::format("the broker's answer cannot be read: {}", why));
}

/// What 4xx means. Servers differ in which error they name for a bad code or verifier, so whatever
/// is refused is refused for good; only the words differ.
tl::unexpected<Error> refusalOf(const wire::HttpResponse& response)
{
    const auto body = json::Document::parse(response.body);
    const std::string error = body ? errorWord((*body)["error"].stringOr("")) : "";
    const std::string detail = fmt::format("the broker answered {} {}", response.status,
                                           error.empty() ? "without a reason" : error);
    if (error == "invalid_grant") return fail(ErrorKind::Denied, "oauth.invalid_grant", detail);
    if (error == "invalid_client" || error == "unauthorized_client" || response.status == 401)
        return fail(ErrorKind::Denied, "oauth.client_refused", detail);
    if (error == "temporarily_unavailable" || error == "slow_down")
        return fail(ErrorKind::Unavailable, "oauth.rate_limited", detail);
    return fail(ErrorKind::Invalid, "oauth.request_refused", detail);
}

Result<TokenAnswer> readTokens(const json::Document& body)
{
    TokenAnswer answer;
    answer.access = body["access_token"].stringOr("");
    answer.refresh = body["refresh_token"].stringOr("");
    if (answer.access.empty()) return unreadable("no access_token");
    for (const std::string* token : {&answer.access, &answer.refresh}) {
        if (token->size() > kTokenBytesMax || !isVisible(*token)) return unreadable("an odd token");
    }
    const std::string type(body["token_type"].stringOr("bearer"));
    constexpr std::string_view kBearer = "bearer";
    const bool isBearer = std::equal(type.begin(), type.end(), kBearer.begin(), kBearer.end(),
                                     [](char a, char b) { return (a | 0x20) == b; });
    if (!isBearer) return unreadable("a token that is no bearer token");
    if (const auto seconds = body["expires_in"].integer(); seconds && *seconds > 0)
        answer.expiresIn = std::chrono::seconds(std::min(*seconds, kExpirySecondsMax));
    answer.scopes = scopeWords(body["scope"].stringOr(""));
    return answer;
}

} // namespace

std::string base64Url(std::string_view bytes)
{
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(size));
    text.erase(std::min(text.find('='), text.size()));
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    return text;
}

std::string randomToken(runtime::Random& random)
{
    std::array<unsigned char, 32> bytes{};
    random.fill(bytes);
    return base64Url({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string challengeOf(std::string_view verifier)
{
    const storage::Hash hash = storage::sha256(verifier);
    return base64Url(storage::asBytes(hash));
}

std::string formText(const std::vector<wire::Header>& fields)
{
    std::string text;
    for (const auto& field : fields) {
        if (!text.empty()) text += '&';
        text += wire::percentEncode(field.name) + '=' + wire::percentEncode(field.value);
    }
    return text;
}

std::string authorizeUrl(const Providers::Entry& entry, std::string_view redirectUri,
                         std::string_view state, std::string_view verifier)
{
    std::vector<wire::Header> fields = {{"response_type", "code"},
                                        {"client_id", entry.client.clientId},
                                        {"redirect_uri", std::string(redirectUri)},
                                        {"state", std::string(state)}};
    if (!entry.provider.scopes.empty())
        fields.push_back({"scope", fmt::format("{}", fmt::join(entry.provider.scopes, " "))});
    if (entry.provider.usesPkce) {
        fields.push_back({"code_challenge", challengeOf(verifier)});
        fields.push_back({"code_challenge_method", "S256"});
    }
    for (const auto& [name, value] : entry.provider.extraParameters)
        fields.push_back({name, value});
    const bool hasQuery = entry.provider.authorizeUrl.find('?') != std::string::npos;
    return entry.provider.authorizeUrl + (hasQuery ? '&' : '?') + formText(fields);
}

Result<Redirect> parseRedirect(std::string_view query)
{
    if (query.size() > kRedirectBytesMax) return badRedirect("longer than any that a broker sends");
    // Of a whole URL only what follows "?"; in a query that character may stand too, behind a "=".
    if (const auto mark = query.find('?'); mark < query.find('=')) query.remove_prefix(mark + 1);
    const auto target = wire::Target::parse("/?" + std::string(query));
    if (!target) return badRedirect("cannot be read");
    Redirect redirect;
    const std::array<std::pair<std::string_view, std::string*>, 4> wanted = {
        {{"state", &redirect.state},
         {"code", &redirect.code},
         {"iss", &redirect.issuer},
         {"error", &redirect.error}}};
    for (const auto& field : target->query) {
        for (const auto& [name, into] : wanted) {
            if (field.name != name) continue;
            if (!into->empty()) return badRedirect("a field stands twice in what came back");
            *into = field.value;
        }
    }
    return checkRedirect(std::move(redirect));
}

Result<TokenAnswer> parseTokenAnswer(const wire::HttpResponse& response)
{
    if (response.status == 429)
        return fail(ErrorKind::Unavailable, "oauth.rate_limited", "the broker answered 429");
    if (response.status >= 400 && response.status < 500) return refusalOf(response);
    if (response.status < 200 || response.status >= 300)
        return fail(ErrorKind::OutcomeUnknown, "oauth.server_error",
                    fmt::format("the broker answered {}", response.status));
    const auto body = json::Document::parse(response.body);
    if (!body || !body->root().isObject()) return unreadable("no JSON object");
    return readTokens(*body);
}

Result<void> parseRevocationAnswer(const wire::HttpResponse& response)
{
    if (response.status >= 200 && response.status < 300) return {};
    if (response.status >= 500 || response.status == 429 || response.status < 200)
        return fail(
            ErrorKind::Unavailable, "oauth.not_revoked",
            fmt::format("the broker answered {}: the token is still alive", response.status));
    return fail(ErrorKind::Invalid, "oauth.revocation_refused",
                fmt::format("the broker answered {}", response.status));
}

Duration retryAfterOf(const wire::HttpResponse& response)
{
    const std::string_view text = response.headers.find("Retry-After");
    const auto seconds = wholeNumber<std::int64_t>(text);
    if (!seconds || *seconds < 0) return {};
    return std::chrono::seconds(std::min(*seconds, kRetryAfterSecondsMax));
}

} // namespace qd::brokers::oauth
