#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace qd::ui {

/// One bar in pixels' arithmetic. Never used for money.
struct Candle {
    double open = 0, high = 0, low = 0, close = 0, volume = 0;
};

/// A series of bars at every power-of-two coarseness, so that any stretch of a million bars can be
/// drawn with as many candles as there are pixels. Level k holds one candle for each 2^k bars.
/// Append and change of the last bar are O(levels).
class BarPyramid {
public:
    void assign(std::vector<std::int64_t> startsMs, std::vector<Candle> bars);
    void append(std::int64_t startMs, const Candle& bar);
    /// The last bar is now this.
    void replaceLast(const Candle& bar);

    std::size_t size() const { return m_starts.size(); }
    bool empty() const { return m_starts.empty(); }
    std::int64_t startMs(std::size_t index) const { return m_starts[index]; }
    std::span<const std::int64_t> starts() const { return m_starts; }
    std::span<const Candle> raw() const;
    const Candle& bar(std::size_t index) const { return m_levels[0][index]; }

    struct Window {
        int level = 0;          ///< each candle covers 2^level bars
        std::size_t first = 0;  ///< bar index where candles[0] begins: a multiple of 2^level
        std::span<const Candle> candles;
    };
    /// Bars [first, last) in at most `candlesMax` candles (plus one that is cut by the edge).
    Window window(std::size_t first, std::size_t last, std::size_t candlesMax) const;

private:
    void refreshTail();
    std::vector<std::int64_t> m_starts;
    std::vector<std::vector<Candle>> m_levels{1};
};

} // namespace qd::ui
