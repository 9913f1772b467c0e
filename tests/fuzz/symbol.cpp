// Any text: a symbol is refused or is plain, short and stable.
// uses: models/base models/market
#include <cstdlib>
#include <string_view>

#include "models/market/instrument.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size)
{
    const auto symbol = qd::Symbol::parse({reinterpret_cast<const char*>(bytes), size});
    if (!symbol) return 0;
    const std::string& text = symbol->text();
    if (text.empty() || text.size() > qd::Symbol::kMaxLength) std::abort();
    for (const char c : text) {
        const bool plain = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                           c == '-' || c == '/';
        if (!plain) std::abort();
    }
    if (qd::Symbol::parse(text).value() != *symbol) std::abort();
    (void)qd::assetClassOf(*symbol);
    return 0;
}
