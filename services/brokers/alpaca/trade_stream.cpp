#include "services/brokers/alpaca/trade_stream.h"

#include <algorithm>
#include <array>

#include "services/brokers/alpaca/order_json.h"

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
    : m_settings(settings), m_core(core), m_line(terms(), sockets, core, random)
{
}

StreamLine::Terms TradeStream::terms()
{
    return {
        .connect = [this](const StreamLine::Attempt& attempt) { connect(attempt); },
        .opened = [this] { authenticate(); },
        .message = [this](std::string_view payload) { onMessage(payload); },
        .changed = [this](ConnectionChange change) { m_events(std::move(change)); },
        .hideSecrets = [this](std::string& text) { hideKeys(text, m_settings); },
        .silent = "the venue did not answer the log-in within 10 s",
        .silentFarewell = "no answer to the log-in",
    };
}

void TradeStream::start(std::function<void(BrokerEvent)> events)
{
    m_events = std::move(events);
    m_line.start();
}

void TradeStream::stop()
{
    m_line.stop();
}

void TradeStream::keyChanged(bool isDead)
{
    const bool mustLeave = isDead && !m_letInWith.empty() &&
                           !m_letInWith.matches(m_settings.accessToken.revealForUse());
    if ((m_unauthorized || mustLeave) && m_line.isRunning()) m_line.start();
}

void TradeStream::connect(const StreamLine::Attempt& attempt)
{
    if (!m_settings.hasCredentials()) {
        m_unauthorized = true;
        m_events(ConnectionChange{false, "there is no access to Alpaca", {}});
        return;
    }
    wire::WebSocketOptions options;
    options.url = m_settings.streamUrl;
    options.idleTimeout = m_settings.streamIdleTimeout;
    attempt.open(std::move(options));
}

void TradeStream::authenticate()
{
    m_letInWith = m_settings.accessToken.clone();
    json::Writer out;
    out.beginObject().member("action", "authenticate").key("data").beginObject();
    if (m_settings.accessToken.empty()) {
        out.member("key_id", m_settings.keyId.revealForUse());
        out.member("secret_key", m_settings.secretKey.revealForUse());
    } else {
        out.member("oauth_token", m_settings.accessToken.revealForUse());
    }
    out.endObject().endObject();
    m_line.sendText(out.take());
}

void TradeStream::onMessage(std::string_view payload)
{
    const auto document = json::Document::parse(payload);
    if (!document) return m_events(m_line.malformed(payload, document.error()));
    const auto root = document->root();
    const auto stream = root["stream"].stringOr({});
    const auto data = root["data"];
    if (stream == "trade_updates") return onUpdate(data, payload);
    if (stream == "authorization") return onAuthorization(data);
    if (stream == "listening") return m_line.listening("listening to trade updates");
    if (stream.empty())
        m_events(m_line.malformed(
            payload, Error{ErrorKind::Invalid, "alpaca.schema", "is required", "stream"}));
}

void TradeStream::onAuthorization(const json::Value& data)
{
    m_unauthorized = data["status"].stringOr({}) != "authorized";
    if (m_unauthorized) {
        m_line.leave("Alpaca refused the key; connect the broker again", "not authorized");
        return askForAnotherToken();
    }
    m_line.sendText(R"({"action":"listen","data":{"streams":["trade_updates"]}})");
}

/// Another one starts the line by `keyChanged`; until it is certain that there is none, nobody is
/// told that we are not let in.
void TradeStream::askForAnotherToken()
{
    if (m_settings.accessToken.empty() || !m_settings.renew) return;
    m_unauthorized = false;
    m_settings.renew([this](bool isRenewed) { m_unauthorized |= !isRenewed; });
}

void TradeStream::onUpdate(const json::Value& data, std::string_view payload)
{
    auto update = readTradeUpdate(data, m_settings.account, m_core.clock().now());
    if (!update) return m_events(m_line.malformed(payload, update.error()));
    m_events(std::move(*update));
}

} // namespace qd::brokers::alpaca
