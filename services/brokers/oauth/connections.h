#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/brokers/oauth/authorizer.h"

namespace qd::brokers::oauth {

/// The users' connections to brokers by consent: begun and finished in a browser, renewed ahead of
/// their end, revoked at the broker when they are ended here. What the other rooms use.
/// Core executor; callbacks come there, once, unless the object ends before.
class Connections {
public:
    /// All outlive the object; `random` must be fit for secrets. The database of `writer` has
    /// `oauthMigrations`.
    struct Dependencies {
        storage::Writer& writer;
        TokenStore& tokens;
        wire::HttpClient& http;
        const Providers& providers;
        runtime::Executor& core;
        runtime::Random& random;
        observability::Logger log = {};
    };
    struct Token {
        runtime::Secret access;
        std::int64_t generation = 0;
        std::string link; ///< whose it is
    };
    using ThenToken = std::function<void(Result<Token>)>;
    /// One request with this token; tells what was answered.
    using Attempt =
        std::function<void(const runtime::Secret& token, wire::HttpClient::Callback answered)>;

    explicit Connections(Dependencies dependencies, Settings settings = {});
    ~Connections();
    Connections(const Connections&) = delete;
    Connections& operator=(const Connections&) = delete;

    /// Loads the links and from then on looks after them. `then` after the first look.
    void start(std::function<void(Result<void>)> then);

    /// `told` hears of each change of a link, in the moment that it is on disk: new, renewed,
    /// failed, not to be used any more, gone; perhaps twice. Of what other processes change, at the
    /// next look.
    void observe(std::function<void(const BrokerLink&)> told);

    Authorizer& authorizer() { return m_authorizer; }
    /// Local use stops at once (Revoker).
    void disconnect(const std::string& owner, const BrokerId& broker, Revoker::Then then);
    /// As of now, from the database; of all owners if `owner` is empty.
    void list(const std::string& owner, std::function<void(Result<std::vector<BrokerLink>>)> then);
    std::vector<Availability> available() const { return m_the.providers.available(); }
    std::vector<std::string> missingScopes(const BrokerLink& link) const
    {
        return m_the.providers.missingScopes(link);
    }

    /// Access that is valid now; renewed first if it is not. Fails with: NotFound
    /// "oauth.not_connected", Denied "oauth.reauth_needed", or as Refresher::renew.
    void token(const std::string& owner, const BrokerId& broker, ThenToken then);
    /// The broker has answered 401 to the token of `generation`: another one.
    void refused(const std::string& owner, const BrokerId& broker, std::int64_t generation,
                 ThenToken then);
    /// A request with a token. After a 401 the token is renewed and the request made once more;
    /// what comes then is the answer.
    void call(const std::string& owner, const BrokerId& broker, Attempt attempt,
              wire::HttpClient::Callback done);

    /// Rows that belong to no link: zero, or something is broken.
    void countOrphans(std::function<void(Result<std::int64_t>)> then);

    /// All links and the count of orphans, as of the last look or change: for health and metrics.
    struct Overview {
        std::vector<BrokerLink> links;
        std::int64_t orphans = 0;
        Error lastError = {}; ///< of the last look; no code: it went well
    };
    const Overview& overview() const { return m_overview; }
    const Authorizer::Figures& consents() const { return m_authorizer.figures(); }
    const Refresher::Figures& refreshes() const { return m_refresher.figures(); }
    const Revoker::Figures& revocations() const { return m_revoker.figures(); }

private:
    struct Seen {
        std::vector<LinkRow> rows;
        std::int64_t orphans = 0;
    };
    void look(std::function<void(Result<void>)> then);
    void read(std::function<void(Result<Seen>)> then);
    void remember(const Result<Seen>& seen);
    void changed(const BrokerLink& link);
    void readSoon();
    void tick();
    void renewAhead(const std::vector<LinkRow>& rows);
    bool isDue(const BrokerLink& link) const;
    void find(const std::string& owner, const BrokerId& broker,
              std::function<void(Result<BrokerLink>)> then);
    void renew(const BrokerLink& link, std::int64_t generation, const ThenToken& then);

    const Dependencies m_the;
    const Settings m_settings;
    std::vector<std::function<void(const BrokerLink&)>> m_observers;
    Overview m_overview;
    bool m_isReading = false, m_readsAgain = false;
    Store m_store;
    TokenEndpoint m_endpoint;
    Leases m_leases;
    Refresher m_refresher;
    Revoker m_revoker;
    Authorizer m_authorizer;
    std::map<std::string, Duration> m_notBefore; ///< by link: steady time of the next round
    runtime::Timer m_next;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::brokers::oauth
