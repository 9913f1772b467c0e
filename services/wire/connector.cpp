#include "services/wire/connector.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/basic_resolver.hpp>

namespace qd::wire {

Connector::Connector(const Strand& strand, Url url, TlsContext tls, Done done)
    : m_strand(strand),
      m_url(std::move(url)),
      m_tls(std::move(tls)),
      m_done(std::move(done)),
      m_resolver(strand),
      m_timer(strand)
{
}

void Connector::start(Duration timeout)
{
    m_timer.expires_after(timeout);
    m_timer.async_wait([self = shared_from_this()](const error_code& error) {
        if (!error) self->failWith(self->m_step, "no answer in time");
    });
    error_code notAnAddress;
    const auto address = asio::ip::make_address(m_url.host, notAnAddress);
    if (!notAnAddress) {
        connect({asio::ip::tcp::endpoint(address, m_url.port)});
        return;
    }
    m_resolver.async_resolve(
        m_url.host, std::to_string(m_url.port),
        [self = shared_from_this()](const error_code& error,
                                    const asio::ip::tcp::resolver::results_type& results) {
            if (error) {
                self->failWith("resolve", error.message());
                return;
            }
            self->connect({results.begin(), results.end()});
        });
}

void Connector::connect(std::vector<asio::ip::tcp::endpoint> endpoints)
{
    if (!m_done) return;
    m_step = "connect";
    m_socket = std::make_shared<Socket>(m_strand);
    auto held = std::make_shared<std::vector<asio::ip::tcp::endpoint>>(std::move(endpoints));
    asio::async_connect(*m_socket, *held,
                        [self = shared_from_this(), held, socket = m_socket](
                            const error_code& error, const asio::ip::tcp::endpoint&) {
                            if (!self->m_done) return;
                            if (error)
                                self->failWith("connect", error.message());
                            else
                                self->shakeHands(std::move(*socket));
                        });
}

void Connector::shakeHands(Socket socket)
{
    m_socket.reset();
    m_transport.emplace(std::move(socket));
    m_transport->tune();
    if (!m_url.isSecure()) {
        succeed();
        return;
    }
    m_step = "TLS handshake";
    m_transport->handshakeAsClient(m_tls, m_url.host, [self = shared_from_this()](error_code error) {
        if (!self->m_done) return;
        if (error)
            self->failHandshake(error);
        else
            self->succeed();
    });
}

void Connector::failHandshake(const error_code& error)
{
    const std::string problem = m_transport->certificateProblem();
    if (problem.empty()) return failWith("TLS handshake", error.message());
    const Done done = std::exchange(m_done, nullptr);
    cancel();
    done(fail(ErrorKind::Unavailable, "wire.untrusted",
              "the certificate of " + m_url.authority() + " is not trusted: " + problem));
}

void Connector::succeed()
{
    m_timer.cancel();
    const Done done = std::exchange(m_done, nullptr);
    done(std::move(*m_transport));
    m_transport.reset();
}

void Connector::failWith(const std::string& step, const std::string& why)
{
    if (!m_done) return;
    const Done done = std::exchange(m_done, nullptr);
    cancel();
    done(fail(ErrorKind::Unavailable, "wire.connect", step + " " + m_url.authority() + ": " + why));
}

void Connector::cancel()
{
    m_done = nullptr;
    m_timer.cancel();
    m_resolver.cancel();
    error_code ignored; // closing is best effort
    if (m_socket) m_socket->close(ignored);
    if (m_transport) m_transport->close();
}

} // namespace qd::wire
