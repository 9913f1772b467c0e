#pragma once

#include <unordered_map>
#include <vector>

#include <QObject>

#include "services/client/facts.h"
#include "services/runtime/clock.h"

namespace qd::ui {

/// The newest market facts of every symbol looked at, in numbered slots that never move.
/// One signal a batch, naming the slots that changed.
class QuoteStore : public QObject {
    Q_OBJECT
public:
    explicit QuoteStore(const runtime::Clock& clock, QObject* parent = nullptr);

    /// The symbol's slot; made if it has none yet.
    int slotFor(const Symbol& symbol);
    /// -1 if nobody looks at it.
    int slotOf(const Symbol& symbol) const;
    int count() const { return int(m_slots.size()); }
    const client::QuoteFacts& at(int slot) const { return m_slots[std::size_t(slot)].facts; }
    /// Since the venue's time of the last change; zero if there was none.
    Duration ageOf(int slot) const;
    /// last − previous close; zero without either.
    Price changeOf(int slot) const;
    Decimal changePercentOf(int slot) const;
    /// Prices of the day, a few dozen points, for the small line in the watchlist.
    const std::vector<float>& sparkOf(int slot) const { return m_slots[std::size_t(slot)].spark; }
    void setSpark(int slot, std::vector<float> points);

    void setFacts(const std::vector<client::QuoteFacts>& facts);
    void apply(const client::MarketBatch& batch);

Q_SIGNALS:
    void quotesChanged(const std::vector<int>& slots);

private:
    struct Slot {
        client::QuoteFacts facts;
        std::vector<float> spark;
        bool dirty = false;
    };
    void mark(int slot);
    void announce();

    const runtime::Clock& m_clock;
    std::vector<Slot> m_slots;
    std::unordered_map<Symbol, int> m_index;
    std::vector<int> m_dirty;
};

} // namespace qd::ui
