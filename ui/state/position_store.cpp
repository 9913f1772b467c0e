#include "ui/state/position_store.h"

#include <algorithm>

#include "ui/state/quote_store.h"

namespace qd::ui {

PositionStore::PositionStore(const QuoteStore& quotes, QObject* parent)
    : QObject(parent), m_quotes(quotes)
{
    connect(&quotes, &QuoteStore::quotesChanged, this, &PositionStore::markToQuotes);
}

const client::PositionFacts* PositionStore::find(const Symbol& symbol) const
{
    const auto found = m_index.find(symbol);
    return found == m_index.end() ? nullptr : &m_positions[std::size_t(found->second)];
}

Money PositionStore::unrealisedTotal() const
{
    Money total;
    for (const client::PositionFacts& facts : m_positions) total += facts.unrealised;
    return total;
}

Money PositionStore::realisedTotal() const
{
    Money total;
    for (const client::PositionFacts& facts : m_positions) total += facts.position.realised;
    return total;
}

int PositionStore::openCount() const
{
    return int(std::count_if(m_positions.begin(), m_positions.end(), [](const auto& facts) {
        return !facts.position.quantity.isZero();
    }));
}

bool PositionStore::mark(client::PositionFacts& facts) const
{
    const int slot = m_quotes.slotOf(facts.position.symbol);
    if (slot < 0 || m_quotes.at(slot).last.isZero()) return false;
    const Price last = m_quotes.at(slot).last;
    if (last == facts.lastPrice) return false;
    const Position& position = facts.position;
    const Price yesterday = m_quotes.at(slot).previousClose;
    facts.lastPrice = last;
    facts.marketValue = notional(last, position.quantity);
    facts.unrealised = notional(last - position.averagePrice, position.quantity);
    if (!yesterday.isZero()) facts.dayChange = notional(last - yesterday, position.quantity);
    return true;
}

void PositionStore::markToQuotes(const std::vector<int>& slots)
{
    for (const int slot : slots) {
        const auto found = m_index.find(m_quotes.at(slot).quote.symbol);
        if (found == m_index.end()) continue;
        if (mark(m_positions[std::size_t(found->second)])) Q_EMIT positionChanged(found->second);
    }
}

void PositionStore::reset(std::vector<client::PositionFacts> positions)
{
    m_positions = std::move(positions);
    m_index.clear();
    for (int item = 0; item < count(); ++item) {
        m_index[at(item).position.symbol] = item;
        mark(m_positions[std::size_t(item)]);
    }
    Q_EMIT storeReset();
}

void PositionStore::apply(const client::PositionFacts& position)
{
    const auto [found, added] = m_index.try_emplace(position.position.symbol, count());
    if (added) m_positions.push_back(position);
    else m_positions[std::size_t(found->second)] = position;
    mark(m_positions[std::size_t(found->second)]);
    if (added) Q_EMIT positionAdded(found->second);
    else Q_EMIT positionChanged(found->second);
}

} // namespace qd::ui
