#include "services/brokers/alpaca/trade_stream.h"

#include <algorithm>
#include <array>

#include "services/brokers/alpaca/order_json.h"
#include "services/brokers/stream_pace.h"
#include "services/json/json.h"
#include "services/resilience/retry.h"

namespace qd::brokers::alpaca {

namespace {

struct EventRow {
    std::string_view word;
    OrderEventKind kind;
};
/// Events of `trade_updates`. Those that change nothing we track are Updated.
constexpr std::array kEvents = {
    EventRow{"new", OrderEventKind::Accepted},
    EventRow{"accepted", OrderEventKind::Accepted},
    EventRow{"pending_new", OrderEventKind::Accepted},
    EventRow{"held", OrderEventKind::Held},
    EventRow{"fill", OrderEventKind::Filled},
    EventRow{"partial_fill", OrderEventKind::Filled},
    EventRow{"canceled", OrderEventKind::Canceled},
    EventRow{"expired", OrderEventKind::Expired},
    EventRow{"rejected", OrderEventKind::Rejected},
    EventRow{"replaced", OrderEventKind::Replaced},
    EventRow{"pending_cancel", OrderEventKind::PendingCancel},
    EventRow{"pending_replace", OrderEventKind::PendingUpdate},
    EventRow{"order_replace_rejected", OrderEventKind::ModifyRejected},
    EventRow{"order_cancel_rejected", OrderEventKind::CancelRejected},
    EventRow{"done_for_day", OrderEventKind::Updated},
    EventRow{"stopped", OrderEventKind::Updated},
    EventRow{"calculated", OrderEventKind::Updated},
    EventRow{"suspended", OrderEventKind::Updated},
};


Result<Fill> readFill(const json::Value& data, const OrderReport& report, Timestamp receiveTime)
{
    Fill fill;
    const auto id = data["execution_id"].string();
    if (!id) return fail(ErrorKind::Invalid, "alpaca.schema", "is required", "execution_id");
    const auto price = readPrice(data["price"], "price");
    if (!price) return tl::unexpected(price.error());
    const auto quantity = readQuantity(data["qty"], "qty");
    if (!quantity) return tl::unexpected(quantity.error());
    fill.executionId = ExecutionId(std::string(*id));
    fill.clientOrderId = report.clientOrderId;
    fill.venueOrderId = report.venueOrderId;
    fill.account = report.request.account;
    fill.symbol = report.request.symbol;
    fill.side = report.request.side;
    fill.price = *price;
    fill.quantity = *quantity;
    fill.eventTime = data["timestamp"].timestamp().value_or(receiveTime);
    fill.receiveTime = receiveTime;
    return fill;
}

} // namespace

Result<OrderUpdate> readTradeUpdate(const json::Value& data, const AccountId& account,
                                    Timestamp receiveTime)
{
    const auto word = data["event"].string();
    if (!word) return fail(ErrorKind::Invalid, "alpaca.schema", "is required", "event");
    const auto row = std::ranges::find(kEvents, *word, &EventRow::word);
    if (row == kEvents.end())
        return fail(ErrorKind::Invalid, "alpaca.schema",
                    "unknown event \"" + std::string(word->substr(0, 40)) + "\"", "event");
    auto report = readOrder(data["order"], account);
    if (!report) return tl::unexpected(report.error());

    OrderUpdate update;
    update.kind = row->kind;
    update.receiveTime = receiveTime;
    update.eventTime = data["timestamp"].timestamp().value_or(
        report->updatedAt.isSet() ? report->updatedAt : receiveTime);
    if (row->kind == OrderEventKind::Filled) {
        auto fill = readFill(data, *report, receiveTime);
        if (!fill) return tl::unexpected(fill.error());
        update.fill = std::move(*fill);
    }
    if (row->kind == OrderEventKind::Rejected)
        report->reason = std::string(data["reason"].stringOr("rejected by the venue").substr(0, 200));
    update.report = std::move(*report);
    return update;
}

TradeStream::TradeStream(const AlpacaSettings& settings, wire::WebSocketClient& sockets,
                         runtime::Executor& core, runtime::Random& random)
    : m_settings(settings), m_sockets(sockets), m_core(core), m_random(random),
      m_generation(std::make_shared<int>(0))
{
}

TradeStream::~TradeStream()
{
    stop();
}

void TradeStream::start(std::function<void(BrokerEvent)> events)
{
    m_events = std::move(events);
    m_running = true;
    connect();
}

void TradeStream::stop()
{
    m_running = false;
    m_listening = false;
    ++*m_generation;
    m_reconnect.cancel();
    m_handshake.cancel();
    if (m_socket) m_socket->close({1000, "stopping"});
    m_socket.reset();
}

void TradeStream::connect()
{
    if (!m_running) return;
    if (m_settings.keyId.empty() || m_settings.secretKey.empty()) {
        m_unauthorized = true;
        m_events(ConnectionChange{false, "no Alpaca key is configured", {}});
        return;
    }
    const int generation = ++*m_generation;
    const auto current = [shared = m_generation, generation] { return *shared == generation; };

    wire::WebSocketOptions options;
    options.url = m_settings.streamUrl;
    options.idleTimeout = m_settings.streamIdleTimeout;
    wire::WebSocketEvents events;
    events.onOpen = [this, current](std::shared_ptr<wire::WebSocket> socket) {
        if (!current()) return;
        m_socket = std::move(socket);
        json::Writer out;
        out.beginObject().member("action", "authenticate").key("data").beginObject();
        out.member("key_id", m_settings.keyId.revealForUse());
        out.member("secret_key", m_settings.secretKey.revealForUse());
        out.endObject().endObject();
        m_socket->send({false, out.take()});
    };
    events.onMessage = [this, current](wire::WebSocketMessage message) {
        if (!current()) return;
        hideKeys(message.payload, m_settings);
        onMessage(message.payload);
    };
    events.onClosed = [this, current](const wire::CloseReason& reason) {
        if (current())
            onClosed(reason.text.empty() ? "closed with code " + std::to_string(reason.code)
                                         : reason.text);
    };
    m_handshake = m_core.after(kHandshakeMax, [this] {
        if (m_socket) m_socket->close({1000, "no answer to the log-in"});
        onClosed("the venue did not answer the log-in within 10 s");
    });
    m_socket = m_sockets.connect(std::move(options), std::move(events));
}

void TradeStream::onMessage(std::string_view payload)
{
    const auto document = json::Document::parse(payload);
    if (!document) return quarantine(payload, document.error());
    const auto root = document->root();
    const auto stream = root["stream"].stringOr({});
    const auto data = root["data"];
    if (stream == "trade_updates") return onUpdate(data, payload);
    if (stream == "authorization") {
        if (data["status"].stringOr({}) != "authorized") {
            m_unauthorized = true;
            if (m_socket) m_socket->close({1000, "not authorized"});
            return onClosed("Alpaca refused the key; connect the broker again");
        }
        m_unauthorized = false;
        m_socket->send({false, R"({"action":"listen","data":{"streams":["trade_updates"]}})"});
        return;
    }
    if (stream == "listening") {
        m_handshake.cancel();
        m_failures = 0;
        m_nextAttempt = {};
        m_listening = true;
        m_events(ConnectionChange{true, "listening to trade updates", {}});
        return;
    }
    if (stream.empty())
        quarantine(payload, Error{ErrorKind::Invalid, "alpaca.schema", "is required", "stream"});
}

void TradeStream::onUpdate(const json::Value& data, std::string_view payload)
{
    auto update = readTradeUpdate(data, m_settings.account, m_core.clock().now());
    if (!update) return quarantine(payload, update.error());
    m_events(std::move(*update));
}

void TradeStream::quarantine(std::string_view payload, Error error)
{
    ++m_malformedCount;
    m_events(Malformed{std::string(payload.substr(0, 4096)), std::move(error)});
}

void TradeStream::onClosed(const std::string& reason)
{
    ++*m_generation;
    m_handshake.cancel();
    m_socket.reset();
    m_listening = false;
    if (!m_running) return;
    m_lastError = Error{ErrorKind::Unavailable, "broker.stream_down", reason, {}};
    m_lastErrorAt = m_core.clock().now();
    ++m_failures;
    const auto wait =
        std::max(kReconnectMin, resilience::fullJitter(kReconnect, m_failures, m_random));
    m_nextAttempt = m_core.clock().now() + wait;
    m_reconnect = m_core.after(wait, [this] { connect(); });
    m_events(ConnectionChange{false, reason, m_nextAttempt});
}

} // namespace qd::brokers::alpaca
