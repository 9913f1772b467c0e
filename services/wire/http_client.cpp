#include <algorithm>
#include <deque>
#include <map>

#include <boost/asio/post.hpp>

#include "services/wire/client_connection.h"
#include "services/wire/connector.h"

namespace qd::wire {

namespace {

using Clock = std::chrono::steady_clock;

/// One request from `send` to its only answer.
struct Exchange {
    explicit Exchange(const Strand& strand) : deadline(strand) {}
    Url url;
    std::string method, head, body;
    HttpClient::Callback done;
    SteadyTimer deadline;
    bool retried = false;
    bool sent = false; ///< `connection` has it
    std::weak_ptr<ClientConnection> connection; ///< which holds this by its callback
};
using ExchangePtr = std::shared_ptr<Exchange>;

struct IdleConnection {
    std::shared_ptr<ClientConnection> connection;
    std::shared_ptr<SteadyTimer> expiry;
};

/// What is kept for one scheme, host and port.
struct Host {
    std::vector<IdleConnection> idle;
    std::deque<ExchangePtr> waiting;
    int connections = 0; ///< connecting, busy and idle
};

/// All hosts of one client. On its strand.
class Pool final : public Lasting, public std::enable_shared_from_this<Pool> {
public:
    Pool(Strand strand, std::shared_ptr<Outlet> outlet, HttpClientOptions options)
        : m_strand(std::move(strand)), m_outlet(std::move(outlet)), m_options(std::move(options))
    {
    }

    const Strand& strand() const { return m_strand; }
    void accept(HttpRequest request, HttpClient::Callback done);
    void close();
    void release() override { close(); }

private:
    using Key = std::string; ///< "https://host:port"
    void place(const ExchangePtr& exchange);
    void connectFor(const ExchangePtr& exchange);
    void onConnected(const Key& key, Result<Transport> transport);
    void send(const ExchangePtr& exchange, std::shared_ptr<ClientConnection> connection);
    void onOutcome(const ExchangePtr& exchange, ClientConnection::Outcome outcome);
    void keep(const Key& key, std::shared_ptr<ClientConnection> connection);
    void dropIdle(const Key& key, const ClientConnection* connection);
    void dropAllIdle(const Key& key);
    void freePlace(const Key& key);
    void onTimeout(const ExchangePtr& exchange);
    void answer(const ExchangePtr& exchange, Result<HttpResponse> result);
    void reject(const HttpClient::Callback& done, Error error);
    Result<TlsContext> tls();
    static Key keyOf(const Url& url) { return url.scheme + "://" + url.authority(); }

