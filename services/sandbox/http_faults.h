#pragma once

#include <deque>
#include <functional>
#include <optional>

#include "services/runtime/executor.h"
#include "services/runtime/random.h"
#include "services/sandbox/faults.h"
#include "services/wire/http.h"

namespace qd::sandbox {

/// What the faults in force make of requests and of their answers, whatever protocol they are in.
/// One thread; what it is given outlives it.
class HttpFaults {
public:
    using Respond = wire::Service::Respond;
    /// An error in the protocol's words. `code` and `message` are the fault's; 0 and empty: the
    /// protocol's own for that status.
    using Words = std::function<wire::HttpResponse(int status, std::int64_t code, std::string_view message)>;

    HttpFaults(FaultBook& faults, runtime::Executor& executor, Words words)
        : m_faults(faults), m_executor(executor), m_words(std::move(words))
    {
    }

    /// Does a fault keep the venue from looking at the request? Then this is the answer, or no
    /// answer at all: give it to `finish`.
    struct Struck {
        std::optional<wire::HttpResponse> answer;
    };
    std::optional<Struck> strike(const FaultSubject& subject);
    /// The refusal of an upgrade, if the venue is shut for maintenance.
    std::optional<wire::HttpResponse> refuseUpgrade(const wire::HttpRequest& request);
    /// The answer leaves, late or never, if a fault will have it so; `swallow`: never.
    void finish(const FaultSubject& subject, bool swallow, wire::HttpResponse response, Respond respond);
    /// No answer: the connection is given up after a minute.
    void keepSilent(Respond respond);

private:
    std::optional<wire::HttpResponse> maintenance(const FaultSubject& subject);
    void later(Duration delay, runtime::Task task);

    FaultBook& m_faults;
    runtime::Executor& m_executor;
    Words m_words;
    std::deque<runtime::Timer> m_delayed;
};

} // namespace qd::sandbox
