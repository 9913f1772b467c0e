#include "services/wire/transport.h"

#include <cerrno>

#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

namespace qd::wire {

struct Transport::Tls {
    asio::ssl::stream<Socket> stream;
};

Transport::Transport(Socket socket) : m_plain(std::move(socket)) {}
Transport::Transport(Transport&&) noexcept = default;
Transport& Transport::operator=(Transport&&) noexcept = default;
Transport::~Transport() = default;

Socket& Transport::lowest()
{
    return m_tls ? m_tls->stream.next_layer() : *m_plain;
}

void Transport::tune()
{
    error_code ignored; // a socket that is already dead says so at the first read
    lowest().set_option(asio::ip::tcp::no_delay(true), ignored);
    lowest().set_option(asio::socket_base::keep_alive(true), ignored);
}

void Transport::handshakeAsServer(const TlsContext& tls, Shaken done)
{
    m_tls.reset(new Tls{asio::ssl::stream<Socket>(std::move(*m_plain), *tls)});
    m_plain.reset();
    m_tls->stream.async_handshake(asio::ssl::stream_base::server, std::move(done));
}

void Transport::handshakeAsClient(const TlsContext& tls, const std::string& host, Shaken done)
{
    m_tls.reset(new Tls{asio::ssl::stream<Socket>(std::move(*m_plain), *tls)});
    m_plain.reset();
    error_code notAnAddress;
    asio::ip::make_address(host, notAnAddress);
    // RFC 6066 §3: no address literals in the server name.
    if (notAnAddress)
        SSL_ctrl(m_tls->stream.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME,
                 TLSEXT_NAMETYPE_host_name, const_cast<char*>(host.c_str()));
    if (SSL_CTX_get_verify_mode(tls->native_handle()) != SSL_VERIFY_NONE)
        m_tls->stream.set_verify_callback(
            [isFor = asio::ssl::host_name_verification(host)](bool isTrusted,
                                                              asio::ssl::verify_context& context) {
                const bool isFine = isFor(isTrusted, context);
                if (isTrusted && !isFine)
                    X509_STORE_CTX_set_error(context.native_handle(), X509_V_ERR_HOSTNAME_MISMATCH);
                return isFine;
            });
    m_tls->stream.async_handshake(asio::ssl::stream_base::client, std::move(done));
}

std::string Transport::certificateProblem() const
{
    if (!m_tls || SSL_get_verify_mode(m_tls->stream.native_handle()) == SSL_VERIFY_NONE) return {};
    const long why = SSL_get_verify_result(m_tls->stream.native_handle());
    return why == X509_V_OK ? std::string() : X509_verify_cert_error_string(why);
}

void Transport::readSome(asio::mutable_buffer buffer, Done done)
{
    if (m_tls)
        m_tls->stream.async_read_some(asio::mutable_buffers_1(buffer), std::move(done));
    else
        m_plain->async_read_some(asio::mutable_buffers_1(buffer), std::move(done));
}

void Transport::write(std::vector<asio::const_buffer> buffers, Done done)
{
    if (m_tls)
        asio::async_write(m_tls->stream, std::move(buffers), std::move(done));
    else
        asio::async_write(*m_plain, std::move(buffers), std::move(done));
}

void Transport::shutdownSend(Shaken done)
{
    if (m_tls) {
        m_tls->stream.async_shutdown(std::move(done));
        return;
    }
    error_code result;
    m_plain->shutdown(asio::socket_base::shutdown_send, result);
    asio::post(m_plain->get_executor(), [done = std::move(done), result] { done(result); });
}

void Transport::close()
{
    error_code ignored; // closing is best effort: the descriptor is gone either way
    lowest().close(ignored);
}

bool Transport::peerHasGone()
{
    char byte = 0;
    const auto count = ::recv(lowest().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count == 0 || (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

} // namespace qd::wire
