#include "services/sandbox/alpaca/data_stream.h"

#include <algorithm>

#include "services/sandbox/alpaca/answers.h"
#include "services/sandbox/alpaca/data_json.h"
#include "services/sandbox/alpaca/text.h"

namespace qd::sandbox::alpaca {

namespace {

constexpr std::string_view kTestSymbol = "FAKEPACA";
constexpr std::string_view kCryptoPath = "/v1beta3/crypto/us";

bool isOptionsPath(std::string_view path)
{
    return path == "/v1beta1/indicative" || path == "/v1beta1/opra";
}

bool isMessagePack(const wire::WebSocketMessage& message)
{
    const auto first = message.payload.find_first_not_of(" \t\r\n");
    return message.binary && first != std::string::npos && message.payload[first] != '{'
        && message.payload[first] != '[';
}

exchange::InstrumentIndex instrumentOf(const exchange::MarketEvent& event)
{
    return std::visit([](const auto& tick) { return tick.instrument; }, event);
}

} // namespace

DataStream::DataStream(Desk& desk, const KeyRing& keys, DataStreamOptions options)
    : m_desk(desk), m_keys(keys), m_options(options)
{
}

bool DataStream::serves(std::string_view path)
{
    return path == "/v2/iex" || path == "/v2/sip" || path == "/v2/delayed_sip"
        || path == "/v2/test" || path == kCryptoPath || isOptionsPath(path);
}

tl::expected<wire::WebSocketEvents, wire::HttpResponse>
DataStream::accept(const wire::HttpRequest& request, std::string_view path)
{
    if (m_sessions.size() >= kSessionsMax)
        return tl::unexpected(errorAnswer(503, 50310000, "too many connections"));
    const SessionId id = m_nextSession++;
    Session& session = m_sessions[id];
    session.codec = codecOf(request.headers);
    session.path = std::string(path);
    if (path == kCryptoPath)
        session.feed = Feed::Crypto;
    else if (path == "/v2/test")
        session.feed = Feed::Test;
    else if (isOptionsPath(path)) {
        session.feed = Feed::Options;
        session.codec = Codec::MessagePack;
    }
    wire::WebSocketEvents events;
    const std::weak_ptr<bool> alive = m_alive;
    events.onOpen = [this, id, alive,
                     headers = request.headers](std::shared_ptr<wire::WebSocket> socket) {
        if (!alive.expired())
            onOpen(id, std::move(socket), headers);
    };
    events.onMessage = [this, id, alive](const wire::WebSocketMessage& message) {
        if (!alive.expired())
            onMessage(id, message);
    };
    events.onClosed = [this, id, alive](const wire::CloseReason&) {
        if (!alive.expired())
            m_sessions.erase(id);
    };
    return events;
}

void DataStream::onOpen(SessionId id, std::shared_ptr<wire::WebSocket> socket,
                        const wire::Headers& headers)
{
    const auto found = m_sessions.find(id);
    if (found == m_sessions.end())
        return;
    Session& session = found->second;
    session.socket = std::move(socket);
    session.deadline = m_desk.executor.after(kAuthenticateWithin, [this, id] {
        const auto late = m_sessions.find(id);
        if (late == m_sessions.end() || late->second.authenticated)
            return;
        const auto open = late->second.socket;
        sendError(late->second, 404, "auth timeout");
        open->close({1008, "auth timeout"});
    });
    send(session, R"([{"T":"success","msg":"connected"}])");
    if (m_keys.carriesCredentials(headers))
        welcome(session, m_keys.check(headers));
}

void DataStream::onMessage(SessionId id, const wire::WebSocketMessage& message)
{
    const auto found = m_sessions.find(id);
    if (found == m_sessions.end())
        return;
    Session& session = found->second;
    if (session.feed == Feed::Options && !isMessagePack(message)) {
        sendError(session, 412, "option messages are only available in MsgPack format");
        return;
    }
    const auto document = decodeMessage(message);
    const json::Value root = document ? document->root() : json::Value();
    const std::string_view action = root["action"].stringOr("");
    if (action == "auth") {
        if (session.authenticated)
            sendError(session, 403, "already authenticated");
        else
            welcome(session, root["key"].stringOr("") == "oauth"
                                 ? m_keys.checkToken(root["secret"].stringOr(""))
                                 : m_keys.check(root["key"].stringOr(""),
                                                root["secret"].stringOr("")));
    } else if (action == "subscribe" || action == "unsubscribe") {
        if (!session.authenticated)
            sendError(session, 401, "not authenticated");
        else
            change(session, root, action == "subscribe");
    } else {
        sendError(session, 400, "invalid syntax");
    }
}

void DataStream::welcome(Session& session, const ApiKey* key)
{
    if (!key) {
        sendError(session, 402, "auth failed");
        return;
    }
    int others = 0;
    for (const auto& [id, other] : m_sessions)
        others += other.authenticated && other.keyId == key->keyId && other.path == session.path;
    const auto socket = session.socket;
    if (others >= m_options.connectionsPerKeyMax) {
        sendError(session, 406, "connection limit exceeded");
        socket->close({1008, "connection limit exceeded"});
        return;
    }
    if (session.path == "/v2/sip" && !m_options.sipAllowed) {
        sendError(session, 409, "insufficient subscription");
        return;
    }
    session.authenticated = true;
    session.keyId = key->keyId;
    send(session, R"([{"T":"success","msg":"authenticated"}])");
}

void DataStream::change(Session& session, const json::Value& request, bool subscribe)
{
    auto wanted = session.channels;
    for (std::size_t channel = 0; channel < kChannels; ++channel) {
        const json::Value list = request[kChannelNames[channel]];
        if (!list.isAbsent() && !list.isArray()) {
            sendError(session, 400, "invalid syntax");
            return;
        }
        Subscription& subscription = wanted[channel];
        for (const json::Value& item : list.items()) {
            const std::string symbol(item.stringOr(""));
            if (symbol.empty()) {
                sendError(session, 400, "invalid syntax");
                return;
            }
            const auto index = findInstrument(m_desk.exchange, symbol);
            if (subscribe) {
                subscription.symbols.insert(symbol);
                if (index)
                    subscription.instruments.insert(*index);
            } else {
                subscription.symbols.erase(symbol);
                if (index)
                    subscription.instruments.erase(*index);
            }
        }
        subscription.all = subscription.symbols.contains("*");
    }
    if (session.feed == Feed::Options && wanted[Quotes].all) {
        sendError(session, 413, "star subscription is not allowed for option quotes");
        return;
    }
    if (!admits(session, wanted)) {
        sendError(session, 405, "symbol limit exceeded");
        return;
    }
    session.channels = std::move(wanted);
    sendSubscriptions(session);
    if (session.feed == Feed::Test && !m_testFeed.isActive())
        m_testFeed = m_desk.executor.after(std::chrono::seconds(1), [this] { tickTestFeed(); });
}

bool DataStream::admits(const Session& session,
                        const std::array<Subscription, kChannels>& wanted) const
{
    const std::size_t count = wanted[Trades].symbols.size() + wanted[Quotes].symbols.size();
    return m_options.symbolsMax == 0 || session.feed != Feed::Stocks
        || count <= static_cast<std::size_t>(m_options.symbolsMax);
}

bool DataStream::carries(Feed feed, AssetClass assetClass)
{
    switch (assetClass) {
    case AssetClass::Equity: return feed == Feed::Stocks;
    case AssetClass::Option: return feed == Feed::Options;
    case AssetClass::Crypto: return feed == Feed::Crypto;
    }
    return false;
}

bool DataStream::carries(Feed feed, Channel channel)
{
    if (feed == Feed::Options)
        return channel == Trades || channel == Quotes;
    if (feed == Feed::Crypto)
        return channel != Statuses && channel != Lulds;
    return channel != OrderBooks;
}

void DataStream::sendSubscriptions(Session& session)
{
    json::Writer out;
    out.beginArray().beginObject().member("T", "subscription");
    const auto list = [&](std::string_view name, const Subscription& subscription) {
        out.key(name).beginArray();
        for (const std::string& symbol : subscription.symbols)
            out.value(symbol);
        out.endArray();
    };
    for (std::size_t channel = 0; channel < kChannels; ++channel)
        if (carries(session.feed, static_cast<Channel>(channel)))
            list(kChannelNames[channel], session.channels[channel]);
    if (session.feed != Feed::Crypto && session.feed != Feed::Options) {
        list("corrections", session.channels[Trades]);
        list("cancelErrors", session.channels[Trades]);
    }
    out.endObject().endArray();
    send(session, out.take());
}

void DataStream::sendError(Session& session, int code, std::string_view message)
{
    json::Writer out;
    out.beginArray().beginObject().member("T", "error").member("code", code);
    out.member("msg", message).endObject().endArray();
    send(session, out.take());
}

bool DataStream::isSlow(Session& session) const
{
    if (session.socket->queuedBytes() <= kQueueBytesMax) {
        session.behindSince.reset();
        return false;
    }
    const Duration now = m_desk.executor.clock().steady();
    if (!session.behindSince)
        session.behindSince = now;
    return now - *session.behindSince >= kSlowAfter;
}

void DataStream::send(Session& session, std::string json)
{
    const auto socket = session.socket;
    if (!socket || !socket->isOpen())
        return;
    if (isSlow(session)) {
        socket->send(encodeMessage(R"([{"T":"error","code":407,"msg":"slow client"}])",
                                   session.codec, /*binaryJson=*/false,
                                   json::TimestampForm::Extension));
        socket->close({1008, "slow client"});
        return;
    }
    if (!socket->send(encodeMessage(std::move(json), session.codec, /*binaryJson=*/false,
                                    json::TimestampForm::Extension)))
        socket->close({1008, "slow client"});
}

void DataStream::disconnect(std::string_view keyId)
{
    std::vector<std::shared_ptr<wire::WebSocket>> closing;
    for (auto& [id, session] : m_sessions) {
        if (!keyId.empty() && session.keyId != keyId)
            continue;
        session.authenticated = false;
        if (session.socket)
            closing.push_back(session.socket);
    }
    for (const auto& socket : closing)
        socket->close({1001, "going away"});
}

void DataStream::publish(const exchange::MarketBatch& batch)
{
    if (m_sessions.empty() || batch.empty())
        return;
    std::vector<Encoded> cache(batch.size());
    std::vector<std::pair<SessionId, std::string>> outgoing;
    for (const auto& [id, session] : m_sessions) {
        if (!session.authenticated || session.feed == Feed::Test)
            continue;
        if (std::string text = collect(session, batch, cache); !text.empty())
            outgoing.emplace_back(id, std::move(text));
    }
    for (auto& [id, text] : outgoing)
        if (const auto found = m_sessions.find(id); found != m_sessions.end())
            send(found->second, std::move(text));
    FaultSubject stream;
    stream.stream = "data";
    if (const auto fault = m_desk.strike("disconnect", stream))
        disconnect(fault->keyId);
}

std::string DataStream::collect(const Session& session, const exchange::MarketBatch& batch,
                                std::vector<Encoded>& cache)
{
    std::string out;
    const auto& instruments = m_desk.exchange.instruments();
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const exchange::InstrumentIndex index = instrumentOf(batch[i]);
        const AssetClass assetClass = instruments[index].assetClass;
        if (!carries(session.feed, assetClass))
            continue;
        const bool crypto = assetClass == AssetClass::Crypto;
        const auto wants = [&](Channel channel) {
            return session.channels[channel].wants(index);
        };
        if (std::holds_alternative<exchange::QuoteTick>(batch[i])) {
            if (wants(Quotes))
                append(out, cache[i].main, Quotes, batch[i]);
            if (crypto && wants(OrderBooks))
                append(out, cache[i].book, OrderBooks, batch[i]);
        } else if (std::holds_alternative<exchange::TradeTick>(batch[i])) {
            if (wants(Trades))
                append(out, cache[i].main, Trades, batch[i]);
        } else if (std::holds_alternative<exchange::BarTick>(batch[i])) {
            if (wants(Bars))
                append(out, cache[i].main, Bars, batch[i]);
            if (wants(DailyBars))
                append(out, cache[i].daily, DailyBars, batch[i]);
        } else if (wants(Statuses)) {
            append(out, cache[i].main, Statuses, batch[i]);
        }
    }
    if (!out.empty())
        out += ']';
    return out;
}

