#include "services/sandbox/oauth/authorization_server.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "services/json/json.h"
#include "services/sandbox/oauth/texts.h"

namespace qd::sandbox::oauth {
namespace {

constexpr int kFound = 302, kBadRequest = 400, kUnauthorized = 401, kNotFound = 404,
              kMethodNotAllowed = 405, kTooMany = 429;

bool strike(int& count)
{
    if (count <= 0) return false;
    --count;
    return true;
}

std::string_view fieldOf(const std::vector<wire::Header>& form, std::string_view name)
{
    for (const auto& field : form) {
        if (field.name == name) return field.value;
    }
    return {};
}

/// A field twice makes a request invalid (RFC 6749 §3.1).
bool hasTwice(const std::vector<wire::Header>& form)
{
    for (auto field = form.begin(); field != form.end(); ++field) {
        if (std::any_of(form.begin(), field,
                        [&](const auto& other) { return other.name == field->name; }))
            return true;
    }
    return false;
}

std::vector<wire::Header> formOf(const wire::HttpRequest& request)
{
    const auto target = wire::Target::parse("/?" + request.body);
    return target ? target->query : std::vector<wire::Header>();
}

wire::HttpResponse tokenError(int status, std::string_view error)
{
    json::Writer out;
    out.beginObject().member("error", error).endObject();
    wire::HttpResponse response{
        status, {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}}, out.take()};
    if (status == kUnauthorized) response.headers.set("WWW-Authenticate", "Basic realm=\"token\"");
    return response;
}

wire::HttpResponse redirectTo(const std::string& uri, const std::vector<wire::Header>& fields)
{
    std::string location = uri;
    char separator = uri.find('?') == std::string::npos ? '?' : '&';
    for (const auto& field : fields) {
        location += separator + field.name + '=' + wire::percentEncode(field.value);
        separator = '&';
    }
    return {
        kFound,
        {{"Location", location}, {"Cache-Control", "no-store"}, {"Referrer-Policy", "no-referrer"}},
        {}};
}

std::vector<std::string> knownScopes(std::string_view asked, const std::vector<std::string>& known)
{
    std::vector<std::string> scopes;
    while (!asked.empty()) {
        const auto end = std::min(asked.find(' '), asked.size());
        const std::string scope(asked.substr(0, end));
        if (std::find(known.begin(), known.end(), scope) != known.end()) scopes.push_back(scope);
        asked.remove_prefix(std::min(end + 1, asked.size()));
    }
    return scopes;
}

wire::HttpResponse tokensAnswer(const GrantBook::Given& given)
{
    json::Writer out;
    out.beginObject()
        .member("access_token", given.access)
        .member("token_type", "Bearer")
        .member("expires_in",
                std::chrono::duration_cast<std::chrono::seconds>(given.accessLifetime).count())
        .member("refresh_token", given.refresh)
        .member("scope", fmt::format("{}", fmt::join(given.scopes, " ")))
        .endObject();
    return {200,
            {{"Content-Type", "application/json"},
             {"Cache-Control", "no-store"},
             {"Pragma", "no-cache"}},
            out.take()};
}

} // namespace

AuthorizationServer::AuthorizationServer(ServerSettings settings, runtime::Executor& executor,
                                         runtime::Random& random)
    : m_settings(std::move(settings)),
      m_executor(executor),
      m_random(random),
      m_grants(random, m_settings.lifetimes)
{
}

AuthorizationServer::~AuthorizationServer() = default;

Result<void> AuthorizationServer::keepIn(GrantArchive& archive,
                                         std::function<void(const Error&)> failed)
{
    auto kept = archive.load(m_executor.clock().now());
    if (!kept) return tl::unexpected(kept.error());
    m_grants.restore(std::move(*kept));
    m_archive = &archive;
    m_keepingFailed = std::move(failed);
    return {};
}

void AuthorizationServer::keep()
{
    if (m_archive == nullptr) return;
    const auto saved = m_archive->save(m_grants.changes());
    if (saved)
        m_grants.changesKept();
    else if (m_keepingFailed)
        m_keepingFailed(saved.error());
}

/// Whose streams are closed comes again at once, and must find it so after a crash too.
void AuthorizationServer::ended()
{
    keep();
    m_ended();
}

