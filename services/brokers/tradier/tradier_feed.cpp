#include "services/brokers/tradier/tradier_feed.h"

#include <algorithm>
#include <set>
#include <utility>

#include "models/market/bar_merge.h"
#include "services/brokers/tradier/market_stream.h"
#include "services/brokers/tradier/order_json.h"

namespace qd::brokers {

namespace {

constexpr json::Limits kMarketListsMax{.sizeBytesMax = 16 << 20, .depthMax = 8, .valuesMax = 2'000'000};

/// Tradier's word for the bars that ours are made of.
std::string_view saleInterval(BarInterval interval)
{
    if (interval == BarInterval::Minute1) return "1min";
    return interval == BarInterval::Minute5 ? "5min" : "15min";
}

/// What is traded at Tradier of these, in its spelling.
std::set<std::string> tradierNames(const std::vector<Symbol>& symbols)
{
    std::set<std::string> names;
    for (const auto& symbol : symbols)
        if (assetClassOf(symbol) != AssetClass::Crypto) names.insert(tradier::symbolText(symbol));
    return names;
}

using RowReader = std::function<Result<Bar>(const json::Value&)>;

Result<std::vector<Bar>> readBarList(const Result<wire::HttpResponse>& result, const char* list,
                                     const char* element, const RowReader& read)
{
    if (!result) return tl::unexpected(result.error());
    if (result->status >= 400)
        return tl::unexpected(tradier::readError(result->status, result->body));
    const auto document = json::Document::parse(result->body, kMarketListsMax);
    if (!document) return tl::unexpected(document.error());
    std::vector<Bar> bars;
    for (const auto& row : tradier::elementsOf(document->root()[list], element)) {
        auto bar = read(row);
        if (!bar) return tl::unexpected(bar.error());
        bars.push_back(*bar);
    }
    return bars;
}

} // namespace

TradierFeed::TradierFeed(TradierSettings settings, wire::HttpClient& http,
                         wire::WebSocketClient& sockets, runtime::Executor& core,
                         runtime::Executor& io, runtime::Random& random)
    : m_settings(std::move(settings)), m_core(core), m_io(io),
      m_gate({tradier::gateTerms(m_settings, "data.tradier")}, http, core, random)
{
    if (!m_settings.marketStreamUrl.empty())
        m_stream = std::make_shared<tradier::MarketStream>(
            m_settings.marketStreamUrl, m_settings.streamIdleTimeout, sockets, core, io, random);
}

TradierFeed::~TradierFeed()
{
    stop();
    *m_alive = false;
}

FeedClass TradierFeed::feedClass() const
{
    if (m_settings.simulated) return FeedClass::Simulated;
    return m_stream ? FeedClass::RealTime : FeedClass::Delayed;
}

void TradierFeed::useToken(runtime::Secret token)
{
    const bool hadAccess = !m_settings.token.empty();
    m_settings.token = std::move(token);
    if (m_stream && hadAccess == m_settings.token.empty()) m_stream->accessChanged();
}

tradier::DayZone TradierFeed::zone() const
{
    return m_settings.simulated ? tradier::DayZone::Utc : tradier::DayZone::NewYork;
}

void TradierFeed::start(std::function<void(std::vector<MarketEvent>)> events)
{
    m_events = std::move(events);
    if (!m_stream) return askInTurns();
    const auto askSession = [this](tradier::MarketStream::Answered answered) {
        DataGate::Request request;
        request.method = "POST";
        request.path = "/v1/markets/events/session";
        m_gate.send(std::move(request), std::move(answered));
    };
    m_stream->start({askSession, [this](std::vector<MarketEvent> batch) { m_events(std::move(batch)); }});
}

void TradierFeed::stop()
{
    m_turn.cancel();
    m_isAnswered.reset();
    m_events = nullptr;
    if (!m_stream) return;
    m_stream->leaveOwner();
    const auto rest = [stream = m_stream] { stream->rest(); };
    m_io.isCurrent() ? rest() : runtime::runAndWait(m_io, rest);
}

void TradierFeed::subscribe(Subscriptions wanted)
{
    auto names = tradierNames(wanted.quotes);
    names.merge(tradierNames(wanted.trades));
    m_wanted.assign(names.begin(), names.end());
    std::erase_if(m_lastSale, [&](const auto& told) {
        return !names.contains(tradier::symbolText(told.first));
    });
    if (m_stream) m_stream->subscribe(std::move(names));
}

void TradierFeed::askQuotes(const std::vector<std::string>& symbols, Rows done)
{
    std::string list;
    for (const auto& symbol : symbols) list += (list.empty() ? "" : ",") + symbol;
    DataGate::Request request;
    request.method = "POST"; // a long list does not fit a URL
    request.path = "/v1/markets/quotes";
    request.body = "symbols=" + wire::percentEncode(list);
    m_gate.send(std::move(request), [this, alive = m_alive,
                                     done = std::move(done)](const Result<wire::HttpResponse>& result) {
        if (!*alive) return;
        if (!result) return done(tl::unexpected(result.error()));
        if (result->status >= 400)
            return done(tl::unexpected(tradier::readError(result->status, result->body)));
        const auto document = json::Document::parse(result->body, kMarketListsMax);
        if (!document) return done(tl::unexpected(document.error()));
        std::vector<MarketSnapshot> rows;
        for (const auto& row : tradier::elementsOf(document->root()["quotes"], "quote"))
            if (auto snapshot = tradier::readQuoteRow(row, m_core.clock().now(), zone()))
                rows.push_back(std::move(*snapshot));
        done(std::move(rows));
    });
}

void TradierFeed::snapshots(const std::vector<Symbol>& symbols,
                            std::function<void(std::vector<MarketSnapshot>)> told)
{
    const auto all = tradierNames(symbols);
    const std::vector<std::string> names(all.begin(), all.end());
    for (std::size_t at = 0; at < names.size(); at += kSymbolsAtOnce) {
        const auto first = names.begin() + static_cast<std::ptrdiff_t>(at);
        const auto count = static_cast<std::ptrdiff_t>(std::min(kSymbolsAtOnce, names.size() - at));
        askQuotes({first, first + count}, [told](Result<std::vector<MarketSnapshot>> rows) {
            if (!rows) return;
            std::erase_if(*rows, [](const MarketSnapshot& row) {
                return !row.quote && !row.trade && !row.day && !row.previousDay;
            });
            told(std::move(*rows));
        });
    }
}

void TradierFeed::askInTurns()
{
    m_turn = m_core.after(kAskEvery, [this] { askInTurns(); });
    if (m_wanted.empty()) return;
    for (std::size_t at = 0; at < m_wanted.size(); at += kSymbolsAtOnce) {
        const auto first = m_wanted.begin() + static_cast<std::ptrdiff_t>(at);
        const auto count = static_cast<std::ptrdiff_t>(std::min(kSymbolsAtOnce, m_wanted.size() - at));
        askQuotes({first, first + count},
                  [this](const Result<std::vector<MarketSnapshot>>& rows) { onTurn(rows); });
    }
}

/// The turns are this feed's connection.
void TradierFeed::onTurn(const Result<std::vector<MarketSnapshot>>& rows)
{
    if (!m_events) return;
    std::vector<MarketEvent> batch;
    const bool isNews = std::exchange(m_isAnswered, rows.has_value()) != rows.has_value();
    if (isNews && rows)
        batch.emplace_back(ConnectionChange{true, "quotes are asked for every three seconds", {}});
    if (isNews && !rows)
        batch.emplace_back(
            ConnectionChange{false, rows.error().detail, m_core.clock().now() + kAskEvery});
    for (const auto& row : rows.value_or(std::vector<MarketSnapshot>())) {
        if (row.quote) batch.emplace_back(*row.quote);
        if (!row.trade) continue;
        Timestamp& last = m_lastSale[row.symbol];
        // The print that stood before is no news.
        if (last.isSet() && row.trade->eventTime > last) batch.emplace_back(*row.trade);
        last = std::max(last, row.trade->eventTime);
    }
    if (!batch.empty()) m_events(std::move(batch));
}

void TradierFeed::bars(const Symbol& symbol, BarInterval interval, Timestamp from, Timestamp to,
                       std::function<void(Result<std::vector<Bar>>)> done)
{
    const bool isDaily = interval == BarInterval::Day1;
    DataGate::Request request;
    const auto name = wire::percentEncode(tradier::symbolText(symbol));
    if (isDaily)
        request.path = "/v1/markets/history?interval=daily&symbol=" + name +
                       "&start=" + toString(tradier::dateOf(from, zone())) +
                       "&end=" + toString(tradier::dateOf(to, zone()));
    else
        request.path = "/v1/markets/timesales?session_filter=all&interval=" +
                       std::string(saleInterval(interval)) + "&symbol=" + name +
                       "&start=" + wire::percentEncode(tradier::wallClock(from)) +
                       "&end=" + wire::percentEncode(tradier::wallClock(to));
    m_gate.send(std::move(request), [this, alive = m_alive, isDaily, interval, from, to,
                                     done = std::move(done)](const Result<wire::HttpResponse>& result) {
        if (!*alive) return;
        const auto readDay = [this](const json::Value& row) { return tradier::readDayBar(row, zone()); };
        auto bars = isDaily ? readBarList(result, "history", "day", readDay)
                            : readBarList(result, "series", "data", &tradier::readSale);
        if (!bars) return done(tl::unexpected(bars.error()));
        if (interval == BarInterval::Hour1 || interval == BarInterval::Hour4)
            *bars = gather(*bars, lengthOf(interval));
        std::erase_if(*bars, [&](const Bar& bar) { return bar.start < from || bar.start >= to; });
        done(std::move(bars));
    });
}

} // namespace qd::brokers
