#pragma once

#include <string_view>
#include <vector>

#include "services/exchange/compressed.h"
#include "services/exchange/recording.h"

namespace qd::exchange {

/// Is this file's name one of a contract's: "20151223_goog_minute_quote_american_call_6000000_20151224.csv"?
bool namesContract(std::string_view name);

/// The contract a file's name says; the strike stands there in ten-thousandths of a dollar.
/// Fails with: Invalid "recording.contract_name".
Result<Symbol> contractInName(std::string_view name);

/// The recordings of an archive with a file for each contract: Lean's minute quotes, minute trades or
/// open interest. Files without a row are left out. Errors name the file in the archive and the line.
/// Fails with: what `parseLeanCsv` fails with; "recording.contract_name".
Result<std::vector<Recording>> parseChain(const std::vector<ZipEntry>& files);

/// One market of `recordings`: open interest goes to the contracts that quotes or trades know, the
/// busiest contract first among the contracts, other instruments before them.
/// Fails with: Invalid "recording.open_interest_alone" when nothing but open interest is there.
Result<std::vector<Recording>> joinChain(std::vector<Recording> recordings);

} // namespace qd::exchange
