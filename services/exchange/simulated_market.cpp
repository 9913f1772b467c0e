#include "services/exchange/simulated_market.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "services/exchange/price_path.h"
#include "services/exchange/spans.h"
#include "services/exchange/unrest.h"
#include "services/runtime/random.h"

namespace qd::exchange {

namespace {

constexpr std::int64_t kStepNanos = 10'000'000; ///< the market moves in steps of 10 ms
constexpr double kTradeShare = 0.24; ///< of all updates
/// A market that was not looked at for longer does not make up what happened tick by tick.
constexpr std::int64_t kCatchUpStepsMax = 6000;
constexpr std::size_t kPathsCached = 24;
constexpr char kVenues[] = {'Q', 'P', 'Z', 'K', 'N', 'V'};

std::int64_t dayOfNanos(std::int64_t nanos)
{
    return nanos / kDayNanos;
}

/// Draws an index with given weights in constant time (Vose's alias method).
class WeightedDraw {
public:
    explicit WeightedDraw(const std::vector<double>& weights)
        : m_keep(weights.size(), 1.0), m_alias(weights.size(), 0)
    {
        double sum = 0;
        for (const auto weight : weights)
            sum += weight;
        std::vector<std::uint32_t> small, large;
        std::vector<double> scaled;
        for (std::size_t i = 0; i < weights.size(); ++i) {
            scaled.push_back(weights[i] / sum * static_cast<double>(weights.size()));
            (scaled[i] < 1.0 ? small : large).push_back(static_cast<std::uint32_t>(i));
        }
        while (!small.empty() && !large.empty()) {
            const auto less = small.back(), more = large.back();
            small.pop_back();
            m_keep[less] = scaled[less];
            m_alias[less] = more;
            scaled[more] -= 1.0 - scaled[less];
            if (scaled[more] < 1.0) {
                large.pop_back();
                small.push_back(more);
            }
        }
    }
    std::uint32_t draw(std::uint64_t random) const
    {
        const auto index = static_cast<std::uint32_t>(((random >> 32) * m_keep.size()) >> 32);
        const double part = static_cast<double>(random & 0xffffffffu) / 4294967296.0;
        return part < m_keep[index] ? index : m_alias[index];
    }

private:
    std::vector<double> m_keep;
    std::vector<std::uint32_t> m_alias;
};

struct Course {
    std::shared_ptr<const PricePath::Minutes> minutes; ///< of the session under way
    std::int64_t day = std::numeric_limits<std::int64_t>::min();
    std::int64_t tickUnits = 1'000'000;
    std::int64_t lotUnits = Decimal::kOne;
    std::int64_t bid = 0, ask = 0; ///< in ticks
    std::int64_t bidSize = 0, askSize = 0; ///< in lots
    std::int64_t nextTradeId = 1;
    std::int64_t volumeMinute = -1;
    double tradeLots = 1; ///< usual size of a trade in this minute
    double unrest = 0;    ///< in this second
    std::int64_t unrestSecond = -1;
    bool halted = false;
};

} // namespace

struct SimulatedMarket::State {
    explicit State(SimulationOptions simulationOptions)
        : options(simulationOptions), names(makeUniverse(options.seed, options.symbols)),
          path(options.seed, options.volatility, options.calendarHours, names),
          draw(activities()), random(options.seed), lines(names.size())
    {
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (!options.halts)
                names[i].haltsPerDay = 0;
            instruments.push_back(names[i].instrument);
            lines[i].tickUnits = names[i].instrument.tick.units();
            lines[i].lotUnits = names[i].instrument.lotSize.units();
            activity += names[i].activity;
        }
    }

    std::vector<double> activities() const
    {
        std::vector<double> result;
        for (const auto& name : names)
            result.push_back(name.activity);
        return result;
    }

    /// Load the session that `at` lies in; false while the name is shut.
    bool openLine(InstrumentIndex i, Timestamp at)
    {
        Course& line = lines[i];
        if (line.minutes && at >= line.minutes->session.start
            && at < line.minutes->session.start
                        + std::chrono::minutes(line.minutes->session.minutes))
            return true;
        const auto day = at.nanos() / (kMinuteNanos); // looked for once a minute while shut
        if (line.day == day)
            return false;
        line.day = day;
        const auto session = path.sessionAt(i, at);
        line.minutes = session ? path.minutes(i, *session) : nullptr;
        line.volumeMinute = -1;
        return session.has_value();
    }

