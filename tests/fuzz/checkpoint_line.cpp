// Checkpoint lines: what is taken has one spelling only.
// uses: models/base services/runtime services/storage
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "services/storage/checkpoint_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view line(reinterpret_cast<const char*>(data), size);
    if (const auto checkpoint = qd::storage::parseLine(line))
        QD_ASSERT(qd::storage::formatLine(*checkpoint) == line);
    return 0;
}
