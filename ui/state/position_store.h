#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include <QObject>

#include "services/client/facts.h"

namespace qd::ui {

class QuoteStore;

/// Holdings, marked to the live price as it comes; a symbol keeps its number.
class PositionStore : public QObject {
    Q_OBJECT
public:
    explicit PositionStore(const QuoteStore& quotes, QObject* parent = nullptr);
    int count() const { return int(m_positions.size()); }
    const client::PositionFacts& at(int item) const { return m_positions[std::size_t(item)]; }
    /// Nothing held: an empty position.
    const client::PositionFacts* find(const Symbol& symbol) const;
    Money unrealisedTotal() const;
    Money realisedTotal() const;
    int openCount() const;

    void reset(std::vector<client::PositionFacts> positions);
    void apply(const client::PositionFacts& position);

Q_SIGNALS:
    void storeReset();
    void positionAdded(int item);
    void positionChanged(int item);

private:
    void markToQuotes(const std::vector<int>& slots);
    bool mark(client::PositionFacts& facts) const;

    const QuoteStore& m_quotes;
    std::vector<client::PositionFacts> m_positions;
    std::unordered_map<Symbol, int> m_index;
};

} // namespace qd::ui
