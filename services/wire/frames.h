#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "services/wire/http.h"

namespace qd::wire {

/// Checks UTF-8 (RFC 3629) piece by piece, as text arrives.
class Utf8Validator {
public:
    /// False as soon as `piece` cannot continue valid UTF-8.
    bool accept(std::string_view piece);
    /// Does the text so far end at a character boundary?
    bool isComplete() const { return m_missing == 0; }

private:
    int m_missing = 0; ///< continuation bytes still to come
    unsigned char m_low = 0x80, m_high = 0xBF; ///< range of the next one
};

bool isValidUtf8(std::string_view text);

/// Opcodes of RFC 6455 §5.2 that may be sent.
enum class Opcode : std::uint8_t { Text = 1, Binary = 2, Close = 8, Ping = 9, Pong = 10 };

/// The bytes before a frame's payload: 2 … 14.
struct FrameHead {
    std::array<unsigned char, 14> bytes{};
    std::uint8_t size = 0;
};

/// The head of an unfragmented frame; with `maskKey` (client to server) if it is not null.
FrameHead frameHead(Opcode opcode, std::size_t payloadBytes,
                    const std::array<unsigned char, 4>* maskKey);
/// XOR `payload` with the key in place; it is its own inverse.
void applyMask(std::string& payload, std::size_t from, const std::array<unsigned char, 4>& key,
               std::size_t keyOffset);

/// The payload of a close frame; text is cut to what a control frame can hold.
std::string closePayload(const CloseReason& reason);

/// Sec-WebSocket-Accept for a Sec-WebSocket-Key.
std::string acceptKeyFor(std::string_view key);
/// Base64 of 16 bytes, as Sec-WebSocket-Key must be?
bool isValidKey(std::string_view key);

/// Reads frames of one direction from a byte stream and puts messages together. Refuses everything
/// that RFC 6455 forbids, and messages over the limit before their payload is read. One thread.
class FrameDecoder {
public:
    enum class Step {
        NeedMore, ///< all bytes are consumed
        Message,  ///< take it with `takeMessage`
        Ping,     ///< payload in `control`
        Pong,
        Close,    ///< reason in `closeReason`; 1005 if the peer gave none
        Failed,   ///< close with `closeReason`; feed no more
    };
    /// A server expects masked frames, a client unmasked ones.
    FrameDecoder(bool expectMasked, std::size_t messageBytesMax)
        : m_expectMasked(expectMasked), m_messageBytesMax(messageBytesMax) {}

    /// Consumes from the front of `bytes` up to the next event.
    Step next(std::string_view& bytes);
    WebSocketMessage takeMessage();
    const std::string& control() const { return m_control; }
    const CloseReason& closeReason() const { return m_closeReason; }

private:
    Step failWith(int code, std::string text);
    bool readHead(std::string_view& bytes);
    Step checkHead();
    Step readPayload(std::string_view& bytes);
    Step finishFrame();
    Step finishClose();
    bool isControl() const { return m_opcode >= 8; }

    bool m_expectMasked;
    bool m_inPayload = false;
    bool m_fin = false;
    bool m_inMessage = false; ///< between the first and the last fragment
    bool m_binary = false;
    std::uint8_t m_opcode = 0;
    std::size_t m_messageBytesMax;
    FrameHead m_head;
    std::array<unsigned char, 4> m_maskKey{};
    std::uint64_t m_payloadBytes = 0, m_payloadRead = 0;
    std::string m_message, m_control;
    Utf8Validator m_utf8;
    CloseReason m_closeReason;
};

} // namespace qd::wire
