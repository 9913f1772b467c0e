#include "services/wire/frames.h"

#include <algorithm>

#include <openssl/evp.h>

namespace qd::wire {

namespace {

constexpr std::size_t kControlPayloadMax = 125;
constexpr std::uint8_t kFinBit = 0x80, kReservedBits = 0x70, kMaskBit = 0x80;

/// Codes a peer may put into a close frame (RFC 6455 §7.4 and the IANA registry).
bool isCloseCodeAllowed(int code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

/// Bytes of the whole head, known from its first two.
std::size_t headSize(const FrameHead& head)
{
    std::size_t size = 2;
    const int length = head.bytes[1] & 0x7f;
    if (length == 126) size += 2;
    if (length == 127) size += 8;
    if (head.bytes[1] & kMaskBit) size += 4;
    return size;
}

} // namespace

bool Utf8Validator::accept(std::string_view piece)
{
    for (const char c : piece) {
        const auto byte = static_cast<unsigned char>(c);
        if (m_missing > 0) {
            if (byte < m_low || byte > m_high) return false;
            --m_missing;
            m_low = 0x80;
            m_high = 0xBF;
        } else if (byte >= 0x80) {
            if (byte < 0xC2 || byte > 0xF4) return false;
            m_missing = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
            // Overlong forms, surrogates and code points above U+10FFFF show in the second byte.
            if (byte == 0xE0) m_low = 0xA0;
            if (byte == 0xED) m_high = 0x9F;
            if (byte == 0xF0) m_low = 0x90;
            if (byte == 0xF4) m_high = 0x8F;
        }
    }
    return true;
}

bool isValidUtf8(std::string_view text)
{
    Utf8Validator validator;
    return validator.accept(text) && validator.isComplete();
}

FrameHead frameHead(Opcode opcode, std::size_t payloadBytes,
                    const std::array<unsigned char, 4>* maskKey)
{
    FrameHead head;
    const auto put = [&](std::uint64_t byte) {
        head.bytes[head.size++] = static_cast<unsigned char>(byte & 0xff);
    };
    const std::uint64_t maskBit = maskKey ? kMaskBit : 0;
    put(kFinBit | static_cast<std::uint64_t>(opcode));
    if (payloadBytes < 126) {
        put(maskBit | payloadBytes);
    } else if (payloadBytes <= 0xffff) {
        put(maskBit | 126);
        for (int shift = 8; shift >= 0; shift -= 8) put(payloadBytes >> shift);
    } else {
        put(maskBit | 127);
        for (int shift = 56; shift >= 0; shift -= 8) put(payloadBytes >> shift);
    }
    if (maskKey) {
        for (const unsigned char byte : *maskKey) put(byte);
    }
    return head;
}

void applyMask(std::string& payload, std::size_t from, const std::array<unsigned char, 4>& key,
               std::size_t keyOffset)
{
    for (std::size_t i = from; i < payload.size(); ++i, ++keyOffset)
        payload[i] = static_cast<char>(payload[i] ^ static_cast<char>(key[keyOffset & 3]));
}

std::string closePayload(const CloseReason& reason)
{
    if (!isCloseCodeAllowed(reason.code)) return {};
    std::string payload{static_cast<char>(reason.code >> 8), static_cast<char>(reason.code & 0xff)};
    std::string_view text = std::string_view(reason.text).substr(0, kControlPayloadMax - 2);
    while (!text.empty() && !isValidUtf8(text)) text.remove_suffix(1);
    return payload.append(text);
}

std::string acceptKeyFor(std::string_view key)
{
    std::string input(key);
    input += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_Digest(input.data(), input.size(), digest.data(), &size, EVP_sha1(), nullptr);
    std::array<unsigned char, 64> text{};
    const int length = EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(size));
    return {text.begin(), text.begin() + length};
}

bool isValidKey(std::string_view key)
{
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return key.size() == 24 && key.ends_with("==") &&
           key.substr(0, 22).find_first_not_of(kAlphabet) == std::string_view::npos;
}

FrameDecoder::Step FrameDecoder::failWith(int code, std::string text)
{
    m_closeReason = {code, std::move(text)};
    return Step::Failed;
}

FrameDecoder::Step FrameDecoder::next(std::string_view& bytes)
{
    while (true) {
        if (!m_inPayload) {
            if (!readHead(bytes)) return Step::NeedMore;
            if (const Step step = checkHead(); step == Step::Failed) return step;
        }
        if (const Step step = readPayload(bytes); step != Step::NeedMore || m_inPayload) return step;
        // A fragment ended without completing a message: look for the next frame.
        if (bytes.empty()) return Step::NeedMore;
    }
}

bool FrameDecoder::readHead(std::string_view& bytes)
{
    while (m_head.size < 2 || m_head.size < headSize(m_head)) {
        if (bytes.empty()) return false;
        m_head.bytes[m_head.size++] = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
    }
    return true;
}

FrameDecoder::Step FrameDecoder::checkHead()
{
    const auto& bytes = m_head.bytes;
    m_fin = (bytes[0] & kFinBit) != 0;
    m_opcode = bytes[0] & 0x0f;
    const bool masked = (bytes[1] & kMaskBit) != 0;
    const std::size_t lengthBytes = headSize(m_head) - 2 - (masked ? 4 : 0);
    m_payloadBytes = bytes[1] & 0x7f;
    if (lengthBytes > 0) {
        m_payloadBytes = 0;
        for (std::size_t i = 0; i < lengthBytes; ++i) m_payloadBytes = m_payloadBytes << 8 | bytes[2 + i];
        if (m_payloadBytes < (lengthBytes == 2 ? 126u : 0x10000u) || m_payloadBytes >> 63)
            return failWith(1002, "frame length is not in its shortest form");
    }
    if (masked)
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(2 + lengthBytes), 4, m_maskKey.begin());
    m_head.size = 0;
    m_inPayload = true;
    m_payloadRead = 0;

