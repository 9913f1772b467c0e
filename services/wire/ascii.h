#pragma once

namespace qd::wire {

/// Names of the protocols compare without regard to case, and only in ASCII, whatever the locale.
constexpr char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

} // namespace qd::wire
