#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "services/exchange/exchange.h"
#include "services/sandbox/ibkr/answers.h"

namespace qd::sandbox::ibkr {

/// The exchange's stocks and coins under the numbers that IBKR knows contracts by ("conids"), the same
/// in every run. Option contracts have none here. One thread.
class Contracts {
public:
    /// GET /trsrv/secdef takes so many at once.
    static constexpr std::size_t kSecdefMax = 200;

    explicit Contracts(const exchange::Exchange& exchange);

    /// 0 for what has none.
    std::int64_t conidOf(exchange::InstrumentIndex instrument) const;
    std::int64_t conidOf(const Symbol& symbol) const;
    std::optional<exchange::InstrumentIndex> find(std::int64_t conid) const;
    const Instrument& instrument(exchange::InstrumentIndex index) const;

    /// What the user has subscribed to decides over the first letter of field 6509: R, D, Z, Y or N.
    void setAvailability(exchange::InstrumentIndex instrument, char letter);
    /// Unset: as the market is.
    std::optional<char> availability(exchange::InstrumentIndex instrument) const;

    /// /iserver/secdef/search, /trsrv/all-conids and /trsrv/secdef.
    wire::HttpResponse search(const ApiRequest& request) const;
    wire::HttpResponse allConids(const ApiRequest& request) const;
    wire::HttpResponse secdef(const ApiRequest& request) const;

    /// "BRK B", "BTC".
    static std::string tickerOf(const Instrument& instrument);
    /// "STK" or "CRYPTO".
    static std::string_view secTypeOf(const Instrument& instrument);
    /// "NASDAQ", "PAXOS".
    static std::string listingOf(const Instrument& instrument);

private:
    const exchange::Exchange& m_exchange;
    std::vector<std::int64_t> m_conids; ///< by instrument
    std::unordered_map<std::int64_t, exchange::InstrumentIndex> m_byConid;
    std::unordered_map<exchange::InstrumentIndex, char> m_availability;
};

} // namespace qd::sandbox::ibkr
