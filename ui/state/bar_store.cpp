#include "ui/state/bar_store.h"

namespace qd::ui {

Candle candleOf(const Bar& bar)
{
    return {bar.open.toDouble(), bar.high.toDouble(), bar.low.toDouble(), bar.close.toDouble(),
            bar.volume.toDouble()};
}

const BarStore::Series& BarStore::series(const Key& key) const
{
    static const Series kAbsent;
    const auto found = m_series.find(key);
    return found == m_series.end() ? kAbsent : found->second;
}

void BarStore::setLoading(const Key& key)
{
    Series& series = m_series[key];
    // Bars that are already there stay on screen while newer ones are fetched.
    if (series.phase == Phase::Ready) return;
    series.phase = Phase::Loading;
    Q_EMIT seriesChanged(key);
}

void BarStore::setFailed(const Key& key, const std::string& why)
{
    Series& series = m_series[key];
    if (series.phase == Phase::Ready) return;
    series.phase = Phase::Failed;
    series.failure = why;
    Q_EMIT seriesChanged(key);
}

void BarStore::setSeries(const client::BarSeries& incoming)
{
    const Key key{incoming.symbol, incoming.interval};
    std::vector<std::int64_t> starts;
    std::vector<Candle> candles;
    starts.reserve(incoming.bars.size());
    candles.reserve(incoming.bars.size());
    for (const Bar& bar : incoming.bars) {
        if (!starts.empty() && bar.start.millis() <= starts.back()) continue;
        starts.push_back(bar.start.millis());
        candles.push_back(candleOf(bar));
    }
    Series& series = m_series[key];
    series.phase = Phase::Ready;
    series.source = incoming.source;
    series.bars.assign(std::move(starts), std::move(candles));
    Q_EMIT seriesChanged(key);
}

void BarStore::apply(const client::MarketBatch& batch)
{
    for (const client::BarTick& tick : batch.bars) {
        const Key key{tick.symbol, tick.interval};
        const auto found = m_series.find(key);
        if (found == m_series.end() || found->second.phase != Phase::Ready) continue;
        BarPyramid& bars = found->second.bars;
        const std::int64_t start = tick.bar.start.millis();
        if (bars.empty() || start > bars.startMs(bars.size() - 1)) {
            bars.append(start, candleOf(tick.bar));
            Q_EMIT barAppended(key);
        } else if (start == bars.startMs(bars.size() - 1)) {
            bars.replaceLast(candleOf(tick.bar));
            Q_EMIT lastBarChanged(key);
        }
    }
}

} // namespace qd::ui
