#include "services/sandbox/tradier/market_stream.h"

#include <algorithm>

namespace qd::sandbox::tradier {

namespace {

/// Sizes of quotes are told in round lots.
std::int64_t lotsOf(Quantity size)
{
    return size.units() / Decimal::kOne / 100;
}

std::string_view venueText(const char& venue)
{
    return {&venue, 1};
}

std::string quoteEvent(const exchange::QuoteTick& quote, const std::string& symbol)
{
    json::Writer out;
    const std::string date = std::to_string(quote.time.millis());
    out.beginObject().member("type", "quote").member("symbol", symbol);
    out.key("bid").number(quote.bid.value()).member("bidsz", lotsOf(quote.bidSize));
    out.member("bidexch", venueText(quote.bidVenue)).member("biddate", date);
    out.key("ask").number(quote.ask.value()).member("asksz", lotsOf(quote.askSize));
    out.member("askexch", venueText(quote.askVenue)).member("askdate", date).endObject();
    return out.take();
}

std::string tradeEvent(const exchange::TradeTick& trade, const std::string& symbol, Quantity volume)
{
    json::Writer out;
    out.beginObject().member("type", "trade").member("symbol", symbol);
    out.member("exch", venueText(trade.venue)).member("price", trade.price);
    out.member("size", trade.size).member("cvol", volume);
    out.member("date", std::to_string(trade.time.millis())).member("last", trade.price).endObject();
    return out.take();
}

std::string timesaleEvent(const exchange::TradeTick& trade, const std::string& symbol,
                          const std::optional<exchange::QuoteTick>& quote, std::int64_t sequence)
{
    json::Writer out;
    out.beginObject().member("type", "timesale").member("symbol", symbol);
    out.member("exch", venueText(trade.venue)).member("bid", quote ? quote->bid : Price());
    out.member("ask", quote ? quote->ask : Price()).member("last", trade.price);
    out.member("size", trade.size).member("date", std::to_string(trade.time.millis()));
    out.member("seq", sequence).member("flag", "").member("cancel", false);
    out.member("correction", false).member("session", "normal").endObject();
    return out.take();
}

exchange::InstrumentIndex indexOf(const exchange::MarketEvent& event)
{
    return std::visit([](const auto& tick) { return tick.instrument; }, event);
}

} // namespace

MarketStream::MarketStream(alpaca::Desk& desk, const alpaca::KeyRing& keys)
    : m_desk(desk),
      m_sessions(
          desk, keys,
          [this](EventSessions::SocketId id, const EventSessions::Listener&, const json::Value& asked) {
              want(id, asked);
          },
          [this](EventSessions::SocketId id) { m_wishes.erase(id); })
{
}

/// Everything that was wanted before is forgotten.
void MarketStream::want(EventSessions::SocketId id, const json::Value& asked)
{
    Wishes wishes;
    for (const json::Value& name : asked["symbols"].items()) {
        const auto symbol = parseSymbol(name.stringOr(""));
        const auto index = symbol ? m_desk.exchange.find(*symbol) : std::nullopt;
        if (index)
            wishes.instruments.insert(*index);
    }
    const bool all = asked["filter"].isAbsent();
    wishes.quotes = wishes.trades = wishes.timesales = wishes.summaries = all;
    for (const json::Value& filter : asked["filter"].items()) {
        const auto word = filter.stringOr("");
        wishes.quotes = wishes.quotes || word == "quote";
        wishes.trades = wishes.trades || word == "trade";
        wishes.timesales = wishes.timesales || word == "timesale";
        wishes.summaries = wishes.summaries || word == "summary";
    }
    wishes.lines = asked["linebreak"].booleanOr(false);
    std::vector<std::string> events;
    if (wishes.summaries)
        for (const auto index : wishes.instruments)
            if (auto text = summary(index); !text.empty())
                events.push_back(std::move(text));
    m_wishes[id] = wishes;
    tell(id, wishes, events);
}

std::string MarketStream::summary(exchange::InstrumentIndex instrument) const
{
    const auto snapshot = m_desk.exchange.snapshot(instrument);
    if (!snapshot.dailyBar)
        return {};
    json::Writer out;
    out.beginObject().member("type", "summary");
    out.member("symbol", symbolText(m_desk.exchange.instruments()[instrument].symbol));
    out.member("open", snapshot.dailyBar->open).member("high", snapshot.dailyBar->high);
    out.member("low", snapshot.dailyBar->low);
    out.member("prevClose", snapshot.previousDailyBar ? snapshot.previousDailyBar->close : Price());
    out.endObject();
    return out.take();
}

void MarketStream::tell(EventSessions::SocketId id, const Wishes& wishes,
                        const std::vector<std::string>& events)
{
    std::string lines;
    for (const std::string& event : events) {
        if (wishes.lines)
            lines.append(event).append("\n");
        else
            m_sessions.send(id, event);
    }
    if (!lines.empty())
        m_sessions.send(id, lines);
}

std::vector<std::string> MarketStream::eventsFor(const Wishes& wishes,
                                                 const exchange::MarketBatch& batch)
{
    std::vector<std::string> events;
    for (const exchange::MarketEvent& event : batch) {
        const auto index = indexOf(event);
        if (!wishes.instruments.contains(index))
            continue;
        const std::string symbol = symbolText(m_desk.exchange.instruments()[index].symbol);
        FaultSubject subject;
        subject.symbol = symbol;
        const auto* quote = std::get_if<exchange::QuoteTick>(&event);
        const auto* trade = std::get_if<exchange::TradeTick>(&event);
        if ((!quote && !trade) || m_desk.strike("stale_symbol", subject))
            continue;
        if (quote && wishes.quotes)
            events.push_back(quoteEvent(*quote, symbol));
        if (!trade)
            continue;
        const auto snapshot = m_desk.exchange.snapshot(index);
        if (wishes.trades)
            events.push_back(tradeEvent(*trade, symbol,
                                        snapshot.dailyBar ? snapshot.dailyBar->volume : trade->size));
        if (wishes.timesales)
            events.push_back(timesaleEvent(*trade, symbol, snapshot.quote, m_sequence++));
    }
    return events;
}

void MarketStream::publish(const exchange::MarketBatch& batch)
{
    if (m_wishes.empty() || batch.empty())
        return;
    const auto wishes = m_wishes; // sending may close
    for (const auto& [id, wanted] : wishes)
        tell(id, wanted, eventsFor(wanted, batch));
    FaultSubject stream;
    stream.stream = "data";
    if (const auto fault = m_desk.strike("disconnect", stream))
        m_sessions.disconnect(fault->keyId);
}

} // namespace qd::sandbox::tradier
