#include "models/market/option_contract.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace qd {

namespace {

// The tail of an OCC symbol: YYMMDD, C or P, the strike in thousandths in eight digits.
constexpr std::size_t kTail = 15, kRight = 6, kStrike = 7;
constexpr std::int64_t kThousandth = Decimal::kOne / 1000;
constexpr std::int64_t kMaxThousandths = 99'999'999;

std::int64_t numberIn(std::string_view text, std::size_t at, std::size_t digits)
{
    std::int64_t value = 0;
    std::from_chars(text.data() + at, text.data() + at + digits, value);
    return value;
}

std::string padded(std::int64_t value, std::size_t digits)
{
    auto text = std::to_string(value);
    text.insert(0, digits - std::min(digits, text.size()), '0');
    return text;
}

} // namespace

std::optional<OptionContract> optionContractOf(const Symbol& symbol)
{
    if (assetClassOf(symbol) != AssetClass::Option) return std::nullopt;
    const std::string_view text = symbol.text();
    const auto tail = text.substr(text.size() - kTail);
    OptionContract contract;
    contract.root = text.substr(0, text.size() - kTail);
    contract.expiration = {static_cast<int>(2000 + numberIn(tail, 0, 2)),
                           static_cast<int>(numberIn(tail, 2, 2)),
                           static_cast<int>(numberIn(tail, 4, 2))};
    contract.right = tail[kRight] == 'C' ? OptionRight::Call : OptionRight::Put;
    contract.strike = Price::fromUnits(numberIn(tail, kStrike, 8) * kThousandth);
    return contract;
}

Result<Symbol> symbolOf(const OptionContract& contract)
{
    const auto units = contract.strike.units();
    const auto& day = contract.expiration;
    if (units <= 0 || units % kThousandth != 0 || units / kThousandth > kMaxThousandths ||
        day.year < 2000 || day.year > 2099)
        return fail(ErrorKind::Invalid, "symbol.option",
                    "expected a strike in tenths of a cent up to 99999.999 and a year from 2000 to "
                    "2099, was " + contract.strike.toString() + " and " + toString(day));
    const auto symbol = Symbol::parse(
        contract.root + padded(day.year - 2000, 2) + padded(day.month, 2) + padded(day.day, 2) +
        (contract.right == OptionRight::Call ? 'C' : 'P') + padded(units / kThousandth, 8));
    if (!symbol || assetClassOf(*symbol) != AssetClass::Option)
        return fail(ErrorKind::Invalid, "symbol.option",
                    "expected a root of up to six letters and a date, was '" + contract.root +
                        "' and " + toString(day));
    return symbol;
}

std::string toString(const OptionContract& contract)
{
    static constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto& day = contract.expiration;
    return contract.root + ' ' + std::to_string(day.day) + ' ' +
           kMonths[static_cast<std::size_t>(day.month - 1)] + ' ' + std::to_string(day.year) + ' ' +
           contract.strike.toString() + (contract.right == OptionRight::Call ? " Call" : " Put");
}

} // namespace qd
