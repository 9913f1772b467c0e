#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "services/brokers/stream_line.h"
#include "services/brokers/tradier/tradier_settings.h"

namespace qd::brokers::tradier {

/// Tradier's market events, kept up: a session is asked for, connected to within its five minutes, and
/// named together with the whole wish list, which replaces the one before. It rests while nothing is
/// wanted: Tradier takes no empty list. Lives on the io executor; `m_core…` members belong to core.
class MarketStream : public std::enable_shared_from_this<MarketStream> {
public:
    /// A session that is refused is refused at once; later it counts as listening.
    static constexpr Duration kRefusedWithin = std::chrono::seconds(1);

    using Answered = std::function<void(Result<wire::HttpResponse>)>;
    struct Owner {
        /// Asks for a session; called on core, and answers there.
        std::function<void(Answered)> askSession;
        std::function<void(std::vector<MarketEvent>)> events; ///< called on core
    };

    MarketStream(std::string url, std::chrono::milliseconds idleTimeout, wire::WebSocketClient& sockets,
                 runtime::Executor& core, runtime::Executor& io, runtime::Random& random);

    // ── on core ──────────────────────────────────────────────────────────────────────────────────
    void start(Owner owner);
    /// The owner is not called any more. `rest` has to follow on io.
    void leaveOwner() { m_coreOwner = {}; }
    void subscribe(std::set<std::string> symbols);
    /// There is access now, or there is none any more: it comes again, or leaves.
    void accessChanged();

    // ── on io ────────────────────────────────────────────────────────────────────────────────────
    void rest();

private:
    StreamLine::Terms terms();
    void want(std::set<std::string> symbols);
    void connect(const StreamLine::Attempt& attempt);
    void onSession(const StreamLine::Attempt& attempt, const Result<wire::HttpResponse>& result);
    void onOpened();
    void sayWishes();
    void onMessage(std::string_view payload);
    void onEvent(std::string_view text, std::vector<MarketEvent>& batch);
    void hand(std::vector<MarketEvent> batch);

    const std::string m_url;
    const std::chrono::milliseconds m_idleTimeout;
    runtime::Executor& m_core;
    runtime::Executor& m_io;
    Owner m_coreOwner;
    std::set<std::string> m_wanted; ///< in Tradier's spelling
    std::string m_sessionId;
    runtime::Timer m_settled;
    bool m_isRunning = false; ///< the feed is; the line is while anything is wanted
    StreamLine m_line;
};

} // namespace qd::brokers::tradier
