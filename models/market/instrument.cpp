#include "models/market/instrument.h"

#include <algorithm>
#include <array>

#include "models/base/civil.h"

namespace qd {

namespace {

/// Longest part between separators. Shorter than any OCC option, so that a mistyped option is
/// never taken for an equity.
constexpr std::size_t kMaxPart = 12;
constexpr std::size_t kMaxParts = 3;
/// Of an OCC symbol: YYMMDD, C or P, strike × 1000 in 8 digits.
constexpr std::size_t kOccTail = 15;
constexpr std::size_t kOccRoot = 6;

/// What may stand on either side of a currency pair. Sorted.
constexpr std::array<std::string_view, 62> kCurrencies = {
    "AAVE", "ADA",  "ALGO", "APE",  "ARB",   "ATOM", "AUD",   "AVAX", "BAT",  "BCH", "BNB",
    "BONK", "BTC",  "CAD",  "CHF",  "CNY",   "CRV",  "DAI",   "DOGE", "DOT",  "ETC", "ETH",
    "EUR",  "FIL",  "GBP",  "GRT",  "HKD",   "HYPE", "INJ",   "JPY",  "KRW",  "LDO", "LINK",
    "LTC",  "MATIC", "MKR", "MXN",  "NEAR",  "NZD",  "PAXG",  "PEPE", "POL",  "RENDER", "SEK",
    "SGD",  "SHIB", "SKY",  "SOL",  "SUI",   "SUSHI", "TON",  "TRUMP", "TRX", "UNI", "USD",
    "USDC", "USDG", "USDT", "WIF",  "XLM",   "XRP",  "XTZ"};
static_assert(std::is_sorted(kCurrencies.begin(), kCurrencies.end()));

bool isCurrency(std::string_view text)
{
    return std::binary_search(kCurrencies.begin(), kCurrencies.end(), text);
}

bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

bool isPartCharacter(char c)
{
    return (c >= 'A' && c <= 'Z') || isDigit(c);
}

bool isSeparator(char c)
{
    return c == '.' || c == '-' || c == '/';
}

std::string_view trim(std::string_view text)
{
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
}

/// Is it YYMMDD + C|P + 8 digits, with a day that exists and a strike above nothing?
bool isOccTail(std::string_view tail)
{
    for (std::size_t i = 0; i < tail.size(); ++i)
        if (i == 6 ? tail[i] != 'C' && tail[i] != 'P' : !isDigit(tail[i])) return false;
    const auto two = [&](std::size_t at) {
        return static_cast<unsigned>((tail[at] - '0') * 10 + (tail[at + 1] - '0'));
    };
    const unsigned year = 2000 + two(0), month = two(2), day = two(4);
    if (tail.substr(7).find_first_not_of('0') == std::string_view::npos) return false;
    return month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
}

/// The option without its padding, or nothing. `text` is trimmed and upper case.
std::string withoutOccPadding(std::string_view text)
{
    if (text.size() <= kOccTail || !isOccTail(text.substr(text.size() - kOccTail))) return {};
    std::string_view root = text.substr(0, text.size() - kOccTail);
    if (root.size() > kOccRoot) return {};
    while (!root.empty() && root.back() == ' ') root.remove_suffix(1);
    if (root.empty() || !std::all_of(root.begin(), root.end(), isPartCharacter)) return {};
    return std::string(root).append(text.substr(text.size() - kOccTail));
}

bool isPartsAndSeparators(std::string_view text)
{
    std::size_t length = 0, parts = 1;
    for (const char c : text) {
        if (isSeparator(c)) {
            if (length == 0) return false;
            length = 0;
            ++parts;
        } else if (!isPartCharacter(c) || ++length > kMaxPart) {
            return false;
        }
    }
    return length > 0 && parts <= kMaxParts;
}

} // namespace

Result<Symbol> Symbol::parse(std::string_view text)
{
    const std::string_view trimmed = trim(text);
    const auto refuse = [&] {
        return fail(ErrorKind::Invalid, "symbol.syntax",
                    "expected a symbol like \"SPY\", \"BRK.B\", \"BTC/USD\" or "
                    "\"SPY240419C00500000\", was \"" +
                        std::string(trimmed.substr(0, 40)) + "\"",
                    "symbol");
    };
    if (trimmed.empty() || trimmed.size() > kMaxLength) return refuse();
    std::string upper(trimmed);
    for (char& c : upper)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');

    if (std::string option = withoutOccPadding(upper); !option.empty())
        return Symbol(std::move(option));
    if (!isPartsAndSeparators(upper)) return refuse();
    const auto dash = upper.find('-');
    if (dash != std::string::npos && isCurrency(std::string_view(upper).substr(0, dash)) &&
        isCurrency(std::string_view(upper).substr(dash + 1)))
        upper[dash] = '/';
    return Symbol(std::move(upper));
}

Symbol Symbol::of(std::string_view text)
{
    auto parsed = parse(text);
    QD_ASSERT(parsed.has_value());
    return *std::move(parsed);
}

std::string_view toString(AssetClass assetClass)
{
    switch (assetClass) {
    case AssetClass::Equity: return "equity";
    case AssetClass::Option: return "option";
    case AssetClass::Crypto: return "crypto";
    }
    return "equity";
}

Result<AssetClass> parseAssetClass(std::string_view text)
{
    for (const auto value : {AssetClass::Equity, AssetClass::Option, AssetClass::Crypto})
        if (text == toString(value)) return value;
    return fail(ErrorKind::Invalid, "instrument.unknown_asset_class",
                "expected equity, option or crypto, was \"" + std::string(text.substr(0, 40)) +
                    "\"",
                "assetClass");
}

AssetClass assetClassOf(const Symbol& symbol)
{
    const std::string_view text = symbol.text();
    if (text.find('/') != std::string_view::npos) return AssetClass::Crypto;
    if (text.size() > kOccTail && isOccTail(text.substr(text.size() - kOccTail)))
        return AssetClass::Option;
    return AssetClass::Equity;
}

Price tickFor(const Instrument& instrument, Price price)
{
    constexpr Price kOneDollar = Price::fromUnits(Decimal::kOne);
    constexpr Price kSubDollarTick = Price::fromUnits(Decimal::kOne / 10'000);
    if (instrument.assetClass == AssetClass::Equity && price.abs() < kOneDollar)
        return std::min(instrument.tick, kSubDollarTick);
    return instrument.tick;
}

} // namespace qd
