#include "tests/simulation/order_simulation.h"

#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "tests/simulation/invariants.h"
#include "tests/support/orders_backend.h"

namespace qd::simulation {

namespace {

using namespace std::chrono_literals;
using test::Backend;

constexpr const char* kSymbols[] = {"ACME", "SPY", "AAPL"};

orders::Settings settings()
{
    orders::Settings settings;
    settings.notionalMax.reset();
    settings.percentOffMarketMax.reset();
    settings.ticksOffMarketMax.reset();
    settings.sizeMax.reset();
    settings.valueMax.reset();
    settings.submitsPerMinuteMax = 100'000;
    return settings;
}

/// One run: the clients, the market and the bad luck, all drawn from the seed.
class Simulation {
public:
    explicit Simulation(const Options& options)
        : m_options(options), m_random(options.seed * 0x9e3779b97f4a7c15ULL + 1),
          m_backend(settings(), options.seed, /*started=*/false)
    {
        m_backend.decorate = options.decorate;
        m_backend.world.setPostDelay(upTo(2ms));
    }

    Verdict run()
    {
        m_backend.boot();
        drawFaults();
        const Timestamp end = m_backend.world.now() + 2min + upTo(8min);
        while (m_backend.world.now() < end) {
            m_backend.run(upTo(4s));
            act();
        }
        calm();
        settle();
        return judge();
    }

private:
    // ── chance ───────────────────────────────────────────────────────────────────────────────────
    Duration upTo(Duration longest)
    {
        return Duration(static_cast<std::int64_t>(
            m_random.below(static_cast<std::uint64_t>(longest.count()) + 1)));
    }
    int below(int bound) { return static_cast<int>(m_random.below(static_cast<unsigned>(bound))); }
    /// Most rates are small; some seeds have none of a fault, some have a lot of it.
    double rate(double worst)
    {
        const double drawn = m_random.uniform();
        return drawn < 0.3 ? 0 : drawn * drawn * worst;
    }
    template <typename T>
    const T& pick(const std::vector<T>& from)
    {
        return from[m_random.below(from.size())];
    }

    void drawFaults()
    {
        test::LinkFaults faults;
        faults.requestLost = rate(0.4);
        faults.answerLost = rate(0.4);
        faults.serverError = rate(0.3);
        faults.refusedUnsent = rate(0.2);
        faults.queryFails = rate(0.5);
        faults.eventLost = rate(0.4);
        faults.eventDoubled = rate(0.4);
        faults.eventLate = rate(0.5);
        faults.disconnect = rate(0.1);
        faults.latencyMax = 1ms + upTo(3s);
        m_crashRate = rate(0.05);
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
        if (m_random.uniform() < m_crashRate) return crash();
        const int what = below(100);
        if (what < 40) {
            submit();
        } else if (what < 52) {
            cancel();
        } else if (what < 62) {
            modify();
        } else if (what < 88) {
            fill();
        } else if (what < 90) {
            lateFill();
        } else if (what < 92) {
            endAtVenue();
        } else if (what < 94) {
            placeForeign();
        } else if (what < 95) {
            m_backend.link->dropStream(upTo(30s));
        } else if (what < 97) {
            m_backend.link->reachable = !m_backend.link->reachable;
        } else if (what < 98 && below(2) == 0) {
            submitIntoBlackout();
        } else if (what < 98) {
            m_backend.service().cancelAll({}, {}, {}, [](const auto&) {});
        } else {
            m_backend.service().reconcileNow({}, [](const auto&) {});
        }
    }

    OrderRequest draw()
    {
        const int quantity = 1 + below(100);
        const char* symbol = kSymbols[below(3)];
        auto builder = below(2) == 0 ? test::buy(quantity, symbol) : test::sell(quantity, symbol);
        builder.id(ClientOrderId(m_random.uuidV4())).tif(TimeInForce::Gtc).limit("12.50");
        OrderRequest request = builder;
        if (request.side == Side::Buy && below(6) == 0) {
            builder.bracket("14", "11");
            request = builder;
        }
        return request;
    }

