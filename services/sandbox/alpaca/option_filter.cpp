#include "services/sandbox/alpaca/option_filter.h"

#include <fmt/format.h>

#include "models/base/whole_number.h"

namespace qd::sandbox::alpaca {

bool OptionFilter::admits(const OptionContract& contract) const
{
    return (!expiration || contract.expiration == *expiration)
        && (!expirationFrom || contract.expiration >= *expirationFrom)
        && (!expirationTo || contract.expiration <= *expirationTo)
        && (!strikeFrom || contract.strike >= *strikeFrom)
        && (!strikeTo || contract.strike <= *strikeTo) && (!right || contract.right == *right)
        && (root.empty() || contract.root == root);
}

ApiResult<OptionFilter> readOptionFilter(const ApiRequest& request)
{
    OptionFilter filter;
    const std::pair<const char*, std::optional<Date>*> dates[] = {
        {"expiration_date", &filter.expiration},
        {"expiration_date_gte", &filter.expirationFrom},
        {"expiration_date_lte", &filter.expirationTo}};
    for (const auto& [name, target] : dates) {
        const auto text = request.query(name);
        if (text.empty())
            continue;
        const auto date = parseDate(text);
        if (!date)
            return invalid(fmt::format("invalid {}: {}", name, text));
        *target = *date;
    }
    const std::pair<const char*, std::optional<Price>*> strikes[] = {
        {"strike_price_gte", &filter.strikeFrom}, {"strike_price_lte", &filter.strikeTo}};
    for (const auto& [name, target] : strikes) {
        const auto text = request.query(name);
        if (text.empty())
            continue;
        const auto price = Price::parse(text);
        if (!price)
            return invalid(fmt::format("invalid {}: {}", name, text));
        *target = *price;
    }
    if (const auto type = request.query("type"); type == "call" || type == "put")
        filter.right = type == "call" ? OptionRight::Call : OptionRight::Put;
    else if (!type.empty())
        return invalid(fmt::format("invalid type: {}", type));
    filter.root = request.query("root_symbol");
    return filter;
}

ApiResult<std::size_t> readPageLimit(const ApiRequest& request, std::size_t usual,
                                     std::size_t most)
{
    const auto text = request.query("limit");
    if (text.empty())
        return usual;
    const auto limit = wholeNumber<std::size_t>(text);
    if (!limit || *limit == 0 || *limit > most)
        return tl::unexpected(
            ApiError{400, 40010000, fmt::format("invalid limit: expected 1 to {}", most), {}});
    return *limit;
}

} // namespace qd::sandbox::alpaca
