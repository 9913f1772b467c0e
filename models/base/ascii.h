#pragma once

namespace qd {

/// A letter of ASCII in lower case, whatever the locale: names of protocols and domains compare so.
constexpr char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

} // namespace qd
