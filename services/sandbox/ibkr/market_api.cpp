#include "services/sandbox/ibkr/market_api.h"

#include <array>
#include <charconv>

#include "models/base/whole_number.h"
#include "services/sandbox/alpaca/text.h"

namespace qd::sandbox::ibkr {

namespace {

struct BarWord {
    std::string_view word;
    BarInterval interval;
};
constexpr std::array kBarWords = {
    BarWord{"1min", BarInterval::Minute1}, BarWord{"5min", BarInterval::Minute5},
    BarWord{"15min", BarInterval::Minute15}, BarWord{"1h", BarInterval::Hour1},
    BarWord{"4h", BarInterval::Hour4}, BarWord{"1d", BarInterval::Day1},
};

/// "30min", "2h", "5d", "1w", "3m", "1y".
std::optional<Duration> periodIn(std::string_view text)
{
    std::int64_t count = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
    if (read.ec != std::errc() || count <= 0 || count > 1000)
        return std::nullopt;
    const std::string_view unit = text.substr(static_cast<std::size_t>(read.ptr - text.data()));
    constexpr Duration kDay = std::chrono::hours(24);
    const std::pair<std::string_view, Duration> units[] = {
        {"min", std::chrono::minutes(1)}, {"h", std::chrono::hours(1)}, {"d", kDay},
        {"w", kDay * 7},                  {"m", kDay * 31},             {"y", kDay * 366}};
    for (const auto& [word, length] : units)
        if (unit == word && count <= (kDay * 366 * 15) / length)
            return length * count;
    return std::nullopt;
}

} // namespace

std::optional<wire::HttpResponse> MarketApi::answer(const ApiRequest& request)
{
    if (request.method != "GET" || request.path.size() != 3 || request.path[1] != "marketdata")
        return std::nullopt;
    if (!m_session.accountsAsked)
        return errorAnswer(400, "Please query /accounts first");
    if (request.path[2] == "snapshot")
        return snapshot(request);
    return request.path[2] == "history" ? std::optional(history(request)) : std::nullopt;
}

wire::HttpResponse MarketApi::snapshot(const ApiRequest& request)
{
    const auto conids = alpaca::splitList(request.query("conids"));
    const auto wanted = alpaca::splitList(request.query("fields"));
    if (conids.empty() || conids.size() > kConidsMax)
        return errorAnswer(400, "Bad Request: expected up to 100 conids");
    json::Writer out;
    out.beginArray();
    for (const auto& text : conids) {
        const auto conid = wholeNumber<std::int64_t>(text).value_or(0);
        const auto index = m_contracts.find(conid);
        if (!index)
            continue;
        out.beginObject().member("conid", conid).member("conidEx", text);
        const bool isFirst = m_gathered.insert(conid).second;
        if (!isFirst) {
            for (const auto& [field, value] : marketFields(m_desk, m_contracts, *index, wanted))
                out.member(field, value);
            out.member("_updated", m_desk.exchange.clock().now.millis()).member("server_id", "q0");
        }
        out.endObject();
    }
    return jsonAnswer(out.endArray().take());
}

wire::HttpResponse MarketApi::history(const ApiRequest& request) const
{
    const auto conid = wholeNumber<std::int64_t>(request.query("conid")).value_or(0);
    const auto index = m_contracts.find(conid);
    const auto period = periodIn(request.query("period"));
    const auto bar = std::ranges::find(kBarWords, request.query("bar"), &BarWord::word);
    if (!index)
        return errorAnswer(500, "Chart data unavailable");
    if (!period || bar == kBarWords.end())
        return errorAnswer(400, "Bad Request: invalid period or bar");
    const Timestamp now = m_desk.exchange.clock().now;
    const auto bars = m_desk.exchange.bars(*index, bar->interval, now - *period, now, kPointsMax);
    const Instrument& instrument = m_contracts.instrument(*index);
    json::Writer out;
    out.beginObject()
        .member("serverId", "20477")
        .member("symbol", Contracts::tickerOf(instrument))
        .member("text", instrument.name)
        .member("priceFactor", 100)
        .member("startTime", formatTime(bars.empty() ? now : bars.front().start))
        .member("timePeriod", request.query("period"))
        .member("barLength", lengthOf(bar->interval) / std::chrono::seconds(1))
        .member("mdAvailability", "S")
        .member("mktDataDelay", 0)
        .member("outsideRth", request.query("outsideRth") == "true")
        .member("volumeFactor", 1);
    out.key("data").beginArray();
    for (const Bar& one : bars) {
        out.beginObject();
        for (const auto& [name, value] :
             {std::pair{"o", one.open.value()}, std::pair{"c", one.close.value()},
              std::pair{"h", one.high.value()}, std::pair{"l", one.low.value()},
              std::pair{"v", one.volume.value()}})
            out.key(name).number(value);
        out.member("t", one.start.millis()).endObject();
    }
    out.endArray().member("points", static_cast<std::int64_t>(bars.size())).endObject();
    return jsonAnswer(out.take());
}

} // namespace qd::sandbox::ibkr
