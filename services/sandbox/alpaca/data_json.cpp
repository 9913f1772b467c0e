#include "services/sandbox/alpaca/data_json.h"

#include "services/sandbox/alpaca/text.h"

namespace qd::sandbox::alpaca {

namespace {

bool isCrypto(const Instrument& instrument)
{
    return instrument.assetClass == AssetClass::Crypto;
}

bool isOption(const Instrument& instrument)
{
    return instrument.assetClass == AssetClass::Option;
}

/// The consolidated tape: A = NYSE, C = Nasdaq, B = all others.
std::string_view tapeOf(const Instrument& instrument)
{
    if (instrument.exchange == "NYSE")
        return "A";
    return instrument.exchange == "NASDAQ" ? "C" : "B";
}

void writeNumber(json::Writer& out, std::string_view name, Decimal value)
{
    out.key(name).number(value);
}

void writeLevels(json::Writer& out, std::string_view name, const std::vector<BookLevel>& levels)
{
    out.key(name).beginArray();
    for (const BookLevel& level : levels) {
        out.beginObject();
        writeNumber(out, "p", level.price.value());
        writeNumber(out, "s", level.size.value());
        out.endObject();
    }
    out.endArray();
}

} // namespace

void writeQuoteFields(json::Writer& out, const exchange::QuoteTick& quote,
                      const Instrument& instrument)
{
    out.member("t", rfc3339(quote.time));
    if (!isCrypto(instrument))
        out.member("ax", std::string_view(&quote.askVenue, 1));
    writeNumber(out, "ap", quote.ask.value());
    writeNumber(out, "as", quote.askSize.value());
    if (!isCrypto(instrument))
        out.member("bx", std::string_view(&quote.bidVenue, 1));
    writeNumber(out, "bp", quote.bid.value());
    writeNumber(out, "bs", quote.bidSize.value());
    if (isOption(instrument))
        out.member("c", "A");
    else if (!isCrypto(instrument))
        out.key("c").beginArray().value("R").endArray().member("z", tapeOf(instrument));
}

void writeTradeFields(json::Writer& out, const exchange::TradeTick& trade,
                      const Instrument& instrument)
{
    out.member("t", rfc3339(trade.time));
    if (!isCrypto(instrument))
        out.member("x", std::string_view(&trade.venue, 1));
    writeNumber(out, "p", trade.price.value());
    writeNumber(out, "s", trade.size.value());
    if (isCrypto(instrument)) {
        out.member("tks", trade.aggressor == Side::Sell ? "S" : "B").member("i", trade.id);
        return;
    }
    if (isOption(instrument)) {
        out.member("c", "I");
        return;
    }
    out.key("c").beginArray().value("@");
    if (trade.oddLot)
        out.value("I");
    out.endArray().member("i", trade.id).member("z", tapeOf(instrument));
}

void writeBarFields(json::Writer& out, const Bar& bar)
{
    out.member("t", rfc3339(bar.start));
    writeNumber(out, "o", bar.open.value());
    writeNumber(out, "h", bar.high.value());
    writeNumber(out, "l", bar.low.value());
    writeNumber(out, "c", bar.close.value());
    writeNumber(out, "v", bar.volume.value());
    out.member("n", bar.tradeCount);
    constexpr std::int64_t kStep = 100; // 1e-6
    const Int128 sum = Int128{bar.high.units()} + bar.low.units() + bar.close.units();
    const auto steps = static_cast<std::int64_t>(divideRounded(sum, 3 * kStep, Rounding::HalfEven));
    writeNumber(out, "vw", Decimal::fromUnits(steps * kStep));
}

void writeStatusFields(json::Writer& out, const exchange::StatusTick& status,
                       const Instrument& instrument)
{
    const bool halted = status.status == exchange::TradingStatus::Halted;
    out.member("sc", halted ? "H" : "T")
        .member("sm", halted ? "Trading Halt" : "Trading Resumption")
        .member("rc", exchange::haltCode(status.reason))
        .member("rm", exchange::haltText(status.reason))
        .member("t", rfc3339(status.time))
        .member("z", tapeOf(instrument));
}

void writeBookFields(json::Writer& out, const Book& book)
{
    out.member("t", rfc3339(book.eventTime));
    writeLevels(out, "b", book.bids);
    writeLevels(out, "a", book.asks);
}

void writeSnapshotFields(json::Writer& out, const exchange::MarketSnapshot& snapshot,
                         const Instrument& instrument)
{
    if (snapshot.trade) {
        out.key("latestTrade").beginObject();
        writeTradeFields(out, *snapshot.trade, instrument);
        out.endObject();
    }
    if (snapshot.quote) {
        out.key("latestQuote").beginObject();
        writeQuoteFields(out, *snapshot.quote, instrument);
        out.endObject();
    }
    const std::pair<const char*, const std::optional<Bar>*> bars[] = {
        {"minuteBar", &snapshot.minuteBar},
        {"dailyBar", &snapshot.dailyBar},
        {"prevDailyBar", &snapshot.previousDailyBar},
    };
    for (const auto& [name, bar] : bars) {
        if (!*bar)
            continue;
        out.key(name).beginObject();
        writeBarFields(out, **bar);
        out.endObject();
    }
}

} // namespace qd::sandbox::alpaca
