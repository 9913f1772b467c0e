#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "services/runtime/random.h"
#include "services/wire/connector.h"
#include "services/wire/messages.h"
#include "services/wire/web_socket_session.h"

#include <openssl/evp.h>

namespace qd::wire {

namespace {

namespace http = boost::beast::http;

constexpr Duration kTick = std::chrono::milliseconds(50);
constexpr std::size_t kAnswerBytesMax = 16 << 10;

std::string makeKey()
{
    std::array<unsigned char, 16> random{};
    runtime::systemRandom().fill(random);
    std::array<unsigned char, 32> text{};
    const int length = EVP_EncodeBlock(text.data(), random.data(), static_cast<int>(random.size()));
    return {text.begin(), text.begin() + length};
}

/// Connects, asks for the upgrade, and hands the transport to the session. On the session's strand.
class Opening final : public Lasting, public std::enable_shared_from_this<Opening> {
public:
    Opening(std::shared_ptr<WebSocketSession> session, WebSocketOptions options, Url url)
        : m_session(std::move(session)),
          m_options(std::move(options)),
          m_url(std::move(url)),
          m_timer(m_session->strand()),
          m_key(makeKey()),
          m_input(kAnswerBytesMax)
    {
        m_parser.header_limit(kAnswerBytesMax);
        m_parser.skip(true);
    }

    void start(TlsContext tls);
    void release() override;

private:
    void cancel();
    void request();
    void read();
    void onAnswer();
    void failWith(std::string why);

    std::shared_ptr<WebSocketSession> m_session; ///< null when this is over
    const WebSocketOptions m_options;
    const Url m_url;
    SteadyTimer m_timer;
    std::shared_ptr<Connector> m_connector;
    std::optional<Transport> m_transport;
    std::string m_key, m_head;
    boost::beast::flat_buffer m_input;
    http::response_parser<http::empty_body> m_parser;
};

void Opening::start(TlsContext tls)
{
    m_timer.expires_after(m_options.connectTimeout);
    m_timer.async_wait([self = shared_from_this()](const error_code& error) {
        if (!error) self->failWith("no answer in time");
    });
    m_session->onCancelled([self = shared_from_this()] { self->cancel(); });
    m_connector = std::make_shared<Connector>(
        m_session->strand(), m_url, std::move(tls), [self = shared_from_this()](Result<Transport> transport) {
            if (!self->m_session) return;
            if (!transport) {
                self->failWith(transport.error().detail);
                return;
            }
            self->m_transport.emplace(std::move(*transport));
            self->request();
        });
    m_connector->start(m_options.connectTimeout);
}

void Opening::release()
{
    if (m_session) m_session->letGo();
    cancel();
}

void Opening::request()
{
    HttpRequest upgrade;
    upgrade.headers = m_options.headers;
    upgrade.headers.set("Upgrade", "websocket");
    upgrade.headers.set("Connection", "Upgrade");
    upgrade.headers.set("Sec-WebSocket-Key", m_key);
    upgrade.headers.set("Sec-WebSocket-Version", "13");
    auto head = requestHead(upgrade, m_url);
    if (!head) {
        failWith(describe(head.error()));
        return;
    }
    m_head = std::move(*head);
    m_transport->write({asio::buffer(m_head)}, [self = shared_from_this()](error_code error, std::size_t) {
        if (error)
            self->failWith("request: " + error.message());
        else if (self->m_session)
            self->read();
    });
}

void Opening::read()
{
    m_transport->readSome(
        m_input.prepare(std::min<std::size_t>(m_input.max_size() - m_input.size(), 2048)),
        [self = shared_from_this()](error_code error, std::size_t bytes) {
            if (!self->m_session) return;
            if (error) {
                self->failWith("answer: " + error.message());
                return;
            }
            self->m_input.commit(bytes);
            error_code parsed;
            self->m_input.consume(self->m_parser.put(self->m_input.data(), parsed));
            if (parsed == http::error::need_more)
                self->read();
            else if (parsed)
                self->failWith("answer: " + parsed.message());
            else
                self->onAnswer();
        });
}

void Opening::onAnswer()
{
    const auto& answer = m_parser.get();
    if (answer.result_int() != 101) {
        failWith("the server answered " + std::to_string(answer.result_int()));
        return;
    }
    const auto accept = answer["Sec-WebSocket-Accept"];
    const auto upgrade = answer[http::field::upgrade];
    if (!equalsIgnoringCase({upgrade.data(), upgrade.size()}, "websocket") || accept != acceptKeyFor(m_key)) {
        failWith("the server's handshake answer does not fit the request");
        return;
    }
    if (answer.count("Sec-WebSocket-Extensions") > 0) {
        failWith("the server chose an extension that was not offered");
        return;
    }
    m_timer.cancel();
    m_connector.reset();
    const auto session = std::exchange(m_session, nullptr);
    const auto* bytes = static_cast<const char*>(m_input.data().data());
    session->open(std::move(*m_transport), std::string(bytes, m_input.size()));
}

void Opening::cancel()
{
    m_timer.cancel();
    if (m_connector) std::exchange(m_connector, nullptr)->cancel();
    if (m_transport) m_transport->close();
    m_session.reset();
}

void Opening::failWith(std::string why)
{
    if (!m_session) return;
    const auto session = m_session;
    cancel();
    session->refuse({1006, "connect " + m_url.authority() + ": " + std::move(why)});
}

class BeastWebSocketClient final : public WebSocketClient {
public:
    BeastWebSocketClient(Network& network, runtime::Executor& executor, TlsClientOptions tls)
        : m_network(network),
          m_sharedStrand(sharedStrand(network, executor)),
          m_outlet(std::make_shared<Outlet>(network, executor)),
          m_watch(std::make_shared<Watch>(network.state().makeStrand(), kTick)),
          m_tlsOptions(std::move(tls))
    {
        network.state().releaseAtStop(m_watch);
    }