    static bool pauses(const PricePath::Minutes& minutes, Timestamp at)
    {
        if (minutes.jumpMinute < 0)
            return false;
        const auto since = at - minutes.session.start - std::chrono::minutes(minutes.jumpMinute + 1);
        return since >= Duration::zero() && since < std::chrono::minutes(kPauseMinutes);
    }

    /// The session that `at` lies in, else the last one before it.
    std::shared_ptr<const PricePath::Minutes> newestSession(InstrumentIndex i, Timestamp at);
    void standing(InstrumentIndex i, MarketBatch& out);
    void step(std::int64_t number, MarketBatch& out);
    void checkHalts(Timestamp at, MarketBatch& out);
    void update(InstrumentIndex i, Timestamp at, MarketBatch& out);
    void quote(InstrumentIndex i, Timestamp at, MarketBatch& out);
    void trade(InstrumentIndex i, Timestamp at, double fair, MarketBatch& out);
    void moveQuote(InstrumentIndex i, Timestamp at, double fairTicks);
    double unrest(InstrumentIndex i, const PricePath::Minutes& minutes, Timestamp at) const
    {
        const bool isCoin = names[i].instrument.assetClass == AssetClass::Crypto;
        return unrestAt(options.seed, i, isCoin, minutes, at);
    }
    std::int64_t drawSize(double usual)
    {
        const double size = usual * std::exp(0.8 * noiseFrom(random.next()) - 0.3);
        return std::max<std::int64_t>(1, std::llround(size));
    }
    /// Usual size at the best price.
    double topLots(InstrumentIndex i, double uneasy) const
    {
        return names[i].topSize / (static_cast<double>(lines[i].lotUnits) / Decimal::kOne)
               / (1 + uneasy);
    }
    std::shared_ptr<const PricePath::Minutes> cachedMinutes(InstrumentIndex i,
                                                            const SessionDay& session);
    Bar minuteBar(InstrumentIndex i, const PricePath::Minutes& minutes, int k) const;
    Bar dayBar(InstrumentIndex i, const PricePath::Minutes& minutes) const;
    Bar dayUnderWay(InstrumentIndex i, const PricePath::Minutes& minutes, int k) const;
    Price rounded(InstrumentIndex i, double price) const;
    std::vector<Bar> minuteHistory(InstrumentIndex i, Timestamp from, Timestamp to,
                                   std::size_t limit);
    std::vector<Bar> dayHistory(InstrumentIndex i, Timestamp from, Timestamp to, std::size_t limit);
    double pace(Timestamp at);

    SimulationOptions options;
    std::vector<SimulatedName> names;
    PricePath path;
    WeightedDraw draw;
    runtime::SeededRandom random;
    std::vector<Course> lines;
    std::vector<Instrument> instruments;
    double activity = 0;
    std::int64_t stepNumber = 0;
    std::int64_t second = 0;
    Timestamp present;
    std::vector<std::pair<std::uint64_t, std::shared_ptr<const PricePath::Minutes>>> pastPaths;
};

SimulatedMarket::SimulatedMarket(SimulationOptions options)
    : m_state(std::make_unique<State>(options))
{
}

SimulatedMarket::~SimulatedMarket() = default;

const std::vector<Instrument>& SimulatedMarket::instruments() const
{
    return m_state->instruments;
}

/// Every name shows a quote from the first moment on.
void SimulatedMarket::start(Timestamp now)
{
    m_state->stepNumber = now.nanos() / kStepNanos - 1;
    m_state->present = now;
}

void SimulatedMarket::standing(MarketBatch& out)
{
    for (InstrumentIndex i = 0; i < m_state->lines.size(); ++i)
        m_state->standing(i, out);
}

std::shared_ptr<const PricePath::Minutes>
SimulatedMarket::State::newestSession(InstrumentIndex i, Timestamp at)
{
    if (openLine(i, at))
        return lines[i].minutes;
    for (auto day = dayOfNanos(at.nanos()) + 1; day >= PricePath::kFirstDay; --day) {
        const auto session = path.sessionOn(i, day);
        if (session && session->start < at)
            return path.minutes(i, *session);
    }
    return nullptr;
}