void AuthorizationServer::handle(wire::HttpRequest request, Respond respond)
{
    const auto target = wire::Target::parse(request.target);
    if (!target) return respond(htmlPage(kBadRequest, "Bad request", ""));
    const bool isGet = request.method == "GET";
    const bool isPost = request.method == "POST";
    const auto answer = [&](wire::HttpResponse response) {
        keep();
        respond(std::move(response));
    };
    if (target->path == "/authorize" && isGet) return answer(authorize(*target));
    if (target->path == "/consent" && isPost) return answer(consent(request));
    if (target->path == "/revoke" && isPost) return answer(revoke(request));
    if (target->path == "/introspect" && isGet) return respond(introspect(request));
    if (target->path == "/token" && isPost) {
        auto reply = token(request);
        keep();
        if (reply.delay > Duration::zero())
            return later(reply.delay, std::move(reply.response), std::move(respond));
        return respond(std::move(reply.response));
    }
    const bool isKnown = target->path == "/authorize" || target->path == "/consent" ||
                         target->path == "/revoke" || target->path == "/token";
    respond(htmlPage(isKnown ? kMethodNotAllowed : kNotFound, "Not here", ""));
}

tl::expected<wire::WebSocketEvents, wire::HttpResponse>
AuthorizationServer::upgrade(const wire::HttpRequest&)
{
    return tl::unexpected(htmlPage(kNotFound, "Not here", ""));
}

void AuthorizationServer::later(Duration delay, wire::HttpResponse response, Respond respond)
{
    const std::uint64_t number = ++m_delays;
    m_delayed[number] = m_executor.after(
        delay, [this, number, response = std::move(response), respond = std::move(respond)] {
            respond(response);
            m_delayed.erase(number);
        });
}

const Client* AuthorizationServer::find(std::string_view id) const
{
    const auto found = std::find_if(m_settings.clients.begin(), m_settings.clients.end(),
                                    [&](const Client& client) { return client.id == id; });
    return found == m_settings.clients.end() ? nullptr : &*found;
}

wire::HttpResponse AuthorizationServer::authorize(const wire::Target& target)
{
    const Client* const client = find(target.queryValue("client_id"));
    const std::string asked(target.queryValue("redirect_uri"));
    // Nobody is sent to an address that is not the client's.
    if (client == nullptr) return htmlPage(kBadRequest, "Unknown client", "");
    const bool isRegistered =
        std::any_of(client->redirectUris.begin(), client->redirectUris.end(),
                    [&](const std::string& each) { return isSameRedirect(each, asked); });
    if (!isRegistered || hasTwice(target.query))
        return htmlPage(kBadRequest, "This address of return is not registered", "");
    Page page;
    page.state = target.queryValue("state");
    page.consent = {client->id, asked, std::string(target.queryValue("code_challenge")),
                    knownScopes(target.queryValue("scope"), m_settings.scopes)};
    const auto refuse = [&](std::string error) {
        return redirectTo(
            asked,
            {{"error", std::move(error)}, {"state", page.state}, {"iss", m_settings.issuer}});
    };
    if (target.queryValue("response_type") != "code") return refuse("unsupported_response_type");
    const bool needsChallenge = m_settings.requiresPkce || client->secret.empty();
    if (page.consent.challenge.empty() && needsChallenge) return refuse("invalid_request");
    if (!page.consent.challenge.empty() && target.queryValue("code_challenge_method") != "S256")
        return refuse("invalid_request");
    if (target.queryValue("prompt") == "none" && !m_settings.consentsByItself)
        return refuse("login_required");
    if (m_settings.consentsByItself) return redirect(page, !strike(m_faults.denials));
    return askUser(std::move(page), *client);
}

wire::HttpResponse AuthorizationServer::askUser(Page page, const Client& client)
{
    if (m_pages.size() >= kPagesMax) m_pages.erase(m_pages.begin());
    std::string secret = m_random.uuidV4();
    std::string list;
    for (const std::string& scope : page.consent.scopes) list += "<li>" + htmlText(scope) + "</li>";
    const std::string body =
        fmt::format("<p>{} asks for:</p><ul>{}</ul><form method=\"post\" action=\"/consent\">"
                    "<input type=\"hidden\" name=\"page\" value=\"{}\">"
                    "<button name=\"answer\" value=\"yes\">Allow</button> "
                    "<button name=\"answer\" value=\"no\">Refuse</button></form>",
                    htmlText(client.name), list, secret);
    m_pages[std::move(secret)] = std::move(page);
    return htmlPage(200, "Sandbox broker", body);
}

wire::HttpResponse AuthorizationServer::consent(const wire::HttpRequest& request)
{
    const auto form = formOf(request);
    const auto found = m_pages.find(fieldOf(form, "page"));
    if (found == m_pages.end()) return htmlPage(kBadRequest, "This page has been answered", "");
    const Page page = std::move(found->second);
    m_pages.erase(found);
    return redirect(page, fieldOf(form, "answer") == "yes");
}

