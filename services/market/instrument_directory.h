#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/market/instrument.h"
#include "services/brokers/broker.h"

namespace qd::market {

/// What can be traded, and how to find it. Core executor only; pointers are good until `load`.
class InstrumentDirectory {
public:
    static constexpr std::size_t kResultsMax = 100;
    /// So many of those added outlast a `load`, the newest; as many again are taken until the next.
    static constexpr std::size_t kAddedMax = 2'000;

    InstrumentDirectory();
    ~InstrumentDirectory();

    /// Replace everything but what was added. Of two with one symbol the last counts.
    void load(std::vector<Instrument> instruments);
    /// One more, that no listing has; it stays when the next one is loaded. False: there is no room.
    bool add(Instrument instrument);
    /// Ask the broker and `load`. On failure what was there stays.
    void refresh(brokers::Broker& broker, std::function<void(Result<std::size_t>)> done);

    std::size_t size() const;
    const Instrument* find(const Symbol& symbol) const;
    /// Best first: the symbol itself, symbols that begin with `query`, names with words that begin
    /// with its words, names and symbols that contain it. Tradable before not tradable. An empty
    /// query finds the first that can be traded, in the broker's order.
    std::vector<const Instrument*> search(std::string_view query, std::size_t limit) const;
    /// What may have been meant by a symbol that does not exist: other spellings, few letters
    /// apart, same beginning, or a word of the name. Best first.
    std::vector<Symbol> near(std::string_view text, std::size_t limit = 5) const;
    /// The instrument, or NotFound "market.unknown_symbol" (field "symbol") whose detail names the
    /// near ones.
    Result<const Instrument*> require(const Symbol& symbol) const;

private:
    std::vector<const Instrument*> first(std::size_t limit) const;

    struct State;
    std::shared_ptr<State> m_state; ///< an answer under way knows by it whether we still exist
};

} // namespace qd::market
