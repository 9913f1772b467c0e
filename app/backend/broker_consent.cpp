#include "app/backend/broker_consent.h"

#include "services/brokers/oauth/connection_metrics.h"

namespace qd::app {

namespace {

/// Nobody's connection if orders go by a key.
gateway::ConnectionsApi::Desk deskOf(const runtime::Config& config)
{
    gateway::ConnectionsApi::Desk desk;
    desk.isLive = config.boolean("trading.live");
    desk.broker = tradedBroker(config);
    desk.method = brokerMethod(config);
    if (desk.method == LinkMethod::OAuth) desk.owner = config.text("oauth.owner");
    return desk;
}

} // namespace

AccessUser accessUser(brokers::AlpacaBroker& broker, brokers::AlpacaFeed& feed)
{
    const auto use = [&broker, &feed](const runtime::Secret* token) {
        const auto key = [token] {
            brokers::AlpacaSettings::Key made;
            if (token != nullptr) made.accessToken = token->clone();
            return made;
        };
        broker.useKey(key());
        feed.useKey(0, key());
    };
    return {use, [&broker, &feed](const AccessUser::Renewal& renewal) {
                broker.renewBy(renewal);
                feed.renewBy(renewal);
            }};
}

BrokerConsent::BrokerConsent(const Dependencies& dependencies, const runtime::Config& config)
    : m_the(dependencies),
      m_method(brokerMethod(config)),
      m_desk(deskOf(config)),
      m_providers(consentProviders(config)),
      m_tokens(m_the.vault, m_the.putFault),
      m_connections({m_the.writer, m_tokens, m_the.http, m_providers, m_the.core,
                     runtime::systemRandom(), m_the.log},
                    consentTimes(config)),
      m_api(m_connections, m_desk)
{
}

void BrokerConsent::addTo(gateway::Api& api, gateway::Health& health,
                          observability::Metrics& metrics)
{
    m_api.addTo(api);
    m_api.addTo(health);
    brokers::oauth::watch(m_connections, metrics);
}

void BrokerConsent::keepInAccess(const AccessUser& user, observability::Metrics& metrics)
{
    if (m_method != LinkMethod::OAuth) return;
    m_keeper = std::make_unique<brokers::oauth::AccessKeeper>(
        m_connections, m_the.core, m_the.log,
        brokers::oauth::AccessKeeper::Terms{m_desk.owner, m_desk.broker, user.use});
    brokers::oauth::watch(*m_keeper, metrics);
    user.renewBy([keeper = m_keeper.get()](std::function<void(bool)> then) {
        keeper->renew(std::move(then));
    });
}

void BrokerConsent::start(std::function<void(Result<void>)> then)
{
    m_connections.start([this, then = std::move(then)](const Result<void>& started) {
        if (!started || !m_keeper) return then(started);
        m_keeper->start([then] { then({}); });
    });
}

} // namespace qd::app
