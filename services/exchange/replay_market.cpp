#include "services/exchange/replay_market.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "models/market/bar_merge.h"
#include "services/exchange/book_replay.h"
#include "services/exchange/spans.h"

namespace qd::exchange {

namespace {

constexpr Duration kBetweenPasses = std::chrono::seconds(2); ///< of a recording without bars

Timestamp timeOf(const MarketEvent& event)
{
    return std::visit(
        [](const auto& tick) {
            if constexpr (std::is_same_v<std::decay_t<decltype(tick)>, BarTick>)
                return tick.bar.start;
            else
                return tick.time;
        },
        event);
}

void shift(MarketEvent& event, Duration by)
{
    std::visit(
        [by](auto& tick) {
            if constexpr (std::is_same_v<std::decay_t<decltype(tick)>, BarTick>)
                tick.bar.start = tick.bar.start + by;
            else
                tick.time = tick.time + by;
        },
        event);
}

/// A stretch of the recording without a long silence, and when playing reaches it.
struct Stretch {
    Duration elapsed{};
    Timestamp begin, end;
};

/// One instrument's bars and what rebuilds its book.
struct Line {
    std::vector<Bar> minutes, days;
    Duration minuteLength = std::chrono::minutes(1); ///< of `minutes`, as recorded
    const Recording* messages = nullptr;
    mutable BookReplay book;
    mutable std::size_t applied = 0;
    QuoteTick quote;
    unsigned kinds = 0; ///< of its recordings: bits
    std::optional<Quantity> openInterest;
};

constexpr unsigned bitOf(Recording::Kind kind)
{
    return 1u << static_cast<unsigned>(kind);
}

Timestamp dayOf(const Instrument& instrument, Timestamp at)
{
    if (instrument.assetClass == AssetClass::Crypto)
        return Timestamp::fromNanos(at.nanos() - at.nanos() % kDayNanos);
    return fromNewYork(toNewYork(at).date, Duration::zero());
}

} // namespace

struct ReplayMarket::State {
    State(std::vector<Recording> all, ReplayOptions replayOptions)
        : recordings(std::move(all)), options(replayOptions)
    {
        for (const auto& recording : recordings) {
            if (bySymbol.emplace(recording.instrument.symbol,
                                 static_cast<InstrumentIndex>(instruments.size()))
                    .second)
                instruments.push_back(recording.instrument);
        }
        std::stable_sort(recordings.begin(), recordings.end(),
                         [](const Recording& a, const Recording& b) { return a.begin() < b.begin(); });
        lines.resize(instruments.size());
        for (const auto& recording : recordings) {
            Line& line = lines[bySymbol.at(recording.instrument.symbol)];
            line.kinds |= bitOf(recording.kind);
            if (recording.openInterest)
                line.openInterest = recording.openInterest;
        }
        for (const auto& recording : recordings)
            add(recording);
        std::stable_sort(events.begin(), events.end(), [](const MarketEvent& a, const MarketEvent& b) {
            return timeOf(a) < timeOf(b);
        });
        buildBars();
        if (!events.empty()) {
            begin = options.startAt.value_or(timeOf(events.front()));
            end = timeOf(events.back());
        }
        layOut();
    }

    bool has(InstrumentIndex index, Recording::Kind kind) const
    {
        return (lines[index].kinds & bitOf(kind)) != 0;
    }

    void add(const Recording& recording)
    {
        const auto index = bySymbol.at(recording.instrument.symbol);
        const bool exact = has(index, Recording::Kind::Trades)
                           || has(index, Recording::Kind::BookMessages);
        if (recording.kind == Recording::Kind::Bars) {
            auto& kept = recording.barLength >= std::chrono::hours(24) ? lines[index].days
                                                                       : lines[index].minutes;
            kept.insert(kept.end(), recording.bars.begin(), recording.bars.end());
            if (recording.barLength < std::chrono::hours(24))
                lines[index].minuteLength = recording.barLength;
            if (exact)
                return;
        }
        if (recording.kind == Recording::Kind::BookMessages)
            lines[index].messages = &recording;
        expandRecording(recording, index, !has(index, Recording::Kind::QuoteBars), events);
    }

