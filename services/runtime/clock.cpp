#include "services/runtime/clock.h"

#include <ctime>

namespace qd::runtime {
namespace {

std::int64_t readNanos(clockid_t which)
{
    timespec spec{};
    clock_gettime(which, &spec);
    return static_cast<std::int64_t>(spec.tv_sec) * 1'000'000'000 + spec.tv_nsec;
}

class SystemClock final : public Clock {
public:
    Timestamp now() const override { return Timestamp::fromNanos(readNanos(CLOCK_REALTIME)); }
    Duration steady() const override { return Duration(readNanos(CLOCK_MONOTONIC)); }
};

} // namespace

const Clock& systemClock()
{
    static const SystemClock clock;
    return clock;
}

} // namespace qd::runtime
