// Any body at the API's order endpoints, as a trader: it is answered in JSON, and never with "our
// fault".
// uses: services/gateway tests/support
// links: GTest::gtest
#include <cstdint>

#include "tests/services/gateway/desk.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    using namespace qd;
    struct Door {
        const char *method, *target;
    };
    static constexpr Door kDoors[] = {
        {"POST", "/v1/orders/preview"},
        {"POST", "/v1/orders"},
        {"PATCH", "/v1/orders/61e69015-8549-4bfd-b9c3-01e75843f47d"},
        {"POST", "/v1/trading/differences/x/accept"},
    };
    static gateway::test::Desk desk;
    if (size == 0) return 0;
    const Door& door = kDoors[bytes[0] % std::size(kDoors)];
    desk.run(std::chrono::seconds(2)); // or the rate limit would answer
    const auto answer = desk.call(door.method, door.target,
                                  {reinterpret_cast<const char*>(bytes) + 1, size - 1});
    QD_ASSERT(answer.status >= 200 && answer.status < 600);
    QD_ASSERT(answer.status != 500 && answer.status != 429);
    QD_ASSERT(json::Document::parse(answer.body));
    return 0;
}
