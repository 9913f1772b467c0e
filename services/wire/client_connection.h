#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "services/wire/messages.h"
#include "services/wire/network_state.h"

namespace qd::wire {

/// One connected HTTP/1.1 client connection: one exchange at a time. It reads all the time, so that
/// a server's goodbye to an idle connection is seen at once. On its strand.
class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
public:
    /// How an exchange ended.
    struct Outcome {
        Result<HttpResponse> response;
        bool reusable = false;     ///< the connection can take another exchange
        bool nothingSent = false;  ///< certainly no byte of the request left
        bool nothingHeard = false; ///< no byte of an answer came
    };
    using Done = std::function<void(Outcome)>;
    struct Limits {
        std::size_t headerBytesMax = 0, bodyBytesMax = 0;
    };

    ClientConnection(Transport transport, Limits limits);
    /// `onLost` is called once if the connection ends while idle.
    void start(std::function<void()> onLost);
    /// Sends `head` and `body`; `done` once, with the answer.
    void exchange(std::string head, std::string body, bool isHead, Done done);
    /// Ends it; `done` of an exchange under way is not called.
    void close();
    int exchanges() const { return m_exchanges; }
    bool peerHasGone() { return m_transport.peerHasGone(); }

private:
    using Parser = boost::beast::http::response_parser<boost::beast::http::string_body>;
    void read();
    void onRead(error_code error, std::size_t bytes);
    void onEnd(error_code error);
    void parse();
    void resetParser();
    bool skipsEmptyLine();
    void finish(Result<HttpResponse> response, bool reusable);
    HttpResponse takeResponse();

    Transport m_transport;
    const Limits m_limits;
    std::function<void()> m_onLost;
    Done m_done; ///< set while an exchange is under way
    std::string m_head, m_body;
    bool m_isHead = false, m_written = false, m_writeFailedClean = false, m_heard = false,
         m_closed = false;
    int m_exchanges = 0;
    boost::beast::flat_buffer m_input;
    std::optional<Parser> m_parser;
};

} // namespace qd::wire