    if (bytes[0] & kReservedBits) return failWith(1002, "reserved bits are set");
    if (masked != m_expectMasked)
        return failWith(1002, masked ? "frame from a server is masked" : "frame is not masked");
    if (isControl()) {
        if (m_opcode > 10) return failWith(1002, "unknown control opcode");
        if (!m_fin) return failWith(1002, "control frame is fragmented");
        if (m_payloadBytes > kControlPayloadMax) return failWith(1002, "control frame is too long");
        m_control.clear();
        return Step::NeedMore;
    }
    if (m_opcode > 2) return failWith(1002, "unknown opcode");
    if ((m_opcode == 0) != m_inMessage)
        return failWith(1002, m_inMessage ? "expected a continuation frame" : "nothing to continue");
    if (m_opcode != 0) {
        m_binary = m_opcode == 2;
        m_inMessage = true;
        m_message.clear();
        m_utf8 = {};
    }
    if (m_payloadBytes > m_messageBytesMax - m_message.size())
        return failWith(1009, "message is over " + std::to_string(m_messageBytesMax) + " bytes");
    return Step::NeedMore;
}

FrameDecoder::Step FrameDecoder::readPayload(std::string_view& bytes)
{
    const auto take = static_cast<std::size_t>(
        std::min<std::uint64_t>(m_payloadBytes - m_payloadRead, bytes.size()));
    std::string& into = isControl() ? m_control : m_message;
    const std::size_t before = into.size();
    into.append(bytes.substr(0, take));
    bytes.remove_prefix(take);
    if (m_expectMasked)
        applyMask(into, before, m_maskKey, static_cast<std::size_t>(m_payloadRead & 3));
    m_payloadRead += take;
    if (!isControl() && !m_binary && !m_utf8.accept(std::string_view(into).substr(before)))
        return failWith(1007, "text is not UTF-8");
    if (m_payloadRead < m_payloadBytes) return Step::NeedMore;
    m_inPayload = false;
    return finishFrame();
}

FrameDecoder::Step FrameDecoder::finishFrame()
{
    switch (m_opcode) {
    case 8: return finishClose();
    case 9: return Step::Ping;
    case 10: return Step::Pong;
    default: break;
    }
    if (!m_fin) return Step::NeedMore;
    m_inMessage = false;
    if (!m_binary && !m_utf8.isComplete()) return failWith(1007, "text ends inside a character");
    return Step::Message;
}

FrameDecoder::Step FrameDecoder::finishClose()
{
    if (m_control.empty()) {
        m_closeReason = {1005, {}};
        return Step::Close;
    }
    if (m_control.size() < 2) return failWith(1002, "close frame of one byte");
    const int code = static_cast<unsigned char>(m_control[0]) << 8 | static_cast<unsigned char>(m_control[1]);
    if (!isCloseCodeAllowed(code)) return failWith(1002, "close code " + std::to_string(code));
    std::string text = m_control.substr(2);
    if (!isValidUtf8(text)) return failWith(1007, "close reason is not UTF-8");
    m_closeReason = {code, std::move(text)};
    return Step::Close;
}

WebSocketMessage FrameDecoder::takeMessage()
{
    WebSocketMessage message{m_binary, std::move(m_message)};
    m_message = {};
    return message;
}

} // namespace qd::wire
