#include "services/sandbox/ibkr/stream.h"

#include <charconv>

#include <fmt/format.h>

namespace qd::sandbox::ibkr {

namespace {

/// "smd+265598+{…}" taken apart.
struct Command {
    std::string_view word, subject, rest;
};

Command readCommand(std::string_view text)
{
    Command command;
    const auto first = std::min(text.find('+'), text.size());
    command.word = text.substr(0, first);
    text.remove_prefix(std::min(first + 1, text.size()));
    if (text.starts_with('{')) {
        command.rest = text;
        return command;
    }
    const auto second = std::min(text.find('+'), text.size());
    command.subject = text.substr(0, second);
    command.rest = text.substr(std::min(second + 1, text.size()));
    return command;
}

/// The session in `api={"session":"…"}` or `api=…`.
std::string sessionIn(std::string_view cookie)
{
    const auto at = cookie.find("api=");
    if (at == std::string_view::npos)
        return {};
    std::string_view value = cookie.substr(at + 4);
    value = value.substr(0, value.find(';'));
    if (!value.starts_with('{'))
        return std::string(value);
    const auto document = json::Document::parse(value);
    return document ? std::string((*document)["session"].stringOr("")) : std::string();
}

} // namespace

Stream::Stream(Parts parts) : m_parts(std::move(parts))
{
    m_heartbeat = m_parts.desk.executor.after(kHeartbeat, [this] { beat(); });
}

tl::expected<wire::WebSocketEvents, wire::HttpResponse>
Stream::accept(const wire::HttpRequest& request)
{
    if (m_clients.size() >= kSessionsMax)
        return tl::unexpected(errorAnswer(503, "too many connections"));
    const ClientId id = m_nextClient++;
    m_clients[id];
    const std::weak_ptr<bool> alive = m_alive;
    wire::WebSocketEvents events;
    events.onOpen = [this, id, alive, cookie = std::string(request.headers.find("Cookie"))](
                        std::shared_ptr<wire::WebSocket> socket) {
        if (!alive.expired())
            onOpen(id, std::move(socket), cookie);
    };
    events.onMessage = [this, id, alive](const wire::WebSocketMessage& message) {
        if (!alive.expired())
            onMessage(id, message.payload);
    };
    events.onClosed = [this, id, alive](const wire::CloseReason&) {
        if (!alive.expired())
            m_clients.erase(id);
    };
    return events;
}

void Stream::onOpen(ClientId id, std::shared_ptr<wire::WebSocket> socket, const std::string& cookie)
{
    const auto found = m_clients.find(id);
    if (found == m_clients.end())
        return;
    found->second.socket = std::move(socket);
    const std::string session = sessionIn(cookie);
    if (session.empty())
        send(found->second, R"({"message":"waiting for session"})");
    else
        admit(found->second, session);
}

void Stream::admit(Client& client, std::string_view sessionId)
{
    if (!m_parts.session.isLoggedIn() || sessionId != m_parts.session.id()) {
        client.socket->close({1008, "not authenticated"});
        return;
    }
    client.admitted = true;
    send(client, R"({"topic":"system","success":"paper","isFT":false,"isPaper":true})");
    send(client, fmt::format(R"({{"topic":"act","args":{{"accounts":["{0}"],"selectedAccount":"{0}"}}}})",
                             m_parts.accountNumber));
    send(client, statusMessage());
}

void Stream::onMessage(ClientId id, const std::string& text)
{
    const auto found = m_clients.find(id);
    if (found == m_clients.end() || !found->second.socket)
        return;
    Client& client = found->second;
    if (client.admitted)
        return obey(client, text);
    const auto document = json::Document::parse(text);
    if (document && (*document)["session"].isString())
        admit(client, (*document)["session"].stringOr(""));
    else
        send(client, R"({"message":"waiting for session"})");
}

void Stream::obey(Client& client, const std::string& text)
{
    if (text == "tic") {
        m_parts.session.touch();
        return send(client, R"({"topic":"tic","alive":true})");
    }
    const Command command = readCommand(text);
    const auto document = json::Document::parse(command.rest.empty() ? "{}" : command.rest);
    const json::Value wish = document ? document->root() : json::Value();
    std::int64_t conid = 0;
    std::from_chars(command.subject.data(), command.subject.data() + command.subject.size(), conid);
    if (!document || !m_parts.session.hasBridge())
        return send(client, fmt::format(R"({{"error":"{}"}})",
                                        document ? "no bridge" : "invalid arguments"));
    if (command.word == "smd")
        return followMarket(client, conid, wish);
    if (command.word == "umd") {
        if (const auto index = m_parts.contracts.find(conid))
            client.lines.erase(*index);
        return;
    }
    if (command.word == "sor")
        return followOrders(client);
    if (command.word == "str")
        return followTrades(client, wish);
    if (command.word == "uor")
        client.orders = false;
    else if (command.word == "utr")
        client.executions = false;
    else
        send(client, R"({"error":"unknown topic"})");
}

void Stream::followMarket(Client& client, std::int64_t conid, const json::Value& wish)
{
    const auto index = m_parts.contracts.find(conid);
    if (!index || (client.lines.size() >= kMarketDataMax && !client.lines.contains(*index)))
        return send(client, fmt::format(R"({{"topic":"smd+{}","error":"{}"}})", conid,
                                        index ? "market data limit reached" : "invalid conid"));
    MarketLine& line = client.lines[*index];
    line.fields = wish["fields"].strings().value_or(std::vector<std::string>{"31", "84", "86"});
    line.until = m_parts.desk.executor.clock().steady() + kMarketDataLasts;
    line.told.clear();
    tellLine(client, *index, line, true);
    if (!m_flush.isActive())
        m_flush = m_parts.desk.executor.after(kFlushEvery, [this] { flush(); });
}

void Stream::followOrders(Client& client)
{
    client.orders = true;
    json::Writer out;
    out.beginObject().member("topic", "sor").key("args").beginArray();
    bool any = false;
    for (const auto& chain : m_parts.ledger.all()) {
        if (exchange::isFinal(chain.now.status))
            continue;
        any = true;
        writeLiveOrder(out, chain, m_parts.contracts, m_parts.accountNumber);
    }
    out.endArray().endObject();
    if (any) // without orders nothing confirms that they are followed
        send(client, out.take());
}

void Stream::followTrades(Client& client, const json::Value& wish)
{
    client.executions = true;
    json::Writer out;
    out.beginObject().member("topic", "str").key("args").beginArray();
    if (!wish["realtimeUpdatesOnly"].booleanOr(false)) {
        const Timestamp since = m_parts.desk.exchange.clock().now - std::chrono::hours(24);
        for (const auto& execution : m_parts.desk.records.executions(m_parts.ledger.account())) {
            const auto order = m_parts.desk.records.order(m_parts.ledger.account(), execution.order);
            if (execution.at >= since && order)
                writeExecution(out, execution, m_parts.ledger.orderOf(*order), m_parts.contracts,
                               m_parts.accountNumber);
        }
    }
    send(client, out.endArray().endObject().take());
}

void Stream::publish(const std::string& message)
{
    const bool isOrder = message.starts_with(R"({"topic":"sor")");
    for (auto& [id, client] : m_clients) {
        const bool isSilenced = isOrder && m_parts.session.liveOrdersFiltered;
        if (client.admitted && !isSilenced && (isOrder ? client.orders : client.executions))
            send(client, message);
    }
    FaultSubject stream;
    stream.stream = "trade";
    if (m_parts.desk.strike("disconnect", stream))
        disconnect();
}

void Stream::marketMoved(const exchange::MarketBatch& batch)
{
    if (m_clients.empty())
        return;
    for (const auto& event : batch) {
        const auto instrument = std::visit([](const auto& tick) { return tick.instrument; }, event);
        for (auto& [id, client] : m_clients)
            if (const auto line = client.lines.find(instrument); line != client.lines.end())
                line->second.isDirty = true;
    }
}

void Stream::tellLine(Client& client, exchange::InstrumentIndex instrument, MarketLine& line,
                      bool isFirst)
{
    line.isDirty = false;
    FaultSubject subject;
    subject.symbol = m_parts.contracts.instrument(instrument).symbol.text();
    subject.stream = "data";
    if (!isFirst && m_parts.desk.strike("stale_symbol", subject))
        return;
    const std::int64_t conid = m_parts.contracts.conidOf(instrument);
    json::Writer out;
    out.beginObject().member("topic", fmt::format("smd+{}", conid)).member("conid", conid);
    out.member("conidEx", std::to_string(conid)).member("server_id", "q0");
    out.member("_updated", m_parts.desk.exchange.clock().now.millis());
    bool differs = isFirst;
    for (auto& [field, value] :
         marketFields(m_parts.desk, m_parts.contracts, instrument, line.fields)) {
        auto& told = line.told[field];
        if (told == value)
            continue;
        out.member(field, value);
        told = value;
        differs = true;
    }
    out.endObject();
    if (differs)
        send(client, out.take());
}

void Stream::flush()
{
    const Duration now = m_parts.desk.executor.clock().steady();
    bool any = false;
    for (auto& [id, client] : m_clients) {
        std::erase_if(client.lines, [now](const auto& line) { return line.second.until <= now; });
        for (auto& [instrument, line] : client.lines) {
            any = true;
            if (line.isDirty)
                tellLine(client, instrument, line, false);
        }
    }
    if (any)
        m_flush = m_parts.desk.executor.after(kFlushEvery, [this] { flush(); });
}

std::string Stream::statusMessage() const
{
    json::Writer out;
    out.beginObject().member("topic", "sts").key("args");
    m_parts.session.writeStatus(out);
    return out.endObject().take();
}

void Stream::sessionChanged()
{
    const std::string status = statusMessage();
    for (auto& [id, client] : m_clients)
        if (client.admitted)
            send(client, status);
    if (!m_parts.session.isLoggedIn())
        disconnect();
}

void Stream::beat()
{
    const auto text = fmt::format(R"({{"topic":"system","hb":{}}})",
                                  m_parts.desk.executor.clock().now().millis());
    for (auto& [id, client] : m_clients)
        if (client.admitted)
            send(client, text);
    m_heartbeat = m_parts.desk.executor.after(kHeartbeat, [this] { beat(); });
}

void Stream::disconnect()
{
    // Closing may call onClosed at once, which forgets the client.
    std::vector<std::shared_ptr<wire::WebSocket>> closing;
    for (auto& [id, client] : m_clients) {
        client.admitted = false;
        if (client.socket)
            closing.push_back(client.socket);
    }
    for (const auto& socket : closing)
        socket->close({1001, "going away"});
}

void Stream::send(Client& client, std::string text)
{
    if (!client.socket || !client.socket->isOpen())
        return;
    if (client.socket->queuedBytes() <= kQueueBytesMax && client.socket->send({false, std::move(text)}))
        return;
    client.admitted = false;
    // Not from inside a walk over the clients: closing may forget this one.
    m_parts.desk.executor.post([socket = client.socket] { socket->close({1008, "slow client"}); });
}

} // namespace qd::sandbox::ibkr