/// Takes nothing from the chances of what follows: the market is the same whoever looks at it first.
void SimulatedMarket::State::standing(InstrumentIndex i, MarketBatch& out)
{
    const auto minutes = newestSession(i, present);
    if (!minutes)
        return;
    const Course& line = lines[i];
    const auto end = minutes->session.start + std::chrono::minutes(minutes->session.minutes);
    const auto at = std::min(present, end - std::chrono::milliseconds(1));
    const double fair = path.price(i, *minutes, at) * (static_cast<double>(Decimal::kOne)
                                                       / static_cast<double>(line.tickUnits));
    const double uneasy = unrest(i, *minutes, at);
    const auto spread
        = std::max<std::int64_t>(1, std::llround(names[i].spreadTicks * (1 + uneasy)));
    const auto bid = std::max<std::int64_t>(1, std::llround(fair - static_cast<double>(spread) / 2));
    const bool equity = names[i].instrument.assetClass == AssetClass::Equity;
    // A whole round lot: an odd one is no last price.
    const auto lots = std::max<std::int64_t>(equity ? 100 : 1, std::llround(topLots(i, uneasy)));
    const auto size = Quantity::fromUnits(lots * line.lotUnits);
    out.emplace_back(QuoteTick{i, Price::fromUnits(bid * line.tickUnits),
                               Price::fromUnits((bid + spread) * line.tickUnits), size, size, at,
                               'Q', 'Q'});
    TradeTick last;
    last.instrument = i;
    last.price = Price::fromUnits(bid * line.tickUnits);
    last.size = size;
    last.time = at;
    last.aggressor = Side::Sell;
    out.emplace_back(last);
}

void SimulatedMarket::advance(Timestamp until, MarketBatch& out)
{
    State& state = *m_state;
    const auto last = until.nanos() / kStepNanos;
    if (last - state.stepNumber > kCatchUpStepsMax)
        state.stepNumber = last - kCatchUpStepsMax;
    while (state.stepNumber < last)
        state.step(++state.stepNumber, out);
    state.present = std::max(state.present, until);
}

/// How busy the market is now against its average: the session's volume curve, in slow waves.
double SimulatedMarket::State::pace(Timestamp at)
{
    const auto session = path.sessionAt(0, at);
    if (!session)
        return 1.0; // only crypto trades; shut names drop their updates
    const auto k = static_cast<std::size_t>((at - session->start).count() / kMinuteNanos);
    const auto& volume = path.shapeOf(*session).volume;
    const double share = volume[std::min(k, volume.size() - 1)] * static_cast<double>(volume.size());
    return std::clamp(0.35 + 0.65 * share, 0.1, 2.0);
}

void SimulatedMarket::State::step(std::int64_t number, MarketBatch& out)
{
    const auto begin = number * kStepNanos;
    if (begin / 1'000'000'000 != second) {
        const bool first = second == 0;
        second = begin / 1'000'000'000;
        checkHalts(Timestamp::fromNanos(begin), out);
        for (InstrumentIndex i = 0; first && i < lines.size(); ++i)
            update(i, Timestamp::fromNanos(begin), out);
    }
    const double wave = 0.75 + 0.5 * uniformFrom(hashOf(options.seed, 3, static_cast<std::uint64_t>(
                                                            begin / 250'000'000), 0));
    // A trade that empties its level brings a quote with it, hence the divisor.
    const double wanted = options.updatesPerSecond * (static_cast<double>(kStepNanos) / 1e9) * wave
                          * pace(Timestamp::fromNanos(begin)) / 1.12;
    const auto count = static_cast<std::int64_t>(wanted + random.uniform());
    for (std::int64_t j = 0; j < count; ++j) {
        const auto bits = random.next();
        const auto offset = (j * kStepNanos
                             + static_cast<std::int64_t>(bits & 0x3ff) * (kStepNanos / 1024))
                            / count;
        update(draw.draw(random.next()), Timestamp::fromNanos(begin + offset), out);
    }
}

void SimulatedMarket::State::checkHalts(Timestamp at, MarketBatch& out)
{
    for (InstrumentIndex i = 0; i < lines.size(); ++i) {
        Course& line = lines[i];
        const bool halted = openLine(i, at) && pauses(*line.minutes, at);
        if (halted == line.halted)
            continue;
        line.halted = halted;
        StatusTick status;
        status.instrument = i;
        status.status = halted ? TradingStatus::Halted : TradingStatus::Trading;
        status.reason = halted ? HaltReason::Volatility : HaltReason::None;
        status.time = at;
        out.emplace_back(status);
    }
}

