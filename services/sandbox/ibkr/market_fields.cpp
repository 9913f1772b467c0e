#include "services/sandbox/ibkr/market_fields.h"

#include <optional>

namespace qd::sandbox::ibkr {

namespace {

struct MarketView {
    const Instrument& instrument;
    exchange::MarketSnapshot now;
    bool isShut = false;
    char availability = 'R';
};

std::optional<std::string> shown(std::optional<Price> price)
{
    return price && price->isPositive() ? std::optional(formatPrice(*price)) : std::nullopt;
}

/// Stocks are told in hundreds.
std::optional<std::string> sizeOf(const MarketView& view, Quantity size)
{
    if (view.instrument.assetClass != AssetClass::Equity)
        return formatSize(size);
    const auto hundreds = size.value().checkedDivide(Decimal::fromInt(100), Rounding::HalfEven);
    return hundreds ? std::optional(formatSize(Quantity(*hundreds))) : std::nullopt;
}

std::optional<std::string> lastOf(const MarketView& view)
{
    const auto& day = view.now.previousDailyBar;
    if (!view.now.trade)
        return day ? std::optional("C" + formatPrice(day->close)) : std::nullopt;
    const char* prefix = view.now.status == exchange::TradingStatus::Halted ? "H"
        : view.isShut                                                       ? "C"
                                                                            : "";
    return prefix + formatPrice(view.now.trade->price);
}

/// The whole volume ("7762"), or shortened: "1.2M", "350K".
std::string volumeOf(const Bar& day, bool exact)
{
    if (exact)
        return day.volume.toString();
    for (const auto& [least, letter] : {std::pair{1'000'000, "M"}, std::pair{1'000, "K"}}) {
        const auto part = day.volume.value().checkedDivide(Decimal::fromInt(least), Rounding::HalfEven);
        if (part && *part >= Decimal::fromInt(1))
            return part->roundTo(Decimal::of("0.1"), Rounding::HalfEven).toString() + letter;
    }
    return day.volume.toString();
}

std::optional<std::string> ofDay(const MarketView& view, const std::string& field)
{
    const auto& day = view.now.dailyBar;
    if (!day)
        return std::nullopt;
    if (field == "70")
        return shown(day->high);
    if (field == "71")
        return shown(day->low);
    if (field == "7295")
        return shown(day->open);
    return volumeOf(*day, field == "7762");
}

std::optional<std::string> ofQuote(const MarketView& view, const std::string& field)
{
    const auto& quote = view.now.quote;
    if (!quote)
        return std::nullopt;
    if (field == "84")
        return shown(quote->bid);
    if (field == "86")
        return shown(quote->ask);
    return sizeOf(view, field == "88" ? quote->bidSize : quote->askSize);
}

std::optional<std::string> changeOf(const MarketView& view, bool percent)
{
    const auto& day = view.now.previousDailyBar;
    if (!day || !view.now.trade || !day->close.isPositive())
        return std::nullopt;
    const Decimal change = view.now.trade->price.value() - day->close.value();
    const std::string sign = change.isNegative() ? "" : "+";
    if (!percent)
        return sign + change.toFixed(2);
    if (change.abs() > Decimal::fromInt(100'000'000))
        return std::nullopt;
    const auto part = change.checkedDivide(day->close.value(), Rounding::HalfEven);
    return part ? std::optional(sign + Decimal::fromUnits(part->units() * 100).toFixed(2) + "%")
                : std::nullopt;
}

std::optional<std::string> valueOf(const MarketView& view, const Contracts& contracts,
                                   const std::string& field)
{
    if (field == "31")
        return lastOf(view);
    if (field == "84" || field == "86" || field == "85" || field == "88")
        return ofQuote(view, field);
    if (field == "7059" && view.now.trade)
        return sizeOf(view, view.now.trade->size);
    if (field == "70" || field == "71" || field == "7295" || field == "87" || field == "7762")
        return ofDay(view, field);
    if ((field == "7741" || field == "7296") && view.now.previousDailyBar)
        return shown(view.now.previousDailyBar->close);
    if (field == "82" || field == "83")
        return changeOf(view, field == "83");
    if (field == "55")
        return Contracts::tickerOf(view.instrument);
    if (field == "6008")
        return std::to_string(contracts.conidOf(view.instrument.symbol));
    if (field == "6509")
        return std::string(1, view.availability) + "PB";
    return std::nullopt;
}

} // namespace

MarketFields marketFields(const alpaca::Desk& desk, const Contracts& contracts,
                          exchange::InstrumentIndex instrument,
                          const std::vector<std::string>& wanted)
{
    const exchange::Exchange& exchange = desk.exchange;
    const Instrument& subject = contracts.instrument(instrument);
    const bool isShut = subject.assetClass != AssetClass::Crypto
        && (desk.sessionShut || !exchange.clock().isOpen);
    const MarketView view{subject, exchange.snapshot(instrument), isShut,
                          contracts.availability(instrument).value_or(isShut ? 'Z' : 'R')};
    MarketFields fields;
    for (const auto& field : wanted)
        if (auto value = valueOf(view, contracts, field))
            fields[field] = std::move(*value);
    return fields;
}

} // namespace qd::sandbox::ibkr
