#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "services/gateway/api.h"
#include "services/observability/metrics.h"
#include "services/orders/facts.h"
#include "services/storage/writer.h"

namespace qd::gateway {

/// Sees what concerns security and makes it seen: refused sign-ins, denied calls, new devices, use
/// and change of keys and roles, brokers' access that has ended or would not end. All of it is counted
/// by kind and in the log; what people should look at becomes an alert, the same one of the same broker
/// or person at most once a minute.
/// Denied calls are its own events ("access.denied"): the first of a caller, network, route and code at
/// once, what follows within a minute as one more with their number. Core executor.
class SecurityWatch {
public:
    /// All outlive it.
    struct Dependencies {
        storage::Writer& writer;
        runtime::Executor& core;
        observability::Metrics& metrics;
        /// For who has the role, wherever they are: operators, or traders about their brokers.
        std::function<void(const orders::Notice&, Role)> alert;
    };
    static constexpr std::size_t kWatchedMax = 1'000; ///< callers and routes; more are only counted
    static constexpr int kRefusedSignInsMax = 5;      ///< a minute, before it is an alert
    static constexpr int kDeniedCallsMax = 5;         ///< of one caller and network, a minute

    explicit SecurityWatch(Dependencies dependencies);
    ~SecurityWatch();
    SecurityWatch(const SecurityWatch&) = delete;
    SecurityWatch& operator=(const SecurityWatch&) = delete;

    /// Was a call denied?
    void saw(const FinishedCall& call);
    /// What was committed; on core.
    void saw(const std::vector<storage::Event>& events);
    /// Those of interest to `saw`: cheap, any thread.
    static bool concerns(const storage::Event& event);

private:
    struct Denied {
        int count = 0, told = 0;
    };
    void writeDenied(const std::string& key, int count, const std::string& traceId);
    void seeOne(const storage::Event& event);
    void raise(const orders::Notice& notice, Role who = Role::Operator);
    void endMinute();

    const Dependencies m_the;
    std::map<std::string, Denied> m_denied; ///< "caller|network|route|code" in this minute
    std::map<std::string, int> m_deniedBy;  ///< "caller|network"
    std::map<std::string, int> m_raised;    ///< by title, or title and subject, in this minute
    int m_refusedSignIns = 0;               ///< in this minute
    runtime::Timer m_minute;
};

} // namespace qd::gateway
