#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "services/brokers/ibkr/ibkr_settings.h"
#include "services/sandbox/ibkr/ibkr_venue.h"
#include "tests/support/sim_alpaca.h"

namespace qd::test {

/// The sandbox's IBKR gateway in virtual time behind a simulated network, over an exchange with one
/// account "paper". It lives on when a backend's process dies.
class SimIbkr {
public:
    static constexpr const char* kHost = "ibkr.test";

    SimIbkr(SimWorld& world, std::uint64_t seed, std::vector<Instrument> instruments,
            exchange::ExchangeOptions exchangeOptions, sandbox::ibkr::IbkrOptions options)
        : m_world(world),
          m_wires(world, "wires"),
          m_far(world, "venue"),
          m_random(seed),
          m_network(m_wires, world.random())
    {
        auto market = std::make_unique<ScriptedMarket>(std::move(instruments));
        m_market = market.get();
        m_exchange = std::make_unique<exchange::Exchange>(m_far, m_random, std::move(market),
                                                          std::move(exchangeOptions), m_relay);
        exchange::AccountTerms terms;
        terms.id = options.account;
        QD_ASSERT(m_exchange->openAccount(terms).has_value());
        m_records = std::make_unique<sandbox::alpaca::VenueRecords>(*m_exchange);
        m_desk = std::make_unique<sandbox::alpaca::Desk>(
            sandbox::alpaca::Desk{*m_exchange, *m_records, m_faults, m_far, m_random});
        m_venue = std::make_unique<sandbox::ibkr::IbkrVenue>(*m_desk, std::move(options));
        m_relay.to = m_venue.get();
        m_network.serve(kHost, *m_venue, m_far);
    }
    ~SimIbkr() { m_network.unserve(kHost); }

    static brokers::IbkrSettings settings()
    {
        brokers::IbkrSettings settings;
        settings.gatewayUrl = std::string("https://") + kHost + "/v1/api";
        settings.streamUrl = std::string("wss://") + kHost + "/v1/api/ws";
        settings.simulated = true;
        return settings;
    }

    /// The market moves; with `last` there is a print too.
    void quote(const char* symbol, Price bid, Price ask, std::optional<Price> last = {})
    {
        exchange::QuoteTick tick;
        tick.instrument = *m_exchange->find(Symbol::of(symbol));
        tick.bid = bid;
        tick.ask = ask;
        tick.bidSize = tick.askSize = Quantity::of("1300");
        m_market->next.emplace_back(tick);
        if (last) {
            exchange::TradeTick print;
            print.instrument = tick.instrument;
            print.price = *last;
            print.size = Quantity::of("100");
            print.id = ++m_prints;
            m_market->next.emplace_back(print);
        }
        m_exchange->moveOn();
    }
    /// One of the venue's own misdeeds, as drills know them: {"kind":"lose_ack"}.
    Result<void> misbehave(const std::string& json)
    {
        const auto document = json::Document::parse(json);
        if (!document) return tl::unexpected(document.error());
        const auto added = m_faults.add(document->root(), m_world.clock().steady());
        if (!added) return tl::unexpected(added.error());
        return {};
    }

    SimNetwork& network() { return m_network; }
    exchange::Exchange& exchange() { return *m_exchange; }
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

    SimWorld& m_world;
    SimExecutor m_wires, m_far;
    runtime::SeededRandom m_random;
    Relay m_relay;
    ScriptedMarket* m_market = nullptr; ///< the exchange's
    std::unique_ptr<exchange::Exchange> m_exchange;
    sandbox::FaultBook m_faults;
    std::unique_ptr<sandbox::alpaca::VenueRecords> m_records;
    std::unique_ptr<sandbox::alpaca::Desk> m_desk;
    std::unique_ptr<sandbox::ibkr::IbkrVenue> m_venue;
    std::int64_t m_prints = 0;
    SimNetwork m_network;
};

} // namespace qd::test
