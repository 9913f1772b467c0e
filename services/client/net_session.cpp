#include "services/client/net_session.h"

#include <algorithm>
#include <iterator>
#include <span>

#include <QPointer>

#include "services/client/facts_json.h"
#include "services/client/problem_json.h"
#include "services/client/rest_client.h"
#include "services/client/stream_link.h"

namespace qd::client {

namespace {

constexpr const char* kOfflineText = "not connected to the backend";

template <typename T>
using Decode = T (*)(FieldReader&, const json::Value&);

json::Limits answerLimits(const NetSettings& settings)
{
    return {.sizeBytesMax = settings.bodyBytesMax, .depthMax = 16, .valuesMax = 1'000'000};
}

/// On `net`: an answer's body as a value.
template <typename T>
Answer<T> decoded(const Answer<QByteArray>& body, const NetSettings& settings, bool isCommand,
                  Decode<T> decode)
{
    if (!body) return tl::unexpected(body.error());
    const auto document = json::Document::parse(
        {body->constData(), static_cast<std::size_t>(body->size())}, answerLimits(settings));
    FieldReader read;
    T value{};
    if (document)
        value = decode(read, document->root());
    else
        read.note(document.error());
    auto sound = read.finish(std::move(value));
    if (sound) return std::move(*sound);
    return tl::unexpected(noAnswer("client.unreadable", describe(sound.error()), isCommand));
}

std::string orderTarget(const ClientOrderId& order, const char* below = "")
{
    return "/v1/orders/" + QUrl::toPercentEncoding(QString::fromStdString(order.text()))
                               .toStdString() + below;
}

std::string encoded(const std::string& text)
{
    return QUrl::toPercentEncoding(QString::fromStdString(text)).toStdString();
}

std::string symbolList(std::span<const Symbol> symbols)
{
    std::string list;
    for (const auto& symbol : symbols) {
        if (!list.empty()) list += ',';
        list += encoded(symbol.text());
    }
    return list;
}

Order readPlainOrder(FieldReader& read, const json::Value& root) { return readOrder(read, root); }

int readRequestedCount(FieldReader&, const json::Value& root)
{
    return static_cast<int>(root["requested"].size());
}

std::vector<Instrument> readInstruments(FieldReader& read, const json::Value& root)
{
    return readAll(read, root["instruments"], readInstrument);
}

std::vector<QuoteFacts> readQuotes(FieldReader& read, const json::Value& root)
{
    return readAll(read, root["quotes"], readQuote);
}

std::vector<TimelineEvent> readTimeline(FieldReader& read, const json::Value& root)
{
    return readAll(read, root["events"], readTimelineEvent);
}

std::vector<Span> readTrace(FieldReader& read, const json::Value& root)
{
    auto spans = readAll(read, root["spans"], readSpan);
    std::stable_sort(spans.begin(), spans.end(),
                     [](const Span& a, const Span& b) { return a.start < b.start; });
    return spans;
}

std::vector<LogEvent> readEvents(FieldReader& read, const json::Value& root)
{
    return readAll(read, root["events"], readLogEvent);
}

TradingFacts readAccepted(FieldReader& read, const json::Value& root)
{
    return readTrading(read, root["trading"]);
}

bool readRequested(FieldReader& read, const json::Value& root)
{
    bool isRequested = true;
    read.members(root, "requested", isRequested);
    return isRequested;
}

std::string readText(FieldReader&, const json::Value& root) { return root.dump(); }

} // namespace

NetSession::NetSession(ServerAddress server, NetSettings settings, QObject* parent)
    : Session(parent), m_settings(settings), m_rest(new RestClient(settings)),
      m_stream(new StreamLink(settings))
{
    m_thread.setObjectName(QStringLiteral("net"));
    m_rest->moveToThread(&m_thread);
    m_stream->moveToThread(&m_thread);
    connect(&m_thread, &QThread::finished, m_rest, &QObject::deleteLater);
    connect(&m_thread, &QThread::finished, m_stream, &QObject::deleteLater);
    connect(m_stream, &StreamLink::linkChanged, this, [this](const LinkFacts& link) {
        m_link = link;
        Q_EMIT linkChanged(link);
    });
    connect(m_stream, &StreamLink::snapshotArrived, this, &Session::snapshotArrived);
    connect(m_stream, &StreamLink::eventsArrived, this, &Session::eventsArrived);
    connect(m_stream, &StreamLink::statusArrived, this, &Session::statusArrived);
    connect(m_stream, &StreamLink::marketArrived, this, [this](const MarketBatch& batch) {
        Q_EMIT marketArrived(batch);
        QMetaObject::invokeMethod(m_stream, &StreamLink::onBatchTaken, Qt::QueuedConnection);
    });
    m_thread.start();
    if (!server.url.isEmpty()) setServer(std::move(server));
}

NetSession::~NetSession()
{
    m_thread.quit();
    m_thread.wait();
}

void NetSession::setServer(ServerAddress server)
{
    // Values that cannot be copied travel in a box: queued calls are copied.
    auto forRest = std::make_shared<ServerAddress>(
        ServerAddress{server.url, server.token.clone(), server.caFile});
    auto forStream = std::make_shared<ServerAddress>(std::move(server));
    QMetaObject::invokeMethod(
        m_rest, [rest = m_rest, forRest] { rest->setServer(std::move(*forRest)); });
    QMetaObject::invokeMethod(
        m_stream, [stream = m_stream, forStream] { stream->setServer(std::move(*forStream)); });
}

void NetSession::announce(LinkState state, const std::string& detail)
{
    m_link.state = state;
    m_link.detail = detail;
    Q_EMIT linkChanged(m_link);
}

void NetSession::start()
{
    QMetaObject::invokeMethod(m_stream, &StreamLink::start);
}

void NetSession::subscribe(const WishList& wishes)
{
    QMetaObject::invokeMethod(m_stream, [stream = m_stream, wishes] { stream->subscribe(wishes); });
}

void NetSession::leave()
{
    setToken({});
    QMetaObject::invokeMethod(m_stream, &StreamLink::stop);
}

void NetSession::rejoin()
{
    QMetaObject::invokeMethod(m_stream, &StreamLink::stop);
    QMetaObject::invokeMethod(m_stream, &StreamLink::start);
}

void NetSession::setToken(runtime::Secret token)
{
    auto forRest = std::make_shared<runtime::Secret>(token.clone());
    auto forStream = std::make_shared<runtime::Secret>(std::move(token));
    QMetaObject::invokeMethod(
        m_rest, [rest = m_rest, forRest] { rest->setToken(std::move(*forRest)); });
    QMetaObject::invokeMethod(
        m_stream, [stream = m_stream, forStream] { stream->setToken(std::move(*forStream)); });
}

template <typename T>
void NetSession::ask(RestCall call, T (*decode)(FieldReader&, const json::Value&), QObject* owner,
                     Reply<T> reply)
{
    if (call.isNobodys) return askOnce(std::move(call), decode, owner, std::move(reply));
    const auto again = [this, call, decode, owner](Reply<T> last) {
        askOnce(call, decode, owner, std::move(last));
    };
    askOnce<T>(std::move(call), decode, owner, rescued<T>(owner, std::move(reply), again));
}

template <typename T>
void NetSession::askOnce(RestCall call, T (*decode)(FieldReader&, const json::Value&),
                         QObject* owner, Reply<T> reply)
{
    const auto id = ++m_lastCall;
    m_waiting[id] = [guard = QPointer<QObject>(owner), reply = std::move(reply)](std::any& answer) {
        if (guard) reply(std::move(*std::any_cast<Answer<T>>(&answer)));
    };
    const auto post = [this, id](Answer<T> answer) {
        QMetaObject::invokeMethod(
            this, [this, id, answer = std::any(std::move(answer))] { settle(id, answer); },
            Qt::QueuedConnection);
    };
    if (m_link.state == LinkState::Offline && !call.evenOffline)
        return post(tl::unexpected(noAnswer(
            "client.offline", m_link.detail.empty() ? kOfflineText : m_link.detail, false)));
    QMetaObject::invokeMethod(
        m_rest, [rest = m_rest, settings = m_settings, call = std::move(call), decode, post] {
            rest->send(call, [settings, decode, post,
                              isCommand = call.isCommand](const Answer<QByteArray>& body) {
                post(decoded<T>(body, settings, isCommand, decode));
            });
        });
}

void NetSession::settle(std::uint64_t id, std::any answer)
{
    const auto waiting = m_waiting.extract(id);
    if (!waiting.empty()) waiting.mapped()(answer);
}

void NetSession::submitOrder(const OrderRequest& order, QObject* owner, Reply<Order> reply)
{
    ask<Order>({.verb = "POST", .target = "/v1/orders", .body = orderBody(order), .isCommand = true,
                .idempotencyKey = order.clientOrderId.text()},
               readPlainOrder, owner, std::move(reply));
}

void NetSession::previewOrder(const OrderRequest& order, QObject* owner, Reply<OrderPreview> reply)
{
    ask<OrderPreview>({.verb = "POST", .target = "/v1/orders/preview", .body = orderBody(order)},
                      readPreview, owner, std::move(reply));
}

void NetSession::changeOrder(const OrderChange& change, QObject* owner, Reply<Order> reply)
{
    ask<Order>({.verb = "PATCH", .target = orderTarget(change.order), .body = changeBody(change),
                .isCommand = true},
               readPlainOrder, owner, std::move(reply));
}

void NetSession::cancelOrder(const ClientOrderId& order, QObject* owner, Reply<Order> reply)
{
    ask<Order>({.verb = "DELETE", .target = orderTarget(order), .isCommand = true,
                .evenOffline = true},
               readPlainOrder, owner, std::move(reply));
}

void NetSession::cancelAll(const Symbol& symbolOrEmpty, QObject* owner, Reply<int> reply)
{
    const auto filter = symbolOrEmpty.empty() ? "" : "?symbol=" + encoded(symbolOrEmpty.text());
    ask<int>({.verb = "DELETE", .target = "/v1/orders" + filter, .isCommand = true,
              .evenOffline = true},
             readRequestedCount, owner, std::move(reply));
}

void NetSession::setTrading(TradingState state, const std::string& reason, QObject* owner,
                            Reply<TradingFacts> reply)
{
    ask<TradingFacts>({.verb = "PUT", .target = "/v1/trading", .body = tradingBody(state, reason),
                       .isCommand = true, .evenOffline = state != TradingState::Active},
                      readTrading, owner, std::move(reply));
}

void NetSession::findInstruments(const std::string& query, int limit, QObject* owner,
                                 Reply<std::vector<Instrument>> reply)
{
    ask<std::vector<Instrument>>({.target = "/v1/instruments?query=" + encoded(query) +
                                            "&limit=" + std::to_string(limit)},
                                 readInstruments, owner, std::move(reply));
}

void NetSession::fetchQuotes(const std::vector<Symbol>& symbols, QObject* owner,
                             Reply<std::vector<QuoteFacts>> reply)
{
    /// Answers of the parts, as they come.
    struct Gathered {
        std::size_t waiting = 0;
        std::vector<QuoteFacts> facts;
        std::optional<Problem> problem;
        Reply<std::vector<QuoteFacts>> reply;
    };
    auto gathered = std::make_shared<Gathered>();
    gathered->waiting = std::max<std::size_t>(1, (symbols.size() + kQuotesMax - 1) / kQuotesMax);
    gathered->reply = std::move(reply);
    const auto take = [gathered](Answer<std::vector<QuoteFacts>> part) {
        if (part) std::move(part->begin(), part->end(), std::back_inserter(gathered->facts));
        else if (!gathered->problem) gathered->problem = std::move(part.error());
        if (--gathered->waiting > 0) return;
        if (gathered->problem) gathered->reply(tl::unexpected(std::move(*gathered->problem)));
        else gathered->reply(std::move(gathered->facts));
    };
    for (std::size_t i = 0; i == 0 || i < symbols.size(); i += kQuotesMax) {
        const std::span<const Symbol> rest(symbols.begin() + std::ptrdiff_t(i), symbols.end());
        const auto part = rest.first(std::min(kQuotesMax, rest.size()));
        ask<std::vector<QuoteFacts>>({.target = "/v1/quotes?symbols=" + symbolList(part)},
                                     readQuotes, owner, take);
    }
}

void NetSession::fetchBars(const Symbol& symbol, BarInterval interval, int limit, QObject* owner,
                           Reply<BarSeries> reply)
{
    ask<BarSeries>({.target = "/v1/bars?symbol=" + encoded(symbol.text()) +
                              "&interval=" + std::string(toString(interval)) +
                              "&limit=" + std::to_string(limit)},
                   readBars, owner, std::move(reply));
}

void NetSession::fetchTimeline(const ClientOrderId& order, QObject* owner,
                               Reply<std::vector<TimelineEvent>> reply)
{
    ask<std::vector<TimelineEvent>>({.target = orderTarget(order, "/timeline")}, readTimeline,
                                    owner, std::move(reply));
}

void NetSession::acceptDifference(const std::string& id, const std::string& reason, QObject* owner,
                                  Reply<TradingFacts> reply)
{
    ask<TradingFacts>({.verb = "POST",
                       .target = "/v1/trading/differences/" + encoded(id) + "/accept",
                       .body = reasonBody(reason), .isCommand = true},
                      readAccepted, owner, std::move(reply));
}

void NetSession::fetchTrace(const std::string& traceId, QObject* owner,
                            Reply<std::vector<Span>> reply)
{
    ask<std::vector<Span>>({.target = "/v1/traces/" + encoded(traceId)}, readTrace, owner,
                           std::move(reply));
}

void NetSession::fetchEvents(std::uint64_t after, int limit, QObject* owner,
                             Reply<std::vector<LogEvent>> reply)
{
    ask<std::vector<LogEvent>>({.target = "/v1/events?after=" + std::to_string(after) +
                                          "&limit=" + std::to_string(limit)},
                               readEvents, owner, std::move(reply));
}

void NetSession::reconcile(QObject* owner, Reply<bool> reply)
{
    ask<bool>({.verb = "POST", .target = "/v1/trading/reconcile", .isCommand = true}, readRequested,
              owner, std::move(reply));
}

void NetSession::call(const ApiCall& call, QObject* owner, TextReply reply)
{
    ask<std::string>({.verb = QByteArray::fromStdString(call.verb), .target = call.target,
                      .body = call.body, .isCommand = call.verb != "GET", .evenOffline = true,
                      .isNobodys = call.isNobodys},
                     readText, owner, std::move(reply));
}

void NetSession::fetchText(const std::string& target, QObject* owner, Reply<std::string> reply)
{
    ask<std::string>({.target = target}, readText, owner, std::move(reply));
}

} // namespace qd::client
