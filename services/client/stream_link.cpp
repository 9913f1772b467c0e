#include "services/client/stream_link.h"

#include <algorithm>

#include <QNetworkProxy>

#include "services/client/facts_json.h"
#include "services/client/trust.h"
#include "services/runtime/backoff.h"

namespace qd::client {

namespace {

constexpr std::size_t kWishesMax = 5'000; ///< the backend refuses more

QUrl streamUrl(QUrl url)
{
    url.setScheme(url.scheme() == QLatin1String("https") ? QStringLiteral("wss")
                                                          : QStringLiteral("ws"));
    url.setPath(QStringLiteral("/v1/stream"));
    return url;
}

QString toQString(std::string_view text)
{
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

void setUp(QTimer& timer, std::chrono::milliseconds interval, bool once = true)
{
    timer.setInterval(interval);
    timer.setSingleShot(once);
}

} // namespace

StreamLink::StreamLink(const NetSettings& settings)
    : m_settings(settings), m_conflater(settings.tradesMax)
{
    setUp(m_retryTimer, settings.retryMin);
    setUp(m_welcomeTimer, settings.welcomeWithin);
    setUp(m_silenceTimer, settings.silenceMax);
    setUp(m_pingTimer, settings.pingEvery, /*once=*/false);
    setUp(m_frameTimer, settings.frame);
    m_frameTimer.setTimerType(Qt::PreciseTimer);
    connect(&m_retryTimer, &QTimer::timeout, this, [this] { dial(); });
    connect(&m_welcomeTimer, &QTimer::timeout, this,
            [this] { lose("the backend did not answer within the time allowed"); });
    connect(&m_silenceTimer, &QTimer::timeout, this,
            [this] { lose("the backend fell silent"); });
    connect(&m_pingTimer, &QTimer::timeout, this, [this] { sendPing(); });
    connect(&m_frameTimer, &QTimer::timeout, this, [this] { flushMarket(); });
}

void StreamLink::start()
{
    m_started = true;
    if (m_phase != Phase::Away) return;
    m_server.url.isEmpty() ? show(LinkState::Connecting, "waiting for the backend") : dial();
}

void StreamLink::stop()
{
    hangUp();
    m_started = false;
    m_phase = Phase::Away;
    m_sequence.reset();
    m_link.attempt = 0;
    show(LinkState::Offline, "signed out");
}

void StreamLink::setServer(ServerAddress server)
{
    m_server = std::move(server);
    hangUp();
    m_phase = Phase::Away;
    m_sequence.reset(); // another server counts its own way
    m_link.attempt = 0;
    if (!m_started) return;
    m_server.url.isEmpty() ? show(LinkState::Offline, "there is no backend") : dial();
}

void StreamLink::subscribe(const WishList& wishes)
{
    m_wishes = wishes;
    const auto others = wishes.trades.size() + wishes.bars.size();
    const auto room = kWishesMax - std::min(kWishesMax, others);
    if (m_wishes.quotes.size() > room) m_wishes.quotes.resize(room);
    if (m_phase == Phase::Live) sendWishes();
}

void StreamLink::dial()
{
    hangUp();
    m_phase = Phase::Dialling;
    m_farewell.clear();
    m_socketIsNew = true;
    m_socket = new QWebSocket(QString(), QWebSocketProtocol::VersionLatest, this);
    m_socket->setProxy(QNetworkProxy::NoProxy);
    m_socket->setSslConfiguration(tlsTrusting(m_server.caFile));
    m_socket->setMaxAllowedIncomingFrameSize(m_settings.frameBytesMax);
    m_socket->setMaxAllowedIncomingMessageSize(m_settings.frameBytesMax);
    connect(m_socket, &QWebSocket::connected, this, [this] { sendHello(); });
    connect(m_socket, &QWebSocket::disconnected, this, [this] { lose(reasonOfClose()); });
#if QT_VERSION >= QT_VERSION_CHECK(6, 5, 0)
    constexpr auto errorSignal = &QWebSocket::errorOccurred;
#else
    constexpr auto errorSignal =
        static_cast<void (QWebSocket::*)(QAbstractSocket::SocketError)>(&QWebSocket::error);
#endif
    connect(m_socket, errorSignal, this, [this] { lose(reasonOfClose()); });
    connect(m_socket, &QWebSocket::textMessageReceived, this,
            [this](const QString& message) { onFrame(message.toStdString()); });
    connect(m_socket, &QWebSocket::binaryMessageReceived, this, [this](const QByteArray& bytes) {
        onFrame({bytes.constData(), static_cast<std::size_t>(bytes.size())});
    });
    m_welcomeTimer.start();
    show(LinkState::Connecting, "connecting to the backend");
    m_socket->open(streamUrl(m_server.url));
}

void StreamLink::hangUp()
{
    m_retryTimer.stop();
    m_welcomeTimer.stop();
    m_silenceTimer.stop();
    m_pingTimer.stop();
    m_marketSequence.reset();
    flushEvents();
    if (!m_socket) return;
    m_socket->disconnect(this);
    m_socket->abort();
    m_socket->deleteLater();
    m_socket = nullptr;
}

std::string StreamLink::reasonOfClose() const
{
    if (!m_farewell.empty()) return m_farewell;
    if (!m_socket->closeReason().isEmpty()) return m_socket->closeReason().toStdString();
    const auto error = m_socket->errorString().toStdString();
    return error.empty() ? "the backend closed the connection" : error;
}

void StreamLink::lose(const std::string& why)
{
    if (m_phase == Phase::Away || m_phase == Phase::Waiting) return;
    const std::string reason = why; // it may be a member of what ends now
    m_phase = Phase::Waiting;
    hangUp();
    if (m_link.attempt++ == 0) m_lostAt = m_settings.clock->steady();
    const auto delay = nextDelay();
    m_retryTimer.start(delay);
    m_link.nextAttempt = m_settings.clock->now() + delay;
    show(LinkState::Offline, reason);
}

std::chrono::milliseconds StreamLink::nextDelay()
{
    const Duration wait = runtime::jitteredWait(m_settings.retryMin, m_settings.retryMax,
                                                m_link.attempt + 1, *m_settings.random,
                                                m_settings.retryMin);
    return std::chrono::round<std::chrono::milliseconds>(wait);
}

void StreamLink::sendHello()
{
    m_phase = Phase::Greeting;
    const bool wasAway = m_link.attempt > 0;
    if (wasAway && m_settings.clock->steady() - m_lostAt > m_settings.replayWithin)
        m_sequence.reset();
    json::Writer out;
    out.beginObject()
        .member("type", "hello")
        .member("token", m_server.token.revealForUse())
        .member("after", m_sequence);
    m_socket->sendTextMessage(toQString(out.endObject().text()));
    m_welcomeTimer.start();
    show(LinkState::Synchronising, m_sequence ? "asking for what was missed" : "fetching a snapshot");
}

void StreamLink::sendWishes()
{
    m_marketSequence.reset();
    m_socket->sendTextMessage(toQString(subscribeMessage(m_wishes)));
}

void StreamLink::sendPing()
{
    m_pingSent = m_settings.clock->steady();
    m_socket->sendTextMessage(
        QStringLiteral("{\"type\":\"ping\",\"id\":%1}").arg(++m_pingId));
}

void StreamLink::show(LinkState state, std::string detail)
{
    flushEvents();
    m_link.state = state;
    m_link.detail = std::move(detail);
    if (state != LinkState::Offline) m_link.nextAttempt = {};
    Q_EMIT linkChanged(m_link);
}

} // namespace qd::client