    const Strand m_strand;
    const std::shared_ptr<Outlet> m_outlet;
    const HttpClientOptions m_options;
    TlsContext m_tls; ///< made at the first secure request
    std::map<Key, Host> m_hosts;
    std::vector<std::shared_ptr<Connector>> m_connectors;
    bool m_closed = false;
};

void Pool::reject(const HttpClient::Callback& done, Error error)
{
    m_outlet->deliver([done, error = std::move(error)] { done(tl::unexpected(error)); });
}

void Pool::accept(HttpRequest request, HttpClient::Callback done)
{
    if (m_closed) return;
    auto url = Url::parse(request.target);
    if (url && url->scheme.starts_with("ws"))
        url = fail(ErrorKind::Invalid, "wire.url", "expected http or https, was " + url->scheme);
    if (!url) return reject(done, url.error());
    auto head = requestHead(request, *url);
    if (!head) return reject(done, head.error());
    if (url->isSecure()) {
        if (auto context = tls(); !context) return reject(done, context.error());
    }
    auto exchange = std::make_shared<Exchange>(m_strand);
    exchange->url = std::move(*url);
    exchange->method = std::move(request.method);
    exchange->head = std::move(*head);
    exchange->body = std::move(request.body);
    exchange->done = std::move(done);
    exchange->deadline.expires_after(request.timeout);
    exchange->deadline.async_wait([self = shared_from_this(), exchange](const error_code& error) {
        if (!error) self->onTimeout(exchange);
    });
    place(exchange);
}

Result<TlsContext> Pool::tls()
{
    if (m_tls) return m_tls;
    auto made = makeClientTls(m_options.tls);
    if (made) m_tls = *made;
    return made;
}

/// An idle connection, a new one, a place in the queue, or "overloaded".
void Pool::place(const ExchangePtr& exchange)
{
    Host& host = m_hosts[keyOf(exchange->url)];
    // The one used last is warmest. One whose end is still on its way to us stays where it is until
    // its own read tells: a POST on it would be lost with an unknown outcome.
    const auto alive = std::find_if(host.idle.rbegin(), host.idle.rend(), [](const auto& idle) {
        return !idle.connection->peerHasGone();
    });
    if (alive != host.idle.rend()) {
        const IdleConnection reused = std::move(*alive);
        host.idle.erase(std::next(alive).base());
        reused.expiry->cancel();
        send(exchange, reused.connection);
        return;
    }
    if (host.waiting.size() >= static_cast<std::size_t>(m_options.queuedPerHostMax)) {
        answer(exchange, fail(ErrorKind::Unavailable, "wire.overloaded",
                              std::to_string(host.waiting.size()) + " requests wait for " +
                                  exchange->url.authority()));
        return;
    }
    host.waiting.push_back(exchange);
    if (host.connections >= m_options.connectionsPerHostMax) return;
    ++host.connections;
    connectFor(exchange);
}

/// A connection is made for the host, not for the request: whoever waits longest gets it.
void Pool::connectFor(const ExchangePtr& exchange)
{
    const Key key = keyOf(exchange->url);
    auto slot = std::make_shared<std::weak_ptr<Connector>>();
    auto connector = std::make_shared<Connector>(
        m_strand, exchange->url, m_tls,
        [self = shared_from_this(), key, slot](Result<Transport> transport) {
            std::erase(self->m_connectors, slot->lock());
            self->onConnected(key, std::move(transport));
        });
    *slot = connector;
    m_connectors.push_back(connector);
    connector->start(m_options.connectTimeout);
}

void Pool::onConnected(const Key& key, Result<Transport> transport)
{
    if (m_closed) return;
    Host& host = m_hosts[key];
    if (!transport) {
        --host.connections;
        // Everyone in the queue would meet the same wall; but those who may have another connection
        // to wait for, wait on.
        if (host.connections > 0 && !host.waiting.empty()) {
            const ExchangePtr first = host.waiting.front();
            host.waiting.pop_front();
            answer(first, tl::unexpected(transport.error()));
            return;
        }
        const std::deque<ExchangePtr> refused = std::exchange(host.waiting, {});
        for (const ExchangePtr& exchange : refused) answer(exchange, tl::unexpected(transport.error()));
        return;
    }
    auto connection = std::make_shared<ClientConnection>(
        std::move(*transport),
        ClientConnection::Limits{m_options.headerBytesMax, m_options.bodyBytesMax});
    connection->start([self = shared_from_this(), key, weak = std::weak_ptr(connection)] {
        if (const auto lost = weak.lock()) self->dropIdle(key, lost.get());
    });
    keep(key, std::move(connection));
}

void Pool::send(const ExchangePtr& exchange, std::shared_ptr<ClientConnection> connection)
{
    exchange->sent = true;
    exchange->connection = connection;
    // Kept for a second attempt only if there may be one.
    const bool mayRetry = !exchange->retried && connection->exchanges() > 0;
    std::string head = mayRetry ? exchange->head : std::move(exchange->head);
    std::string body = mayRetry ? exchange->body : std::move(exchange->body);
    connection->exchange(std::move(head), std::move(body), exchange->method == "HEAD",
                         [self = shared_from_this(), exchange](ClientConnection::Outcome outcome) {
                             self->onOutcome(exchange, std::move(outcome));
                         });
}

void Pool::onOutcome(const ExchangePtr& exchange, ClientConnection::Outcome outcome)
{
    const Key key = keyOf(exchange->url);
    const auto connection = exchange->connection.lock(); // it is telling us
    exchange->sent = false;
    const bool wasKeptAlive = connection->exchanges() > 1;
    const bool mayRetry = !outcome.response && !exchange->retried && wasKeptAlive &&
                          (outcome.nothingSent ||
                           (outcome.nothingHeard && isIdempotent(exchange->method)));
    if (outcome.reusable)
        keep(key, connection);
    else
        freePlace(key);
    if (mayRetry) {
        exchange->retried = true;
        dropAllIdle(key); // they have waited as long as the one that died
        place(exchange);
        return;
    }
    if (!outcome.response && outcome.nothingSent) {
        answer(exchange, fail(ErrorKind::Unavailable, "wire.connect", outcome.response.error().detail));
        return;
    }
    answer(exchange, std::move(outcome.response));
}

/// A free connection: to whoever waits, else to the idle ones.
void Pool::keep(const Key& key, std::shared_ptr<ClientConnection> connection)
{
    Host& host = m_hosts[key];
    if (!host.waiting.empty()) {
        const ExchangePtr next = host.waiting.front();
        host.waiting.pop_front();
        send(next, std::move(connection));
        return;
    }
    auto expiry = std::make_shared<SteadyTimer>(m_strand);
    expiry->expires_after(m_options.idleTimeout);
    expiry->async_wait([self = shared_from_this(), key, weak = std::weak_ptr(connection)](
                           const error_code& error) {
        const auto expired = weak.lock();
        if (error || !expired) return;
        expired->close();
        self->dropIdle(key, expired.get());
    });
    host.idle.push_back({std::move(connection), std::move(expiry)});
}

void Pool::dropIdle(const Key& key, const ClientConnection* connection)
{
    Host& host = m_hosts[key];
    const auto found = std::find_if(host.idle.begin(), host.idle.end(), [&](const IdleConnection& idle) {
        return idle.connection.get() == connection;
    });
    if (found == host.idle.end()) return; // handed out meanwhile: its exchange will tell
    found->expiry->cancel();
    host.idle.erase(found);
    freePlace(key);
}

void Pool::dropAllIdle(const Key& key)
{
    for (const IdleConnection& idle : std::exchange(m_hosts[key].idle, {})) {
        idle.expiry->cancel();
        idle.connection->close();
        freePlace(key);
    }
}

/// A connection has ended: someone who waits may open another.
void Pool::freePlace(const Key& key)
{
    if (m_closed) return;
    Host& host = m_hosts[key];
    if (!host.waiting.empty()) {
        connectFor(host.waiting.front());
    } else if (--host.connections == 0) {
        m_hosts.erase(key);
    }
}

void Pool::onTimeout(const ExchangePtr& exchange)
{
    if (!exchange->done) return;
    const Key key = keyOf(exchange->url);
    if (exchange->sent) {
        if (const auto connection = exchange->connection.lock()) connection->close();
        answer(exchange, fail(ErrorKind::OutcomeUnknown, "wire.timeout",
                              "no answer from " + exchange->url.authority() + " in time"));
        freePlace(key);
        return;
    }
    std::erase(m_hosts[key].waiting, exchange);
    answer(exchange, fail(ErrorKind::Unavailable, "wire.connect",
                          "no connection to " + exchange->url.authority() + " in time"));
}

void Pool::answer(const ExchangePtr& exchange, Result<HttpResponse> result)
{
    if (!exchange->done) return;
    exchange->deadline.cancel();
    auto held = std::make_shared<Result<HttpResponse>>(std::move(result));
    m_outlet->deliver([done = std::exchange(exchange->done, nullptr), held] { done(std::move(*held)); });
}

void Pool::close()
{
    m_closed = true;
    for (const auto& connector : std::exchange(m_connectors, {})) connector->cancel();
    for (auto& [key, host] : m_hosts) {
        for (const IdleConnection& idle : host.idle) {
            idle.expiry->cancel();
            idle.connection->close();
        }
        for (const ExchangePtr& exchange : host.waiting) exchange->deadline.cancel();
    }
    m_hosts.clear();
}

class BeastHttpClient final : public HttpClient {
public:
    BeastHttpClient(Network& network, runtime::Executor& executor, HttpClientOptions options)
        : m_outlet(std::make_shared<Outlet>(network, executor))
    {
        const auto shared = sharedStrand(network, executor);
        m_pool = std::make_shared<Pool>(shared ? *shared : network.state().makeStrand(), m_outlet,
                                        std::move(options));
        network.state().releaseAtStop(m_pool);
    }

    ~BeastHttpClient() override
    {
        m_outlet->close();
        asio::post(m_pool->strand(), [pool = m_pool] { pool->close(); });
    }

    void send(HttpRequest request, Callback done) override
    {
        QD_ASSERT(done);
        auto held = std::make_shared<HttpRequest>(std::move(request));
        asio::post(m_pool->strand(), [pool = m_pool, held, done = std::move(done)]() mutable {
            pool->accept(std::move(*held), std::move(done));
        });
    }

private:
    std::shared_ptr<Outlet> m_outlet;
    std::shared_ptr<Pool> m_pool;
};

} // namespace

std::unique_ptr<HttpClient> makeHttpClient(Network& network, runtime::Executor& executor,
                                           HttpClientOptions options)
{
    return std::make_unique<BeastHttpClient>(network, executor, std::move(options));
}

} // namespace qd::wire
