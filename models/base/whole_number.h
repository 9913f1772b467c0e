// The whole number that a text is.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

namespace qd {

/// What all of `text` spells in decimal digits, with a '-' before them where Number has a sign.
/// Nothing for anything else: an empty text, a '+', a space, a digit too many, a number that does
/// not fit. Leading zeros are read.
template <std::integral Number>
std::optional<Number> wholeNumber(std::string_view text)
{
    Number number{};
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    if (read.ec != std::errc{} || read.ptr != end) return {};
    return number;
}

} // namespace qd
