#pragma once

#include <string>
#include <string_view>

#include "services/exchange/keeping.h"

namespace qd::sandbox {

// The rows of a VenueArchive: one JSON object each, decimals as strings, times in nanoseconds since
// the epoch, enumerations by name. A member that is missing has its default, so that files of older
// programs are read; one that does not make sense, and a row without the names it is known by, fails
// with Corrupt "sandbox.archive".

std::string toJson(const exchange::KeptOrder& order);
std::string toJson(const exchange::KeptAccount& account);
std::string toJson(const exchange::VenueExecution& execution);

Result<exchange::KeptOrder> readKeptOrder(std::string_view json);
Result<exchange::KeptAccount> readKeptAccount(std::string_view json);
Result<exchange::VenueExecution> readExecution(std::string_view json);

} // namespace qd::sandbox
