#include "services/brokers/tradier/market_json.h"

#include <algorithm>

#include <fmt/format.h>

#include "services/brokers/tradier/order_json.h"

namespace qd::brokers::tradier {

namespace {

constexpr std::int64_t kSharesALot = 100;
/// The year 2262: what lies beyond cannot be meant.
constexpr std::int64_t kMillisMax = 9'000'000'000'000;

tl::unexpected<Error> unreadableMarket(std::string detail, std::string field)
{
    return fail(ErrorKind::Invalid, "tradier.schema", std::move(detail), std::move(field));
}

Result<Timestamp> readMillis(const json::Value& value, const char* field)
{
    const auto millis = value.integer();
    if (!millis) return unreadableMarket(millis.error().detail, field);
    if (*millis <= 0 || *millis > kMillisMax) return unreadableMarket("expected milliseconds since 1970", field);
    return Timestamp::fromMillis(*millis);
}

Result<Price> readMarketPrice(const json::Value& value, const char* field)
{
    const auto price = value.price();
    if (!price) return unreadableMarket(price.error().detail, field);
    if (price->isNegative() || *price > kPriceMax) return unreadableMarket("expected a price", field);
    return *price;
}

Result<Quantity> readMarketSize(const json::Value& value, std::int64_t times, const char* field)
{
    const auto size = value.quantity();
    if (!size) return unreadableMarket(size.error().detail, field);
    if (size->isNegative() || *size > kQuantityMax) return unreadableMarket("expected a size", field);
    return Quantity::fromUnits(size->units() * times);
}

std::int64_t lotOf(const Symbol& symbol)
{
    return assetClassOf(symbol) == AssetClass::Option ? 1 : kSharesALot;
}

/// Both sides under the names that stream and list use: "bidsz" and "biddate", or "bidsize" and "bid_date".
struct BookNames {
    const char *bidSize, *askSize, *bidTime, *askTime;
};
constexpr BookNames kStreamNames{"bidsz", "asksz", "biddate", "askdate"};
constexpr BookNames kListNames{"bidsize", "asksize", "bid_date", "ask_date"};

Result<Quote> readBook(const Symbol& symbol, const json::Value& value, const BookNames& names,
                       Timestamp receiveTime)
{
    Quote quote;
    quote.symbol = symbol;
    quote.receiveTime = receiveTime;
    const auto bid = readMarketPrice(value["bid"], "bid"), ask = readMarketPrice(value["ask"], "ask");
    if (!bid || !ask) return tl::unexpected(!bid ? bid.error() : ask.error());
    const auto bidSize = readMarketSize(value[names.bidSize], lotOf(symbol), names.bidSize);
    const auto askSize = readMarketSize(value[names.askSize], lotOf(symbol), names.askSize);
    if (!bidSize || !askSize) return tl::unexpected(!bidSize ? bidSize.error() : askSize.error());
    const auto bidTime = readMillis(value[names.bidTime], names.bidTime);
    const auto askTime = readMillis(value[names.askTime], names.askTime);
    if (!bidTime || !askTime) return tl::unexpected(!bidTime ? bidTime.error() : askTime.error());
    quote.bid = *bid;
    quote.ask = *ask;
    quote.bidSize = *bidSize;
    quote.askSize = *askSize;
    quote.eventTime = std::max(*bidTime, *askTime);
    return quote;
}

Result<std::optional<MarketEvent>> readPrint(const Symbol& symbol, const json::Value& event,
                                             Timestamp receiveTime)
{
    if (event["cancel"].booleanOr(false) || event["correction"].booleanOr(false))
        return std::nullopt;
    Trade trade;
    trade.symbol = symbol;
    trade.receiveTime = receiveTime;
    const auto price = readMarketPrice(event["last"], "last");
    if (!price) return tl::unexpected(price.error());
    const auto size = readMarketSize(event["size"], 1, "size");
    if (!size) return tl::unexpected(size.error());
    const auto time = readMillis(event["date"], "date");
    if (!time) return tl::unexpected(time.error());
    trade.price = *price;
    trade.size = *size;
    trade.eventTime = *time;
    trade.id = event["seq"].integerOr(0);
    trade.condition = std::string(event["flag"].stringOr({}).substr(0, 8));
    trade.exchange = std::string(event["exch"].stringOr({}).substr(0, 8));
    return MarketEvent(std::move(trade));
}

Result<void> readPrices(const json::Value& value, Bar& bar)
{
    const std::pair<const char*, Price*> prices[] = {
        {"open", &bar.open}, {"high", &bar.high}, {"low", &bar.low}, {"close", &bar.close}};
    for (const auto& [field, target] : prices) {
        const auto price = readMarketPrice(value[field], field);
        if (!price) return tl::unexpected(price.error());
        *target = *price;
    }
    const auto volume = value["volume"].quantity();
    if (!volume || volume->isNegative()) return unreadableMarket("expected a volume", "volume");
    bar.volume = *volume;
    return {};
}

std::optional<Trade> readLastSale(const Symbol& symbol, const json::Value& row, Timestamp now)
{
    const auto price = readMarketPrice(row["last"], "last");
    const auto size = readMarketSize(row["last_volume"], 1, "last_volume");
    const auto time = readMillis(row["trade_date"], "trade_date");
    if (!price || !size || !time || !price->isPositive()) return std::nullopt;
    return Trade{symbol, *price, *size, 0, {}, {}, *time, now};
}

/// The session under way: its close is the last price until it has one.
std::optional<Bar> readSession(const json::Value& row, const Trade& last, DayZone zone)
{
    Bar bar;
    bar.start = startOfDay(dateOf(last.eventTime, zone), zone);
    const std::pair<const char*, Price*> prices[] = {
        {"open", &bar.open}, {"high", &bar.high}, {"low", &bar.low}};
    for (const auto& [field, target] : prices) {
        const auto price = readMarketPrice(row[field], field);
        if (!price || !price->isPositive()) return std::nullopt;
        *target = *price;
    }
    bar.close = readMarketPrice(row["close"], "close").value_or(last.price);
    bar.volume = row["volume"].quantity().value_or(Quantity());
    return bar;
}

} // namespace

Timestamp startOfDay(const Date& date, DayZone zone)
{
    return zone == DayZone::Utc ? utcMidnight(date) : fromNewYork(date, Duration::zero());
}

Date dateOf(Timestamp time, DayZone zone)
{
    return zone == DayZone::Utc ? utcDate(time) : toNewYork(time).date;
}

std::string wallClock(Timestamp time)
{
    const auto local = toNewYork(time);
    const auto minutes = local.sinceMidnight / std::chrono::minutes(1);
    return fmt::format("{} {:02}:{:02}", toString(local.date), minutes / 60, minutes % 60);
}

Result<std::optional<MarketEvent>> readMarketEvent(const json::Value& event, Timestamp receiveTime)
{
    const auto kind = event["type"].string();
    if (!kind) return unreadableMarket(kind.error().detail, "type");
    if (*kind != "quote" && *kind != "timesale") return std::nullopt;
    const auto symbol = readSymbol(event["symbol"]);
    if (!symbol) return tl::unexpected(symbol.error());
    if (*kind == "timesale") return readPrint(*symbol, event, receiveTime);
    auto quote = readBook(*symbol, event, kStreamNames, receiveTime);
    if (!quote) return tl::unexpected(quote.error());
    return MarketEvent(std::move(*quote));
}

std::optional<MarketSnapshot> readQuoteRow(const json::Value& row, Timestamp now, DayZone zone)
{
    const auto symbol = readSymbol(row["symbol"]);
    if (!symbol) return std::nullopt;
    MarketSnapshot snapshot;
    snapshot.symbol = *symbol;
    if (auto quote = readBook(*symbol, row, kListNames, now)) snapshot.quote = std::move(*quote);
    snapshot.trade = readLastSale(*symbol, row, now);
    if (!snapshot.trade) return snapshot;
    snapshot.day = readSession(row, *snapshot.trade, zone);
    const auto before = readMarketPrice(row["prevclose"], "prevclose");
    if (before && before->isPositive()) {
        const auto start = startOfDay(addDays(dateOf(snapshot.trade->eventTime, zone), -1), zone);
        snapshot.previousDay = Bar{start, *before, *before, *before, *before, {}, 0};
    }
    return snapshot;
}

Result<Bar> readDayBar(const json::Value& day, DayZone zone)
{
    Bar bar;
    const auto date = parseDate(day["date"].stringOr({}));
    if (!date) return unreadableMarket(date.error().detail, "date");
    bar.start = startOfDay(*date, zone);
    if (auto read = readPrices(day, bar); !read) return tl::unexpected(read.error());
    return bar;
}

Result<Bar> readSale(const json::Value& sale)
{
    Bar bar;
    const auto seconds = sale["timestamp"].integer();
    if (!seconds || *seconds <= 0 || *seconds > kMillisMax / 1000)
        return unreadableMarket("expected seconds since 1970", "timestamp");
    bar.start = Timestamp::fromSeconds(*seconds);
    if (auto read = readPrices(sale, bar); !read) return tl::unexpected(read.error());
    return bar;
}

} // namespace qd::brokers::tradier
