#include "services/observability/masking.h"

#include <algorithm>
#include <array>

namespace qd::observability {
namespace {

constexpr std::string_view kMask = "***";

constexpr std::array<std::string_view, 16> kSensitiveParts = {
    "password",  "passwd",     "passphrase", "secret", "authorization", "apikey", "accesskey",
    "privatekey", "signingkey", "masterkey",  "cookie", "credential",    "bearer", "mnemonic",
    "codeverifier", "recoverycode"};
constexpr std::array<std::string_view, 4> kSensitiveEnds = {"token", "jwt", "totp", "otp"};

// Values shorter than this are words, not tokens.
constexpr std::size_t kTokenMin = 8;

bool isAlphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool isNameChar(char c)
{
    return isAlphanumeric(c) || c == '_' || c == '-';
}

bool isLocalPartChar(char c)
{
    return isNameChar(c) || c == '.' || c == '+' || c == '%' || c == '\'';
}

bool isDomainChar(char c)
{
    return isAlphanumeric(c) || c == '-' || c == '.';
}

bool isTokenChar(char c)
{
    return isNameChar(c) || c == '.' || c == '~' || c == '+' || c == '/' || c == '=';
}

bool endsValue(char c)
{
    return c == ' ' || c == '&' || c == ',' || c == ';' || c == '"' || c == '\'' || c == '}' ||
           c == ')' || c == '\n' || c == '\r' || c == '\t' || c == '\\';
}

std::string lettersOf(std::string_view name)
{
    std::string letters;
    for (const char c : name)
        if (isAlphanumeric(c))
            letters += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return letters;
}

// Copies text from front to back, leaving out what must not be seen.
class Masker {
public:
    explicit Masker(std::string_view text) : m_text(text) { m_out.reserve(text.size()); }

    std::string run()
    {
        while (m_at < m_text.size()) {
            if (m_text[m_at] == '@' && maskAddress()) continue;
            if (m_text.substr(m_at).starts_with("-----BEGIN ") && maskKeyBlock()) continue;
            if (isNameChar(m_text[m_at]))
                takeWord();
            else
                m_out += m_text[m_at++];
        }
        return std::move(m_out);
    }

private:
    bool maskAddress();
    bool maskKeyBlock();
    void takeWord();
    void maskValueAfterName();
    std::size_t runFrom(std::size_t at, bool (*belongs)(char)) const;

    std::string_view m_text;
    std::size_t m_at = 0;
    std::string m_out;
};

std::size_t Masker::runFrom(std::size_t at, bool (*belongs)(char)) const
{
    while (at < m_text.size() && belongs(m_text[at])) ++at;
    return at;
}

// At an "@": what stands before it is already written and is taken back.
bool Masker::maskAddress()
{
    const std::size_t end = runFrom(m_at + 1, isDomainChar);
    const auto domain = m_text.substr(m_at + 1, end - m_at - 1);
    if (domain.find('.') == std::string_view::npos || m_out.empty() || !isLocalPartChar(m_out.back()))
        return false;
    while (!m_out.empty() && isLocalPartChar(m_out.back())) m_out.pop_back();
    m_out += kMask;
    m_at = end;
    return true;
}

bool Masker::maskKeyBlock()
{
    const auto rest = m_text.substr(m_at);
    if (rest.substr(0, rest.find('\n')).find("PRIVATE KEY") == std::string_view::npos) return false;
    constexpr std::string_view kEnd = "-----END ";
    const auto end = rest.find(kEnd);
    m_out += kMask;
    m_at = end == std::string_view::npos ? m_text.size()
                                         : std::min(m_text.size(), m_at + end + kEnd.size());
    return true;
}

void Masker::takeWord()
{
    const std::size_t end = runFrom(m_at, isNameChar);
    const auto word = m_text.substr(m_at, end - m_at);
    const std::size_t tokenEnd = runFrom(m_at, isTokenChar);
    if (word.starts_with("eyJ") && tokenEnd - m_at >= 3 * kTokenMin) { // a JSON Web Token
        m_out += kMask;
        m_at = tokenEnd;
        return;
    }
    m_out += word;
    m_at = end;
    const auto letters = lettersOf(word);
    if (letters == "bearer" || letters == "basic") {
        const std::size_t first = runFrom(m_at, [](char c) { return c == ' '; });
        const std::size_t last = runFrom(first, isTokenChar);
        if (first == m_at || last - first < kTokenMin) return;
        m_out.append(" ").append(kMask);
        m_at = last;
    } else if (isSensitiveName(word)) {
        maskValueAfterName();
    }
}

// After a sensitive name: `: value`, `=value`, `": "value"`, or nothing of the kind.
void Masker::maskValueAfterName()
{
    const auto isBetween = [](char c) { return c == ' ' || c == '"' || c == '\'' || c == '\\'; };
    std::size_t at = runFrom(m_at, isBetween);
    if (at == m_text.size() || (m_text[at] != ':' && m_text[at] != '=')) return;
    at = runFrom(at + 1, isBetween);
    std::size_t end = at;
    for (;;) {
        while (end < m_text.size() && !endsValue(m_text[end])) ++end;
        // A scheme is not the secret; what follows it is.
        const auto value = lettersOf(m_text.substr(at, end - at));
        if ((value != "bearer" && value != "basic") || end == m_text.size() || m_text[end] != ' ') break;
        at = ++end;
    }
    if (end == at) return;
    m_out.append(m_text, m_at, at - m_at);
    m_out += kMask;
    m_at = end;
}

} // namespace

bool isSensitiveName(std::string_view name)
{
    const auto letters = lettersOf(name);
    return std::any_of(kSensitiveParts.begin(), kSensitiveParts.end(),
                       [&](std::string_view part) { return letters.find(part) != letters.npos; }) ||
           std::any_of(kSensitiveEnds.begin(), kSensitiveEnds.end(),
                       [&](std::string_view end) { return letters.ends_with(end); });
}

std::string masked(std::string_view text)
{
    return Masker(text).run();
}

} // namespace qd::observability
