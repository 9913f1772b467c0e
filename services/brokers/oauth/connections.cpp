#include "services/brokers/oauth/connections.h"

#include <algorithm>
#include <utility>

namespace qd::brokers::oauth {
namespace {

Result<BrokerLink> linkInUse(storage::Transaction& transaction, const std::string& owner,
                             const BrokerId& broker)
{
    const auto row = findLink(transaction.database(), owner, broker);
    if (!row) return tl::unexpected(row.error());
    if (!*row)
        return fail(ErrorKind::NotFound, "oauth.not_connected", "this broker is not connected");
    return (*row)->link;
}

constexpr int kUnauthorized = 401;

bool isSameAccess(const BrokerLink& a, const BrokerLink& b)
{
    return a.status == b.status && a.renewedAt == b.renewedAt;
}

} // namespace

Connections::Connections(Dependencies dependencies, Settings settings)
    : m_the(dependencies),
      m_settings(settings),
      m_store(m_the.writer, m_the.core),
      m_endpoint(m_the.http),
      m_leases(m_store, m_the.core, m_the.random, m_settings),
      m_refresher({m_store, m_the.tokens, m_endpoint, m_the.providers, m_leases, m_the.core,
                   m_the.random, m_the.log, m_settings,
                   [this](const BrokerLink& link) { changed(link); }}),
      m_revoker({m_store, m_the.tokens, m_endpoint, m_the.providers, m_leases, m_the.core,
                 m_the.random, m_the.log, m_settings,
                 [this](const BrokerLink& link) { changed(link); }}),
      m_authorizer({m_store, m_the.tokens, m_endpoint, m_the.providers, m_leases, m_the.core,
                    m_the.random, m_the.log, m_settings,
                    [this](const BrokerLink& link) { changed(link); }},
                   m_revoker)
{
}

Connections::~Connections()
{
    *m_alive = false;
}

void Connections::start(std::function<void(Result<void>)> then)
{
    look(std::move(then));
    tick();
}

void Connections::tick()
{
    m_next = m_the.core.after(m_settings.lookEvery, [this] {
        look({});
        m_authorizer.sweep();
        tick();
    });
}

void Connections::look(std::function<void(Result<void>)> then)
{
    read([this, then = std::move(then)](const Result<Seen>& seen) {
        if (seen) {
            renewAhead(seen->rows);
            m_revoker.work(seen->rows);
        }
        if (!then) return;
        if (seen)
            then({});
        else
            then(tl::unexpected(seen.error()));
    });
}

void Connections::read(std::function<void(Result<Seen>)> then)
{
    m_store.ask<Seen>(
        [](storage::Transaction& transaction) -> Result<Seen> {
            auto rows = allLinks(transaction.database());
            if (!rows) return tl::unexpected(rows.error());
            const auto orphans = oauth::countOrphans(transaction.database());
            if (!orphans) return tl::unexpected(orphans.error());
            return Seen{std::move(*rows), *orphans};
        },
        [this, then = std::move(then)](const Result<Seen>& seen) {
            remember(seen);
            then(seen);
        });
}

/// Other processes change links too: what is not as it was is told.
void Connections::remember(const Result<Seen>& seen)
{
    m_overview.lastError = seen ? Error() : seen.error();
    if (!seen) return;
    const auto before = std::exchange(m_overview.links, {});
    m_overview.orphans = seen->orphans;
    for (const LinkRow& row : seen->rows) m_overview.links.push_back(row.link);
    const auto isAsBefore = [&before](const BrokerLink& link) {
        return std::ranges::any_of(before, [&](const BrokerLink& other) {
            return other.id == link.id && isSameAccess(other, link);
        });
    };
    const auto links = m_overview.links; // an observer may cause another look
    for (const BrokerLink& link : links) {
        if (isAsBefore(link)) continue;
        for (const auto& told : m_observers) told(link);
    }
}

void Connections::changed(const BrokerLink& link)
{
    for (const auto& told : m_observers) told(link);
    readSoon();
}

void Connections::readSoon()
{
    if (m_isReading) {
        m_readsAgain = true; // the one under way may be older than what has changed
        return;
    }
    m_isReading = true;
    read([this](const Result<Seen>&) {
        m_isReading = false;
        if (std::exchange(m_readsAgain, false)) readSoon();
    });
}

void Connections::observe(std::function<void(const BrokerLink&)> told)
{
    m_observers.push_back(std::move(told));
}

bool Connections::isDue(const BrokerLink& link) const
{
    if (!link.expiresAt.isSet()) return false;
    const Timestamp now = m_the.core.clock().now();
    const Duration quarter = (link.expiresAt - link.renewedAt) / 4;
    const Duration ahead = std::max(Duration::zero(), std::min(m_settings.renewAhead, quarter));
    return now >= link.expiresAt - ahead;
}

void Connections::renewAhead(const std::vector<LinkRow>& rows)
{
    const Duration steady = m_the.core.clock().steady();
    std::erase_if(m_notBefore, [&](const auto& each) { return each.second <= steady; });
    for (const LinkRow& row : rows) {
        const BrokerLink& link = row.link;
        const bool isInUse =
            link.status == LinkStatus::Connected || link.status == LinkStatus::Failing;
        if (!isInUse || !isDue(link) || m_notBefore.contains(link.id)) continue;
        const auto entry = m_the.providers.find(link.broker, LinkMethod::OAuth);
        if (!entry) continue;
        // What cannot be renewed serves to its end, and the user is told then.
        const bool isOver = m_the.core.clock().now() >= link.expiresAt;
        if (!(*entry)->provider.canRefresh && !isOver) continue;
        m_notBefore[link.id] = steady + m_settings.renewAgainAfter;
        m_refresher.renew(link, row.generation,
                          [this, id = link.id, alive = m_alive](const Result<Tokens>& renewed) {
                              if (*alive && renewed) m_notBefore.erase(id); // what failed waits
                          });
    }
}

void Connections::find(const std::string& owner, const BrokerId& broker,
                       std::function<void(Result<BrokerLink>)> then)
{
    m_store.ask<BrokerLink>(
        [owner, broker](storage::Transaction& transaction) {
            return linkInUse(transaction, owner, broker);
        },
        std::move(then));
}

void Connections::renew(const BrokerLink& link, std::int64_t generation, const ThenToken& then)
{
    m_refresher.renew(link, generation, [then, id = link.id](Result<Tokens> tokens) {
        if (!tokens) return then(tl::unexpected(tokens.error()));
        then(Token{std::move(tokens->access), tokens->generation, id});
    });
}

void Connections::token(const std::string& owner, const BrokerId& broker, ThenToken then)
{
    find(owner, broker, [this, then = std::move(then)](const Result<BrokerLink>& link) {
        if (!link) return then(tl::unexpected(link.error()));
        auto tokens = m_refresher.current(link->id, link->owner);
        if (!tokens) return then(tl::unexpected(tokens.error()));
        if (tokens->isValidAt(m_the.core.clock().now()))
            return then(Token{std::move(tokens->access), tokens->generation, link->id});
        if (link->status == LinkStatus::ReauthNeeded)
            return then(fail(ErrorKind::Denied, "oauth.reauth_needed",
                             "the broker must be connected again"));
        renew(*link, tokens->generation, then);
    });
}

void Connections::refused(const std::string& owner, const BrokerId& broker, std::int64_t generation,
                          ThenToken then)
{
    find(owner, broker, [this, generation, then = std::move(then)](const Result<BrokerLink>& link) {
        if (!link) return then(tl::unexpected(link.error()));
        if (link->status == LinkStatus::ReauthNeeded)
            return then(fail(ErrorKind::Denied, "oauth.reauth_needed",
                             "the broker must be connected again"));
        auto tokens = m_refresher.current(link->id, link->owner);
        if (tokens && tokens->generation > generation)
            return then(Token{std::move(tokens->access), tokens->generation, link->id});
        renew(*link, generation, then);
    });
}

void Connections::call(const std::string& owner, const BrokerId& broker, Attempt attempt,
                       wire::HttpClient::Callback done)
{
    token(owner, broker,
          [this, owner, broker, attempt, done, alive = m_alive](const Result<Token>& first) {
              if (!first) return done(tl::unexpected(first.error()));
              attempt(first->access, [this, owner, broker, attempt, done, alive,
                                      generation =
                                          first->generation](Result<wire::HttpResponse> answer) {
                  if (!*alive) return;
                  if (!answer || answer->status != kUnauthorized) return done(std::move(answer));
                  refused(owner, broker, generation, [attempt, done](const Result<Token>& second) {
                      if (!second) return done(tl::unexpected(second.error()));
                      attempt(second->access, done);
                  });
              });
          });
}

void Connections::disconnect(const std::string& owner, const BrokerId& broker, Revoker::Then then)
{
    m_revoker.begin(owner, broker, std::move(then));
}

void Connections::list(const std::string& owner,
                       std::function<void(Result<std::vector<BrokerLink>>)> then)
{
    m_store.ask<std::vector<BrokerLink>>(
        [owner](storage::Transaction& transaction) -> Result<std::vector<BrokerLink>> {
            const auto rows = allLinks(transaction.database());
            if (!rows) return tl::unexpected(rows.error());
            std::vector<BrokerLink> links;
            for (const LinkRow& row : *rows) {
                if (owner.empty() || row.link.owner == owner) links.push_back(row.link);
            }
            return links;
        },
        std::move(then));
}

void Connections::countOrphans(std::function<void(Result<std::int64_t>)> then)
{
    m_store.ask<std::int64_t>(
        [](storage::Transaction& transaction) {
            return oauth::countOrphans(transaction.database());
        },
        std::move(then));
}

} // namespace qd::brokers::oauth
