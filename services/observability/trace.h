#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "services/runtime/random.h"

namespace qd::observability {

/// Who is asking, across programs: W3C Trace Context (level 1). A value; default: no trace.
struct TraceContext {
    std::array<unsigned char, 16> traceId{};
    std::array<unsigned char, 8> spanId{};
    bool isSampled = false;

    /// Neither id is all zeros.
    bool isValid() const;
    std::string traceIdHex() const;
    std::string spanIdHex() const;
    /// "00-<trace id>-<span id>-01"; empty for no trace.
    std::string toTraceParent() const;

    /// A `traceparent` header. Nothing if it is malformed, in upper case, of version ff, or has an id
    /// of zeros: then a new trace begins. A later version is read as far as it is known.
    static std::optional<TraceContext> parse(std::string_view traceParent);
    /// A new trace.
    static TraceContext makeRoot(runtime::Random& random, bool isSampled = true);
    /// A new span in the same trace.
    TraceContext makeChild(runtime::Random& random) const;

    friend bool operator==(const TraceContext&, const TraceContext&) = default;
};

/// Lower-case hexadecimal digits.
std::string toHex(const unsigned char* bytes, std::size_t count);

} // namespace qd::observability
