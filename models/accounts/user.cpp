#include "models/accounts/user.h"

#include <algorithm>

namespace qd {
namespace {

/// Length of the UTF-8 sequence at `at`; 0 if it is none (RFC 3629: no overlong forms, surrogates).
std::size_t sequenceLength(std::string_view text, std::size_t at)
{
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
    const unsigned first = byte(at), second = byte(at + 1);
    if (first < 0x80U) return 1;
    if (first >= 0xC2U && first <= 0xDFU) return follows(at + 1) ? 2 : 0;
    if (first >= 0xE0U && first <= 0xEFU) {
        const bool tooLow = first == 0xE0U && second < 0xA0U;
        const bool surrogate = first == 0xEDU && second > 0x9FU;
        return follows(at + 1) && follows(at + 2) && !tooLow && !surrogate ? 3 : 0;
    }
    if (first >= 0xF0U && first <= 0xF4U) {
        const bool outside = (first == 0xF0U && second < 0x90U) || (first == 0xF4U && second > 0x8FU);
        return follows(at + 1) && follows(at + 2) && follows(at + 3) && !outside ? 4 : 0;
    }
    return 0;
}

/// Text without C0 and C1 controls and without marks that turn the reading direction: a name must
/// not be able to look like another one's line (PE-9.5).
bool isPlain(std::string_view text)
{
    for (std::size_t at = 0; at < text.size();) {
        const auto length = sequenceLength(text, at);
        const auto sequence = text.substr(at, length);
        if (length == 0) return false;
        if (length == 1 && (sequence[0] < ' ' || sequence[0] == '\x7f')) return false;
        if (length == 2 && sequence[0] == '\xc2' && static_cast<unsigned char>(sequence[1]) < 0xA0U)
            return false;
        const bool turns = sequence >= "\xe2\x80\xaa" && sequence <= "\xe2\x80\xae";
        const bool isolates = sequence >= "\xe2\x81\xa6" && sequence <= "\xe2\x81\xa9";
        const bool marks = sequence == "\xe2\x80\x8e" || sequence == "\xe2\x80\x8f";
        if (length == 3 && (turns || isolates || marks)) return false;
        at += length;
    }
    return true;
}

} // namespace

Result<DisplayName> DisplayName::parse(std::string_view text, std::string_view field)
{
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    if (text.empty() || text.size() > kCharsMax || !isPlain(text))
        return fail(ErrorKind::Invalid, "accounts.name",
                    "expected 1 to " + std::to_string(kCharsMax) + " bytes of plain text",
                    std::string(field));
    DisplayName name;
    name.m_text = text;
    return name;
}

std::string_view toString(SecondFactor factor)
{
    switch (factor) {
    case SecondFactor::None: return "none";
    case SecondFactor::Totp: return "totp";
    }
    return "unknown";
}

} // namespace qd
