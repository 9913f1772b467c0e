#pragma once

#include <string>

#include "models/base/decimal.h"
#include "models/base/ids.h"
#include "models/base/timestamp.h"

namespace qd {

/// A tradable symbol in this system's spelling: upper case, "SPY", "BRK.B", "TSLA.WS", "0700.HK",
/// "BTC/USD", OCC options "SPY   240419C00500000" without spaces: "SPY240419C00500000".
/// Adapters translate to and from a venue's own spelling.
class Symbol {
public:
    static constexpr std::size_t kMaxLength = 32;

    Symbol() = default;
    /// Trims, upper-cases, and reads "BTC-USD" as "BTC/USD" when both halves are currencies.
    /// Fails with: Invalid "symbol.syntax" (field "symbol").
    static Result<Symbol> parse(std::string_view text);
    /// A literal in code and tests; stops the program if it does not parse.
    static Symbol of(std::string_view text);

    const std::string& text() const { return m_text; }
    bool empty() const { return m_text.empty(); }
    friend auto operator<=>(const Symbol&, const Symbol&) = default;
    friend bool operator==(const Symbol&, const Symbol&) = default;

private:
    explicit Symbol(std::string text) : m_text(std::move(text)) {}
    std::string m_text;
};

enum class AssetClass { Equity, Option, Crypto };
/// "equity", "option", "crypto".
std::string_view toString(AssetClass assetClass);
/// Fails with: Invalid "instrument.unknown_asset_class" (field "assetClass").
Result<AssetClass> parseAssetClass(std::string_view text);
/// What the spelling says: an OCC option, a currency pair, or else an equity.
AssetClass assetClassOf(const Symbol& symbol);

/// What a venue says of one symbol. Immutable; refreshed whole.
struct Instrument {
    Symbol symbol;
    std::string name;       ///< "SPDR S&P 500 ETF Trust"; plain text from outside
    std::string exchange;   ///< listing venue: "ARCA", "NASDAQ", "CRYPTO"
    AssetClass assetClass = AssetClass::Equity;
    bool tradable = true;
    bool fractionable = false;
    bool shortable = false;
    bool marginable = false;
    Quantity minQuantity = Quantity::fromUnits(Decimal::kOne);
    Quantity lotSize = Quantity::fromUnits(Decimal::kOne); ///< quantities are multiples of it
    /// Smallest price step. Equities: 0.01 from $1, 0.0001 below (Rule 612); see `tickFor`.
    Price tick = Price::fromUnits(1'000'000);

    friend bool operator==(const Instrument&, const Instrument&) = default;
};

/// The price step that applies at `price`.
Price tickFor(const Instrument& instrument, Price price);

} // namespace qd

template <>
struct std::hash<qd::Symbol> {
    std::size_t operator()(const qd::Symbol& symbol) const noexcept
    {
        return std::hash<std::string>{}(symbol.text());
    }
};
