#include "services/json/scanner.h"

#include <array>
#include <cstring>

#include <fmt/format.h>

namespace qd::json {
namespace {

// Bytes of a string that stand for themselves.
constexpr std::array<bool, 256> kPlain = [] {
    std::array<bool, 256> plain{};
    for (unsigned c = 0x20; c < 256; ++c) plain[c] = c != '"' && c != '\\';
    return plain;
}();

bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

// The end of the number that starts at `at`; null if there is none. Ends at any other byte, of which
// there is one after the text.
const char* numberEnd(const char* at)
{
    if (*at == '-') ++at;
    if (!isDigit(*at)) return nullptr;
    if (*at == '0')
        ++at;
    else
        while (isDigit(*at)) ++at;
    if (*at == '.') {
        if (!isDigit(*++at)) return nullptr;
        while (isDigit(*at)) ++at;
    }
    if (*at == 'e' || *at == 'E') {
        ++at;
        if (*at == '+' || *at == '-') ++at;
        if (!isDigit(*at)) return nullptr;
        while (isDigit(*at)) ++at;
    }
    return at;
}

void appendUtf8(char*& out, std::uint32_t point)
{
    const auto put = [&out](std::uint32_t byte) { *out++ = static_cast<char>(byte); };
    if (point < 0x80) {
        put(point);
    } else if (point < 0x800) {
        put(0xC0 | (point >> 6));
        put(0x80 | (point & 0x3F));
    } else if (point < 0x10000) {
        put(0xE0 | (point >> 12));
        put(0x80 | ((point >> 6) & 0x3F));
        put(0x80 | (point & 0x3F));
    } else {
        put(0xF0 | (point >> 18));
        put(0x80 | ((point >> 12) & 0x3F));
        put(0x80 | ((point >> 6) & 0x3F));
        put(0x80 | (point & 0x3F));
    }
}

char simpleEscape(char c)
{
    switch (c) {
    case '"':
    case '\\':
    case '/': return c;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return '\0';
    }
}

} // namespace

bool isJsonNumber(std::string_view text)
{
    // A copy, for the byte after the end that `numberEnd` stops at.
    const std::string copy(text);
    return numberEnd(copy.c_str()) == copy.c_str() + copy.size() && !copy.empty();
}

Scanner::Scanner(Tree& tree, std::size_t sizeBytes, const Limits& limits)
    : m_tree(tree), m_limits(limits), m_at(tree.text.get()), m_end(m_at + sizeBytes)
{
}

Result<void> Scanner::scan()
{
    skipSpace();
    if (!addValue({}, 0)) return tl::unexpected(m_error);
    skipSpace();
    if (m_at == m_end) return {};
    refuse("expected the end of the text");
    return tl::unexpected(m_error);
}

bool Scanner::refuse(std::string_view reason)
{
    return refuse("json.syntax", fmt::format("{} at byte {}", reason, m_at - m_tree.text.get()));
}

bool Scanner::refuse(std::string code, std::string detail)
{
    m_error = {ErrorKind::Invalid, std::move(code), std::move(detail), {}};
    return false;
}

void Scanner::skipSpace()
{
    while (*m_at == ' ' || *m_at == '\n' || *m_at == '\r' || *m_at == '\t') ++m_at;
}

bool Scanner::addValue(std::string_view key, int depth)
{
    auto& nodes = m_tree.nodes;
    if (nodes.size() >= m_limits.valuesMax)
        return refuse("json.too_large", fmt::format("more than {} values", m_limits.valuesMax));
    const auto self = static_cast<std::uint32_t>(nodes.size());
    nodes.emplace_back().key = key;
    bool isGood = false;
    switch (*m_at) {
    case '{': isGood = addObject(self, depth + 1); break;
    case '[': isGood = addArray(self, depth + 1); break;
    case '"':
        nodes[self].kind = Value::Kind::String;
        isGood = takeString(nodes[self].text);
        break;
    case 't':
    case 'f':
    case 'n': isGood = addLiteral(nodes[self]); break;
    default: isGood = addNumber(nodes[self]); break;
    }
    nodes[self].end = static_cast<std::uint32_t>(nodes.size());
    return isGood;
}

bool Scanner::addArray(std::uint32_t self, int depth)
{
    if (depth > m_limits.depthMax)
        return refuse("json.too_deep", fmt::format("more than {} levels", m_limits.depthMax));
    m_tree.nodes[self].kind = Value::Kind::Array;
    ++m_at;
    skipSpace();
    if (*m_at == ']') {
        ++m_at;
        return true;
    }
    for (std::uint32_t count = 1;; ++count) {
        skipSpace();
        if (!addValue({}, depth)) return false;
        skipSpace();
        if (*m_at == ']') {
            m_tree.nodes[self].count = count;
            ++m_at;
            return true;
        }
        if (*m_at != ',') return refuse("expected , or ]");
        ++m_at;
    }
}

bool Scanner::addObject(std::uint32_t self, int depth)
{
    if (depth > m_limits.depthMax)
        return refuse("json.too_deep", fmt::format("more than {} levels", m_limits.depthMax));
    m_tree.nodes[self].kind = Value::Kind::Object;
    ++m_at;
    skipSpace();
    if (*m_at == '}') {
        ++m_at;
        return true;
    }
    for (std::uint32_t count = 1;; ++count) {
        skipSpace();
        if (*m_at != '"') return refuse("expected a name in quotes");
        std::string_view key;
        if (!takeString(key)) return false;
        skipSpace();
        if (*m_at != ':') return refuse("expected :");
        ++m_at;
        skipSpace();
        if (!addValue(key, depth)) return false;
        skipSpace();
        if (*m_at == '}') {
            m_tree.nodes[self].count = count;
            ++m_at;
            return true;
        }
        if (*m_at != ',') return refuse("expected , or }");
        ++m_at;
    }
}

bool Scanner::addNumber(Node& node)
{
    const char* end = numberEnd(m_at);
    if (end == nullptr) return refuse("expected a value");
    node.kind = Value::Kind::Number;
    node.text = {m_at, static_cast<std::size_t>(end - m_at)};
    m_at += node.text.size();
    return true;
}

bool Scanner::addLiteral(Node& node)
{
    const auto take = [this](std::string_view word) {
        // The zero byte after the text makes strncmp stop there.
        if (std::strncmp(m_at, word.data(), word.size()) != 0) return false;
        m_at += word.size();
        return true;
    };
    if (take("null")) {
        node.kind = Value::Kind::Null;
        return true;
    }
    node.kind = Value::Kind::Boolean;
    node.flag = *m_at == 't';
    return take("true") || take("false") || refuse("expected a value");
}

// Unescapes in place: what is written is never longer than what was read.
bool Scanner::takeString(std::string_view& text)
{
    const char* first = ++m_at;
    while (kPlain[static_cast<unsigned char>(*m_at)]) ++m_at;
    char* out = m_at;
    while (*m_at != '"') {
        if (*m_at == '\\') {
            if (!unescape(out)) return false;
        } else if (kPlain[static_cast<unsigned char>(*m_at)]) {
            *out++ = *m_at++;
        } else {
            return refuse(m_at == m_end ? "a string without an end"
                                        : "a control character in a string");
        }
    }
    text = {first, static_cast<std::size_t>(out - first)};
    ++m_at;
    return true;
}

bool Scanner::unescape(char*& out)
{
    const char letter = *++m_at;
    if (letter == 'u') {
        ++m_at;
        return takeUnicodeEscape(out);
    }
    const char meant = simpleEscape(letter);
    if (meant == '\0') return refuse("an unknown escape");
    *out++ = meant;
    ++m_at;
    return true;
}

bool Scanner::takeHex4(std::uint32_t& value)
{
    value = 0;
    for (int i = 0; i < 4; ++i, ++m_at) {
        const char c = *m_at;
        std::uint32_t digit = 0;
        if (isDigit(c))
            digit = static_cast<std::uint32_t>(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = static_cast<std::uint32_t>(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            digit = static_cast<std::uint32_t>(c - 'A' + 10);
        else
            return refuse("expected four hexadecimal digits");
        value = value * 16 + digit;
    }
    return true;
}

bool Scanner::takeUnicodeEscape(char*& out)
{
    std::uint32_t point = 0;
    if (!takeHex4(point)) return false;
    if (point >= 0xDC00 && point <= 0xDFFF) return refuse("an unpaired surrogate");
    if (point >= 0xD800 && point <= 0xDBFF) {
        std::uint32_t low = 0;
        if (m_at[0] != '\\' || m_at[1] != 'u') return refuse("an unpaired surrogate");
        m_at += 2;
        if (!takeHex4(low)) return false;
        if (low < 0xDC00 || low > 0xDFFF) return refuse("an unpaired surrogate");
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    appendUtf8(out, point);
    return true;
}

} // namespace qd::json
