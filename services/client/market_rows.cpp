#include "services/client/market_rows.h"

namespace qd::client {

namespace {

constexpr std::size_t kQuoteColumns = 11, kTradeColumns = 4, kBarColumns = 9;

bool hasColumns(FieldReader& read, const std::vector<json::Value>& cells, std::size_t columns)
{
    if (cells.size() >= columns) return true;
    read.note({ErrorKind::Invalid, "client.row",
               "expected a row of " + std::to_string(columns) + " values, was " +
                   std::to_string(cells.size()),
               {}});
    return false;
}

/// `[symbol,bid,ask,bidSize,askSize,last,lastSize,volume,eventMs,receiveMs,freshness]`
void readQuoteRow(FieldReader& read, const json::Value& row, std::vector<QuoteTick>& quotes)
{
    const auto cells = row.items();
    if (!hasColumns(read, cells, kQuoteColumns)) return;
    auto& tick = quotes.emplace_back();
    tick.symbol = read.take(Symbol::parse(cells[0].stringOr({})));
    tick.bid = read.price(cells[1]);
    tick.ask = read.price(cells[2]);
    tick.bidSize = read.quantity(cells[3]);
    tick.askSize = read.quantity(cells[4]);
    tick.last = read.price(cells[5]);
    tick.lastSize = read.quantity(cells[6]);
    tick.volume = read.quantity(cells[7]);
    tick.eventTime = read.millis(cells[8]);
    tick.receiveTime = read.millis(cells[9]);
    tick.freshness = read.word(cells[10], parseFreshness, Freshness::NoData);
}

/// `[symbol,price,size,eventMs]`
void readTradeRow(FieldReader& read, const json::Value& row, std::vector<Trade>& trades)
{
    const auto cells = row.items();
    if (!hasColumns(read, cells, kTradeColumns)) return;
    auto& trade = trades.emplace_back();
    trade.symbol = read.take(Symbol::parse(cells[0].stringOr({})));
    trade.price = read.price(cells[1]);
    trade.size = read.quantity(cells[2]);
    trade.eventTime = read.millis(cells[3]);
}

/// `[symbol,interval,startMs,o,h,l,c,v,closed]`
void readBarRow(FieldReader& read, const json::Value& row, std::vector<BarTick>& bars)
{
    const auto cells = row.items();
    if (!hasColumns(read, cells, kBarColumns)) return;
    auto& tick = bars.emplace_back();
    tick.symbol = read.take(Symbol::parse(cells[0].stringOr({})));
    tick.interval = read.take(parseBarInterval(cells[1].stringOr({})));
    tick.bar.start = read.millis(cells[2]);
    tick.bar.open = read.price(cells[3]);
    tick.bar.high = read.price(cells[4]);
    tick.bar.low = read.price(cells[5]);
    tick.bar.close = read.price(cells[6]);
    tick.bar.volume = read.quantity(cells[7]);
    tick.closed = read.flag(cells[8]);
}

} // namespace

MarketFrame readMarketFrame(FieldReader& read, const json::Value& root)
{
    MarketFrame frame;
    frame.sequence = read.sequence(root["sequence"]);
    frame.isPicture = read.flag(root["snapshot"]);
    frame.conflated = read.integer(root["conflated"]);
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
