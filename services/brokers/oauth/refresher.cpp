#include "services/brokers/oauth/refresher.h"

#include <algorithm>

#include "services/resilience/retry.h"

namespace qd::brokers::oauth {

struct Refresher::Round {
    BrokerLink link;
    std::int64_t generation = 0; ///< tokens must become newer than this
    const Providers::Entry* entry = nullptr;
    std::vector<Then> waiting;
    std::string holder; ///< of the lease; empty while there is none
    Tokens tokens;      ///< before the broker answered the old ones, then the new ones
    int tries = 0, unknowns = 0;
    runtime::Timer timer;
};

namespace {

Error reauthNeeded(const Error& why)
{
    return {ErrorKind::Denied,
            "oauth.reauth_needed",
            "the broker must be connected again: " + why.detail,
            {}};
}

struct LinkMark {
    std::string link, holder;
    LinkStatus status = LinkStatus::Connected;
    std::int64_t generation = 0;
    Timestamp expiresAt = {}, refreshExpiresAt = {};
    std::vector<std::string> scopes = {};
    Error error = {}; ///< no code: it went well
    bool tellsUser = false;
};

Result<void> markWell(storage::Transaction& transaction, LinkRow& row, const LinkMark& mark,
                      Timestamp now)
{
    row.link.renewedAt = now;
    row.generation = mark.generation;
    row.link.expiresAt = mark.expiresAt;
    row.link.refreshExpiresAt = mark.refreshExpiresAt;
    if (!mark.scopes.empty()) row.link.scopes = mark.scopes;
    row.link.lastError.clear();
    row.link.lastErrorAt = {};
    row.isTold = false;
    const auto event =
        transaction.append(oauthEvent("oauth.refreshed", row.link.owner, row.link.broker));
    if (!event) return tl::unexpected(event.error());
    return {};
}

/// The user is told once, with where to go; from then on it is only noted in the row.
Result<void> markFailure(storage::Transaction& transaction, LinkRow& row, const LinkMark& mark,
                         Timestamp now)
{
    row.link.lastError = mark.error.code;
    row.link.lastErrorAt = now;
    if (!mark.tellsUser || row.isTold) return {};
    row.isTold = true;
    const auto event = transaction.append(
        oauthEvent("oauth.reauth_needed", row.link.owner, row.link.broker,
                   {{"reason", mark.error.code},
                    {"reauthorise", "/v1/connections/" + row.link.broker.text() + "/begin"}}));
    if (!event) return tl::unexpected(event.error());
    return {};
}

/// The link as it is now; nothing if it is gone.
Result<std::optional<BrokerLink>> applyMark(storage::Transaction& transaction,
                                            const LinkMark& mark, Timestamp now)
{
    std::optional<BrokerLink> marked;
    auto found = findLinkById(transaction.database(), mark.link);
    if (!found) return tl::unexpected(found.error());
    if (*found) {
        LinkRow& row = **found;
        const auto done = mark.error.code.empty() ? markWell(transaction, row, mark, now)
                                                  : markFailure(transaction, row, mark, now);
        if (!done) return tl::unexpected(done.error());
        // Who disconnected meanwhile stays disconnected.
        if (row.link.status != LinkStatus::RevocationPending) row.link.status = mark.status;
        if (const auto stored = storeLink(transaction.database(), row); !stored)
            return tl::unexpected(stored.error());
        marked = row.link;
    }
    if (const auto released = releaseLease(transaction.database(), mark.link, mark.holder);
        !released)
        return tl::unexpected(released.error());
    return marked;
}

} // namespace

Refresher::Refresher(Parts parts) : m_the(std::move(parts)) {}

Refresher::~Refresher()
{
    *m_alive = false;
    for (const auto& [link, round] : m_rounds) round->timer.cancel();
}

Result<Tokens> Refresher::current(const std::string& link, const std::string& owner) const
{
    if (const auto found = m_unsaved.find(link); found != m_unsaved.end())
        return found->second.clone();
    const auto text = m_the.tokens.read(tokensId(link), owner);
    if (!text) return tl::unexpected(text.error());
    return readTokens(*text);
}

/// As `current`, and of what another process may have stored a moment ago nothing is missed: a
/// refresh token that was used up there costs the grant when it is sent once more.
Result<Tokens> Refresher::stored(const std::string& link, const std::string& owner) const
{
    if (const auto found = m_unsaved.find(link); found != m_unsaved.end())
        return found->second.clone();
    const auto text = m_the.tokens.readStored(tokensId(link), owner);
    if (!text) return tl::unexpected(text.error());
    return readTokens(*text);
}

void Refresher::renew(const BrokerLink& link, std::int64_t generation, Then then)
{
    if (m_unsaved.contains(link.id)) return then(current(link.id, link.owner));
    if (const auto found = m_rounds.find(link.id); found != m_rounds.end()) {
        if (found->second->waiting.size() >= kWaitingMax)
            return then(fail(ErrorKind::Unavailable, "oauth.waiting_full",
                             "too many are waiting for this link's access"));
        found->second->waiting.push_back(std::move(then));
        return;
    }
    const auto entry = m_the.providers.find(link.broker, LinkMethod::OAuth);
    if (!entry) return then(tl::unexpected(entry.error()));
    const auto round = std::make_shared<Round>();
    round->link = link;
    round->generation = generation;
    round->entry = *entry;
    round->waiting.push_back(std::move(then));
    m_rounds[link.id] = round;
    ++m_figures.rounds;
    m_the.leases.take(
        link.id, generation, m_the.settings.leaseFor * 2,
        [this, round, alive = m_alive] {
            if (!*alive) return true;
            const auto now = stored(round->link.id, round->link.owner);
            return now && now->generation > round->generation;
        },
        [this, round, alive = m_alive](const Result<std::string>& holder) {
            if (*alive) leased(round, holder);
        });
}

void Refresher::leased(const RoundPtr& round, const Result<std::string>& holder)
{
    if (!holder) return end(round, tl::unexpected(holder.error()));
    round->holder = *holder;
    auto tokens = stored(round->link.id, round->link.owner);
    if (!tokens) return end(round, tl::unexpected(tokens.error()));
    round->tokens = std::move(*tokens);
    if (round->tokens.generation > round->generation) return end(round, {}); // another was faster
    if (round->holder.empty())
        return end(round, fail(ErrorKind::Unavailable, "oauth.refresh_failed",
                               "another process has renewed the access, and it is not there"));
    if (!round->entry->provider.canRefresh || !round->tokens.canRefreshAt(m_the.now()))
        return refused(round, {ErrorKind::Denied,
                               "oauth.no_refresh",
                               "there is nothing to renew the access with",
                               {}});
    request(round);
}

void Refresher::request(const RoundPtr& round)
{
    ++round->tries;
    ++m_figures.requests;
    m_the.endpoint.refresh(
        *round->entry, round->tokens.refresh, m_the.settings.refreshTimeout,
        [this, round, alive = m_alive](tl::expected<TokenAnswer, CallFailure> answer) {
            if (*alive) answered(round, std::move(answer));
        });
}

void Refresher::answered(const RoundPtr& round, tl::expected<TokenAnswer, CallFailure> answer)
{
    if (!answer) {
        if (answer.error().isOutcomeUnknown() || answer.error().isWithoutEffect())
            return retry(round, answer.error());
        return refused(round, answer.error().error);
    }
    if (!answer->scopes.empty()) round->link.scopes = answer->scopes;
    round->tokens = tokensOf(*answer, round->entry->provider, &round->tokens, m_the.now());
    save(round);
}

void Refresher::retry(const RoundPtr& round, const CallFailure& failure)
{
    round->unknowns += failure.isOutcomeUnknown();
    constexpr int kUnknownsMax = 2; // the first, and the one retry with the same token
    if (round->tries >= m_the.settings.refreshTries || round->unknowns >= kUnknownsMax)
        return failed(round, failure.error);
    const resilience::RetryPolicy policy{m_the.settings.refreshTries, m_the.settings.retryBase,
                                         m_the.settings.retryCap};
    const Duration wait = std::min(
        m_the.settings.retryCap,
        std::max(resilience::fullJitter(policy, round->tries, m_the.random), failure.retryAfter));
    round->timer = m_the.core.after(wait, [this, round] { request(round); });
}

void Refresher::save(const RoundPtr& round)
{
    m_the.tokens.put(tokensId(round->link.id), round->link.owner, sealText(round->tokens),
                     [this, round, alive = m_alive](const Result<void>& result) {
                         if (*alive) saved(round, result);
                     });
}

void Refresher::saved(const RoundPtr& round, const Result<void>& result)
{
    if (!result) {
        // The old refresh token may be dead already: these are all there is. They serve from
        // memory, and whoever waits is not kept waiting for the disk.
        m_the.log.error("renewed tokens cannot be stored yet",
                        {{"broker", round->link.broker.text()}, {"error", result.error()}});
        m_unsaved[round->link.id] = round->tokens.clone();
        m_figures.unsaved = m_unsaved.size();
        m_the.changed(round->link);
        tell(round, {});
        round->timer =
            m_the.core.after(m_the.settings.saveAgainAfter, [this, round] { save(round); });
        return;
    }
    m_unsaved.erase(round->link.id);
    m_figures.unsaved = m_unsaved.size();
    ++m_figures.renewed;
    mark(round, LinkStatus::Connected, {});
}

void Refresher::refused(const RoundPtr& round, const Error& error)
{
    ++m_figures.refused;
    mark(round, LinkStatus::ReauthNeeded, error);
}

void Refresher::failed(const RoundPtr& round, const Error& error)
{
    ++m_figures.failed;
    mark(round, LinkStatus::Failing, error);
}

void Refresher::mark(const RoundPtr& round, LinkStatus status, const Error& error)
{
    LinkMark mark{round->link.id, round->holder};
    mark.status = status;
    mark.generation = round->tokens.generation;
    mark.expiresAt = round->tokens.accessExpiresAt;
    mark.refreshExpiresAt = round->tokens.refreshExpiresAt;
    mark.scopes = round->link.scopes;
    mark.error = error;
    const Timestamp now = m_the.now();
    mark.tellsUser = status == LinkStatus::ReauthNeeded || !round->tokens.isValidAt(now);
    const auto holder = std::exchange(round->holder, {}); // the same transaction gives it back
    m_the.store.ask<std::optional<BrokerLink>>(
        [mark, now](storage::Transaction& transaction) {
            return applyMark(transaction, mark, now);
        },
        [this, round, holder, status, error,
         alive = m_alive](const Result<std::optional<BrokerLink>>& marked) {
            if (!*alive) return;
            if (marked && *marked) m_the.changed(**marked);
            if (!marked) {
                m_the.log.error("what became of a renewal cannot be noted",
                                {{"broker", round->link.broker.text()}, {"error", marked.error()}});
                m_the.leases.release(round->link.id, holder);
            }
            if (error.code.empty()) return end(round, {});
            if (status == LinkStatus::ReauthNeeded)
                return end(round, tl::unexpected(reauthNeeded(error)));
            end(round, fail(ErrorKind::Unavailable, "oauth.refresh_failed",
                            "the access cannot be renewed at the moment: " + error.detail));
        });
}

void Refresher::tell(const RoundPtr& round, const Result<void>& result)
{
    const auto waiting = std::exchange(round->waiting, {});
    for (const Then& then : waiting) {
        if (result)
            then(round->tokens.clone());
        else
            then(tl::unexpected(result.error()));
    }
}

void Refresher::end(const RoundPtr& round, const Result<void>& result)
{
    if (!round->holder.empty()) m_the.leases.release(round->link.id, round->holder);
    if (result && round->tokens.generation <= round->generation) {
        // The lease was not needed any more: somebody else has renewed.
        if (auto tokens = stored(round->link.id, round->link.owner); tokens)
            round->tokens = std::move(*tokens);
    }
    m_rounds.erase(round->link.id);
    tell(round, result);
}

} // namespace qd::brokers::oauth
