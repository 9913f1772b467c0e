#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "services/json/json.h"

namespace qd::json {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd"; // U+FFFD

// Bytes that can be copied as they are: printable ASCII but the quote and the backslash.
constexpr std::array<bool, 256> kCopied = [] {
    std::array<bool, 256> plain{};
    for (unsigned c = 0x20; c < 0x80; ++c) plain[c] = c != '"' && c != '\\';
    return plain;
}();

/// Texts up to this length are quoted on the stack.
constexpr std::size_t kShortMax = 62;

// A word with the highest bit of every byte set that is not plain; of the bytes above such a one it
// may set some too many.
std::uint64_t notPlain(std::uint64_t word)
{
    constexpr std::uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;
    const std::uint64_t quote = word ^ (kOnes * '"'), backslash = word ^ (kOnes * '\\');
    const std::uint64_t control = (word - kOnes * 0x20) & ~word;
    return (((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash) | control | word) & kHighs;
}

// How many bytes from the start can be copied as they are.
std::size_t plainLength(std::string_view text)
{
    std::size_t at = 0;
    for (std::uint64_t word = 0; at + sizeof word <= text.size(); at += sizeof word) {
        std::memcpy(&word, text.data() + at, sizeof word);
        if (notPlain(word) != 0) break;
    }
    while (at < text.size() && kCopied[static_cast<unsigned char>(text[at])]) ++at;
    return at;
}

// Copies `text`; false, and `out` is of no use, if any of it is not plain. Whole words, of which the
// last overlaps the one before it, instead of bytes.
bool copyPlain(char* out, std::string_view text)
{
    const char* const from = text.data();
    const std::size_t size = text.size();
    std::uint64_t bad = 0;
    const auto copyWord = [&](std::size_t at) {
        std::uint64_t word = 0;
        std::memcpy(&word, from + at, sizeof word);
        bad |= notPlain(word);
        std::memcpy(out + at, &word, sizeof word);
    };
    constexpr std::size_t kWord = sizeof(std::uint64_t), kHalf = kWord / 2;
    if (size >= kWord) {
        for (std::size_t at = 0; at + kWord < size; at += kWord) copyWord(at);
        copyWord(size - kWord);
        return bad == 0;
    }
    if (size >= kHalf) {
        std::uint32_t first = 0, last = 0;
        std::memcpy(&first, from, kHalf);
        std::memcpy(&last, from + size - kHalf, kHalf);
        std::memcpy(out, &first, kHalf);
        std::memcpy(out + size - kHalf, &last, kHalf);
        return notPlain(std::uint64_t{first} << 32 | last) == 0;
    }
    for (std::size_t at = 0; at < size; ++at) {
        if (!kCopied[static_cast<unsigned char>(from[at])]) return false;
        out[at] = from[at];
    }
    return true;
}

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
    if (text.size() <= kShortMax) { // nearly always: one append instead of three
        char buffer[kShortMax + 2];
        buffer[0] = '"';
        if (copyPlain(buffer + 1, text)) {
            buffer[text.size() + 1] = '"';
            out.append(buffer, text.size() + 2);
            return;
        }
    }
    std::size_t at = plainLength(text);
    out += '"';
    out.append(text, 0, at);
    while (at < text.size()) {
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
        const std::size_t plain = plainLength(text.substr(at));
        out.append(text, at, plain);
        at += plain;
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
    char buffer[kShortMax + 4];
    const std::size_t start = m_needComma ? 2 : 1;
    buffer[0] = ',';
    buffer[start - 1] = '"';
    if (name.size() <= kShortMax && copyPlain(buffer + start, name)) {
        char* const end = buffer + start + name.size();
        end[0] = '"';
        end[1] = ':';
        m_text.append(buffer, end + 2);
    } else {
        if (m_needComma) m_text += ',';
        appendQuoted(m_text, name);
        m_text += ':';
    }
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
    char buffer[Decimal::kMaxChars + 2];
    buffer[0] = '"';
    char* end = decimal.write(buffer + 1);
    *end++ = '"';
    m_text.append(buffer, end);
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
