#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "services/drills/link.h"

namespace qd::drills {

/// Listens to `/v1/stream` as a terminal does, and keeps what it hears. Calls from one thread.
class StreamListener {
public:
    /// `after`: the last sequence that is known, or nothing for a snapshot.
    StreamListener(Link& link, const std::string& baseUrl, std::string_view token,
                   std::optional<std::int64_t> after = std::nullopt);
    ~StreamListener();
    StreamListener(const StreamListener&) = delete;
    StreamListener& operator=(const StreamListener&) = delete;

    /// The whole wish list, as JSON: `"quotes":["SPY"]`.
    void subscribe(const std::string& members);
    /// What was heard so far, oldest first, as JSON texts.
    std::vector<std::string> messages() const;
    /// A message for which `wanted` holds, waited for; empty after `limit`.
    std::string waitFor(std::chrono::milliseconds limit,
                        const std::function<bool(const json::Value&)>& wanted) const;
    bool isOpen() const;
    bool isClosed() const;
    /// Sequences of the events and of the snapshot, in the order heard.
    std::vector<std::int64_t> sequences() const;

private:
    struct Ear;
    Link& m_link;
    std::shared_ptr<Ear> m_ear;
};

} // namespace qd::drills
