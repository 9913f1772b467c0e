// The text of master keys: what is taken has one spelling only, and no error quotes it.
// uses: models/base services/runtime services/json services/observability services/storage services/vault
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "services/vault/master_key.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto keys = qd::vault::parseMasterKeys(text);
    if (keys) QD_ASSERT(qd::vault::formatMasterKeys(*keys).revealForUse() == text);
    // "line 2 of the vault's keys: expected …": of fixed words, whatever the text was.
    if (!keys) QD_ASSERT(keys.error().detail.size() < 120);
    return 0;
}