    ~BeastWebSocketClient() override
    {
        m_outlet->close();
        m_watch->abortAll();
    }

    std::shared_ptr<WebSocket> connect(WebSocketOptions options, WebSocketEvents events) override
    {
        WebSocketSettings settings;
        settings.isClient = true;
        settings.messageBytesMax = options.messageBytesMax;
        settings.queueBytesMax = options.queueBytesMax;
        settings.idleTimeout = options.idleTimeout;
        auto session = std::make_shared<WebSocketSession>(
            m_sharedStrand ? *m_sharedStrand : m_network.state().makeStrand(), m_watch, m_outlet,
            std::move(events), std::move(settings));
        auto url = Url::parse(options.url);
        Result<TlsContext> tls = TlsContext();
        if (url && url->isSecure()) tls = tlsContext();
        asio::post(session->strand(), [state = &m_network.state(), session,
                                       options = std::move(options), url, tls] {
            if (!url || !tls) {
                session->refuse({1006, describe(url ? tls.error() : url.error())});
            } else if (!session->isEnded()) {
                const auto opening = std::make_shared<Opening>(session, options, *url);
                state->releaseAtStop(opening);
                opening->start(*tls);
            }
        });
        return session;
    }

private:
    /// Made at the first secure connect; then shared.
    Result<TlsContext> tlsContext()
    {
        const std::lock_guard lock(m_mutex);
        if (m_tls) return m_tls;
        auto made = makeClientTls(m_tlsOptions);
        if (made) m_tls = *made;
        return made;
    }

    Network& m_network;
    const std::optional<Strand> m_sharedStrand;
    const std::shared_ptr<Outlet> m_outlet;
    const std::shared_ptr<Watch> m_watch;
    const TlsClientOptions m_tlsOptions;
    std::mutex m_mutex; ///< guards m_tls
    TlsContext m_tls;
};

} // namespace

std::unique_ptr<WebSocketClient> makeWebSocketClient(Network& network, runtime::Executor& executor,
                                                     TlsClientOptions tls)
{
    return std::make_unique<BeastWebSocketClient>(network, executor, std::move(tls));
}

} // namespace qd::wire
