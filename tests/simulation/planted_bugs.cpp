#include "tests/simulation/planted_bugs.h"

#include <memory>
#include <utility>

namespace qd::simulation {

namespace {

using namespace brokers;

/// Hands everything through. A bug overrides one step of it.
class Passing : public Broker {
public:
    explicit Passing(Broker& inner) : m_inner(inner) {}

    const Capabilities& capabilities() const override { return m_inner.capabilities(); }
    BrokerStatus status() const override { return m_inner.status(); }
    void submit(const OrderRequest& request, const std::string& trace, OutcomeCallback done) override
    {
        m_inner.submit(request, trace, std::move(done));
    }
    void modify(const VenueOrderId& order, const Modification& change, const std::string& trace,
                OutcomeCallback done) override
    {
        m_inner.modify(order, change, trace, std::move(done));
    }
    void cancel(const VenueOrderId& order, const std::string& trace, OutcomeCallback done) override
    {
        m_inner.cancel(order, trace, std::move(done));
    }
    void findByClientId(const ClientOrderId& id, Callback<OrderReport> done) override
    {
        m_inner.findByClientId(id, std::move(done));
    }
    void listOrders(const OrderQuery& query, Callback<std::vector<OrderReport>> done) override
    {
        m_inner.listOrders(query, std::move(done));
    }
    void listExecutions(Timestamp since, Callback<std::vector<Fill>> done) override
    {
        m_inner.listExecutions(since, [this, done](Result<std::vector<Fill>> answer) {
            if (answer) std::erase_if(*answer, [this](Fill& fill) { return !pass(fill, false); });
            done(std::move(answer));
        });
    }
    void listPositions(Callback<std::vector<Position>> done) override
    {
        m_inner.listPositions(std::move(done));
    }
    void account(Callback<AccountSnapshot> done) override { m_inner.account(std::move(done)); }
    void listInstruments(Callback<std::vector<Instrument>> done) override
    {
        m_inner.listInstruments(std::move(done));
    }
    void start(std::function<void(BrokerEvent)> events) override
    {
        m_inner.start([this, events](BrokerEvent event) {
            if (auto* update = std::get_if<OrderUpdate>(&event)) {
                change(*update);
                if (update->fill && !pass(*update->fill, true)) return;
            }
            events(std::move(event));
        });
    }
    void stop() override { m_inner.stop(); }

protected:
    /// Spoil an execution; false: swallow it.
    virtual bool pass(Fill&, bool /*fromStream*/) { return true; }
    virtual void change(OrderUpdate&) {}
    Broker& inner() { return m_inner; }

private:
    Broker& m_inner;
};

class TakesTimeoutsForRefusals final : public Passing {
public:
    using Passing::Passing;
    void submit(const OrderRequest& request, const std::string& trace, OutcomeCallback done) override
    {
        Passing::submit(request, trace, [done](const Outcome& outcome) {
            const auto* unknown = std::get_if<Unknown>(&outcome);
            if (!unknown) return done(outcome);
            Refused refused{unknown->error};
            refused.error.kind = ErrorKind::Denied;
            done(refused);
        });
    }
};

class SendsAgainAfterTimeouts final : public Passing {
public:
    using Passing::Passing;
    void submit(const OrderRequest& request, const std::string& trace, OutcomeCallback done) override
    {
        Passing::submit(request, trace, [this, request, trace, done](const Outcome& outcome) {
            if (!std::holds_alternative<Unknown>(outcome)) return done(outcome);
            inner().submit(request, trace, done);
        });
    }
};

class TakesSilenceForAbsence final : public Passing {
public:
    using Passing::Passing;
    void findByClientId(const ClientOrderId& id, Callback<OrderReport> done) override
    {
        Passing::findByClientId(id, [done](Result<OrderReport> answer) {
            if (!answer) answer.error().kind = ErrorKind::NotFound;
            done(std::move(answer));
        });
    }
};

class NamesExecutionsAnew final : public Passing {
public:
    using Passing::Passing;

private:
    bool pass(Fill& fill, bool fromStream) override
    {
        if (fromStream) fill.executionId = ExecutionId(fill.executionId.text() + "-stream");
        return true;
    }
};

class ReportsTotalsAsFills final : public Passing {
public:
    using Passing::Passing;

private:
    void change(OrderUpdate& update) override
    {
        if (update.fill) update.fill->quantity = update.report.filledQuantity;
    }
};

class TakesPartialFillsForFull final : public Passing {
public:
    using Passing::Passing;

private:
    void change(OrderUpdate& update) override
    {
        if (update.fill) update.fill->quantity = update.report.request.quantity;
    }
};

class NeverSendsCancels final : public Passing {
public:
    using Passing::Passing;
    void cancel(const VenueOrderId& order, const std::string&, OutcomeCallback done) override
    {
        OrderReport report;
        report.venueOrderId = order;
        report.state = OrderState::Canceled;
        done(Accepted{report});
    }
};

class RewritesClientIds final : public Passing {
public:
    using Passing::Passing;
    void submit(const OrderRequest& request, const std::string& trace, OutcomeCallback done) override
    {
        OrderRequest other = request;
        other.clientOrderId = ClientOrderId("a-" + request.clientOrderId.text());
        Passing::submit(other, trace, std::move(done));
    }
};

class CutsPricesToCents final : public Passing {
public:
    using Passing::Passing;

private:
    bool pass(Fill& fill, bool) override
    {
        fill.price = Price(fill.price.value().roundTo(Decimal::of("0.01"), Rounding::Down));
        return true;
    }
};

class CutsQuantitiesToTens final : public Passing {
public:
    using Passing::Passing;

private:
    bool pass(Fill& fill, bool) override
    {
        const Decimal tens = fill.quantity.value().roundTo(Decimal::fromInt(10), Rounding::Up);
        fill.quantity = Quantity(tens);
        return true;
    }
};

/// A library below the adapter that means well: what was not answered is sent once more.
class RepeatsUnanswered final : public wire::HttpClient {
public:
    explicit RepeatsUnanswered(wire::HttpClient& inner) : m_inner(inner) {}
    void send(wire::HttpRequest request, Callback done) override
    {
        m_inner.send(request, [this, request, done](Result<wire::HttpResponse> answer) {
            if (answer) return done(std::move(answer));
            m_inner.send(request, done);
        });
    }

private:
    wire::HttpClient& m_inner;
};

/// Every failure is called one of connecting: nothing was sent, it says.
class CallsEverythingUnsent final : public wire::HttpClient {
public:
    explicit CallsEverythingUnsent(wire::HttpClient& inner) : m_inner(inner) {}
    void send(wire::HttpRequest request, Callback done) override
    {
        m_inner.send(std::move(request), [done](Result<wire::HttpResponse> answer) {
            if (!answer) answer.error().kind = ErrorKind::Unavailable;
            done(std::move(answer));
        });
    }

private:
    wire::HttpClient& m_inner;
};

/// A proxy that dresses a gateway's failure up as a refusal.
class CallsFailuresRefusals final : public wire::HttpClient {
public:
    explicit CallsFailuresRefusals(wire::HttpClient& inner) : m_inner(inner) {}
    void send(wire::HttpRequest request, Callback done) override
    {
        m_inner.send(std::move(request), [done](Result<wire::HttpResponse> answer) {
            if (answer && answer->status >= 500) answer->status = 422;
            done(std::move(answer));
        });
    }

private:
    wire::HttpClient& m_inner;
};

template <typename Bug>
PlantedBug bugOf(std::string name)
{
    Options options;
    options.decorate = [](Broker& broker) { return std::make_unique<Bug>(broker); };
    return {std::move(name), std::move(options)};
}

template <typename Bug>
PlantedBug httpBugOf(std::string name)
{
    Options options;
    options.decorateHttp = [](wire::HttpClient& http) { return std::make_unique<Bug>(http); };
    return {std::move(name), std::move(options)};
}

} // namespace

std::vector<PlantedBug> plantedBugs()
{
    std::vector<PlantedBug> bugs;
    bugs.push_back(bugOf<TakesTimeoutsForRefusals>("a time-out is taken for a refusal"));
    bugs.push_back(bugOf<SendsAgainAfterTimeouts>("an order is sent again after a time-out"));
    bugs.push_back(bugOf<TakesSilenceForAbsence>("an unreachable broker is taken for an answer"));
    bugs.push_back(bugOf<NamesExecutionsAnew>("one execution has two ids"));
    bugs.push_back(bugOf<ReportsTotalsAsFills>("a running total is taken for one fill"));
    bugs.push_back(bugOf<TakesPartialFillsForFull>("a partial fill is taken for a full one"));
    bugs.push_back(bugOf<NeverSendsCancels>("a cancel is called done without being sent"));
    bugs.push_back(bugOf<RewritesClientIds>("orders are sent under other ids"));
    bugs.push_back(bugOf<CutsPricesToCents>("fill prices are cut to cents"));
    bugs.push_back(bugOf<CutsQuantitiesToTens>("fill quantities are rounded"));
    bugs.push_back(httpBugOf<RepeatsUnanswered>("an unanswered request is sent again below"));
    bugs.push_back(httpBugOf<CallsEverythingUnsent>("a time-out is taken for a failed connection"));
    bugs.push_back(httpBugOf<CallsFailuresRefusals>("a gateway's failure is taken for a refusal"));
    Options forgetful;
    forgetful.diskForgets = true;
    bugs.push_back({"the disk forgets what it called durable", std::move(forgetful)});
    Options tampered;
    tampered.tamperWithLog = true;
    bugs.push_back({"somebody rewrites one event of the log", std::move(tampered)});
    return bugs;
}

} // namespace qd::simulation
