#pragma once

#include <deque>
#include <memory>
#include <utility>

#include "tests/support/orders_venue.h"
#include "tests/support/sim_world.h"

namespace qd::test {

/// How often the road between us and the venue fails; every figure is a probability.
struct LinkFaults {
    double requestLost = 0;    ///< never arrives; we time out
    double answerLost = 0;     ///< acted on; we time out
    double serverError = 0;    ///< acted on, and answered 5xx
    double refusedUnsent = 0;  ///< breaker or rate limit: nothing was sent
    double queryFails = 0;     ///< 5xx, reset, time-out of a question
    double eventLost = 0;      ///< one frame of the stream is missing
    double eventDoubled = 0;   ///< one frame comes twice
    double eventLate = 0;      ///< one frame is overtaken by later ones
    double disconnect = 0;     ///< per event: the stream goes down for a while
    Duration latencyMax = std::chrono::milliseconds(5);
    Duration lateMax = std::chrono::seconds(8);
    Duration downMax = std::chrono::seconds(40);
};

/// The broker contract over an OrderVenue, with a network in between that delays, loses, doubles and
/// reorders: by chance (`faults`) or as the next call's script says. The venue's side goes on when the
/// backend's process dies.
class VenueLink final : public brokers::Broker {
public:
    enum class Next { AcceptAndSwallow, Lose, AcceptAndFail, Refuse, RefuseUnsent };

    VenueLink(OrderVenue& venue, SimExecutor& outside, SimExecutor& core)
        : m_venue(venue), m_outside(outside), m_core(core)
    {
        m_capabilities.broker = BrokerId("sim");
        m_capabilities.orderTypes = {OrderType::Market, OrderType::Limit, OrderType::Stop,
                                     OrderType::StopLimit, OrderType::TrailingStop};
        m_capabilities.timesInForce = {TimeInForce::Day, TimeInForce::Gtc, TimeInForce::Ioc,
                                       TimeInForce::Fok, TimeInForce::Opg, TimeInForce::Cls};
        m_capabilities.orderClasses = {OrderClass::Simple, OrderClass::Bracket, OrderClass::Oto,
                                       OrderClass::Oco};
        m_capabilities.fractionalShares = true;
        m_capabilities.extendedHours = true;
        m_capabilities.shortSelling = true;
        m_capabilities.crossesZero = true;
        m_capabilities.options = true;
        m_capabilities.ordersPerMinuteMax = 100'000;
        m_status.authenticated = true;
        m_status.breakerState = "closed";
        m_venue.listen([this](const brokers::OrderUpdate& update) { venueTells(update); });
    }
    ~VenueLink() override { m_venue.listen({}); }

    LinkFaults faults;
    std::deque<Next> script; ///< for the next submits, cancels and changes
    int submits = 0, cancels = 0, queries = 0;

    brokers::Capabilities& capabilitiesToChange() { return m_capabilities; }
    brokers::BrokerStatus& statusToChange() { return m_status; }
    bool reachable = true; ///< false: every question and request fails
    bool breakerOpen = false; ///< every question is refused at once, within the call that asks it

    /// The stream goes down now and comes back after `outage`.
    void dropStream(Duration outage)
    {
        if (!m_started || !m_up) return;
        m_up = false;
        toCore(Duration::zero(), brokers::ConnectionChange{false, "dropped", {}});
        atVenue(outage, [this] {
            m_up = true;
            toCore(latency(), brokers::ConnectionChange{true, "", {}});
        });
    }
    /// Hand the backend an event as if the venue had sent it.
    void inject(brokers::BrokerEvent event) { toCore(Duration::zero(), std::move(event)); }

    // ── Broker ───────────────────────────────────────────────────────────────────────────────────
    const brokers::Capabilities& capabilities() const override { return m_capabilities; }
    brokers::BrokerStatus status() const override
    {
        brokers::BrokerStatus status = m_status;
        status.connected = m_up;
        return status;
    }

