#pragma once

#include <memory>
#include <vector>

#include "app/backend/broker_consent.h"
#include "services/brokers/broker.h"
#include "services/brokers/instrument_source.h"
#include "services/brokers/kept_key.h"
#include "services/brokers/shared_session.h"
#include "services/market/history.h"
#include "services/observability/spans.h"
#include "services/resilience/circuit_breaker.h"
#include "services/runtime/config.h"
#include "services/wire/network.h"

namespace qd::app {

/// The broker that the settings name and its market data. Made, used and destroyed on the core executor.
class BrokerParts {
public:
    /// Outlives the parts.
    struct World {
        wire::Network& network; ///< for a broker that needs sockets of its own
        wire::HttpClient& http;
        wire::WebSocketClient& tradeSockets;  ///< call back on core
        wire::WebSocketClient& marketSockets; ///< call back on io
        runtime::Executor& core;
        runtime::Executor& io;
        observability::Tracer& tracer;
        /// Number of the account whose orders the database holds; empty: nobody's, or not known.
        std::string accountHeld = {};
    };
    static std::unique_ptr<BrokerParts> make(const runtime::Config& config, const World& world);
    virtual ~BrokerParts() = default;

    virtual brokers::Broker& broker() = 0;
    virtual brokers::MarketFeed& feed() = 0;
    /// Of the orders' gate first.
    virtual std::vector<const resilience::CircuitBreaker*> breakers() = 0;
    /// Instruments that its listing leaves out; null where it lists all.
    virtual brokers::InstrumentSource* unlisted() { return nullptr; }
    /// Null where no other program can take it.
    virtual brokers::SharedSession* sharedSession() { return nullptr; }
    /// How its keys come into the vault and to those who use them; none where there are no keys.
    virtual std::vector<brokers::KeptKey::Terms> keys() { return {}; }
    /// Those who can be let in by a user's consent.
    virtual AccessUser access() { return {[](const runtime::Secret*) {}, [](AccessUser::Renewal) {}}; }
    /// How often it may be asked for bars.
    virtual market::HistorySettings history() const { return {}; }
    /// The broker's number of the account; empty while it has not said it.
    virtual std::string accountNumber() const { return {}; }
    /// The other end is the bundled sandbox.
    virtual bool isSimulated() const = 0;
};

/// Whether `client`, which has nothing but the candidate for a key, is let in: asks for the account.
void tryCandidate(std::shared_ptr<brokers::Broker> client, runtime::Executor& core,
                  const vault::Vault::Verdict& verdict);

std::unique_ptr<BrokerParts> makeAlpacaParts(const runtime::Config& config,
                                             const BrokerParts::World& world);
std::unique_ptr<BrokerParts> makeTradierParts(const runtime::Config& config,
                                              const BrokerParts::World& world);
std::unique_ptr<BrokerParts> makeIbkrParts(const runtime::Config& config,
                                           const BrokerParts::World& world);

} // namespace qd::app
