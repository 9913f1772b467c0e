#include "tests/simulation/order_simulation.h"

#include <filesystem>

#include <fmt/format.h>

#include "tests/simulation/clients.h"
#include "tests/support/orders_backend.h"

namespace qd::simulation {

namespace {

using namespace std::chrono_literals;
using test::Backend;

/// One run: the clients, the market and the bad luck, all drawn from the seed.
class Simulation {
public:
    explicit Simulation(const Options& options)
        : m_options(options), m_luck(options.seed),
          m_backend(looseSettings(), options.seed, /*started=*/false), m_clients(m_backend, m_luck)
    {
        m_backend.decorate = options.decorate;
        m_backend.world.setPostDelay(m_luck.upTo(2ms));
    }

    Verdict run()
    {
        m_backend.boot();
        drawFaults();
        const Timestamp end = m_backend.world.now() + 2min + m_luck.upTo(8min);
        while (m_backend.world.now() < end) {
            m_backend.run(m_luck.upTo(4s));
            act();
            if (m_backend.isRunning()) checkAlways(m_backend, m_verdict.violations);
        }
        calm();
        settle();
        return judge();
    }

private:
    void drawFaults()
    {
        test::LinkFaults faults;
        faults.requestLost = m_luck.rate(0.4);
        faults.answerLost = m_luck.rate(0.4);
        faults.serverError = m_luck.rate(0.3);
        faults.refusedUnsent = m_luck.rate(0.2);
        faults.queryFails = m_luck.rate(0.5);
        faults.eventLost = m_luck.rate(0.4);
        faults.eventDoubled = m_luck.rate(0.4);
        faults.eventLate = m_luck.rate(0.5);
        faults.disconnect = m_luck.rate(0.1);
        faults.latencyMax = 1ms + m_luck.upTo(3s);
        m_crashRate = m_luck.rate(0.05);
        m_backend.faults = faults;
        m_backend.link->faults = faults;
    }

    // ── what happens ─────────────────────────────────────────────────────────────────────────────
    void act()
    {
        if (!m_backend.isRunning()) {
            m_backend.boot();
            return;
        }
        if (m_luck.uniform() < m_crashRate) return crash();
        const int what = m_luck.below(100);
        if (what < 40) {
            m_clients.submit();
        } else if (what < 52) {
            m_clients.cancel();
        } else if (what < 62) {
            m_clients.modify();
        } else if (what < 88) {
            fill();
        } else if (what < 90) {
            lateFill();
        } else if (what < 92) {
            endAtVenue();
        } else if (what < 94) {
            placeForeign();
        } else if (what < 95) {
            m_backend.link->dropStream(m_luck.upTo(30s));
        } else if (what < 97) {
            m_backend.link->reachable = !m_backend.link->reachable;
        } else if (what < 98 && m_luck.below(2) == 0) {
            submitIntoBlackout();
        } else if (what < 98) {
            m_backend.service().cancelAll({}, {}, {}, [](const auto&) {});
        } else {
            m_backend.service().reconcileNow({}, [](const auto&) {});
        }
    }

    /// The venue takes an order, and then nothing gets through for a while, not even a question.
    void submitIntoBlackout()
    {
        m_backend.link->script = {test::VenueLink::Next::AcceptAndSwallow};
        m_backend.link->faults.eventLost = 1;
        m_clients.submit();
        m_backend.run(100ms);
        m_backend.link->script.clear();
        m_backend.link->faults.eventLost = m_backend.faults.eventLost;
        m_backend.link->reachable = false;
        m_backend.link->dropStream(1min);
        m_backend.run(45s);
        m_backend.link->reachable = true;
    }

    Price drawPrice() { return Price::fromUnits(1'200'000'000 + m_luck.below(1000) * 100'000); }

    void fill()
    {
        const auto live = m_backend.venue.live();
        if (live.empty()) return;
        const Quantity quantity(Decimal::fromInt(1 + m_luck.below(60)));
        m_backend.venue.fill(m_luck.pick(live), quantity, drawPrice());
    }

