#include "services/brokers/oauth/access_keeper.h"

#include <utility>

namespace qd::brokers::oauth {

AccessKeeper::AccessKeeper(Connections& connections, runtime::Executor& core,
                           observability::Logger log, Terms terms)
    : m_connections(connections), m_core(core), m_log(std::move(log)), m_terms(std::move(terms))
{
    m_connections.observe([this, alive = m_alive](const BrokerLink& link) {
        if (*alive) changed(link);
    });
}

AccessKeeper::~AccessKeeper()
{
    *m_alive = false;
}

void AccessKeeper::start(std::function<void()> then)
{
    fetch(std::move(then));
}

void AccessKeeper::changed(const BrokerLink& link)
{
    if (link.owner != m_terms.owner || link.broker != m_terms.broker) return;
    const bool isEnded = link.status == LinkStatus::RevocationPending;
    if (isEnded && m_inUse && m_inUse->link == link.id) takeAway("it was disconnected");
    fetch([] {});
}

void AccessKeeper::fetch(std::function<void()> then)
{
    m_connections.token(m_terms.owner, m_terms.broker,
                        [this, alive = m_alive, takings = m_takings,
                         then = std::move(then)](Result<Connections::Token> token) {
                            if (!*alive) return;
                            // Asked before the connection was ended: whoever ended it asks anew.
                            if (takings == m_takings) fetched(std::move(token));
                            then();
                        });
}

void AccessKeeper::fetched(Result<Connections::Token> token)
{
    if (token) return hand(std::move(*token));
    const ErrorKind kind = token.error().kind;
    const bool isLost = kind == ErrorKind::NotFound || kind == ErrorKind::Denied ||
                        kind == ErrorKind::Corrupt;
    if (isLost) return takeAway(token.error().code);
    // The token in use serves on: nobody has said that it is not good any more.
    m_log.warning("a broker's access cannot be looked up at the moment",
                  {{"broker", m_terms.broker.text()}, {"error", token.error()}});
}

void AccessKeeper::hand(Connections::Token token)
{
    const bool isSame = m_inUse && m_inUse->link == token.link &&
                        m_inUse->access.matches(token.access.revealForUse());
    if (isSame) return;
    if (m_inUse && m_inUse->link == token.link && token.generation < m_inUse->generation)
        return; // a slow answer about the one before
    m_inUse = std::move(token);
    m_refusedAt.reset();
    ++m_figures.handedOver;
    m_log.info("a broker's access is in use", {{"broker", m_terms.broker.text()},
                                               {"owner", m_terms.owner},
                                               {"generation", m_inUse->generation}});
    m_terms.use(&m_inUse->access);
}

void AccessKeeper::takeAway(std::string_view why)
{
    ++m_takings;
    if (!m_inUse) return;
    m_inUse.reset();
    m_refusedAt.reset();
    ++m_figures.takenAway;
    m_log.warning("a broker's access is not used any more",
                  {{"broker", m_terms.broker.text()}, {"why", why}});
    m_terms.use(nullptr);
}

void AccessKeeper::renew(std::function<void(bool)> then)
{
    ++m_figures.refusals;
    const Duration steady = m_core.clock().steady();
    const bool isFresh = m_refusedAt && steady - *m_refusedAt < m_terms.refusedAgainAfter;
    if (!m_inUse || isFresh) return then(false);
    m_connections.refused(
        m_terms.owner, m_terms.broker, m_inUse->generation,
        [this, alive = m_alive, takings = m_takings,
         then = std::move(then)](Result<Connections::Token> token) {
            if (!*alive) return;
            const bool isGiven = token.has_value() && takings == m_takings;
            if (takings == m_takings) fetched(std::move(token));
            if (isGiven) m_refusedAt = m_core.clock().steady();
            then(isGiven && m_inUse);
        });
}

} // namespace qd::brokers::oauth
