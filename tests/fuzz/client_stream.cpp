// Whatever a backend sends on the stream: read it or refuse it.
// uses: services/client
#include <cstdint>

#include "services/client/conflater.h"
#include "services/client/problem_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    auto frame = qd::client::readFrame(text, 1 << 20);
    if (frame)
        if (auto* market = std::get_if<qd::client::MarketFrame>(&*frame)) {
            qd::client::Conflater conflater(100);
            conflater.add(std::move(*market));
            (void)conflater.take();
        }
    (void)qd::client::readProblem(422, text);
    return 0;
}
