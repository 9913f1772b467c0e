#include "services/brokers/ibkr/market_texts.h"

#include "models/market/calendar.h"
#include "services/brokers/ibkr/order_json.h"

namespace qd::brokers::ibkr {

namespace {

constexpr std::int64_t kMarketMillisMax = 9'000'000'000'000;

tl::unexpected<Error> unreadable(std::string_view text, const char* field)
{
    return fail(ErrorKind::Invalid, "ibkr.schema",
                "expected a number, was \"" + std::string(text.substr(0, 40)) + "\"", field);
}

std::optional<Decimal> numberOf(std::string_view text)
{
    std::string digits(text);
    std::erase(digits, ',');
    const auto number = Decimal::parse(digits, Rounding::HalfEven);
    return number && !digits.empty() ? std::optional(*number) : std::nullopt;
}

/// Fields are texts; a number is taken too.
std::string textOf(const json::Value& value)
{
    return std::string(value.isString() ? value.stringOr({}) : value.numberText());
}

} // namespace

FeedClass readAvailability(std::string_view text)
{
    if (text.starts_with('R')) return FeedClass::RealTime;
    return text.starts_with('Z') || text.starts_with('Y') ? FeedClass::Frozen : FeedClass::Delayed;
}

Result<PriceText> readPriceText(std::string_view text)
{
    PriceText read;
    std::string_view rest = text;
    if (rest.starts_with('C') || rest.starts_with('H')) {
        read.prefix = rest.front();
        rest.remove_prefix(1);
    }
    const auto number = numberOf(rest);
    if (!number || Price(*number) > kPriceMax || Price(*number) < -kPriceMax)
        return unreadable(text, "price");
    read.price = Price(*number);
    return read;
}

Result<Quantity> readSizeText(std::string_view text)
{
    std::string_view rest = text;
    std::int64_t factor = 1;
    if (rest.ends_with('K')) factor = 1'000;
    if (rest.ends_with('M')) factor = 1'000'000;
    if (factor > 1) rest.remove_suffix(1);
    const auto number = numberOf(rest);
    const auto size =
        number ? number->checkedMultiply(Decimal::fromInt(factor), Rounding::HalfEven) : std::nullopt;
    if (!size || size->isNegative() || Quantity(*size) > kQuantityMax) return unreadable(text, "size");
    return Quantity(*size);
}

/// IBKR shows the sizes of US stocks divided by a hundred.
Result<bool> MarketLine::readSize(const json::Value& value, Quantity& target) const
{
    if (value.isAbsent()) return false;
    const auto shown = readSizeText(textOf(value));
    if (!shown) return tl::unexpected(shown.error());
    const bool isStock = assetClassOf(m_symbol) == AssetClass::Equity;
    const auto size =
        shown->value().checkedMultiply(Decimal::fromInt(isStock ? 100 : 1), Rounding::HalfEven);
    if (!size) return unreadable(textOf(value), "size");
    target = Quantity(*size);
    return true;
}

Result<bool> MarketLine::readQuote(const json::Value& message)
{
    bool changed = false;
    for (const auto& [field, target] : {std::pair{"84", &m_quote.bid}, std::pair{"86", &m_quote.ask}}) {
        if (message[field].isAbsent()) continue;
        const std::string text = textOf(message[field]);
        const auto price = text.empty() ? Result<PriceText>(PriceText()) : readPriceText(text);
        if (!price) return tl::unexpected(price.error());
        *target = price->price; // an empty text: that side has gone
        changed = true;
    }
    for (const auto& [field, target] :
         {std::pair{"88", &m_quote.bidSize}, std::pair{"85", &m_quote.askSize}}) {
        const auto read = readSize(message[field], *target);
        if (!read) return read;
        changed = changed || *read;
    }
    return changed;
}

/// A subscription that is renewed tells everything again: only what differs is news.
Result<bool> MarketLine::readLast(const json::Value& message, std::optional<bool>& halted)
{
    const Trade before = m_trade;
    const bool stoodBefore = m_hasTrade;
    const auto sized = readSize(message["7059"], m_trade.size);
    if (!sized) return sized;
    if (!message["31"].isAbsent()) {
        const auto last = readPriceText(textOf(message["31"]));
        if (!last) return tl::unexpected(last.error());
        halted = last->prefix == 'H';
        m_trade.price = last->price;
        if (last->prefix == 'C') return false; // of an earlier day
        m_hasTrade = true;
    }
    return stoodBefore && (m_trade.price != before.price || m_trade.size != before.size);
}

Result<std::vector<MarketEvent>> MarketLine::read(const json::Value& message, Timestamp receiveTime)
{
    const auto millis = message["_updated"].integerOr(0);
    const bool saysWhen = millis > 0 && millis < kMarketMillisMax;
    const Timestamp at = saysWhen ? Timestamp::fromMillis(millis) : receiveTime;
    const FeedClass before = m_class;
    if (const auto kind = message["6509"].stringOr({}); !kind.empty()) m_class = readAvailability(kind);
    std::vector<MarketEvent> events;
    const auto quoted = readQuote(message);
    if (!quoted) return tl::unexpected(quoted.error());
    m_quote.symbol = m_trade.symbol = m_symbol;
    if (*quoted || (m_hasQuote && m_class != before)) {
        m_hasQuote = true;
        m_quote.eventTime = at;
        m_quote.receiveTime = receiveTime;
        events.emplace_back(m_quote);
    }
    std::optional<bool> halted;
    const auto traded = readLast(message, halted);
    if (!traded) return tl::unexpected(traded.error());
    m_trade.eventTime = at;
    m_trade.receiveTime = receiveTime;
    if (*traded && m_trade.size.isPositive()) events.emplace_back(m_trade);
    if (halted && *halted != m_isHalted) {
        m_isHalted = *halted;
        events.emplace_back(MarketStatus{m_symbol, m_isHalted, m_isHalted ? "halted" : "", at});
    }
    return events;
}

void readDays(const json::Value& message, Timestamp now, bool utcDays, MarketSnapshot& snapshot)
{
    const Date today = utcDays ? utcDate(now) : toNewYork(now).date;
    const auto startOf = [utcDays](const Date& date) {
        return utcDays ? utcMidnight(date) : fromNewYork(date, Duration::zero());
    };
    const auto priceOf = [&message](const char* field) {
        const auto text = readPriceText(textOf(message[field]));
        return text && text->price.isPositive() ? std::optional(text->price) : std::nullopt;
    };
    if (const auto before = priceOf("7741"))
        snapshot.previousDay =
            Bar{startOf(addDays(today, -1)), *before, *before, *before, *before, {}, 0};
    const auto open = priceOf("7295"), high = priceOf("70"), low = priceOf("71");
    if (!open || !high || !low || !snapshot.trade) return;
    const auto volume = readSizeText(textOf(message["7762"]));
    snapshot.day = Bar{startOf(today), *open, *high, *low, snapshot.trade->price,
                       volume.value_or(Quantity()), 0};
}

Result<Bar> readBar(const json::Value& value)
{
    Bar bar;
    const auto millis = value["t"].integerOr(0);
    if (millis <= 0 || millis >= kMarketMillisMax)
        return fail(ErrorKind::Invalid, "ibkr.schema", "expected milliseconds", "t");
    bar.start = Timestamp::fromMillis(millis);
    const std::pair<const char*, Price*> prices[] = {
        {"o", &bar.open}, {"h", &bar.high}, {"l", &bar.low}, {"c", &bar.close}};
    for (const auto& [key, target] : prices) {
        const auto price = readNumber(value[key], key);
        if (!price) return tl::unexpected(price.error());
        if (Price(*price).abs() > kPriceMax) return unreadable(value[key].dump(), key);
        *target = Price(*price);
    }
    const auto volume = readNumber(value["v"], "v");
    if (!volume) return tl::unexpected(volume.error());
    bar.volume = Quantity(*volume);
    return bar;
}

} // namespace qd::brokers::ibkr