void DataStream::append(std::string& out, std::string& cached, Channel channel,
                        const exchange::MarketEvent& event)
{
    if (cached.empty()) {
        const Symbol& symbol = m_desk.exchange.instruments()[instrumentOf(event)].symbol;
        FaultSubject subject;
        subject.symbol = symbol.text();
        cached = m_desk.strike("stale_symbol", subject) ? "-" : encode(channel, event);
    }
    if (cached == "-")
        return;
    out += out.empty() ? '[' : ',';
    out += cached;
}

std::string DataStream::encode(Channel channel, const exchange::MarketEvent& event) const
{
    static constexpr std::array<std::string_view, kChannels> kLetters = {"t", "q", "b", "u",
                                                                         "d", "s", "l", "o"};
    const exchange::InstrumentIndex index = instrumentOf(event);
    const Instrument& instrument = m_desk.exchange.instruments()[index];
    json::Writer out;
    out.beginObject().member("T", kLetters[channel]).member("S", instrument.symbol.text());
    if (channel == Trades)
        writeTradeFields(out, std::get<exchange::TradeTick>(event), instrument);
    else if (channel == Quotes)
        writeQuoteFields(out, std::get<exchange::QuoteTick>(event), instrument);
    else if (channel == Bars)
        writeBarFields(out, std::get<exchange::BarTick>(event).bar);
    else if (channel == Statuses)
        writeStatusFields(out, std::get<exchange::StatusTick>(event), instrument);
    else if (channel == OrderBooks) {
        writeBookFields(out, m_desk.exchange.depth(index, 10));
        out.member("r", true);
    } else if (const auto snapshot = m_desk.exchange.snapshot(index); snapshot.dailyBar)
        writeBarFields(out, *snapshot.dailyBar);
    else
        return "-";
    out.endObject();
    return out.take();
}

