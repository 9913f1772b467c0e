#include "ui/state/scripted_world.h"

#include <algorithm>
#include <cmath>

#include "models/market/calendar.h"

namespace qd::ui {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

Price priceNear(double value)
{
    return Price(Decimal::fromDouble(value).value_or(Decimal{}).roundTo(Decimal::of("0.01"),
                                                                       Rounding::HalfEven));
}

std::string upper(std::string text)
{
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return char(std::toupper(c)); });
    return text;
}

} // namespace

ScriptedWorld::ScriptedWorld(const ScriptedClock& clock, std::uint64_t seed)
    : m_clock(clock), m_seed(seed), m_random(seed)
{
    addListing("SPY", "SPDR S&P 500 ETF Trust", "ARCA", "512.31", "510.16");
    addListing("QQQ", "Invesco QQQ Trust", "NASDAQ", "438.77", "436.09");
    addListing("IWM", "iShares Russell 2000 ETF", "ARCA", "203.14", "203.51");
    addListing("DIA", "SPDR Dow Jones Industrial Average ETF", "ARCA", "389.02", "388.20");
    addListing("TLT", "iShares 20+ Year Treasury Bond ETF", "NASDAQ", "92.48", "92.79");
    addListing("AAPL", "Apple Inc.", "NASDAQ", "172.62", "173.90");
    addListing("MSFT", "Microsoft Corporation", "NASDAQ", "425.22", "421.48");
    addListing("NVDA", "NVIDIA Corporation", "NASDAQ", "884.55", "867.39");
    addListing("AMZN", "Amazon.com, Inc.", "NASDAQ", "178.87", "178.35");
    addListing("META", "Meta Platforms, Inc.", "NASDAQ", "505.95", "511.62");
    addListing("GOOGL", "Alphabet Inc. Class A", "NASDAQ", "151.77", "151.06");
    addListing("TSLA", "Tesla, Inc.", "NASDAQ", "175.34", "179.48");
    addListing("AMD", "Advanced Micro Devices, Inc.", "NASDAQ", "180.77", "178.70");
    addListing("JPM", "JPMorgan Chase & Co.", "NYSE", "198.49", "197.45");
    addListing("BRK.B", "Berkshire Hathaway Inc. Class B", "NYSE", "416.28", "419.13");
    addListing("XLF", "Financial Select Sector SPDR Fund", "ARCA", "41.87", "41.82");
    addListing("XLE", "Energy Select Sector SPDR Fund", "ARCA", "94.61", "93.71");
    addListing("XLK", "Technology Select Sector SPDR Fund", "ARCA", "208.03", "206.55");
    addListing("SMH", "VanEck Semiconductor ETF", "NASDAQ", "224.66", "221.11");
    addListing("SIRI", "Sirius XM Holdings Inc.", "NASDAQ", "3.8200", "3.8800");
    addListing("GLD", "SPDR Gold Shares", "ARCA", "212.88", "211.17");
}

void ScriptedWorld::addListing(const char* symbol, const char* name, const char* exchange,
                               const char* last, const char* previousClose)
{
    Listing listing;
    listing.instrument.symbol = Symbol::of(symbol);
    listing.instrument.name = name;
    listing.instrument.exchange = exchange;
    listing.instrument.shortable = true;
    client::QuoteFacts& facts = listing.facts;
    facts.quote.symbol = listing.instrument.symbol;
    facts.last = Price::of(last);
    facts.previousClose = Price::of(previousClose);
    facts.quote.bid = facts.last - Price::of("0.01");
    facts.quote.ask = facts.last + Price::of("0.01");
    facts.quote.bidSize = Quantity(Decimal::fromInt(std::int64_t(100 + 100 * m_random.below(20))));
    facts.quote.askSize = Quantity(Decimal::fromInt(std::int64_t(100 + 100 * m_random.below(20))));
    facts.lastSize = Quantity::of("200");
    facts.dayOpen = facts.previousClose;
    facts.dayHigh = priceNear(std::max(facts.last, facts.previousClose).toDouble() * 1.004);
    facts.dayLow = priceNear(std::min(facts.last, facts.previousClose).toDouble() * 0.996);
    facts.volume = Quantity(Decimal::fromInt(std::int64_t(1'000'000 + m_random.below(40'000'000))));
    facts.quote.eventTime = m_clock.now() - milliseconds(40);
    facts.quote.receiveTime = m_clock.now() - milliseconds(32);
    facts.source = "scripted";
    facts.freshness = Freshness::Live;
    m_listings.push_back(std::move(listing));
}

