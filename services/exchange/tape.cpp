#include "services/exchange/tape.h"

#include <algorithm>

#include "models/base/clamped.h"
#include "models/market/bar_merge.h"
#include "services/exchange/spans.h"

namespace qd::exchange {

namespace {

Timestamp minuteOf(Timestamp at)
{
    return Timestamp::fromNanos(at.nanos() - at.nanos() % kMinuteNanos);
}

/// A day's volume of a busy coin is more than a Quantity holds; it stays at the most there is.
void extend(Bar& bar, Price price, Quantity size)
{
    if (bar.tradeCount == 0 && bar.volume.isZero() && bar.open.isZero())
        bar.open = bar.high = bar.low = price;
    bar.high = std::max(bar.high, price);
    bar.low = std::min(bar.low, price);
    bar.close = price;
    bar.volume = clampedSum(bar.volume, size);
    ++bar.tradeCount;
}

template <typename Bars>
void keepNewest(Bars& bars, std::size_t limit)
{
    if (bars.size() > limit)
        bars.erase(bars.begin(), bars.end() - static_cast<std::ptrdiff_t>(limit));
}

} // namespace

Tape::Tape(const MarketSource& source, const SessionSchedule& sessions)
    : m_source(source), m_sessions(sessions), m_lines(source.instruments().size())
{
    const auto lines = std::max<std::size_t>(1, m_lines.size());
    m_minutesPerLine = std::clamp<std::size_t>(kMinutesKept / lines, 400, 100'000);
    m_quotesPerLine = std::clamp<std::size_t>(kQuotesKeptOfAll / lines, 16, kQuotesKept);
}

void Tape::seed(const MarketEvent& event)
{
    if (const auto* quote = std::get_if<QuoteTick>(&event)) {
        noteQuote(*quote);
    } else if (const auto* trade = std::get_if<TradeTick>(&event)) {
        Line& line = m_lines[trade->instrument];
        line.trade = *trade;
        line.trades.push_back(*trade);
    }
}

void Tape::note(const MarketEvent& event, MarketBatch& out)
{
    if (const auto* trade = std::get_if<TradeTick>(&event)) {
        noteTrade(*trade, out);
    } else if (const auto* quote = std::get_if<QuoteTick>(&event)) {
        noteQuote(*quote);
    } else if (const auto* status = std::get_if<StatusTick>(&event)) {
        setStatus(status->instrument, status->status, status->reason);
    }
}

void Tape::noteQuote(const QuoteTick& quote)
{
    Line& line = m_lines[quote.instrument];
    line.quote = quote;
    line.quotes.push_back(quote);
    if (line.quotes.size() > m_quotesPerLine)
        line.quotes.pop_front();
}

void Tape::noteTrade(const TradeTick& trade, MarketBatch& out)
{
    Line& line = m_lines[trade.instrument];
    const auto start = minuteOf(trade.time);
    if (line.minute && start < line.minute->start)
        return seed(trade); // late by minutes: its bar is told already
    if (line.minuteOpen && line.minute->start != start)
        finishMinute(trade.instrument, out);
    turnDay(trade.instrument, trade.time);
    if (!line.minuteOpen) {
        line.minute = Bar{.start = start, .open = {}, .high = {}, .low = {}, .close = {}, .volume = {}};
        line.minuteOpen = true;
    }
    extend(*line.minute, trade.price, trade.size);
    extend(*line.day, trade.price, trade.size);
    line.trade = trade;
    line.trades.push_back(trade);
    if (line.trades.size() > kTradesKept)
        line.trades.pop_front();
}

void Tape::finishMinute(InstrumentIndex instrument, MarketBatch& out)
{
    Line& line = m_lines[instrument];
    line.minuteOpen = false;
    line.minutes.push_back(*line.minute);
    if (line.minutes.size() > m_minutesPerLine)
        line.minutes.pop_front();
    out.emplace_back(BarTick{instrument, *line.minute});
}

void Tape::finishMinutes(Timestamp now, MarketBatch& out)
{
    const auto minute = now.nanos() / kMinuteNanos;
    if (minute == m_minute)
        return;
    m_minute = minute;
    const auto start = minuteOf(now);
    for (InstrumentIndex i = 0; i < m_lines.size(); ++i) {
        if (m_lines[i].minuteOpen && m_lines[i].minute->start < start)
            finishMinute(i, out);
    }
}

/// The day's bar so far comes from the source's history: a market does not begin when we look.
void Tape::turnDay(InstrumentIndex instrument, Timestamp at) const
{
    Line& line = m_lines[instrument];
    if (line.day && at < line.dayEnd)
        return;
    const auto assetClass = m_source.instruments()[instrument].assetClass;
    const auto start = m_sessions.dayStart(at, assetClass);
    using namespace std::chrono_literals;
    const auto past = m_source.history(instrument, BarInterval::Day1, start - 24h * 15,
                                       start + 24h, 3);
    const bool isFirstLook = !line.day;
    if (line.day) {
        line.days.push_back(*line.day);
        if (line.days.size() > 400)
            line.days.pop_front();
        line.previousDay = line.day;
    }
    line.day = Bar{.start = start, .open = {}, .high = {}, .low = {}, .close = {}, .volume = {}};
    line.dayEnd = m_sessions.dayStart(start + 30h, assetClass);
    for (const auto& bar : past) {
        // A recording's days begin at its own midnight, moved by as much as its times are.
        const bool isMovedDay = isFirstLook && bar.start <= at && at < bar.start + 24h;
        if (bar.start == start || isMovedDay) {
            line.day = bar;
            line.day->start = start;
        } else if (bar.start < start &&
                   !(line.previousDay && line.previousDay->start >= bar.start)) {
            line.previousDay = bar;
        }
    }
}

void Tape::setStatus(InstrumentIndex instrument, TradingStatus status, HaltReason reason)
{
    m_lines[instrument].status = status;
    m_lines[instrument].reason = reason;
}

MarketSnapshot Tape::snapshot(InstrumentIndex instrument) const
{
    const Line& line = m_lines[instrument];
    if (!line.day && line.quote)
        turnDay(instrument, line.quote->time);
    MarketSnapshot snapshot;
    snapshot.quote = line.quote;
    snapshot.trade = line.trade;
    snapshot.minuteBar = line.minute;
    if (line.day && !line.day->open.isZero())
        snapshot.dailyBar = line.day;
    snapshot.previousDailyBar = line.previousDay;
    snapshot.status = line.status;
    snapshot.haltReason = line.reason;
    return snapshot;
}

const std::optional<QuoteTick>& Tape::quote(InstrumentIndex instrument) const
{
    return m_lines[instrument].quote;
}

const std::optional<TradeTick>& Tape::lastTrade(InstrumentIndex instrument) const
{
    return m_lines[instrument].trade;
}

bool Tape::isHalted(InstrumentIndex instrument) const
{
    return m_lines[instrument].status == TradingStatus::Halted;
}

Price Tape::mark(InstrumentIndex instrument) const
{
    const Line& line = m_lines[instrument];
    if (line.trade)
        return line.trade->price;
    if (!line.quote)
        return {};
    if (line.quote->bid.isZero() || line.quote->ask.isZero())
        return std::max(line.quote->bid, line.quote->ask);
    return Price::fromUnits(line.quote->bid.units() / 2 + line.quote->ask.units() / 2);
}

Price Tape::previousClose(InstrumentIndex instrument) const
{
    const auto view = snapshot(instrument);
    return view.previousDailyBar ? view.previousDailyBar->close : mark(instrument);
}

std::vector<TradeTick> Tape::trades(InstrumentIndex instrument, std::size_t limit) const
{
    const auto& trades = m_lines[instrument].trades;
    const auto count = std::min(limit, trades.size());
    return {trades.end() - static_cast<std::ptrdiff_t>(count), trades.end()};
}

std::vector<QuoteTick> Tape::quotes(InstrumentIndex instrument, std::size_t limit) const
{
    const auto& quotes = m_lines[instrument].quotes;
    const auto count = std::min(limit, quotes.size());
    return {quotes.end() - static_cast<std::ptrdiff_t>(count), quotes.end()};
}

std::vector<Bar> Tape::bars(InstrumentIndex instrument, BarInterval interval, Timestamp from,
                            Timestamp to, std::size_t limit) const
{
    if (limit == 0 || from >= to)
        return {};
    if (interval == BarInterval::Minute1)
        return minuteBars(instrument, from, to, limit);
    if (interval == BarInterval::Day1)
        return dayBars(instrument, from, to, limit);
    const auto length = lengthOf(interval);
    const auto perBar = static_cast<std::size_t>(length.count() / kMinuteNanos);
    const auto minuteLimit = limit > 1'000'000 / perBar ? 1'000'000 : limit * perBar;
    const auto floor = Timestamp::fromNanos(from.nanos() - from.nanos() % length.count());
    auto result = gather(minuteBars(instrument, floor, to, minuteLimit), length);
    std::erase_if(result, [from](const Bar& bar) { return bar.start < from; });
    keepNewest(result, limit);
    return result;
}

std::vector<Bar> Tape::minuteBars(InstrumentIndex instrument, Timestamp from, Timestamp to,
                                  std::size_t limit) const
{
    const Line& line = m_lines[instrument];
    std::vector<Bar> live;
    for (const auto& bar : line.minutes) {
        if (bar.start >= from && bar.start < to)
            live.push_back(bar);
    }
    if (line.minuteOpen && line.minute->start >= from && line.minute->start < to)
        live.push_back(*line.minute);
    auto seam = to;
    if (!line.minutes.empty())
        seam = line.minutes.front().start;
    else if (line.minute)
        seam = line.minute->start;
    std::vector<Bar> result;
    if (live.size() < limit)
        result = m_source.history(instrument, BarInterval::Minute1, from, std::min(to, seam),
                                  limit - live.size());
    result.insert(result.end(), live.begin(), live.end());
    keepNewest(result, limit);
    return result;
}

std::vector<Bar> Tape::dayBars(InstrumentIndex instrument, Timestamp from, Timestamp to,
                               std::size_t limit) const
{
    const auto view = snapshot(instrument);
    const Line& line = m_lines[instrument];
    std::vector<Bar> live(line.days.begin(), line.days.end());
    if (view.dailyBar)
        live.push_back(*view.dailyBar);
    std::erase_if(live, [from, to](const Bar& bar) { return bar.start < from || bar.start >= to; });
    auto result = m_source.history(instrument, BarInterval::Day1, from,
                                   live.empty() ? to : std::min(to, live.front().start), limit);
    result.insert(result.end(), live.begin(), live.end());
    keepNewest(result, limit);
    return result;
}

} // namespace qd::exchange
