#include "services/brokers/data_gate.h"

#include <algorithm>

namespace qd::brokers {

namespace {

bool isRefused(int status)
{
    return status == 401 || status == 403;
}

} // namespace

DataGate::DataGate(std::vector<GateTerms> keys, wire::HttpClient& http, runtime::Executor& core,
                   runtime::Random& random)
    : m_core(core)
{
    QD_ASSERT(!keys.empty());
    for (auto& terms : keys)
        m_ways.push_back(std::make_unique<Way>(
            Way{std::make_unique<RequestGate>(std::move(terms), http, core, random), {}}));
}

DataGate::~DataGate() = default;

bool DataGate::isFree(const Way& way) const
{
    return m_core.clock().steady() >= way.refusedUntil && way.gate->holdOf(Purpose::Query) == Duration{} &&
           way.gate->breaker().retryIn() == Duration{};
}

/// The key in use as long as it is free, else the next that is; with none the one that is held for
/// the shortest time, refused ones last.
std::size_t DataGate::choose() const
{
    const auto count = m_ways.size();
    for (std::size_t step = 0; step < count; ++step)
        if (const auto at = (m_inUse + step) % count; isFree(*m_ways[at])) return at;
    const auto steady = m_core.clock().steady();
    const auto waitOf = [&](const std::unique_ptr<Way>& way) {
        return std::max(way->refusedUntil - steady, way->gate->holdOf(Purpose::Query));
    };
    const auto soonest = std::ranges::min_element(m_ways, {}, waitOf);
    return static_cast<std::size_t>(soonest - m_ways.begin());
}

void DataGate::send(Request request, Done done)
{
    attempt(std::move(request), m_ways.size(), std::move(done));
}

void DataGate::attempt(Request request, std::size_t triesLeft, Done done)
{
    const auto at = m_inUse = choose();
    const Request again = request;
    m_ways[at]->gate->send(std::move(request), [this, at, again, triesLeft, done = std::move(done)](
                                                   Result<wire::HttpResponse> result) {
        const int status = result ? result->status : 0;
        if (isRefused(status))
            m_ways[at]->refusedUntil = m_core.clock().steady() + kRefusedFor;
        else if (status != 0 && status < 400)
            m_ways[at]->refusedUntil = {};
        const bool another = (isRefused(status) || status == 429) && triesLeft > 1 &&
                             isFree(*m_ways[choose()]);
        if (another) return attempt(again, triesLeft - 1, done);
        done(std::move(result));
    });
}

Timestamp DataGate::heldUntil() const
{
    const auto& way = *m_ways[choose()];
    const auto held = way.gate->holdOf(Purpose::Query);
    return held > Duration{} ? m_core.clock().now() + held : Timestamp{};
}

std::vector<FeedKey> DataGate::keys() const
{
    std::vector<FeedKey> keys;
    const auto steady = m_core.clock().steady();
    for (const auto& way : m_ways) {
        const auto held = way->gate->holdOf(Purpose::Query);
        keys.push_back({keys.size() == m_inUse, steady < way->refusedUntil,
                        held > Duration{} ? m_core.clock().now() + held : Timestamp{}});
    }
    return keys;
}

std::vector<const resilience::CircuitBreaker*> DataGate::breakers() const
{
    std::vector<const resilience::CircuitBreaker*> breakers;
    for (const auto& way : m_ways) breakers.push_back(&std::as_const(*way->gate).breaker());
    return breakers;
}

} // namespace qd::brokers
