#include "services/brokers/oauth/revoker.h"

#include <algorithm>

namespace qd::brokers::oauth {

struct Revoker::Job {
    LinkRow row;
    const Providers::Entry* entry = nullptr;
    std::string holder;
};

namespace {

Result<LinkRow> beginRevocation(storage::Transaction& transaction, const std::string& owner,
                                const BrokerId& broker, Timestamp now)
{
    auto found = findLink(transaction.database(), owner, broker);
    if (!found) return tl::unexpected(found.error());
    if (!*found)
        return fail(ErrorKind::NotFound, "oauth.not_connected", "this broker is not connected");
    LinkRow row = std::move(**found);
    row.link.status = LinkStatus::RevocationPending;
    row.revocationSince = now;
    row.revocationNextAt = now;
    if (const auto stored = storeLink(transaction.database(), row); !stored)
        return tl::unexpected(stored.error());
    const auto event = transaction.append(oauthEvent("oauth.disconnected", owner, broker));
    if (!event) return tl::unexpected(event.error());
    return row;
}

Result<bool> finishRevocation(storage::Transaction& transaction, const BrokerLink& link,
                              std::string_view kind)
{
    if (const auto gone = deleteLink(transaction.database(), link.id); !gone)
        return tl::unexpected(gone.error());
    const auto event = transaction.append(oauthEvent(kind, link.owner, link.broker));
    if (!event) return tl::unexpected(event.error());
    return true;
}

/// True: this was the moment to sound the alarm.
Result<bool> postponeRevocation(storage::Transaction& transaction, const LinkRow& seen,
                                const std::string& code, const Settings& settings, Timestamp now)
{
    auto found = findLinkById(transaction.database(), seen.link.id);
    if (!found) return tl::unexpected(found.error());
    if (!*found) return false;
    LinkRow row = std::move(**found);
    constexpr int kDoublingsMax = 20;
    const auto doublings = std::min(row.revocationTries++, kDoublingsMax);
    const Duration wait = std::min(settings.revokeCap, settings.revokeBase * (1 << doublings));
    row.revocationNextAt = now + wait;
    row.link.lastError = code;
    row.link.lastErrorAt = now;
    const bool alarms =
        !row.isAlarmed && now - row.revocationSince >= settings.revocationAlarmAfter;
    row.isAlarmed |= alarms;
    if (alarms) {
        const auto event = transaction.append(oauthEvent("oauth.revocation_overdue", row.link.owner,
                                                         row.link.broker, {{"reason", code}}));
        if (!event) return tl::unexpected(event.error());
    }
    if (const auto stored = storeLink(transaction.database(), row); !stored)
        return tl::unexpected(stored.error());
    return alarms;
}

} // namespace

Revoker::Revoker(Parts parts) : m_the(std::move(parts)) {}

Revoker::~Revoker()
{
    *m_alive = false;
}

void Revoker::begin(const std::string& owner, const BrokerId& broker, Then then)
{
    const Timestamp now = m_the.now();
    m_the.store.ask<LinkRow>(
        [owner, broker, now](storage::Transaction& transaction) {
            return beginRevocation(transaction, owner, broker, now);
        },
        [this, alive = m_alive, then = std::move(then)](Result<LinkRow> row) {
            if (!*alive) return;
            if (!row) return then(tl::unexpected(row.error()));
            m_the.changed(row->link);
            Begun begun{row->link, {}};
            const auto entry = m_the.providers.find(row->link.broker, LinkMethod::OAuth);
            if (entry && (*entry)->provider.revokeUrl.empty())
                begun.manageUrl = (*entry)->provider.manageUrl;
            then(std::move(begun));
            start(*row);
        });
}

void Revoker::work(const std::vector<LinkRow>& links)
{
    for (const LinkRow& row : links) {
        if (row.link.status == LinkStatus::RevocationPending && row.revocationNextAt <= m_the.now())
            start(row);
    }
}

void Revoker::start(const LinkRow& row)
{
    if (m_jobs.contains(row.link.id)) return;
    const auto entry = m_the.providers.find(row.link.broker, LinkMethod::OAuth);
    if (!entry) return; // not configured any more: it stays pending until it is again
    const auto job = std::make_shared<Job>();
    job->row = row;
    job->entry = *entry;
    m_jobs[row.link.id] = job;
    ++m_figures.tries;
    m_the.leases.take(row.link.id, row.generation, m_the.settings.leaseFor, {},
                      [this, job, alive = m_alive](const Result<std::string>& holder) {
                          if (*alive) leased(job, holder);
                      });
}

void Revoker::leased(const JobPtr& job, const Result<std::string>& holder)
{
    if (!holder) return end(job);
    job->holder = *holder;
    const auto text = m_the.tokens.readStored(tokensId(job->row.link.id), job->row.link.owner);
    if (!text && text.error().kind == ErrorKind::NotFound) return confirmed(job); // they are gone
    if (!text) return postponed(job, text.error());
    auto tokens = readTokens(*text);
    if (!tokens) return postponed(job, tokens.error());
    if (job->entry->provider.revokeUrl.empty()) return confirmed(job);
    revokeBoth(*job->entry, std::make_shared<Tokens>(std::move(*tokens)),
               [this, job](const Result<void>& result) {
                   if (result) return confirmed(job);
                   postponed(job, result.error());
               });
}

/// A dead refresh token need not kill what it has given out (RFC 7009 §2.1), so both are revoked.
void Revoker::revokeBoth(const Providers::Entry& entry, const std::shared_ptr<Tokens>& tokens,
                         Confirmed done)
{
    const Duration timeout = m_the.settings.revokeTimeout;
    const bool hasRefresh = !tokens->refresh.empty();
    const auto revokeAccess = [this, &entry, tokens, timeout, hasRefresh, alive = m_alive, done] {
        m_the.endpoint.revoke(
            entry, tokens->access, "access_token", timeout,
            [done, hasRefresh, alive](const tl::expected<void, CallFailure>& result) {
                if (!*alive) return;
                // Servers may not revoke access tokens of their own; those of a
                // dead grant end by themselves.
                const bool isEnough = result || (hasRefresh && result.error().error.code ==
                                                                   "oauth.revocation_refused");
                if (isEnough) return done({});
                done(tl::unexpected(result.error().error));
            });
    };
    if (!hasRefresh) return revokeAccess();
    m_the.endpoint.revoke(
        entry, tokens->refresh, "refresh_token", timeout,
        [done, revokeAccess, alive = m_alive](const tl::expected<void, CallFailure>& result) {
            if (!*alive) return;
            if (!result) return done(tl::unexpected(result.error().error));
            revokeAccess();
        });
}

void Revoker::confirmed(const JobPtr& job)
{
    const BrokerLink& link = job->row.link;
    m_the.tokens.remove(
        tokensId(link.id), link.owner, [this, job, alive = m_alive](const Result<void>& removed) {
            if (!*alive) return;
            if (!removed) return postponed(job, removed.error());
            const bool isConfirmed = !job->entry->provider.revokeUrl.empty();
            m_the.store.ask<bool>(
                [link = job->row.link, isConfirmed](storage::Transaction& transaction) {
                    return finishRevocation(transaction, link,
                                            isConfirmed ? "oauth.revoked" : "oauth.removed");
                },
                [this, job](const Result<bool>& finished) {
                    if (finished) {
                        ++m_figures.confirmed;
                        job->holder.clear(); // the lease went with the link
                        m_the.changed(job->row.link);
                    }
                    end(job);
                });
        });
}

void Revoker::postponed(const JobPtr& job, const Error& error)
{
    ++m_figures.failed;
    const Timestamp now = m_the.now();
    m_the.store.ask<bool>(
        [row = job->row, code = error.code, &settings = m_the.settings,
         now](storage::Transaction& transaction) {
            return postponeRevocation(transaction, row, code, settings, now);
        },
        [this, job, alive = m_alive](const Result<bool>& alarms) {
            if (!*alive) return;
            if (alarms && *alarms) {
                ++m_figures.alarms;
                m_the.log.error("a broker has not confirmed a revocation for a week",
                                {{"broker", job->row.link.broker.text()}});
            }
            end(job);
        });
}

void Revoker::end(const JobPtr& job)
{
    if (!job->holder.empty()) m_the.leases.release(job->row.link.id, job->holder);
    m_jobs.erase(job->row.link.id);
}

void Revoker::revokeUnstored(const Providers::Entry& entry, Tokens tokens,
                             std::function<void(bool)> done)
{
    if (entry.provider.revokeUrl.empty()) return done(false);
    tryUnstored(entry, std::make_shared<Tokens>(std::move(tokens)), 1, std::move(done));
}

void Revoker::tryUnstored(const Providers::Entry& entry, const std::shared_ptr<Tokens>& tokens,
                          int tries, std::function<void(bool)> done)
{
    revokeBoth(entry, tokens, [this, &entry, tokens, tries, done](const Result<void>& result) {
        if (result || tries >= kUnstoredTries) return done(result.has_value());
        const int number = ++m_timersMade;
        m_timers[number] = m_the.core.after(m_the.settings.retryBase * (1 << tries),
                                            [this, &entry, tokens, tries, done, number] {
                                                m_timers.erase(number);
                                                tryUnstored(entry, tokens, tries + 1, done);
                                            });
    });
}

} // namespace qd::brokers::oauth
