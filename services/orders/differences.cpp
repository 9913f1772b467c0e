#include "services/orders/differences.h"

#include <fmt/format.h>

#include "services/storage/hashing.h"

namespace qd::orders {

std::string differenceId(const Difference& difference)
{
    constexpr std::size_t kDigits = 16;
    // No member's text can contain the separator.
    const std::string text = fmt::format("{}\n{}\n{}\n{}", difference.kind, difference.key,
                                         difference.delta, difference.since.nanos());
    return storage::toHex(storage::sha256(text)).substr(0, kDigits);
}

std::string codeOf(const Difference& difference) { return "difference." + difference.kind; }

bool blocksEntries(const Difference& difference) { return difference.kind != kCashDiffers; }

std::string_view whatToDo(const Difference& difference)
{
    if (difference.kind == kPositionDiffers) {
        return "Compare with the broker's own statement: a transfer, a split, an exercise or another "
               "program may have moved it. If the broker is right, accept its position; if we are, "
               "tell the broker. Closing orders are taken meanwhile.";
    }
    if (difference.kind == kOrderDiffers) {
        return "The broker, asked by name, no longer knows this order. Look at the broker's own "
               "order list. If it is not there, accept that it has ended.";
    }
    return "Look for a deposit, a withdrawal, a dividend, interest or a fee in the broker's "
           "statement. If it explains the difference, accept the broker's figure. Orders are taken "
           "meanwhile.";
}

} // namespace qd::orders