void SimulatedMarket::State::update(InstrumentIndex i, Timestamp at, MarketBatch& out)
{
    Course& line = lines[i];
    if (!openLine(i, at) || line.halted)
        return;
    const double fair = path.price(i, *line.minutes, at) * (static_cast<double>(Decimal::kOne)
                                                            / static_cast<double>(line.tickUnits));
    const bool known = line.ask != 0;
    moveQuote(i, at, fair);
    if (known && random.uniform() < kTradeShare)
        trade(i, at, fair, out);
    else
        quote(i, at, out);
}

/// Prices follow the fair value with some slack, so that they rest for a while and only sizes move.
void SimulatedMarket::State::moveQuote(InstrumentIndex i, Timestamp at, double fair)
{
    Course& line = lines[i];
    if (const auto now = at.nanos() / 1'000'000'000; now != line.unrestSecond) {
        line.unrestSecond = now;
        line.unrest = unrest(i, *line.minutes, at);
    }
    const double usual = names[i].spreadTicks * (1 + line.unrest);
    const double lots = topLots(i, line.unrest);
    const double mid = static_cast<double>(line.bid + line.ask) / 2;
    const bool strayed = line.ask == 0 || std::abs(fair - mid) > 0.35 + usual / 2;
    const auto chance = random.next();
    if (!strayed && (chance & 15) != 0) {
        ((chance & 16) != 0 ? line.bidSize : line.askSize) = drawSize(lots);
        return;
    }
    const double spread = std::max(1.0, std::round(usual * (0.7 + 0.8 * uniformFrom(chance))));
    const auto bid = std::max<std::int64_t>(1, std::llround(fair - spread / 2));
    line.bid = bid;
    line.ask = bid + static_cast<std::int64_t>(spread);
    line.bidSize = drawSize(lots);
    line.askSize = drawSize(lots);
}

void SimulatedMarket::State::quote(InstrumentIndex i, Timestamp at, MarketBatch& out)
{
    const Course& line = lines[i];
    QuoteTick tick;
    tick.instrument = i;
    tick.bid = Price::fromUnits(line.bid * line.tickUnits);
    tick.ask = Price::fromUnits(line.ask * line.tickUnits);
    tick.bidSize = Quantity::fromUnits(line.bidSize * line.lotUnits);
    tick.askSize = Quantity::fromUnits(line.askSize * line.lotUnits);
    tick.time = at;
    tick.bidVenue = kVenues[static_cast<std::size_t>(line.bidSize % 6)];
    tick.askVenue = kVenues[static_cast<std::size_t>(line.askSize % 6)];
    out.emplace_back(tick);
}

void SimulatedMarket::State::trade(InstrumentIndex i, Timestamp at, double fair, MarketBatch& out)
{
    Course& line = lines[i];
    const auto k = (at - line.minutes->session.start).count() / kMinuteNanos;
    if (k != line.volumeMinute) {
        line.volumeMinute = k;
        const double lots = path.minuteVolume(i, *line.minutes, static_cast<int>(k))
                            / (static_cast<double>(line.lotUnits) / Decimal::kOne);
        const double trades = 60.0 * options.updatesPerSecond * kTradeShare * names[i].activity
                              / activity * pace(at);
        line.tradeLots = lots / std::max(trades, 1.0);
    }
    const double mid = static_cast<double>(line.bid + line.ask) / 2;
    const bool buys = random.uniform() < std::clamp(0.5 + 0.25 * (fair - mid), 0.15, 0.85);
    TradeTick tick;
    tick.instrument = i;
    tick.price = Price::fromUnits((buys ? line.ask : line.bid) * line.tickUnits);
    const auto lots = drawSize(line.tradeLots);
    tick.size = Quantity::fromUnits(lots * line.lotUnits);
    tick.id = line.nextTradeId++;
    tick.time = at;
    tick.aggressor = buys ? Side::Buy : Side::Sell;
    tick.venue = kVenues[static_cast<std::size_t>(lots % 6)];
    tick.oddLot = names[i].instrument.assetClass == AssetClass::Equity && lots < 100;
    out.emplace_back(tick);
    auto& shown = buys ? line.askSize : line.bidSize;
    shown -= lots;
    if (shown > 0)
        return;
    // The level is gone: the market steps aside, and comes back with the next move.
    (buys ? line.ask : line.bid) += buys ? 1 : -1;
    line.bid = std::max<std::int64_t>(1, line.bid);
    shown = drawSize(topLots(i, line.unrest));
    quote(i, at, out);
}