    void submit()
    {
        const bool again = !m_requests.empty() && below(10) == 0;
        const OrderRequest request = again ? pick(m_requests) : draw();
        if (!again) m_requests.push_back(request);
        m_facts.issued.insert(request.clientOrderId);
        const auto taken = [this](const tl::expected<Order, orders::Refusal>& answer) {
            if (answer) acknowledge(answer->request.clientOrderId);
        };
        m_backend.service().submit(request, {}, taken);
        if (below(20) == 0) m_backend.service().submit(request, {}, taken); // an impatient client
    }

    /// The venue takes an order, and then nothing gets through for a while, not even a question.
    void submitIntoBlackout()
    {
        m_backend.link->script = {test::VenueLink::Next::AcceptAndSwallow};
        m_backend.link->faults.eventLost = 1;
        submit();
        m_backend.run(100ms);
        m_backend.link->script.clear();
        m_backend.link->faults.eventLost = m_backend.faults.eventLost;
        m_backend.link->reachable = false;
        m_backend.link->dropStream(1min);
        m_backend.run(45s);
        m_backend.link->reachable = true;
    }

    void acknowledge(const ClientOrderId& id)
    {
        m_facts.acknowledged.insert(id);
        m_known.push_back(id);
    }

    void cancel()
    {
        if (m_known.empty()) return;
        m_backend.service().cancel(pick(m_known), {}, [](const auto&) {});
    }

    void modify()
    {
        if (m_known.empty()) return;
        orders::ChangeRequest change;
        change.quantity = Quantity(Decimal::fromInt(1 + below(120)));
        change.newClientOrderId = ClientOrderId(m_random.uuidV4());
        m_facts.issued.insert(change.newClientOrderId);
        m_backend.service().modify(pick(m_known), change, {}, [this](const auto& answer) {
            if (answer) acknowledge(answer->request.clientOrderId);
        });
    }

    Price drawPrice() { return Price::fromUnits(1'200'000'000 + below(1000) * 100'000); }

    void fill()
    {
        const auto live = m_backend.venue.live();
        if (live.empty()) return;
        const Quantity quantity(Decimal::fromInt(1 + below(60)));
        m_backend.venue.fill(pick(live), quantity, drawPrice());
    }

    /// A fill that happened before the cancel but is told after it.
    void lateFill()
    {
        for (const auto& [id, record] : m_backend.venue.orders()) {
            const auto& report = record.report;
            const Quantity leaves = report.request.quantity - report.filledQuantity;
            if (report.state != OrderState::Canceled || !leaves.isPositive() || below(4) != 0) continue;
            m_backend.venue.forceFill(id, Quantity::fromUnits(Decimal::kOne), drawPrice());
            return;
        }
    }

    void endAtVenue()
    {
        const auto live = m_backend.venue.live();
        if (!live.empty()) m_backend.venue.expire(pick(live));
    }

    void placeForeign()
    {
        OrderRequest request = draw();
        request.orderClass = OrderClass::Simple;
        request.takeProfit.reset();
        request.stopLoss.reset();
        m_facts.issued.insert(request.clientOrderId);
        m_facts.foreign.insert(request.clientOrderId);
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
        checkAll(m_backend, m_facts, violations);
        const auto before = snapshotOf(m_backend);
        m_backend.crash();
        if (m_options.tamperWithLog) tamper();
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
        m_verdict.acknowledged = static_cast<int>(m_facts.acknowledged.size());
        return std::move(m_verdict);
    }

    void tamper()
    {
        auto database = m_backend.openDatabase();
        const auto altered = database.execute(
            "DROP TRIGGER events_no_update;"
            "UPDATE events SET payload=replace(payload, '\"quantity\":\"', '\"quantity\":\"1') "
            "WHERE sequence=(SELECT max(sequence)/2 FROM events WHERE kind='order.submitted')");
        QD_ASSERT(altered.has_value());
    }

    const Options& m_options;
    runtime::SeededRandom m_random;
    Backend m_backend;
    double m_crashRate = 0;
    std::vector<OrderRequest> m_requests;
    std::vector<ClientOrderId> m_known;
    Facts m_facts;
    Verdict m_verdict;
};

} // namespace

Verdict simulate(const Options& options)
{
    return Simulation(options).run();
}

} // namespace qd::simulation
