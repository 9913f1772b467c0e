#include "services/sandbox/proxy/toxic_chain.h"

#include <algorithm>

#include <fmt/format.h>

namespace qd::sandbox {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using Kind = ToxicChain::Step::Kind;

bool isLast(Kind kind)
{
    return kind == Kind::Close || kind == Kind::Reset;
}

bool startsHttpRequest(std::string_view bytes)
{
    for (const std::string_view method : {"GET ", "POST ", "PATCH ", "PUT ", "DELETE ", "HEAD "})
        if (bytes.starts_with(method))
            return true;
    return false;
}

} // namespace

ToxicChain::ToxicChain(Direction direction, runtime::Random& random)
    : m_direction(direction), m_random(random)
{
}

void ToxicChain::setToxics(const std::vector<Toxic>& toxics, Duration now)
{
    std::vector<Active> next;
    bool lostBytes = false;
    for (const Active& old : m_active) {
        const bool stays = std::any_of(toxics.begin(), toxics.end(), [&](const Toxic& toxic) {
            return toxic.name == old.toxic.name && toxic.type == old.toxic.type;
        });
        lostBytes = lostBytes || (!stays && old.applies && old.toxic.type == "timeout");
    }
    for (const Toxic& toxic : toxics) {
        if (toxic.stream != m_direction)
            continue;
        const auto old = std::find_if(m_active.begin(), m_active.end(), [&](const Active& active) {
            return active.toxic.name == toxic.name && active.toxic.type == toxic.type;
        });
        if (old != m_active.end()) {
            next.push_back(*old);
            next.back().toxic = toxic;
            continue;
        }
        next.push_back({toxic, m_random.uniform() < toxic.toxicity, {}, 0});
        const std::int64_t timeout = toxic.attribute("timeout");
        if (next.back().applies && toxic.type == "timeout" && timeout > 0)
            enqueue({{now + milliseconds(timeout), Kind::Close, {}}});
    }
    m_active = std::move(next);
    if (lostBytes)
        enqueue({{now, Kind::Close, {}}});
}

void ToxicChain::push(std::string bytes, Duration now)
{
    Steps steps{{now, Kind::Data, std::move(bytes)}};
    for (Active& active : m_active)
        if (active.applies)
            apply(active, steps, now);
    enqueue(std::move(steps));
}

void ToxicChain::end(Duration now)
{
    Duration at = now;
    for (const Active& active : m_active) {
        if (!active.applies)
            continue;
        if (active.toxic.type == "slow_close")
            at += milliseconds(active.toxic.attribute("delay"));
        if (active.toxic.type == "timeout")
            return; // a black hole does not even tell that the other side has left
    }
    enqueue({{at, Kind::End, {}}});
}

void ToxicChain::inject(std::string bytes, Duration now)
{
    enqueue({{now, Kind::Data, std::move(bytes)}, {now, Kind::Close, {}}});
}

ToxicChain::Step ToxicChain::take()
{
    Step step = std::move(m_steps.front());
    m_steps.pop_front();
    m_heldBytes -= step.bytes.size();
    return step;
}

void ToxicChain::apply(Active& active, Steps& steps, Duration now)
{
    const std::string& type = active.toxic.type;
    if (type == "latency")
        delay(active, steps);
    else if (type == "bandwidth")
        throttle(active, steps, now);
    else if (type == "slicer")
        slice(active, steps);
    else if (type == "limit_data")
        limit(active, steps);
    else if (type == "truncate")
        truncate(active, steps);
    else if (type == "http_status")
        answerHttp(active, steps);
    else if (type == "timeout")
        std::erase_if(steps, [](const Step& step) { return step.kind == Kind::Data; });
    else if (type == "reset_peer")
        steps = {{now + milliseconds(active.toxic.attribute("timeout")), Kind::Reset, {}}};
    else if (type == "lose_ack" && !steps.empty() && active.toxic.strike())
        steps = {{now, Kind::Reset, {}}};
    else if (type == "duplicate" && !steps.empty() && active.toxic.strike()) {
        const Steps copy = steps;
        steps.insert(steps.end(), copy.begin(), copy.end());
    }
}

void ToxicChain::delay(const Active& active, Steps& steps)
{
    const auto jitter = active.toxic.attribute("jitter");
    auto total = active.toxic.attribute("latency");
    if (jitter > 0)
        total += static_cast<std::int64_t>(m_random.below(static_cast<std::uint64_t>(jitter) * 2))
            - jitter;
    for (Step& step : steps)
        step.at += milliseconds(std::max<std::int64_t>(total, 0));
}

