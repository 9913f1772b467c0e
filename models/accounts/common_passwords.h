#pragma once

#include <optional>
#include <string_view>

namespace qd {

/// How many passwords are known as the commonest.
inline constexpr int kCommonPasswords = 10'000;

/// One of the commonest passwords, found in another: the one that is all of it before one that begins it.
struct CommonPassword {
    int rank = 0;         ///< 1: the commonest of all
    bool isWhole = false; ///< nothing stands behind it
};

/// Is `password` one of the commonest, in whatever case, with letters swapped as everybody swaps them
/// ("p@ssw0rd"), or with digits and signs behind it ("Password2024!")? Behind one that ends in a digit
/// itself, only up to 8 of them count: a long number is no dress. Pure; any thread; keeps and copies
/// nothing of what was typed.
std::optional<CommonPassword> findCommonPassword(std::string_view password);

/// Swapped letters back, in lower case; '1' and '!' stand for two of them: for `one`.
char unswapped(char c, char one);

} // namespace qd
