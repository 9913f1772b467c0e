#include "services/brokers/alpaca/alpaca_feed.h"

#include <algorithm>
#include <set>

#include "services/brokers/alpaca/gate_terms.h"
#include "services/brokers/alpaca/market_json.h"
#include "services/brokers/alpaca/order_json.h"
#include "services/brokers/data_gate.h"
#include "services/brokers/stream_line.h"
#include "services/json/json.h"
#include "services/json/message_pack.h"

namespace qd::brokers {

namespace {

constexpr std::size_t kBarsMax = 50'000;
constexpr std::size_t kBarsPage = 10'000; ///< Alpaca's own limit
constexpr int kPagesMax = 50; ///< pages may come empty, with a token to the next
constexpr std::size_t kContractsMax = 100; ///< of options in one question, Alpaca's own limit
constexpr json::Limits kOursMax{.sizeBytesMax = 4 << 20, .depthMax = 8, .valuesMax = 200'000};
constexpr int kSlowClient = 407, kConnectionLimit = 406;
constexpr const char* kFarewell = "reconnecting";

std::string_view timeframe(BarInterval interval)
{
    switch (interval) {
    case BarInterval::Minute1: return "1Min";
    case BarInterval::Minute5: return "5Min";
    case BarInterval::Minute15: return "15Min";
    case BarInterval::Hour1: return "1Hour";
    case BarInterval::Hour4: return "4Hour";
    case BarInterval::Day1: return "1Day";
    }
    return "1Min";
}

Result<Bar> readBar(const json::Value& value)
{
    Bar bar;
    const auto start = value["t"].timestamp();
    if (!start) return tl::unexpected(start.error());
    bar.start = *start;
    const std::pair<const char*, Price*> prices[] = {
        {"o", &bar.open}, {"h", &bar.high}, {"l", &bar.low}, {"c", &bar.close}};
    for (const auto& [key, target] : prices) {
        const auto price = value[key].price();
        if (!price) return tl::unexpected(price.error());
        *target = *price;
    }
    const auto volume = value["v"].quantity();
    if (!volume) return tl::unexpected(volume.error());
    bar.volume = *volume;
    bar.tradeCount = value["n"].integerOr(0);
    return bar;
}

/// What is in `wanted` and not in `have`, as a JSON array.
void writeDifference(json::Writer& out, const char* key, const std::set<std::string>& wanted,
                     const std::set<std::string>& have)
{
    out.key(key).beginArray();
    for (const auto& symbol : wanted)
        if (!have.contains(symbol)) out.value(symbol);
    out.endArray();
}

std::optional<Quote> readQuote(const Symbol& symbol, const json::Value& value, Timestamp now)
{
    const auto bid = value["bp"].price(), ask = value["ap"].price();
    const auto time = value["t"].timestamp();
    if (!bid || !ask || !time) return std::nullopt;
    Quote quote{symbol, *bid, *ask, {}, {}, *time, now};
    quote.bidSize = value["bs"].quantity().value_or(Quantity());
    quote.askSize = value["as"].quantity().value_or(Quantity());
    return quote;
}

std::optional<Trade> readTrade(const Symbol& symbol, const json::Value& value, Timestamp now)
{
    const auto price = value["p"].price();
    const auto size = value["s"].quantity();
    const auto time = value["t"].timestamp();
    if (!price || !size || !time) return std::nullopt;
    Trade trade{symbol, *price, *size, value["i"].integerOr(0), {}, {}, *time, now};
    for (const auto& condition : value["c"].items()) {
        if (!trade.condition.empty()) trade.condition += ' ';
        trade.condition += condition.stringOr({});
    }
    if (trade.condition.empty()) trade.condition = value["c"].stringOr({}); // an option's letter
    trade.exchange = value["x"].stringOr({});
    return trade;
}

std::optional<Bar> readDay(const json::Value& value)
{
    const auto bar = readBar(value);
    return bar ? std::optional<Bar>(*bar) : std::nullopt;
}

/// What cannot be read of it is as if it were not known.
std::optional<MarketSnapshot> readSnapshot(std::string_view name, const json::Value& value,
                                           Timestamp now)
{
    const auto symbol = Symbol::parse(name);
    if (!symbol || !value.isObject()) return std::nullopt;
    return MarketSnapshot{*symbol, readQuote(*symbol, value["latestQuote"], now),
                          readTrade(*symbol, value["latestTrade"], now),
                          readDay(value["dailyBar"]), readDay(value["prevDailyBar"])};
}

/// Where REST answers for a class of instruments.
std::string dataPath(AssetClass assetClass, std::string_view subject)
{
    const char* place = assetClass == AssetClass::Crypto   ? "/v1beta3/crypto/us/"
                        : assetClass == AssetClass::Option ? "/v1beta1/options/"
                                                           : "/v2/stocks/";
    return std::string(place).append(subject);
}

} // namespace

struct AlpacaFeed::Stream : std::enable_shared_from_this<AlpacaFeed::Stream> {
    /// Stocks, crypto and options come on streams of their own; the feed counts as connected with
    /// stocks. The one of options speaks MessagePack alone, and is open while any is wanted.
    Stream(AssetClass of, const AlpacaSettings& given, wire::WebSocketClient& client,
           runtime::Executor& coreOf, runtime::Executor& ioOf, runtime::Random& randomOf)
        : market(of), settings(given), core(coreOf), io(ioOf), line(terms(), client, ioOf, randomOf)
    {
    }

