#pragma once

#include <functional>
#include <memory>

#include "services/wire/network_state.h"
#include "services/wire/url.h"

namespace qd::wire {

/// Resolves, connects and, for a secure URL, shakes hands, all within one deadline. On its strand.
class Connector : public std::enable_shared_from_this<Connector> {
public:
    /// Once, on the strand, unless cancelled. Fails with: Unavailable "wire.connect",
    /// Unavailable "wire.untrusted".
    using Done = std::function<void(Result<Transport>)>;
    Connector(const Strand& strand, Url url, TlsContext tls, Done done);
    void start(Duration timeout);
    void cancel();

private:
    void connect(std::vector<asio::ip::tcp::endpoint> endpoints);
    void shakeHands(Socket socket);
    void succeed();
    void failWith(const std::string& step, const std::string& why);
    void failHandshake(const error_code& error);

    const Strand m_strand;
    const Url m_url;
    const TlsContext m_tls;
    Done m_done;
    asio::ip::basic_resolver<asio::ip::tcp, Strand> m_resolver;
    std::shared_ptr<Socket> m_socket; ///< while connecting
    std::optional<Transport> m_transport;
    SteadyTimer m_timer;
    const char* m_step = "resolve";
};

} // namespace qd::wire
