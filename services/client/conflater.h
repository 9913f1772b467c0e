#pragma once

#include <deque>
#include <map>
#include <tuple>
#include <unordered_map>

#include "services/client/stream_frames.h"

namespace qd::client {

/// Gathers market frames between two hand-overs: the newest tick per symbol, the newest state per
/// bar, the last `tradesMax` trades. What was replaced or dropped is counted, and however long
/// nobody takes, the size stays bounded. `net` thread.
class Conflater {
public:
    static constexpr std::size_t kSymbolsMax = 20'000, kBarsMax = 20'000;

    explicit Conflater(std::size_t tradesMax) : m_tradesMax(tradesMax) {}

    void add(MarketFrame frame);
    bool isEmpty() const { return m_quotes.empty() && m_trades.empty() && m_bars.empty(); }
    /// Everything gathered; empty afterwards.
    MarketBatch take();

private:
    using BarKey = std::tuple<Symbol, BarInterval, Timestamp>;

    std::size_t m_tradesMax;
    std::vector<QuoteTick> m_quotes;
    std::unordered_map<Symbol, std::size_t> m_quoteOf;
    std::deque<Trade> m_trades;
    std::map<BarKey, BarTick> m_bars; ///< in the order that a chart wants them
    std::int64_t m_conflated = 0;
};

} // namespace qd::client