ScriptedWorld::Listing* ScriptedWorld::findListing(const Symbol& symbol)
{
    return const_cast<Listing*>(std::as_const(*this).findListing(symbol));
}

const ScriptedWorld::Listing* ScriptedWorld::findListing(const Symbol& symbol) const
{
    const auto found = std::find_if(m_listings.begin(), m_listings.end(), [&](const Listing& one) {
        return one.instrument.symbol == symbol;
    });
    return found == m_listings.end() ? nullptr : &*found;
}

std::vector<Symbol> ScriptedWorld::symbols() const
{
    std::vector<Symbol> all;
    for (const Listing& listing : m_listings) all.push_back(listing.instrument.symbol);
    return all;
}

std::vector<Instrument> ScriptedWorld::find(const std::string& query, int limit) const
{
    const std::string wanted = upper(query);
    std::vector<std::pair<int, Instrument>> matches;
    for (const Listing& listing : m_listings) {
        const std::string& symbol = listing.instrument.symbol.text();
        int rank = -1;
        if (symbol == wanted) rank = 0;
        else if (symbol.starts_with(wanted)) rank = 1;
        else if (upper(listing.instrument.name).find(wanted) != std::string::npos) rank = 2;
        if (rank >= 0) matches.emplace_back(rank, listing.instrument);
    }
    std::stable_sort(matches.begin(), matches.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<Instrument> found;
    for (const auto& [rank, instrument] : matches) {
        if (int(found.size()) < limit) found.push_back(instrument);
    }
    return found;
}

std::optional<client::QuoteFacts> ScriptedWorld::quote(const Symbol& symbol) const
{
    const Listing* listing = findListing(symbol);
    return listing ? std::optional(listing->facts) : std::nullopt;
}

client::BarSeries ScriptedWorld::bars(const Symbol& symbol, BarInterval interval, int limit) const
{
    client::BarSeries series;
    series.symbol = symbol;
    series.interval = interval;
    series.source = "scripted";
    const Listing* listing = findListing(symbol);
    if (!listing) return series;
    const Duration length = lengthOf(interval);
    const bool daily = interval == BarInterval::Day1;
    Timestamp start = Timestamp::fromNanos(m_clock.now().nanos() / length.count() * length.count());
    runtime::SeededRandom random(m_seed ^ std::hash<Symbol>{}(symbol) ^ std::uint64_t(length.count()));
    const double scale = std::sqrt(double(length.count()) / 6e10) * 0.00042;
    double close = listing->facts.last.toDouble();
    double drift = 0;
    const Calendar& calendar = Calendar::nyse();
    int guard = limit * 12 + 5000;
    while (int(series.bars.size()) < limit && --guard > 0) {
        const SessionPhase phase = daily ? SessionPhase::Regular : calendar.phase(start);
        if (phase == SessionPhase::Closed) {
            start = start - length;
            continue;
        }
        const bool regular = phase == SessionPhase::Regular;
        const double noise = random.uniform() + random.uniform() + random.uniform() - 1.5;
        drift = drift * 0.94 + (random.uniform() - 0.5) * 0.35;
        const double size = close * scale * (regular ? 1.0 : 0.55);
        const double open = close - (noise + drift * 0.8) * size;
        const double top = std::max(open, close) + random.uniform() * size * 0.8;
        const double low = std::min(open, close) - random.uniform() * size * 0.8;
        Bar bar;
        bar.start = start;
        bar.open = priceNear(open);
        bar.close = priceNear(close);
        bar.high = priceNear(top);
        bar.low = priceNear(low);
        const double volume = (regular ? 42'000 : 2'600) * (0.3 + random.uniform() * 1.7);
        bar.volume = Quantity(Decimal::fromInt(std::int64_t(volume)));
        bar.tradeCount = 120;
        series.bars.push_back(bar);
        close = open + (random.uniform() - 0.5) * size * 0.1;
        start = start - length;
    }
    std::reverse(series.bars.begin(), series.bars.end());
    return series;
}

client::StatusReport ScriptedWorld::status() const
{
    client::StatusReport report;
    client::FeedFacts feed;
    feed.name = "feed.alpaca";
    feed.connected = true;
    feed.age = milliseconds(8);
    feed.freshness = Freshness::Live;
    report.feeds = {feed};
    client::BrokerFacts broker;
    broker.name = "broker.alpaca";
    broker.connected = true;
    broker.breaker = "closed";
    broker.latencyMs = 11;
    broker.rateRemaining = 187;
    report.brokers = {broker};
    report.market = snapshot().market;
    return report;
}

client::OrderPreview ScriptedWorld::preview(const OrderRequest& order) const
{
    client::OrderPreview preview;
    const Listing* listing = findListing(order.symbol);
    const Price last = listing ? listing->facts.last : Price();
    const Price price = order.limitPrice.value_or(order.stopPrice.value_or(last));
    const auto account = snapshot().account;
    preview.notional = notional(price, order.quantity);
    preview.buyingPowerBefore = account->snapshot.buyingPower;
    preview.buyingPowerAfter = order.side == Side::Buy
                                   ? preview.buyingPowerBefore - preview.notional
                                   : preview.buyingPowerBefore + preview.notional;
    for (const client::PositionFacts& held : snapshot().positions) {
        if (held.position.symbol == order.symbol) preview.positionAfter = held.position.quantity;
    }
    preview.positionAfter += order.side == Side::Buy ? order.quantity : -order.quantity;
    const bool affordable = !preview.buyingPowerAfter.isNegative();
    const double away = last.isZero() ? 0 : std::abs(price.toDouble() / last.toDouble() - 1);
    preview.checks = {
        {"risk.trading_active", "Trading is active", {}, true, false},
        {"risk.instrument_tradable", "Instrument tradable", {}, true, false},
        {"risk.market_data_fresh", "Market data fresh", {}, true, false},
        {"risk.buying_power", "Buying power",
         affordable ? "" : "needs more than the account has", affordable, false},
        {"risk.position_limit", "Position limit", {}, true, false},
        {"risk.order_rate", "Order rate", {}, true, false},
        {"precaution.percent_off_market", "Price near market",
         away > 0.05 ? "the price is more than 5% from the last trade" : "", away <= 0.05, true}};
    preview.freshness = Freshness::Live;
    return preview;
}

client::MarketBatch ScriptedWorld::step(int updates)
{
    client::MarketBatch batch;
    for (int i = 0; i < updates; ++i) {
        Listing& listing = m_listings[std::size_t(m_random.below(m_listings.size()))];
        client::QuoteFacts& facts = listing.facts;
        const Price tick = tickFor(listing.instrument, facts.last);
        const bool up = m_random.below(2) == 0;
        facts.last = up ? facts.last + tick : facts.last - tick;
        facts.quote.bid = facts.last - tick;
        facts.quote.ask = facts.last + tick;
        facts.volume += Quantity::of("100");
        facts.quote.eventTime = m_clock.now() - milliseconds(9);
        facts.quote.receiveTime = m_clock.now() - milliseconds(4);
        client::QuoteTick quote;
        quote.symbol = facts.quote.symbol;
        quote.bid = facts.quote.bid;
        quote.ask = facts.quote.ask;
        quote.bidSize = facts.quote.bidSize;
        quote.askSize = facts.quote.askSize;
        quote.last = facts.last;
        quote.lastSize = Quantity::of("100");
        quote.volume = facts.volume;
        quote.eventTime = facts.quote.eventTime;
        quote.receiveTime = facts.quote.receiveTime;
        quote.freshness = Freshness::Live;
        batch.quotes.push_back(std::move(quote));
    }
    return batch;
}

} // namespace qd::ui