    /// A fill that happened before the cancel but is told after it.
    void lateFill()
    {
        for (const auto& [id, record] : m_backend.venue.orders()) {
            const auto& report = record.report;
            const Quantity leaves = report.request.quantity - report.filledQuantity;
            if (report.state != OrderState::Canceled || !leaves.isPositive() || m_luck.below(4) != 0) continue;
            m_backend.venue.forceFill(id, Quantity::fromUnits(Decimal::kOne), drawPrice());
            return;
        }
    }

    void endAtVenue()
    {
        const auto live = m_backend.venue.live();
        if (!live.empty()) m_backend.venue.expire(m_luck.pick(live));
    }

    void placeForeign()
    {
        OrderRequest request = m_clients.draw();
        request.orderClass = OrderClass::Simple;
        request.takeProfit.reset();
        request.stopLoss.reset();
        m_clients.noteForeign(request.clientOrderId);
        const auto placed = m_backend.venue.place(request);
        QD_ASSERT(placed.has_value());
    }

    void crash()
    {
        ++m_verdict.crashes;
        m_backend.crash();
        if (m_options.diskForgets) forgetDisk();
    }

    /// The disk goes back to how it was at the crash before this one.
    void forgetDisk()
    {
        const std::string path = m_backend.databasePath();
        const std::string old = path + ".old";
        const std::string now = path + ".now";
        const auto overwrite = std::filesystem::copy_options::overwrite_existing;
        std::filesystem::copy_file(path, now, overwrite);
        if (std::filesystem::exists(old)) std::filesystem::copy_file(old, path, overwrite);
        std::filesystem::copy_file(now, old, overwrite);
    }

    // ── the end ──────────────────────────────────────────────────────────────────────────────────
    void calm()
    {
        m_backend.faults = {};
        if (!m_backend.isRunning()) m_backend.boot();
        m_backend.link->faults = {};
        m_backend.link->reachable = true;
    }

    void settle()
    {
        m_backend.world.runUntil(
            [this] { return m_backend.isReady() && unsettled(m_backend).empty(); }, 20min);
        m_backend.run(5min); // a few comparisons in peace
    }

    Verdict judge()
    {
        auto& violations = m_verdict.violations;
        checkAll(m_backend, truth(), m_clients.facts(), violations);
        const auto before = snapshotOf(m_backend);
        m_backend.crash();
        if (m_options.tamperWithLog) tamperWithLog(m_backend);
        verifyLog(m_backend, violations, m_verdict.logHead);
        if (!m_options.tamperWithLog) {
            m_backend.boot();
            if (!m_backend.world.runUntil([this] { return m_backend.isReady(); })) {
                violations.push_back("not ready five minutes after a restart");
            }
            if (snapshotOf(m_backend) != before) {
                violations.push_back("a restart changed what is known");
            }
        }
        m_verdict.tasks = m_backend.world.tasksRun();
        m_verdict.orders = static_cast<int>(m_backend.venue.orders().size());
        m_verdict.fills = static_cast<int>(m_backend.venue.executions({}).size());
        m_verdict.acknowledged = static_cast<int>(m_clients.facts().acknowledged.size());
        return std::move(m_verdict);
    }

    VenueTruth truth() const
    {
        VenueTruth truth;
        for (const auto& [id, record] : m_backend.venue.orders()) {
            const brokers::OrderReport& told = record.report;
            truth.orders.push_back({told.clientOrderId, !told.parent.empty(), told.state,
                                    told.request.quantity, told.filledQuantity, told.averagePrice,
                                    told.updatedAt, record.timesPlaced, /*isOverfilled=*/false});
        }
        for (const char* symbol : Clients::kSymbols) {
            truth.positions[Symbol::of(symbol)] = m_backend.venue.positionOf(Symbol::of(symbol));
        }
        return truth;
    }

    const Options& m_options;
    Luck m_luck;
    Backend m_backend;
    Clients m_clients;
    double m_crashRate = 0;
    Verdict m_verdict;
};

} // namespace

Verdict simulate(const Options& options)
{
    return Simulation(options).run();
}

} // namespace qd::simulation
