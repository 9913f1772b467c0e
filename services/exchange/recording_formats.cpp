// The single formats of recordings: Lean's CSV, LOBSTER, and CSV with a header.

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "services/exchange/csv_lines.h"
#include "services/exchange/recording.h"
#include "services/exchange/text.h"

namespace qd::exchange {

namespace {

constexpr std::array<std::string_view, 9> kNotSymbols{
    "minute", "trade", "quote", "tick", "daily", "lobster", "day", "min", "week"};

/// "btcusd" is a currency pair: crypto recordings name it without the slash.
std::string withSlash(std::string text)
{
    static constexpr std::array<std::string_view, 8> kCoins{"btc", "eth", "ltc", "sol",
                                                            "doge", "xrp", "bch", "ada"};
    for (const auto coin : kCoins) {
        if (text.size() == coin.size() + 3 && text.starts_with(coin)
            && (text.ends_with("usd") || text.ends_with("eur")))
            text.insert(coin.size(), "/");
    }
    return text;
}

/// The first word of the file's name that is not a date or a kind: "20131007_spy_minute_trade.csv".
Result<Symbol> symbolFor(std::string_view name, const RecordingHints& hints)
{
    if (hints.symbol)
        return *hints.symbol;
    const auto slash = name.rfind('/');
    std::string_view rest = slash == std::string_view::npos ? name : name.substr(slash + 1);
    rest = rest.substr(0, rest.find('.'));
    while (!rest.empty()) {
        const auto cut = std::min(rest.find_first_of("_- "), rest.size());
        const auto word = lower(rest.substr(0, cut));
        rest.remove_prefix(std::min(cut + 1, rest.size()));
        const bool digit = !word.empty() && std::isdigit(static_cast<unsigned char>(word[0])) != 0;
        if (word.empty() || digit
            || std::find(kNotSymbols.begin(), kNotSymbols.end(), word) != kNotSymbols.end())
            continue;
        return Symbol::parse(word == "btc" && rest.starts_with("perp") ? "BTC/USD"
                                                                       : withSlash(word));
    }
    return Symbol::parse("REC"); // "2006-day-001.txt" names nothing
}

/// Midnight that a file's offsets count from.
Result<Timestamp> midnightFor(std::string_view name, const RecordingHints& hints, bool newYork)
{
    const auto date = hints.date ? hints.date : dateInName(name);
    if (!date)
        return fail(ErrorKind::Invalid, "recording.no_date",
                    fmt::format("{}: times count from midnight, but the name has no date", name));
    return newYork ? Result<Timestamp>(fromNewYork(*date, Duration::zero()))
                   : Timestamp::parse(toString(*date) + "T00:00:00Z");
}

/// Lean scales equity prices by 10,000; crypto prices stand as they are.
struct LeanReader {
    CsvLines& lines;
    bool scaled;

