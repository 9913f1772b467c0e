// The zip reader: any bytes give entries within the limit, or an error.
// uses: models/base models/market models/orders services/runtime services/exchange

#include <cstdint>

#include "services/exchange/compressed.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    using namespace qd::exchange;
    const std::string_view archive(reinterpret_cast<const char*>(bytes), size);
    constexpr std::size_t kLimit = 1 << 20;
    if (const auto entries = readZip(archive, kLimit)) {
        std::size_t total = 0;
        for (const auto& entry : *entries)
            total += entry.bytes.size();
        QD_ASSERT(total <= kLimit);
    }
    static_cast<void>(gunzip(archive, kLimit));
    return 0;
}
