#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/json/json.h"
#include "services/sandbox/faults.h"
#include "tests/support/scripted_market.h"
#include "tests/support/sim_network.h"
#include "tests/support/sim_world.h"

namespace qd::test {

/// What the sandbox's venues share in virtual time, whatever protocol they speak: a simulated
/// network in front of them, a market that does what the test says, and one account "paper".
class SimVenue {
public:
    SimVenue(const SimVenue&) = delete;
    SimVenue& operator=(const SimVenue&) = delete;
    virtual ~SimVenue() = default;

    static AccountId account() { return AccountId("paper"); }

    SimNetwork& network() { return m_network; }
    virtual exchange::Exchange& exchange() = 0;
    /// All open sockets to the venue die now.
    void dropSockets() { m_network.dropSockets(m_host); }

    /// The market moves; with `last` there is a print too, which is what stops wait for.
    void quote(const char* symbol, Price bid, Price ask, std::optional<Price> last = {})
    {
        exchange::QuoteTick tick;
        tick.instrument = *exchange().find(Symbol::of(symbol));
        tick.bid = bid;
        tick.ask = ask;
        tick.bidSize = tick.askSize = m_sizeQuoted;
        m_market->next.emplace_back(tick);
        if (last) {
            exchange::TradeTick print;
            print.instrument = tick.instrument;
            print.price = *last;
            print.size = Quantity::of("100");
            print.id = ++m_prints;
            m_market->next.emplace_back(print);
        }
        exchange().moveOn();
    }
    /// One of the venue's own misdeeds, as drills know them: {"kind":"lose_ack"}.
    Result<void> misbehave(const std::string& json)
    {
        const auto document = json::Document::parse(json);
        if (!document) return tl::unexpected(document.error());
        const auto added = faults().add(document->root(), m_world.clock().steady());
        if (!added) return tl::unexpected(added.error());
        return {};
    }

protected:
    SimVenue(SimWorld& world, std::uint64_t seed, std::string host, Quantity sizeQuoted)
        : m_far(world, "venue"),
          m_random(seed),
          m_world(world),
          m_wires(world, "wires"),
          m_host(std::move(host)),
          m_sizeQuoted(sizeQuoted),
          m_network(m_wires, world.random())
    {
    }

    virtual sandbox::FaultBook& faults() = 0;
    /// The market that `quote` moves, for the exchange to own. Once.
    std::unique_ptr<ScriptedMarket> makeMarket(std::vector<Instrument> instruments)
    {
        auto market = std::make_unique<ScriptedMarket>(std::move(instruments));
        m_market = market.get();
        return market;
    }
    /// The venue's door; to be shut before `service` is destroyed.
    void open(wire::Service& service) { m_network.serve(m_host, service, m_far); }
    void shut() { m_network.unserve(m_host); }

    SimExecutor m_far;
    runtime::SeededRandom m_random;

private:
    SimWorld& m_world;
    SimExecutor m_wires;
    const std::string m_host;
    const Quantity m_sizeQuoted; ///< at the top of its book
    ScriptedMarket* m_market = nullptr; ///< the exchange's
    std::int64_t m_prints = 0;
    SimNetwork m_network;
};

} // namespace qd::test
