// Any text: reading a decimal or an amount never misbehaves, and what was read prints and reads back.
// uses: models/base
#include <cstdlib>
#include <string_view>

#include "models/base/money.h"

namespace {

void require(bool condition)
{
    if (!condition) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size)
{
    using qd::Decimal;
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const auto exact = Decimal::parse(text);
    if (exact) {
        require(Decimal::parse(exact->toString()).value() == *exact);
        require(Decimal::parse(exact->toFixed(8)).value() == *exact);
    }
    const auto down = Decimal::parse(text, qd::Rounding::Floor);
    const auto up = Decimal::parse(text, qd::Rounding::Ceiling);
    if (down && up) {
        require(down->units() <= up->units() && up->units() - down->units() <= 1);
        if (exact) require(*down == *exact && *up == *exact);
    }
    if (const auto money = qd::Money::parse(text)) {
        require(qd::Money::parse(money->toString()).value() == *money);
        if (exact) require(money->units() == exact->units());
    }
    return 0;
}
