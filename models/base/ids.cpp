#include "models/base/ids.h"

namespace qd {

namespace {
bool isLowerHex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}
} // namespace

bool isUuidV4(std::string_view text)
{
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !isLowerHex(text[i])) return false;
    }
    const char variant = text[19];
    return text[14] == '4' && (variant == '8' || variant == '9' || variant == 'a' || variant == 'b');
}

std::string formatUuidV4(const unsigned char (&random)[16])
{
    static constexpr char kHex[] = "0123456789abcdef";
    std::string text;
    text.reserve(36);
    for (int i = 0; i < 16; ++i) {
        unsigned char byte = random[i];
        if (i == 6) byte = static_cast<unsigned char>((byte & 0x0f) | 0x40);
        if (i == 8) byte = static_cast<unsigned char>((byte & 0x3f) | 0x80);
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += kHex[byte >> 4];
        text += kHex[byte & 15];
    }
    return text;
}

} // namespace qd
