// W3C traceparent headers: what is taken is what was said, and reads back.
// uses: models/base services/runtime services/observability
#include <cstdint>

#include "models/base/result.h"
#include "services/observability/trace.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    using qd::observability::TraceContext;
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const auto context = TraceContext::parse(text);
    if (!context) return 0;
    QD_ASSERT(context->isValid());
    QD_ASSERT(text.substr(3, 32) == context->traceIdHex());
    QD_ASSERT(text.substr(36, 16) == context->spanIdHex());
    QD_ASSERT(TraceContext::parse(context->toTraceParent()) == context);
    return 0;
}
