#include <array>
#include <charconv>
#include <cmath>

#include "services/json/json.h"

namespace qd::json {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd"; // U+FFFD

// Bytes that can be copied as they are: printable ASCII but the quote and the backslash.
constexpr std::array<bool, 256> kPlain = [] {
    std::array<bool, 256> plain{};
    for (unsigned c = 0x20; c < 0x80; ++c) plain[c] = c != '"' && c != '\\';
    return plain;
}();

unsigned char byteAt(std::string_view text, std::size_t at)
{
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}

bool isBetween(unsigned char byte, unsigned low, unsigned high)
{
    return byte >= low && byte <= high;
}

// The length of the well-formed UTF-8 sequence of two or more bytes at `at`; 0 if there is none
// (Unicode 15, table 3-7).
std::size_t sequenceLength(std::string_view text, std::size_t at)
{
    const auto first = byteAt(text, at);
    const auto second = byteAt(text, at + 1);
    if (isBetween(first, 0xC2, 0xDF)) return isBetween(second, 0x80, 0xBF) ? 2 : 0;
    const bool thirdIsGood = isBetween(byteAt(text, at + 2), 0x80, 0xBF);
    if (isBetween(first, 0xE0, 0xEF)) {
        const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
        const unsigned high = first == 0xED ? 0x9F : 0xBF;
        return isBetween(second, low, high) && thirdIsGood ? 3 : 0;
    }
    if (isBetween(first, 0xF0, 0xF4)) {
        const unsigned low = first == 0xF0 ? 0x90 : 0x80;
        const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
        return isBetween(second, low, high) && thirdIsGood &&
                       isBetween(byteAt(text, at + 3), 0x80, 0xBF)
                   ? 4
                   : 0;
    }
    return 0;
}

void appendEscaped(std::string& out, unsigned char c)
{
    static constexpr char kHex[] = "0123456789abcdef";
    switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
    }
    out += "\\u00";
    out += kHex[c >> 4];
    out += kHex[c & 15];
}

template <typename Number>
void appendNumber(std::string& out, Number number)
{
    char buffer[32];
    const auto result = std::to_chars(buffer, buffer + sizeof(buffer), number);
    out.append(buffer, result.ptr);
}

} // namespace

void appendQuoted(std::string& out, std::string_view text)
{
    out += '"';
    std::size_t at = 0;
    while (at < text.size()) {
        std::size_t end = at;
        while (end < text.size() && kPlain[static_cast<unsigned char>(text[end])]) ++end;
        out.append(text, at, end - at);
        at = end;
        if (at == text.size()) break;
        const auto c = static_cast<unsigned char>(text[at]);
        if (c < 0x80) {
            appendEscaped(out, c);
            ++at;
        } else if (const std::size_t length = sequenceLength(text, at); length > 0) {
            out.append(text, at, length);
            at += length;
        } else {
            out += kReplacement;
            ++at;
        }
    }
    out += '"';
}

std::string quote(std::string_view text)
{
    std::string out;
    out.reserve(text.size() + 2);
    appendQuoted(out, text);
    return out;
}

// Before each value: the comma, and the check that this is a place for one.
void Writer::separate()
{
    const bool inObject = m_depth > 0 && ((m_objects >> (m_depth - 1)) & 1) != 0;
    QD_ASSERT(inObject == m_hasKey);
    if (m_needComma && !m_hasKey) {
        QD_ASSERT(m_depth > 0);
        m_text += ',';
    }
    m_needComma = true;
    m_hasKey = false;
}

void Writer::open(char bracket, bool isObject)
{
    separate();
    QD_ASSERT(m_depth < kDepthMax);
    const std::uint64_t bit = std::uint64_t(1) << m_depth++;
    m_objects = isObject ? m_objects | bit : m_objects & ~bit;
    m_needComma = false;
    m_text += bracket;
}

void Writer::close(char bracket, bool isObject)
{
    QD_ASSERT(m_depth > 0 && !m_hasKey);
    QD_ASSERT((((m_objects >> (m_depth - 1)) & 1) != 0) == isObject);
    --m_depth;
    m_needComma = true;
    m_text += bracket;
}

Writer& Writer::beginObject()
{
    open('{', true);
    return *this;
}

Writer& Writer::endObject()
{
    close('}', true);
    return *this;
}

Writer& Writer::beginArray()
{
    open('[', false);
    return *this;
}

Writer& Writer::endArray()
{
    close(']', false);
    return *this;
}

Writer& Writer::key(std::string_view name)
{
    QD_ASSERT(m_depth > 0 && ((m_objects >> (m_depth - 1)) & 1) != 0 && !m_hasKey);
    if (m_needComma) m_text += ',';
    appendQuoted(m_text, name);
    m_text += ':';
    m_hasKey = true;
    return *this;
}

Writer& Writer::value(std::string_view text)
{
    separate();
    appendQuoted(m_text, text);
    return *this;
}

Writer& Writer::value(bool flag)
{
    return raw(flag ? "true" : "false");
}

Writer& Writer::value(std::int64_t number)
{
    separate();
    appendNumber(m_text, number);
    return *this;
}

Writer& Writer::value(std::uint64_t number)
{
    separate();
    appendNumber(m_text, number);
    return *this;
}

Writer& Writer::value(double number)
{
    if (!std::isfinite(number)) return null();
    separate();
    appendNumber(m_text, number);
    return *this;
}

Writer& Writer::value(Decimal decimal)
{
    separate();
    char buffer[Decimal::kMaxChars];
    m_text += '"';
    m_text.append(buffer, decimal.write(buffer));
    m_text += '"';
    return *this;
}

Writer& Writer::value(const Money& money)
{
    separate();
    m_text += '"';
    m_text += money.toString();
    m_text += '"';
    return *this;
}

Writer& Writer::value(Timestamp timestamp)
{
    if (!timestamp.isSet()) return null();
    separate();
    m_text += '"';
    m_text += timestamp.toString(6);
    m_text += '"';
    return *this;
}

Writer& Writer::value(const Value& copied)
{
    return copied.isMissing() ? null() : raw(copied.dump());
}

Writer& Writer::number(Decimal decimal)
{
    separate();
    char buffer[Decimal::kMaxChars];
    m_text.append(buffer, decimal.write(buffer));
    return *this;
}

Writer& Writer::null()
{
    return raw("null");
}

Writer& Writer::raw(std::string_view json)
{
    separate();
    m_text += json;
    return *this;
}

std::string Writer::take()
{
    QD_ASSERT(m_depth == 0);
    std::string text = std::move(m_text);
    clear();
    return text;
}

void Writer::clear()
{
    m_text.clear();
    m_objects = 0;
    m_depth = 0;
    m_needComma = false;
    m_hasKey = false;
}

} // namespace qd::json
