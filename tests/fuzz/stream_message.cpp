// Any text from a client of the stream, before and after it has said hello: it is answered in JSON
// or closed with a code, and the stream goes on for others.
// uses: services/gateway tests/support
// links: GTest::gtest
#include <cstdint>

#include "tests/services/gateway/desk.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    using namespace qd;
    static gateway::test::Desk desk;
    if (size == 0) return 0;
    auto client = bytes[0] % 2 == 0 ? desk.open() : desk.greet();
    client.say({reinterpret_cast<const char*>(bytes) + 1, size - 1});
    desk.run(std::chrono::milliseconds(20)); // quotes leave every 10 ms
    for (const auto& text : client.socket->sent) QD_ASSERT(json::Document::parse(*text));
    QD_ASSERT(!client.socket->closed || client.socket->closed->code >= 1000);
    client.end();
    QD_ASSERT(desk.hub->stats().sessions == 0);
    return 0;
}