void ToxicChain::throttle(Active& active, Steps& steps, Duration now)
{
    // `rate` is in KB/s, as in Toxiproxy: that many bytes a millisecond. Pieces of 100 ms.
    const std::int64_t rate = active.toxic.attribute("rate");
    if (rate <= 0) {
        std::erase_if(steps, [](const Step& step) { return step.kind == Kind::Data; });
        return;
    }
    Steps out;
    const auto pieceMax = static_cast<std::size_t>(rate) * 100;
    for (Step& step : steps) {
        active.busyUntil = std::max({active.busyUntil, step.at, now});
        for (std::size_t start = 0; start < step.bytes.size() && step.kind == Kind::Data;
             start += pieceMax) {
            std::string piece = step.bytes.substr(start, pieceMax);
            const auto size = static_cast<std::int64_t>(piece.size());
            active.busyUntil += microseconds(size * 1000 / rate);
            out.push_back({active.busyUntil, Kind::Data, std::move(piece)});
        }
        if (step.kind != Kind::Data)
            out.push_back(std::move(step));
    }
    steps = std::move(out);
}

void ToxicChain::slice(const Active& active, Steps& steps)
{
    const auto average = static_cast<std::uint64_t>(active.toxic.attribute("average_size"));
    const auto variation = std::min(
        static_cast<std::uint64_t>(active.toxic.attribute("size_variation")), average - 1);
    Steps out;
    Duration late{};
    for (Step& step : steps) {
        std::size_t start = 0;
        while (step.kind == Kind::Data && start < step.bytes.size()) {
            std::uint64_t size = average;
            if (variation > 0)
                size += m_random.below(variation * 2 + 1) - variation;
            out.push_back({step.at + late, Kind::Data, step.bytes.substr(start, size)});
            start += size;
            late += microseconds(active.toxic.attribute("delay"));
        }
        if (step.kind != Kind::Data) {
            step.at += late;
            out.push_back(std::move(step));
        }
    }
    steps = std::move(out);
}

void ToxicChain::limit(Active& active, Steps& steps)
{
    const std::int64_t bytesMax = active.toxic.attribute("bytes");
    Steps out;
    for (Step& step : steps) {
        const std::int64_t left = bytesMax - active.passedBytes;
        const auto size = static_cast<std::int64_t>(step.bytes.size());
        active.passedBytes += std::min(size, std::max<std::int64_t>(left, 0));
        if (size < left) {
            out.push_back(std::move(step));
            continue;
        }
        const Duration at = step.at;
        if (left > 0) {
            step.bytes.resize(static_cast<std::size_t>(left));
            out.push_back(std::move(step));
        }
        out.push_back({at, Kind::Close, {}});
        break;
    }
    steps = std::move(out);
}

void ToxicChain::truncate(const Active& active, Steps& steps)
{
    const auto bytesMax = static_cast<std::size_t>(active.toxic.attribute("bytes"));
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (steps[i].kind != Kind::Data || steps[i].bytes.size() <= bytesMax
            || !active.toxic.strike())
            continue;
        steps[i].bytes.resize(bytesMax);
        const Duration at = steps[i].at;
        steps.resize(i + 1);
        steps.push_back({at, Kind::Close, {}});
        return;
    }
}

void ToxicChain::answerHttp(const Active& active, Steps& steps)
{
    const std::int64_t status = active.toxic.attribute("status");
    for (Step& step : steps) {
        if (step.kind != Kind::Data || !startsHttpRequest(step.bytes) || !active.toxic.strike())
            continue;
        const Duration at = step.at;
        const std::string body = fmt::format("{{\"code\":{}10000,\"message\":\"injected fault\"}}",
                                             status);
        std::string answer = fmt::format(
            "HTTP/1.1 {} Injected Fault\r\nContent-Type: application/json\r\n"
            "Content-Length: {}\r\nConnection: close\r\n\r\n{}",
            status, body.size(), body);
        steps = {{at, Kind::Answer, std::move(answer)}};
        return;
    }
}

void ToxicChain::enqueue(Steps steps)
{
    for (Step& step : steps) {
        // Bytes keep their order; a timed close does not wait for slower bytes in front of it.
        if (!isLast(step.kind)) {
            step.at = std::max(step.at, m_last);
            m_last = step.at;
        }
        m_heldBytes += step.bytes.size();
        const auto place = std::upper_bound(
            m_steps.begin(), m_steps.end(), step.at,
            [](Duration at, const Step& other) { return at < other.at; });
        m_steps.insert(place, std::move(step));
    }
}

} // namespace qd::sandbox
