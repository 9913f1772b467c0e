#include "app/backend/broker_parts.h"
#include "app/backend/secrets.h"
#include "app/backend/settings.h"
#include "services/brokers/alpaca/alpaca_broker.h"
#include "services/brokers/alpaca/alpaca_feed.h"

namespace qd::app {

namespace {

class AlpacaParts final : public BrokerParts {
public:
    AlpacaParts(const runtime::Config& config, const World& world)
        : m_config(config), m_world(world),
          m_addresses(std::make_shared<const brokers::AlpacaSettings>(alpacaSettings(config))),
          m_broker(m_addresses->clone(), world.http, world.tradeSockets, world.core,
                   runtime::systemRandom(), &world.tracer),
          m_feed(m_addresses->clone(), world.http, world.marketSockets, world.core, world.io,
                 runtime::systemRandom())
    {
    }

    brokers::Broker& broker() override { return m_broker; }
    brokers::MarketFeed& feed() override { return m_feed; }
    brokers::InstrumentSource* unlisted() override { return &m_broker; }
    std::string accountNumber() const override { return m_broker.accountNumber(); }
    bool isSimulated() const override { return m_addresses->simulated; }
    std::vector<const resilience::CircuitBreaker*> breakers() override
    {
        auto all = m_feed.breakers();
        all.insert(all.begin(), &m_broker.breaker());
        return all;
    }
    std::vector<brokers::KeptKey::Terms> keys() override
    {
        std::vector<brokers::KeptKey::Terms> terms;
        // By consent the account has no key of its own.
        const std::size_t first = brokerMethod(m_config) == LinkMethod::Key ? 0 : 1;
        for (std::size_t index = first; index <= m_addresses->moreDataKeys.size(); ++index)
            terms.push_back(termsOf(index));
        return terms;
    }
    AccessUser access() override { return accessUser(m_broker, m_feed); }

private:
    brokers::KeptKey::Terms termsOf(std::size_t index);
    vault::Vault::Tester accountTester() const;

    const runtime::Config& m_config;
    const World m_world;
    std::shared_ptr<const brokers::AlpacaSettings> m_addresses; ///< a new key is tried out there
    brokers::AlpacaBroker m_broker;
    brokers::AlpacaFeed m_feed;
};

/// A key that works may still be that of another account.
Result<void> sameAccount(const std::string& held, const std::string& number)
{
    if (held.empty() || number.empty() || held == number) return {};
    return fail(ErrorKind::Denied, "config.other_desk",
                "the key is of Alpaca's account " + number + ", and the database holds orders of " +
                    held + "; name another storage.database for it");
}

vault::Vault::Tester AlpacaParts::accountTester() const
{
    return [world = m_world, addresses = m_addresses](const runtime::Secret& candidate,
                                                      const vault::Vault::Verdict& verdict) {
        auto key = brokers::readKey(candidate.revealForUse());
        if (!key) return verdict(tl::unexpected(key.error()));
        brokers::AlpacaSettings settings = addresses->clone();
        settings.keyId = std::move(key->keyId);
        settings.secretKey = std::move(key->secretKey);
        settings.queryTimeout = kTrialMax;
        const auto client = std::make_shared<brokers::AlpacaBroker>(
            std::move(settings), world.http, world.tradeSockets, world.core,
            runtime::systemRandom());
        tryCandidate(client, world.core,
                     [&asked = *client, held = world.accountHeld, verdict](Result<void> letIn) {
                         if (letIn) letIn = sameAccount(held, asked.accountNumber());
                         verdict(std::move(letIn));
                     });
    };
}

brokers::KeptKey::Terms AlpacaParts::termsOf(std::size_t index)
{
    auto way = credentialWay(m_config, index);
    brokers::KeptKey::Terms terms;
    const auto place = "alpaca/" + m_addresses->account.text();
    terms.name = index == 0 ? vault::SecretName{place + "/key", "system", "broker-key"}
                            : vault::SecretName{place + "/data-key-" + std::to_string(index),
                                                "system", "data-key"};
    terms.place = std::move(way.place);
    terms.outside = std::move(way.read);
    // A data key that does not work hands over to the next one: nothing is lost by taking it.
    if (index == 0) terms.tester = accountTester();
    terms.use = [this, index](const Result<runtime::Secret>& kept) {
        const auto key = [&kept] {
            auto read = kept ? brokers::readKey(kept->revealForUse())
                             : Result<brokers::AlpacaSettings::Key>(tl::unexpected(kept.error()));
            return read ? std::move(*read) : brokers::AlpacaSettings::Key();
        };
        if (index == 0) m_broker.useKey(key());
        m_feed.useKey(index, key());
    };
    return terms;
}

} // namespace

std::unique_ptr<BrokerParts> makeAlpacaParts(const runtime::Config& config,
                                             const BrokerParts::World& world)
{
    return std::make_unique<AlpacaParts>(config, world);
}

} // namespace qd::app
