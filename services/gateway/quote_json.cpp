#include "services/gateway/quote_json.h"

#include <charconv>

#include "services/json/json.h"

namespace qd::gateway {

namespace {

void append(std::string& out, std::int64_t number)
{
    char buffer[24];
    const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, number);
    out.append(buffer, end);
}

/// `,"12.5"`; a zero price or size means "none" and becomes null.
void append(std::string& out, Decimal value)
{
    if (value.isZero()) {
        out += ",null";
        return;
    }
    char buffer[Decimal::kMaxChars + 4];
    char* end = buffer;
    *end++ = ',';
    *end++ = '"';
    end = value.write(end);
    *end++ = '"';
    out.append(buffer, end);
}

void appendMillis(std::string& out, Timestamp time)
{
    out += ',';
    append(out, time.millis());
}

void memberOrNull(json::Writer& out, const char* name, Decimal value)
{
    out.key(name);
    value.isZero() ? out.null() : out.value(value);
}

} // namespace

std::string quoteJson(const market::SymbolState& state, Timestamp now)
{
    json::Writer out;
    out.beginObject().member("symbol", state.symbol.text());
    memberOrNull(out, "bid", state.bid.value());
    memberOrNull(out, "ask", state.ask.value());
    memberOrNull(out, "bidSize", state.bidSize.value());
    memberOrNull(out, "askSize", state.askSize.value());
    memberOrNull(out, "last", state.last.value());
    memberOrNull(out, "lastSize", state.lastSize.value());
    memberOrNull(out, "previousClose", state.previousClose.value());
    const bool comparable = state.previousClose.isPositive() && state.reference().isPositive();
    out.key("change");
    comparable ? out.value(state.change()) : out.null();
    out.key("changePercent");
    const auto ratio = comparable ? state.change().value().checkedDivide(
                                        state.previousClose.value(), Rounding::HalfEven)
                                  : std::nullopt;
    const auto percent = ratio ? ratio->checkedMultiply(Decimal::fromInt(100), Rounding::HalfEven)
                               : std::nullopt;
    percent ? out.value(percent->toFixed(4)) : out.null();
    memberOrNull(out, "dayOpen", state.dayOpen.value());
    memberOrNull(out, "dayHigh", state.dayHigh.value());
    memberOrNull(out, "dayLow", state.dayLow.value());
    out.member("volume", state.dayVolume)
        .member("eventTime", state.eventTime)
        .member("receiveTime", state.receiveTime);
    out.member("source", state.source)
        .member("feedClass", toString(state.feedClass))
        .member("freshness", toString(state.freshness));
    out.key("ageMs");
    if (state.receiveTime.isSet())
        out.value(std::chrono::duration_cast<std::chrono::milliseconds>(state.age(now)).count());
    else
        out.null();
    out.member("old", state.old).member("refused", state.refused).member("halted", state.halted);
    return out.endObject().take();
}

void appendQuoteRow(std::string& out, const market::SymbolState& state)
{
    out += "[\"";
    out += state.symbol.text(); // the grammar of symbols needs no escapes
    out += '"';
    append(out, state.bid.value());
    append(out, state.ask.value());
    append(out, state.bidSize.value());
    append(out, state.askSize.value());
    append(out, state.last.value());
    append(out, state.lastSize.value());
    append(out, state.dayVolume.value());
    appendMillis(out, state.eventTime);
    appendMillis(out, state.receiveTime);
    out += ",\"";
    out += toString(state.freshness);
    out += "\"]";
}

void appendTradeRow(std::string& out, const Trade& trade)
{
    out += "[\"";
    out += trade.symbol.text();
    out += '"';
    append(out, trade.price.value());
    append(out, trade.size.value());
    appendMillis(out, trade.eventTime);
    out += ']';
}

void appendBar(std::string& out, const Bar& bar)
{
    out += '[';
    append(out, bar.start.millis());
    append(out, bar.open.value());
    append(out, bar.high.value());
    append(out, bar.low.value());
    append(out, bar.close.value());
    if (bar.volume.isZero())
        out += ",\"0\"";
    else
        append(out, bar.volume.value());
    out += ',';
    append(out, bar.tradeCount);
    out += ']';
}

void appendBarRow(std::string& out, const market::BarUpdate& update)
{
    out += "[\"";
    out += update.symbol.text();
    out += "\",\"";
    out += toString(update.interval);
    out += "\",";
    append(out, update.bar.start.millis());
    append(out, update.bar.open.value());
    append(out, update.bar.high.value());
    append(out, update.bar.low.value());
    append(out, update.bar.close.value());
    if (update.bar.volume.isZero())
        out += ",\"0\"";
    else
        append(out, update.bar.volume.value());
    out += update.closed ? ",true]" : ",false]";
}

} // namespace qd::gateway