    Result<Price> price(std::size_t index, std::string_view what) const
    {
        if (lines.field(index).empty())
            return Price(); // that side of a quote was empty
        const auto value = lines.decimal(index, what);
        if (!value)
            return tl::unexpected(value.error());
        if (value->isNegative())
            return tl::unexpected(lines.error(fmt::format("{} >= 0", what), lines.field(index)));
        return Price::fromUnits(scaled ? value->units() / 10'000 : value->units());
    }
    Result<Quantity> quantity(std::size_t index, std::string_view what) const
    {
        if (lines.field(index).empty())
            return Quantity();
        const auto value = lines.decimal(index, what);
        if (!value)
            return tl::unexpected(value.error());
        if (value->isNegative())
            return tl::unexpected(lines.error(fmt::format("{} >= 0", what), lines.field(index)));
        return Quantity(*value);
    }
    /// Open, high, low, close from `index` on.
    Result<std::array<Price, 4>> ohlc(std::size_t index, std::string_view what) const
    {
        std::array<Price, 4> prices;
        for (std::size_t i = 0; i < 4; ++i) {
            const auto value = price(index + i, what);
            if (!value)
                return tl::unexpected(value.error());
            prices[i] = *value;
        }
        if (prices[1] < prices[2] || prices[1] < std::max(prices[0], prices[3])
            || prices[2] > std::min(prices[0], prices[3]))
            return tl::unexpected(lines.error("high >= open, close >= low",
                                              fmt::format("{}/{}", prices[1].toString(),
                                                          prices[2].toString())));
        return prices;
    }
};

Result<void> readLeanTrade(const LeanReader& reader, Timestamp midnight, Recording& recording)
{
    const auto& lines = reader.lines;
    const auto millis = lines.integer(0, "milliseconds since midnight");
    const auto price = reader.price(1, "price");
    const auto size = reader.quantity(2, "size");
    if (!millis)
        return tl::unexpected(millis.error());
    if (*millis < 0 || *millis > 86'400'000)
        return tl::unexpected(lines.error("milliseconds since midnight", lines.field(0)));
    if (!price)
        return tl::unexpected(price.error());
    if (!size)
        return tl::unexpected(size.error());
    if (!price->isPositive())
        return tl::unexpected(lines.error("price > 0", lines.field(1)));
    RecordedTrade trade;
    trade.time = midnight + std::chrono::milliseconds(*millis);
    trade.price = *price;
    trade.size = *size;
    trade.venue = lines.field(3).empty() ? ' ' : lines.field(3).front();
    trade.suspicious = lines.field(5) == "1";
    recording.trades.push_back(trade);
    return {};
}

Result<void> readLeanBar(const LeanReader& reader, Timestamp start, Recording& recording)
{
    const auto prices = reader.ohlc(1, "price");
    if (!prices)
        return tl::unexpected(prices.error());
    if (recording.kind == Recording::Kind::Bars) {
        const auto volume = reader.quantity(5, "volume");
        if (!volume)
            return tl::unexpected(volume.error());
        Bar bar;
        bar.start = start;
        bar.open = (*prices)[0];
        bar.high = (*prices)[1];
        bar.low = (*prices)[2];
        bar.close = (*prices)[3];
        bar.volume = *volume;
        recording.bars.push_back(bar);
        return {};
    }
    const auto asks = reader.ohlc(6, "ask price");
    const auto bidSize = reader.quantity(5, "bid size");
    const auto askSize = reader.quantity(10, "ask size");
    if (!asks)
        return tl::unexpected(asks.error());
    if (!bidSize)
        return tl::unexpected(bidSize.error());
    if (!askSize)
        return tl::unexpected(askSize.error());
    recording.quoteBars.push_back({start, (*prices)[0], (*prices)[1], (*prices)[2], (*prices)[3],
                                   *bidSize, (*asks)[0], (*asks)[1], (*asks)[2], (*asks)[3],
                                   *askSize});
    return {};
}

/// What the columns of a CSV with a header are.
struct Columns {
    int date = -1, time = -1, open = -1, high = -1, low = -1, close = -1, volume = -1;
    bool complete() const
    {
        return (date >= 0 || time >= 0) && open >= 0 && high >= 0 && low >= 0 && close >= 0;
    }
};

Columns readHeader(const CsvLines& lines)
{
    Columns columns;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto word = lower(lines.field(i));
        const auto index = static_cast<int>(i);
        if (word == "date" || word == "timestamp" || word == "datetime" || word == "t")
            columns.date = index;
        else if (word == "time" || word == "open_time")
            columns.time = index;
        else if (word == "open" || word == "o")
            columns.open = index;
        else if (word == "high" || word == "h")
            columns.high = index;
        else if (word == "low" || word == "l")
            columns.low = index;
        else if (word == "close" || word == "c" || (word == "last" && columns.close < 0))
            columns.close = index;
        else if (word == "volume" || word == "vol" || word == "v")
            columns.volume = index;
    }
    return columns;
}

char separatorOf(std::string_view text)
{
    const auto line = text.substr(0, text.find('\n'));
    char best = ',';
    for (const char candidate : {';', '\t', '|'}) {
        if (std::count(line.begin(), line.end(), candidate)
            > std::count(line.begin(), line.end(), best))
            best = candidate;
    }
    return best;
}

std::string timeText(const CsvLines& lines, const Columns& columns)
{
    if (columns.date < 0)
        return std::string(lines.field(static_cast<std::size_t>(columns.time)));
    std::string text(lines.field(static_cast<std::size_t>(columns.date)));
    if (columns.time >= 0)
        text += " " + std::string(lines.field(static_cast<std::size_t>(columns.time)));
    return text;
}

Result<Bar> readBar(const CsvLines& lines, const Columns& columns, bool newYork)
{
    const auto time = parseRecordedTime(timeText(lines, columns), newYork);
    if (!time)
        return tl::unexpected(lines.error("a date or time", timeText(lines, columns)));
    Price prices[4];
    const std::pair<int, const char*> wanted[] = {{columns.open, "open"}, {columns.high, "high"},
                                                  {columns.low, "low"}, {columns.close, "close"}};
    for (std::size_t i = 0; i < 4; ++i) {
        const auto value = lines.decimal(static_cast<std::size_t>(wanted[i].first), wanted[i].second);
        if (!value)
            return tl::unexpected(value.error());
        if (!value->isPositive())
            return tl::unexpected(lines.error(fmt::format("{} > 0", wanted[i].second),
                                              value->toString()));
        prices[i] = Price(*value);
    }
    if (prices[1] < std::max(prices[0], prices[3]) || prices[2] > std::min(prices[0], prices[3]))
        return tl::unexpected(lines.error(
            "high >= open, close >= low",
            fmt::format("high {} low {}", prices[1].toString(), prices[2].toString())));
    Bar bar;
    bar.start = *time;
    bar.open = prices[0];
    bar.high = prices[1];
    bar.low = prices[2];
    bar.close = prices[3];
    if (columns.volume >= 0) {
        const auto volume = lines.decimal(static_cast<std::size_t>(columns.volume), "volume");
        if (!volume)
            return tl::unexpected(volume.error());
        if (volume->isNegative())
            return tl::unexpected(lines.error("volume >= 0", volume->toString()));
        bar.volume = Quantity(*volume);
    }
    return bar;
}

/// The most frequent distance between bars; a day when there is only one.
Duration usualDistance(const std::vector<Bar>& bars)
{
    std::vector<Duration> distances;
    for (std::size_t i = 1; i < bars.size() && i < 500; ++i)
        distances.push_back(bars[i].start - bars[i - 1].start);
    if (distances.empty())
        return std::chrono::hours(24);
    const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
    std::nth_element(distances.begin(), middle, distances.end());
    return std::max<Duration>(*middle, std::chrono::seconds(1));
}

} // namespace

Result<Recording> parseLeanCsv(std::string_view name, std::string_view text,
                               const RecordingHints& hints)
{
    const auto symbol = symbolFor(name, hints);
    if (!symbol)
        return tl::unexpected(symbol.error());
    Recording recording;
    recording.source = name;
    recording.instrument = recordedInstrument(*symbol);
    const bool equity = recording.instrument.assetClass != AssetClass::Crypto;
    CsvLines lines(name, text);
    const LeanReader reader{lines, equity};
    const auto kindName = lower(name);
    std::optional<Timestamp> midnight;
    bool first = true;
    while (lines.next()) {
        const bool daily = lines.field(0).size() == 14;
        if (first) {
            first = false;
            recording.kind = lines.size() == 11              ? Recording::Kind::QuoteBars
                             : contains(kindName, "tick") ? Recording::Kind::Trades
                                                          : Recording::Kind::Bars;
            if (daily)
                recording.barLength = std::chrono::hours(24);
        }
        const std::size_t wanted = recording.kind == Recording::Kind::QuoteBars ? 11 : 6;
        if (lines.size() != wanted)
            return tl::unexpected(lines.error(fmt::format("{} fields", wanted),
                                              fmt::format("{} fields", lines.size())));
        if (!daily && !midnight) {
            const auto day = midnightFor(name, hints, equity);
            if (!day)
                return tl::unexpected(day.error());
            midnight = *day;
        }
        Result<void> read;
        if (recording.kind == Recording::Kind::Trades) {
            read = readLeanTrade(reader, *midnight, recording);
        } else if (daily) {
            const auto start = parseRecordedTime(lines.field(0), equity);
            if (!start)
                return tl::unexpected(lines.error("yyyymmdd hh:mm", lines.field(0)));
            read = readLeanBar(reader, *start, recording);
        } else {
            const auto millis = lines.integer(0, "milliseconds since midnight");
            if (!millis)
                return tl::unexpected(millis.error());
            if (*millis < 0 || *millis >= 86'400'000)
                return tl::unexpected(lines.error("milliseconds since midnight", lines.field(0)));
            read = readLeanBar(reader, *midnight + std::chrono::milliseconds(*millis), recording);
        }
        if (!read)
            return tl::unexpected(read.error());
    }
    if (lines.failed())
        return tl::unexpected(lines.error("a line of at most 4096 bytes", "a longer one"));
    return recording;
}

Result<Recording> parseLobster(std::string_view name, std::string_view text,
                               const RecordingHints& hints)
{
    const auto symbol = symbolFor(name, hints);
    const auto midnight = midnightFor(name, hints, /*newYork=*/true);
    if (!symbol)
        return tl::unexpected(symbol.error());
    if (!midnight)
        return tl::unexpected(midnight.error());
    Recording recording;
    recording.kind = Recording::Kind::BookMessages;
    recording.source = name;
    recording.instrument = recordedInstrument(*symbol);
    CsvLines lines(name, text);
    while (lines.next()) {
        const auto time = Decimal::parse(lines.field(0), Rounding::Down); // nine decimals: cut the last
        const auto kind = lines.integer(1, "message type");
        const auto order = lines.integer(2, "order id");
        const auto size = lines.integer(3, "size");
        const auto price = lines.integer(4, "price x 10000");
        const auto side = lines.integer(5, "direction");
        if (!time || time->isNegative() || *time > Decimal::fromInt(86'400))
            return tl::unexpected(lines.error("seconds since midnight", lines.field(0)));
        for (const auto* number : {&kind, &order, &size, &price, &side}) {
            if (!*number)
                return tl::unexpected(number->error());
        }
        if (*kind < 1 || *kind > 7)
            return tl::unexpected(lines.error("message type 1 to 7", lines.field(1)));
        constexpr std::int64_t kMaxPrice = 900'000'000'000'000; // ten-thousandths
        if (*size < 0 || *size > 1'000'000'000 || *price > kMaxPrice || *price < -1)
            return tl::unexpected(lines.error("a possible size and price", lines.field(4)));
        BookMessage message;
        message.time = *midnight + Duration(time->units() * 10);
        message.kind = static_cast<BookMessage::Kind>(*kind);
        message.orderId = *order;
        message.size = *size;
        message.price = Price::fromUnits(*price * 10'000);
        message.side = *side == 1 ? Side::Buy : Side::Sell;
        recording.messages.push_back(message);
    }
    return recording;
}

Result<Book> parseLobsterBook(std::string_view name, std::string_view text)
{
    CsvLines lines(name, text);
    Book book;
    if (!lines.next() || lines.size() % 4 != 0)
        return tl::unexpected(lines.error("rows of ask, size, bid, size", lines.field(0)));
    for (std::size_t i = 0; i + 3 < lines.size(); i += 4) {
        std::int64_t values[4];
        for (std::size_t j = 0; j < 4; ++j) {
            const auto value = lines.integer(i + j, "price or size");
            if (!value)
                return tl::unexpected(value.error());
            if (*value > 900'000'000'000'000 || *value < -900'000'000'000'000)
                return tl::unexpected(lines.error("a possible price or size", lines.field(i + j)));
            values[j] = *value;
        }
        const auto level = [](std::int64_t price, std::int64_t size) {
            return BookLevel{Price::fromUnits(price * 10'000),
                             Quantity(Decimal::fromInt(std::min<std::int64_t>(size, 1'000'000'000))),
                             1};
        };
        if (values[1] > 0 && values[0] > 0)
            book.asks.push_back(level(values[0], values[1]));
        if (values[3] > 0 && values[2] > 0)
            book.bids.push_back(level(values[2], values[3]));
    }
    return book;
}

Result<Recording> parseOhlcvCsv(std::string_view name, std::string_view text,
                                const RecordingHints& hints)
{
    CsvLines lines(name, text, separatorOf(text));
    if (!lines.next())
        return fail(ErrorKind::Invalid, "recording.unknown_kind",
                    fmt::format("{}: the file is empty", name));
    const auto columns = readHeader(lines);
    if (!columns.complete())
        return fail(ErrorKind::Invalid, "recording.unknown_kind",
                    fmt::format("{}:1: expected a header with date or time, open, high, low, close "
                                "(or a Lean or LOBSTER file), was '{}'",
                                name, text.substr(0, std::min<std::size_t>(text.find('\n'), 60))));
    const auto symbol = symbolFor(name, hints);
    if (!symbol)
        return tl::unexpected(symbol.error());
    Recording recording;
    recording.source = name;
    recording.instrument = recordedInstrument(*symbol);
    const bool newYork = recording.instrument.assetClass != AssetClass::Crypto;
    while (lines.next()) {
        auto bar = readBar(lines, columns, newYork);
        if (!bar)
            return tl::unexpected(bar.error());
        if (!recording.bars.empty() && bar->start < recording.bars.back().start)
            return tl::unexpected(lines.error("times that do not go back",
                                              timeText(lines, columns)));
        recording.bars.push_back(*bar);
    }
    if (lines.failed())
        return tl::unexpected(lines.error("a line of at most 4096 bytes", "a longer one"));
    recording.barLength = usualDistance(recording.bars);
    return recording;
}

} // namespace qd::exchange
