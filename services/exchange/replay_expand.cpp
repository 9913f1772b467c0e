// From recordings to events.

#include <algorithm>
#include <array>

#include "services/exchange/book_replay.h"
#include "services/exchange/replay_market.h"

namespace qd::exchange {

namespace {

constexpr std::int64_t kLegs = 3; ///< a bar's path: open to first extreme, to the other, to close
constexpr std::int64_t kStepsPerLeg = 3;

struct Maker {
    const Recording& recording;
    InstrumentIndex index;
    bool withQuotes;
    MarketBatch& out;
    Price bid, ask;
    Price last;
    std::int64_t tradeId = 1;

    Price tick(Price price) const { return tickFor(recording.instrument, price); }

    void quote(Timestamp time, Price newBid, Price newAsk, Quantity bidSize, Quantity askSize)
    {
        QuoteTick quote;
        quote.instrument = index;
        quote.bid = newBid;
        quote.ask = newAsk;
        quote.bidSize = bidSize;
        quote.askSize = askSize;
        quote.time = time;
        out.emplace_back(quote);
        bid = newBid;
        ask = newAsk;
    }

    /// A print outside the quote moves it: an uptick was bought at the ask, a downtick sold at the
    /// bid. The spread is a tick, or a hundredth of a percent of a high price.
    void print(Timestamp time, Price price, Quantity size, char venue)
    {
        const bool bought = price > last || (price == last && price == ask);
        if (withQuotes && (price < bid || price > ask || bid.isZero())) {
            const auto step = tick(price);
            const auto wide = Price::fromUnits(price.units() / 10'000 / step.units() * step.units());
            const auto spread = std::max(step, wide);
            const auto low = bought ? price - spread : price;
            const auto high = bought ? price : price + spread;
            const auto shown = std::max(size, recording.instrument.lotSize);
            if (low.isPositive())
                quote(time, low, high, shown, shown);
        }
        TradeTick trade;
        trade.instrument = index;
        trade.price = price;
        trade.size = size;
        trade.id = tradeId++;
        trade.time = time;
        if (!bid.isZero())
            trade.aggressor = price >= ask ? Side::Buy : price <= bid ? Side::Sell
                              : bought     ? Side::Buy
                                           : Side::Sell;
        trade.venue = venue == ' ' ? 'Q' : venue;
        trade.oddLot = recording.instrument.assetClass == AssetClass::Equity
                       && size < Quantity::of("100");
        out.emplace_back(trade);
        last = price;
    }
};

/// The prices a bar's trades print at, in order: each extreme is touched exactly.
std::vector<Price> pathOf(const Bar& bar, Price tick)
{
    const bool highFirst = bar.high - bar.open < bar.open - bar.low;
    const std::array<Price, 4> corners{bar.open, highFirst ? bar.high : bar.low,
                                       highFirst ? bar.low : bar.high, bar.close};
    std::vector<Price> path{corners[0]};
    for (std::size_t leg = 0; leg < kLegs; ++leg) {
        const auto from = corners[leg], to = corners[leg + 1];
        for (std::int64_t step = 1; step <= kStepsPerLeg; ++step) {
            const auto raw = from.units() + (to.units() - from.units()) / kStepsPerLeg * step;
            auto price = Price(Decimal::fromUnits(raw).roundTo(tick.value(), Rounding::HalfEven));
            price = std::clamp(price, bar.low, bar.high);
            if (step == kStepsPerLeg)
                price = to;
            if (price != path.back() || step == kStepsPerLeg)
                path.push_back(price);
        }
    }
    return path;
}

/// `volume` in `count` parts that add up to it: whole lots where there are enough.
std::vector<Quantity> split(Quantity volume, std::size_t count, Quantity lot)
{
    const auto parts = static_cast<std::int64_t>(count);
    const auto unit = volume.units() >= lot.units() * parts ? lot.units() : 1;
    const auto each = volume.units() / parts / unit * unit;
    std::vector<Quantity> sizes(count, Quantity::fromUnits(each));
    sizes.back() = Quantity::fromUnits(volume.units() - each * (parts - 1));
    return sizes;
}

void expandBar(Maker& maker, const Bar& bar)
{
    using namespace std::chrono_literals;
    const auto& recording = maker.recording;
    auto path = pathOf(bar, maker.tick(bar.open));
    // An index has no volume; its prints need some to be prints.
    const auto volume = bar.volume.isPositive() ? bar.volume : Quantity::of("10");
    const auto sizes = split(volume, path.size(), recording.instrument.lotSize);
    Timestamp begin = bar.start;
    Duration length = recording.barLength;
    const bool session = recording.instrument.assetClass == AssetClass::Equity
                         && recording.barLength >= 24h;
    if (session) { // a day's trading is in its regular hours
        begin = bar.start + 9h + 30min;
        length = 6h + 30min;
    }
    const auto pause = length / static_cast<std::int64_t>(path.size() + 1);
    for (std::size_t i = 0; i < path.size(); ++i)
        maker.print(begin + pause * static_cast<std::int64_t>(i), path[i], sizes[i], ' ');
}

/// A chain has thousands of contracts: each shows a minute's close alone, at its own second, so
/// that the chain lives between the minutes.
void expandChainBar(Maker& maker, const QuoteBar& bar)
{
    auto ask = bar.askClose;
    if (bar.bidClose.isPositive() && ask.isPositive() && ask <= bar.bidClose)
        ask = bar.bidClose + maker.tick(bar.bidClose);
    constexpr std::int64_t kPlaces = 60, kStride = 37; // no common divisor: neighbours far apart
    const auto place = static_cast<std::int64_t>(maker.index) * kStride % kPlaces;
    maker.quote(bar.start + maker.recording.barLength / kPlaces * place, bar.bidClose, ask,
                bar.bidSize, bar.askSize);
}

void expandQuoteBar(Maker& maker, const QuoteBar& bar)
{
    if (maker.recording.instrument.assetClass == AssetClass::Option) {
        expandChainBar(maker, bar);
        return;
    }
    // Each side visits its nearer extreme first; both sides move together.
    const bool highFirst = bar.bidHigh - bar.bidOpen < bar.bidOpen - bar.bidLow;
    const std::array<std::pair<Price, Price>, 4> steps{
        std::pair(bar.bidOpen, bar.askOpen),
        highFirst ? std::pair(bar.bidHigh, bar.askHigh) : std::pair(bar.bidLow, bar.askLow),
        highFirst ? std::pair(bar.bidLow, bar.askLow) : std::pair(bar.bidHigh, bar.askHigh),
        std::pair(bar.bidClose, bar.askClose)};
    const auto pause = maker.recording.barLength / 4;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        auto [bid, ask] = steps[i];
        // The extremes of bid and ask need not have been at one moment: never show them crossed.
        if (bid.isPositive() && ask.isPositive() && ask <= bid)
            ask = bid + maker.tick(bid);
        if (i > 0 && bid == maker.bid && ask == maker.ask)
            continue;
        maker.quote(bar.start + pause * static_cast<std::int64_t>(i), bid, ask, bar.bidSize,
                    bar.askSize);
    }
}

void expandMessages(Maker& maker)
{
    const auto& recording = maker.recording;
    BookReplay book;
    for (std::size_t i = 0; i < recording.messages.size(); ++i) {
        const auto& message = recording.messages[i];
        std::optional<TradeTick> trade;
        if (i == 0 && recording.firstBook)
            book.seed(*recording.firstBook);
        else
            trade = book.apply(message);
        if (message.kind == BookMessage::Kind::Halt) {
            StatusTick status;
            status.instrument = maker.index;
            status.status = message.price.isNegative() ? TradingStatus::Halted
                                                       : TradingStatus::Trading;
            status.reason = message.price.isNegative() ? HaltReason::Regulatory : HaltReason::None;
            status.time = message.time;
            maker.out.emplace_back(status);
            continue;
        }
        if (trade) {
            trade->instrument = maker.index;
            trade->id = maker.tradeId++;
            maker.out.emplace_back(*trade);
        }
        const auto top = book.book(1);
        if (top.bids.empty() || top.asks.empty())
            continue;
        maker.quote(message.time, top.bids[0].price, top.asks[0].price, top.bids[0].size,
                    top.asks[0].size);
    }
}

} // namespace

void expandRecording(const Recording& recording, InstrumentIndex index, bool withQuotes,
                     MarketBatch& out)
{
    Maker maker{recording, index, withQuotes, out, {}, {}, {}};
    switch (recording.kind) {
    case Recording::Kind::Trades:
        for (const auto& trade : recording.trades) {
            if (!trade.suspicious)
                maker.print(trade.time, trade.price, trade.size, trade.venue);
        }
        break;
    case Recording::Kind::Bars:
        for (const auto& bar : recording.bars)
            expandBar(maker, bar);
        break;
    case Recording::Kind::QuoteBars:
        for (const auto& bar : recording.quoteBars)
            expandQuoteBar(maker, bar);
        break;
    case Recording::Kind::BookMessages: expandMessages(maker); break;
    case Recording::Kind::OpenInterest: break;
    }
}

} // namespace qd::exchange