    /// Minute and daily bars where the recording is of something finer.
    void buildBars()
    {
        std::vector<bool> recorded(lines.size());
        for (InstrumentIndex i = 0; i < lines.size(); ++i)
            recorded[i] = !lines[i].minutes.empty();
        for (const auto& event : events) {
            const auto* trade = std::get_if<TradeTick>(&event);
            if (trade == nullptr || recorded[trade->instrument])
                continue;
            const auto start
                = Timestamp::fromNanos(trade->time.nanos() - trade->time.nanos() % kMinuteNanos);
            appendOrExtend(lines[trade->instrument].minutes, start,
                  Bar{start, trade->price, trade->price, trade->price, trade->price, trade->size,
                      1});
        }
        for (InstrumentIndex i = 0; i < lines.size(); ++i) {
            if (!lines[i].days.empty())
                continue;
            for (const auto& bar : lines[i].minutes)
                appendOrExtend(lines[i].days, dayOf(instruments[i], bar.start), bar);
        }
    }

    /// Cut the recording where it is silent for long.
    void layOut()
    {
        Duration elapsed{};
        for (const auto& event : events) {
            const auto time = timeOf(event);
            if (time < begin)
                continue;
            if (stretches.empty()) {
                stretches.push_back({Duration::zero(), begin, time});
            } else if (time - stretches.back().end > options.longestGap) {
                elapsed += stretches.back().end - stretches.back().begin + std::chrono::seconds(1);
                stretches.push_back({elapsed, time, time});
            }
            stretches.back().end = time;
        }
        if (stretches.empty())
            return;
        const auto& last = stretches.back();
        const auto played = last.elapsed + (last.end - last.begin);
        const bool hasBars = std::any_of(recordings.begin(), recordings.end(), [](const auto& one) {
            return one.kind == Recording::Kind::Bars || one.kind == Recording::Kind::QuoteBars;
        });
        if (!hasBars) { // a few seconds of ticks go on before anybody calls them stale
            passLength = played + kBetweenPasses;
            passShift = (end - begin) + kBetweenPasses;
            return;
        }
        // Whole minutes, so that bars of a second pass begin on the minute too.
        passLength = played + std::chrono::minutes(1);
        const auto span = (end - begin).count() + 2 * kMinuteNanos;
        passShift = Duration(span - span % kMinuteNanos);
    }

    /// By whole minutes, so that minutes stay minutes. What is left of one is made up for by
    /// beginning earlier, where the recording allows it: then the venue's clock shows ours.
    void moveTo(Timestamp now)
    {
        const auto by = (now - begin).count(), rest = by % kMinuteNanos;
        stampShift = Duration(by - rest);
        const auto longer = stampShift + Duration(kMinuteNanos);
        if (rest == 0 || now - longer < timeOf(events.front()))
            return;
        stampShift = longer;
        begin = now - longer;
        stretches.clear();
        layOut();
    }

    Timestamp recordedAt(Duration elapsed) const
    {
        const Stretch* at = &stretches.front();
        for (const auto& stretch : stretches) {
            if (stretch.elapsed <= elapsed)
                at = &stretch;
        }
        return at->begin + (elapsed - at->elapsed);
    }

    /// The day's bar from the minutes that ended by `now`; false if there are none.
    static bool gatherDay(const Line& line, Timestamp dayStart, Timestamp now, Bar& out)
    {
        std::vector<Bar> day;
        for (const auto& bar : line.minutes) {
            if (bar.start >= dayStart && bar.start + line.minuteLength <= now)
                appendOrExtend(day, dayStart, bar);
        }
        if (day.empty())
            return false;
        out = day.front();
        return true;
    }

