#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/runtime/executor.h"
#include "services/sandbox/oauth/grant_archive.h"
#include "services/sandbox/oauth/grant_book.h"
#include "services/wire/http.h"

namespace qd::sandbox::oauth {

/// A program that may ask for consent.
struct Client {
    std::string id;
    std::string secret; ///< empty: a public client, which must use PKCE
    std::string name;   ///< on the consent page
    std::vector<std::string> redirectUris;
};

struct ServerSettings {
    std::string issuer = "http://127.0.0.1"; ///< `iss` of each redirect (RFC 9207)
    std::vector<Client> clients;
    std::vector<std::string> scopes = {"account:write", "trading", "data"}; ///< others are dropped
    Lifetimes lifetimes;
    bool requiresPkce = false;     ///< of all, not only of public clients
    bool consentsByItself = false; ///< redirects at once, as a user who says yes; else a page asks
};

/// What is broken now. Counts are struck off one a request; 0 is never.
struct ServerFaults {
    int slowTokens = 0; ///< the token endpoint does nothing and says so after `slowBy`
    Duration slowBy = std::chrono::seconds(60);
    int lostAnswers = 0;       ///< it acts, and its answer is lost: none for `slowBy`, then a 502
    int tokenErrors = 0;       ///< it answers 503 and does nothing
    int errorsAfterActing = 0; ///< it acts and answers 500
    int rateLimited = 0;       ///< it answers 429 with Retry-After
    int revokeErrors = 0;      ///< the revocation endpoint answers 503: the token lives on
    int wrongState = 0;        ///< a redirect carries another state
    int wrongIssuer = 0;       ///< a redirect names another issuer
    int missingIssuer = 0;
    int denials = 0; ///< the user says no
};

/// An OAuth 2 authorization server for people and programs: RFC 6749 (codes, refresh), 7636 (S256
/// alone), 7009, 9207, and 8252 for the ports of redirects. A wrong client or redirect gets a page
/// and no redirect. Refresh tokens are used once; one that comes again kills its grant, as does a
/// code. Wrong, used, expired and revoked look alike to the client.
///
/// GET /authorize · POST /consent (the page's answer) · POST /token · POST /revoke · GET
/// /introspect (a bearer token: 200 or 401), for tests of the API behind it. One executor, no
/// sockets, virtual time will do.
class AuthorizationServer final : public wire::Service {
public:
    AuthorizationServer(ServerSettings settings, runtime::Executor& executor,
                        runtime::Random& random);
    ~AuthorizationServer() override;

    void handle(wire::HttpRequest request, Respond respond) override;
    tl::expected<wire::WebSocketEvents, wire::HttpResponse>
    upgrade(const wire::HttpRequest& request) override;

    /// Before the first request: go on with what is in `archive`, and have each change on the disk
    /// before it is told. `failed` is told of a change that is not, which is tried again with the next.
    /// `archive` outlives it. Fails as its load does.
    Result<void> keepIn(GrantArchive& archive, std::function<void(const Error&)> failed);

    ServerFaults& faults() { return m_faults; }
    const ServerFaults& faults() const { return m_faults; }
    /// As the user does on the server's own pages.
    void revokeEverything();
    /// Every access token ends, as when its time is up; what renews it lives on.
    void endAccess();
    /// `told` when grants have died, whoever ended them.
    void onEnded(std::function<void()> told) { m_ended = std::move(told); }
    /// Its address, once that is known.
    void setIssuer(std::string issuer) { m_settings.issuer = std::move(issuer); }
    bool isAccessValid(std::string_view token) const;
    GrantBook::Figures figures() const { return m_grants.figures(); }
    /// Why the token endpoint last refused, which it does not tell its clients.
    const std::string& lastRefusal() const { return m_lastRefusal; }
    std::uint64_t tokenRequests() const { return m_tokenRequests; }
    void setConsentsByItself(bool does) { m_settings.consentsByItself = does; }

    static constexpr std::size_t kPagesMax = 1'000; ///< consent pages that wait for an answer

private:
    struct Page {
        Consent consent;
        std::string state;
    };
    struct TokenReply {
        wire::HttpResponse response;
        Duration delay{};
    };

    wire::HttpResponse authorize(const wire::Target& target);
    wire::HttpResponse askUser(Page page, const Client& client);
    wire::HttpResponse consent(const wire::HttpRequest& request);
    wire::HttpResponse redirect(const Page& page, bool says);
    TokenReply token(const wire::HttpRequest& request);
    wire::HttpResponse grant(const wire::HttpRequest& request);
    wire::HttpResponse revoke(const wire::HttpRequest& request);
    wire::HttpResponse introspect(const wire::HttpRequest& request) const;
    const Client* find(std::string_view id) const;
    const Client* authenticated(const wire::HttpRequest& request,
                                const std::vector<wire::Header>& form) const;
    void keep();
    void ended();
    void later(Duration delay, wire::HttpResponse response, Respond respond);

    ServerSettings m_settings;
    runtime::Executor& m_executor;
    runtime::Random& m_random;
    GrantBook m_grants;
    ServerFaults m_faults;
    std::map<std::string, Page, std::less<>> m_pages; ///< by the page's own secret
    std::string m_lastRefusal;
    std::uint64_t m_tokenRequests = 0;
    std::function<void()> m_ended = [] {};
    GrantArchive* m_archive = nullptr; ///< null: nothing is kept
    std::function<void(const Error&)> m_keepingFailed;
    std::map<std::uint64_t, runtime::Timer> m_delayed;
    std::uint64_t m_delays = 0;
};

} // namespace qd::sandbox::oauth
