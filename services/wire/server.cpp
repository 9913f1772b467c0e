#include <algorithm>
#include <future>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/post.hpp>

#include "services/wire/server_connection.h"

namespace qd::wire {

namespace {

using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Strand>;

constexpr int kBacklog = 4096;
/// Out of descriptors or memory: try again after so long instead of spinning.
constexpr Duration kAcceptPause = std::chrono::milliseconds(50);

Duration tickFor(const ServerOptions& options)
{
    const Duration shortest = std::min({options.headerTimeout, options.bodyTimeout, options.idleTimeout,
                                        options.handshakeTimeout, options.webSocketIdleTimeout});
    return std::clamp<Duration>(shortest / 10, std::chrono::milliseconds(5),
                                std::chrono::milliseconds(250));
}

/// Accepts until it is closed. On its strand.
class Listener : public std::enable_shared_from_this<Listener> {
public:
    Listener(Network::State& network, std::optional<Strand> shared, std::shared_ptr<ServerShared> server)
        : m_network(network),
          m_sharedStrand(std::move(shared)),
          m_strand(m_sharedStrand ? *m_sharedStrand : network.makeStrand()),
          m_server(std::move(server)),
          m_acceptor(m_strand),
          m_timer(m_strand)
    {
    }

    const Strand& strand() const { return m_strand; }
    std::uint16_t port() const { return m_port; }

    Result<void> listen();
    void accept();
    void close();
    void closeAllAfter(Duration grace);

private:
    void onAccepted(Socket socket);

    Network::State& m_network;
    const std::optional<Strand> m_sharedStrand;
    const Strand m_strand;
    const std::shared_ptr<ServerShared> m_server;
    Acceptor m_acceptor;
    SteadyTimer m_timer;
    std::uint16_t m_port = 0;
};

Result<void> Listener::listen()
{
    const ServerOptions& options = m_server->options;
    const std::string where = options.address + " port " + std::to_string(options.port);
    error_code error;
    const auto address = asio::ip::make_address(options.address, error);
    if (error)
        return fail(ErrorKind::Invalid, "wire.bind", "expected an IP address, was " + options.address);
    const asio::ip::tcp::endpoint endpoint(address, options.port);
    m_acceptor.open(endpoint.protocol(), error);
    if (!error) m_acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) m_acceptor.bind(endpoint, error);
    if (!error) m_acceptor.listen(kBacklog, error);
    if (error) return fail(ErrorKind::Unavailable, "wire.bind", where + ": " + error.message());
    m_port = m_acceptor.local_endpoint(error).port();
    return {};
}

void Listener::accept()
{
    if (!m_acceptor.is_open()) return;
    const Strand strand = m_sharedStrand ? *m_sharedStrand : m_network.makeStrand();
    m_acceptor.async_accept(strand, [self = shared_from_this()](const error_code& error, Socket socket) {
        if (error == asio::error::operation_aborted || !self->m_acceptor.is_open()) return;
        if (error) {
            self->m_timer.expires_after(kAcceptPause);
            self->m_timer.async_wait([self](const error_code& cancelled) {
                if (!cancelled) self->accept();
            });
            return;
        }
        self->onAccepted(std::move(socket));
        self->accept();
    });
}

void Listener::onAccepted(Socket socket)
{
    error_code error;
    const auto peer = socket.remote_endpoint(error);
    if (error) return; // gone already
    std::string address = peer.address().to_string();
    if (!m_server->admit(address)) {
        ++m_server->counters.refusedConnections;
        return; // closed by its destructor
    }
    ++m_server->counters.accepted;
    auto connection = std::make_shared<ServerConnection>(std::move(socket), std::move(address), m_server);
    asio::post(connection->strand(), [connection] { connection->start(); });
}

void Listener::close()
{
    error_code ignored; // the descriptor is gone either way
    m_acceptor.close(ignored);
    m_timer.cancel();
}

void Listener::closeAllAfter(Duration grace)
{
    m_timer.expires_after(grace);
    m_timer.async_wait([server = m_server](const error_code& error) {
        if (!error) server->watch->abortAll();
    });
}

class BeastServer final : public Server {
public:
    BeastServer(Network& network, std::shared_ptr<ServerShared> shared, std::shared_ptr<Listener> listener)
        : m_network(network), m_shared(std::move(shared)), m_listener(std::move(listener))
    {
    }

    ~BeastServer() override
    {
        m_shared->stopping = true;
        m_shared->outlet->close();
        closeListener();
        m_shared->watch->abortAll();
    }

    std::uint16_t port() const override { return m_listener->port(); }

    ServerStats stats() const override
    {
        const ServerShared::Counters& c = m_shared->counters;
        return {c.accepted,           c.requests, c.upgrades,       c.refusedConnections,
                c.timeouts,           c.protocolErrors,
                c.openConnections,    c.openWebSockets};
    }

    void stop(std::chrono::milliseconds grace) override
    {
        m_shared->stopping = true;
        asio::post(m_listener->strand(), [listener = m_listener, shared = m_shared, grace] {
            listener->close();
            shared->watch->retireAll();
            listener->closeAllAfter(grace);
        });
    }

private:
    /// Waits until the port is free again, where waiting is possible.
    void closeListener()
    {
        asio::io_context& loop = m_network.state().loop;
        if (loop.stopped() || m_listener->strand().running_in_this_thread()) {
            m_listener->close();
            return;
        }
        auto closed = std::make_shared<std::promise<void>>();
        asio::post(m_listener->strand(), [listener = m_listener, closed] {
            listener->close();
            closed->set_value();
        });
        if (loop.get_executor().running_in_this_thread()) return; // it may be this thread's turn
        closed->get_future().wait_for(std::chrono::seconds(2));
    }

    Network& m_network;
    std::shared_ptr<ServerShared> m_shared;
    std::shared_ptr<Listener> m_listener;
};

} // namespace

Result<std::unique_ptr<Server>> makeServer(Network& network, runtime::Executor& executor,
                                           Service& service, ServerOptions options)
{
    auto shared = std::make_shared<ServerShared>();
    if (options.certificateFile.empty() != options.keyFile.empty())
        return fail(ErrorKind::Invalid, "wire.tls", "expected a certificate and its key, or neither");
    if (!options.certificateFile.empty()) {
        auto tls = makeServerTls(options.certificateFile, options.keyFile);
        if (!tls) return tl::unexpected(tls.error());
        shared->tls = std::move(*tls);
    }
    const Duration tick = tickFor(options);
    shared->options = std::move(options);
    shared->service = &service;
    shared->outlet = std::make_shared<Outlet>(network, executor);
    auto listener =
        std::make_shared<Listener>(network.state(), sharedStrand(network, executor), shared);
    if (auto listening = listener->listen(); !listening) return tl::unexpected(listening.error());
    shared->watch = std::make_shared<Watch>(listener->strand(), tick);
    network.state().releaseAtStop(shared->watch);
    asio::post(listener->strand(), [listener] { listener->accept(); });
    return std::make_unique<BeastServer>(network, std::move(shared), std::move(listener));
}

} // namespace qd::wire
