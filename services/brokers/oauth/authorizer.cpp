#include "services/brokers/oauth/authorizer.h"

#include "models/base/network_address.h"
#include "services/brokers/oauth/authorizer_parts.h"
#include "services/storage/hashing.h"

namespace qd::brokers::oauth {
namespace {

Result<bool> recordFlow(storage::Transaction& transaction, const Flow& flow)
{
    if (const auto inserted = insertFlow(transaction.database(), flow); !inserted)
        return tl::unexpected(inserted.error());
    const auto event = transaction.append(oauthEvent("oauth.begun", flow.owner, flow.broker));
    if (!event) return tl::unexpected(event.error());
    return true;
}

} // namespace

std::string hashText(std::string_view text)
{
    return storage::toHex(storage::sha256(text));
}

Authorizer::Authorizer(Parts parts, Revoker& revoker)
    : m_the(std::move(parts)),
      m_revoker(revoker),
      m_failures({.count = m_the.settings.failuresPerMinute,
                  .period = std::chrono::minutes(1),
                  .burst = m_the.settings.failuresPerMinute},
                 m_the.core.clock())
{
}

Authorizer::~Authorizer()
{
    *m_alive = false;
}

void Authorizer::begin(const Wish& wish, ThenBegun then)
{
    const auto entry = m_the.providers.find(wish.broker, wish.method);
    if (!entry) return then(tl::unexpected(entry.error()));
    const auto redirectUri = redirectAt(**entry, wish.redirectPort);
    if (!redirectUri) return then(tl::unexpected(redirectUri.error()));
    const auto start = std::make_shared<Start>();
    start->entry = *entry;
    start->state = randomToken(m_the.random);
    if (start->entry->provider.usesPkce)
        start->verifier = runtime::Secret(randomToken(m_the.random));
    start->flow.id = m_the.random.uuidV4();
    start->flow.stateHash = hashText(start->state);
    start->flow.owner = wish.owner;
    start->flow.broker = wish.broker;
    start->flow.redirectUri = *redirectUri;
    start->flow.createdAt = m_the.now();
    start->flow.expiresAt = start->flow.createdAt + m_the.settings.flowLifetime;
    start->then = std::move(then);
    storeFlow(start);
}

/// The row first: so no verifier is ever stored that no row names.
void Authorizer::storeFlow(const StartPtr& start)
{
    ++start->tries;
    m_the.store.ask<bool>(
        [flow = start->flow](storage::Transaction& transaction) {
            return recordFlow(transaction, flow);
        },
        [this, start, alive = m_alive](const Result<bool>& stored) {
            if (!*alive) return;
            if (!stored) return startFailed(start, stored.error(), &Authorizer::storeFlow);
            start->tries = 0;
            storeVerifier(start);
        });
}

void Authorizer::storeVerifier(const StartPtr& start)
{
    const auto give = [this, start] {
        ++m_figures.begun;
        start->then(Begun{authorizeUrl(*start->entry, start->flow.redirectUri, start->state,
                                       start->verifier.revealForUse()),
                          start->flow.expiresAt});
    };
    if (start->verifier.empty()) return give();
    ++start->tries;
    m_the.tokens.put(verifierId(start->flow.id), start->flow.owner, start->verifier.clone(),
                     [this, start, give, alive = m_alive](const Result<void>& stored) {
                         if (!*alive) return;
                         if (stored) return give();
                         startFailed(start, stored.error(), &Authorizer::storeVerifier);
                     });
}

void Authorizer::startFailed(const StartPtr& start, const Error& error,
                             void (Authorizer::*again)(const StartPtr&))
{
    const bool isWorthIt = error.kind == ErrorKind::Unavailable && error.code != "oauth.flows_full";
    if (!isWorthIt || start->tries >= kStoreTries) {
        const bool isFull = error.code == "oauth.flows_full";
        return start->then(
            fail(ErrorKind::Unavailable, isFull ? error.code : "oauth.not_begun",
                 isFull ? error.detail
                        : "the connection was not begun, because its secrets cannot be stored: " +
                              error.detail));
    }
    const int number = ++m_timersMade;
    m_timers[number] =
        m_the.core.after(m_the.settings.retryBase * start->tries, [this, start, again, number] {
            m_timers.erase(number);
            (this->*again)(start);
        });
}

void Authorizer::refuse(const Callback& callback, std::string_view reason)
{
    ++m_figures.refused;
    const std::string network = networkOf(callback.address);
    const auto allowed = m_failures.acquire(network);
    if (!allowed.allowed) {
        ++m_figures.unaudited;
        return;
    }
    m_the.store.ask<bool>(
        [owner = callback.owner, broker = callback.broker, reason = std::string(reason),
         network](storage::Transaction& transaction) -> Result<bool> {
            const auto event = transaction.append(oauthEvent(
                "oauth.refused", owner, broker, {{"reason", reason}, {"address", network}}));
            if (!event) return tl::unexpected(event.error());
            return true;
        },
        [this, alive = m_alive](const Result<bool>& audited) {
            if (*alive && !audited) ++m_figures.unaudited;
        });
}

void Authorizer::dropVerifier(const Flow& flow)
{
    m_the.tokens.remove(verifierId(flow.id), flow.owner, [](const Result<void>&) {
        // What could not be removed now is when the flow is swept.
    });
}

void Authorizer::sweep()
{
    if (m_isSweeping) return;
    m_isSweeping = true;
    const Timestamp now = m_the.now();
    m_the.store.ask<std::vector<Flow>>(
        [now, kept = m_the.settings.flowKept](
            storage::Transaction& transaction) -> Result<std::vector<Flow>> {
            if (const auto gone = forgetFlows(transaction.database(), now - kept); !gone)
                return tl::unexpected(gone.error());
            return endedFlows(transaction.database(), now, kSweepMax);
        },
        [this, now](const Result<std::vector<Flow>>& ended) {
            m_isSweeping = false;
            if (!ended) return;
            for (const Flow& flow : *ended) sweepOne(flow, now);
        });
}

void Authorizer::sweepOne(const Flow& flow, Timestamp now)
{
    m_the.tokens.remove(verifierId(flow.id), flow.owner,
                        [this, id = flow.id, now, alive = m_alive](const Result<void>& removed) {
                            if (!*alive || !removed) return;
                            m_the.store.ask<bool>(
                                [id, now](storage::Transaction& transaction) -> Result<bool> {
                                    const auto swept = sweepFlow(transaction.database(), id, now);
                                    if (!swept) return tl::unexpected(swept.error());
                                    return true;
                                },
                                [](const Result<bool>&) {});
                        });
}

} // namespace qd::brokers::oauth
