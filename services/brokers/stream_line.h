#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "services/brokers/broker.h"
#include "services/resilience/retry.h"
#include "services/runtime/random.h"
#include "services/wire/http.h"

namespace qd::brokers {

/// A WebSocket to a venue that is kept up: connected, watched until the venue says that it listens,
/// and connected again with full jitter when it ended. Its user knows how to connect, what to say
/// and what a message means; the line owns the socket, its timers and what is told of it. Nothing
/// of an earlier socket is heard. One executor's thread; what it is given outlives it. It may be
/// stopped, started again or destroyed from any of its own calls.
class StreamLine {
public:
    static constexpr resilience::RetryPolicy kReconnect{
        .attemptsMax = 0, .base = std::chrono::milliseconds(500), .cap = std::chrono::seconds(30)};
    static constexpr Duration kReconnectMin = std::chrono::milliseconds(250);
    /// From the connection to the venue's word that it listens; one that stays silent is left.
    static constexpr Duration kHandshakeMax = std::chrono::seconds(10);
    /// Of a message that made no sense, so much is kept.
    static constexpr std::size_t kKeptBytesMax = 4096;

    /// One connection from the attempt to its end. Copies are the same one; it may outlive the
    /// line.
    class Attempt {
    public:
        /// False once it has ended or failed, the line was stopped, or is no more.
        bool isCurrent() const { return *m_latest == m_number; }
        /// Connect with these. Once an attempt; nothing happens if it is not current.
        void open(wire::WebSocketOptions options) const;
        /// It cannot be opened now: told, and tried again later. As above if it is not current.
        void fail(const std::string& reason) const;

    private:
        friend class StreamLine;
        Attempt(StreamLine& line, std::shared_ptr<const std::uint64_t> latest)
            : m_line(&line), m_latest(std::move(latest)), m_number(*m_latest)
        {
        }
        StreamLine* m_line; ///< alive while the attempt is current
        std::shared_ptr<const std::uint64_t> m_latest;
        std::uint64_t m_number;
    };

    /// What its user gives.
    struct Terms {
        /// Call `open` or `fail` of the attempt, now or later; neither: the line rests until it is
        /// started again.
        std::function<void(const Attempt&)> connect;
        /// The socket is open: time to speak first, for those who have to.
        std::function<void()> opened = [] {};
        /// A message, secrets hidden.
        std::function<void(std::string_view)> message;
        /// The venue listens, or the line is down and when it is tried again. The stop of the line
        /// is not told.
        std::function<void(ConnectionChange)> changed;
        /// Takes our secrets out of what the venue sent, before anything is made of it.
        std::function<void(std::string&)> hideSecrets = [](std::string&) {};
        /// Why a venue that did not answer in kHandshakeMax was left, and what it is told then.
        std::string silent;
        std::string silentFarewell;
    };

    StreamLine(Terms terms, wire::WebSocketClient& sockets, runtime::Executor& executor,
               runtime::Random& random);
    ~StreamLine(); ///< as stop()
    StreamLine(const StreamLine&) = delete;
    StreamLine& operator=(const StreamLine&) = delete;

    /// Connect, at once. One that runs is stopped first.
    void start();
    /// Close and stay away. Nothing is told.
    void stop();
    /// The venue said that it listens.
    void listening(const std::string& what);
    /// Close with `farewell`, tell `reason`, and connect again later. Nothing happens without a
    /// socket: the line is on its way already.
    void leave(const std::string& reason, const std::string& farewell);
    /// False if there is no open socket, or its queue is full.
    bool send(wire::WebSocketMessage message);
    bool sendText(std::string text) { return send({false, std::move(text)}); }
    /// Counts a message that made no sense. The answer is for the quarantine; to be told by the
    /// user.
    Malformed malformed(std::string_view payload, Error error);

    /// The latest; to see whether what was told has ended it.
    Attempt attempt() { return Attempt(*this, m_latest); }
    /// Started, and not stopped since.
    bool isRunning() const { return m_isRunning; }
    bool isListening() const { return m_isListening; }
    /// As told when it went down; unset: it listens, or was never down.
    Timestamp nextAttempt() const { return m_nextAttempt; }
    /// Why it ended last (Unavailable "broker.stream_down"); no code if it never did.
    const Error& lastError() const { return m_lastError; }
    Timestamp lastErrorAt() const { return m_lastErrorAt; }
    std::uint64_t malformedCount() const { return m_malformedCount; }

private:
    void connect();
    void open(wire::WebSocketOptions options);
    wire::WebSocketEvents eventsOf(const Attempt& current);
    void abandon(const std::string& reason, const std::string& farewell);
    void ended(const std::string& reason);

    std::shared_ptr<const Terms> m_terms; ///< shared with a call that is under way
    wire::WebSocketClient& m_sockets;
    runtime::Executor& m_executor;
    runtime::Random& m_random;
    /// The number of the latest attempt, or of its end.
    std::shared_ptr<std::uint64_t> m_latest = std::make_shared<std::uint64_t>(0);
    std::shared_ptr<wire::WebSocket> m_socket;
    runtime::Timer m_reconnect, m_handshake;
    Timestamp m_nextAttempt, m_lastErrorAt;
    Error m_lastError;
    int m_failures = 0; ///< in a row
    bool m_isRunning = false, m_isListening = false;
    std::uint64_t m_malformedCount = 0;
};

} // namespace qd::brokers
