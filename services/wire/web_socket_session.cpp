#include "services/wire/web_socket_session.h"

#include <boost/asio/post.hpp>

#include "services/runtime/random.h"

namespace qd::wire {

namespace {

constexpr std::size_t kInputBytesIdle = 2 << 10, kInputBytesMax = 64 << 10;
constexpr Duration kCloseTimeout = std::chrono::seconds(3);
/// A peer may keep us alive with pings; it may not keep us busy with them.
constexpr int kControlFramesPerSecondMax = 200;
constexpr std::size_t kMessageOverheadBytes = 64; ///< so that empty messages count, too

Duration steadyNow()
{
    return runtime::systemClock().steady();
}

} // namespace

WebSocketSession::WebSocketSession(Strand strand, std::shared_ptr<Watch> watch,
                                   std::shared_ptr<Outlet> outlet, WebSocketEvents events,
                                   WebSocketSettings settings)
    : m_strand(std::move(strand)),
      m_watch(std::move(watch)),
      m_outlet(std::move(outlet)),
      m_events(std::make_shared<WebSocketEvents>(std::move(events))),
      m_settings(std::move(settings)),
      m_decoder(!m_settings.isClient, m_settings.messageBytesMax)
{
}

std::shared_ptr<WebSocketSession> WebSocketSession::self()
{
    return std::static_pointer_cast<WebSocketSession>(Watched::shared_from_this());
}

bool WebSocketSession::send(WebSocketMessage message)
{
    return enqueue(message.binary ? Opcode::Binary : Opcode::Text, std::move(message.payload), nullptr);
}

bool WebSocketSession::sendShared(std::shared_ptr<const std::string> payload, bool binary)
{
    return enqueue(binary ? Opcode::Binary : Opcode::Text, {}, std::move(payload));
}

std::size_t WebSocketSession::queuedBytes() const
{
    const std::lock_guard lock(m_mutex);
    return m_queuedBytes;
}

bool WebSocketSession::isOpen() const
{
    const std::lock_guard lock(m_mutex);
    return m_phase == Phase::Open;
}

bool WebSocketSession::enqueue(Opcode opcode, std::string own,
                               std::shared_ptr<const std::string> shared)
{
    const std::size_t counted = (shared ? shared->size() : own.size()) + kMessageOverheadBytes;
    const std::lock_guard lock(m_mutex);
    if (m_phase != Phase::Open || m_queuedBytes + counted > m_settings.queueBytesMax) return false;
    push(opcode, std::move(own), std::move(shared), counted);
    return true;
}

/// Under the lock.
void WebSocketSession::push(Opcode opcode, std::string own,
                            std::shared_ptr<const std::string> shared, std::size_t counted)
{
    Outgoing outgoing{{}, std::move(own), std::move(shared), counted};
    if (m_settings.isClient) {
        std::array<unsigned char, 4> key{};
        runtime::systemRandom().fill(key);
        if (outgoing.shared) outgoing.own = *std::exchange(outgoing.shared, nullptr);
        outgoing.head = frameHead(opcode, outgoing.own.size(), &key);
        applyMask(outgoing.own, 0, key, 0);
    } else {
        const std::size_t size = outgoing.shared ? outgoing.shared->size() : outgoing.own.size();
        outgoing.head = frameHead(opcode, size, nullptr);
    }
    m_queue.push_back(std::move(outgoing));
    m_queuedBytes += counted;
    if (m_writing) return;
    m_writing = true;
    asio::post(m_strand, [self = self()] { self->writeQueued(); });
}

void WebSocketSession::writeQueued()
{
    {
        const std::lock_guard lock(m_mutex);
        for (const Outgoing& sent : m_inFlight) m_queuedBytes -= sent.counted;
        m_inFlight.clear();
        if (m_queue.empty() || m_phase == Phase::Ended) {
            m_writing = false;
            if (m_inFlight.capacity() > 4) m_inFlight.shrink_to_fit(); // an idle socket holds little
        } else {
            m_inFlight.swap(m_queue);
        }
    }
    if (m_inFlight.empty()) {
        if (m_sentClose) finishSending();
        return;
    }
    std::vector<asio::const_buffer> buffers;
    buffers.reserve(m_inFlight.size() * 2);
    for (const Outgoing& outgoing : m_inFlight) {
        const std::string& payload = outgoing.shared ? *outgoing.shared : outgoing.own;
        buffers.push_back(asio::buffer(outgoing.head.bytes.data(), outgoing.head.size));
        if (!payload.empty()) buffers.push_back(asio::buffer(payload));
    }
    m_transport->write(std::move(buffers), [self = self()](error_code error, std::size_t) {
        if (error)
            self->end(self->m_reason.value_or(CloseReason{1006, error.message()}));
        else
            self->writeQueued();
    });
}

/// The close frame is out. Closing at once with unread input would reset the connection, and the
/// peer might never see it: so after a broken frame, what comes is read and dropped for a while.
void WebSocketSession::finishSending()
{
    if (m_receivedClose || (m_discarding && m_transport->isTls())) {
        end(m_reason.value_or(CloseReason{}));
    } else if (m_discarding) {
        m_transport->shutdownSend([self = self()](error_code) {});
    }
}

void WebSocketSession::open(Transport transport, std::string received)
{
    {
        const std::lock_guard lock(m_mutex);
        if (m_phase != Phase::Connecting) { // closed by its user meanwhile
            transport.close();
            return;
        }
        m_phase = Phase::Open;
    }
    m_transport.emplace(std::move(transport));
    m_cancel = nullptr;
    m_lastHeard = steadyNow();
    setDeadline(m_settings.idleTimeout / 2);
    m_watch->add(Watched::shared_from_this());
    if (!m_outlet->isOpen()) { // its owner has gone meanwhile
        end({1006, "aborted"});
        return;
    }
    m_outlet->deliver([events = m_events, self = self()] {
        if (events->onOpen) events->onOpen(self);
    });
    consume(received);
    read();
}

void WebSocketSession::refuse(CloseReason reason)
{
    end(std::move(reason));
}

void WebSocketSession::read()
{
    const std::size_t limit = m_settings.messageBytesMax + kInputBytesMax;
    if (!isLive() || m_inputPaused) return;
    if (m_unhandledBytes.load() > limit) {
        m_inputPaused = true;
        // The user may have caught up between the two lines above.
        if (m_unhandledBytes.load() > limit) return;
        m_inputPaused = false;
    }
    if (m_input.empty()) m_input.resize(kInputBytesIdle);
    m_transport->readSome(asio::buffer(m_input), [self = self()](error_code error, std::size_t bytes) {
        self->onRead(error, bytes);
    });
}

void WebSocketSession::onRead(error_code error, std::size_t bytes)
{
    if (!isLive()) return;
    if (error) {
        end(m_reason.value_or(CloseReason{1006, error.message()}));
        return;
    }
    m_lastHeard = steadyNow();
    m_pinged = false;
    if (!m_reason) setDeadline(m_settings.idleTimeout / 2);
    consume(std::string_view(m_input).substr(0, bytes));
    adaptBuffer(bytes);
    read();
}

/// Large while much comes in, small while the socket idles.
void WebSocketSession::adaptBuffer(std::size_t bytes)
{
    if (bytes == m_input.size() && bytes < kInputBytesMax) {
        m_input = std::string(m_input.size() * 4 > kInputBytesMax ? kInputBytesMax : m_input.size() * 4, '\0');
    } else if (bytes < m_input.size() / 16) {
        m_input = std::string(kInputBytesIdle, '\0');
    }
}

void WebSocketSession::consume(std::string_view bytes)
{
    while (isLive() && !m_receivedClose && !m_discarding) {
        const FrameDecoder::Step step = m_decoder.next(bytes);
        if (step == FrameDecoder::Step::NeedMore || !consumeOne(step)) return;
    }
}

bool WebSocketSession::consumeOne(FrameDecoder::Step step)
{
    using Step = FrameDecoder::Step;
    if (step == Step::Message) {
        if (!m_reason) deliverMessage(m_decoder.takeMessage());
        return true;
    }
    if (step == Step::Close) {
        m_receivedClose = true;
        answerClose();
        return false;
    }
    if (step == Step::Failed || isFlooded()) {
        m_discarding = true;
        startClosing(step == Step::Failed ? m_decoder.closeReason()
                                          : CloseReason{1008, "too many control frames"});
        return false;
    }
    if (step == Step::Ping && !m_sentClose) {
        const std::lock_guard lock(m_mutex);
        push(Opcode::Pong, m_decoder.control(), nullptr, 0);
    }
    return true;
}

bool WebSocketSession::isFlooded()
{
    if (m_lastHeard - m_controlSecond > std::chrono::seconds(1)) {
        m_controlSecond = m_lastHeard;
        m_controlFrames = 0;
    }
    return ++m_controlFrames > kControlFramesPerSecondMax;
}

void WebSocketSession::deliverMessage(WebSocketMessage message)
{
    const std::size_t counted = message.payload.size() + kMessageOverheadBytes;
    m_unhandledBytes += counted;
    auto held = std::make_shared<WebSocketMessage>(std::move(message));
    m_outlet->deliver([self = self(), events = m_events, held, counted] {
        if (events->onMessage) events->onMessage(std::move(*held));
        self->m_unhandledBytes -= counted;
        if (!self->m_inputPaused) return;
        asio::post(self->m_strand, [self] {
            if (self->m_inputPaused.exchange(false)) self->read();
        });
    });
}

void WebSocketSession::answerClose()
{
    const CloseReason& theirs = m_decoder.closeReason();
    if (!m_reason) {
        startClosing(theirs);
        return;
    }
    // The answer to our own close: done, unless that one is still on its way out.
    const std::lock_guard lock(m_mutex);
    if (!m_writing) asio::post(m_strand, [self = self()] { self->writeQueued(); });
}

/// Queue the close frame behind what waits; the session ends when both sides have said it.
void WebSocketSession::startClosing(const CloseReason& reason)
{
    if (m_reason || !isLive()) return;
    m_reason = reason;
    m_sentClose = true;
    setDeadline(kCloseTimeout);
    const std::lock_guard lock(m_mutex);
    m_phase = Phase::Closing;
    push(Opcode::Close, closePayload(reason), nullptr, 0);
}

void WebSocketSession::close(CloseReason reason)
{
    asio::post(m_strand, [self = self(), reason = std::move(reason)]() mutable {
        if (self->m_transport) {
            self->startClosing(reason); // nothing if it is closing already
            return;
        }
        if (self->m_cancel) std::exchange(self->m_cancel, nullptr)();
        self->end(std::move(reason));
    });
}

void WebSocketSession::onDeadline()
{
    if (!isLive()) return;
    if (m_reason) {
        end(*m_reason);
        return;
    }
    const Duration silent = steadyNow() - m_lastHeard;
    if (silent >= m_settings.idleTimeout) {
        end({1006, "nothing heard for " +
                       std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(silent).count()) +
                       " ms"});
        return;
    }
    if (!m_pinged) {
        m_pinged = true;
        const std::lock_guard lock(m_mutex);
        push(Opcode::Ping, {}, nullptr, 0);
    }
    setDeadline(m_settings.idleTimeout - silent);
}

void WebSocketSession::retire()
{
    startClosing({1001, "the server is stopping"});
}

/// They may hold this very socket.
void WebSocketSession::letGo()
{
    m_events = std::make_shared<WebSocketEvents>();
}

void WebSocketSession::abort()
{
    end(m_reason.value_or(CloseReason{1006, "aborted"}));
}

void WebSocketSession::end(CloseReason reason)
{
    {
        const std::lock_guard lock(m_mutex);
        if (m_phase == Phase::Ended) return;
        m_phase = Phase::Ended;
        m_queue.clear();
    }
    m_ended = true;
    clearDeadline();
    if (m_transport) {
        // The object stays until pending operations have come back with an error.
        m_transport->close();
        m_watch->remove(*this);
    }
    if (m_settings.onEnded) m_settings.onEnded(reason.code);
    m_outlet->deliver([events = std::exchange(m_events, std::make_shared<WebSocketEvents>()),
                       reason = std::move(reason)] {
        if (events->onClosed) events->onClosed(reason);
    });
}

} // namespace qd::wire
