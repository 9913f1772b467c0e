#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "services/brokers/ibkr/ibkr_settings.h"
#include "services/brokers/request_gate.h"
#include "services/json/json.h"

namespace qd::brokers::ibkr {

/// IBKR's numbers of contracts ("conids") ↔ our symbols: remembered once learnt, searched for when not.
/// Core executor; what it is given outlives it.
class ConidBook {
public:
    using Done = std::function<void(Result<std::int64_t>)>;
    static constexpr std::size_t kKnownMax = 100'000;

    ConidBook(const IbkrSettings& settings, RequestGate& gate);
    ~ConidBook();

    void learn(std::int64_t conid, const Symbol& symbol);
    std::optional<std::int64_t> known(const Symbol& symbol) const;
    std::optional<Symbol> symbolOf(std::int64_t conid) const;
    /// As `symbolOf`, or else what ticker and type say; then learnt.
    Result<Symbol> symbolOf(std::int64_t conid, std::string_view ticker, std::string_view secType);
    /// Fails with: Invalid "ibkr.unknown_symbol", and as the gate does.
    void find(const Symbol& symbol, Done done);

private:
    Result<std::int64_t> choose(const json::Value& found, const Symbol& symbol) const;

    const IbkrSettings& m_settings;
    RequestGate& m_gate;
    std::unordered_map<Symbol, std::int64_t> m_conids;
    std::unordered_map<std::int64_t, Symbol> m_symbols;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::brokers::ibkr
