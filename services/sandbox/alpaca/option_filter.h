#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/market/option_contract.h"
#include "services/sandbox/alpaca/answers.h"

namespace qd::sandbox::alpaca {

/// Which contracts of a chain a request asks for. Ends of ranges count.
struct OptionFilter {
    std::optional<Date> expiration, expirationFrom, expirationTo;
    std::optional<Price> strikeFrom, strikeTo;
    std::optional<OptionRight> right;
    std::string root;
    bool admits(const OptionContract& contract) const;
};

/// Reads `expiration_date[_gte|_lte]`, `strike_price_[gte|lte]`, `type` and `root_symbol`.
/// 422 where one is wrong.
ApiResult<OptionFilter> readOptionFilter(const ApiRequest& request);

/// `limit`, 1 to `most`; 400 where it is something else.
ApiResult<std::size_t> readPageLimit(const ApiRequest& request, std::size_t usual,
                                     std::size_t most);

} // namespace qd::sandbox::alpaca
