#pragma once

#include <map>
#include <string>
#include <vector>

#include "services/sandbox/alpaca/desk.h"
#include "services/sandbox/ibkr/contracts.h"

namespace qd::sandbox::ibkr {

/// Values of one contract by IBKR's field numbers, as the texts that it sends: "31" the last price
/// ("C…" the close of an earlier day, "H…" while halted), "84"/"86" bid and ask, "88"/"85" their sizes
/// (stocks in hundreds), "6509" what kind of values these are. Fields without a value are left out.
using MarketFields = std::map<std::string, std::string>;

MarketFields marketFields(const alpaca::Desk& desk, const Contracts& contracts,
                          exchange::InstrumentIndex instrument,
                          const std::vector<std::string>& wanted);

} // namespace qd::sandbox::ibkr
