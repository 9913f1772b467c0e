#pragma once

#include <unordered_set>

#include "services/sandbox/tradier/event_sessions.h"

namespace qd::sandbox::tradier {

/// /v1/markets/events: quotes, trades, time and sales, and the day's summary. One thread.
class MarketStream {
public:
    MarketStream(alpaca::Desk& desk, const alpaca::KeyRing& keys);

    EventSessions& sessions() { return m_sessions; }
    void publish(const exchange::MarketBatch& batch);

private:
    struct Wishes {
        std::unordered_set<exchange::InstrumentIndex> instruments;
        bool quotes = false, trades = false, timesales = false, summaries = false;
        bool lines = false; ///< a line break after each event: many travel in one message
    };

    void want(EventSessions::SocketId id, const json::Value& asked);
    void tell(EventSessions::SocketId id, const Wishes& wishes, const std::vector<std::string>& events);
    std::vector<std::string> eventsFor(const Wishes& wishes, const exchange::MarketBatch& batch);
    std::string summary(exchange::InstrumentIndex instrument) const;

    alpaca::Desk& m_desk;
    EventSessions m_sessions;
    std::map<EventSessions::SocketId, Wishes> m_wishes;
    std::int64_t m_sequence = 0; ///< of time and sales
};

} // namespace qd::sandbox::tradier
