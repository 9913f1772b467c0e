#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/brokers/alpaca/alpaca_settings.h"
#include "services/sandbox/alpaca/alpaca_venue.h"
#include "tests/support/sim_venue.h"

namespace qd::test {

/// The sandbox's Alpaca in virtual time behind a simulated network, with one account "paper" and
/// one key to it. It lives on when a backend's process dies.
class SimAlpaca final : public SimVenue {
public:
    static constexpr const char* kHost = "alpaca.test";

    /// What stands between the network and the venue, if anything does.
    using Front = std::function<std::unique_ptr<wire::Service>(wire::Service&)>;

    SimAlpaca(SimWorld& world, std::uint64_t seed, std::vector<Instrument> instruments,
              sandbox::alpaca::AlpacaOptions options, const Front& front = {})
        : SimVenue(world, seed, kHost, Quantity::of("1000"))
    {
        m_venue = std::make_unique<sandbox::alpaca::AlpacaVenue>(
            m_far, m_random, makeMarket(std::move(instruments)), std::move(options));
        sandbox::alpaca::ApiKey key;
        key.keyId = "PKTEST";
        key.secret = runtime::Secret("hush-hush");
        key.account = account();
        m_venue->addKey(std::move(key));
        if (front) m_front = front(*m_venue);
        comeBack();
    }
    ~SimAlpaca() override { goAway(); }

    static brokers::AlpacaSettings settings()
    {
        brokers::AlpacaSettings settings;
        settings.tradingUrl = settings.dataUrl = std::string("https://") + kHost;
        settings.streamUrl = std::string("wss://") + kHost + "/stream";
        settings.keyId = runtime::Secret("PKTEST");
        settings.secretKey = runtime::Secret("hush-hush");
        return settings;
    }

    /// Its servers end: sockets die and connections are refused. What it knows stays.
    void goAway() { shut(); }
    void comeBack()
    {
        open(m_front ? *m_front : static_cast<wire::Service&>(*m_venue));
    }

    exchange::Exchange& exchange() override { return m_venue->exchange(); }
    sandbox::alpaca::AlpacaVenue& venue() { return *m_venue; }
    /// All orders that the venue has ever had, legs too, with the untruths that it tells of them.
    std::vector<exchange::VenueOrder> allOrders()
    {
        exchange::OrderFilter filter;
        filter.which = exchange::OrderFilter::Which::All;
        filter.limit = 1'000'000;
        return m_venue->records().orders(account(), filter);
    }

private:
    sandbox::FaultBook& faults() override { return m_venue->faults(); }

    std::unique_ptr<sandbox::alpaca::AlpacaVenue> m_venue;
    std::unique_ptr<wire::Service> m_front;
};

} // namespace qd::test
