#include "services/sandbox/alpaca/bar_query.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "models/base/whole_number.h"
#include "models/market/bar_merge.h"
#include "services/sandbox/alpaca/text.h"

namespace qd::sandbox::alpaca {

namespace {

using std::chrono::hours;
using std::chrono::minutes;
constexpr Duration kDay = hours(24);
constexpr std::size_t kLimitMax = 10'000;
/// Windows of history looked through for one page before it is sent as it is.
constexpr int kWindowsMax = 4'000;

/// Days since 1970-01-01 of a civil date and back (proleptic Gregorian).
std::int64_t dayNumber(const Date& date)
{
    const auto text = Timestamp::parse(toString(date) + "T00:00:00Z");
    return text ? text->nanos() / kDay.count() : 0;
}

Date dateOf(std::int64_t day)
{
    const auto date = parseDate(Timestamp::fromNanos(day * kDay.count()).toString(0).substr(0, 10));
    return date.value_or(Date());
}

Timestamp midnight(const Date& date, Days days)
{
    return days == Days::Utc ? Timestamp::fromNanos(dayNumber(date) * kDay.count())
                             : fromNewYork(date, Duration::zero());
}

std::optional<Timestamp> instantOr(std::string_view text, Days days, Timestamp fallback)
{
    if (text.empty())
        return fallback;
    const auto date = parseDate(text);
    return date ? std::optional(midnight(*date, days)) : parseInstant(text);
}

BarInterval baseOf(const Timeframe& timeframe)
{
    const bool daily = timeframe.unit != Timeframe::Unit::Minute
        && timeframe.unit != Timeframe::Unit::Hour;
    return daily ? BarInterval::Day1 : BarInterval::Minute1;
}

/// Merge bars, oldest first, into those of a longer timeframe.
std::vector<Bar> merge(const std::vector<Bar>& bars, const Timeframe& timeframe, Days days)
{
    std::vector<Bar> merged;
    for (const Bar& bar : bars)
        appendOrExtend(merged, timeframe.floor(bar.start, days), bar);
    return merged;
}

} // namespace

std::optional<Timeframe> Timeframe::parse(std::string_view text)
{
    Timeframe timeframe;
    const auto parsed =
        std::from_chars(text.data(), text.data() + text.size(), timeframe.count);
    const std::string_view unit(parsed.ptr, static_cast<std::size_t>(text.data() + text.size()
                                                                     - parsed.ptr));
    int countMax = 0;
    if (unit == "Min" || unit == "T") {
        timeframe.unit = Unit::Minute;
        countMax = 59;
    } else if (unit == "Hour" || unit == "H") {
        timeframe.unit = Unit::Hour;
        countMax = 23;
    } else if (unit == "Day" || unit == "D") {
        timeframe.unit = Unit::Day;
        countMax = 1;
    } else if (unit == "Week" || unit == "W") {
        timeframe.unit = Unit::Week;
        countMax = 1;
    } else if (unit == "Month" || unit == "M") {
        timeframe.unit = Unit::Month;
        countMax = 12;
    }
    if (parsed.ec != std::errc() || timeframe.count < 1 || timeframe.count > countMax
        || (timeframe.unit == Unit::Month && 12 % timeframe.count != 0))
        return std::nullopt;
    return timeframe;
}

std::string Timeframe::toString() const
{
    static constexpr std::string_view kUnits[] = {"Min", "Hour", "Day", "Week", "Month"};
    return fmt::format("{}{}", count, kUnits[static_cast<std::size_t>(unit)]);
}

Duration Timeframe::lengthMax() const
{
    switch (unit) {
    case Unit::Minute: return minutes(count);
    case Unit::Hour: return hours(count);
    case Unit::Day: return kDay;
    case Unit::Week: return 7 * kDay;
    case Unit::Month: return 31 * count * kDay;
    }
    return kDay;
}

Days daysOf(const exchange::Exchange& exchange, AssetClass assetClass)
{
    return assetClass == AssetClass::Crypto
            || exchange.sessionMode() == exchange::SessionMode::AlwaysOpen
        ? Days::Utc
        : Days::NewYork;
}

Timestamp Timeframe::floor(Timestamp time, Days days) const
{
    if (unit == Unit::Minute || unit == Unit::Hour) {
        const std::int64_t length = lengthMax().count();
        return Timestamp::fromNanos(time.nanos() / length * length);
    }
    const std::int64_t utcDay = time.nanos() / kDay.count();
    std::int64_t day = days == Days::Utc ? utcDay : dayNumber(toNewYork(time).date);
    if (unit == Unit::Week)
        day -= (day + 3) % 7; // 1970-01-01 was a Thursday; weeks begin on Monday
    Date date = dateOf(day);
    if (unit == Unit::Month) {
        date.day = 1;
        date.month = (date.month - 1) / count * count + 1;
    }
    return midnight(date, days);
}

ApiResult<HistoryQuery> readHistoryQuery(const ApiRequest& request,
                                         const exchange::Exchange& exchange,
                                         const std::vector<std::string>& symbols)
{
    const auto bad = [](std::string message) {
        return tl::unexpected(ApiError{400, 40010000, std::move(message), {}});
    };
    HistoryQuery query;
    std::vector<std::pair<std::string, exchange::InstrumentIndex>> found;
    for (const std::string& symbol : symbols)
        if (const auto index = findInstrument(exchange, symbol))
            found.emplace_back(exchange.instruments()[*index].symbol.text(), *index);
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    for (const auto& [symbol, index] : found)
        query.instruments.push_back(index);

    const Timestamp now = exchange.clock().now;
    const bool crypto = !query.instruments.empty()
        && exchange.instruments()[query.instruments.front()].assetClass == AssetClass::Crypto;
    const Days days = daysOf(exchange, crypto ? AssetClass::Crypto : AssetClass::Equity);
    const Timestamp today = Timeframe{Timeframe::Unit::Day, 1}.floor(now, days);
    const auto start = instantOr(request.query("start"), days, today);
    const auto end = instantOr(request.query("end"), days, now);
    if (!start || !end)
        return bad(fmt::format("invalid {}: {}", start ? "end" : "start",
                               request.query(start ? "end" : "start")));
    if (*end < *start)
        return bad("end should not be before start");
    query.start = *start;
    query.end = *end;
    const std::string_view sort = request.query("sort");
    if (!sort.empty() && sort != "asc" && sort != "desc")
        return bad(fmt::format("invalid sort: {}", sort));
    query.newestFirst = sort == "desc";
    if (const auto limit = request.query("limit"); !limit.empty()) {
        query.limit = wholeNumber<std::size_t>(limit).value_or(0);
        if (query.limit == 0 || query.limit > kLimitMax)
            return bad(fmt::format("invalid limit: expected 1 to {}", kLimitMax));
    }
    query.pageToken = std::string(request.query("page_token"));
    if (!query.pageToken.empty() && !decodePlace(query.pageToken))
        return bad("invalid page_token");
    return query;
}

std::string encodePlace(const PagePlace& place)
{
    return toBase64(fmt::format("{}|{}", place.symbol, place.time.toString(9)));
}

std::optional<PagePlace> decodePlace(std::string_view token)
{
    const auto text = fromBase64(token);
    const auto bar = text ? text->find('|') : std::string::npos;
    if (bar == std::string::npos)
        return std::nullopt;
    const auto time = Timestamp::parse(text->substr(bar + 1));
    return time ? std::optional(PagePlace{text->substr(0, bar), *time}) : std::nullopt;
}

std::vector<Bar> barsOf(const exchange::Exchange& exchange, exchange::InstrumentIndex instrument,
                        const Timeframe& timeframe, Timestamp from, Timestamp to,
                        std::size_t limit, bool newestFirst)
{
    const Days days = daysOf(exchange, exchange.instruments()[instrument].assetClass);
    const Duration length = timeframe.lengthMax();
    const auto barsPerWindow =
        static_cast<std::int64_t>(std::clamp<std::size_t>(limit, 200, 2'000));
    const Duration window = length * barsPerWindow;
    const Timestamp low = timeframe.floor(from, days);
    const Timestamp end = to + Duration(1); // `to` itself is included
    std::vector<Bar> found;
    Timestamp edge = newestFirst ? end : low;
    for (int i = 0; i < kWindowsMax && found.size() < limit; ++i) {
        // Windows are cut where bars begin, so that none is merged from half of its parts.
        const Timestamp begin =
            newestFirst ? std::max(low, timeframe.floor(edge - window, days)) : edge;
        const Timestamp stop = newestFirst
            ? edge
            : std::min(end, timeframe.floor(edge + window + length, days));
        if (begin >= stop)
            break;
        const BarInterval base = baseOf(timeframe);
        const auto raw =
            exchange.bars(instrument, base, begin, stop,
                          static_cast<std::size_t>((stop - begin) / lengthOf(base)) + 2);
        auto bars = merge(raw, timeframe, days);
        std::erase_if(bars, [&](const Bar& bar) { return bar.start < from || bar.start > to; });
        if (newestFirst)
            std::reverse(bars.begin(), bars.end());
        found.insert(found.end(), bars.begin(), bars.end());
        edge = newestFirst ? begin : stop;
    }
    if (found.size() > limit)
        found.resize(limit);
    return found;
}

} // namespace qd::sandbox::alpaca
