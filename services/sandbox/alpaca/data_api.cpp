#include "services/sandbox/alpaca/data_api.h"

#include <algorithm>

#include <fmt/format.h>

#include "services/sandbox/alpaca/data_json.h"
#include "services/sandbox/alpaca/text.h"

namespace qd::sandbox::alpaca {

namespace {

constexpr std::size_t kTradesKept = 10'000, kQuotesKept = 10'000;

std::string_view listName(bool bars, bool trades)
{
    return bars ? "bars" : trades ? "trades" : "quotes";
}

std::string_view singleName(bool bars, bool trades)
{
    return bars ? "bar" : trades ? "trade" : "quote";
}

} // namespace

bool DataApi::serves(const wire::Target& target)
{
    const auto& path = target.segments;
    return path.size() >= 2
        && ((path[0] == "v2" && path[1] == "stocks")
            || (path[0] == "v1beta3" && path[1] == "crypto")
            || (path[0] == "v1beta1" && (path[1] == "news" || path[1] == "options")));
}

wire::HttpResponse DataApi::answer(const ApiRequest& request)
{
    if (request.method != "GET")
        return notServed();
    if (request.path()[1] == "news")
        return jsonAnswer(R"({"news":[],"next_page_token":null})");
    if (request.path()[1] == "options")
        return answerOptions(request);
    return request.path()[1] == "stocks" ? answerStocks(request) : answerCrypto(request);
}

wire::HttpResponse DataApi::answerStocks(const ApiRequest& request)
{
    // /v2/stocks/bars[/latest] for many, /v2/stocks/{symbol}/bars[/latest] for one.
    const auto& path = request.path();
    if (path.size() >= 4 && path[2] == "meta")
        return meta(request);
    const auto isSubject = [](const std::string& word) {
        return word == "bars" || word == "trades" || word == "quotes" || word == "snapshots";
    };
    const bool many = path.size() >= 3 && isSubject(path[2]);
    const std::size_t at = many ? 2 : 3;
    if (path.size() <= at || path.size() > at + 2)
        return notServed();
    const Symbols symbols = many ? splitList(request.query("symbols")) : Symbols{path[2]};
    if (symbols.empty())
        return errorAnswer(400, 40010000, "symbols is required");
    const std::string& subject = path[at];
    if (subject == "snapshots" || subject == "snapshot")
        return snapshots(symbols, !many, /*wrapped=*/false);
    const bool latestOnly = path.size() == at + 2 && path[at + 1] == "latest";
    if (!isSubject(subject) || (path.size() == at + 2 && !latestOnly))
        return notServed();
    const Kind kind = subject == "bars" ? Kind::Bars
        : subject == "trades"           ? Kind::Trades
                                        : Kind::Quotes;
    return latestOnly ? latest(kind, symbols, !many) : history(request, kind, symbols, !many);
}

wire::HttpResponse DataApi::answerCrypto(const ApiRequest& request)
{
    // /v1beta3/crypto/{loc}/bars and /v1beta3/crypto/{loc}/latest/bars
    const auto& path = request.path();
    if (path.size() < 4 || path.size() > 5 || path[2] != "us")
        return notServed();
    const Symbols symbols = splitList(request.query("symbols"));
    if (symbols.empty())
        return errorAnswer(400, 40010000, "symbols is required");
    const bool latestOnly = path.size() == 5;
    const std::string& subject = path.back();
    if (latestOnly && path[3] != "latest")
        return notServed();
    if (subject == "snapshots" && !latestOnly)
        return snapshots(symbols, /*single=*/false, /*wrapped=*/true);
    if (subject == "orderbooks" && latestOnly)
        return orderBooks(symbols);
    if (subject != "bars" && subject != "trades" && subject != "quotes")
        return notServed();
    const Kind kind = subject == "bars" ? Kind::Bars
        : subject == "trades"           ? Kind::Trades
                                        : Kind::Quotes;
    return latestOnly ? latest(kind, symbols, false) : history(request, kind, symbols, false);
}

std::vector<DataApi::Entry> DataApi::entries(Kind kind, exchange::InstrumentIndex instrument,
                                             const Timeframe& timeframe, Timestamp from,
                                             Timestamp to, std::size_t limit,
                                             bool newestFirst) const
{
    const exchange::Exchange& exchange = m_desk.exchange;
    const Instrument& subject = exchange.instruments()[instrument];
    std::vector<Entry> found;
    const auto add = [&](Timestamp time, auto writeFields) {
        json::Writer out;
        out.beginObject();
        writeFields(out);
        out.endObject();
        found.push_back({time, out.take()});
    };
    if (kind == Kind::Bars) {
        for (const Bar& bar : barsOf(exchange, instrument, timeframe, from, to, limit, newestFirst))
            add(bar.start, [&](json::Writer& out) { writeBarFields(out, bar); });
        return found;
    }
    if (kind == Kind::Trades) {
        for (const auto& trade : exchange.recentTrades(instrument, kTradesKept))
            if (trade.time >= from && trade.time <= to)
                add(trade.time, [&](json::Writer& out) { writeTradeFields(out, trade, subject); });
    } else {
        for (const auto& quote : exchange.recentQuotes(instrument, kQuotesKept))
            if (quote.time >= from && quote.time <= to)
                add(quote.time, [&](json::Writer& out) { writeQuoteFields(out, quote, subject); });
    }
    if (newestFirst)
        std::reverse(found.begin(), found.end());
    if (found.size() > limit)
        found.resize(limit);
    return found;
}

wire::HttpResponse DataApi::history(const ApiRequest& request, Kind kind, const Symbols& symbols,
                                    bool single)
{
    auto query = readHistoryQuery(request, m_desk.exchange, symbols);
    if (!query)
        return errorAnswer(query.error());
    std::optional<Timeframe> timeframe = Timeframe();
    if (kind == Kind::Bars)
        timeframe = Timeframe::parse(request.query("timeframe"));
    if (!timeframe)
        return errorAnswer(400, 40010000,
                           fmt::format("invalid timeframe: {}", request.query("timeframe")));
    const auto place = decodePlace(query->pageToken);
    std::optional<PagePlace> next;
    std::size_t left = query->limit;
    json::Writer lists;
    lists.beginObject();
    std::string only = "[]";
    for (const exchange::InstrumentIndex index : query->instruments) {
        const std::string& symbol = m_desk.exchange.instruments()[index].symbol.text();
        if (next || (place && symbol < place->symbol))
            continue;
        const bool resumed = place && symbol == place->symbol;
        const Timestamp from = resumed && !query->newestFirst ? place->time : query->start;
        const Timestamp to = resumed && query->newestFirst ? place->time : query->end;
        const auto found =
            entries(kind, index, *timeframe, from, to, left + 1, query->newestFirst);
        json::Writer list;
        list.beginArray();
        for (std::size_t i = 0; i < std::min(found.size(), left); ++i)
            list.raw(found[i].json);
        list.endArray();
        if (found.size() > left)
            next = PagePlace{symbol, found[left].time};
        if (!found.empty() && left > 0) {
            lists.key(symbol).raw(list.text());
            only = list.text();
        }
        left -= std::min(found.size(), left);
    }
    lists.endObject();
    json::Writer out;
    out.beginObject().key(listName(kind == Kind::Bars, kind == Kind::Trades));
    out.raw(single ? only : lists.text());
    if (single)
        out.member("symbol", symbols.front());
    out.key("next_page_token");
    if (next)
        out.value(encodePlace(*next));
    else
        out.null();
    out.endObject();
    return jsonAnswer(out.take());
}

std::string DataApi::latestJson(Kind kind, exchange::InstrumentIndex instrument) const
{
    const auto snapshot = m_desk.exchange.snapshot(instrument);
    const Instrument& subject = m_desk.exchange.instruments()[instrument];
    json::Writer out;
    out.beginObject();
    if (kind == Kind::Bars && snapshot.minuteBar)
        writeBarFields(out, *snapshot.minuteBar);
    else if (kind == Kind::Trades && snapshot.trade)
        writeTradeFields(out, *snapshot.trade, subject);
    else if (kind == Kind::Quotes && snapshot.quote)
        writeQuoteFields(out, *snapshot.quote, subject);
    else
        return {};
    out.endObject();
    return out.take();
}

wire::HttpResponse DataApi::latest(Kind kind, const Symbols& symbols, bool single)
{
    json::Writer out;
    out.beginObject();
    if (single) {
        const auto index = findInstrument(m_desk.exchange, symbols.front());
        const std::string json = index ? latestJson(kind, *index) : std::string();
        if (json.empty())
            return errorAnswer(404, 40410000, fmt::format("no {} found for {}",
                                                          singleName(kind == Kind::Bars,
                                                                     kind == Kind::Trades),
                                                          symbols.front()));
        out.key(singleName(kind == Kind::Bars, kind == Kind::Trades)).raw(json);
        out.member("symbol", symbols.front()).endObject();
        return jsonAnswer(out.take());
    }
    out.key(listName(kind == Kind::Bars, kind == Kind::Trades)).beginObject();
    for (const std::string& symbol : symbols) {
        const auto index = findInstrument(m_desk.exchange, symbol);
        const std::string json = index ? latestJson(kind, *index) : std::string();
        if (!json.empty())
            out.key(symbol).raw(json);
    }
    out.endObject().endObject();
    return jsonAnswer(out.take());
}

wire::HttpResponse DataApi::snapshots(const Symbols& symbols, bool single, bool wrapped)
{
    json::Writer out;
    out.beginObject();
    if (wrapped)
        out.key("snapshots").beginObject();
    for (const std::string& symbol : symbols) {
        const auto index = findInstrument(m_desk.exchange, symbol);
        if (!index) {
            if (single)
                return errorAnswer(404, 40410000, fmt::format("no snapshot found for {}", symbol));
            continue;
        }
        if (single)
            out.member("symbol", symbol);
        else
            out.key(symbol).beginObject();
        writeSnapshotFields(out, m_desk.exchange.snapshot(*index),
                            m_desk.exchange.instruments()[*index]);
        if (!single)
            out.endObject();
    }
    if (wrapped)
        out.endObject();
    out.endObject();
    return jsonAnswer(out.take());
}

wire::HttpResponse DataApi::orderBooks(const Symbols& symbols)
{
    json::Writer out;
    out.beginObject().key("orderbooks").beginObject();
    for (const std::string& symbol : symbols) {
        const auto index = findInstrument(m_desk.exchange, symbol);
        if (!index)
            continue;
        out.key(symbol).beginObject();
        writeBookFields(out, m_desk.exchange.depth(*index, 20));
        out.endObject();
    }
    out.endObject().endObject();
    return jsonAnswer(out.take());
}

wire::HttpResponse DataApi::meta(const ApiRequest& request) const
{
    if (request.path()[3] == "exchanges")
        return jsonAnswer(R"json({"A":"NYSE American (AMEX)","B":"NASDAQ OMX BX",
"D":"FINRA ADF","K":"Cboe EDGX","N":"New York Stock Exchange","P":"NYSE Arca","Q":"NASDAQ",
"V":"IEX","Y":"Cboe BYX","Z":"Cboe BZX"})json");
    if (request.path()[3] == "conditions")
        return jsonAnswer(R"({"@":"Regular Sale","I":"Odd Lot Trade","R":"Regular, two-sided"})");
    return notServed();
}

} // namespace qd::sandbox::alpaca