    void submit(const OrderRequest& request, const std::string&, OutcomeCallback done) override
    {
        ++submits;
        command([&venue = m_venue, request] { return venue.place(request); }, std::move(done));
    }
    void modify(const VenueOrderId& order, const brokers::Modification& change, const std::string&,
                OutcomeCallback done) override
    {
        const bool keepsId = m_capabilities.modifyKeepsId;
        command([&venue = m_venue, order, change,
                 keepsId] { return keepsId ? venue.change(order, change) : venue.replace(order, change); },
                std::move(done));
    }
    void cancel(const VenueOrderId& order, const std::string&, OutcomeCallback done) override
    {
        ++cancels;
        command([&venue = m_venue, order] { return venue.cancel(order); }, std::move(done));
    }
    void findByClientId(const ClientOrderId& id, Callback<brokers::OrderReport> done) override
    {
        ++queries;
        query<brokers::OrderReport>(
            [this, id]() -> Result<brokers::OrderReport> {
                const OrderVenue::Record* record = m_venue.findByClientId(id);
                if (record) return record->report;
                return fail(ErrorKind::NotFound, "broker.order_not_found", "no such order");
            },
            std::move(done));
    }
    void listOrders(const brokers::OrderQuery& what,
                    Callback<std::vector<brokers::OrderReport>> done) override
    {
        query<std::vector<brokers::OrderReport>>([this, what] { return m_venue.list(what); },
                                                 std::move(done));
    }
    void listExecutions(Timestamp since, Callback<std::vector<Fill>> done) override
    {
        query<std::vector<Fill>>([this, since] { return m_venue.executions(since); },
                                 std::move(done));
    }
    void listPositions(Callback<std::vector<Position>> done) override
    {
        query<std::vector<Position>>([this] { return m_venue.positions(); }, std::move(done));
    }
    void account(Callback<AccountSnapshot> done) override
    {
        query<AccountSnapshot>([this] { return m_venue.account(); }, std::move(done));
    }
    void listInstruments(Callback<std::vector<Instrument>> done) override
    {
        query<std::vector<Instrument>>([] { return std::vector<Instrument>(); }, std::move(done));
    }
    void start(std::function<void(brokers::BrokerEvent)> events) override
    {
        m_events = std::move(events);
        m_started = true;
        atVenue(latency(), [this] {
            m_up = true;
            toCore(latency(), brokers::ConnectionChange{true, "", {}});
        });
    }
    void stop() override { m_started = false; }

private:
    static constexpr Duration kDeadline = std::chrono::seconds(10);

    bool chance(double probability)
    {
        return probability > 0 && m_outside.world().random().uniform() < probability;
    }
    Duration upTo(Duration longest)
    {
        const auto nanos = static_cast<std::uint64_t>(longest.count()) + 1;
        return Duration(static_cast<std::int64_t>(m_outside.world().random().below(nanos)));
    }
    Duration latency() { return upTo(faults.latencyMax); }

    std::optional<Next> next()
    {
        if (!script.empty()) {
            const Next told = script.front();
            script.pop_front();
            return told;
        }
        if (chance(faults.requestLost)) return Next::Lose;
        if (chance(faults.answerLost)) return Next::AcceptAndSwallow;
        if (chance(faults.serverError)) return Next::AcceptAndFail;
        if (chance(faults.refusedUnsent)) return Next::RefuseUnsent;
        return std::nullopt;
    }

