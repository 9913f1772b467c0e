#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>

#include "services/wire/tls.h"

namespace qd::wire {

namespace asio = boost::asio;
using boost::system::error_code;

/// Everything that concerns one connection runs on its strand.
using Strand = asio::strand<asio::io_context::executor_type>;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Strand>;

/// A connected TCP socket, with TLS over it once `handshake` was asked for. The type-erased seam
/// that keeps Asio's templates in one .cpp. Use on its strand; the owner keeps it alive while an
/// operation is pending (by what it captures in `Done`).
class Transport {
public:
    using Done = std::function<void(error_code, std::size_t)>;
    using Shaken = std::function<void(error_code)>;

    explicit Transport(Socket socket);
    Transport(Transport&&) noexcept;
    Transport& operator=(Transport&&) noexcept;
    ~Transport();

    /// TCP_NODELAY (small frames must not wait) and SO_KEEPALIVE.
    void tune();
    void handshakeAsServer(const TlsContext& tls, Shaken done);
    /// Checks the peer's certificate against `host` if the context verifies.
    void handshakeAsClient(const TlsContext& tls, const std::string& host, Shaken done);
    /// Why the peer's certificate was refused in the handshake; empty if it was not.
    std::string certificateProblem() const;
    void readSome(asio::mutable_buffer buffer, Done done);
    /// Writes all of `buffers` in as few system calls as possible.
    void write(std::vector<asio::const_buffer> buffers, Done done);
    /// Tell the peer that no more will be sent; then `done`.
    void shutdownSend(Shaken done);
    /// Ends everything; pending operations fail.
    void close();
    bool isTls() const { return m_tls != nullptr; }
    /// Has the peer closed, or the connection died, as far as the system knows this instant? What a
    /// pending read has not told yet.
    bool peerHasGone();

private:
    struct Tls;
    Socket& lowest();
    std::optional<Socket> m_plain; ///< empty once it has moved into m_tls
    std::unique_ptr<Tls> m_tls;
};

} // namespace qd::wire
