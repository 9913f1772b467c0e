#include "ui/state/quote_store.h"

#include <algorithm>

namespace qd::ui {

QuoteStore::QuoteStore(const runtime::Clock& clock, QObject* parent)
    : QObject(parent), m_clock(clock)
{
}

int QuoteStore::slotFor(const Symbol& symbol)
{
    const auto [found, added] = m_index.try_emplace(symbol, count());
    if (added) {
        m_slots.emplace_back().facts.quote.symbol = symbol;
    }
    return found->second;
}

int QuoteStore::slotOf(const Symbol& symbol) const
{
    const auto found = m_index.find(symbol);
    return found == m_index.end() ? -1 : found->second;
}

Duration QuoteStore::ageOf(int slot) const
{
    const Timestamp last = at(slot).quote.receiveTime;
    return last.isSet() ? std::max(Duration{}, m_clock.now() - last) : Duration{};
}

Price QuoteStore::changeOf(int slot) const
{
    const client::QuoteFacts& facts = at(slot);
    if (facts.last.isZero() || facts.previousClose.isZero()) return {};
    return facts.last - facts.previousClose;
}

Decimal QuoteStore::changePercentOf(int slot) const
{
    const Price previous = at(slot).previousClose;
    const Decimal hundredfold = changeOf(slot)
                                    .value()
                                    .checkedMultiply(Decimal::fromInt(100), Rounding::HalfEven)
                                    .value_or(Decimal{});
    return hundredfold.checkedDivide(previous.value(), Rounding::HalfEven).value_or(Decimal{});
}

void QuoteStore::setSpark(int slot, std::vector<float> points)
{
    m_slots[std::size_t(slot)].spark = std::move(points);
    mark(slot);
    announce();
}

void QuoteStore::setFacts(const std::vector<client::QuoteFacts>& facts)
{
    for (const client::QuoteFacts& one : facts) {
        const int slot = slotFor(one.quote.symbol);
        client::QuoteFacts& known = m_slots[std::size_t(slot)].facts;
        const client::QuoteFacts newer = known;
        known = one;
        if (one.last.isZero()) {
            known.last = newer.last;
            known.lastSize = newer.lastSize;
        }
        // The answer to a question may be older than a tick that overtook it.
        if (newer.quote.receiveTime > one.quote.receiveTime) {
            known.quote = newer.quote;
            known.last = newer.last;
            known.lastSize = newer.lastSize;
            known.volume = newer.volume;
            known.freshness = newer.freshness;
        }
        mark(slot);
    }
    announce();
}

void QuoteStore::apply(const client::MarketBatch& batch)
{
    for (const client::QuoteTick& tick : batch.quotes) {
        const int slot = slotOf(tick.symbol);
        if (slot < 0) continue;
        client::QuoteFacts& facts = m_slots[std::size_t(slot)].facts;
        facts.quote.bid = tick.bid;
        facts.quote.ask = tick.ask;
        facts.quote.bidSize = tick.bidSize;
        facts.quote.askSize = tick.askSize;
        facts.quote.eventTime = tick.eventTime;
        facts.quote.receiveTime = tick.receiveTime;
        if (!tick.last.isZero()) {
            facts.last = tick.last;
            facts.lastSize = tick.lastSize;
            if (tick.last > facts.dayHigh) facts.dayHigh = tick.last;
            if (tick.last < facts.dayLow || facts.dayLow.isZero()) facts.dayLow = tick.last;
        }
        facts.volume = tick.volume;
        facts.freshness = tick.freshness;
        std::vector<float>& spark = m_slots[std::size_t(slot)].spark;
        if (!spark.empty()) spark.back() = float(facts.last.toDouble());
        mark(slot);
    }
    announce();
}

void QuoteStore::mark(int slot)
{
    Slot& entry = m_slots[std::size_t(slot)];
    if (entry.dirty) return;
    entry.dirty = true;
    m_dirty.push_back(slot);
}

void QuoteStore::announce()
{
    if (m_dirty.empty()) return;
    const std::vector<int> changed = std::move(m_dirty);
    m_dirty.clear();
    for (const int slot : changed) m_slots[std::size_t(slot)].dirty = false;
    Q_EMIT quotesChanged(changed);
}

} // namespace qd::ui
