#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "services/wire/frames.h"
#include "services/wire/watch.h"

namespace qd::wire {

struct WebSocketSettings {
    bool isClient = false;
    std::size_t messageBytesMax = 1 << 20;
    std::size_t queueBytesMax = 1 << 20;
    Duration idleTimeout = std::chrono::seconds(60);
    /// Told once when the session has ended, on the strand; `code` of its close reason.
    std::function<void(int code)> onEnded;
};

/// One open WebSocket, either end (RFC 6455 without extensions). Reading, framing and writing happen
/// on its strand; `send` and `close` may come from any thread. What waits to be sent leaves in one
/// gathered write. A peer that sends faster than its user reads is not read from for a while.
class WebSocketSession final : public WebSocket, public Watched {
public:
    WebSocketSession(Strand strand, std::shared_ptr<Watch> watch, std::shared_ptr<Outlet> outlet,
                     WebSocketEvents events, WebSocketSettings settings);

    bool send(WebSocketMessage message) override;
    bool sendShared(std::shared_ptr<const std::string> payload, bool binary) override;
    std::size_t queuedBytes() const override;
    void close(CloseReason reason) override;
    bool isOpen() const override;

    /// On the strand: the handshake is done; `received` came behind it.
    void open(Transport transport, std::string received);
    /// On the strand: there will be no connection (client).
    void refuse(CloseReason reason);
    bool isEnded() const { return m_ended; } ///< on the strand
    /// Client: runs on the strand if the socket is closed before it is open.
    void onCancelled(std::function<void()> cancel) { m_cancel = std::move(cancel); }

    void onDeadline() override;
    void retire() override;
    void abort() override;
    void letGo() override;
    const Strand& strand() const override { return m_strand; }

private:
    struct Outgoing {
        FrameHead head;
        std::string own;
        std::shared_ptr<const std::string> shared;
        std::size_t counted = 0; ///< bytes of the queue limit; control frames count nothing
    };
    enum class Phase { Connecting, Open, Closing, Ended };

    std::shared_ptr<WebSocketSession> self();
    bool enqueue(Opcode opcode, std::string own, std::shared_ptr<const std::string> shared);
    void push(Opcode opcode, std::string own, std::shared_ptr<const std::string> shared,
              std::size_t counted);
    void writeQueued();
    void read();
    void onRead(error_code error, std::size_t bytes);
    void consume(std::string_view bytes);
    bool consumeOne(FrameDecoder::Step step);
    void deliverMessage(WebSocketMessage message);
    void answerClose();
    void startClosing(const CloseReason& reason);
    void end(CloseReason reason);
    bool isFlooded();
    bool isLive() const { return m_transport && !m_ended; }
    void finishSending();
    void adaptBuffer(std::size_t bytes);

    const Strand m_strand;
    const std::shared_ptr<Watch> m_watch;
    const std::shared_ptr<Outlet> m_outlet;
    std::shared_ptr<WebSocketEvents> m_events; ///< shared with callbacks under way
    WebSocketSettings m_settings;
    std::function<void()> m_cancel;

    std::optional<Transport> m_transport;
    FrameDecoder m_decoder;
    std::string m_input;
    std::atomic<bool> m_inputPaused{false};
    bool m_pinged = false;
    bool m_ended = false;
    bool m_discarding = false; ///< after a broken frame: read on only so that our close arrives
    bool m_sentClose = false, m_receivedClose = false;
    int m_controlFrames = 0;         ///< in the current second
    Duration m_controlSecond{};
    Duration m_lastHeard{};
    std::optional<CloseReason> m_reason; ///< set when closing starts
    std::atomic<std::size_t> m_unhandledBytes{0}; ///< delivered to the outlet, not yet handled

    mutable std::mutex m_mutex; ///< guards what follows
    Phase m_phase = Phase::Connecting;
    std::vector<Outgoing> m_queue, m_inFlight; ///< m_inFlight: strand only
    std::size_t m_queuedBytes = 0;
    bool m_writing = false;
};

} // namespace qd::wire
