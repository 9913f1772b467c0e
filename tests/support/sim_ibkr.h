#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "services/brokers/ibkr/ibkr_settings.h"
#include "services/sandbox/ibkr/ibkr_venue.h"
#include "tests/support/sim_venue.h"

namespace qd::test {

/// The sandbox's IBKR gateway in virtual time behind a simulated network, over an exchange with one
/// account "paper". It lives on when a backend's process dies.
class SimIbkr final : public SimVenue {
public:
    static constexpr const char* kHost = "ibkr.test";

    SimIbkr(SimWorld& world, std::uint64_t seed, std::vector<Instrument> instruments,
            exchange::ExchangeOptions exchangeOptions, sandbox::ibkr::IbkrOptions options)
        : SimVenue(world, seed, kHost, Quantity::of("1300"))
    {
        m_exchange = std::make_unique<exchange::Exchange>(
            m_far, m_random, makeMarket(std::move(instruments)), std::move(exchangeOptions),
            m_relay);
        exchange::AccountTerms terms;
        terms.id = options.account;
        QD_ASSERT(m_exchange->openAccount(terms).has_value());
        m_records = std::make_unique<sandbox::alpaca::VenueRecords>(*m_exchange);
        m_desk = std::make_unique<sandbox::alpaca::Desk>(
            sandbox::alpaca::Desk{*m_exchange, *m_records, m_faults, m_far, m_random});
        m_venue = std::make_unique<sandbox::ibkr::IbkrVenue>(*m_desk, std::move(options));
        m_relay.to = m_venue.get();
        open(*m_venue);
    }
    ~SimIbkr() override { shut(); }

    static brokers::IbkrSettings settings()
    {
        brokers::IbkrSettings settings;
        settings.gatewayUrl = std::string("https://") + kHost + "/v1/api";
        settings.streamUrl = std::string("wss://") + kHost + "/v1/api/ws";
        settings.simulated = true;
        return settings;
    }

    exchange::Exchange& exchange() override { return *m_exchange; }
    sandbox::ibkr::IbkrVenue& venue() { return *m_venue; }

private:
    /// The exchange is there before whoever listens to it.
    struct Relay final : exchange::ExchangeListener {
        void orderUpdated(const exchange::OrderUpdate& update) override
        {
            if (to != nullptr) to->orderUpdated(update);
        }
        void marketMoved(const exchange::MarketBatch& batch) override
        {
            if (to != nullptr) to->marketMoved(batch);
        }
        exchange::ExchangeListener* to = nullptr;
    };

    sandbox::FaultBook& faults() override { return m_faults; }

    Relay m_relay;
    std::unique_ptr<exchange::Exchange> m_exchange;
    sandbox::FaultBook m_faults;
    std::unique_ptr<sandbox::alpaca::VenueRecords> m_records;
    std::unique_ptr<sandbox::alpaca::Desk> m_desk;
    std::unique_ptr<sandbox::ibkr::IbkrVenue> m_venue;
};

} // namespace qd::test