void DataStream::tickTestFeed()
{
    const std::string now = rfc3339(m_desk.exchange.clock().now);
    // A price that goes round in a minute, so that a client sees it move.
    const Decimal price = Decimal::of("133.00") + Decimal::fromUnits(m_testTicks++ % 60 * 1'000'000);
    std::vector<std::pair<SessionId, std::string>> outgoing;
    for (const auto& entry : m_sessions) {
        const Session& session = entry.second;
        if (!session.authenticated || session.feed != Feed::Test)
            continue;
        const auto wants = [&](Channel channel) {
            const Subscription& subscription = session.channels[channel];
            return subscription.all || subscription.symbols.contains(std::string(kTestSymbol));
        };
        json::Writer out;
        out.beginArray();
        const auto begin = [&](std::string_view letter) -> json::Writer& {
            return out.beginObject().member("T", letter).member("S", kTestSymbol).member("t", now);
        };
        if (wants(Trades)) {
            begin("t").member("i", m_testTicks).member("x", "N").key("p").number(price);
            out.member("s", 100).key("c").beginArray().value("@").endArray().member("z", "A");
            out.endObject();
        }
        if (wants(Quotes)) {
            begin("q").member("bx", "O").key("bp").number(price - Decimal::of("0.01"));
            out.member("bs", 100).member("ax", "R").key("ap").number(price + Decimal::of("0.01"));
            out.member("as", 300).key("c").beginArray().value("R").endArray().member("z", "A");
            out.endObject();
        }
        if (wants(Bars)) {
            begin("b");
            for (const char* name : {"o", "h", "l", "c", "vw"})
                out.key(name).number(price);
            out.member("v", 100).member("n", 1).endObject();
        }
        out.endArray();
        if (out.text().size() > 2)
            outgoing.emplace_back(entry.first, out.take());
    }
    for (auto& [id, text] : outgoing)
        if (const auto found = m_sessions.find(id); found != m_sessions.end())
            send(found->second, std::move(text));
    const bool anyone = std::any_of(m_sessions.begin(), m_sessions.end(), [](const auto& entry) {
        return entry.second.feed == Feed::Test;
    });
    if (anyone)
        m_testFeed = m_desk.executor.after(std::chrono::seconds(1), [this] { tickTestFeed(); });
}

} // namespace qd::sandbox::alpaca
