#include "models/accounts/common_passwords.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "models/base/ascii.h"
#include "models/base/result.h"

namespace qd {
namespace {

constexpr std::string_view kList =
#include "models/accounts/common_passwords.inc"
    ;

// Letters for what may stand in their place: none, or with '1' for 'i', or for 'l'.
constexpr std::array kSwaps{'\0', 'i', 'l'};

constexpr std::size_t kNumberTailMax = 8;
constexpr std::size_t kNumberMin = 6; ///< digits: many long numbers begin with a short common one

char read(char c, char one)
{
    return one == '\0' ? lower(c) : unswapped(c, one);
}

/// FNV-1a, letter by letter.
constexpr std::uint64_t kHashOfNothing = 0xcbf29ce484222325;
std::uint64_t withLetter(std::uint64_t hash, char c)
{
    return (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
}

struct Known {
    std::uint64_t hash = 0;
    int rank = 0;
};

/// The list as it is read with these swaps, by hash.
std::vector<Known> readList(char one)
{
    std::vector<Known> all;
    std::uint64_t hash = kHashOfNothing;
    const auto end = [&] {
        all.push_back({hash, static_cast<int>(all.size()) + 1});
        hash = kHashOfNothing;
    };
    for (const char c : kList) c == ' ' ? end() : void(hash = withLetter(hash, read(c, one)));
    end();
    QD_ASSERT(all.size() == kCommonPasswords);
    std::ranges::stable_sort(all, {}, &Known::hash); // of two that read alike the commoner is first
    return all;
}

const std::vector<Known>& listRead(std::size_t swap)
{
    static const std::array lists{readList(kSwaps[0]), readList(kSwaps[1]), readList(kSwaps[2])};
    return lists.at(swap);
}

bool isTailLetter(char c)
{
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return !letter && static_cast<unsigned char>(c) < 0x80U;
}

/// Is what stands from `end` on no more than a tail?
bool isDressed(std::string_view password, std::size_t end)
{
    if (end == password.size() || !isTailLetter(password[end - 1])) return true;
    const auto word = password.substr(0, end);
    const bool isNumber = std::ranges::all_of(word, isTailLetter);
    return password.size() - end <= kNumberTailMax && (!isNumber || end >= kNumberMin);
}

} // namespace

char unswapped(char c, char one)
{
    switch (c) {
    case '4':
    case '@': return 'a';
    case '3': return 'e';
    case '0': return 'o';
    case '$':
    case '5': return 's';
    case '7': return 't';
    case '1':
    case '!': return one;
    default: return lower(c);
    }
}

std::optional<CommonPassword> findCommonPassword(std::string_view password)
{
    std::size_t stem = password.size();
    while (stem > 0 && isTailLetter(password[stem - 1])) --stem;
    std::optional<CommonPassword> found;
    for (std::size_t swap = 0; swap < kSwaps.size(); ++swap) {
        const auto& list = listRead(swap);
        std::uint64_t hash = kHashOfNothing;
        for (std::size_t end = 1; end <= password.size(); ++end) {
            hash = withLetter(hash, read(password[end - 1], kSwaps[swap]));
            if (end < stem || !isDressed(password, end)) continue;
            const auto known = std::ranges::lower_bound(list, hash, {}, &Known::hash);
            if (known == list.end() || known->hash != hash) continue;
            const CommonPassword one{known->rank, end == password.size()};
            const bool isNearer = !found || (one.isWhole && !found->isWhole);
            const bool isAsNear = found && one.isWhole == found->isWhole;
            if (isNearer || (isAsNear && one.rank < found->rank)) found = one;
        }
    }
    return found;
}

} // namespace qd
