#include "services/client/facts_json.h"

namespace qd::client {

namespace {

Result<Severity> parseSeverity(std::string_view text)
{
    if (text == "warning") return Severity::Warning;
    if (text == "critical") return Severity::Critical;
    return Severity::Info; // what a newer backend may call it is told all the same
}

FeedFacts readFeed(FieldReader& read, const json::Value& value)
{
    FeedFacts feed;
    feed.name = read.text(value["name"]);
    feed.connected = read.flag(value["connected"]);
    feed.age = std::chrono::milliseconds(read.integer(value["ageMs"]));
    feed.freshness = read.word(value["freshness"], parseFreshness, Freshness::NoData);
    feed.nextAttempt = read.time(value["nextAttempt"]);
    feed.reason = read.text(value["reason"]);
    return feed;
}

BrokerFacts readBroker(FieldReader& read, const json::Value& value)
{
    BrokerFacts broker;
    broker.name = read.text(value["name"]);
    broker.connected = read.flag(value["connected"]);
    broker.breaker = read.text(value["breaker"]);
    broker.latencyMs = read.number(value["latencyMs"]);
    broker.rateRemaining = read.integer(value["rateRemaining"], -1);
    broker.nextAttempt = read.time(value["nextAttempt"]);
    broker.reason = read.text(value["reason"]);
    return broker;
}

/// `[startMs,"o","h","l","c","v",tradeCount]`
Bar readBar(FieldReader& read, const json::Value& row)
{
    const auto cells = row.items();
    Bar bar;
    if (cells.size() < 6) {
        read.note({ErrorKind::Invalid, "client.bar", "expected a row of 6 or 7 values", "bars"});
        return bar;
    }
    bar.start = read.millis(cells[0]);
    bar.open = read.price(cells[1]);
    bar.high = read.price(cells[2]);
    bar.low = read.price(cells[3]);
    bar.close = read.price(cells[4]);
    bar.volume = read.quantity(cells[5]);
    if (cells.size() > 6) bar.tradeCount = read.integer(cells[6]);
    return bar;
}

} // namespace

MarketFacts readMarket(FieldReader& read, const json::Value& value)
{
    MarketFacts facts;
    facts.calendar = read.text(value["calendar"]);
    facts.phase = read.word(value["phase"], parseSessionPhase, SessionPhase::Closed);
    facts.opensAt = read.time(value["opensAt"]);
    facts.closesAt = read.time(value["closesAt"]);
    facts.now = read.time(value["now"]);
    facts.earlyClose = read.flag(value["earlyClose"]);
    return facts;
}

Notice readNotice(FieldReader& read, const json::Value& value, Timestamp time)
{
    Notice notice;
    notice.severity = read.word(value["severity"], parseSeverity, Severity::Info);
    notice.title = read.text(value["title"]);
    notice.text = read.text(value["text"]);
    notice.time = time;
    return notice;
}

StatusReport readStatus(FieldReader& read, const json::Value& value)
{
    StatusReport report;
    report.feeds = readAll(read, value["feeds"], readFeed);
    report.brokers = readAll(read, value["brokers"], readBroker);
    report.queuedDb = read.integer(value["queue"]["db"]);
    report.queuedCore = read.integer(value["queue"]["core"]);
    if (!value["market"].isAbsent()) report.market = readMarket(read, value["market"]);
    return report;
}

QuoteFacts readQuote(FieldReader& read, const json::Value& value)
{
    QuoteFacts facts;
    facts.quote.symbol = read.take(Symbol::parse(value["symbol"].stringOr({})));
    facts.quote.bid = read.price(value["bid"]);
    facts.quote.ask = read.price(value["ask"]);
    facts.quote.bidSize = read.quantity(value["bidSize"]);
    facts.quote.askSize = read.quantity(value["askSize"]);
    facts.quote.eventTime = read.time(value["eventTime"]);
    facts.quote.receiveTime = read.time(value["receiveTime"]);
    facts.last = read.price(value["last"]);
    facts.lastSize = read.quantity(value["lastSize"]);
    facts.previousClose = read.price(value["previousClose"]);
    facts.dayOpen = read.price(value["dayOpen"]);
    facts.dayHigh = read.price(value["dayHigh"]);
    facts.dayLow = read.price(value["dayLow"]);
    facts.volume = read.quantity(value["volume"]);
    facts.source = read.text(value["source"]);
    facts.feedClass = read.word(value["feedClass"], parseFeedClass, FeedClass::Simulated);
    facts.freshness = read.word(value["freshness"], parseFreshness, Freshness::NoData);
    return facts;
}

Instrument readInstrument(FieldReader& read, const json::Value& value)
{
    Instrument instrument;
    instrument.symbol = read.take(Symbol::parse(value["symbol"].stringOr({})));
    instrument.name = read.text(value["name"]);
    instrument.exchange = read.text(value["exchange"]);
    instrument.assetClass = read.word(value["assetClass"], parseAssetClass, AssetClass::Equity);
    instrument.tradable = read.flag(value["tradable"], true);
    instrument.fractionable = read.flag(value["fractionable"]);
    instrument.shortable = read.flag(value["shortable"]);
    instrument.marginable = read.flag(value["marginable"]);
    if (const auto tick = read.price(value["tick"]); tick.isPositive()) instrument.tick = tick;
    if (const auto lot = read.quantity(value["lotSize"]); lot.isPositive())
        instrument.lotSize = lot;
    if (const auto least = read.quantity(value["minQuantity"]); least.isPositive())
        instrument.minQuantity = least;
    return instrument;
}

OrderPreview readPreview(FieldReader& read, const json::Value& value)
{
    OrderPreview preview;
    preview.notional = read.money(value["notional"]);
    preview.estimatedFee = read.money(value["estimatedFee"]);
    preview.buyingPowerBefore = read.money(value["buyingPowerBefore"]);
    preview.buyingPowerAfter = read.money(value["buyingPowerAfter"]);
    preview.positionAfter = read.quantity(value["positionAfter"]);
    preview.freshness = read.word(value["freshness"], parseFreshness, Freshness::NoData);
    for (const auto& item : value["checks"].items()) {
        PreviewCheck check;
        check.code = read.text(item["code"]);
        check.title = read.text(item["title"]);
        check.detail = read.text(item["detail"]);
        check.passed = read.flag(item["passed"]);
        check.asks = item["severity"].stringOr({}) == "confirm";
        preview.checks.push_back(std::move(check));
    }
    return preview;
}

BarSeries readBars(FieldReader& read, const json::Value& value)
{
    BarSeries series;
    series.symbol = read.take(Symbol::parse(value["symbol"].stringOr({})));
    series.interval = read.take(parseBarInterval(value["interval"].stringOr({})));
    series.bars = readAll(read, value["bars"], readBar);
    series.source = read.text(value["source"]);
    series.adjusted = read.flag(value["adjusted"]);
    return series;
}

TimelineEvent readTimelineEvent(FieldReader& read, const json::Value& value)
{
    TimelineEvent event;
    event.sequence = read.sequence(value["sequence"]);
    event.time = read.time(value["time"]);
    event.eventTime = read.time(value["eventTime"]);
    event.kind = read.text(value["kind"]);
    event.actor = read.text(value["actor"]);
    event.traceId = read.text(value["traceId"]);
    event.detail = pairsOf(value["detail"]);
    return event;
}

std::string pairsOf(const json::Value& object)
{
    std::string pairs;
    for (const auto& member : object.members()) {
        const bool nested = member.value.isObject() || member.value.isArray();
        if (member.value.isAbsent() || (nested && member.value.size() == 0)) continue;
        const std::string text =
            member.value.isString() ? std::string(member.value.stringOr({})) : member.value.dump();
        if (text.empty()) continue;
        if (!pairs.empty()) pairs += ", ";
        pairs.append(member.key).append(": ").append(text);
    }
    return pairs;
}

} // namespace qd::client
