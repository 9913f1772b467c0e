// Any bytes: the parser never crashes, and what it takes it writes in a form that it takes again.
// uses: services/json
#include <cstdlib>
#include <string>

#include "services/json/json.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    if (!qd::json::Document::parse(qd::json::quote(text))) std::abort();
    const auto document = qd::json::Document::parse(text);
    if (!document) return 0;
    const std::string first = document->root().dump();
    const auto again = qd::json::Document::parse(first);
    if (!again || again->root().dump() != first) std::abort();
    for (const auto& [key, value] : document->root().members()) {
        static_cast<void>(value.decimal());
        static_cast<void>(value.timestamp());
        static_cast<void>(value.integer());
        static_cast<void>((*document)[key]["x"].at(3).path());
    }
    return 0;
}
