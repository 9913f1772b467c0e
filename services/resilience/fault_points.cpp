#include "services/resilience/fault_points.h"

#include <atomic>
#include <csignal>
#include <map>
#include <mutex>

namespace qd::resilience {

namespace {

struct Point {
    std::string meaning;
    std::optional<Fault> fault;
    std::uint64_t passed = 0, acted = 0;
};

/// As a power cut would: no destructor, no flush.
void endProcess()
{
    std::raise(SIGKILL);
}

} // namespace

std::string_view toString(FaultKind kind)
{
    switch (kind) {
    case FaultKind::Fail: return "fail";
    case FaultKind::Delay: return "delay";
    case FaultKind::Crash: return "crash";
    }
    return "fail";
}

struct FaultPoints::State {
    State(runtime::Random& chance, std::function<void()> end)
        : random(chance), crash(end ? std::move(end) : endProcess)
    {
    }

    bool acts(Point& point);

    runtime::Random& random;
    std::function<void()> crash;
    std::atomic<int> armed = 0;
    mutable std::mutex mutex;
    std::map<std::string, Point, std::less<>> points;
};

/// One passage: does the fault act this time? Counts down skips and times.
bool FaultPoints::State::acts(Point& point)
{
    if (!point.fault) return false;
    Fault& fault = *point.fault;
    if (fault.skip > 0) {
        --fault.skip;
        return false;
    }
    if (fault.probability < 1 && random.uniform() >= fault.probability) return false;
    ++point.acted;
    return true;
}

FaultPoints::FaultPoints(runtime::Random& random, std::function<void()> crash)
    : m_state(std::make_unique<State>(random, std::move(crash)))
{
}

FaultPoints::~FaultPoints() = default;

void FaultPoints::declare(std::string name, std::string meaning)
{
    const std::lock_guard lock(m_state->mutex);
    m_state->points[std::move(name)].meaning = std::move(meaning);
}

Result<void> FaultPoints::arm(std::string_view name, Fault fault)
{
    const std::lock_guard lock(m_state->mutex);
    const auto found = m_state->points.find(name);
    if (found == m_state->points.end()) {
        std::string known;
        for (const auto& [point, unused] : m_state->points)
            known += (known.empty() ? "" : ", ") + point;
        return fail(ErrorKind::NotFound, "fault.unknown_point",
                    "expected one of " + known + ", was \"" + std::string(name) + "\"", "name");
    }
    if (!found->second.fault) ++m_state->armed;
    found->second.fault = std::move(fault);
    return {};
}

void FaultPoints::disarm(std::string_view name)
{
    const std::lock_guard lock(m_state->mutex);
    const auto found = m_state->points.find(name);
    if (found == m_state->points.end() || !found->second.fault) return;
    found->second.fault.reset();
    --m_state->armed;
}

void FaultPoints::disarmAll()
{
    const std::lock_guard lock(m_state->mutex);
    for (auto& [name, point] : m_state->points) point.fault.reset();
    m_state->armed = 0;
}

FaultEffect FaultPoints::pass(std::string_view name)
{
    if (m_state->armed.load(std::memory_order_relaxed) == 0) return {};
    const std::lock_guard lock(m_state->mutex);
    const auto found = m_state->points.find(name);
    if (found == m_state->points.end()) return {};
    Point& point = found->second;
    ++point.passed;
    if (!m_state->acts(point)) return {};

    Fault& fault = *point.fault;
    FaultEffect effect;
    effect.delay = fault.delay;
    if (fault.kind == FaultKind::Fail) effect.error = fault.error;
    const bool crash = fault.kind == FaultKind::Crash;
    if (fault.times > 0 && --fault.times == 0) {
        point.fault.reset();
        --m_state->armed;
    }
    if (crash) m_state->crash();
    return effect;
}

std::vector<FaultPoints::Description> FaultPoints::describe() const
{
    const std::lock_guard lock(m_state->mutex);
    std::vector<Description> all;
    all.reserve(m_state->points.size());
    for (const auto& [name, point] : m_state->points)
        all.push_back(
            {name, point.meaning, point.fault.has_value(), point.passed, point.acted});
    return all;
}

} // namespace qd::resilience