    StreamLine::Terms terms();
    void start();
    void connect(const StreamLine::Attempt& attempt);
    std::string url() const;
    bool isNeeded() const;
    void want(const Subscriptions& wanted);
    void say(std::string json);
    void onMessage(std::string_view payload);
    void onJson(std::string_view payload);
    void onControl(const alpaca::MarketDecoder::Control& control);
    void sendSubscriptions();
    void hand(std::vector<MarketEvent> batch);
    void tell(ConnectionChange change);
    std::set<std::string> oursOf(const std::vector<Symbol>& symbols) const;
    void stop();
    void writeLogin(json::Writer& out) const;
    bool hasAccess() const;
    void keyChanged(bool mustLeave);
    void askForAnotherToken();

    AssetClass market;
    const AlpacaSettings& settings;
    runtime::Executor& core;
    runtime::Executor& io;
    std::function<void(std::vector<MarketEvent>)> events; ///< called on core only
    std::function<void(std::function<void(bool)>)> renew; ///< likewise
    bool rests = false; ///< for want of access
    alpaca::MarketDecoder decoder;
    std::set<std::string> wantedQuotes, wantedTrades, sentQuotes, sentTrades;
    std::size_t key = 0; ///< which of the keys: 0 is the account's own
    bool running = false; ///< the feed is; the line is while it is needed
    StreamLine line;
};

std::string AlpacaFeed::Stream::url() const
{
    switch (market) {
    case AssetClass::Equity: return settings.dataStreamUrl;
    case AssetClass::Option: return settings.optionsStreamUrl();
    case AssetClass::Crypto: return settings.cryptoStreamUrl;
    }
    return {};
}

bool AlpacaFeed::Stream::isNeeded() const
{
    return market != AssetClass::Option || !wantedQuotes.empty() || !wantedTrades.empty();
}

void AlpacaFeed::Stream::want(const Subscriptions& wanted)
{
    const bool wasNeeded = isNeeded();
    wantedQuotes = oursOf(wanted.quotes);
    wantedTrades = oursOf(wanted.trades);
    if (!isNeeded()) return line.stop();
    if (!wasNeeded) return start();
    sendSubscriptions();
}

void AlpacaFeed::Stream::say(std::string json)
{
    if (market != AssetClass::Option) {
        line.sendText(std::move(json));
        return;
    }
    const auto document = json::Document::parse(json, kOursMax);
    QD_ASSERT(document.has_value()); // it is our own text
    line.send({true, json::toMessagePack(document->root(), json::TimestampForm::Text)});
}

StreamLine::Terms AlpacaFeed::Stream::terms()
{
    return {
        .connect = [this](const StreamLine::Attempt& attempt) { connect(attempt); },
        .message = [this](std::string_view payload) { onMessage(payload); },
        .changed = [this](ConnectionChange change) { tell(std::move(change)); },
        .silent = "the market-data stream did not answer the log-in within 10 s",
        .silentFarewell = kFarewell,
    };
}

void AlpacaFeed::Stream::start()
{
    if (running && isNeeded()) line.start();
}

void AlpacaFeed::Stream::connect(const StreamLine::Attempt& attempt)
{
    sentQuotes.clear();
    sentTrades.clear();
    rests = !hasAccess();
    if (rests) return tell(ConnectionChange{false, "there is no access to Alpaca", {}});
    wire::WebSocketOptions options;
    options.url = url();
    if (market == AssetClass::Option) options.headers.set("Content-Type", "application/msgpack");
    options.idleTimeout = settings.streamIdleTimeout;
    attempt.open(std::move(options));
}

void AlpacaFeed::Stream::onMessage(std::string_view payload)
{
    if (market != AssetClass::Option) return onJson(payload);
    const auto text = json::fromMessagePack(payload);
    if (text) return onJson(*text);
    hand({Malformed{"a frame of " + std::to_string(payload.size()) + " bytes of MessagePack",
                    text.error()}});
}

void AlpacaFeed::Stream::onJson(std::string_view payload)
{
    std::vector<MarketEvent> batch;
    std::vector<alpaca::MarketDecoder::Control> controls;
    decoder.decode(payload, io.clock().now(), batch, controls);
    if (!batch.empty()) hand(std::move(batch));
    const auto attempt = line.attempt();
    for (const auto& control : controls)
        if (attempt.isCurrent()) onControl(control); // one that ended the connection is the last
}

void AlpacaFeed::Stream::onControl(const alpaca::MarketDecoder::Control& control)
{
    using Kind = alpaca::MarketDecoder::Control::Kind;
    switch (control.kind) {
    case Kind::Connected: {
        json::Writer out;
        out.beginObject().member("action", "auth");
        writeLogin(out);
        say(out.endObject().take());
        break;
    }
    case Kind::Authenticated:
        line.listening("market data connected");
        sendSubscriptions();
        break;
    case Kind::Subscription: break;
    case Kind::Error: {
        // Refused subscriptions leave the stream up; the rest ends it.
        const bool fatal = control.code == 402 || control.code == 404 ||
                           control.code == kConnectionLimit || control.code == kSlowClient ||
                           control.code == 409 || control.code == 500;
        if (control.code == 402 && key == 0) askForAnotherToken();
        // Refused, or in use elsewhere: the next attempt is made with the next key.
        if (control.code == 402 || control.code == kConnectionLimit)
            key = (key + 1) % (settings.moreDataKeys.size() + 1);
        const auto reason =
            "Alpaca market data: " + control.message + " (" + std::to_string(control.code) + ")";
        if (fatal) {
            line.leave(reason, kFarewell);
        } else {
            hand({Malformed{control.message,
                            Error{ErrorKind::Denied, "alpaca.data_refused", reason, {}}}});
        }
        break;
    }
    }
}

void AlpacaFeed::Stream::sendSubscriptions()
{
    if (!line.isListening()) return;
    const auto send = [this](const char* action, const std::set<std::string>& quotesFrom,
                             const std::set<std::string>& quotesNot,
                             const std::set<std::string>& tradesFrom,
                             const std::set<std::string>& tradesNot) {
        const auto isNew = [](const auto& from, const auto& without) {
            return std::ranges::any_of(from, [&](const auto& s) { return !without.contains(s); });
        };
        if (!isNew(quotesFrom, quotesNot) && !isNew(tradesFrom, tradesNot)) return;
        json::Writer out;
        out.beginObject().member("action", action);
        writeDifference(out, "quotes", quotesFrom, quotesNot);
        writeDifference(out, "trades", tradesFrom, tradesNot);
        if (market == AssetClass::Equity && action == std::string_view("subscribe")) { // halts of everything
            out.key("statuses").beginArray().value("*").endArray();
        }
        say(out.endObject().take());
    };
    send("unsubscribe", sentQuotes, wantedQuotes, sentTrades, wantedTrades);
    send("subscribe", wantedQuotes, sentQuotes, wantedTrades, sentTrades);
    sentQuotes = wantedQuotes;
    sentTrades = wantedTrades;
}

std::set<std::string> AlpacaFeed::Stream::oursOf(const std::vector<Symbol>& symbols) const
{
    std::set<std::string> names;
    for (const auto& symbol : symbols)
        if (assetClassOf(symbol) == market) names.insert(symbol.text());
    return names;
}

/// A lost stream of crypto or options shows at its symbols, which go stale; it does not take the stocks down.
void AlpacaFeed::Stream::tell(ConnectionChange change)
{
    if (market == AssetClass::Equity) hand({std::move(change)});
}

void AlpacaFeed::Stream::hand(std::vector<MarketEvent> batch)
{
    core.post([self = shared_from_this(), moved = std::make_shared<std::vector<MarketEvent>>(
                                              std::move(batch))] {
        if (self->events) self->events(std::move(*moved));
    });
}

void AlpacaFeed::Stream::stop()
{
    running = false;
    line.stop();
}

void AlpacaFeed::Stream::writeLogin(json::Writer& out) const
{
    const bool isToken = key == 0 && !settings.accessToken.empty();
    if (isToken) {
        out.member("key", "oauth").member("secret", settings.accessToken.revealForUse());
        return;
    }
    const auto& more = settings.moreDataKeys;
    out.member("key", (key == 0 ? settings.keyId : more[key - 1].keyId).revealForUse());
    out.member("secret", (key == 0 ? settings.secretKey : more[key - 1].secretKey).revealForUse());
}

/// Where there are further keys, one that is empty hands over to the next as one that was refused.
bool AlpacaFeed::Stream::hasAccess() const
{
    return settings.hasCredentials() || !settings.moreDataKeys.empty();
}

void AlpacaFeed::Stream::keyChanged(bool mustLeave)
{
    if (mustLeave || rests) start();
}

void AlpacaFeed::Stream::askForAnotherToken()
{
    if (settings.accessToken.empty()) return;
    core.post([self = shared_from_this()] {
        if (self->renew) self->renew([](bool) {});
    });
}

/// Bars and snapshots by REST, behind the gates (breaker, rate limit) of the data host.
struct AlpacaFeed::History {
    History(const AlpacaSettings& settings, wire::HttpClient& http, runtime::Executor& executor,
            runtime::Random& random)
        : core(executor), gate(alpaca::dataTerms(settings), http, executor, random)
    {
    }

