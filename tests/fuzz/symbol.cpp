// Any text: a symbol is refused or is plain, short and stable; an option's says one contract.
// uses: models/base models/market
#include <cstdlib>
#include <string_view>

#include "models/market/option_contract.h"

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
    const auto contract = qd::optionContractOf(*symbol);
    if (contract.has_value() != (qd::assetClassOf(*symbol) == qd::AssetClass::Option)) std::abort();
    if (contract && qd::symbolOf(*contract).value() != *symbol) std::abort();
    if (contract && qd::toString(*contract).empty()) std::abort();
    return 0;
}
