#include "services/gateway/market_api.h"

#include "services/gateway/quote_json.h"
#include "services/market/market_clock.h"

namespace qd::gateway {

namespace {

constexpr std::size_t kSymbolsMax = 500; ///< of one quotes request

std::string nearMember(const std::vector<Symbol>& near)
{
    json::Writer out;
    out.beginArray();
    for (const auto& symbol : near) out.value(symbol.text());
    return "\"near\":" + out.endArray().take();
}

Problem unknownSymbol(const market::InstrumentDirectory& instruments, std::string_view text)
{
    auto problem = problemOf(Error{ErrorKind::NotFound, "market.unknown_symbol",
                                   "no venue lists " + std::string(text.substr(0, 40)), "symbol"},
                             "No such symbol");
    problem.extraMembers = nearMember(instruments.near(text));
    return problem;
}

/// A known symbol of the text, or the answer 404 or 422 has been given.
std::optional<Symbol> requireSymbol(const MarketApi& self, const CallPtr& call,
                                    std::string_view text)
{
    const auto symbol = Symbol::parse(text);
    if (symbol && self.instruments.find(*symbol) != nullptr) return *symbol;
    call->answer(unknownSymbol(self.instruments, text));
    return std::nullopt;
}

/// Calls `then` when those of the symbols that no listing has have been asked for. The broker counts
/// each question: of a long list the first few are enough.
void lookUp(const MarketApi& self, const std::vector<std::string_view>& texts,
            std::function<void()> then)
{
    constexpr std::size_t kAtOnceMax = 20;
    std::vector<Symbol> missing;
    for (const auto text : texts) {
        const auto symbol = Symbol::parse(text);
        if (self.lookup && symbol && missing.size() < kAtOnceMax &&
            self.lookup->isWorthwhile(*symbol))
            missing.push_back(*symbol);
    }
    if (missing.empty()) return then();
    const auto left = std::make_shared<std::size_t>(missing.size());
    for (const auto& symbol : missing)
        self.lookup->find(symbol, [left, then] {
            if (--*left == 0) then();
        });
}

std::vector<std::string_view> splitList(std::string_view text)
{
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const auto comma = text.find(',');
        if (const auto part = text.substr(0, comma); !part.empty()) parts.push_back(part);
        if (comma == std::string_view::npos) break;
        text.remove_prefix(comma + 1);
    }
    return parts;
}

void writeInstrument(json::Writer& out, const Instrument& instrument)
{
    out.beginObject()
        .member("symbol", instrument.symbol.text())
        .member("name", instrument.name)
        .member("exchange", instrument.exchange)
        .member("assetClass", toString(instrument.assetClass))
        .member("tradable", instrument.tradable)
        .member("fractionable", instrument.fractionable)
        .member("shortable", instrument.shortable)
        .member("marginable", instrument.marginable)
        .member("tick", instrument.tick)
        .member("lotSize", instrument.lotSize)
        .member("minQuantity", instrument.minQuantity)
        .endObject();
}

void answerQuotes(const MarketApi& self, const CallPtr& call)
{
    std::vector<Symbol> symbols;
    for (const auto part : splitList(call->target().queryValue("symbols"))) {
        const auto symbol = requireSymbol(self, call, part);
        if (!symbol) return;
        symbols.push_back(*symbol);
    }
    if (symbols.size() > kSymbolsMax)
        return call->answer(problemOf(Error{ErrorKind::Invalid, "market.too_many_symbols",
                                            "expected at most " + std::to_string(kSymbolsMax),
                                            "symbols"},
                                      "Request refused"));
    self.quotes.withQuotes(symbols, [self, call, symbols] {
        std::string body = "{\"quotes\":[";
        for (const auto& symbol : symbols) {
            if (body.back() != '[') body += ',';
            body += quoteJson(self.market.view(symbol), self.clock.now());
        }
        call->answer(200, body + "]}");
    });
}

/// Without an end: now, or the newest value of a recording, which lives in its own year. Without a
/// start: enough days that `limit` bars fit, nights and weekends allowed for.
void completeRange(const MarketApi& self, market::BarsQuery& query)
{
    const auto state = self.market.view(query.symbol);
    const bool ownTime = state.feedClass == FeedClass::Simulated && state.eventTime.isSet();
    const auto end = query.to.isSet() ? query.to
                     : ownTime        ? state.eventTime + lengthOf(query.interval)
                                      : self.clock.now();
    if (ownTime) query.to = end;
    const auto span = lengthOf(query.interval) * static_cast<std::int64_t>(query.limit) * 4 +
                      std::chrono::hours(24 * 5);
    if (!query.from.isSet()) query.from = end - span;
}

std::chrono::milliseconds millisUntil(const MarketApi& self, Timestamp when)
{
    const auto wait = std::max(when - self.clock.now(), Duration(std::chrono::seconds(1)));
    return std::chrono::ceil<std::chrono::milliseconds>(wait);
}

/// The provider's limit is answered as the caller's own would be: 429, and when to come again.
Problem barsProblem(const MarketApi& self, const Error& error)
{
    auto problem = problemOf(error, "No bars");
    if (error.kind != ErrorKind::Unavailable) return problem;
    problem.retryAfter = std::chrono::seconds(5);
    if (error.code != "market.history_rate_limited") return problem;
    problem.status = 429;
    problem.retryAfter = millisUntil(self, self.market.historyStatus().nextTry);
    return problem;
}

void fetchBars(const MarketApi& self, const CallPtr& call, const market::BarsQuery& query)
{
    self.market.bars(query, [self, call, query](const Result<market::BarsAnswer>& answer) {
        if (!answer) return call->answer(barsProblem(self, answer.error()));
        std::string body = "{\"symbol\":\"" + query.symbol.text() + "\",\"interval\":\"" +
                           std::string(toString(query.interval)) + "\",\"bars\":[";
        for (const auto& bar : answer->bars) {
            if (body.back() != '[') body += ',';
            appendBar(body, bar);
        }
        body += "],\"source\":" + json::quote(answer->source) + ",\"adjusted\":false";
        if (answer->partial)
            body += ",\"partial\":true,\"retryAfterMs\":" +
                    std::to_string(millisUntil(self, answer->nextTry).count());
        body += '}';
        call->answer(200, std::move(body));
    });
}

void answerBars(const MarketApi& self, const CallPtr& call)
{
    const auto& target = call->target();
    const auto symbol = requireSymbol(self, call, target.queryValue("symbol"));
    if (!symbol) return;
    market::BarsQuery query;
    query.symbol = *symbol;
    const auto interval = target.queryValue("interval");
    const auto parsed = parseBarInterval(interval.empty() ? "1m" : interval);
    if (!parsed) return call->answer(problemOf(parsed.error(), "Request refused"));
    query.interval = *parsed;
    query.limit = static_cast<std::size_t>(
        call->queryInteger("limit", 1'000, static_cast<std::int64_t>(market::BarsQuery::kLimitMax)));
    query.to = Timestamp::parse(target.queryValue("to")).value_or(Timestamp());
    query.from = Timestamp::parse(target.queryValue("from")).value_or(Timestamp());
    self.quotes.withQuote(*symbol, [self, call, query]() mutable {
        completeRange(self, query);
        fetchBars(self, call, query);
    });
}

void answerSearch(const MarketApi& self, const CallPtr& call)
{
    const auto limit = static_cast<std::size_t>(call->queryInteger(
        "limit", 20, static_cast<std::int64_t>(market::InstrumentDirectory::kResultsMax)));
    json::Writer out;
    out.beginObject().key("instruments").beginArray();
    for (const auto* found : self.instruments.search(call->target().queryValue("query"), limit))
        writeInstrument(out, *found);
    call->answer(200, out.endArray().endObject().take());
}

void answerInstrument(const MarketApi& self, const CallPtr& call)
{
    const auto symbol = requireSymbol(self, call, call->parameter("symbol"));
    if (!symbol) return;
    json::Writer out;
    writeInstrument(out, *self.instruments.find(*symbol));
    call->answer(200, out.take());
}

} // namespace

std::string marketStatusJson(const market::MarketData& market, Timestamp now)
{
    const auto status = market::marketStatus(market.calendar(), now);
    json::Writer out;
    out.beginObject()
        .member("calendar", status.calendar)
        .member("phase", toString(status.phase))
        .member("opensAt", status.opensAt)
        .member("closesAt", status.closesAt)
        .member("earlyClose", status.earlyClose)
        .member("alwaysOpen", &market.calendar() == &Calendar::crypto())
        .member("closureReason", status.closureReason)
        .member("now", status.now);
    return out.endObject().take();
}

void MarketApi::addTo(Api& api) const
{
    const MarketApi self = *this;
    api.add({.method = "GET", .path = "/v1/quotes", .summary = "Newest quote of each symbol",
             .query = {{.name = "symbols", .required = true, .help = "comma-separated",
                        .lengthMax = 16'000, .example = "SPY,AAPL"}},
             .body = {}, .errors = {404, 422}},
            [self](const CallPtr& call) {
                lookUp(self, splitList(call->target().queryValue("symbols")),
                       [self, call] { answerQuotes(self, call); });
            });
    api.add({.method = "GET", .path = "/v1/bars", .summary = "Bars, oldest first",
             .query = {{.name = "symbol", .required = true, .lengthMax = 32, .example = "SPY"},
                       {.name = "interval", .allowed = {"1m", "5m", "15m", "1h", "4h", "1d"}},
                       {.name = "from", .type = FieldType::Time},
                       {.name = "to", .type = FieldType::Time},
                       {.name = "limit", .type = FieldType::Integer}},
             .body = {}, .errors = {404, 422, 503}},
            [self](const CallPtr& call) {
                lookUp(self, {call->target().queryValue("symbol")},
                       [self, call] { answerBars(self, call); });
            });
    api.add({.method = "GET", .path = "/v1/instruments", .summary = "Search symbols and names",
             .query = {{.name = "query"}, {.name = "limit", .type = FieldType::Integer}},
             .body = {}, .errors = {}},
            [self](const CallPtr& call) {
                lookUp(self, {call->target().queryValue("query")},
                       [self, call] { answerSearch(self, call); });
            });
    api.add({.method = "GET", .path = "/v1/instruments/{symbol}", .summary = "One instrument",
             .query = {}, .body = {}, .errors = {404}},
            [self](const CallPtr& call) {
                lookUp(self, {call->parameter("symbol")},
                       [self, call] { answerInstrument(self, call); });
            });
    api.add({.method = "GET", .path = "/v1/market/status", .summary = "Is the market open?",
             .query = {}, .body = {}, .errors = {}},
            [self](const CallPtr& call) { call->answer(200, marketStatusJson(self.market, self.clock.now())); });
}

} // namespace qd::gateway
