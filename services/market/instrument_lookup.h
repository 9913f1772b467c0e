#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "services/brokers/instrument_source.h"
#include "services/market/instrument_directory.h"
#include "services/runtime/executor.h"

namespace qd::market {

/// Asks the broker for an instrument that its listing left out, and adds it to the directory. One
/// question for a symbol however many want it; what does not exist is not asked for again for a
/// while. Core executor; everything given outlives it.
class InstrumentLookup {
public:
    /// Symbols asked for at the same time; one more is as unknown as before.
    static constexpr std::size_t kUnderWayMax = 64;
    static constexpr std::size_t kMissesMax = 1'000;
    static constexpr Duration kMissLasts = std::chrono::minutes(5);

    InstrumentLookup(InstrumentDirectory& directory, brokers::InstrumentSource& source,
                     runtime::Executor& core);

    /// Would asking help?
    bool isWorthwhile(const Symbol& symbol) const;
    /// `then` is called, perhaps at once, when nothing remains to be asked: the directory knows the
    /// symbol then, or nobody does at the moment.
    void find(const Symbol& symbol, std::function<void()> then);

private:
    void settle(const Symbol& symbol, Result<Instrument> found);
    void noteMiss(const Symbol& symbol);

    InstrumentDirectory& m_directory;
    brokers::InstrumentSource& m_source;
    runtime::Executor& m_core;
    std::map<Symbol, std::vector<std::function<void()>>> m_underWay; ///< and who waits
    std::map<Symbol, Duration> m_misses; ///< until when (steady) they are not asked for
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::market
