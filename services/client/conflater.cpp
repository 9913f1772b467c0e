#include "services/client/conflater.h"

namespace qd::client {

void Conflater::add(MarketFrame frame)
{
    m_conflated += frame.conflated;
    for (auto& tick : frame.quotes) {
        const auto [place, isNew] = m_quoteOf.try_emplace(tick.symbol, m_quotes.size());
        if (!isNew) {
            m_quotes[place->second] = std::move(tick);
            ++m_conflated;
        } else if (m_quotes.size() < kSymbolsMax) {
            m_quotes.push_back(std::move(tick));
        } else {
            m_quoteOf.erase(place);
            ++m_conflated;
        }
    }
    for (auto& trade : frame.trades) m_trades.push_back(std::move(trade));
    while (m_trades.size() > m_tradesMax) {
        m_trades.pop_front();
        ++m_conflated;
    }
    for (auto& tick : frame.bars) {
        const BarKey key{tick.symbol, tick.interval, tick.bar.start};
        const bool isNew = m_bars.find(key) == m_bars.end();
        if (isNew && m_bars.size() >= kBarsMax) {
            ++m_conflated;
            continue;
        }
        if (!isNew) ++m_conflated;
        m_bars[key] = std::move(tick);
    }
}

MarketBatch Conflater::take()
{
    MarketBatch batch;
    batch.quotes = std::exchange(m_quotes, {});
    batch.trades.assign(std::move_iterator(m_trades.begin()), std::move_iterator(m_trades.end()));
    batch.bars.reserve(m_bars.size());
    for (auto& [key, tick] : m_bars) batch.bars.push_back(std::move(tick));
    batch.conflated = std::exchange(m_conflated, 0);
    m_quoteOf.clear();
    m_trades.clear();
    m_bars.clear();
    return batch;
}

} // namespace qd::client