Book SimulatedMarket::depth(InstrumentIndex instrument, int depth) const
{
    const State& state = *m_state;
    const Course& line = state.lines[instrument];
    Book book;
    book.symbol = state.instruments[instrument].symbol;
    book.eventTime = state.present;
    if (line.ask == 0)
        return book;
    const double usual = state.names[instrument].spreadTicks * (1 + line.unrest);
    const auto gap = std::max<std::int64_t>(1, std::llround(usual / 2));
    const auto level = [&](std::int64_t price, std::int64_t lots) {
        return BookLevel{Price::fromUnits(price * line.tickUnits),
                         Quantity::fromUnits(lots * line.lotUnits),
                         static_cast<int>(1 + std::min<std::int64_t>(lots / 150, 40))};
    };
    const auto behind = [&](std::int64_t price, int k) {
        // What rests at a price changes only every few seconds, as resting orders do.
        const auto epoch = static_cast<std::uint64_t>(state.present.nanos() / 4'000'000'000);
        const double part = uniformFrom(hashOf(state.options.seed, instrument + 77u,
                                               static_cast<std::uint64_t>(price), epoch));
        return std::max<std::int64_t>(
            1, std::llround(state.topLots(instrument, line.unrest) * (0.6 + 0.35 * k) * (0.5 + part)));
    };
    for (int k = 0; k < depth; ++k) {
        const auto bid = line.bid - k * gap, ask = line.ask + k * gap;
        if (bid > 0)
            book.bids.push_back(level(bid, k == 0 ? line.bidSize : behind(bid, k)));
        book.asks.push_back(level(ask, k == 0 ? line.askSize : behind(ask, k)));
    }
    return book;
}

Price SimulatedMarket::State::rounded(InstrumentIndex i, double price) const
{
    const auto tick = lines[i].tickUnits;
    const auto ticks = std::llround(price * static_cast<double>(Decimal::kOne)
                                    / static_cast<double>(tick));
    return Price::fromUnits(std::max<std::int64_t>(1, ticks) * tick);
}

Bar SimulatedMarket::State::minuteBar(InstrumentIndex i, const PricePath::Minutes& minutes,
                                      int k) const
{
    double knots[13];
    path.knots(i, minutes, k, knots);
    const auto [low, high] = std::minmax_element(std::begin(knots), std::end(knots));
    Bar bar;
    bar.start = minutes.session.start + std::chrono::minutes(k);
    bar.open = rounded(i, knots[0]);
    bar.close = rounded(i, knots[12]);
    bar.high = rounded(i, *high);
    bar.low = rounded(i, *low);
    const double lots = path.minuteVolume(i, minutes, k)
                        / (static_cast<double>(lines[i].lotUnits) / Decimal::kOne);
    const auto whole = std::max<std::int64_t>(1, std::llround(lots));
    bar.volume = Quantity::fromUnits(whole * lines[i].lotUnits);
    bar.tradeCount = std::max<std::int64_t>(1, std::llround(std::pow(lots, 0.7)));
    return bar;
}

Bar SimulatedMarket::State::dayBar(InstrumentIndex i, const PricePath::Minutes& minutes) const
{
    const auto& session = minutes.session;
    Bar bar;
    const bool equityHours = session.minutes != 1440;
    bar.start = equityHours ? session.start - std::chrono::hours(4) : session.start;
    const auto first = minutes.values.begin() + session.regularFrom;
    const auto last = minutes.values.begin() + session.regularTo + 1;
    const auto [low, high] = std::minmax_element(first, last);
    const double base = names[i].price;
    bar.open = rounded(i, base * std::exp(*first));
    bar.close = rounded(i, base * std::exp(*(last - 1)));
    bar.high = rounded(i, base * std::exp(*high));
    bar.low = rounded(i, base * std::exp(*low));
    const double lots = path.dayVolume(i, session)
                        / (static_cast<double>(lines[i].lotUnits) / Decimal::kOne);
    bar.volume = Quantity::fromUnits(std::max<std::int64_t>(1, std::llround(lots))
                                     * lines[i].lotUnits);
    bar.tradeCount = std::max<std::int64_t>(1, std::llround(std::pow(lots, 0.7)));
    return bar;
}

/// The session so far: `k` whole minutes of it.
Bar SimulatedMarket::State::dayUnderWay(InstrumentIndex i, const PricePath::Minutes& minutes,
                                        int k) const
{
    PricePath::Minutes part = minutes;
    part.session.regularTo = std::clamp(k, part.session.regularFrom, part.session.regularTo);
    Bar bar = dayBar(i, part);
    double share = 0;
    const auto& shape = path.shapeOf(minutes.session);
    for (int minute = 0; minute < std::min(k, minutes.session.minutes); ++minute)
        share += shape.volume[static_cast<std::size_t>(minute)];
    const auto lots = static_cast<double>(bar.volume.units() / lines[i].lotUnits) * share;
    bar.volume = Quantity::fromUnits(std::llround(lots) * lines[i].lotUnits);
    bar.tradeCount = std::llround(static_cast<double>(bar.tradeCount) * share);
    return bar;
}

std::shared_ptr<const PricePath::Minutes>
SimulatedMarket::State::cachedMinutes(InstrumentIndex i, const SessionDay& session)
{
    if (lines[i].minutes && lines[i].minutes->session.day == session.day)
        return lines[i].minutes;
    const auto key = static_cast<std::uint64_t>(i) << 32 | static_cast<std::uint64_t>(session.day);
    for (const auto& [known, minutes] : pastPaths) {
        if (known == key)
            return minutes;
    }
    auto minutes = path.minutes(i, session);
    if (pastPaths.size() == kPathsCached)
        pastPaths.erase(pastPaths.begin());
    pastPaths.emplace_back(key, minutes);
    return minutes;
}

std::vector<Bar> SimulatedMarket::State::minuteHistory(InstrumentIndex i, Timestamp from,
                                                       Timestamp to, std::size_t limit)
{
    std::vector<Bar> newestFirst;
    to = std::min(to, present);
    // New York sessions may start on the UTC day before or after; one more day covers both.
    for (auto day = dayOfNanos(to.nanos()) + 1;
         day >= std::max(PricePath::kFirstDay, dayOfNanos(from.nanos()) - 1)
         && newestFirst.size() < limit;
         --day) {
        const auto session = path.sessionOn(i, day);
        if (!session || session->start >= to
            || session->start + std::chrono::minutes(session->minutes) <= from)
            continue;
        const auto minutes = cachedMinutes(i, *session);
        for (int k = session->minutes - 1; k >= 0 && newestFirst.size() < limit; --k) {
            const auto start = session->start + std::chrono::minutes(k);
            if (start < from)
                break;
            if (start < to && !pauses(*minutes, start))
                newestFirst.push_back(minuteBar(i, *minutes, k));
        }
    }
    std::reverse(newestFirst.begin(), newestFirst.end());
    return newestFirst;
}

std::vector<Bar> SimulatedMarket::State::dayHistory(InstrumentIndex i, Timestamp from, Timestamp to,
                                                    std::size_t limit)
{
    std::vector<Bar> newestFirst;
    for (auto day = dayOfNanos(std::min(to, present).nanos());
         day >= std::max(PricePath::kFirstDay, dayOfNanos(from.nanos()) - 1)
         && newestFirst.size() < limit;
         --day) {
        const auto session = path.sessionOn(i, day);
        if (!session
            || session->start + std::chrono::minutes(session->regularFrom) >= present)
            continue;
        const auto minutes = path.minutes(i, *session);
        const auto passed = (present - session->start).count() / kMinuteNanos;
        const auto bar = passed < session->regularTo
                             ? dayUnderWay(i, *minutes, static_cast<int>(passed))
                             : dayBar(i, *minutes);
        if (bar.start >= from && bar.start < to)
            newestFirst.push_back(bar);
    }
    std::reverse(newestFirst.begin(), newestFirst.end());
    return newestFirst;
}

std::vector<Bar> SimulatedMarket::history(InstrumentIndex instrument, BarInterval interval,
                                          Timestamp from, Timestamp to, std::size_t limit) const
{
    if (from >= to || limit == 0)
        return {};
    return interval == BarInterval::Day1 ? m_state->dayHistory(instrument, from, to, limit)
                                         : m_state->minuteHistory(instrument, from, to, limit);
}

} // namespace qd::exchange