    void findStanding();
    void stand(MarketEvent event)
    {
        std::visit(
            [this](auto& tick) {
                if constexpr (!std::is_same_v<std::decay_t<decltype(tick)>, BarTick>)
                    tick.time = begin + stampShift;
            },
            event);
        standing.push_back(std::move(event));
    }

    Duration shiftOf(std::int64_t number) const { return stampShift + passShift * number; }

    std::vector<Recording> recordings;
    ReplayOptions options;
    std::vector<Instrument> instruments;
    std::map<Symbol, InstrumentIndex> bySymbol;
    std::vector<Line> lines;
    std::vector<MarketEvent> events;
    std::vector<Stretch> stretches;
    Timestamp begin, end;
    Duration passLength{}, passShift{}, stampShift{};
    Timestamp startedAt, present; ///< wall; venue
    std::vector<QuoteTick> opening; ///< quotes that stood when the replay began, not yet told
    MarketBatch standing;           ///< quotes and prints of that moment, in the venue's time
    std::size_t cursor = 0;
    std::int64_t pass = 0;
    bool over = false;
};

ReplayMarket::ReplayMarket(std::vector<Recording> recordings, ReplayOptions options)
    : m_state(std::make_unique<State>(std::move(recordings), options))
{
}

ReplayMarket::~ReplayMarket() = default;

const std::vector<Instrument>& ReplayMarket::instruments() const
{
    return m_state->instruments;
}

void ReplayMarket::start(Timestamp now)
{
    State& state = *m_state;
    state.startedAt = now;
    if (state.stretches.empty()) {
        state.over = true;
        state.present = now;
        return;
    }
    if (state.options.stamps == ReplayStamps::ShiftedToNow)
        state.moveTo(now);
    state.present = state.begin + state.stampShift;
    state.findStanding();
}

/// Who comes in the middle sees what stands at that moment. Of an instrument that has not moved yet
/// its first quote and print stand, as they would have from the day before.
void ReplayMarket::State::findStanding()
{
    std::map<InstrumentIndex, QuoteTick> quotes;
    std::map<InstrumentIndex, TradeTick> trades;
    for (; cursor < events.size() && timeOf(events[cursor]) < begin; ++cursor) {
        if (const auto* quote = std::get_if<QuoteTick>(&events[cursor]))
            quotes[quote->instrument] = *quote;
        else if (const auto* trade = std::get_if<TradeTick>(&events[cursor]))
            trades[trade->instrument] = *trade;
    }
    for (auto& [index, quote] : quotes) {
        quote.time = begin;
        opening.push_back(quote);
    }
    const auto all = lines.size();
    for (auto at = cursor; at < events.size() && (quotes.size() < all || trades.size() < all); ++at) {
        if (const auto* quote = std::get_if<QuoteTick>(&events[at]))
            quotes.emplace(quote->instrument, *quote);
        else if (const auto* trade = std::get_if<TradeTick>(&events[at]))
            trades.emplace(trade->instrument, *trade);
    }
    for (const auto& [index, quote] : quotes)
        stand(quote);
    for (const auto& [index, trade] : trades)
        stand(trade);
}

void ReplayMarket::standing(MarketBatch& out)
{
    out.insert(out.end(), m_state->standing.begin(), m_state->standing.end());
    m_state->standing.clear();
}

Timestamp ReplayMarket::venueTime(Timestamp now) const
{
    const State& state = *m_state;
    if (state.stretches.empty())
        return now;
    if (state.options.speed <= 0) { // as far as one step may go
        if (state.over)
            return state.present;
        const auto next = state.cursor + kEventsPerStepAtMaxSpeed;
        const auto last = std::min(next, state.events.size() - 1);
        return std::max(state.present, timeOf(state.events[last]) + state.shiftOf(state.pass));
    }
    const auto elapsed = Duration(static_cast<std::int64_t>(
        std::llround(static_cast<double>((now - state.startedAt).count()) * state.options.speed)));
    const auto pass = state.options.loop ? elapsed / state.passLength : 0;
    return state.recordedAt(elapsed - state.passLength * pass) + state.shiftOf(pass);
}

void ReplayMarket::advance(Timestamp until, MarketBatch& out)
{
    State& state = *m_state;
    for (QuoteTick quote : state.opening) {
        quote.time = quote.time + state.shiftOf(0);
        state.lines[quote.instrument].quote = quote;
        out.emplace_back(quote);
    }
    state.opening.clear();
    while (!state.over) {
        if (state.cursor == state.events.size()) {
            if (!state.options.loop) {
                state.over = true;
                break;
            }
            // At full speed a pass ends when a step does, so that a step ends at all.
            if (state.options.speed > 0
                && until < state.begin + state.shiftOf(state.pass + 1))
                break;
            state.cursor = 0;
            while (timeOf(state.events[state.cursor]) < state.begin)
                ++state.cursor;
            ++state.pass;
            for (auto& line : state.lines) {
                line.book = BookReplay();
                line.applied = 0;
            }
            if (state.options.speed <= 0)
                break;
        }
        const auto by = state.shiftOf(state.pass);
        const auto& event = state.events[state.cursor];
        if (timeOf(event) + by > until)
            break;
        out.push_back(event);
        shift(out.back(), by);
        if (const auto* quote = std::get_if<QuoteTick>(&out.back()))
            state.lines[quote->instrument].quote = *quote;
        ++state.cursor;
    }
    state.present = std::max(state.present, until);
}

bool ReplayMarket::finished() const
{
    return m_state->over;
}

Book ReplayMarket::depth(InstrumentIndex instrument, int depth) const
{
    const State& state = *m_state;
    const Line& line = state.lines[instrument];
    Book book;
    if (line.messages != nullptr) {
        const auto& messages = line.messages->messages;
        const auto recorded = state.present - state.shiftOf(state.pass);
        for (; line.applied < messages.size() && messages[line.applied].time <= recorded;
             ++line.applied) {
            if (line.applied == 0 && line.messages->firstBook)
                line.book.seed(*line.messages->firstBook);
            else
                line.book.apply(messages[line.applied]);
        }
        book = line.book.book(depth);
    } else {
        if (line.quote.bid.isPositive() && depth > 0)
            book.bids.push_back({line.quote.bid, line.quote.bidSize, 1});
        if (line.quote.ask.isPositive() && depth > 0)
            book.asks.push_back({line.quote.ask, line.quote.askSize, 1});
    }
    book.symbol = state.instruments[instrument].symbol;
    book.eventTime = state.present;
    return book;
}

std::vector<Bar> ReplayMarket::history(InstrumentIndex instrument, BarInterval interval,
                                       Timestamp from, Timestamp to, std::size_t limit) const
{
    const State& state = *m_state;
    const auto by = state.shiftOf(state.pass);
    const Line& line = state.lines[instrument];
    const bool daily = interval == BarInterval::Day1;
    const auto& bars = daily ? line.days : line.minutes;
    const Duration length = daily ? Duration(kDayNanos) : line.minuteLength;
    std::vector<Bar> result;
    for (auto bar = bars.rbegin(); bar != bars.rend() && result.size() < limit; ++bar) {
        const auto start = bar->start + by;
        // The future is in the recording too, but nobody may see it yet.
        const bool underWay = start + length > state.present;
        if (start < from || start >= to || (underWay && (!daily || start > state.present)))
            continue;
        Bar shown = *bar;
        if (underWay && !state.gatherDay(line, bar->start, state.present - by, shown))
            continue;
        shown.start = start;
        result.push_back(shown);
    }
    std::reverse(result.begin(), result.end());
    return result;
}

std::optional<Quantity> ReplayMarket::openInterest(InstrumentIndex instrument) const
{
    return m_state->lines[instrument].openInterest;
}

std::size_t ReplayMarket::eventCount() const
{
    return m_state->events.size();
}

Timestamp ReplayMarket::recordedBegin() const
{
    return m_state->begin;
}

Timestamp ReplayMarket::recordedEnd() const
{
    return m_state->end;
}

} // namespace qd::exchange
