#include "services/client/market_rows.h"

namespace qd::client {

namespace {

/// `[symbol,bid,ask,bidSize,askSize,last,lastSize,volume,eventMs,receiveMs,freshness]`
void readQuoteRow(FieldReader& read, const json::Value& row, std::vector<QuoteTick>& quotes)
{
    QuoteTick tick;
    tick.freshness = Freshness::NoData;
    if (read.row(row.items(), "quotes", tick.symbol, tick.bid, tick.ask, tick.bidSize,
                 tick.askSize, tick.last, tick.lastSize, tick.volume, Millis{tick.eventTime},
                 Millis{tick.receiveTime}, tick.freshness))
        quotes.push_back(std::move(tick));
}

/// `[symbol,price,size,eventMs]`
void readTradeRow(FieldReader& read, const json::Value& row, std::vector<Trade>& trades)
{
    Trade trade;
    if (read.row(row.items(), "trades", trade.symbol, trade.price, trade.size,
                 Millis{trade.eventTime}))
        trades.push_back(std::move(trade));
}

/// `[symbol,interval,startMs,o,h,l,c,v,closed]`
void readBarRow(FieldReader& read, const json::Value& row, std::vector<BarTick>& bars)
{
    BarTick tick;
    auto& bar = tick.bar;
    const auto cells = row.items();
    const bool isWhole = read.row(cells, "bars", tick.symbol, tick.interval, Millis{bar.start},
                                  bar.open, bar.high, bar.low, bar.close, bar.volume, tick.closed);
    if (isWhole && read.word(cells[1], tick.interval).empty()) bars.push_back(std::move(tick));
}

} // namespace

bool readBarCells(FieldReader& read, const std::vector<json::Value>& cells, Bar& bar)
{
    return read.row(cells, "bars", Millis{bar.start}, bar.open, bar.high, bar.low, bar.close,
                    bar.volume);
}

MarketFrame readMarketFrame(FieldReader& read, const json::Value& root)
{
    MarketFrame frame;
    frame.sequence = read.sequence(root["sequence"]);
    read.members(root, "snapshot", frame.isPicture, "conflated", frame.conflated);
    const auto quotes = root["quotes"], trades = root["trades"], bars = root["bars"];
    frame.quotes.reserve(quotes.size());
    for (const auto& row : quotes.items()) readQuoteRow(read, row, frame.quotes);
    frame.trades.reserve(trades.size());
    for (const auto& row : trades.items()) readTradeRow(read, row, frame.trades);
    frame.bars.reserve(bars.size());
    for (const auto& row : bars.items()) readBarRow(read, row, frame.bars);
    return frame;
}

} // namespace qd::client
