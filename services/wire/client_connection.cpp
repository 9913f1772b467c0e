#include "services/wire/client_connection.h"

#include <boost/beast/http/error.hpp>

namespace qd::wire {

namespace {

namespace http = boost::beast::http;

constexpr std::size_t kReadBytesMin = 4 << 10, kReadBytesMax = 64 << 10;
constexpr unsigned kStatusMin = 100; ///< three digits alone make no status (RFC 9110 §15)

std::string text(boost::beast::string_view view)
{
    return {view.data(), view.size()};
}

} // namespace

ClientConnection::ClientConnection(Transport transport, Limits limits)
    : m_transport(std::move(transport)),
      m_limits(limits),
      m_input(limits.headerBytesMax + kReadBytesMax)
{
}

void ClientConnection::start(std::function<void()> onLost)
{
    m_onLost = std::move(onLost);
    read();
}

void ClientConnection::exchange(std::string head, std::string body, bool isHead, Done done)
{
    QD_ASSERT(!m_done);
    ++m_exchanges;
    m_done = std::move(done);
    m_head = std::move(head);
    m_body = std::move(body);
    m_isHead = isHead;
    m_written = m_writeFailedClean = m_heard = false;
    resetParser();
    std::vector<asio::const_buffer> buffers{asio::buffer(m_head)};
    if (!m_body.empty()) buffers.push_back(asio::buffer(m_body));
    m_transport.write(std::move(buffers), [self = shared_from_this()](error_code error, std::size_t sent) {
        if (self->m_closed) return;
        self->m_written = !error;
        if (!error) return;
        // An answer that came before the whole request was taken (413, 401 …) may still be read.
        self->m_writeFailedClean = sent == 0;
        if (sent == 0) self->onEnd(error);
    });
}

void ClientConnection::resetParser()
{
    m_parser.emplace();
    m_parser->header_limit(static_cast<std::uint32_t>(m_limits.headerBytesMax));
    m_parser->body_limit(m_limits.bodyBytesMax);
    m_parser->skip(m_isHead);
    m_parser->eager(true);
}

void ClientConnection::read()
{
    const std::size_t room = m_input.max_size() - m_input.size();
    if (room == 0) {
        finish(fail(ErrorKind::OutcomeUnknown, "wire.protocol", "a line of the answer is too long"),
               false);
        return;
    }
    const std::size_t wanted =
        m_parser && m_parser->is_header_done() ? kReadBytesMax : kReadBytesMin;
    m_transport.readSome(m_input.prepare(std::min(room, wanted)),
                         [self = shared_from_this()](error_code error, std::size_t bytes) {
                             self->onRead(error, bytes);
                         });
}

void ClientConnection::onRead(error_code error, std::size_t bytes)
{
    if (m_closed) return;
    if (error) {
        onEnd(error);
        return;
    }
    m_input.commit(bytes);
    if (!m_done) { // nobody asked
        onEnd(http::error::unexpected_body);
        return;
    }
    m_heard = true;
    parse();
}

/// Some servers put an empty line before an answer.
bool ClientConnection::skipsEmptyLine()
{
    if (m_parser->got_some() || m_input.size() < 2) return false;
    const auto* bytes = static_cast<const char*>(m_input.data().data());
    if (bytes[0] != '\r' || bytes[1] != '\n') return false;
    m_input.consume(2);
    return true;
}

void ClientConnection::parse()
{
    while (true) {
        if (skipsEmptyLine()) continue;
        error_code error;
        m_input.consume(m_parser->put(m_input.data(), error));
        if (error && error != http::error::need_more) {
            finish(fail(ErrorKind::OutcomeUnknown, "wire.protocol", "answer: " + error.message()), false);
            return;
        }
        if (m_parser->is_header_done() && m_parser->get().result_int() < kStatusMin) {
            finish(fail(ErrorKind::OutcomeUnknown, "wire.protocol", "answer: no such status"), false);
            return;
        }
        if (!m_parser->is_done()) {
            if (error || m_input.size() == 0) {
                read();
                return;
            }
            continue;
        }
        const unsigned status = m_parser->get().result_int();
        if (status >= 200 || status == 101) break;
        resetParser(); // an interim answer; the real one follows
        if (m_input.size() == 0) {
            read();
            return;
        }
    }
    // Bytes behind the answer, or an answer before the request was sent, end the connection with it.
    const bool reusable = m_parser->keep_alive() && m_input.size() == 0 && m_written;
    finish(takeResponse(), reusable);
}

/// The connection has ended: perhaps that was the end of the answer, too.
void ClientConnection::onEnd(error_code error)
{
    if (m_closed) return;
    if (m_done && m_parser && m_parser->is_header_done() && error == asio::error::eof) {
        error_code atEnd;
        m_parser->put_eof(atEnd);
        if (!atEnd && m_parser->is_done()) {
            finish(takeResponse(), false);
            return;
        }
    }
    if (!m_done) {
        close();
        if (m_onLost) std::exchange(m_onLost, nullptr)();
        return;
    }
    finish(fail(ErrorKind::OutcomeUnknown, "wire.reset",
                (m_heard ? "the connection ended within the answer: "
                         : "the connection ended before an answer: ") +
                    error.message()),
           false);
}

void ClientConnection::finish(Result<HttpResponse> response, bool reusable)
{
    if (m_closed || !m_done) return;
    Outcome outcome{std::move(response), reusable, m_writeFailedClean && !m_heard, !m_heard};
    m_parser.reset();
    m_head.clear();
    m_body = {};
    const Done done = std::exchange(m_done, nullptr);
    if (reusable)
        read();
    else
        close();
    done(std::move(outcome));
}

HttpResponse ClientConnection::takeResponse()
{
    auto& message = m_parser->get();
    HttpResponse response;
    response.status = static_cast<int>(message.result_int());
    for (const auto& field : message)
        response.headers.add(text(field.name_string()), text(field.value()));
    response.body = std::move(message.body());
    return response;
}

void ClientConnection::close()
{
    if (m_closed) return;
    m_closed = true;
    m_done = nullptr;
    m_transport.close();
}

} // namespace qd::wire
