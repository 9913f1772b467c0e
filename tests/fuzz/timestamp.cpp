// Any text: reading an instant or a day never misbehaves, and what was read prints and reads back.
// uses: models/base models/market
#include <cstdlib>
#include <string_view>

#include "models/market/calendar.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    if (const auto instant = qd::Timestamp::parse(text)) {
        if (qd::Timestamp::parse(instant->toString(9)).value() != *instant) std::abort();
        const auto wall = qd::toNewYork(*instant);
        if (wall.sinceMidnight < qd::Duration{} || wall.sinceMidnight >= std::chrono::hours(24))
            std::abort();
    }
    if (const auto date = qd::parseDate(text))
        if (qd::toString(*date) != text) std::abort();
    return 0;
}