wire::HttpResponse AuthorizationServer::redirect(const Page& page, bool says)
{
    std::vector<wire::Header> fields;
    if (says)
        fields.push_back({"code", m_grants.issueCode(page.consent, m_executor.clock().now())});
    else
        fields.push_back({"error", "access_denied"});
    fields.push_back({"state", strike(m_faults.wrongState) ? m_random.uuidV4() : page.state});
    if (!strike(m_faults.missingIssuer))
        fields.push_back({"iss", strike(m_faults.wrongIssuer) ? "https://elsewhere.example"
                                                              : m_settings.issuer});
    return redirectTo(page.consent.redirectUri, fields);
}

const Client* AuthorizationServer::authenticated(const wire::HttpRequest& request,
                                                 const std::vector<wire::Header>& form) const
{
    const BasicPair basic = basicPair(request.headers.find("Authorization"));
    const bool isBasic = !basic.user.empty();
    const Client* const client =
        find(isBasic ? std::string_view(basic.user) : fieldOf(form, "client_id"));
    if (client == nullptr) return nullptr;
    const std::string_view secret =
        isBasic ? std::string_view(basic.password) : fieldOf(form, "client_secret");
    return secret == client->secret ? client : nullptr;
}

AuthorizationServer::TokenReply AuthorizationServer::token(const wire::HttpRequest& request)
{
    ++m_tokenRequests;
    if (strike(m_faults.tokenErrors)) return {tokenError(503, "temporarily_unavailable")};
    if (strike(m_faults.rateLimited)) {
        auto response = tokenError(kTooMany, "slow_down");
        response.headers.set("Retry-After", "2");
        return {std::move(response)};
    }
    if (strike(m_faults.slowTokens))
        return {tokenError(503, "temporarily_unavailable"), m_faults.slowBy};
    auto response = grant(request);
    if (strike(m_faults.lostAnswers)) return {tokenError(502, "server_error"), m_faults.slowBy};
    if (strike(m_faults.errorsAfterActing)) return {tokenError(500, "server_error")};
    return {std::move(response)};
}

wire::HttpResponse AuthorizationServer::grant(const wire::HttpRequest& request)
{
    const auto form = formOf(request);
    if (hasTwice(form)) return tokenError(kBadRequest, "invalid_request");
    const Client* const client = authenticated(request, form);
    if (client == nullptr) return tokenError(kUnauthorized, "invalid_client");
    const auto type = fieldOf(form, "grant_type");
    const Timestamp now = m_executor.clock().now();
    tl::expected<GrantBook::Given, GrantBook::Refusal> given =
        tl::unexpected(GrantBook::Refusal::Unknown);
    if (type == "authorization_code")
        given = m_grants.useCode({std::string(fieldOf(form, "code")), client->id,
                                  std::string(fieldOf(form, "redirect_uri")),
                                  std::string(fieldOf(form, "code_verifier"))},
                                 now);
    else if (type == "refresh_token")
        given = m_grants.useRefresh(fieldOf(form, "refresh_token"), client->id, now);
    else
        return tokenError(kBadRequest, type.empty() ? "invalid_request" : "unsupported_grant_type");
    if (given) return tokensAnswer(*given);
    m_lastRefusal = toString(given.error());
    if (given.error() == GrantBook::Refusal::Used) ended(); // its grant has died of it
    return tokenError(kBadRequest, "invalid_grant");
}

wire::HttpResponse AuthorizationServer::revoke(const wire::HttpRequest& request)
{
    if (strike(m_faults.revokeErrors)) {
        auto response = tokenError(503, "temporarily_unavailable");
        response.headers.set("Retry-After", "1");
        return response;
    }
    const auto form = formOf(request);
    const Client* const client = authenticated(request, form);
    if (client == nullptr) return tokenError(kUnauthorized, "invalid_client");
    if (fieldOf(form, "token").empty()) return tokenError(kBadRequest, "invalid_request");
    m_grants.revoke(fieldOf(form, "token"), client->id);
    ended();
    return {200, {{"Cache-Control", "no-store"}}, {}};
}

void AuthorizationServer::revokeEverything()
{
    m_grants.revokeEverything();
    ended();
}

void AuthorizationServer::endAccess()
{
    m_grants.endAccess();
    keep();
}

bool AuthorizationServer::isAccessValid(std::string_view token) const
{
    return m_grants.isAccessValid(token, m_executor.clock().now());
}

wire::HttpResponse AuthorizationServer::introspect(const wire::HttpRequest& request) const
{
    constexpr std::string_view kScheme = "Bearer ";
    const auto header = request.headers.find("Authorization");
    const bool isValid =
        header.starts_with(kScheme) && isAccessValid(header.substr(kScheme.size()));
    return isValid ? wire::HttpResponse{200,
                                        {{"Content-Type", "application/json"}},
                                        "{\"active\":true}"}
                   : tokenError(kUnauthorized, "invalid_token");
}

} // namespace qd::sandbox::oauth
