#include "app/backend/broker_parts.h"
#include "app/backend/broker_settings.h"
#include "services/brokers/ibkr/ibkr_broker.h"

namespace qd::app {

namespace {

/// The gateway's certificate is its own: who trusts it trusts nobody else by it.
class GatewaySockets {
public:
    GatewaySockets(const runtime::Config& config, const BrokerParts::World& world) : m_world(world)
    {
        if (!config.has("ibkr.ca_file")) return;
        wire::HttpClientOptions options;
        options.tls.caFile = config.text("ibkr.ca_file");
        m_http = wire::makeHttpClient(world.network, world.core, options);
        m_sockets = wire::makeWebSocketClient(world.network, world.core, options.tls);
    }
    wire::HttpClient& http() { return m_http ? *m_http : m_world.http; }
    wire::WebSocketClient& sockets() { return m_sockets ? *m_sockets : m_world.tradeSockets; }

private:
    const BrokerParts::World m_world;
    std::unique_ptr<wire::HttpClient> m_http; ///< null: as everybody else's
    std::unique_ptr<wire::WebSocketClient> m_sockets;
};

/// It has no key of ours: its gateway's user has signed in with a browser.
class IbkrParts final : public BrokerParts {
public:
    IbkrParts(const runtime::Config& config, const World& world)
        : m_isSimulated(config.boolean("ibkr.simulated")),
          m_sockets(config, world),
          m_broker(settingsFor(config, world.accountHeld), m_sockets.http(), m_sockets.sockets(), world.core,
                   runtime::systemRandom(), &world.tracer),
          m_feed(m_broker.makeFeed(m_sockets.sockets(), runtime::systemRandom()))
    {
    }

    brokers::Broker& broker() override { return m_broker; }
    brokers::MarketFeed& feed() override { return *m_feed; }
    brokers::SharedSession* sharedSession() override { return &m_broker; }
    std::string accountNumber() const override { return m_broker.accountNumber(); }
    bool isSimulated() const override { return m_isSimulated; }
    std::vector<const resilience::CircuitBreaker*> breakers() override
    {
        return {&m_broker.breaker()};
    }
    /// Fifty a minute, and the gateway's pace is shared with orders.
    market::HistorySettings history() const override
    {
        market::HistorySettings settings;
        settings.limit = {.count = 50, .period = std::chrono::minutes(1), .burst = 5, .reserve = 0};
        return settings;
    }

private:
    /// Whichever account is selected at the gateway: what is here stays with its own.
    static brokers::IbkrSettings settingsFor(const runtime::Config& config, const std::string& held)
    {
        auto settings = ibkrSettings(config);
        if (settings.venueAccount.empty()) settings.venueAccount = held;
        return settings;
    }

    const bool m_isSimulated;
    GatewaySockets m_sockets;
    brokers::IbkrBroker m_broker;
    std::unique_ptr<brokers::MarketFeed> m_feed; ///< ends before the broker
};

} // namespace

std::unique_ptr<BrokerParts> makeIbkrParts(const runtime::Config& config,
                                           const BrokerParts::World& world)
{
    return std::make_unique<IbkrParts>(config, world);
}

} // namespace qd::app