    struct Query {
        Symbol symbol;
        BarInterval interval;
        Timestamp from, to;
        int pages = 0;
    };
    using Done = std::function<void(Result<std::vector<Bar>>)>;
    void page(Query query, std::string token, std::vector<Bar> sofar, Done done);
    using Told = std::function<void(std::vector<MarketSnapshot>)>;
    void snapshots(std::vector<std::string> symbols, AssetClass of, Told told);

    runtime::Executor& core;
    DataGate gate;
};

/// Alpaca refuses a whole list for one symbol in it that it cannot read: the list is halved until
/// that one stands alone.
void AlpacaFeed::History::snapshots(std::vector<std::string> symbols, AssetClass of, Told told)
{
    std::string list;
    for (const auto& symbol : symbols) list += (list.empty() ? "" : ",") + symbol;
    DataGate::Request request;
    request.path = dataPath(of, "snapshots") + "?symbols=" + wire::percentEncode(list);
    if (of == AssetClass::Option) request.path += "&limit=" + std::to_string(kContractsMax);
    gate.send(std::move(request), [this, symbols = std::move(symbols), of,
                                   told](const Result<wire::HttpResponse>& result) {
        if (!result) return;
        if (result->status == 400 && symbols.size() > 1) {
            const auto middle = symbols.begin() + static_cast<std::ptrdiff_t>(symbols.size() / 2);
            snapshots({symbols.begin(), middle}, of, told);
            return snapshots({middle, symbols.end()}, of, told);
        }
        if (result->status >= 400) return;
        const auto document = json::Document::parse(
            result->body, {.sizeBytesMax = 4 << 20, .depthMax = 8, .valuesMax = 200'000});
        if (!document) return;
        const auto now = core.clock().now();
        const auto root = document->root();
        std::vector<MarketSnapshot> found;
        for (const auto& [name, value] : (of == AssetClass::Equity ? root : root["snapshots"]).members())
            if (auto snapshot = readSnapshot(name, value, now)) found.push_back(std::move(*snapshot));
        told(std::move(found));
    });
}

void AlpacaFeed::History::page(Query query, std::string token, std::vector<Bar> sofar, Done done)
{
    DataGate::Request request;
    request.path = dataPath(assetClassOf(query.symbol), "bars") +
                   "?symbols=" + wire::percentEncode(query.symbol.text()) +
                   "&timeframe=" + std::string(timeframe(query.interval)) +
                   "&start=" + wire::percentEncode(query.from.toString(0)) +
                   "&end=" + wire::percentEncode((query.to - Duration(1)).toString(9)) +
                   "&limit=" + std::to_string(kBarsPage) + "&sort=asc";
    if (!token.empty()) request.path += "&page_token=" + wire::percentEncode(token);
    gate.send(std::move(request), [this, query, sofar = std::move(sofar),
                                   done](const Result<wire::HttpResponse>& result) mutable {
        if (!result) return done(tl::unexpected(result.error()));
        if (result->status >= 400)
            return done(tl::unexpected(alpaca::readError(result->status, result->body)));
        const auto document = json::Document::parse(
            result->body, {.sizeBytesMax = 16 << 20, .depthMax = 8, .valuesMax = 2'000'000});
        if (!document) return done(tl::unexpected(document.error()));
        const auto root = document->root();
        for (const auto& item : root["bars"][query.symbol.text()].items()) {
            auto bar = readBar(item);
            if (!bar) return done(tl::unexpected(bar.error()));
            sofar.push_back(*bar);
        }
        const auto next = root["next_page_token"].stringOr({});
        if (next.empty() || sofar.size() >= kBarsMax || ++query.pages >= kPagesMax)
            return done(std::move(sofar));
        page(query, std::string(next), std::move(sofar), std::move(done));
    });
}

AlpacaFeed::AlpacaFeed(AlpacaSettings settings, wire::HttpClient& http,
                       wire::WebSocketClient& sockets, runtime::Executor& core,
                       runtime::Executor& io, runtime::Random& random)
    : m_settings(std::move(settings)),
      m_streamSettings(std::make_shared<AlpacaSettings>(m_settings.clone())), m_io(io),
      m_streams{std::make_shared<Stream>(AssetClass::Equity, *m_streamSettings, sockets, core, io,
                                         random)},
      m_history(std::make_unique<History>(m_settings, http, core, random))
{
    if (!m_settings.cryptoStreamUrl.empty())
        m_streams.push_back(std::make_shared<Stream>(AssetClass::Crypto, *m_streamSettings, sockets,
                                                     core, io, random));
    if (!m_settings.optionsStreamUrl().empty())
        m_streams.push_back(std::make_shared<Stream>(AssetClass::Option, *m_streamSettings, sockets,
                                                     core, io, random));
}

AlpacaFeed::~AlpacaFeed()
{
    stop();
}

std::string AlpacaFeed::name() const
{
    return "alpaca";
}

FeedClass AlpacaFeed::feedClass() const
{
    return m_settings.simulated ? FeedClass::Simulated : FeedClass::RealTime;
}

void AlpacaFeed::start(std::function<void(std::vector<MarketEvent>)> events)
{
    for (const auto& stream : m_streams) {
        stream->events = events;
        m_io.post([stream] {
            stream->running = true;
            stream->start();
        });
    }
}

void AlpacaFeed::stop()
{
    for (const auto& stream : m_streams) {
        stream->events = nullptr;
        stream->renew = nullptr;
    }
    const auto stopAll = [streams = m_streams] {
        for (const auto& stream : streams) stream->stop();
    };
    // The streams refer to our settings: they have to be quiet before these go.
    m_io.isCurrent() ? stopAll() : runtime::runAndWait(m_io, stopAll);
}

void AlpacaFeed::subscribe(Subscriptions wanted)
{
    for (const auto& stream : m_streams)
        m_io.post([stream, wanted] { stream->want(wanted); });
}

void AlpacaFeed::snapshots(const std::vector<Symbol>& symbols,
                           std::function<void(std::vector<MarketSnapshot>)> told)
{
    for (const auto& stream : m_streams) {
        const auto ours = stream->oursOf(symbols);
        const std::vector<std::string> names(ours.begin(), ours.end());
        const auto most = stream->market == AssetClass::Option ? kContractsMax : kSnapshotsMax;
        for (std::size_t at = 0; at < names.size(); at += most) {
            const auto first = names.begin() + static_cast<std::ptrdiff_t>(at);
            const auto count = static_cast<std::ptrdiff_t>(std::min(most, names.size() - at));
            m_history->snapshots({first, first + count}, stream->market, told);
        }
    }
}

void AlpacaFeed::bars(const Symbol& symbol, BarInterval interval, Timestamp from, Timestamp to,
                      std::function<void(Result<std::vector<Bar>>)> done)
{
    m_history->page({symbol, interval, from, to, 0}, {}, {}, std::move(done));
}

void AlpacaFeed::useKey(std::size_t index, AlpacaSettings::Key key)
{
    QD_ASSERT(index <= m_settings.moreDataKeys.size());
    const auto change = [index](AlpacaSettings& settings, AlpacaSettings::Key to) {
        if (index == 0) return settings.take(std::move(to));
        settings.moreDataKeys[index - 1] = std::move(to);
    };
    // Streams that were let in stay so, unless the access was taken away.
    const bool mustLeave =
        index == 0 && !m_settings.accessToken.empty() && key.accessToken.empty();
    const auto there = std::make_shared<AlpacaSettings::Key>(AlpacaSettings::Key{
        key.keyId.clone(), key.secretKey.clone(), key.accessToken.clone()});
    m_io.post([settings = m_streamSettings, streams = m_streams, there, change, mustLeave] {
        change(*settings, std::move(*there));
        for (const auto& stream : streams) stream->keyChanged(mustLeave);
    });
    change(m_settings, std::move(key));
}

void AlpacaFeed::renewBy(std::function<void(std::function<void(bool)>)> renew)
{
    for (const auto& stream : m_streams) stream->renew = renew;
    m_settings.renew = std::move(renew);
}

Timestamp AlpacaFeed::heldUntil() const
{
    return m_history->gate.heldUntil();
}

std::vector<FeedKey> AlpacaFeed::keys() const
{
    return m_history->gate.keys();
}

std::vector<const resilience::CircuitBreaker*> AlpacaFeed::breakers() const
{
    return m_history->gate.breakers();
}

} // namespace qd::brokers