    template <typename Act>
    void command(Act act, OutcomeCallback done)
    {
        using brokers::Outcome;
        const std::optional<Next> fault = reachable ? next() : Next::Lose;
        const auto answer = [this, done](Duration delay, Outcome outcome) {
            reply(delay, [done, outcome = std::move(outcome)] { done(outcome); });
        };
        const auto unknown = [](const char* code) {
            return brokers::Unknown{{ErrorKind::OutcomeUnknown, code, "no usable answer", {}}};
        };
        if (fault == Next::RefuseUnsent) {
            return answer(latency(), brokers::Refused{{ErrorKind::Unavailable, "broker.rate_limited",
                                                       "not sent", {}}});
        }
        if (fault == Next::Refuse) {
            return answer(latency(), brokers::Refused{{ErrorKind::Denied, "broker.40310000",
                                                       "insufficient buying power", {}}});
        }
        if (fault == Next::Lose) return answer(kDeadline, unknown("wire.timeout"));
        const Duration travel = latency();
        if (fault == Next::AcceptAndSwallow) answer(kDeadline, unknown("wire.timeout"));
        arrive(travel, act, [this, answer, fault, unknown](Result<brokers::OrderReport> outcome) {
            if (fault == Next::AcceptAndSwallow) return;
            if (fault == Next::AcceptAndFail) return answer(latency(), unknown("broker.http_500"));
            if (outcome) return answer(latency(), brokers::Accepted{*outcome});
            answer(latency(), brokers::Refused{outcome.error()});
        });
    }

    template <typename T, typename Ask>
    void query(Ask ask, Callback<T> done)
    {
        if (breakerOpen) {
            return done(fail(ErrorKind::Unavailable, "broker.breaker_open", "not asked"));
        }
        if (!reachable || chance(faults.queryFails)) {
            return reply(latency(), [done] {
                done(fail(ErrorKind::Unavailable, "wire.connect", "the broker cannot be reached"));
            });
        }
        atVenue(latency(), [this, ask, done] {
            Result<T> answer = ask();
            reply(latency(), [done, answer = std::move(answer)] { done(answer); });
        });
    }

    void venueTells(const brokers::OrderUpdate& update)
    {
        if (!m_started) return;
        if (chance(faults.disconnect)) dropStream(upTo(faults.downMax));
        if (!m_up || chance(faults.eventLost)) return;
        const Duration delay = chance(faults.eventLate) ? upTo(faults.lateMax) : latency();
        toCore(delay, update);
        if (chance(faults.eventDoubled)) toCore(delay + upTo(faults.lateMax), update);
    }

    void toCore(Duration delay, brokers::BrokerEvent event)
    {
        reply(delay, [this, event = std::move(event)]() mutable {
            if (auto* update = std::get_if<brokers::OrderUpdate>(&event)) {
                update->receiveTime = m_core.clock().now();
            }
            if (m_events && m_started) m_events(std::move(event));
        });
    }

    /// On the venue's side, if this link still lives by then.
    template <typename Task>
    void atVenue(Duration delay, Task task)
    {
        onWire(delay, [task, alive = std::weak_ptr<bool>(m_alive)]() mutable {
            if (!alive.expired()) task();
        });
    }
    /// What is on the wire arrives, whatever has become of us; only the answer needs a receiver.
    template <typename Act, typename Then>
    void arrive(Duration delay, Act act, Then then)
    {
        onWire(delay, [act, then, alive = std::weak_ptr<bool>(m_alive)]() mutable {
            auto outcome = act();
            if (!alive.expired()) then(std::move(outcome));
        });
    }
    template <typename Task>
    void onWire(Duration delay, Task task)
    {
        m_outside.post([&venue = m_venue, &outside = m_outside, delay, task] {
            venue.keep(outside.after(delay, task));
        });
    }
    template <typename Task>
    void reply(Duration delay, Task task)
    {
        atVenue(delay, [this, task]() mutable {
            m_core.post([task, alive = std::weak_ptr<bool>(m_alive)]() mutable {
                if (!alive.expired()) task();
            });
        });
    }

    OrderVenue& m_venue;
    SimExecutor& m_outside;
    SimExecutor& m_core;
    brokers::Capabilities m_capabilities;
    brokers::BrokerStatus m_status;
    std::function<void(brokers::BrokerEvent)> m_events;
    bool m_started = false, m_up = false;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::test
