#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "services/brokers/broker.h"
#include "services/json/json.h"

/// IBKR's market data are texts made for people: "C189.60", "1,300", "1.2M". Here they become exact
/// numbers again. One thread.
namespace qd::brokers::ibkr {

/// The fields that a quote and a last print are made of.
inline constexpr const char* kMarketFields = R"(["31","84","85","86","88","7059","6509"])";

/// The first letter of field 6509: R real time, D delayed, Z frozen, Y frozen and delayed, N not subscribed.
FeedClass readAvailability(std::string_view text);

struct PriceText {
    Price price;
    char prefix = 0; ///< 'C': of an earlier day's close; 'H': trading is halted; 0: neither
};
/// Fails with Invalid "ibkr.schema".
Result<PriceText> readPriceText(std::string_view text);
/// "1,300" → 1300; "1.2M" → 1200000.
Result<Quantity> readSizeText(std::string_view text);

/// What is known of one contract: messages tell only what changed.
class MarketLine {
public:
    MarketLine() = default;
    explicit MarketLine(Symbol symbol) : m_symbol(std::move(symbol)) {}

    const Symbol& symbol() const { return m_symbol; }
    /// What a message (or a snapshot) of it tells: a quote when that changed, a print, a halt or its end.
    /// The first print told stood before and is no event. A quote of another class is told again. Fails with Invalid "ibkr.schema".
    Result<std::vector<MarketEvent>> read(const json::Value& message, Timestamp receiveTime);
    std::optional<Quote> quote() const { return m_hasQuote ? std::optional(m_quote) : std::nullopt; }
    std::optional<Trade> lastTrade() const { return m_hasTrade ? std::optional(m_trade) : std::nullopt; }
    /// As IBKR says of its values. Until it does, and where the user has not subscribed to them, nobody
    /// has promised that they are of this moment: delayed.
    FeedClass feedClass() const { return m_class; }

private:
    Result<bool> readQuote(const json::Value& message);
    Result<bool> readLast(const json::Value& message, std::optional<bool>& halted);
    Result<bool> readSize(const json::Value& value, Quantity& target) const;

    Symbol m_symbol;
    Quote m_quote;
    Trade m_trade;
    bool m_hasQuote = false, m_hasTrade = false, m_isHalted = false;
    FeedClass m_class = FeedClass::Delayed;
};

/// The fields of the session under way and of the close before it.
inline constexpr const char* kDayFields = "70,71,7295,7741,7762";
/// What a snapshot tells of them, for the session of `now`; what cannot be read is as if it were not
/// known. Days begin at midnight in New York, at the bundled venue (`utcDays`) at UTC's.
void readDays(const json::Value& message, Timestamp now, bool utcDays, MarketSnapshot& snapshot);

Result<Bar> readBar(const json::Value& bar);

} // namespace qd::brokers::ibkr
