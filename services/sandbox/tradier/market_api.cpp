#include "services/sandbox/tradier/market_api.h"

#include <algorithm>

#include <fmt/format.h>

#include "models/base/whole_number.h"
#include "services/sandbox/alpaca/bar_query.h"
#include "services/sandbox/alpaca/text.h"

namespace qd::sandbox::tradier {

namespace {

using alpaca::Timeframe;

constexpr int kHistoryDays = 366, kTimesalesDays = 5;

Node securityDocument(const Instrument& instrument)
{
    Node out;
    out.add("symbol", Node::text(symbolText(instrument.symbol)));
    out.add("exchange", Node::text(instrument.exchange == "NYSE" ? "N" : "Q"));
    out.add("type", Node::text(instrument.assetClass == AssetClass::Option ? "option" : "stock"));
    out.add("description", Node::text(instrument.name));
    return out;
}

void addBar(Node& out, const Bar& bar)
{
    out.add("open", Node::price(bar.open));
    out.add("high", Node::price(bar.high));
    out.add("low", Node::price(bar.low));
    out.add("close", Node::price(bar.close));
    out.add("volume", Node::integer(bar.volume.units() / Decimal::kOne));
}

void addBook(Node& out, const exchange::MarketSnapshot& snapshot)
{
    const auto& quote = snapshot.quote;
    const auto lots = [](Quantity size) { return size.units() / Decimal::kOne / 100; };
    const auto time = Node::integer(quote ? quote->time.millis() : 0);
    out.add("bid", Node::price(quote ? quote->bid : Price()));
    out.add("bidsize", Node::integer(quote ? lots(quote->bidSize) : 0));
    out.add("bidexch", Node::text(std::string(1, quote ? quote->bidVenue : 'Q')));
    out.add("bid_date", time);
    out.add("ask", Node::price(quote ? quote->ask : Price()));
    out.add("asksize", Node::integer(quote ? lots(quote->askSize) : 0));
    out.add("askexch", Node::text(std::string(1, quote ? quote->askVenue : 'Q')));
    out.add("ask_date", time);
}

Node quoteDocument(const Instrument& instrument, const exchange::MarketSnapshot& snapshot)
{
    Node out = securityDocument(instrument);
    const auto priceOrNothing = [](const std::optional<Bar>& bar, Price Bar::*field) {
        return bar ? Node::price((*bar).*field) : Node::nothing();
    };
    out.add("last", snapshot.trade ? Node::price(snapshot.trade->price) : Node::nothing());
    out.add("last_volume",
            Node::integer(snapshot.trade ? snapshot.trade->size.units() / Decimal::kOne : 0));
    out.add("trade_date", Node::integer(snapshot.trade ? snapshot.trade->time.millis() : 0));
    out.add("volume",
            Node::integer(snapshot.dailyBar ? snapshot.dailyBar->volume.units() / Decimal::kOne : 0));
    out.add("open", priceOrNothing(snapshot.dailyBar, &Bar::open));
    out.add("high", priceOrNothing(snapshot.dailyBar, &Bar::high));
    out.add("low", priceOrNothing(snapshot.dailyBar, &Bar::low));
    out.add("close", Node::nothing());
    out.add("prevclose", priceOrNothing(snapshot.previousDailyBar, &Bar::close));
    addBook(out, snapshot);
    return out;
}

/// "2019-05-09 09:30" or a date, in New York's time.
std::optional<Timestamp> parseWallTime(std::string_view text)
{
    const auto date = parseDate(text.substr(0, 10));
    if (!date)
        return std::nullopt;
    int hour = 0, minute = 0;
    if (text.size() >= 16) {
        hour = wholeNumber<int>(text.substr(11, 2)).value_or(0);
        minute = wholeNumber<int>(text.substr(14, 2)).value_or(0);
    }
    return fromNewYork(*date, std::chrono::hours(hour) + std::chrono::minutes(minute));
}

std::string wallTime(Timestamp time)
{
    const auto local = toNewYork(time);
    const auto seconds = local.sinceMidnight / std::chrono::seconds(1);
    return fmt::format("{}T{:02}:{:02}:{:02}", toString(local.date), seconds / 3600, seconds / 60 % 60,
                       seconds % 60);
}

std::string clockText(Timestamp time)
{
    return wallTime(time).substr(11, 5);
}

void addHours(Node& out, const char* name, Timestamp from, Timestamp to)
{
    Node& hours = out.add(name, Node());
    hours.add("start", Node::text(clockText(from)));
    hours.add("end", Node::text(clockText(to)));
}

std::string_view stateWord(SessionPhase phase)
{
    switch (phase) {
    case SessionPhase::PreMarket: return "premarket";
    case SessionPhase::Regular: return "open";
    case SessionPhase::PostMarket: return "postmarket";
    case SessionPhase::Closed: break;
    }
    return "closed";
}

std::string lower(std::string_view text)
{
    std::string made(text);
    std::ranges::transform(made, made.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return made;
}

} // namespace

wire::HttpResponse MarketApi::answer(const ApiRequest& request)
{
    const std::string& subject = request.path[1];
    const bool isGet = request.method == "GET";
    if (subject == "quotes" && (isGet || request.method == "POST"))
        return quotes(request);
    if (!isGet)
        return textAnswer(405, "Method Not Allowed");
    if (subject == "history")
        return history(request);
    if (subject == "timesales")
        return timesales(request);
    if (subject == "search" || subject == "lookup")
        return securities(request, subject == "lookup");
    if (subject == "etb")
        return easyToBorrow(request);
    if (subject == "clock")
        return clock(request);
    if (subject == "calendar")
        return calendar(request);
    return notServed();
}

/// Coins are not traded at Tradier.
std::optional<exchange::InstrumentIndex> MarketApi::find(std::string_view symbol) const
{
    const auto parsed = parseSymbol(symbol);
    return parsed ? m_desk.exchange.find(*parsed) : std::nullopt;
}

Date MarketApi::dateOf(Timestamp time, AssetClass assetClass) const
{
    const bool utc = alpaca::daysOf(m_desk.exchange, assetClass) == alpaca::Days::Utc;
    return utc ? utcDate(time) : toNewYork(time).date;
}

Timestamp MarketApi::dayStart(const Date& date, AssetClass assetClass) const
{
    const bool utc = alpaca::daysOf(m_desk.exchange, assetClass) == alpaca::Days::Utc;
    return utc ? utcMidnight(date) : fromNewYork(date, Duration::zero());
}

wire::HttpResponse MarketApi::quotes(const ApiRequest& request) const
{
    Node out, unmatched;
    bool anyUnmatched = false;
    for (const std::string& name : alpaca::splitList(request.field("symbols"))) {
        if (const auto index = find(name)) {
            out.add("quote", quoteDocument(m_desk.exchange.instruments()[*index],
                                           m_desk.exchange.snapshot(*index)));
        } else {
            unmatched.add("symbol", Node::text(name));
            anyUnmatched = true;
        }
    }
    if (anyUnmatched)
        out.add("unmatched_symbols", std::move(unmatched));
    return documentAnswer(request, "quotes", out);
}

wire::HttpResponse MarketApi::history(const ApiRequest& request) const
{
    const auto index = find(request.field("symbol"));
    if (!index)
        return documentAnswer(request, "history", Node());
    const auto interval = request.field("interval");
    const auto timeframe = Timeframe::parse(interval.empty() || interval == "daily" ? "1Day"
                                            : interval == "weekly"                  ? "1Week"
                                            : interval == "monthly"                 ? "1Month"
                                                                                    : "");
    if (!timeframe)
        return textAnswer(400, "Invalid parameter, interval: must be 'daily', 'weekly' or 'monthly'.");
    const auto assetClass = m_desk.exchange.instruments()[*index].assetClass;
    const Timestamp now = m_desk.exchange.clock().now;
    const auto start = parseDate(request.field("start"));
    const auto end = parseDate(request.field("end"));
    const Timestamp from =
        start ? dayStart(*start, assetClass) : now - std::chrono::days(kHistoryDays);
    const Timestamp to = end ? dayStart(addDays(*end, 1), assetClass) - Duration(1) : now;
    Node out;
    for (const Bar& bar :
         alpaca::barsOf(m_desk.exchange, *index, *timeframe, from, to, kBarsMax, false)) {
        Node& day = out.add("day", Node());
        day.add("date", Node::text(toString(dateOf(bar.start, assetClass))));
        addBar(day, bar);
    }
    return documentAnswer(request, "history", out);
}

wire::HttpResponse MarketApi::timesales(const ApiRequest& request) const
{
    const auto index = find(request.field("symbol"));
    if (!index)
        return documentAnswer(request, "series", Node());
    const auto interval = request.field("interval");
    const auto timeframe = Timeframe::parse(interval == "1min"    ? "1Min"
                                            : interval == "5min"  ? "5Min"
                                            : interval == "15min" ? "15Min"
                                                                  : "");
    if (!timeframe)
        return textAnswer(400, "Invalid parameter, interval: must be '1min', '5min' or '15min'.");
    const Timestamp now = m_desk.exchange.clock().now;
    const Timestamp from = parseWallTime(request.field("start"))
                               .value_or(now - std::chrono::days(kTimesalesDays));
    const Timestamp to = parseWallTime(request.field("end")).value_or(now);
    Node out;
    for (const Bar& bar :
         alpaca::barsOf(m_desk.exchange, *index, *timeframe, from, to, kBarsMax, false)) {
        Node& data = out.add("data", Node());
        data.add("time", Node::text(wallTime(bar.start)));
        data.add("timestamp", Node::integer(bar.start.seconds()));
        data.add("price", Node::price(bar.close));
        addBar(data, bar);
        data.add("vwap", Node::price(bar.close));
    }
    return documentAnswer(request, "series", out);
}

/// By the beginning of the symbol (lookup), or by a word of the name (search).
wire::HttpResponse MarketApi::securities(const ApiRequest& request, bool bySymbol) const
{
    const std::string wanted = lower(request.field("q"));
    Node out;
    std::size_t found = 0;
    for (const Instrument& instrument : m_desk.exchange.instruments()) {
        if (instrument.assetClass != AssetClass::Equity || found >= kSecuritiesMax)
            continue;
        const std::string symbol = lower(symbolText(instrument.symbol));
        const bool fits = symbol.starts_with(wanted)
            || (!bySymbol && lower(instrument.name).find(wanted) != std::string::npos);
        if (!fits)
            continue;
        out.add("security", securityDocument(instrument));
        ++found;
    }
    return documentAnswer(request, "securities", out);
}

wire::HttpResponse MarketApi::easyToBorrow(const ApiRequest& request) const
{
    Node out;
    for (const Instrument& instrument : m_desk.exchange.instruments())
        if (instrument.assetClass == AssetClass::Equity && instrument.shortable)
            out.add("security", securityDocument(instrument));
    return documentAnswer(request, "securities", out);
}

wire::HttpResponse MarketApi::clock(const ApiRequest& request)
{
    const exchange::VenueClock clock = m_desk.exchange.clock();
    Duration skew{};
    if (const auto fault = m_desk.strike("clock_skew"))
        skew = std::chrono::milliseconds(fault->delayMs);
    const auto phase = m_desk.sessionShut ? SessionPhase::Closed : clock.phase;
    Node out;
    out.add("date", Node::text(toString(toNewYork(clock.now + skew).date)));
    out.add("description", Node::text(phase == SessionPhase::Regular ? "Market is open" : "Market is closed"));
    out.add("state", Node::text(std::string(stateWord(phase))));
    out.add("timestamp", Node::integer((clock.now + skew).seconds()));
    out.add("next_change", Node::text(clockText(clock.isOpen ? clock.nextClose : clock.nextOpen)));
    out.add("next_state", Node::text(clock.isOpen ? "closed" : "open"));
    return documentAnswer(request, "clock", out);
}

wire::HttpResponse MarketApi::calendar(const ApiRequest& request) const
{
    const Date today = toNewYork(m_desk.exchange.clock().now).date;
    const auto numberOr = [&](std::string_view name, int fallback) {
        return wholeNumber<int>(request.field(name)).value_or(fallback);
    };
    const int month = std::clamp(numberOr("month", today.month), 1, 12);
    const int year = std::clamp(numberOr("year", today.year), 1990, 2200);
    Node days;
    for (Date date{year, month, 1}; date.month == month; date = addDays(date, 1)) {
        Node& day = days.add("day", Node());
        day.add("date", Node::text(toString(date)));
        const auto trading = m_desk.exchange.calendar().tradingDay(date);
        day.add("status", Node::text(trading ? "open" : "closed"));
        day.add("description", Node::text(trading ? "Market is open" : "Market is closed"));
        if (!trading)
            continue;
        addHours(day, "premarket", trading->preOpen, trading->open);
        addHours(day, "open", trading->open, trading->close);
        addHours(day, "postmarket", trading->close, trading->postClose);
    }
    Node out;
    out.add("month", Node::integer(month));
    out.add("year", Node::integer(year));
    out.add("days", std::move(days));
    return documentAnswer(request, "calendar", out);
}

} // namespace qd::sandbox::tradier
