// Target and URL parsing: no crash, and what is encoded reads back.
// uses: models/base services/runtime services/wire
#include <cstdint>

#include "services/wire/http.h"
#include "services/wire/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    const std::string text(bytes, bytes + size);
    if (const auto target = qd::wire::Target::parse(text)) {
        std::string rebuilt;
        for (const std::string& segment : target->segments)
            rebuilt += "/" + qd::wire::percentEncode(segment);
        const auto again = qd::wire::Target::parse(rebuilt.empty() ? "/" : rebuilt);
        QD_ASSERT(again && again->segments == target->segments);
    }
    if (const auto url = qd::wire::Url::parse(text)) {
        const auto again = qd::wire::Url::parse(url->scheme + "://" + url->authority() + url->target);
        QD_ASSERT(again && again->host == url->host && again->port == url->port &&
                  again->target == url->target);
    }
    return 0;
}
