#pragma once

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>

#include "services/market/instrument_directory.h"
#include "services/market/market_data.h"
#include "services/runtime/executor.h"

namespace qd::gateway {

/// Makes sure that a symbol somebody asks about is watched, and waits a moment for its first quote:
/// an order typed in a script must be judged by a price, not refused for want of a viewer.
/// Core executor. Remembers the last kSymbolsMax symbols asked for and everything held.
class QuoteWatch {
public:
    static constexpr std::size_t kSymbolsMax = 256;
    static constexpr Duration kWaitMax = std::chrono::milliseconds(1500);

    /// `instruments` may be null; with it, symbols that nobody lists are not waited for.
    QuoteWatch(market::MarketData& market, runtime::Executor& core,
               const market::InstrumentDirectory* instruments = nullptr);

    /// Calls `then` at once if the symbol has a value, else when it has one or kWaitMax has passed.
    void withQuote(const Symbol& symbol, std::function<void()> then);
    /// As above for several symbols; waits for all.
    void withQuotes(const std::vector<Symbol>& symbols, std::function<void()> then);

private:
    struct Waiting {
        std::vector<Symbol> symbols;
        std::function<void()> then;
        runtime::Timer timer;
    };
    bool mayBeListed(const Symbol& symbol) const;
    bool isKnown(const Symbol& symbol) const;
    void watch(const Symbol& symbol);
    void look();

    market::MarketData& m_market;
    runtime::Executor& m_core;
    const market::InstrumentDirectory* m_instruments;
    market::MarketData::Subscription m_subscription;
    std::list<Symbol> m_recent; ///< newest first
    std::list<Waiting> m_waiting;
};

} // namespace qd::gateway
