#include <fmt/format.h>

#include "tests/simulation/clients.h"
#include "tests/simulation/whole_world.h"

namespace qd::simulation {

namespace {

using namespace std::chrono_literals;

/// One run of the whole world: clients, market, venue, network and disk, all drawn from the seed.
class WholeSimulation {
public:
    explicit WholeSimulation(const Options& options)
        : m_options(options), m_luck(options.seed), m_world(options), m_clients(m_world, m_luck)
    {
        m_world.world.setPostDelay(m_luck.upTo(2ms));
    }

    Verdict run()
    {
        m_world.boot();
        drawFaults();
        const Timestamp end = m_world.world.now() + 2min + m_luck.upTo(8min);
        while (m_world.world.now() < end) {
            pass(m_luck.upTo(4s));
            healWhenDue();
            act();
            if (m_world.isRunning()) checkAlways(m_world, m_verdict.violations);
        }
        calm();
        settle();
        return judge();
    }

private:
    void drawFaults()
    {
        test::SimFaults& faults = m_world.alpaca().network().faults();
        faults.delayMax = 1ms + m_luck.upTo(m_luck.below(4) == 0 ? 2s : 200ms);
        faults.slow = m_luck.rate(0.06);
        faults.connectRefused = m_luck.rate(0.1);
        faults.requestLost = m_luck.rate(0.12);
        faults.requestReset = m_luck.rate(0.12);
        faults.answerLost = m_luck.rate(0.12);
        faults.answerReset = m_luck.rate(0.12);
        faults.answerCut = m_luck.rate(0.08);
        faults.serverError = m_luck.rate(0.08);
        faults.serverErrorAfter = m_luck.rate(0.08);
        faults.socketDropped = m_luck.rate(0.03);
        faults.messageLost = m_luck.rate(0.05);
        faults.messageDuplicated = m_luck.rate(0.3);
        m_crashRate = m_luck.rate(0.1);
        m_misdeedRate = m_luck.rate(0.3);
    }

    // ── time ─────────────────────────────────────────────────────────────────────────────────────
    /// Let time pass; whoever dies in a write is dead at once, before anything else happens.
    void pass(Duration duration)
    {
        const Timestamp end = m_world.world.now() + duration;
        const auto hasDied = [this] { return m_world.disk().hasDied(); };
        if (m_world.world.runUntil(hasDied, duration)) die();
        if (m_world.world.now() < end) m_world.run(end - m_world.world.now());
    }

    void die()
    {
        ++m_verdict.crashes;
        const bool machineToo = m_luck.below(2) == 0;
        m_verdict.powerCuts += machineToo;
        machineToo ? m_world.cutPower() : m_world.kill();
    }

    void healWhenDue()
    {
        if (!m_healAt.isSet() || m_world.world.now() < m_healAt) return;
        m_healAt = {};
        m_world.alpaca().network().heal(test::SimAlpaca::kHost);
        if (std::exchange(m_isAway, false)) m_world.alpaca().comeBack();
        if (std::exchange(m_isSick, false)) healDisk();
    }

    /// What a person does who finds a backend that has stopped writing.
    void healDisk()
    {
        m_world.disk().failSyncs(false);
        m_world.disk().fillUp(false);
        if (m_world.isRunning() && !m_world.service().figures().storageError.empty()) die();
    }

    // ── what happens ─────────────────────────────────────────────────────────────────────────────
    void act()
    {
        if (!m_world.isRunning()) return bootAgain();
        if (m_luck.uniform() < m_crashRate) return planDeath();
        if (m_luck.uniform() < m_misdeedRate) return misbehave();
        const int what = m_luck.below(100);
        if (what < 40) {
            m_clients.submit();
        } else if (what < 51) {
            m_clients.cancel();
        } else if (what < 60) {
            m_clients.modify();
        } else if (what < 88) {
            moveMarket();
        } else if (what < 91) {
            placeForeign();
        } else if (what < 93) {
            m_world.alpaca().network().dropSockets(test::SimAlpaca::kHost);
        } else if (what < 96) {
            breakSomething();
        } else if (what < 97) {
            submitIntoBlackout();
        } else if (what < 98) {
            m_world.service().cancelAll({}, {}, {}, [](const auto&) {});
        } else {
            m_world.service().reconcileNow({}, [](const auto&) {});
        }
    }

    void bootAgain()
    {
        const Result<void> booted = m_world.tryBoot();
        // A full disk may be in the way; nothing else may.
        if (booted || m_isSick || m_world.disk().hasDied()) {
            if (m_world.disk().hasDied()) die();
            return;
        }
        m_verdict.violations.push_back("cannot start: " + describe(booted.error()));
    }

    void planDeath()
    {
        if (m_luck.below(2) == 0) return die();
        m_world.disk().dieAfter(1 + static_cast<std::uint64_t>(m_luck.below(40)), m_luck.random());
    }

    Price around(int cents, int hundredthsOfCents)
    {
        return Price::fromUnits(1'250'000'000 + cents * 1'000'000LL + hundredthsOfCents * 10'000LL);
    }

    /// Anywhere from 11.50 to 13.50, in hundredths of a cent; one time in four with a print.
    void moveMarket()
    {
        const char* symbol = Clients::kSymbols[m_luck.below(3)];
        const int cents = m_luck.below(200) - 100;
        const int parts = m_luck.below(100);
        const Price bid = around(cents, parts);
        const Price ask = around(cents + 1 + m_luck.below(3), parts);
        std::optional<Price> print;
        if (m_luck.below(4) == 0) print = bid;
        m_world.alpaca().quote(symbol, bid, ask, print);
    }

