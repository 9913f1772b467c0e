#include "services/client/facts_json.h"
#include "services/client/market_rows.h"

namespace qd::client {

namespace {

FeedFacts readFeed(FieldReader& read, const json::Value& value)
{
    FeedFacts feed;
    std::chrono::milliseconds age{};
    read.members(value, "name", feed.name, "connected", feed.connected, "ageMs", age,
                 "freshness", feed.freshness, "nextAttempt", feed.nextAttempt, "reason",
                 feed.reason);
    feed.age = age;
    return feed;
}

BrokerFacts readBroker(FieldReader& read, const json::Value& value)
{
    BrokerFacts broker;
    read.members(value, "name", broker.name, "connected", broker.connected, "breaker",
                 broker.breaker, "latencyMs", broker.latencyMs, "rateRemaining",
                 broker.rateRemaining, "nextAttempt", broker.nextAttempt, "reason",
                 broker.reason, "code", broker.code, "sessionTaken",
                 broker.sessionTaken);
    return broker;
}

PreviewCheck readCheck(FieldReader& read, const json::Value& value)
{
    PreviewCheck check;
    check.passed = false;
    read.members(value, "code", check.code, "title", check.title, "detail", check.detail,
                 "passed", check.passed);
    check.asks = value["severity"].stringOr({}) == "confirm";
    return check;
}

/// `[startMs,"o","h","l","c","v",tradeCount]`
Bar readBar(FieldReader& read, const json::Value& row)
{
    const auto cells = row.items();
    Bar bar;
    if (readBarCells(read, cells, bar) && cells.size() > 6) read.read(cells[6], bar.tradeCount);
    return bar;
}

} // namespace

MarketFacts readMarket(FieldReader& read, const json::Value& value)
{
    MarketFacts facts;
    read.members(value, "calendar", facts.calendar, "phase", facts.phase, "opensAt",
                 facts.opensAt, "closesAt", facts.closesAt, "now", facts.now, "earlyClose",
                 facts.earlyClose, "alwaysOpen", facts.alwaysOpen);
    return facts;
}

Notice readNotice(FieldReader& read, const json::Value& value, Timestamp time)
{
    Notice notice;
    read.members(value, "severity", notice.severity, "title", notice.title, "text", notice.text);
    notice.time = time;
    return notice;
}

StatusReport readStatus(FieldReader& read, const json::Value& value)
{
    StatusReport report;
    report.feeds = readAll(read, value["feeds"], readFeed);
    report.brokers = readAll(read, value["brokers"], readBroker);
    read.members(value["queue"], "db", report.queuedDb, "core", report.queuedCore);
    if (!value["market"].isAbsent()) report.market = readMarket(read, value["market"]);
    return report;
}

QuoteFacts readQuote(FieldReader& read, const json::Value& value)
{
    QuoteFacts facts;
    auto& quote = facts.quote;
    read.members(value, "symbol", quote.symbol, "bid", quote.bid, "ask", quote.ask, "bidSize",
                 quote.bidSize, "askSize", quote.askSize, "eventTime", quote.eventTime,
                 "receiveTime", quote.receiveTime, "last", facts.last, "lastSize", facts.lastSize,
                 "previousClose", facts.previousClose, "dayOpen", facts.dayOpen, "dayHigh",
                 facts.dayHigh, "dayLow", facts.dayLow, "volume", facts.volume, "source",
                 facts.source, "feedClass", facts.feedClass, "freshness", facts.freshness);
    return facts;
}

Instrument readInstrument(FieldReader& read, const json::Value& value)
{
    Instrument instrument;
    Price tick;
    Quantity lot, least;
    read.members(value, "symbol", instrument.symbol, "name", instrument.name, "exchange",
                 instrument.exchange, "assetClass", instrument.assetClass, "tradable",
                 instrument.tradable, "fractionable", instrument.fractionable, "shortable",
                 instrument.shortable, "marginable", instrument.marginable, "tick", tick,
                 "lotSize", lot, "minQuantity", least);
    if (tick.isPositive()) instrument.tick = tick;
    if (lot.isPositive()) instrument.lotSize = lot;
    if (least.isPositive()) instrument.minQuantity = least;
    return instrument;
}

OrderPreview readPreview(FieldReader& read, const json::Value& value)
{
    OrderPreview preview;
    read.members(value, "notional", preview.notional, "estimatedFee", preview.estimatedFee,
                 "buyingPowerBefore", preview.buyingPowerBefore, "buyingPowerAfter",
                 preview.buyingPowerAfter, "positionAfter", preview.positionAfter, "freshness",
                 preview.freshness);
    preview.checks = readAll(read, value["checks"], readCheck);
    return preview;
}

BarSeries readBars(FieldReader& read, const json::Value& value)
{
    BarSeries series;
    read.members(value, "symbol", series.symbol, "source", series.source, "adjusted",
                 series.adjusted);
    if (const auto odd = read.word(value["interval"], series.interval); !odd.empty())
        read.note({ErrorKind::Invalid, "client.bars", "bars of an unknown interval: " + odd,
                   "interval"});
    series.bars = readAll(read, value["bars"], readBar);
    return series;
}

} // namespace qd::client
