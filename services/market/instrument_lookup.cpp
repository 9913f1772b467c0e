#include "services/market/instrument_lookup.h"

#include <algorithm>

namespace qd::market {

InstrumentLookup::InstrumentLookup(InstrumentDirectory& directory,
                                   brokers::InstrumentSource& source, runtime::Executor& core)
    : m_directory(directory), m_source(source), m_core(core)
{
}

bool InstrumentLookup::isWorthwhile(const Symbol& symbol) const
{
    if (m_directory.find(symbol) != nullptr || !m_source.mayLeaveOut(symbol)) return false;
    if (m_underWay.contains(symbol)) return true;
    const auto miss = m_misses.find(symbol);
    return m_underWay.size() < kUnderWayMax &&
           (miss == m_misses.end() || miss->second <= m_core.clock().steady());
}

void InstrumentLookup::find(const Symbol& symbol, std::function<void()> then)
{
    if (!isWorthwhile(symbol)) return then();
    auto& waiting = m_underWay[symbol];
    waiting.push_back(std::move(then));
    if (waiting.size() > 1) return;
    m_source.findInstrument(symbol, [this, symbol, alive = std::weak_ptr<bool>(m_alive)](
                                        Result<Instrument> found) {
        if (!alive.expired()) settle(symbol, std::move(found));
    });
}

void InstrumentLookup::settle(const Symbol& symbol, Result<Instrument> found)
{
    if (found && found->symbol == symbol)
        m_directory.add(std::move(*found));
    else if (!found && found.error().kind == ErrorKind::NotFound)
        noteMiss(symbol);
    const auto waiting = std::move(m_underWay.extract(symbol).mapped());
    for (const auto& then : waiting) then();
}

void InstrumentLookup::noteMiss(const Symbol& symbol)
{
    const Duration now = m_core.clock().steady();
    std::erase_if(m_misses, [now](const auto& miss) { return miss.second <= now; });
    if (m_misses.size() < kMissesMax) m_misses[symbol] = now + kMissLasts;
}

} // namespace qd::market