    void misbehave()
    {
        static const std::vector<std::string> kinds = {
            R"("reject")",           R"("reject_later","delayMs":{})",
            R"("ignore")",           R"("ignore","method":"DELETE")",
            R"("lose_ack")",         R"("accept_silently")",
            R"("fill_late","delayMs":{})", R"("fill_twice","delayMs":{})",
            R"("fill_partial","delayMs":{})", R"("maintenance","durationMs":{})",
            R"("drop_trade_update")", R"("duplicate_trade_update")",
            R"("reorder")",          R"("malformed_message")",
            R"("truncate_message")", R"("disconnect","stream":"trade")",
            R"("delay","delayMs":{})", R"("http_status","status":429)",
            R"("http_status","status":500)", R"("http_status","status":504)",
            R"("http_status","status":503,"method":"POST")",
        };
        std::string kind = m_luck.pick(kinds);
        const int ms = 1 + m_luck.below(20'000);
        if (const auto place = kind.find("{}"); place != std::string::npos)
            kind.replace(place, 2, std::to_string(ms));
        const bool lasts = kind.find("maintenance") != std::string::npos;
        const int count = lasts ? 0 : 1 + m_luck.below(3);
        const auto done = m_world.alpaca().misbehave(
            fmt::format(R"({{"kind":{},"count":{}}})", kind, count));
        QD_ASSERT(done.has_value());
    }

    void placeForeign()
    {
        const OrderRequest drawn = m_clients.draw();
        exchange::NewOrder order;
        order.clientOrderId = drawn.clientOrderId.text();
        order.symbol = drawn.symbol;
        order.side = drawn.side;
        order.type = OrderType::Limit;
        order.timeInForce = TimeInForce::Gtc;
        order.quantity = drawn.quantity;
        order.limitPrice = Price::of("12.50");
        m_clients.noteForeign(drawn.clientOrderId);
        // A refusal is as good: nothing is there then.
        const auto placed = m_world.alpaca().exchange().submit(test::SimAlpaca::account(), order);
        static_cast<void>(placed);
    }

    /// A cable, the venue's servers, or our disk, for a while.
    void breakSomething()
    {
        if (m_healAt.isSet()) return;
        m_healAt = m_world.world.now() + m_luck.upTo(45s);
        switch (m_luck.below(4)) {
        case 0:
            m_world.alpaca().goAway();
            m_isAway = true;
            break;
        case 1:
            m_world.disk().fillUp(true);
            m_isSick = true;
            break;
        case 2:
            m_world.disk().failSyncs(true);
            m_isSick = true;
            break;
        default: m_world.alpaca().network().cut(test::SimAlpaca::kHost);
        }
    }

    /// The venue takes an order, and then nothing gets through for a while, not even a question.
    void submitIntoBlackout()
    {
        if (m_healAt.isSet()) return;
        const auto hushed = m_world.alpaca().misbehave(
            R"({"kind":"accept_silently","count":1,"durationMs":5000})");
        QD_ASSERT(hushed.has_value());
        m_clients.submit();
        pass(m_luck.upTo(4s));
        m_world.alpaca().network().cut(test::SimAlpaca::kHost);
        m_healAt = m_world.world.now() + 45s;
    }

    // ── the end ──────────────────────────────────────────────────────────────────────────────────
    void calm()
    {
        m_world.alpaca().network().faults() = {};
        m_world.alpaca().venue().faults().clear();
        m_healAt = m_world.world.now();
        healWhenDue();
        if (m_world.disk().hasDied()) die();
        m_world.disk().revive(); // whatever death was planned
        if (!m_world.isRunning()) bootAgain();
    }

    void settle()
    {
        if (!m_world.isRunning()) return;
        m_world.world.runUntil(
            [this] { return m_world.isReady() && unsettled(m_world).empty(); }, 20min);
        m_world.run(4min); // a few comparisons in peace
    }

    Verdict judge()
    {
        auto& violations = m_verdict.violations;
        if (!m_world.isRunning()) {
            violations.push_back("does not run");
            return std::move(m_verdict);
        }
        checkAll(m_world, m_world.truth(), m_clients.facts(), violations);
        checkExits(m_world, violations);
        const auto before = snapshotOf(m_world);
        m_world.cutPower();
        if (m_options.tamperWithLog) tamperWithLog(m_world);
        verifyLog(m_world, violations, m_verdict.logHead);
        if (!m_options.tamperWithLog) startAgain(before);
        m_verdict.tasks = m_world.world.tasksRun();
        m_verdict.trace = m_world.witness().trace();
        m_verdict.orders = static_cast<int>(m_world.alpaca().allOrders().size());
        m_verdict.fills = static_cast<int>(
            m_world.alpaca().exchange().executions(test::SimAlpaca::account(), 1'000'000).size());
        m_verdict.acknowledged = static_cast<int>(m_clients.facts().acknowledged.size());
        return std::move(m_verdict);
    }

    void startAgain(const std::string& before)
    {
        bootAgain();
        if (!m_world.isRunning()) return;
        if (!m_world.world.runUntil([this] { return m_world.isReady(); })) {
            m_verdict.violations.push_back("not ready five minutes after a restart");
        }
        if (snapshotOf(m_world) != before) {
            m_verdict.violations.push_back("a restart changed what is known");
        }
    }

    const Options& m_options;
    Luck m_luck;
    WholeWorld m_world;
    Clients m_clients;
    double m_crashRate = 0, m_misdeedRate = 0;
    Timestamp m_healAt; ///< of the cable, the venue or the disk; unset: all is well
    bool m_isAway = false, m_isSick = false;
    Verdict m_verdict;
};

} // namespace

Verdict simulateWhole(const Options& options)
{
    return WholeSimulation(options).run();
}

} // namespace qd::simulation
