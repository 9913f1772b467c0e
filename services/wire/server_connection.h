#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "services/wire/messages.h"
#include "services/wire/watch.h"

namespace qd::wire {

/// What the connections of one server share. Any thread.
struct ServerShared {
    ServerOptions options;
    TlsContext tls; ///< null = plain
    Service* service = nullptr;
    std::shared_ptr<Outlet> outlet;
    std::shared_ptr<Watch> watch;
    std::atomic<bool> stopping{false};

    struct Counters {
        std::atomic<std::uint64_t> accepted{0}, requests{0}, upgrades{0}, refusedConnections{0},
            timeouts{0}, protocolErrors{0};
        std::atomic<std::int64_t> openConnections{0}, openWebSockets{0};
    } counters;

    /// Counts a new connection from `address`, or refuses it: over the caps, or within the reserve
    /// that is kept for addresses with few connections.
    bool admit(const std::string& address);
    void leave(const std::string& address);

private:
    std::mutex m_mutex;
    std::map<std::string, int> m_perAddress;
    int m_open = 0;
};

/// One accepted connection while it speaks HTTP: reads a request, has it answered, writes the answer,
/// and so on; one at a time, so that pipelined requests wait in the socket. On its strand.
class ServerConnection final : public Watched {
public:
    ServerConnection(Socket socket, std::string address, std::shared_ptr<ServerShared> shared);
    ~ServerConnection() override;
    void start();
    /// The service's answer. Any thread; the first one counts.
    void answer(HttpResponse response);
    void answerUpgrade(tl::expected<WebSocketEvents, HttpResponse> decision);

    void onDeadline() override;
    void retire() override;
    void abort() override { finish(); }
    const Strand& strand() const override { return m_strand; }

private:
    using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
    enum class Phase { Handshake, Idle, Head, Interim, Body, Handling, Writing, Draining, Closed };

    std::shared_ptr<ServerConnection> self();
    void readMore();
    void onRead(error_code error, std::size_t bytes);
    void parse();
    bool onHead();
    void sayContinue();
    void onRequest();
    void onUpgrade(HttpRequest request);
    void openWebSocket(WebSocketEvents events);
    void write(HttpResponse response, bool keepAlive);
    void refuse(int status, const std::string& why);
    void refuseParse(const error_code& error);
    void onWritten(error_code error, bool keepAlive);
    void drainAndClose();
    void finish();
    HttpRequest takeRequest();
    std::string_view header(std::string_view name) const;

    const Strand m_strand;
    const std::string m_address;
    const std::shared_ptr<ServerShared> m_shared;
    Transport m_transport;
    Phase m_phase = Phase::Handshake;
    bool m_counted = true; ///< in ServerShared, until the connection or its WebSocket ends
    bool m_keepAlive = false, m_headRequest = false, m_reading = false;
    std::size_t m_drained = 0;
    std::string m_webSocketKey;
    boost::beast::flat_buffer m_input;
    std::optional<Parser> m_parser;
    HttpResponse m_response; ///< being written
    std::string m_head;
};

} // namespace qd::wire
