#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/brokers/alpaca/alpaca_settings.h"
#include "services/json/json.h"
#include "services/sandbox/alpaca/alpaca_venue.h"
#include "tests/support/sim_network.h"
#include "tests/support/sim_world.h"

namespace qd::test {

/// A market that does what the test says: nothing else moves it.
class ScriptedMarket final : public exchange::MarketSource {
public:
    explicit ScriptedMarket(std::vector<Instrument> instruments)
        : m_instruments(std::move(instruments))
    {
    }
    const std::vector<Instrument>& instruments() const override { return m_instruments; }
    void start(Timestamp) override {}
    Timestamp venueTime(Timestamp now) const override { return now; }
    void advance(Timestamp until, exchange::MarketBatch& out) override
    {
        for (exchange::MarketEvent& event : next) {
            std::visit(
                [until](auto& tick) {
                    if constexpr (requires { tick.time; }) tick.time = until;
                },
                event);
            out.push_back(event);
        }
        next.clear();
    }
    Book depth(exchange::InstrumentIndex, int) const override { return {}; }
    std::vector<Bar> history(exchange::InstrumentIndex, BarInterval, Timestamp, Timestamp,
                             std::size_t) const override
    {
        return {};
    }
    FeedClass feedClass() const override { return FeedClass::Simulated; }

    exchange::MarketBatch next; ///< told when the exchange moves on

private:
    std::vector<Instrument> m_instruments;
};

/// A shortable, fractionable listing.
inline Instrument listing(const char* symbol)
{
    Instrument instrument;
    instrument.symbol = Symbol::of(symbol);
    instrument.name = std::string(symbol) + " Incorporated";
    instrument.fractionable = true;
    instrument.shortable = true;
    instrument.assetClass = assetClassOf(instrument.symbol);
    return instrument;
}

/// The sandbox's Alpaca in virtual time behind a simulated network, with one account "paper" and one
/// key to it. It lives on when a backend's process dies.
class SimAlpaca {
public:
    static constexpr const char* kHost = "alpaca.test";

    /// What stands between the network and the venue, if anything does.
    using Front = std::function<std::unique_ptr<wire::Service>(wire::Service&)>;

    SimAlpaca(SimWorld& world, std::uint64_t seed, std::vector<Instrument> instruments,
              sandbox::alpaca::AlpacaOptions options, const Front& front = {})
        : m_world(world),
          m_wires(world, "wires"),
          m_far(world, "venue"),
          m_random(seed),
          m_network(m_wires, world.random())
    {
        auto market = std::make_unique<ScriptedMarket>(std::move(instruments));
        m_market = market.get();
        m_venue = std::make_unique<sandbox::alpaca::AlpacaVenue>(m_far, m_random, std::move(market),
                                                                 std::move(options));
        sandbox::alpaca::ApiKey key;
        key.keyId = "PKTEST";
        key.secret = runtime::Secret("hush-hush");
        key.account = account();
        m_venue->addKey(std::move(key));
        if (front) m_front = front(*m_venue);
        comeBack();
    }
    ~SimAlpaca() { goAway(); }

    static AccountId account() { return AccountId("paper"); }
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
    void goAway() { m_network.unserve(kHost); }
    void comeBack()
    {
        wire::Service& service = m_front ? *m_front : static_cast<wire::Service&>(*m_venue);
        m_network.serve(kHost, service, m_far);
    }

    /// The market moves; with `last` there is a print too, which is what stops wait for.
    void quote(const char* symbol, Price bid, Price ask, std::optional<Price> last = {})
    {
        exchange::QuoteTick tick;
        tick.instrument = *m_venue->exchange().find(Symbol::of(symbol));
        tick.bid = bid;
        tick.ask = ask;
        tick.bidSize = tick.askSize = Quantity::of("1000");
        m_market->next.emplace_back(tick);
        if (last) {
            exchange::TradeTick print;
            print.instrument = tick.instrument;
            print.price = *last;
            print.size = Quantity::of("100");
            print.id = ++m_prints;
            m_market->next.emplace_back(print);
        }
        m_venue->exchange().moveOn();
    }
    /// One of the venue's own misdeeds, as drills know them: {"kind":"lose_ack"}.
    Result<void> misbehave(const std::string& json)
    {
        const auto document = json::Document::parse(json);
        if (!document) return tl::unexpected(document.error());
        const auto added = m_venue->faults().add(document->root(), m_world.clock().steady());
        if (!added) return tl::unexpected(added.error());
        return {};
    }

    SimNetwork& network() { return m_network; }
    exchange::Exchange& exchange() { return m_venue->exchange(); }
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
    SimWorld& m_world;
    SimExecutor m_wires, m_far;
    runtime::SeededRandom m_random;
    ScriptedMarket* m_market = nullptr; ///< the venue's
    std::unique_ptr<sandbox::alpaca::AlpacaVenue> m_venue;
    std::unique_ptr<wire::Service> m_front;
    std::int64_t m_prints = 0;
    SimNetwork m_network;
};

} // namespace qd::test
