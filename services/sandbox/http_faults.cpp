#include "services/sandbox/http_faults.h"

#include <utility>

namespace qd::sandbox {

namespace {

/// How long a request that gets no answer is left hanging before its connection is given up.
constexpr Duration kSilence = std::chrono::seconds(60);

} // namespace

std::optional<wire::HttpResponse> HttpFaults::maintenance(const FaultSubject& subject)
{
    const auto fault = m_faults.strike("maintenance", subject, m_executor.clock().steady());
    if (!fault)
        return std::nullopt;
    return m_words(fault->status ? fault->status : 503, fault->code,
                   fault->message.empty() ? "service unavailable: scheduled maintenance"
                                          : fault->message);
}

std::optional<wire::HttpResponse> HttpFaults::refuseUpgrade(const wire::HttpRequest& request)
{
    const auto target = wire::Target::parse(request.target);
    FaultSubject subject;
    subject.method = "GET";
    if (target)
        subject.path = target->path;
    return maintenance(subject);
}

std::optional<HttpFaults::Struck> HttpFaults::strike(const FaultSubject& subject)
{
    const Duration now = m_executor.clock().steady();
    if (auto refusal = maintenance(subject))
        return Struck{std::move(refusal)};
    if (m_faults.strike("ignore", subject, now))
        return Struck{};
    if (const auto fault = m_faults.strike("http_status", subject, now))
        return Struck{m_words(fault->status ? fault->status : 500, fault->code,
                              fault->message.empty() ? "internal server error occurred"
                                                     : fault->message)};
    return std::nullopt;
}

void HttpFaults::finish(const FaultSubject& subject, bool swallow, wire::HttpResponse response,
                        Respond respond)
{
    const Duration now = m_executor.clock().steady();
    if (m_faults.strike("lose_ack", subject, now) || swallow) {
        keepSilent(std::move(respond));
        return;
    }
    const auto delay = m_faults.strike("delay", subject, now);
    if (!delay || delay->delayMs <= 0) {
        respond(std::move(response));
        return;
    }
    later(std::chrono::milliseconds(delay->delayMs),
          [respond = std::move(respond), response = std::move(response)] { respond(response); });
}

void HttpFaults::keepSilent(Respond respond)
{
    later(kSilence, [this, respond = std::move(respond)] {
        wire::HttpResponse late = m_words(504, 0, "gateway timeout");
        late.headers.set("Connection", "close");
        respond(std::move(late));
    });
}

void HttpFaults::later(Duration delay, runtime::Task task)
{
    std::erase_if(m_delayed, [](const runtime::Timer& timer) { return !timer.isActive(); });
    m_delayed.push_back(m_executor.after(delay, std::move(task)));
}

} // namespace qd::sandbox
