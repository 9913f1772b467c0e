// Any text: a password hash is refused, or is within bounds and reads back as the same text.
// uses: models/base services/identity
#include <cstdlib>
#include <string_view>

#include "services/identity/password_hash.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size)
{
    using qd::identity::PasswordHash;
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const auto hash = PasswordHash::parse(text);
    if (!hash) return 0;
    const bool cheap = hash->cost.memoryKib <= PasswordHash::kMemoryKibMax &&
                       hash->cost.passes <= PasswordHash::kPassesMax &&
                       hash->cost.lanes <= PasswordHash::kLanesMax;
    if (!cheap || hash->text() != text) std::abort();
    return 0;
}
