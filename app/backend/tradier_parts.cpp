#include "app/backend/broker_parts.h"
#include "app/backend/broker_settings.h"
#include "app/backend/secrets.h"
#include "services/brokers/tradier/tradier_broker.h"
#include "services/brokers/tradier/tradier_feed.h"

namespace qd::app {

namespace {

class TradierParts final : public BrokerParts {
public:
    TradierParts(const runtime::Config& config, const World& world)
        : m_config(config), m_world(world),
          m_addresses(std::make_shared<const brokers::TradierSettings>(tradierSettings(config))),
          m_broker(m_addresses->clone(), world.http, world.tradeSockets, world.core,
                   runtime::systemRandom(), &world.tracer),
          m_feed(m_addresses->clone(), world.http, world.marketSockets, world.core, world.io,
                 runtime::systemRandom())
    {
    }

    brokers::Broker& broker() override { return m_broker; }
    brokers::MarketFeed& feed() override { return m_feed; }
    bool isSimulated() const override { return m_addresses->simulated; }
    std::vector<const resilience::CircuitBreaker*> breakers() override
    {
        auto all = m_feed.breakers();
        all.insert(all.begin(), &m_broker.breaker());
        return all;
    }
    std::vector<brokers::KeptKey::Terms> keys() override;
    AccessUser access() override;
    market::HistorySettings history() const override;

private:
    vault::Vault::Tester accountTester() const;
    void useToken(const runtime::Secret* token);

    const runtime::Config& m_config;
    const World m_world;
    std::shared_ptr<const brokers::TradierSettings> m_addresses; ///< a new token is tried out there
    brokers::TradierBroker m_broker;
    brokers::TradierFeed m_feed;
};

vault::Vault::Tester TradierParts::accountTester() const
{
    return [world = m_world, addresses = m_addresses](const runtime::Secret& candidate,
                                                      const vault::Vault::Verdict& verdict) {
        brokers::TradierSettings settings = addresses->clone();
        settings.token = candidate.clone();
        settings.queryTimeout = kTrialMax;
        tryCandidate(std::make_shared<brokers::TradierBroker>(std::move(settings), world.http,
                                                         world.tradeSockets, world.core,
                                                         runtime::systemRandom()),
                     world.core, verdict);
    };
}

void TradierParts::useToken(const runtime::Secret* token)
{
    m_broker.useToken(token ? token->clone() : runtime::Secret());
    m_feed.useToken(token ? token->clone() : runtime::Secret());
}

AccessUser TradierParts::access()
{
    return {[this](const runtime::Secret* token) { useToken(token); },
            [this](const AccessUser::Renewal& renewal) {
                m_broker.renewBy(renewal);
                m_feed.renewBy(renewal);
            }};
}

std::vector<brokers::KeptKey::Terms> TradierParts::keys()
{
    if (brokerMethod(m_config) != LinkMethod::Key) return {};
    auto way = tradierCredentialWay(m_config);
    brokers::KeptKey::Terms terms;
    terms.name = {"tradier/" + m_addresses->account.text() + "/token", "system", "broker-key"};
    terms.place = std::move(way.place);
    terms.outside = std::move(way.read);
    terms.tester = accountTester();
    terms.use = [this](const Result<runtime::Secret>& kept) { useToken(kept ? &*kept : nullptr); };
    std::vector<brokers::KeptKey::Terms> all;
    all.push_back(std::move(terms));
    return all;
}

/// Below Tradier's 120 questions of the market a minute, of which quotes are some.
market::HistorySettings TradierParts::history() const
{
    market::HistorySettings settings;
    settings.limit = {.count = 60, .period = std::chrono::minutes(1), .burst = 20, .reserve = 0};
    return settings;
}

} // namespace

std::unique_ptr<BrokerParts> makeTradierParts(const runtime::Config& config,
                                              const BrokerParts::World& world)
{
    return std::make_unique<TradierParts>(config, world);
}

} // namespace qd::app
