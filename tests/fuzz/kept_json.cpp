// The rows of a sandbox that is kept: any text is refused or reads back as what was read.
// uses: models/base models/orders services/json services/exchange services/sandbox
#include <cstdint>
#include <string_view>

#include "services/sandbox/kept_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    using namespace qd;
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
    const auto check = [text](auto read) {
        const auto row = read(text);
        if (!row) {
            QD_ASSERT(row.error().code == "sandbox.archive");
            return;
        }
        const std::string written = sandbox::toJson(*row);
        const auto again = read(written);
        QD_ASSERT(again && sandbox::toJson(*again) == written);
    };
    switch (bytes[0] % 3) {
    case 0: check(sandbox::readKeptOrder); break;
    case 1: check(sandbox::readKeptAccount); break;
    default: check(sandbox::readExecution); break;
    }
    return 0;
}
