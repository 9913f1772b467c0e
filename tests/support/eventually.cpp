#include "tests/support/eventually.h"

#include <poll.h>

#include "services/runtime/clock.h"

namespace qd::test {

bool eventually(const std::function<bool()>& predicate, std::chrono::milliseconds limit)
{
    constexpr int kPauseMillis = 2;
    const auto& clock = runtime::systemClock();
    const Duration end = clock.steady() + limit;
    while (!predicate()) {
        if (clock.steady() > end) return false;
        poll(nullptr, 0, kPauseMillis);
    }
    return true;
}

} // namespace qd::test
