#include "tests/support/fake_clock.h"

namespace qd::test {

FakeClock::FakeClock(Timestamp start) : m_now(start) {}

void FakeClock::advance(Duration by)
{
    QD_ASSERT(by >= Duration::zero());
    m_now = m_now + by;
    m_steady += by;
}

} // namespace qd::test
