#include <algorithm>

#include "models/base/network_address.h"
#include "services/brokers/oauth/authorizer_parts.h"

namespace qd::brokers::oauth {
namespace {

Error startAgain(std::string detail)
{
    return {ErrorKind::Conflict, "oauth.expired", std::move(detail) + "; start again", {}};
}

Result<Consumed> killFlow(storage::Transaction& transaction, Consumed consumed, Error refusal,
                          bool isHostile)
{
    consumed.flow.state = FlowState::Dead;
    if (const auto updated = updateFlow(transaction.database(), consumed.flow); !updated)
        return tl::unexpected(updated.error());
    consumed.refusal = std::move(refusal);
    consumed.isHostile = isHostile;
    return consumed;
}

Consumed refuseFlow(Flow flow, Error refusal, bool isHostile)
{
    return {std::move(flow), std::move(refusal), isHostile};
}

/// RFC 9207 §2.4. A broker that says who it is says it always.
bool isRightIssuer(const Providers& providers, const Flow& flow, const Redirect& redirect)
{
    const auto entry = providers.find(flow.broker, LinkMethod::OAuth);
    if (!entry) return false;
    const Provider& provider = (*entry)->provider;
    if (redirect.issuer.empty()) return !provider.sendsIssuer;
    return provider.issuer.empty() || redirect.issuer == provider.issuer;
}

/// Stores the row of a link that is there, or makes one that has yet to get its tokens.
Result<LinkRow> prepareLink(storage::Transaction& transaction, const LinkRow& fresh)
{
    auto found = findLink(transaction.database(), fresh.link.owner, fresh.link.broker);
    if (!found) return tl::unexpected(found.error());
    if (*found) return std::move(**found);
    if (const auto stored = storeLink(transaction.database(), fresh); !stored)
        return tl::unexpected(stored.error());
    return fresh;
}

struct LinkDone {
    LinkRow row;
    Flow flow;
    std::string holder;
};

Result<BrokerLink> recordLink(storage::Transaction& transaction, const LinkDone& done)
{
    const auto found = findLinkById(transaction.database(), done.row.link.id);
    if (!found) return tl::unexpected(found.error());
    // Who disconnected while the browser was out wants it so.
    if (!*found || (*found)->link.status == LinkStatus::RevocationPending)
        return fail(ErrorKind::Conflict, "oauth.disconnected",
                    "the broker was disconnected meanwhile");
    auto stored =
        storeLink(transaction.database(), done.row)
            .and_then([&] { return updateFlow(transaction.database(), done.flow); })
            .and_then([&] {
                return releaseLease(transaction.database(), done.row.link.id, done.holder);
            });
    if (!stored) return tl::unexpected(stored.error());
    const auto event = transaction.append(
        oauthEvent("oauth.connected", done.row.link.owner, done.row.link.broker));
    if (!event) return tl::unexpected(event.error());
    return done.row.link;
}

/// What is left of a link whose tokens were given back.
Result<bool> recordGivenBack(storage::Transaction& transaction, const LinkDone& done,
                             bool isReplaced, bool isRevoked, Timestamp now)
{
    auto& database = transaction.database();
    const auto found = findLinkById(database, done.row.link.id);
    if (!found) return tl::unexpected(found.error());
    Result<void> changed;
    if (*found && (*found)->generation == 0) {
        changed = deleteLink(database, done.row.link.id);
    } else if (*found && isReplaced) {
        LinkRow row = **found;
        if (row.link.status != LinkStatus::RevocationPending)
            row.link.status = LinkStatus::ReauthNeeded;
        row.link.lastError = "oauth.not_stored";
        row.link.lastErrorAt = now;
        changed = storeLink(database, row);
    }
    changed = changed.and_then([&] { return updateFlow(database, done.flow); }).and_then([&] {
        return releaseLease(database, done.row.link.id, done.holder);
    });
    if (!changed) return tl::unexpected(changed.error());
    const auto event =
        transaction.append(oauthEvent("oauth.given_back", done.row.link.owner, done.row.link.broker,
                                      {{"revoked", isRevoked ? "yes" : "no"}}));
    if (!event) return tl::unexpected(event.error());
    return true;
}

} // namespace

Result<Consumed> consumeFlow(storage::Transaction& transaction, const Arrival& arrival,
                             const Providers& providers)
{
    auto found = findFlow(transaction.database(), arrival.stateHash);
    if (!found) return tl::unexpected(found.error());
    const Error unknown{ErrorKind::Denied, "oauth.state", "nobody here began this connection", {}};
    if (!*found) return refuseFlow({}, unknown, true);
    Consumed consumed{std::move(**found), {}, false};
    const Flow& flow = consumed.flow;
    const bool isOthers =
        flow.owner != arrival.owner || (!arrival.broker.empty() && flow.broker != arrival.broker);
    const bool isOpen = flow.state == FlowState::Open;
    if (isOthers && isOpen) return killFlow(transaction, std::move(consumed), unknown, true);
    const bool isSame = !isOthers && !arrival.codeHash.empty() && flow.codeHash == arrival.codeHash;
    const bool isOver = flow.state == FlowState::Dead || flow.state == FlowState::Swept;
    if (!isOpen && !isOver && !isSame) return refuseFlow(flow, unknown, true);
    if (isOver)
        return refuseFlow(flow, startAgain("this consent cannot be used any more"), isOthers);
    if (flow.state == FlowState::Done) return consumed;
    if (flow.state == FlowState::Exchanging && arrival.now < flow.usedUntil)
        return refuseFlow(flow,
                          {ErrorKind::Unavailable,
                           "oauth.in_progress",
                           "this consent is being used; ask again in a moment",
                           {}},
                          false);
    if (arrival.now >= flow.expiresAt)
        return killFlow(transaction, std::move(consumed), startAgain("this consent has expired"),
                        false);
    if (!isRightIssuer(providers, flow, arrival.redirect))
        return killFlow(transaction, std::move(consumed),
                        {ErrorKind::Denied,
                         "oauth.issuer",
                         "the answer is not from the broker that was asked; start again",
                         {}},
                        true);
    if (!arrival.redirect.error.empty())
        return killFlow(
            transaction, std::move(consumed),
            {ErrorKind::Denied, "oauth.refused", "the broker says: " + arrival.redirect.error, {}},
            false);
    consumed.flow.state = FlowState::Exchanging;
    consumed.flow.codeHash = arrival.codeHash;
    consumed.flow.usedUntil = arrival.usedUntil;
    if (const auto updated = updateFlow(transaction.database(), consumed.flow); !updated)
        return tl::unexpected(updated.error());
    return consumed;
}

void Authorizer::finish(Callback callback, ThenLinked then)
{
    if (!m_failures.peek(networkOf(callback.address)).allowed) {
        ++m_figures.unaudited;
        return then(fail(ErrorKind::Denied, "oauth.rate_limited",
                         "too many wrong answers from your network; wait a minute"));
    }
    auto redirect = parseRedirect(callback.query);
    if (!redirect) {
        refuse(callback, redirect.error().code);
        return then(tl::unexpected(redirect.error()));
    }
    const auto finish = std::make_shared<Finish>();
    finish->code = redirect->code;
    finish->codeHash = redirect->code.empty() ? "" : hashText(redirect->code);
    finish->stateHash = hashText(redirect->state);
    if (const auto found = m_finishing.find(finish->stateHash); found != m_finishing.end()) {
        Finish& other = *found->second;
        if (other.codeHash == finish->codeHash && other.callback.owner == callback.owner &&
            other.then.size() < kJoinedMax) {
            other.then.push_back(std::move(then));
            return;
        }
        refuse(callback, "oauth.state");
        return then(
            fail(ErrorKind::Denied, "oauth.state", "this connection is being made already"));
    }
    finish->callback = std::move(callback);
    finish->then.push_back(std::move(then));
    m_finishing[finish->stateHash] = finish;
    const Timestamp now = m_the.now();
    // Two tries, what else is under way with the link, and some time to store.
    const Duration longest = m_the.settings.exchangeTimeout * 2 + m_the.settings.leaseFor;
    Arrival arrival{finish->stateHash,      finish->codeHash,
                    finish->callback.owner, finish->callback.broker,
                    std::move(*redirect),   now,
                    now + longest};
    m_the.store.ask<Consumed>(
        [arrival = std::move(arrival),
         &providers = m_the.providers](storage::Transaction& transaction) {
            return consumeFlow(transaction, arrival, providers);
        },
        [this, finish](Result<Consumed> result) {
            if (!result) return end(finish, tl::unexpected(result.error()));
            finish->flow = std::move(result->flow);
            if (!result->refusal) return consumed(finish, finish->flow);
            if (result->isHostile) refuse(finish->callback, result->refusal->code);
            if (finish->flow.state == FlowState::Dead) dropVerifier(finish->flow);
            end(finish, tl::unexpected(*result->refusal));
        });
}

void Authorizer::consumed(const FinishPtr& finish, Result<Flow> flow)
{
    if (flow->state == FlowState::Done) {
        m_the.store.ask<LinkRow>(
            [link = flow->link](storage::Transaction& transaction) -> Result<LinkRow> {
                auto row = findLinkById(transaction.database(), link);
                if (!row) return tl::unexpected(row.error());
                if (!*row) return tl::unexpected(startAgain("the broker was disconnected since"));
                return std::move(**row);
            },
            [this, finish](const Result<LinkRow>& row) {
                if (row)
                    end(finish, row->link);
                else
                    end(finish, tl::unexpected(row.error()));
            });
        return;
    }
    const auto entry = m_the.providers.find(flow->broker, LinkMethod::OAuth);
    if (!entry) return settle(finish, FlowState::Dead, tl::unexpected(entry.error()));
    finish->entry = *entry;
    exchange(finish);
}

void Authorizer::exchange(const FinishPtr& finish)
{
    TokenEndpoint::Asked asked{finish->flow.redirectUri, {}};
    if (finish->entry->provider.usesPkce) {
        auto kept = m_the.tokens.read(verifierId(finish->flow.id), finish->flow.owner);
        if (!kept && kept.error().kind == ErrorKind::NotFound)
            return settle(finish, FlowState::Dead,
                          tl::unexpected(startAgain("what this consent was begun with is gone")));
        if (!kept)
            return settle(
                finish, FlowState::Failed,
                fail(ErrorKind::Unavailable, "oauth.exchange_failed", kept.error().detail));
        asked.verifier = std::move(*kept);
    }
    ++finish->tries;
    ++m_figures.exchanges;
    m_the.endpoint.exchange(
        *finish->entry, finish->code, asked, m_the.settings.exchangeTimeout,
        [this, finish, alive = m_alive](tl::expected<TokenAnswer, CallFailure> answer) {
            if (*alive) exchanged(finish, std::move(answer));
        });
}

void Authorizer::exchanged(const FinishPtr& finish, tl::expected<TokenAnswer, CallFailure> answer)
{
    if (!answer) {
        const Error& error = answer.error().error;
        if (error.code == "wire.timeout" && finish->tries == 1) return exchange(finish);
        if (answer.error().isOutcomeUnknown() || answer.error().isWithoutEffect())
            return settle(
                finish, FlowState::Failed,
                fail(ErrorKind::Unavailable, "oauth.exchange_failed",
                     "the broker did not answer as it should; try again: " + error.detail));
        return settle(
            finish, FlowState::Dead,
            fail(ErrorKind::Conflict, "oauth.code_refused",
                 "the broker does not take this consent any more; start again: " + error.detail));
    }
    const Provider& provider = finish->entry->provider;
    finish->tokens = tokensOf(*answer, provider, nullptr, m_the.now());
    finish->scopes = answer->scopes.empty() ? provider.scopes : answer->scopes;
    link(finish);
}

void Authorizer::link(const FinishPtr& finish)
{
    LinkRow fresh;
    fresh.link.id = m_the.random.uuidV4();
    fresh.link.owner = finish->flow.owner;
    fresh.link.broker = finish->flow.broker;
    fresh.link.status = LinkStatus::ReauthNeeded;
    fresh.link.lastError = "oauth.unfinished";
    fresh.link.lastErrorAt = m_the.now();
    m_the.store.ask<LinkRow>(
        [fresh](storage::Transaction& transaction) { return prepareLink(transaction, fresh); },
        [this, finish, alive = m_alive](Result<LinkRow> row) {
            if (!*alive) return;
            if (!row) return giveBack(finish, row.error());
            finish->row = std::move(*row);
            m_the.leases.take(finish->row.link.id, finish->row.generation, m_the.settings.leaseFor,
                              {}, [this, finish, alive](const Result<std::string>& holder) {
                                  if (*alive) leased(finish, holder);
                              });
        });
}

void Authorizer::leased(const FinishPtr& finish, const Result<std::string>& holder)
{
    if (!holder) return giveBack(finish, holder.error());
    finish->holder = *holder;
    // A renewal may have gone on since the row was read.
    std::int64_t before = finish->row.generation;
    if (const auto text = m_the.tokens.readStored(tokensId(finish->row.link.id), finish->flow.owner);
        text) {
        if (const auto old = readTokens(*text); old) before = std::max(before, old->generation);
    }
    finish->tokens.generation = before + 1;
    m_the.tokens.put(tokensId(finish->row.link.id), finish->flow.owner, sealText(finish->tokens),
                     [this, finish, alive = m_alive](const Result<void>& result) {
                         if (*alive) stored(finish, result);
                     });
}

void Authorizer::stored(const FinishPtr& finish, const Result<void>& result)
{
    if (!result) return giveBack(finish, result.error());
    finish->isReplaced = true;
    record(finish);
}

void Authorizer::record(const FinishPtr& finish)
{
    LinkDone done{finish->row, finish->flow, finish->holder};
    BrokerLink& link = done.row.link;
    link.status = LinkStatus::Connected;
    link.scopes = finish->scopes;
    link.connectedAt = m_the.now();
    link.renewedAt = link.connectedAt;
    link.expiresAt = finish->tokens.accessExpiresAt;
    link.refreshExpiresAt = finish->tokens.refreshExpiresAt;
    link.lastError.clear();
    link.lastErrorAt = {};
    done.row.generation = finish->tokens.generation;
    done.row.isTold = false;
    done.flow.state = FlowState::Done;
    done.flow.usedUntil = {};
    done.flow.link = link.id;
    m_the.store.ask<BrokerLink>(
        [done](storage::Transaction& transaction) { return recordLink(transaction, done); },
        [this, finish, alive = m_alive](const Result<BrokerLink>& recorded) {
            if (!*alive) return;
            if (!recorded) return giveBack(finish, recorded.error());
            ++m_figures.linked;
            dropVerifier(finish->flow);
            m_the.changed(*recorded);
            end(finish, *recorded);
        });
}

/// What cannot be kept must not go on to exist at the broker.
void Authorizer::giveBack(const FinishPtr& finish, const Error& error)
{
    m_the.log.error("a broker's consent cannot be stored and is given back",
                    {{"broker", finish->flow.broker.text()}, {"error", error}});
    if (finish->isReplaced)
        m_the.tokens.remove(tokensId(finish->row.link.id), finish->flow.owner,
                            [](const Result<void>&) {});
    m_revoker.revokeUnstored(
        *finish->entry, finish->tokens.clone(), [this, finish, alive = m_alive](bool isRevoked) {
            if (!*alive) return;
            LinkDone done{finish->row, finish->flow, finish->holder};
            done.flow.state = FlowState::Dead;
            done.flow.usedUntil = {};
            const Provider& provider = finish->entry->provider;
            const std::string detail =
                isRevoked
                    ? "the access could not be stored and was given back to the broker; start again"
                    : "the access could not be stored, nor given back to the broker; remove it "
                      "at " +
                          provider.manageUrl + " and start again";
            const Timestamp now = m_the.now();
            m_the.store.ask<bool>(
                [done, isReplaced = finish->isReplaced, isRevoked,
                 now](storage::Transaction& transaction) {
                    return recordGivenBack(transaction, done, isReplaced, isRevoked, now);
                },
                [this, finish, detail](const Result<bool>&) {
                    dropVerifier(finish->flow);
                    if (finish->isReplaced) {
                        BrokerLink lost = finish->row.link;
                        lost.status = LinkStatus::ReauthNeeded;
                        m_the.changed(lost);
                    }
                    end(finish, fail(ErrorKind::Unavailable, "oauth.not_stored", detail));
                });
        });
}

void Authorizer::settle(const FinishPtr& finish, FlowState state, Result<BrokerLink> result)
{
    finish->flow.state = state;
    finish->flow.usedUntil = {};
    m_the.store.ask<bool>(
        [flow = finish->flow](storage::Transaction& transaction) -> Result<bool> {
            const auto updated = updateFlow(transaction.database(), flow);
            if (!updated) return tl::unexpected(updated.error());
            return true;
        },
        [this, finish, result = std::move(result)](const Result<bool>&) {
            if (finish->flow.state == FlowState::Dead) dropVerifier(finish->flow);
            end(finish, result);
        });
}

void Authorizer::end(const FinishPtr& finish, const Result<BrokerLink>& result)
{
    m_finishing.erase(finish->stateHash);
    const auto waiting = std::exchange(finish->then, {});
    for (const ThenLinked& then : waiting) then(result);
}

} // namespace qd::brokers::oauth
